"""6 Export: a table of the objects, and the file that trains the same without a window."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QFileDialog

from napari_vessel.session import ActivityName
from napari_vessel.widgets._run_file_button import run_file_button
from napari_vessel.widgets._section import Section, button, row

__all__ = ["ObjectsExportSection"]


class ObjectsExportSection(Section):
    """Writes what was found."""

    number = 6
    title = "Export"
    activity: ActivityName | None = "export"

    def build(self) -> None:
        """Add the buttons."""
        self.table = button(
            "Table…",
            "A CSV file: places in voxels and µm, class, by whom, predicted class, probabilities.",
            self._table,
        )
        self.run_file = run_file_button(
            "trains the same classifier from the same labels", "classify.json", self.write_run_file
        )
        self.body.addLayout(row(self.table, self.run_file))
        follow, events = self.desk.follower.follow, self.desk.session.objects_events
        follow(events.opened, self.update_state)
        follow(events.changed, lambda _deed: self.update_state())

    def update_state(self) -> None:
        """Enable what is possible now."""
        objects = self.desk.session.objects
        some = objects is not None and len(objects.book) > 0
        self.table.setEnabled(some)
        self.run_file.setEnabled(some)
        self.hint.say("" if some else "Mark some objects first.")

    def _table(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Export", "objects.csv", "Tables (*.csv)")
        if path:
            self.write_table(Path(path))

    def write_table(self, path: Path) -> None:
        """Write the table at ``path``."""
        session = self.desk.session
        if session.objects is not None:
            snapshot, out = session.objects.snapshot(), path.with_suffix(path.suffix or ".csv")
            self.desk.jobs.start("export", lambda: session.export_objects(out, snapshot))

    def write_run_file(self, path: Path) -> None:
        """Write the run file at ``path``, the table of labels beside it."""
        session = self.desk.session
        if session.objects is not None:
            snapshot, out = session.objects.snapshot(), path.with_suffix(".json")
            self.desk.jobs.start("export", lambda: session.write_objects_run(out, snapshot))
