"""A button that keeps what was clicked as a file that ``napari-vessel run`` does again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QPushButton

from napari_vessel.widgets._section import button

__all__ = ["run_file_button"]


def run_file_button(what: str, name: str, save: Callable[[Path], None]) -> QPushButton:
    """Make the button "Save as run file…".

    Parameters
    ----------
    what
        What the file does again, for the tooltip.
    name
        The name that is offered.
    save
        Called with the place that was chosen.
    """

    def choose() -> None:
        path, _ = QFileDialog.getSaveFileName(made, "Save as run file", name, "Run files (*.json)")
        if path:
            save(Path(path).with_suffix(".json"))

    tip = f"A file that {what} with napari-vessel run FILE, on this machine or another."
    made = button("Save as run file…", tip, choose)
    return made
