"""5 Why?: what the class of the chosen object rests on, as a layer over it."""

from __future__ import annotations

from napari_vessel.attribution import Question
from napari_vessel.session import ActivityName, WhyThis
from napari_vessel.widgets._explain_settings import ExplainSettings
from napari_vessel.widgets._objects_layer import ObjectsLayer
from napari_vessel.widgets._objects_why_layer import WhyLayer
from napari_vessel.widgets._section import Desk, Section, button, combo, row

__all__ = ["ObjectsWhySection"]


class ObjectsWhySection(Section):
    """Asks why the classifier takes the chosen object for a class, or why not."""

    number = 5
    title = "Why?"
    activity: ActivityName | None = "explain"

    def __init__(self, desk: Desk, layer: ObjectsLayer) -> None:
        self.layer = layer
        super().__init__(desk)

    def build(self) -> None:
        """Add the questions and the method."""
        self.about = combo("Class", "The class that is asked about.", {})
        self.body.addLayout(row("Class", self.about))
        self.why = button("Why?", "What in the image speaks for this class?", self._ask)
        self.why_not = button(
            "Why not?", "What in the image speaks against it?", lambda: self._ask("not_here")
        )
        self.body.addLayout(row(self.why, self.why_not))
        self.settings = ExplainSettings()
        self.body.addWidget(self.settings)
        self.shown = WhyLayer(self.desk.link, self.layer)
        follow, events = self.desk.follower.follow, self.desk.session.objects_events
        follow(events.opened, self._fill)
        follow(events.changed, lambda _deed: self._fill())
        follow(events.config, self.update_state)
        follow(events.current, lambda _id: self.update_state())
        follow(events.explained, self._on_explained)
        self._fill()

    def update_state(self) -> None:
        """Say what a click will do, or why it cannot."""
        objects = self.desk.session.objects
        kept = objects.config.classifier if objects else None
        possible = kept is not None and objects is not None and objects.current is not None
        for control in (self.why, self.why_not):
            control.setEnabled(possible and not self.running)
        if kept is None:
            self.hint.say("Label some objects and press Learn first.")
        elif not possible:
            self.hint.say("Choose one object: click it with Select, or press N.")
        else:
            self.hint.say("Red speaks for the class, blue against it.")

    def _fill(self) -> None:
        objects, chosen = self.desk.session.objects, self.about.currentText()
        names = ("the one predicted", *(objects.book.class_names if objects else ()))
        if names != tuple(self.about.itemText(at) for at in range(self.about.count())):
            self.about.clear()
            for name in names:
                self.about.addItem(name, None if name == names[0] else name)
            self.about.setCurrentIndex(max(self.about.findText(chosen), 0))
        self.update_state()

    def _ask(self, question: Question = "here") -> None:
        session, objects = self.desk.session, self.desk.session.objects
        if objects is None or objects.current is None or self.running:
            return
        id_, snapshot = objects.current, objects.snapshot()
        name, config = self.about.currentData(), self.settings.config()
        self.layer.go_to(id_)
        self.desk.jobs.start(
            "explain", lambda: session.explain_object(id_, snapshot, name, question, config)
        )

    def _on_explained(self, why: WhyThis) -> None:
        self.shown.show(why)
