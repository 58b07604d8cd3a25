"""Where a project goes when nobody says: beside its volume, else in the user's data folder."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import platformdirs

SUFFIX = ".vessel"


@dataclass(frozen=True, slots=True)
class CorrectionsPlaces:
    """Where the corrections of a project lie.

    Attributes
    ----------
    journal
        The folder of the journals: the truth.
    cache
        The folder of what is derived from them; delete it and nothing is lost.
    aside
        The folder, of the user's, of journals that could not be written to the project.
    """

    journal: Path
    cache: Path
    aside: Path


def default_project_path(uri: str, *, fingerprint: str) -> Path:
    """Choose the folder of a volume's project, existing or not.

    Parameters
    ----------
    uri
        Path or address of the volume.
    fingerprint
        Its identity, which keeps two volumes of one name apart in the data folder.
    """
    remote = "://" in uri
    source = Path(uri if remote else os.path.abspath(uri))  # noqa: PTH100  drops "." and ".."
    name = _plain_name(uri if remote else str(source))
    if not remote and source.exists():
        beside = source.parent / f"{name}{SUFFIX}"
        if beside.exists() or os.access(source.parent, os.W_OK):
            return beside
    # A digest of the fingerprint, which itself may hold characters no file name may.
    mark = sha256(fingerprint.encode()).hexdigest()[:8]
    return Path(platformdirs.user_data_dir("napari-vessel")) / "projects" / f"{name}-{mark}{SUFFIX}"


def corrections_places(project: Path) -> CorrectionsPlaces:
    """Return where the corrections of the project folder ``project`` lie, existing or not."""
    place = os.path.abspath(project)  # noqa: PTH100  drops "."
    mark = sha256(place.encode(errors="surrogateescape")).hexdigest()[:12]
    aside = Path(platformdirs.user_data_dir("napari-vessel")) / "journals"
    return CorrectionsPlaces(
        journal=project / "journal",
        cache=project / "cache",
        aside=aside / f"{_plain_name(place)}-{mark}",
    )


def _plain_name(uri: str) -> str:
    """Return the volume's name without its endings.

    >>> _plain_name("scans/kidney.ome.zarr/")
    'kidney'
    """
    last = re.split(r"[/\\]", re.sub(r"[?#].*$", "", uri).rstrip("/\\"))[-1]
    stem = re.sub(r"(\.ome)?\.(zarr|tiff?|npy)$", "", last, flags=re.IGNORECASE)
    return re.sub(r"[^\w .()+-]", "_", stem).strip(" .") or "volume"
