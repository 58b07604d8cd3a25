"""The SQLite file of a journal: its tables, its durability, how it is opened."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

FORMAT = 1
"""``user_version`` of a journal, noted among its facts, too: raise it with whatever an older
version cannot read, rows included."""

PAGE_BYTES = 4096
_APPLICATION_ID = 0x4E565652  # "NVVR", for `file` and for a person with a hex editor
_BUSY_SECONDS = 1.0

# crc and previous stand before the payload, so that they lie on its first page.
# AUTOINCREMENT keeps the greatest sequence in a table of SQLite's own: a last
# row that vanished is noticed. The triggers state that rows are never changed.
_TABLES = (
    "CREATE TABLE strokes (sequence INTEGER PRIMARY KEY AUTOINCREMENT, "
    "crc INTEGER NOT NULL, previous INTEGER NOT NULL, payload BLOB NOT NULL)",
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TRIGGER never_updated BEFORE UPDATE ON strokes "
    "BEGIN SELECT RAISE(ABORT, 'rows are never changed'); END",
    "CREATE TRIGGER never_deleted BEFORE DELETE ON strokes "
    "BEGIN SELECT RAISE(ABORT, 'rows are never deleted'); END",
)

_NETWORKED = {
    "9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "drvfs", "fuse", "glusterfs", "gpfs",
    "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "smb2", "smb3", "smbfs", "vboxsf",
    "virtiofs",
}  # fmt: skip


def connect_to_write(path: Path, facts: Mapping[str, str]) -> sqlite3.Connection:
    """Open or create the journal at ``path``, durable to the disk at every commit.

    ``facts`` are noted in a new one.

    Raises
    ------
    sqlite3.Error
        If the folder cannot be written, or the disk is full.
    """
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        set_durability(connection, networked=on_network(path))
        if connection.execute("PRAGMA user_version").fetchone()[0] != FORMAT:
            _create(connection, facts)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def set_durability(connection: sqlite3.Connection, *, networked: bool) -> str:
    """Choose how commits reach the disk, and return SQLite's journal mode.

    A write-ahead log needs memory shared by all readers, which network file
    systems do not have: there a rollback journal, truncated at each commit.
    """
    wanted = "TRUNCATE" if networked else "WAL"
    mode: str = connection.execute(f"PRAGMA journal_mode={wanted}").fetchone()[0]
    connection.execute(f"PRAGMA synchronous={'FULL' if mode == 'wal' else 'EXTRA'}")
    connection.execute("PRAGMA fullfsync=ON")  # macOS: through the drive's own cache
    connection.execute("PRAGMA checkpoint_fullfsync=ON")
    return mode


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a journal beside its writer: read-only, and never checkpointing.

    Where no write-ahead log lies beside the file, nobody writes to it in that
    mode, and it is opened as immutable: SQLite then makes no file in the folder.
    """
    query = "mode=ro"
    if _says_wal(path) and not path.with_name(path.name + "-wal").exists():
        query += "&immutable=1"
    uri = f"file:{quote(os.fspath(path.resolve()))}?{query}"
    return sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)


def newer_format(path: Path) -> str | None:
    """Say so where a journal was written by a newer version of this program; else None.

    The format is noted in two places: a flipped bit in one of them is damage, no newer version.
    """
    try:
        with closing(connect_to_read(path)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            noted = connection.execute("SELECT value FROM facts WHERE name = 'format'").fetchone()
            found = min(version, int(noted[0]))
    except (sqlite3.Error, OSError, ValueError, TypeError):
        return None
    if found <= FORMAT:
        return None
    return (
        f"{path.name} was written by a newer napari-vessel (journals of format {found}; this one "
        f"knows up to {FORMAT})"
    )


def on_network(path: Path) -> bool:
    """Tell whether ``path`` lies on a network file system; unknown counts as yes."""
    if sys.platform == "linux":
        return _mount_type(path.resolve(), Path("/proc/self/mounts")) in _NETWORKED
    if sys.platform == "win32":
        import ctypes

        drive = os.path.splitdrive(path.resolve())[0] + "\\"
        remote = 4
        return drive.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(drive) == remote
    return True


def _mount_type(path: Path, mounts: Path) -> str:
    best, kind = -1, "unknown"
    for folder, name in _mounts(mounts.read_text(errors="replace").splitlines()):
        if path.is_relative_to(folder) and len(folder) >= best:
            best, kind = len(folder), name.partition(".")[0]
    return kind


def _mounts(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        _, folder, kind, *_ = line.split(" ")
        yield folder.replace("\\040", " ").replace("\\011", "\t"), kind


def _says_wal(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\x02\x02"


def _create(connection: sqlite3.Connection, facts: Mapping[str, str]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _TABLES:
            connection.execute(statement)
        noted = [*facts.items(), ("format", str(FORMAT))]
        connection.executemany("INSERT INTO facts VALUES (?, ?)", noted)
        connection.execute(f"PRAGMA application_id={_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={FORMAT}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
