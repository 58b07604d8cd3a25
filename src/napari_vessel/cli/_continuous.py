"""``retrain --continuous``: trains a project while somebody corrects it elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from time import sleep

from napari_vessel.cli._output import run, say
from napari_vessel.errors import NothingReviewedError, VesselError
from napari_vessel.project import Project
from napari_vessel.session import Continuous, Situation
from napari_vessel.training import TrainingConfig
from napari_vessel.workflows import Retrain, Retrained

_LOOK_S = 1.0


@dataclass
class Trained:
    """What the rounds brought."""

    rounds: int = 0
    adopted: list[str] = field(default_factory=list)
    last: Retrained | None = None
    failed: str = ""


@dataclass
class Rounds:
    """Trains in rounds, as the dock does, on the corrections that are in the journals.

    Parameters
    ----------
    project
        What is trained.
    config
        How; the rounds' lengths are the rule's.
    until_idle
        End where the dock would rest, instead of waiting for corrections.
    rule
        When to train.
    wait
        Sleeps between two looks at the journals.
    """

    project: Project
    config: TrainingConfig
    until_idle: bool = False
    rule: Continuous = field(default_factory=Continuous)
    wait: Callable[[float], None] = sleep
    trained: Trained = field(default_factory=Trained)
    _seen: object = None
    _reviewed: int = 0

    def run(self) -> Trained:
        """Train until the person stops it, or there is no more to learn where that was asked."""
        self.rule.switch(on=True)
        told = ""
        try:
            while True:
                self._look()
                minutes = self.rule.due(Situation(self._reviewed))
                if self.rule.sentence != told:
                    told = self.rule.sentence
                    say(told)
                if minutes is not None:
                    self._train(minutes)
                elif self._ends():
                    return self.trained
                else:
                    self.wait(_LOOK_S)
        except KeyboardInterrupt:
            say("Stopped. What was learned last can be gone on with.")
            return self.trained

    def _look(self) -> None:
        """Take in what was corrected since the last look."""
        seen = self._stamp()
        if seen == self._seen:
            return
        if self._seen is not None:
            self.rule.news()
        self._seen = seen
        with closing(self.project.open_corrections(read_only=True)) as corrections:
            self._reviewed = corrections.overlay.reviewed

    def _stamp(self) -> object:
        """Name the state of the journals; reading them costs more."""
        files = sorted(self.project.journal.glob("*.sqlite*"))
        stats = [(path.name, path.stat()) for path in files if not path.name.endswith("-shm")]
        return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)

    def _train(self, minutes: float) -> None:
        config = self.config.model_copy(update={"minutes": minutes})
        request = Retrain(self.project.path, config, go_on=self.rule.goes_on)
        self.rule.begun()
        try:
            result = run("retrain", request)
        except NothingReviewedError as error:  # as where only the audit set is reviewed
            self.rule.nothing(str(error))
            return
        except VesselError as error:
            self.trained.rounds += 1
            self.trained.failed = str(error)
            self.rule.failed(str(error))
            say(f"Round {self.trained.rounds} failed: {error}")
            return
        self.trained.rounds += 1
        self.rule.ended(result)
        self.trained.last, self.trained.failed = result, ""
        if result.adopted and result.checkpoint:
            self.trained.adopted.append(result.checkpoint)
        say(f"Round {self.trained.rounds}, {minutes:.1f} min: {result.reason}")

    def _ends(self) -> bool:
        """Tell whether there is nothing more to wait for."""
        if self.rule.state == "failed":
            return True
        idle = self.rule.state == "resting" or not self._reviewed or self.rule.lacks
        return self.until_idle and idle
