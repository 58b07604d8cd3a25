"""Places as a list with a picture each, and what a click may do to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem

from napari_vessel.annotation import Place

__all__ = ["PlaceList", "said_of"]

_EDGE = 48  # pixels of a picture
_NAME = Qt.ItemDataRole.UserRole


class PlaceList(QListWidget):
    """Lists places in their order; the one that a person is at is marked in words."""

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        self.places: tuple[Place, ...] = ()
        self._pictures: dict[str, QIcon] = {}
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setIconSize(QSize(_EDGE, _EDGE))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)

    def show_places(self, places: Sequence[Place], texts: Sequence[str], here: str = "") -> None:
        """List places with a text each; the selection stays with its place."""
        chosen = self.chosen()
        self.places = tuple(places)
        names = {place.id for place in places}
        self._pictures = {k: icon for k, icon in self._pictures.items() if k in names}
        self.clear()
        for place, text in zip(places, texts, strict=True):
            item = QListWidgetItem(f"{'▶ ' if place.id == here else ''}{text}")
            item.setData(_NAME, place.id)
            item.setToolTip(f"{text.replace(chr(10), ', ')}. Double-click to go there.")
            if place.id in self._pictures:
                item.setIcon(self._pictures[place.id])
            self.addItem(item)
            if chosen is not None and place.id == chosen.id:
                self.setCurrentItem(item)

    def show_picture(self, place: Place, picture: NDArray[np.uint8]) -> None:
        """Show a place as it looks: (rows, columns, rgb)."""
        icon = QIcon(_pixmap(picture))
        self._pictures[place.id] = icon
        for row in range(self.count()):
            item = self.item(row)
            if item is not None and item.data(_NAME) == place.id:
                item.setIcon(icon)

    def chosen(self) -> Place | None:
        """Return the place that is selected."""
        item = self.currentItem()
        name = item.data(_NAME) if item is not None else None
        return next((place for place in self.places if place.id == name), None)


def said_of(number: int, place: Place) -> str:
    """Say what a place is and promises, in two lines.

    >>> from napari_vessel.geometry import Box, Plane
    >>> said_of(2, Place(Plane.XZ, Box((0, 5, 0), (8, 6, 9)), 120.4, 90.0, 8.2)).split(chr(10))
    ['2  XZ 5', '~120 voxels wrong, 8 s']
    """
    return (
        f"{number}  {place.plane.value.upper()} {place.index}\n"
        f"~{place.wrong:,.0f} voxels wrong, {place.seconds:.0f} s"
    )


def _pixmap(picture: NDArray[np.uint8]) -> QPixmap:
    pixels = np.ascontiguousarray(picture)
    rows, columns = pixels.shape[:2]
    data = pixels.tobytes()
    image = QImage(data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
    scaled = image.copy().scaled(  # the copy outlives ``data``
        _EDGE,
        _EDGE,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    return QPixmap.fromImage(scaled)
