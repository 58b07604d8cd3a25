"""The networks of a session's project: listed, taken into use, compared, deleted."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from time import sleep

from napari_vessel.project import (
    KeptCheckpoint,
    Project,
    delete_checkpoint,
    kept_checkpoints,
    prune_checkpoints,
    rejected_bytes,
    use_checkpoint,
)
from napari_vessel.session._hand import SessionHand
from napari_vessel.session._judges import Judges, judges_of
from napari_vessel.session._values import Activity, Answer, Asked
from napari_vessel.workflows import Compare, Compared, Focus, Progress

__all__ = ["Networks", "SessionNetworks"]

Answers = Generator[Asked | Answer, None, None]

_NO_JUDGES = Judges()
_LOOK_S = 0.05  # how often is looked whether a stroke has ended


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks of the project, the newest first, the starter last, and their room on the disk.

    ``sentence`` says what was just done; empty where they were only listed. ``used`` and
    ``threshold`` are of the network that was just taken into use.
    """

    kept: tuple[KeptCheckpoint, ...] = ()
    rejected_bytes: int = 0
    budget_bytes: int = 0
    sentence: str = ""
    used: str | None = None
    threshold: float | None = None
    judges: Judges = _NO_JUDGES

    @property
    def bytes(self) -> int:
        """What all of them take of the disk, but for the starter, which comes with the program."""
        return sum(one.bytes for one in self.kept if one.state != "starter")

    def find(self, name: str) -> KeptCheckpoint | None:
        """Return the network of that name."""
        return next((one for one in self.kept if one.id == name), None)


class _Listing:
    """A wish for the list alone."""


class SessionNetworks(SessionHand):
    """Lists and changes what networks there are; every method is a generator for a worker."""

    networks: Networks = Networks()

    def list_networks(self) -> Answers:
        """List the networks of the project, quietly; none where there is no project yet."""
        question = _Listing()
        yield Asked("networks", question, "Listing the networks …")
        project = self.project
        listed = Networks() if project is None else self._listed(project, "")
        yield Answer("networks", question, listed)

    def use_network(self, name: str) -> Answers:
        """Take a network into use, once no stroke is under way."""
        question = ("use", name)
        yield Asked("networks", question, f"Taking {name} into use …")
        project = self._made_project()
        while self._work is not None and self._work.in_stroke:
            told = Progress(0, 1, "networks", "Taken into use when your stroke ends")
            yield Answer("networks", question, told)
            sleep(_LOOK_S)
        used = use_checkpoint(project, name)
        sentence = f"{name} is in use. Predict, to see what it proposes."
        threshold = used.card.threshold if used else None
        listed = replace(self._listed(project, sentence), used=name, threshold=threshold)
        yield Answer("networks", question, listed)

    def delete_network(self, name: str) -> Answers:
        """Delete the weights of a network that is not in use."""

        def delete(project: Project) -> str:
            return f"Deleted {name}: {_mb(delete_checkpoint(project, name).bytes)} free."

        yield from self._changed_networks(f"Deleting {name} …", delete)

    def prune_networks(self) -> Answers:
        """Delete networks that were not taken, but the best and the last few."""

        def prune(project: Project) -> str:
            pruned = prune_checkpoints(project)
            if not pruned.ids:
                return "Nothing to delete: what was not taken is within its budget."
            return f"Deleted {len(pruned.ids)} that were not taken: {_mb(pruned.bytes)} free."

        yield from self._changed_networks("Deleting what was not taken …", prune)

    def compare_networks(self, first: str, second: str, focus: Focus) -> Answers:
        """Predict the slice in view with two networks."""
        request = Compare(self._made_project().path, first, second, focus)
        yield Asked("networks", request, "Waiting for the compute process …")
        with closing(self.runner.run("compare", request, priority=1)) as events:
            for event in events:
                yield Answer("networks", request, event)

    # -- inside ----------------------------------------------------------------

    def _changed_networks(self, doing: str, act: Callable[[Project], str]) -> Answers:
        question = (doing, object())
        yield Asked("networks", question, doing)
        project = self._made_project()
        yield Answer("networks", question, self._listed(project, act(project)))

    def _listed(self, project: Project, sentence: str) -> Networks:
        kept, corrections = kept_checkpoints(project), self.corrections
        return Networks(
            kept,
            rejected_bytes(kept),
            project.config.keeping.rejected_bytes,
            sentence,
            judges=judges_of(project, corrections.overlay) if corrections else _NO_JUDGES,
        )

    def _made_project(self) -> Project:
        return self._open_now().made_project()

    def _begin(self, asked: Asked) -> None:
        if isinstance(asked.question, _Listing):  # nobody asked for it: nothing is said of it
            self._questions[asked.name] = asked.question
        else:
            super()._begin(asked)

    def _show_answer(self, answer: Answer) -> None:
        event = answer.event
        if isinstance(event, Networks):
            self.networks = event
            if event.used is not None:
                self._use_checkpoint(event.used)
                if self.project and self.project.config.threshold is None:
                    self._show_threshold(event.threshold)
            self.events.networks.emit(event)
            if event.sentence:
                self._show(Activity("networks", "done", event.sentence, 1.0))
        elif isinstance(event, Compared):
            self.events.compared.emit(event)
            self._show(Activity("networks", "done", _difference(event), 1.0))
        else:
            super()._show_answer(answer)


def _difference(event: Compared) -> str:
    first, second, both = event.counts
    a, b = event.names
    return (
        f"{event.plane.value.upper()} {event.box.start[event.plane.normal]}: {both:,} voxels are "
        f"vessel to both, {first:,} to {a} alone, {second:,} to {b} alone."
    )


def _mb(size: int) -> str:
    """Say a size.

    >>> _mb(2_450_000)
    '2.5 MB'
    """
    return f"{size / 1e6:.1f} MB"
