"""A folder per class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from napari_vessel.datasets._checks import checked_classes, checked_names, natural
from napari_vessel.datasets._config import FoldersData
from napari_vessel.datasets._files import FileSamples, entries, listed_files
from napari_vessel.datasets._pictures import ENDINGS
from napari_vessel.datasets._sample import Sample
from napari_vessel.errors import SamplesError

__all__ = ["open_folders"]


def open_folders(config: FoldersData, size: int, classes: tuple[str, ...] | None) -> FileSamples:
    """List the images of a folder per class; no image is opened.

    Raises
    ------
    SamplesError
        If there is no such folder, no image in it, or a class that was not given.
    ReadError
        If it cannot be listed.
    """
    root = Path(config.path).expanduser()
    if not root.is_dir():
        problem = "is a file" if root.exists() else "does not exist"
        raise SamplesError(f"{root} {problem}; expected a folder that holds a folder per class.")
    found = dict(_found(root, config))
    names = sorted(found, key=natural)
    samples = [Sample(name, found[name][0], _group(name, config.group)) for name in names]
    checked_names(samples, f"{root} ({', '.join(ENDINGS)})")
    known = checked_classes(samples, classes, str(root))
    return FileSamples(samples, [found[name][1] for name in names], known, size, config)


def _found(
    root: Path, config: FoldersData
) -> Iterator[tuple[str, tuple[str | None, tuple[Path, ...]]]]:
    folders = sorted(_folders(root), key=lambda path: natural(path.name))
    for folder, label in [(root, None), *((path, path.name) for path in folders)]:
        for name, files in _samples(folder, config.channels):
            yield (name if label is None else f"{label}/{name}"), (label, files)


def _folders(root: Path) -> list[Path]:
    return [Path(entry.path) for entry in entries(root) if entry.is_dir()]


def _samples(folder: Path, channels: tuple[str, ...]) -> Iterator[tuple[str, tuple[Path, ...]]]:
    images = listed_files(folder)
    if not channels:
        yield from ((path.name, (path,)) for path in images)
        return
    yield from _combined(images, folder, channels)


def _combined(
    images: list[Path], folder: Path, channels: tuple[str, ...]
) -> Iterator[tuple[str, tuple[Path, ...]]]:
    """Put the files of a sample together, by what their names have in common."""
    by_stem = {path.stem: path for path in images}
    if len(by_stem) < len(images):
        message = f"{folder} holds files that differ in their endings only; expected one of each."
        raise SamplesError(message)
    stems = {
        stem.removesuffix(suffix)
        for stem in by_stem
        for suffix in channels
        if suffix and stem.endswith(suffix)
    }
    for stem in stems:
        missing = [suffix for suffix in channels if stem + suffix not in by_stem]
        if missing:
            message = (
                f"Sample {stem!r} in {folder} has no image ending in {', '.join(missing)}; "
                f"expected one for each of {', '.join(channels)}."
            )
            raise SamplesError(message)
        yield stem, tuple(by_stem[stem + suffix] for suffix in channels)


def _group(name: str, pattern: str | None) -> str:
    if pattern is None:
        return name
    match = re.search(pattern, name)
    if match is None:
        message = f"group {pattern!r} is not found in {name!r}; expected it in every sample's name."
        raise SamplesError(message)
    return match[1] if match.re.groups and match[1] is not None else match[0]
