"""What the cards of all checkpoints share, and how they are sealed and read. Imports no torch."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from napari_vessel.errors import CheckpointError

__all__ = ["CARD", "Card", "library_versions", "read_sealed", "sealed_text"]

CARD = "card.json"
_LIBRARIES = ("napari-vessel", "torch", "segmentation-models-pytorch", "timm", "safetensors")
_CALLED = {"segmentation": "a segmentation network", "classifier": "a classifier"}
_MOST_BYTES = 1 << 20  # a card has some kilobytes; do not read whatever else is called so


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


class Card(BaseModel, frozen=True, extra="forbid"):
    """What the card of every checkpoint says: where the weights came from, and their seal."""

    of_kind: ClassVar[str]  # as its file's field ``kind`` has it

    format_version: Literal[1] = Field(1, description="Of the card itself.")
    parent: str | None = Field(None, description="The checkpoint that training started from.")
    metrics: dict[str, FiniteFloat] = Field({}, description="Scores at the end of training.")
    provenance: str = Field("", description="Data, method and licence, in words.")
    versions: dict[str, str] = Field(
        default_factory=library_versions, description="Libraries it was made with."
    )
    created: str = Field(default_factory=_now, description="When, in UTC.")
    sha256: str = Field("", description="Of the weights file.")
    card_sha256: str = Field("", description="Of the card's other fields.")


C = TypeVar("C", bound=Card)


def sealed_text(card: Card) -> str:
    """Return the card as JSON with the check sum over its own fields filled in."""
    values = json.loads(card.model_dump_json())
    return json.dumps({**values, "card_sha256": _seal(values)}, indent=2) + "\n"


def _seal(values: dict[str, Any]) -> str:
    """Return the check sum of a card's fields, whatever their order and spacing."""
    rest = {key: value for key, value in values.items() if key != "card_sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def read_sealed(folder: Path, model: type[C]) -> C:
    """Read and check the card of the checkpoint in ``folder``, without its weights.

    Raises
    ------
    CheckpointError
        Where it is missing, damaged or changed, of another kind of network, or a field is not
        as expected.
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
    _refuse_other_kind(path, values, model)
    return _checked(path, values, model)


def _refuse_other_kind(path: Path, values: dict[str, Any], model: type[Card]) -> None:
    """Raise where the card is another kind's; the first cards named none."""
    found, expected = values.get("kind", "segmentation"), model.of_kind
    if found != expected:
        called = _CALLED.get(str(found), f"a network of kind {found!r}")
        raise CheckpointError(
            f"{path.parent} is {called}, not {_CALLED[expected]}: choose another checkpoint."
        )


def _checked(path: Path, values: dict[str, Any], model: type[C]) -> C:
    try:
        card = model.model_validate(values)
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
