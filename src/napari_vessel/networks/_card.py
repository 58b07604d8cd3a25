"""A checkpoint's card: all there is to know about its weights. Imports no torch."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from napari_vessel.errors import CheckpointError
from napari_vessel.geometry import Plane
from napari_vessel.networks._config import NetworkConfig

__all__ = ["CARD", "CheckpointCard", "check_fits", "library_versions", "read_card", "sealed_text"]

CARD = "card.json"
_LIBRARIES = ("napari-vessel", "torch", "segmentation-models-pytorch", "timm", "safetensors")
_MOST_BYTES = 1 << 20  # a card has some kilobytes; do not read whatever else is called so
_Edge = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that make a network, where installed."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class CheckpointCard(BaseModel, frozen=True, extra="forbid"):
    """What the weights are, what they expect, and where they came from."""

    format_version: Literal[1] = Field(1, description="Of the card itself.")
    network: NetworkConfig = Field(NetworkConfig(), description="What the weights belong to.")
    normalisation: Literal["window", "signed"] = Field(
        "window",
        description="What intensities become: one robust window a volume, [0, 1]; signed: and "
        "where vessels are bright, the negative root of that, [-1, 0], not inverted.",
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
    parent: str | None = Field(None, description="The checkpoint that training started from.")
    corrections: dict[str, int] | None = Field(
        None, description="Rows of each journal that were learned from."
    )
    metrics: dict[str, FiniteFloat] = Field({}, description="Scores at the end of training.")
    provenance: str = Field("", description="Data, method and licence, in words.")
    versions: dict[str, str] = Field(
        default_factory=library_versions, description="Libraries it was made with."
    )
    created: str = Field(default_factory=_now, description="When, in UTC.")
    provisional: bool = Field(
        default=False, description="Adopted while there was too little to judge it by."
    )
    sha256: str = Field("", description="Of the weights file.")
    card_sha256: str = Field("", description="Of the card's other fields.")


def sealed_text(card: CheckpointCard) -> str:
    """Return the card as JSON with the check sum over its own fields filled in."""
    values = json.loads(card.model_dump_json())
    return json.dumps({**values, "card_sha256": _seal(values)}, indent=2) + "\n"


def _seal(values: dict[str, Any]) -> str:
    """Return the check sum of a card's fields, whatever their order and spacing."""
    rest = {key: value for key, value in values.items() if key != "card_sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def read_card(folder: Path) -> CheckpointCard:
    """Read and check the card of the checkpoint in ``folder``, without its weights.

    Raises
    ------
    CheckpointError
        Where it is missing, damaged or changed, or a field is not as expected.
    """
    path = folder / CARD
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        values = json.loads(content.decode())
    except OSError as error:
        raise CheckpointError(
            f"{path}: no checkpoint's card can be read there ({error.strerror}); "
            "expected a folder with model.safetensors and card.json."
        ) from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(_damaged(path, f"it is no JSON ({error})")) from error
    if not isinstance(values, dict):
        raise CheckpointError(_damaged(path, "it holds no fields"))
    return _checked(path, values)


def _checked(path: Path, values: dict[str, Any]) -> CheckpointCard:
    try:
        card = CheckpointCard.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise CheckpointError(_damaged(path, f"field {field!r}: {first['msg']}")) from error
    if card.card_sha256 != _seal(values):
        raise CheckpointError(
            _damaged(path, "field 'card_sha256' does not fit the other fields: one was changed")
        )
    return card


def _damaged(path: Path, what: str) -> str:
    return f"{path} is damaged: {what}. Use another checkpoint, or a copy of this one."


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
