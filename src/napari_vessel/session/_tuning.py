"""A session tunes: studies run in the compute process; here is only what a person sees of them."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_vessel.errors import CallerError
from napari_vessel.networks import Checkpoint
from napari_vessel.runner import Runner
from napari_vessel.search import SearchSpace, StudySummary, TrialRecord, trials_of_csv
from napari_vessel.session._learning import seldom
from napari_vessel.session._networks import SessionNetworks
from napari_vessel.session._tuning_words import ended_sentence, epoch_sentence, setting_text
from napari_vessel.session._values import Activity, Answer, Asked
from napari_vessel.volumes import folder_beside, write_atomically
from napari_vessel.workflows import (
    StudyOpened,
    StudyPictured,
    TrainRun,
    TrialBegun,
    TrialEnded,
    TrialEpoch,
    Tune,
    Tuned,
    TuneRun,
    load_tune_run,
    score_of,
    write_run,
)

__all__ = ["SessionTuning", "Tuning", "TuningWish"]

Answers = Generator[Asked | Answer, None, None]

_PRIORITY = -1  # nobody waits for it
_FIGURES = ("running-best", "importance", "parallel")


@dataclass(frozen=True, slots=True)
class Tuning:
    """A study as a person sees it: what is tuned, and what is known so far.

    Attributes
    ----------
    settings
        What can be tuned: names, and their ranges as texts.
    settled
        Trials that ended.
    figures
        Pictures (PNG) by name.
    now
        What the trial at work does.
    """

    config: TuneRun | None = None
    out: Path | None = None
    score: str = "score"
    settings: tuple[tuple[str, str], ...] = ()
    settled: int = 0
    best: TrialRecord | None = None
    figures: dict[str, Path] = field(default_factory=dict)
    best_config: Path | None = None
    checkpoint: Path | None = None
    now: str = ""

    @property
    def begun(self) -> bool:
        """Whether there are trials to go on with."""
        return self.out is not None and (self.out / "study.json").exists()


@dataclass(frozen=True, slots=True)
class TuningWish:
    """What a person wants of a study; ``tuned`` names the settings, none: all."""

    out: Path
    tuned: tuple[str, ...] = ()
    trials: int | None = None
    minutes: float | None = None
    workers: int = 1


class _Looking:
    """A wish to see a study, without doing anything."""


class SessionTuning(SessionNetworks):
    """Reads, begins, goes on with studies, and uses their best; generators for a worker."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.tuning = Tuning()

    def look_at_tuning(self, file: Path, out: Path | None = None) -> Answers:
        """Read what ``file`` tunes, and what there is of its study already; nothing begins.

        Raises
        ------
        CallerError
            It cannot be understood.
        """
        question = _Looking()
        yield Asked("tune", question, f"Reading {file.name} …")
        config = load_tune_run(file)
        yield Answer("tune", question, _seen(config, out or file.with_suffix(".study")))

    def tuning_of_volume(self, labels: Path) -> Answers:
        """Write the file that tunes a training of the network in use on the open volume.

        It lies beside the volume's project, and is read at once.
        """
        question = _Looking()
        yield Asked("tune", question, "Writing what is to be tuned …")
        opened = self._open_now().opened
        used = "starter" if self.project is None else self._checkpoint_place()
        volume = opened.volume
        run = TrainRun.model_validate(
            {
                "network": {"start": used},
                "volume": [
                    {
                        "image": volume.uri,
                        "labels": str(labels),
                        "voxel_size": volume.voxel_size.zyx,
                        "level": volume.options.level,
                        "channel": volume.options.channel,
                        "polarity": volume.options.polarity,
                    }
                ],
            }
        )
        file = opened.place.with_name(f"{opened.place.name.split('.')[0]}-tune.json")
        config = TuneRun(train=run)
        out = file.with_suffix(".study")
        write_run(file, Tune(config, out))
        now = f"Written as {file}: ranges can be changed there."
        yield Answer("tune", question, replace(_seen(config, out), now=now))

    def tune(self, wish: TuningWish) -> Answers:
        """Do trials until there are as many as asked for; a study that stands there goes on."""
        request = self._tune_request(wish)
        yield Asked("tune", request, "Waiting for the compute process …")
        with closing(self.runner.run("tune", request, priority=_PRIORITY)) as events:
            for event in seldom(events):
                yield Answer("tune", request, event)

    def write_tune_run(self, path: Path, wish: TuningWish) -> Answers:
        """Write the file that does the same, for ``napari-vessel run``."""
        question = _Looking()
        yield Asked("tune", question, f"Writing {path.name} …")
        write_run(path, self._tune_request(wish))
        yield Answer("tune", question, replace(self.tuning, now=f"Wrote {path}."))

    def write_best(self, path: Path) -> Answers:
        """Write the best configuration at ``path``, to train with it by ``napari-vessel run``.

        Raises
        ------
        CallerError
            No trial is complete yet.
        """
        best = self.tuning.best_config
        if best is None:
            raise CallerError("No trial is complete yet: there is no best configuration.")
        question = _Looking()
        yield Asked("tune", question, f"Writing {path.name} …")
        write_atomically(path, best.read_bytes())
        yield Answer("tune", question, replace(self.tuning, now=f"Wrote {path}."))

    def use_best(self) -> Answers:
        """Take the best trial's network into use in the open project, once no stroke is under way.

        Raises
        ------
        CallerError
            There is none, or nothing is open, or it is a classifier.
        """
        made = self.tuning.checkpoint
        if made is None:
            raise CallerError("No trial is complete yet: there is no best network.")
        if self.tuning.config is not None and self.tuning.config.task != "train":
            raise CallerError(f"The best network is a classifier: it lies at {made}.")
        project = self._open_now().made_project()
        name = f"tuned-{Checkpoint.open(made).card.sha256[:8]}"
        if not (project.checkpoints / name).exists():
            with folder_beside(project.checkpoints / name) as fresh:
                shutil.copytree(made, fresh, dirs_exist_ok=True)
        yield from self.use_network(name)

    # -- inside ----------------------------------------------------------------

    def _checkpoint_place(self) -> str:
        if self.project is None or self.checkpoint == "starter":
            return "starter"
        return str(self.project.checkpoints / self.checkpoint)

    def _tune_request(self, wish: TuningWish) -> Tune:
        config = self.tuning.config
        if config is None:
            raise CallerError("Nothing is to be tuned yet: choose a configuration.")
        space = config.tuned
        kept = {name: s for name, s in space.settings.items() if name in (wish.tuned or space.root)}
        config = config.model_copy(update={"space": SearchSpace(kept)})
        return Tune(config, wish.out, wish.trials, wish.minutes, wish.workers)

    def _begin(self, asked: Asked) -> None:
        super()._begin(asked)
        if isinstance(asked.question, Tune):
            self._tell(replace(self.tuning, out=asked.question.out, now=""))

    def _show_answer(self, answer: Answer) -> None:
        event: Any = answer.event
        if isinstance(event, Tuning):
            self._tell(event)
            self._show(Activity("tune", "done", event.now, 1.0))
        elif isinstance(event, StudyOpened):
            self._tell(
                replace(self.tuning, out=event.out, score=event.score, settled=event.settled)
            )
        elif isinstance(event, TrialBegun | TrialEpoch):
            self._tell(replace(self.tuning, now=epoch_sentence(event, self.tuning.score)))
        elif isinstance(event, TrialEnded):
            settled = self.tuning.settled + event.trial.settled
            best = event.best or self.tuning.best
            self._tell(replace(self.tuning, settled=settled, best=best))
        elif isinstance(event, StudyPictured):
            self._tell(replace(self.tuning, **_known(event.summary), figures=event.figures,
                               best_config=event.best_config))  # fmt: skip
        elif isinstance(event, Tuned):
            self._tell(replace(self.tuning, checkpoint=event.checkpoint, settled=event.trials,
                               best_config=event.best_config, now=""))  # fmt: skip
            self._show(Activity("tune", "done", ended_sentence(event), 1.0))
        else:
            super()._show_answer(answer)

    def _tell(self, tuning: Tuning) -> None:
        self.tuning = tuning
        self.events.tuning.emit(tuning)


def _seen(config: TuneRun, out: Path) -> Tuning:
    """Return what there is to tune, and what is known of it from what a person can read, too."""
    space = config.tuned
    settings = tuple((name, setting_text(setting)) for name, setting in space.settings.items())
    table = out / "trials.csv"
    summary = StudySummary(trials_of_csv(table.read_bytes()) if table.exists() else ())
    best, checkpoint = out / "best.toml", out / "best.checkpoint"
    places = {name: out / f"{name}.png" for name in _FIGURES}
    return Tuning(
        config=config,
        out=out,
        score=score_of(config),
        settings=settings,
        figures={name: place for name, place in places.items() if place.exists()},
        best_config=best if best.exists() else None,
        checkpoint=checkpoint if checkpoint.exists() else None,
        **_known(summary),
    )


def _known(summary: StudySummary) -> dict[str, Any]:
    return {"settled": summary.settled, "best": summary.best}
