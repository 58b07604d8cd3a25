"""One job of the list: where its mask goes, how far it is, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout

from napari_vessel.project import JobState
from napari_vessel.session import Job
from napari_vessel.widgets._section import Collapsed, Sentence, button, time_left

__all__ = ["JobCard"]

_LISTED = 12  # failed blocks shown; the job's folder has the others
_NAMES: dict[JobState, str] = {
    "waiting": "Waiting",
    "running": "Running",
    "paused": "Paused",
    "stopped": "Stopped",
    "complete": "Complete",
    "partial": "Partial",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
_BUTTONS: dict[str, tuple[str, str, tuple[JobState, ...]]] = {
    "pause": (
        "Pause",
        "Stop after the tiles under way and free the memory; what is done is kept.",
        ("waiting", "running"),
    ),
    "resume": (
        "Resume",
        "Go on where it was; blocks that failed are tried again.",
        ("paused", "stopped", "partial", "failed"),
    ),
    "cancel": (
        "Cancel",
        "Give the job up and delete what is done of it; asks first.",
        ("waiting", "running", "paused", "stopped", "partial", "failed"),
    ),
    "show": ("Show result", "Open the mask as a layer for looking.", ("complete",)),
    "remove": (
        "Remove",
        "Take it off the list. The mask, or what is done of an unfinished one, stays on the disk.",
        ("complete", "cancelled", "paused", "stopped", "partial", "failed"),
    ),
}


class JobCard(QFrame):
    """Shows a job; ``asked`` is called with a button's name and the job."""

    def __init__(self, job: Job, asked: Callable[[str, Job], None]) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._asked = asked
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.setSpacing(3)
        self.name = Sentence()
        self.name.setStyleSheet("font-weight: bold")
        self.state = Sentence()
        layout.addWidget(self.name)
        layout.addWidget(self.state)
        layout.addLayout(self._progress())
        self.failed = Sentence()
        self.failures = Collapsed("Failed blocks", "Which blocks failed, and why.")
        self.failures.inside.addWidget(self.failed)
        layout.addWidget(self.failures)
        line = QHBoxLayout()
        line.setSpacing(4)
        self.buttons = {name: self._button(name) for name in _BUTTONS}
        for made in self.buttons.values():
            line.addWidget(made)
        layout.addLayout(line)
        self.show_job(job)

    def show_job(self, job: Job) -> None:
        """Show how far ``job`` is now."""
        self.job, status = job, job.status
        self.name.say(job.out.name)
        self.name.setToolTip(f"{job.out}\nJob {job.id}")
        self.state.say(_sentence(job))
        unfinished = status.state not in ("complete", "cancelled")
        self.bar.setVisible(unfinished and status.total > 0)
        self.bar.setValue(round(1000 * status.fraction))
        self.left.setVisible(unfinished and status.total > 0)
        self.left.setText(time_left(status.seconds_left) if status.state == "running" else "")
        self.failures.setVisible(bool(status.failed_blocks))
        self.failures.switch.setText(f"Failed blocks ({status.failed_blocks:,})")
        self.failed.say(_failures(job))
        for name, made in self.buttons.items():
            made.setVisible(status.state in _BUTTONS[name][2])
            made.setAccessibleName(f"{_BUTTONS[name][0]} {job.out.name}")

    def _progress(self) -> QHBoxLayout:
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setToolTip("How many of its blocks are done.")
        self.bar.setAccessibleName("Job: progress")
        self.left = QLabel()
        line = QHBoxLayout()
        line.addWidget(self.bar, 1)
        line.addWidget(self.left)
        return line

    def _button(self, name: str) -> QPushButton:
        text, tip, _ = _BUTTONS[name]
        return button(text, tip, lambda: self._asked(name, self.job))


def _sentence(job: Job) -> str:
    """Say how far a job is, in a line or two.

    The job's own sentence begins with its state where that ended.
    """
    status = job.status
    name = _NAMES[status.state]
    told = status.what if status.what.startswith(name) else f"{name}: {status.what}"
    if status.total and status.state not in ("complete", "partial", "cancelled"):
        told = f"{told.rstrip('.')}. {int(status.done):,} of {int(status.total):,} blocks done."
    return told


def _failures(job: Job) -> str:
    lines = [f"{failed.box}: {failed.reason}" for failed in job.status.failed[:_LISTED]]
    if more := job.status.failed_blocks - len(lines):
        lines.append(f"… and {more:,} more; see {job.out.name}.job/blocks.jsonl.")
    return "\n".join(lines)
