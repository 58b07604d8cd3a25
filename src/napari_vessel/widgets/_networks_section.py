"""Networks: all that a project keeps, to look at, to compare, to go back to, to delete."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from qtpy.QtCore import QTimer, Signal  # type: ignore[attr-defined]  # qtpy renames it
from qtpy.QtWidgets import QMessageBox

from napari_vessel.project import KeptCheckpoint
from napari_vessel.session import Activity, ActivityName, Networks
from napari_vessel.widgets._compare_beside import CompareBeside
from napari_vessel.widgets._compare_layer import CompareLayer
from napari_vessel.widgets._looking import go_to
from napari_vessel.widgets._network_table import NetworkTable
from napari_vessel.widgets._section import Collapsed, Section, Sentence, button, row

__all__ = ["NetworksSection"]

_SOON_MS = 400


class NetworksSection(Section):
    """Lists the networks of the project, and says what is missing to judge them for sure."""

    title = "Networks"
    activity: ActivityName | None = "networks"

    far = Signal(object)  # a point (volume voxels) outside of the region, to be opened

    _doing = False
    _asked: Callable[[], Generator[Any, None, None]] | None = None

    def build(self) -> None:
        """Add what is missing, the list, and what can be done with a network."""
        self.judged = Sentence()
        self.body.addWidget(self.judged)
        self.review = button(
            "Show where", "Go to the nearest block that is held out once you review it.", self._go
        )
        self.body.addWidget(self.review)
        self.past = Collapsed("Networks", "Every network that was in use, and the last others.")
        self.table = NetworkTable()
        self.past.inside.addWidget(self.table)
        self._add_buttons()
        self.body.addWidget(self.past)
        self.compared = CompareLayer(
            self.desk.link, self.desk.session, self.desk.follower, parent=self
        )
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.refresh)
        self._place = 0
        self.desk.jobs.changed.connect(self._go_on)
        follow, events = self.desk.follower.follow, self.desk.session.events
        follow(events.networks, self._show)
        follow(events.opened, self._later)
        follow(events.checkpoint, lambda _: self._later())
        follow(events.activity, self._on_training)
        self.past.switch.toggled.connect(lambda _on: self.refresh())
        self.table.itemSelectionChanged.connect(self.update_state)
        self.desk.link.closing.append(self._soon.stop)

    def _add_buttons(self) -> None:
        self.use = button(
            "Use", "Predict and retrain with this network from now on; nothing is lost.", self._use
        )
        self.compare = button(
            "Compare here",
            "Predict the slice in view with this network and with the one in use (or, of the one "
            "in use, with its parent) and show where they differ: orange is this one alone, blue "
            "the other alone, white both.",
            self._compare,
        )
        self.delete = button(
            "Delete",
            "Delete the weights of this network. Of one that was in use, card and curve stay, for "
            "masks that were made with it.",
            self._delete,
        )
        self.past.inside.addLayout(row(self.use, self.compare, self.delete))
        self.beside = CompareBeside(self.desk, self)
        self.past.inside.addWidget(self.beside.button)
        self.room = Sentence()
        self.past.inside.addWidget(self.room)
        self.prune = button(
            "Delete what was not taken",
            "Delete networks that were no better than the one in use, but the best and the last "
            "three. It is done after each training, too.",
            lambda: self._start(self.desk.session.prune_networks),
        )
        self.past.inside.addWidget(self.prune)

    # -- what is shown ---------------------------------------------------------

    def update_state(self) -> None:
        """Enable what is possible with the network that is chosen."""
        session, chosen = self.desk.session, self._chosen()
        self.setVisible(session.opened is not None)
        busy = self.running or self.desk.jobs.running("open")
        listed = session.networks
        usable = chosen is not None and chosen.usable and not busy
        self.use.setEnabled(usable and chosen is not None and not chosen.in_use)
        other = self._other(chosen)
        self.compare.setEnabled(usable and other is not None)
        self.delete.setEnabled(
            chosen is not None and not busy and not chosen.in_use and chosen.state != "starter"
        )
        self.prune.setEnabled(not busy and listed.rejected_bytes > 0)
        self.review.setVisible(bool(listed.judges.places))

    def refresh(self) -> None:
        """List the networks as they are now on the disk; after what is under way, if anything."""
        if self.desk.session.opened is None:
            return
        if self.desk.jobs.start("networks", self.desk.session.list_networks) is None:
            self._later()

    def _show(self, listed: Networks) -> None:
        self.table.show_networks(listed.kept)
        self.past.switch.setText(f"Networks ({len(listed.kept)})" if listed.kept else "Networks")
        self.judged.say(listed.judges.sentence if listed.kept else "")
        self._place = 0
        budget = listed.budget_bytes / 1e6
        self.room.say(
            f"{listed.bytes / 1e6:.1f} MB on the disk; of these {listed.rejected_bytes / 1e6:.1f} "
            f"of at most {budget:.0f} MB were not taken."
        )
        self.update_state()

    def _later(self) -> None:
        if not self._soon.isActive():
            self._soon.start(_SOON_MS)

    def _on_training(self, activity: Activity) -> None:
        if activity.name == "retrain" and activity.state == "done":
            self._later()

    # -- what is done ----------------------------------------------------------

    def _chosen(self) -> KeptCheckpoint | None:
        name = self.table.chosen()
        return None if name is None else self.desk.session.networks.find(name)

    def _other(self, chosen: KeptCheckpoint | None) -> KeptCheckpoint | None:
        """Return what the chosen one is compared with: the one in use, or else its parent."""
        listed = self.desk.session.networks
        if chosen is None:
            return None
        wanted = chosen.parent if chosen.in_use else self.desk.session.checkpoint
        found = listed.find(wanted) if wanted else None
        return found if found is not None and found.usable else None

    def _use(self) -> None:
        if (chosen := self._chosen()) is not None:
            self._start(lambda: self.desk.session.use_network(chosen.id))

    def _compare(self) -> None:
        chosen, focus = self._chosen(), self.desk.link.focus()
        other = self._other(chosen)
        if chosen is not None and other is not None and focus is not None:
            names = chosen.id, other.id
            self._start(lambda: self.desk.session.compare_networks(*names, focus))

    def _delete(self) -> None:
        chosen = self._chosen()
        if chosen is not None and self.sure(chosen):
            self._start(lambda: self.desk.session.delete_network(chosen.id))

    def sure(self, chosen: KeptCheckpoint) -> bool:
        """Ask whether a network that was in use is to be deleted."""
        if chosen.state != "adopted":
            return True
        text = f"Delete the weights of {chosen.id}? You cannot go back to it then."
        yes, no = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No
        return bool(QMessageBox.question(self, "Delete the network?", text, yes | no, no) == yes)

    def _go(self) -> None:
        """Show the next block to review, in the middle of the view."""
        session, link = self.desk.session, self.desk.link
        places = session.networks.judges.places
        if not places or link.image is None:
            return
        box = places[self._place % len(places)]
        self._place += 1
        go_to(link.viewer, link.image, np.array(box.centre))
        self.say(f"Block {box}: correct it, or accept its slices (Shift-A).")
        if session.region.intersection(box) != box:
            self.far.emit(box.centre)

    def _start(self, make: Callable[[], Generator[Any, None, None]]) -> None:
        """Do what a person asked for, once a list that is just being made is done."""
        self._asked = make
        self._go_on()

    def _go_on(self, name: str = "networks") -> None:
        if name != "networks" or self.desk.jobs.running("networks"):
            return
        make, self._asked = self._asked, None
        self._doing = make is not None
        if make is not None:
            self.desk.jobs.start("networks", make)

    @property
    def running(self) -> bool:
        """Whether something that a person asked for is under way; listing is not."""
        return self._doing and super().running
