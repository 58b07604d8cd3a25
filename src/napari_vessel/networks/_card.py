"""The card of a segmentation network: all there is to know about its weights. Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from napari_vessel.errors import CheckpointError
from napari_vessel.geometry import Plane
from napari_vessel.networks._config import NetworkConfig
from napari_vessel.networks._sealed_card import Card, read_sealed

__all__ = ["CheckpointCard", "check_fits", "read_card"]

_Edge = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class CheckpointCard(Card, frozen=True):
    """What the weights are, what they expect, and where they came from."""

    of_kind: ClassVar[str] = "segmentation"

    network: NetworkConfig = Field(NetworkConfig(), description="What the weights belong to.")
    normalisation: Literal["window", "signed", "saturated"] = Field(
        "window",
        description="What intensities become: one robust window a volume, [0, 1]; signed: and "
        "where vessels are bright, the negative root of that, [-1, 0], not inverted; saturated: "
        "and that window ends between bright vessels and the rest.",
    )
    voxel_size_um: tuple[_Edge, _Edge, _Edge] = Field(
        description="Edges of the voxels trained on, zyx, in µm."
    )
    polarity: Literal["dark", "bright"] = Field(
        "dark", description="Whether lumina are darker or brighter than what is around them."
    )
    planes: tuple[Plane, ...] = Field(
        tuple(Plane), min_length=1, description="The planes trained on."
    )
    weights: dict[Plane, _Edge] | None = Field(
        None,
        description="Planes to fuse, and their weights, that scored best; none: by geometry.",
    )
    threshold: float = Field(0.5, gt=0, lt=1, description="Probability from which on is vessel.")
    corrections: dict[str, int] | None = Field(
        None, description="Rows of each journal that were learned from."
    )
    provisional: bool = Field(
        default=False, description="Adopted while there was too little to judge it by."
    )

    @property
    def signed(self) -> bool:
        """Whether bright vessels are shown below zero, dark ones above, and neither inverted."""
        return self.normalisation != "window"


def read_card(folder: Path) -> CheckpointCard:
    """Read and check the card of the segmentation network in ``folder``, without its weights.

    Raises
    ------
    CheckpointError
        Where it is missing, damaged or changed, or a field is not as expected.
    """
    return read_sealed(folder, CheckpointCard)


def check_fits(card: CheckpointCard, *, channels: int) -> None:
    """Refuse a checkpoint for an image it was not made for, naming the field.

    Raises
    ------
    CheckpointError
        With what the card says and what the image has.
    """
    expected = card.network.in_channels
    if expected != channels:
        raise CheckpointError(
            f"The checkpoint does not fit: its card says network.in_channels = {expected}, "
            f"here it is {channels}. Choose another checkpoint or another image."
        )
