"""The list of classes: key, colour, symbol, name, and how many objects persons labelled so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QColorDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_vessel.errors import CallerError
from napari_vessel.session import SYMBOLS, ObjectClass, Objects, new_class
from napari_vessel.widgets._section import button, combo

__all__ = ["ClassTable"]

_MOST = 9  # keys


class ClassTable(QWidget):
    """Shows and changes the classes of the objects.

    Parameters
    ----------
    label
        Called with a class's name when its key's button is pressed: what is chosen is of it.
    complain
        Called with what cannot be done.
    """

    def __init__(
        self, label: Callable[[str | None], None], complain: Callable[[Exception], None]
    ) -> None:
        super().__init__()
        self._label, self._complain = label, complain
        self._objects: Objects | None = None
        self._shown: tuple[ObjectClass, ...] = ()
        self._grid_parent = QWidget()
        self._grid = QGridLayout(self._grid_parent)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(3)
        self._grid.setColumnStretch(3, 1)
        self.counts: list[QLabel] = []
        self.names: list[QLineEdit] = []
        self.keys: list[QPushButton] = []
        self.add = button("Add a class", "A further class, with a key of its own.", self._add)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._grid_parent)
        layout.addWidget(self.add)

    def show_classes(self, objects: Objects | None) -> None:
        """Show the classes as they are, and how many objects each has."""
        self._objects = objects
        classes = objects.book.classes if objects else ()
        if classes != self._shown:
            self._shown = classes
            self._build(classes)
        counts = objects.book.counts() if objects else {}
        for label, one in zip(self.counts, classes, strict=True):
            label.setText(f"{counts[one.name]:,}")
        self.add.setEnabled(objects is not None and len(classes) < _MOST)

    def _build(self, classes: tuple[ObjectClass, ...]) -> None:
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.counts, self.names, self.keys = [], [], []
        for at, one in enumerate(classes):
            for column, widget in enumerate(self._row(at, one)):
                self._grid.addWidget(widget, at, column)

    def _row(self, at: int, one: ObjectClass) -> tuple[QWidget, ...]:
        tip = f"Key {at + 1}: say that what is chosen is {one.name}."
        key = button(str(at + 1), tip, partial(self._label, one.name))
        key.setMaximumWidth(28)
        colour = button("", f"Colour of {one.name}.", partial(self._choose_colour, at))
        colour.setAccessibleName(f"Colour of {one.name}")
        colour.setMaximumWidth(24)
        colour.setStyleSheet(f"background-color: {one.colour}")
        symbol = combo(f"Symbol of {one.name}", f"Symbol of {one.name}.", {s: s for s in SYMBOLS})
        symbol.setCurrentText(one.symbol)
        symbol.setFixedWidth(76)
        symbol.currentTextChanged.connect(lambda text: self._change(at, symbol=text))
        name = QLineEdit(one.name)
        name.setMinimumWidth(50)
        name.setToolTip("Name of the class; renaming keeps its labels.")
        name.setAccessibleName(f"Name of class {at + 1}")
        name.editingFinished.connect(lambda: self._rename(at, name))
        count = QLabel()
        count.setToolTip("How many objects persons labelled so.")
        count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        count.setMinimumWidth(28)
        tip = f"Remove {one.name}, if no object is labelled so."
        remove = button("✕", tip, partial(self._remove, at))
        remove.setMaximumWidth(24)
        self.keys.append(key)
        self.names.append(name)
        self.counts.append(count)
        return key, colour, symbol, name, count, remove

    # -- changing --------------------------------------------------------------

    def _choose_colour(self, at: int) -> None:
        chosen = QColorDialog.getColor(QColor(self._shown[at].colour), self)
        if chosen.isValid():
            self._change(at, colour=chosen.name())

    def _change(self, at: int, renamed: tuple[tuple[str, str], ...] = (), **changes: str) -> None:
        changed = replace(self._shown[at], **changes)
        self._set((*self._shown[:at], changed, *self._shown[at + 1 :]), renamed)

    def _rename(self, at: int, edit: QLineEdit) -> None:
        old, new = self._shown[at].name, edit.text().strip()
        if old != new:
            self._change(at, ((old, new),), name=new)
            if self._shown[at].name == old:  # it was refused
                edit.setText(old)

    def _add(self) -> None:
        names, number = {one.name for one in self._shown}, len(self._shown) + 1
        while f"class {number}" in names:
            number += 1
        self._set((*self._shown, new_class(f"class {number}", len(self._shown))))

    def _remove(self, at: int) -> None:
        self._set((*self._shown[:at], *self._shown[at + 1 :]))

    def _set(
        self, classes: tuple[ObjectClass, ...], renamed: tuple[tuple[str, str], ...] = ()
    ) -> None:
        if self._objects is None:
            return
        try:
            self._objects.set_classes(classes, renamed)
        except CallerError as error:
            self._complain(error)
