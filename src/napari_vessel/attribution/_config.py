"""How an output is shared out among pixels: the package's configuration. Imports no torch."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, Field, model_validator

__all__ = ["METHODS", "AttributionConfig", "Method"]

Method = Literal[
    "integrated_gradients",
    "occlusion",
    "smoothgrad",
    "gradient",
    "saliency",
    "grad_cam",
    "hires_cam",
]

METHODS: tuple[Method, ...] = get_args(Method)

# Which methods follow a field that not all of them do.
_TAKERS = MappingProxyType(
    {
        "baseline": ("integrated_gradients", "occlusion"),
        "steps": ("integrated_gradients",),
        "samples": ("smoothgrad",),
        "noise": ("smoothgrad",),
        "seed": ("smoothgrad",),
        "patch": ("occlusion",),
        "stride": ("occlusion",),
        "layer": ("grad_cam", "hires_cam"),
    }
)


class AttributionConfig(BaseModel, frozen=True, extra="forbid"):
    """Method of an attribution and what it follows; all images are in [0, 1]."""

    method: Method = Field(
        "integrated_gradients",
        description="How the output is shared out among pixels: integrated_gradients, occlusion, "
        "smoothgrad, gradient, saliency (its size alone), grad_cam or hires_cam.",
    )
    baseline: Literal["median", "blur", "zero"] = Field(
        "median",
        description="What a pixel is compared with: the image's median, the image blurred, or 0. "
        "For integrated_gradients and occlusion.",
    )
    steps: int = Field(
        64, ge=2, le=1024, description="Images between baseline and image: integrated_gradients."
    )
    samples: int = Field(16, ge=1, le=1024, description="Noisy images: smoothgrad.")
    noise: float = Field(
        0.05, gt=0, le=1, description="Standard deviation of the noise, of 1: smoothgrad."
    )
    seed: int = Field(0, ge=0, description="Of the noise: smoothgrad.")
    patch: int = Field(16, ge=1, description="Edge of what is covered, in pixels: occlusion.")
    stride: int = Field(8, ge=1, description="Pixels between two patches: occlusion.")
    layer: str = Field(
        "",
        description="Name of the layer, as PyTorch has it; empty: chosen. For grad_cam, hires_cam.",
    )

    @model_validator(mode="after")
    def _nothing_is_ignored(self) -> Self:
        for name, takers in _TAKERS.items():
            if self.method not in takers and getattr(self, name) != _default(name):
                raise ValueError(
                    f"{name}={getattr(self, name)!r} means nothing for {self.method}: it is for "
                    f"{' and '.join(takers)}"
                )
        return self

    @model_validator(mode="after")
    def _patches_meet(self) -> Self:
        if self.stride > self.patch:
            raise ValueError(
                f"stride={self.stride} leaves pixels between patches of {self.patch}: choose at "
                "most the patch"
            )
        return self

    @classmethod
    def followed_by(cls, method: Method) -> frozenset[str]:
        """Return which fields, beside the method, mean something for a method."""
        return frozenset(name for name, takers in _TAKERS.items() if method in takers)

    def with_method(self, method: Method) -> AttributionConfig:
        """Return the same for another method, without what that does not follow."""
        kept = {
            name: value
            for name, value in self.model_dump(exclude={"method"}).items()
            if name in self.followed_by(method)
        }
        return AttributionConfig(method=method, **kept)


def _default(name: str) -> Any:  # noqa: ANN401  any field's
    return AttributionConfig.model_fields[name].default
