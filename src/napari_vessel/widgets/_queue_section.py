"""Where next: the places worth correcting, listed, marked on the image, and gone to with a key."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from qtpy.QtCore import QTimer, Signal  # type: ignore[attr-defined]  # qtpy renames it
from qtpy.QtWidgets import QCheckBox, QVBoxLayout

from napari_vessel.annotation import Place
from napari_vessel.project import Mark
from napari_vessel.session import Activity, ActivityName, Opened, Pictured
from napari_vessel.widgets._looking import go_to
from napari_vessel.widgets._place_list import PlaceList, said_of
from napari_vessel.widgets._queue_ahead import QueueAhead
from napari_vessel.widgets._queue_layer import QueueLayer
from napari_vessel.widgets._section import Collapsed, Section, button, row
from napari_vessel.workflows import Ranked, Stock

__all__ = ["QueueSection"]

_SOON_MS = 1200  # strokes that follow each other are looked at once
_NOTHING_LEFT = (
    "Nothing is left in the list: press N for the next slice that is not reviewed all over, or "
    "fill in the audit set under Progress."
)


class QueueSection(Section):
    """Leads to the place where a second of work brings most."""

    title = "Where next"
    activity: ActivityName | None = "queue"

    far = Signal(object)  # a point (volume voxels) outside of the region, to be opened

    def build(self) -> None:
        """Add the way on, the list, and what was left out."""
        self._wanted = False
        self.next = button(
            "Next place (Shift-N)",
            "Go where correcting brings most for a second of work, in the plane where the error "
            "shows best. Again: the one after it.",
            self.go_next,
        )
        self.done = button(
            "Done",
            "What is shown in this place is right: mark it as reviewed, and go on.",
            self._done,
        )
        self.skip = button("Skip", "Leave this place out of the list, and go on.", self._skip)
        self.body.addWidget(self.next)
        self.body.addLayout(row(self.done, self.skip))
        self.list = PlaceList(
            "Places to correct",
            "The best first. The line in a picture encloses what is probably wrong. Double-click "
            "to go there.",
        )
        self.list.setMinimumHeight(190)
        self.list.itemDoubleClicked.connect(lambda _item: self._go_chosen())
        self.body.addWidget(self.list)
        self.marked = _check("Mark them on the image", "Numbered rings, also in slices nearby.")
        self.ahead = _check(
            "Predict the next ones ahead",
            "After the network has learned, predict the next places with it while nothing else is "
            "predicted, so that nobody waits there.",
        )
        self.body.addWidget(self.marked)
        self.body.addWidget(self.ahead)
        self.gone = Collapsed("Skipped and done", "Places that are not in the list any more.")
        self._add_left(self.gone.inside)
        self.body.addWidget(self.gone)
        self.layer = QueueLayer(self.desk.link, self)
        self._soon = _timer(self, self.look)
        self.predicted = QueueAhead(self.desk, self.ahead, self)
        self._follow()

    def _add_left(self, inside: QVBoxLayout) -> None:
        self.left_list = PlaceList("Skipped and done", "Double-click to go there.")
        self.left_list.setMinimumHeight(70)
        self.left_list.itemDoubleClicked.connect(
            lambda _item: self.go_to_place(self.left_list.chosen())
        )
        inside.addWidget(self.left_list)
        self.back = button(
            "Put back", "Take the selected place into the list again, first.", self._put_back
        )
        inside.addWidget(self.back)

    def _follow(self) -> None:
        follow, events = self.desk.follower.follow, self.desk.session.events
        follow(events.queue, self._on_queue)
        follow(events.pictured, self._on_pictured)
        follow(events.corrections, self._look_soon)
        follow(events.threshold, lambda _value: self._look_soon())
        follow(events.opened, self._on_opened)
        follow(events.stock, lambda _stock: self._mark())
        self.marked.toggled.connect(lambda _on: self._mark())
        self.desk.link.closing.append(self._soon.stop)

    # -- what is shown ---------------------------------------------------------

    def update_state(self) -> None:
        """Enable what is possible now, and say why the rest is not."""
        session = self.desk.session
        places = session.queue.places if session.queue else ()
        self.next.setEnabled(session.opened is not None)
        for control in (self.done, self.skip):
            control.setEnabled(session.place is not None and bool(places))
        self.list.setVisible(session.queue is not None)
        self.gone.setVisible(session.queue is not None)
        if session.opened is None:
            self.hint.say("Open a volume first.")
        elif session.queue is None:
            self.hint.say("Predict first: then the places worth correcting are listed here.")
        else:
            self.hint.say("")

    def _on_queue(self, _ranked: Ranked | None) -> None:
        self._show_list()
        self._mark()
        self.update_state()
        self.predicted.later()

    def _show_list(self) -> None:
        session = self.desk.session
        ranked, here = session.queue, session.place.id if session.place else ""
        places = ranked.places if ranked else ()
        texts = [said_of(number, place) for number, place in enumerate(places, start=1)]
        self.list.show_places(places, texts, here)
        skipped = [(Place.of(name), "skipped") for name in (ranked.skipped if ranked else ())]
        done = [(Place.of(name), "done") for name in (ranked.done if ranked else ())]
        gone = [*skipped, *done]
        said = [f"{place.plane.value.upper()} {place.index}, {word}" for place, word in gone]
        self.left_list.show_places([place for place, _ in gone], said)
        self.back.setEnabled(bool(gone))

    def _on_pictured(self, pictured: Pictured) -> None:
        self.list.show_picture(pictured.place, pictured.picture)

    def _mark(self) -> None:
        session = self.desk.session
        stock: Stock | None = session.stock
        if not self.marked.isChecked() or session.opened is None:
            self.layer.clear()
            return
        # Nobody who does not follow the list finds a layer more in their viewer.
        places = session.queue.places if session.queue and session.place else ()
        audit = [each.place for each in stock.audit if each.reviewed < 1] if stock else []
        self.layer.show(places, audit)

    # -- going -----------------------------------------------------------------

    def go_next(self) -> None:
        """Go to the next place of the list."""
        session = self.desk.session
        if session.opened is None:
            return
        place = session.next_place()
        if place is None:
            self._wanted = session.queue is None and not self.running
            self.say("" if self._wanted else _NOTHING_LEFT)
            self.look()
            return
        self._went(place)

    def _go_chosen(self) -> None:
        place = self.list.chosen()
        if place is not None:
            self.desk.session.place = place
            self._went(place)

    def _went(self, place: Place) -> None:
        self.go_to_place(place)
        self._show_list()
        self._mark()
        self.update_state()
        self.predicted.later()

    def go_to_place(self, place: Place | None) -> None:
        """Show a place in its plane, the error in the middle; open its region if need be."""
        link, session = self.desk.link, self.desk.session
        if place is None or link.image is None or session.opened is None:
            return
        if link.viewer.dims.ndisplay == 2 and link.viewer.dims.ndim == 3:
            plane = place.plane
            link.viewer.dims.order = (plane.normal, plane.rows, plane.columns)
        go_to(link.viewer, link.image, np.array(place.at))
        if session.region.intersection(place.box) != place.box:
            self.far.emit(place.at)

    # -- done, skip, put back --------------------------------------------------

    def _done(self) -> None:
        session, place = self.desk.session, self.desk.session.place
        if place is None:
            return
        if session.region.intersection(place.box) != place.box:
            self.say("This place lies outside of the region: go there first, it is opened then.")
            return
        if self.desk.jobs.running("tool"):
            self.say("A tool is at work: wait until it is done.")
            return
        what = f"{place.plane.value.upper()} {place.index} around the error"
        box = place.box.relative_to(session.region)
        opened = session.opened
        self.desk.jobs.start(
            "tool",
            lambda: session.accept_box(box, what),
            then=lambda: self._accepted(place, opened),
        )

    def _accepted(self, place: Place, before: Opened | None) -> None:
        """Note it, and go on, unless the person did so meanwhile."""
        session, opened = self.desk.session, self.desk.session.opened
        if before is None or opened is None or before.place != opened.place:
            return
        if session.place == place:
            self._leave(place, "done")
        else:
            session.mark_place(place, "done")
            self.look()

    def _skip(self) -> None:
        if self.desk.session.place is not None:
            self._leave(self.desk.session.place, "skip")

    def _leave(self, place: Place, mark: Mark) -> None:
        """Note what was said of the place, and go on."""
        session = self.desk.session
        session.mark_place(place, mark)
        self.go_next()
        if session.place == place:  # it was the only one
            session.place = None
        self.look()

    def _put_back(self) -> None:
        place = self.left_list.chosen()
        if place is not None:
            self.desk.session.mark_place(place, "back")
            self.look()

    # -- looking ---------------------------------------------------------------

    def look(self) -> None:
        """Rank the places anew; only what changed is read."""
        session = self.desk.session
        if session.opened is None:
            return
        if self.running or self.desk.jobs.running("open"):
            self._soon.start(_SOON_MS)
            return
        focus = self.desk.link.focus()
        self.desk.jobs.start("queue", lambda: session.find_places(focus))

    def _look_soon(self) -> None:
        if self.desk.session.queue is not None:
            self._soon.start(_SOON_MS)

    def _on_opened(self) -> None:
        opened = self.desk.session.opened
        self._show_list()
        self._mark()
        if opened is not None and opened.proposal is not None:
            self._soon.start(_SOON_MS)

    def _on_activity(self, activity: Activity) -> None:
        super()._on_activity(activity)
        if activity.name == "predict" and activity.state in ("done", "cancelled"):
            self._soon.start(_SOON_MS)
        if activity.name == "queue" and activity.state == "done" and self._wanted:
            self._wanted = False
            if self.desk.session.queue and self.desk.session.queue.places:
                self.go_next()


def _check(text: str, tip: str) -> QCheckBox:
    made = QCheckBox(text)
    made.setToolTip(tip)
    made.setChecked(True)
    return made


def _timer(parent: QueueSection, slot: Callable[[], None]) -> QTimer:
    made = QTimer(parent)
    made.setSingleShot(True)
    made.timeout.connect(slot)
    return made
