"""What a study is of: kept beside it, so that it never goes on with something else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from napari_vessel.errors import OutputExistsError, ProjectError
from napari_vessel.volumes import write_atomically

__all__ = ["keep_recipe"]

_FORMAT = 1
_SHOWN = 3
_LENGTH = 60


def keep_recipe(path: Path, recipe: Mapping[str, Any]) -> bool:
    """Write what the study is of; return whether it stood there already, and is the same.

    Parameters
    ----------
    path
        ``study.json`` in the study's folder.
    recipe
        Values that JSON knows.

    Raises
    ------
    OutputExistsError
        The study there is of something else: each difference is named.
    ProjectError
        The file is damaged.
    """
    wanted = json.loads(json.dumps({"format": _FORMAT, **recipe}))
    if not path.exists():
        write_atomically(path, json.dumps(wanted, indent=2).encode())
        return False
    if differing := list(_differing(_read(path), wanted)):
        named = "; ".join(differing[:_SHOWN])
        more = f"; and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        raise OutputExistsError(
            f"{path.parent} holds a study of something else: {named}{more}. Its trials cannot be "
            "compared with new ones: ask as before, or choose another folder."
        )
    return True


def _read(path: Path) -> Any:  # noqa: ANN401  JSON
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ProjectError(
            f"{path} is damaged ({error}): restore it from a copy, or choose another folder."
        ) from error


def _differing(found: Any, wanted: Any, name: str = "") -> Iterator[str]:  # noqa: ANN401  JSON
    """Say what differs, as "space.momentum.high was 0.9, and is 0.99 now"."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in [*found, *(key for key in wanted if key not in found)]:
            inner = f"{name}.{key}".lstrip(".")
            yield from _differing(found.get(key), wanted.get(key), inner)
    elif found != wanted:
        yield f"{name or 'it'} was {_short(found)}, and is {_short(wanted)} now"


def _short(value: Any) -> str:  # noqa: ANN401  JSON
    text = "nothing" if value is None else json.dumps(value)
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}…"
