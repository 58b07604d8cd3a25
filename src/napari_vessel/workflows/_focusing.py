"""Where a person looks, told to a prediction that is under way.

Who asks names a small file and writes to it wherever they look next; the prediction
looks at the file between two steps. A file, since it works alike in one process and in
two, needs no turn of the compute process, and nothing goes wrong where it is not there.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from napari_vessel.geometry import Plane
from napari_vessel.workflows._requests import Focus

_log = logging.getLogger(__name__)


def write_focus(path: Path, focus: Focus) -> None:
    """Tell whoever watches ``path`` where the person looks now; a reader sees all of it or none.

    Not being able to costs no more than the order of a prediction: the log is told.
    """
    told = {"point": focus.point, "plane": focus.plane.value, "level": focus.level}
    beside = path.with_suffix(".new")
    try:
        beside.write_text(json.dumps(told), "utf-8")
        beside.replace(path)
    except OSError as error:
        _log.warning("Where you look cannot be told to the prediction: %s", error)


class FocusWatch:
    """Tells where the person looks: at first as they asked, then as the file says.

    Parameters
    ----------
    focus
        Where they looked when they asked.
    path
        The file; none: they are not asked again.
    """

    def __init__(self, focus: Focus | None, path: Path | None) -> None:
        self.focus = focus
        self._path = path
        self._seen = self._stamp()

    def moved(self) -> bool:
        """Take in where they look now; tell whether that is another place."""
        stamp = self._stamp()
        if stamp is None or stamp == self._seen:
            return False
        self._seen = stamp
        found = self._read()
        changed = found is not None and found != self.focus
        self.focus = found or self.focus
        return changed

    def _stamp(self) -> tuple[int, int] | None:
        """Name the state of the file: a file that took its place has another number."""
        try:
            found = self._path.stat() if self._path else None
        except OSError:  # not written yet, or no longer
            return None
        return found and (found.st_ino, found.st_mtime_ns)

    def _read(self) -> Focus | None:
        if self._path is None:
            return None
        try:
            told = json.loads(self._path.read_text("utf-8"))
            z, y, x = (float(edge) for edge in told["point"])
            return Focus((z, y, x), Plane(told["plane"]), int(told["level"]))
        except (OSError, ValueError, LookupError, TypeError) as error:
            _log.warning("%s does not say where you look: %s", self._path, error)
            return None
