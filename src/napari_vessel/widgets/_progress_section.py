"""Progress: seconds a slice, how right the proposals are, how long it will take, when to stop."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QTimer, Signal  # type: ignore[attr-defined]  # qtpy renames it
from qtpy.QtWidgets import QDoubleSpinBox, QFileDialog, QVBoxLayout

from napari_vessel.annotation import Place
from napari_vessel.errors import VesselError
from napari_vessel.session import Activity, ActivityName
from napari_vessel.volumes import write_atomically
from napari_vessel.widgets._place_list import PlaceList
from napari_vessel.widgets._progress_plot import ProgressPlot
from napari_vessel.widgets._section import Collapsed, Section, Sentence, button, row
from napari_vessel.workflows import AuditPlace, Stock, as_csv

__all__ = ["ProgressSection"]

_SOON_MS = 2000


class ProgressSection(Section):
    """Shows how far the project is, by an audit set that nothing chooses and nothing learns."""

    title = "Progress"
    activity: ActivityName | None = "progress"

    go = Signal(object)  # a Place to go to

    def build(self) -> None:
        """Add the plot, the target, and the audit set."""
        self.plot = ProgressPlot()
        self.body.addWidget(self.plot)
        self.facts = Sentence()
        self.body.addWidget(self.facts)
        self.target = QDoubleSpinBox()
        self.target.setRange(0.05, 0.99)
        self.target.setSingleStep(0.01)
        self.target.setDecimals(2)
        self.target.setValue(0.9)
        self.target.setToolTip("The Dice on the audit set at which you want to stop.")
        self.target.setAccessibleName("Target Dice")
        self.table = button("CSV …", "Write every point of the plot, a line each.", self._choose)
        self.body.addLayout(row("Target Dice", self.target, self.table))
        self.audit = Collapsed("Audit set", "A few windows drawn by chance, for an honest score.")
        self._add_audit(self.audit.inside)
        self.body.addWidget(self.audit)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.refresh)
        follow, events = self.desk.follower.follow, self.desk.session.events
        follow(events.stock, self._on_stock)
        follow(events.corrections, self._later)
        follow(events.opened, self._on_opened)
        self.target.valueChanged.connect(lambda _value: self._later())
        self.desk.link.closing.append(self._soon.stop)

    def _add_audit(self, inside: QVBoxLayout) -> None:
        self.draw = button(
            "Draw the audit set",
            "Draw a few small windows by chance, once and for all. Correct and accept each: they "
            "are scored, and never learned from.",
            self._draw,
        )
        inside.addWidget(self.draw)
        self.list = PlaceList("Audit set", "Double-click to go there; correct it, then accept it.")
        self.list.setMinimumHeight(90)
        self.list.itemDoubleClicked.connect(lambda _item: self._go())
        inside.addWidget(self.list)
        self.accept = button(
            "This window is right",
            "What is shown in the selected window is right: mark it as reviewed.",
            self._accept,
        )
        inside.addWidget(self.accept)

    # -- what is shown ---------------------------------------------------------

    def update_state(self) -> None:
        """Enable what is possible now, and say why the rest is not."""
        session, stock = self.desk.session, self.desk.session.stock
        open_ = session.opened is not None
        self.plot.setVisible(stock is not None and bool(stock.slices or stock.audits))
        self.table.setEnabled(stock is not None)
        drawn = stock is not None and bool(stock.audit)
        self.draw.setVisible(not drawn)
        self.draw.setEnabled(open_ and not self.running)
        self.list.setVisible(drawn)
        self.accept.setVisible(drawn)
        if not open_:
            self.hint.say("Open a volume first.")
        elif session.project is None:
            self.hint.say("Nothing was predicted or corrected yet.")
        else:
            self.hint.say("")

    def refresh(self) -> None:
        """Take stock anew, on a worker's thread."""
        session, target = self.desk.session, self.target.value()
        if session.project is None:
            return
        if self.running or self.desk.jobs.running("open"):
            self._soon.start(_SOON_MS)
            return
        self.desk.jobs.start("progress", lambda: session.take_stock(target))

    def _on_stock(self, stock: Stock) -> None:
        self.plot.show_stock(stock)
        self.facts.say(_facts(stock))
        places = [each.place for each in stock.audit]
        self.list.show_places(places, [_of_window(each) for each in stock.audit])
        self.update_state()

    def _on_opened(self) -> None:
        self.plot.show_stock(None)
        self.facts.say("")
        self.list.show_places((), ())
        self._later()

    def _on_activity(self, activity: Activity) -> None:
        super()._on_activity(activity)
        if activity.name in ("predict", "retrain") and activity.state == "done":
            self._later()

    def _later(self) -> None:
        self._soon.start(_SOON_MS)

    # -- asking ----------------------------------------------------------------

    def _draw(self) -> None:
        session, target = self.desk.session, self.target.value()
        self.desk.jobs.start("progress", lambda: session.draw_audit(target=target))

    def _go(self) -> None:
        place: Place | None = self.list.chosen()
        if place is not None:
            self.go.emit(place)

    def _accept(self) -> None:
        place, session = self.list.chosen(), self.desk.session
        if place is None:
            self.say("Select a window of the audit set first.")
        elif session.region.intersection(place.box) != place.box:
            self.say("This window lies outside of the region: go there first.")
        elif self.desk.jobs.running("tool"):
            self.say("A tool is at work: wait until it is done.")
        else:
            box = place.box.relative_to(session.region)
            what = "a window of the audit"
            self.desk.jobs.start("tool", lambda: session.accept_box(box, what, learned=False))

    def _choose(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the progress", "progress.csv", "*.csv")
        if path:
            self.save(Path(path))

    def save(self, path: Path) -> None:
        """Write every point of the plot at ``path``."""
        stock = self.desk.session.stock
        if stock is None:
            return
        try:
            write_atomically(path, as_csv(stock).encode())
        except VesselError as error:
            self.complain(error)
            return
        self.say(f"Wrote {path}.")


def _facts(stock: Stock) -> str:
    if not stock.slices:
        return f"{60 * stock.hours:.0f} min of work; no slice is accepted yet."
    count = len(stock.slices)
    return (
        f"{60 * stock.hours:.0f} min of work, {count} slice{'s' if count > 1 else ''}; about "
        f"{stock.seconds_per_slice:.0f} s for each of the last ones."
    )


def _of_window(each: AuditPlace) -> str:
    state = "filled in" if each.reviewed == 1 else f"{each.reviewed:.0%} reviewed"
    return f"{each.place.plane.value.upper()} {each.place.index}, {state}"
