"""2 Mark and label: a click marks an object, a key says what it is."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from qtpy.QtWidgets import QCheckBox, QFileDialog, QPushButton

from napari_vessel.session import ActivityName
from napari_vessel.widgets._objects_classes import ClassTable
from napari_vessel.widgets._objects_layer import ObjectsLayer
from napari_vessel.widgets._objects_list import ObjectsList
from napari_vessel.widgets._section import Collapsed, Desk, Section, button, row

__all__ = ["ObjectsMarkSection"]

_MODES = {
    "add": ("Mark", "Every click on the image marks an object. Key P."),
    "select": ("Select", "Click an object to choose it, drag it to move it. Key S."),
    "pan_zoom": ("Look", "The mouse moves the view. Key Z."),
}


class ObjectsMarkSection(Section):
    """Marks objects and says what they are."""

    number = 2
    title = "Mark and label"
    activity: ActivityName | None = None

    def __init__(self, desk: Desk, layer: ObjectsLayer) -> None:
        self.layer = layer
        super().__init__(desk)

    def build(self) -> None:
        """Add the tools, the classes and the list."""
        self.tools: dict[str, QPushButton] = {}
        for mode, (text, tip) in _MODES.items():
            self.tools[mode] = button(text, tip, partial(self.layer.set_mode, mode))
        self.body.addLayout(row(*self.tools.values()))
        self.undo = button("Undo", "Take back the last mark, move or label. Ctrl-Z.", self._undo)
        self.redo = button("Redo", "Do it again. Ctrl-Shift-Z.", self._redo)
        self.load = button(
            "Import points…",
            "Take places from a CSV file: z,y,x in voxels, axis-0,axis-1,axis-2 as napari writes, "
            "or z_um,y_um,x_um; a column class is taken, too.",
            self._import,
        )
        self.body.addLayout(row(self.undo, self.redo))
        self.body.addWidget(self.load)
        self.classes = ClassTable(self.label, self.complain)
        self.body.addWidget(self.classes)
        self.clear = button(
            "0: not labelled", "Take the label of what is chosen back. Key 0.", self._clear
        )
        self.next = button(
            "Least certain (N)",
            "Go to the object nobody labelled that the classifier is least sure of. Key N.",
            self.go_next,
        )
        self.body.addLayout(row(self.clear, self.next))
        self.step = QCheckBox("Step on after a key")
        self.step.setToolTip("After a key, go to the object the classifier is least sure of.")
        self.step.toggled.connect(self._on_step)
        self.body.addWidget(self.step)
        self.listed = Collapsed("List of objects", "All objects, the least certain first.")
        self.list = ObjectsList(self.layer.go_to)
        self.listed.inside.addWidget(self.list)
        self.listed.switch.toggled.connect(lambda _on: self._fill_list())
        self.body.addWidget(self.listed)
        self._follow()
        self._bind()

    def _follow(self) -> None:
        follow, events = self.desk.follower.follow, self.desk.session.objects_events
        follow(events.opened, self._on_opened)
        follow(events.changed, lambda _deed: self._on_changed())
        follow(events.current, lambda _id: self.update_state())

    def _bind(self) -> None:
        for number in range(1, 10):
            self.layer.bind(str(number), partial(self._key, number))
        self.layer.bind("0", self._clear)
        self.layer.bind("N", self.go_next)
        self.layer.bind("Control-Z", self._undo)
        self.layer.bind("Control-Shift-Z", self._redo)

    # -- what is possible ------------------------------------------------------

    def update_state(self) -> None:
        """Say what a click and a key will do."""
        objects = self.desk.session.objects
        for control in (*self.tools.values(), self.load, self.next, self.clear, self.step):
            control.setEnabled(objects is not None)
        self.undo.setEnabled(objects is not None and objects.can_undo)
        self.redo.setEnabled(objects is not None and objects.can_redo)
        if objects is None:
            self.hint.say("Choose an image first.")
            return
        count, labelled = len(objects.book), sum(objects.book.counts().values())
        if count == 0:
            self.hint.say("Click on objects in the image, or import their places.")
        else:
            self.hint.say(
                f"{count:,} objects, {labelled:,} labelled. A key 1…{len(objects.book.classes)} "
                "says what the chosen one is."
            )

    def _on_opened(self) -> None:
        objects = self.desk.session.objects
        if objects is not None:
            self.step.blockSignals(True)
            self.step.setChecked(objects.config.step_on)
            self.step.blockSignals(False)
        self._on_changed()

    def _on_changed(self) -> None:
        self.classes.show_classes(self.desk.session.objects)
        self._fill_list()
        self.update_state()

    def _fill_list(self) -> None:
        objects = self.desk.session.objects
        if objects is not None and self.listed.switch.isChecked():
            self.list.show_objects(objects)

    # -- doing -----------------------------------------------------------------

    def label(self, name: str | None) -> None:
        """Say what is chosen is of class ``name``; None takes it back; then step on.

        What is chosen are the objects selected, else the one under the mouse, else the next one.
        """
        objects = self.desk.session.objects
        if objects is None:
            return
        chosen = self.layer.chosen
        if not chosen:
            following = objects.current or objects.book.next_open()
            chosen = (following,) if following else ()
        if not chosen:
            self.say("There is nothing to label: mark an object first.")
            return
        objects.label(chosen, name)
        self.say("")
        if name is not None and objects.config.step_on and self._may_step():
            following = objects.book.next_open(chosen[-1])
            if following is None:
                self.say("Everything is labelled.")
            else:
                self.layer.go_to(following)

    def _may_step(self) -> bool:
        """Stay where a person marks, for the next click; but go where a classifier is unsure."""
        objects, layer = self.desk.session.objects, self.layer.layer
        marking = layer is not None and str(layer.mode) == "add"
        return objects is not None and (not marking or objects.book.prediction is not None)

    def go_next(self) -> None:
        """Go to the object nobody labelled that the classifier is least sure of."""
        objects = self.desk.session.objects
        following = objects.book.next_open(objects.current) if objects else None
        if following is not None:
            self.layer.go_to(following)
        elif objects is not None:
            self.say("Everything is labelled." if len(objects.book) else "Mark an object first.")

    def _key(self, number: int) -> None:
        objects = self.desk.session.objects
        if objects is not None and number <= len(objects.book.classes):
            self.label(objects.book.class_names[number - 1])

    def _clear(self) -> None:
        self.label(None)

    def _undo(self) -> None:
        if self.desk.session.objects is not None:
            self.desk.session.objects.undo()

    def _redo(self) -> None:
        if self.desk.session.objects is not None:
            self.desk.session.objects.redo()

    def _on_step(self, on: bool) -> None:
        if self.desk.session.objects is not None:
            self.desk.session.objects.configure(step_on=on)

    def _import(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Import points", "", "Tables (*.csv *.tsv)")
        if path:
            self.import_points(Path(path))

    def import_points(self, path: Path) -> None:
        """Take places from a CSV file."""
        session = self.desk.session
        self.desk.jobs.start("objects", lambda: session.import_objects(path))
