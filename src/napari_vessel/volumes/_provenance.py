"""What comes with every export: an RO-Crate that says what it is and how it was made.

https://www.researchobject.org/ro-crate/specification/1.2/. In a folder it is called
``ro-crate-metadata.json``; beside a file, ``FILE-ro-crate-metadata.json`` (a detached crate).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from napari_vessel.errors import ReadError
from napari_vessel.volumes._atomic import write_atomically
from napari_vessel.volumes._mask_source import MaskSource
from napari_vessel.volumes._witness import MaskSum

__all__ = ["crate_path", "read_crate", "what_of", "write_crate"]

_NAME = "ro-crate-metadata.json"
_VERSION = "https://w3id.org/ro/crate/1.2"
_RECIPE = "#recipe"
_LONGEST = 255  # bytes of a file's name


def crate_path(out: Path, *, folder: bool) -> Path:
    """Return where the crate of an export lies."""
    if folder:
        return out / _NAME
    room = _LONGEST - len(_NAME) - 1
    stem = out.name.encode(errors="surrogateescape")[:room].decode(errors="ignore")
    return out.with_name(f"{stem}-{_NAME}")


def what_of(source: MaskSource, form: str) -> str:
    """Say all of which an export depends, as a digest: the mask's recipe, size and format."""
    text = json.dumps([form, source.levels, source.document], sort_keys=True)
    return sha256(text.encode()).hexdigest()


def write_crate(place: Path, source: MaskSource, found: MaskSum, *, form: str, part: str) -> None:
    """Write the crate of an export.

    Parameters
    ----------
    place
        Its file, see :func:`crate_path`.
    source, found
        What was exported, and the sum of what was read of it.
    form
        The format's name.
    part
        The export, as seen from the crate.
    """
    document = {**source.document, "format": form, "mask": found.document}
    text = json.dumps(_crate(document, part), indent=2, ensure_ascii=False)
    write_atomically(place, text.encode() + b"\n")


def read_crate(out: Path) -> dict[str, Any]:
    """Return the document of an export, from the crate in it or beside it.

    Raises
    ------
    ReadError
        If there is none, or it is damaged.
    """
    place = crate_path(out, folder=out.is_dir())
    try:
        graph = json.loads(place.read_bytes())["@graph"]
        told = next(entity for entity in graph if entity.get("@id") == _RECIPE)
        document: dict[str, Any] = json.loads(told["value"])
        MaskSum.of_document(document["mask"])
    except FileNotFoundError as error:
        message = f"{place} is not there: {out} says nothing of how it was made. Export it again."
        raise ReadError(message) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise ReadError(f"{place} is damaged: {error!s:.200}. Export it again.") from error
    return document


def _crate(document: dict[str, Any], part: str) -> dict[str, Any]:
    recipe = document["recipe"]
    program = str(document["software"])
    name = str(document["name"])
    now = datetime.now(UTC).isoformat(timespec="seconds")
    mask = {
        "@id": part, "@type": "Dataset" if part.endswith("/") else "File",
        "name": f"Vessel mask of {name}", "encodingFormat": document["format"],
        "description": "1 (255 in TIFF) where there is a vessel, 0 elsewhere.",
    }  # fmt: skip
    root = {
        "@id": "./", "@type": "Dataset", "name": f"Vessel mask of {name}",
        "description": f"Exported by {program}.", "datePublished": now,
        "hasPart": [{"@id": part}] if part != "./" else [], "mentions": {"@id": "#export"},
    }  # fmt: skip
    made = {
        "@id": "#export", "@type": "CreateAction", "name": f"Export as {document['format']}",
        "endTime": now, "instrument": [{"@id": "#program"}], "object": [{"@id": "#volume"}],
        "result": {"@id": part},
    }  # fmt: skip
    told = {
        "@id": _RECIPE, "@type": "PropertyValue", "name": "napari-vessel recipe",
        "value": json.dumps(document, ensure_ascii=False),
    }  # fmt: skip
    software = {
        "@id": "#program", "@type": "SoftwareApplication", "name": program.rpartition(" ")[0],
        "softwareVersion": program.rpartition(" ")[2],
    }  # fmt: skip
    head = {
        "@id": _NAME, "@type": "CreativeWork", "conformsTo": {"@id": _VERSION},
        "about": {"@id": "./"},
    }  # fmt: skip
    entities = [head, root, made, told, software, _volume(recipe)]
    network = _network(recipe)
    if network:
        made["instrument"].append({"@id": "#network"})  # type: ignore[attr-defined]  # a list
        entities.append(network)
    if part != "./":
        entities.insert(2, mask)
    return {"@context": f"{_VERSION}/context", "@graph": entities}


def _volume(recipe: Mapping[str, Any]) -> dict[str, Any]:
    name = recipe.get("volume") or recipe.get("mask") or "volume"
    return {
        "@id": "#volume", "@type": "Dataset", "name": str(name),
        "identifier": str(recipe.get("fingerprint", "")),
    }  # fmt: skip


def _network(recipe: Mapping[str, Any]) -> dict[str, Any] | None:
    proposal = recipe.get("proposal")
    told = proposal if isinstance(proposal, Mapping) else recipe
    digest = told.get("checkpoint_sha256") or told.get("checkpoint")
    if not digest:
        return None
    return {
        "@id": "#network", "@type": "SoftwareApplication", "name": "Segmentation network",
        "identifier": str(digest),
    }  # fmt: skip
