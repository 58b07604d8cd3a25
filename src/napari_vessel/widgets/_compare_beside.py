"""Two networks beside one another: the same slice twice, each with what one network sees in it."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QObject, Qt
from qtpy.QtWidgets import QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_vessel.widgets._compare_layer import COLOURS
from napari_vessel.widgets._compare_picture import ComparePicture
from napari_vessel.widgets._section import Desk, button
from napari_vessel.workflows import Compared, Side

__all__ = ["CompareBeside", "CompareWindow"]

_TIP = (
    "Show the slice that was compared twice, in a window of its own: on the left with a line "
    "around what this network sees in it, on the right with the other's. Zoom and move one, and "
    "the other follows."
)


class CompareBeside(QObject):
    """A button that is there once two networks were compared, and the window that it opens.

    Parameters
    ----------
    desk
        Tells what was compared.
    parent
        The widget that the window belongs to.
    """

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk, self._owner = desk, parent
        self._compared: Compared | None = None
        self.window: CompareWindow | None = None
        self.button = button("Side by side", _TIP, self.open)
        self.button.hide()
        follow, events = desk.follower.follow, desk.session.events
        follow(events.compared, self._show)
        follow(events.opened, self._forget)
        desk.link.closing.append(self._forget)

    def open(self) -> None:
        """Show the window, with what was compared last."""
        if self._compared is None:
            return
        if self.window is None:
            self.window = CompareWindow(self._owner)
        self.window.show_compared(self._compared, self._edges(self._compared))
        self.window.show()
        self.window.raise_()

    def _show(self, compared: Compared) -> None:
        """Offer the window, and where it is open show the new comparison in it."""
        self._compared = compared if compared.sides else None
        self.button.setVisible(self._compared is not None)
        if self.window is not None and self.window.isVisible():
            self.open()

    def _forget(self) -> None:
        self._compared = None
        self.button.hide()
        if self.window is not None:
            self.window.close()

    def _edges(self, compared: Compared) -> tuple[float, float]:
        """Return the edges of a voxel in the slice, as the viewer shows them."""
        image, plane = self._desk.link.image, compared.plane
        if image is None:
            return 1.0, 1.0
        return float(image.scale[plane.rows]), float(image.scale[plane.columns])


class CompareWindow(QDialog):
    """Two pictures of one slice that are zoomed and moved together."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.resize(900, 480)
        self.titles, self.pictures = (QLabel(), QLabel()), (ComparePicture(), ComparePicture())
        layout = QHBoxLayout(self)
        for title, picture in zip(self.titles, self.pictures, strict=True):
            title.setTextFormat(Qt.TextFormat.PlainText)
            title.setWordWrap(True)
            column = QVBoxLayout()
            column.addWidget(title)
            column.addWidget(picture, 1)
            layout.addLayout(column, 1)
        self._following = False
        for one, other in (self.pictures, self.pictures[::-1]):
            one.looked.connect(partial(self._follow, one, other))

    def show_compared(self, compared: Compared, edges: tuple[float, float]) -> None:
        """Show a comparison that has pictures, of voxels of these edges (rows, columns)."""
        if compared.sides is None:
            return
        index = compared.box.start[compared.plane.normal]
        first, second = compared.names
        where = f"{compared.plane.value.upper()} {index}"
        self.setWindowTitle(f"{where}: {first} beside {second}")
        colours = COLOURS["first alone"], COLOURS["second alone"]
        shown = zip(
            self.titles, self.pictures, compared.names, compared.sides, colours, strict=True
        )
        for title, picture, name, side, colour in shown:
            title.setText(_said(name, side))
            title.setStyleSheet(f"color: {colour}; font-weight: bold")
            picture.setAccessibleName(f"{where} as {name} sees it")
            picture.show_picture(side.picture, colour, edges)

    def _follow(self, one: ComparePicture, other: ComparePicture) -> None:
        """Let the other picture show what a person looks at in one."""
        if not self._following:
            self._following = True
            other.look_as(one)
            self._following = False


def _said(name: str, side: Side) -> str:
    """Say which network it is, and how right it is where that is known.

    >>> import numpy as np
    >>> _said("starter", Side(np.zeros((2, 2), np.uint8), 0.8125))
    'starter: Dice 0.812 where you reviewed this slice'
    """
    if side.dice is None:
        return f"{name} (nothing to score: review vessels in this slice)"
    return f"{name}: Dice {side.dice:.3f} where you reviewed this slice"
