"""4 Classify: let the classifier in use say what all objects are."""

from __future__ import annotations

from napari_vessel.session import ActivityName, Taught
from napari_vessel.widgets._section import Section, button

__all__ = ["ObjectsClassifySection"]


class ObjectsClassifySection(Section):
    """Classifies all objects; what a person labelled stays as it is."""

    number = 4
    title = "Classify"
    activity: ActivityName | None = "classify"

    def build(self) -> None:
        """Add the button."""
        self.classify = button(
            "Classify",
            "Let the classifier in use say what every object is. What you labelled stays as it is.",
            self.start,
        )
        self.body.addWidget(self.classify)
        follow, events = self.desk.follower.follow, self.desk.session.objects_events
        follow(events.opened, self.update_state)
        follow(events.changed, lambda _deed: self.update_state())
        follow(events.config, self.update_state)
        follow(events.taught, self._on_taught)

    def update_state(self) -> None:
        """Say what a click will do, or why it cannot."""
        objects = self.desk.session.objects
        kept = objects.config.classifier if objects else None
        self.classify.setEnabled(bool(kept and objects and len(objects.book)) and not self.running)
        if objects is None:
            self.hint.say("Choose an image first.")
        elif kept is None:
            self.hint.say("Label some objects and press Learn first.")
        else:
            self.hint.say(
                "Filled with a white edge: a person's label. Thin edge: predicted, the fainter "
                "the less certain."
            )

    def start(self) -> None:
        """Classify all objects."""
        session = self.desk.session
        if session.objects is not None and not self.running:
            snapshot = session.objects.snapshot()
            self.desk.jobs.start("classify", lambda: session.classify_objects(snapshot))

    def _on_taught(self, taught: Taught) -> None:
        if taught.adopted:
            self.start()
