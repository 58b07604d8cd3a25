"""A table of file names and labels."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePath

from napari_vessel.datasets._checks import checked_classes, checked_names
from napari_vessel.datasets._config import CsvData
from napari_vessel.datasets._files import FileSamples, listed_files
from napari_vessel.datasets._pictures import ENDINGS
from napari_vessel.datasets._sample import Sample
from napari_vessel.datasets._tables import Table, read_table
from napari_vessel.errors import SamplesError

__all__ = ["open_csv"]

_Row = dict[str, str]


def open_csv(config: CsvData, size: int, classes: tuple[str, ...] | None) -> FileSamples:
    """Read a table and find the files it names; no image is opened.

    Raises
    ------
    SamplesError
        If there is no such table or column, a file it names is missing, a name stands twice, or
        a class was not given.
    """
    table = read_table(Path(config.path).expanduser())
    table.needs(_columns(config))
    folder = Path(config.images).expanduser() if config.images else table.path.parent
    if not folder.is_dir():
        raise SamplesError(f"There is no folder of images at {folder}. Check images.")
    samples = [_sample(row, config, f"{table.path}, line {line}") for line, row in table.rows]
    checked_names(samples, str(table.path))
    files = _files(table, config, _Folder(folder))
    known = checked_classes(samples, classes, str(table.path))
    return FileSamples(samples, files, known, size, config)


def _columns(config: CsvData) -> list[str]:
    optional = (config.label_column, config.group_column)
    return [config.name_column, *(c for c in optional if c), *config.channel_columns]


def _sample(row: _Row, config: CsvData, where: str) -> Sample:
    name = row[config.name_column]
    if not name:
        raise SamplesError(f"{where}: {config.name_column} is empty; expected a file's name.")
    label = row[config.label_column] or None if config.label_column else None
    group = row[config.group_column] if config.group_column else name
    if not group:
        raise SamplesError(f"{where}: {config.group_column} is empty; expected donor or slide.")
    return Sample(name, label, group)


class _Folder:
    """Files of a folder by name, and by name without ending where that was left out.

    Folders are listed once. Letters with accents are one whether they were written as one
    character or as two (as macOS does).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._listed: dict[Path, dict[str, list[str]]] = {}

    def file(self, name: str, where: str) -> Path:
        """Find a file; names may leave the ending out."""
        path = self.folder / name
        found = self._names(path.parent).get(_one(path.name), [])
        if len(found) == 1:
            return path.parent / found[0]
        if found:
            message = f"{where}: {name!r} could be {' or '.join(sorted(found))}; name the ending."
            raise SamplesError(message)
        message = f"{where}: there is no image {name!r} in {self.folder}. Check images."
        raise SamplesError(message)

    def _names(self, folder: Path) -> dict[str, list[str]]:
        if folder not in self._listed:
            names: dict[str, list[str]] = {}
            for path in listed_files(folder) if folder.is_dir() else ():
                names.setdefault(_one(path.name), []).insert(0, path.name)
                names.setdefault(_one(path.stem), []).append(path.name)
            whole = {_one(name): [name] for found in names.values() for name in found}
            self._listed[folder] = names | whole
        return self._listed[folder]


def _one(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _files(table: Table, config: CsvData, folder: _Folder) -> list[tuple[Path, ...]]:
    found = []
    for line, row in table.rows:
        where = f"{table.path}, line {line}"
        names = _names(row, config)
        found.append(tuple(folder.file(name, where) for name in names))
    return found


def _names(row: _Row, config: CsvData) -> list[str]:
    if config.channel_columns:
        return [row[column] for column in config.channel_columns]
    name = row[config.name_column]
    if not config.channels:
        return [name]
    ending = PurePath(name).suffix
    ending = ending if ending.lower() in ENDINGS else ""
    stem = name.removesuffix(ending)
    return [stem + suffix + ending for suffix in config.channels]
