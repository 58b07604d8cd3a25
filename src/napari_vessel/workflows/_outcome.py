"""What becomes of a trained network: kept, and taken into use, or kept beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import nn

from napari_vessel.networks import Checkpoint, CheckpointCard, weights_sha256
from napari_vessel.project import Project, Verdict, use_checkpoint, write_verdict
from napari_vessel.workflows._adopting import card_of, keep, keep_rejected, kept_as
from napari_vessel.workflows._events import Retrained
from napari_vessel.workflows._fusion import Fusion
from napari_vessel.workflows._history import History
from napari_vessel.workflows._judging import Judgement
from napari_vessel.workflows._lesson import Lesson


@dataclass(frozen=True)
class Outcome:
    """A network at the end of its training, with all that it came from.

    Parameters
    ----------
    project
        Where it is kept.
    lesson
        What it learned from.
    parent
        The checkpoint that it started from.
    network
        In its best state.
    history
        Its curve.
    position
        Of the journals that it learned from.
    seconds
        That it trained.
    """

    project: Project
    lesson: Lesson
    parent: Checkpoint
    network: nn.Module
    history: History
    position: Mapping[str, int]
    seconds: float

    def settle(self, found: Judgement, *, take: bool) -> Retrained:
        """Keep the network; one that is better is taken into use where ``take`` says so.

        One that was compared with a network no longer in use is not taken.
        """
        if not found.decision.adopt:
            return self._reject(found)
        left_out = found.left_out.in_planes if found.left_out else ()
        fusion = self.lesson.best_fusion(self.network, left_out)
        name = keep(
            *(self.project, self.network, self._card(found, fusion), self.history),
            # Until it is in use it counts as one that was not taken: taking it says otherwise.
            self._verdict(found).model_copy(update={"adopted": False}),
        )
        if take and use_checkpoint(self.project, name, instead_of=self.parent.id) is None:
            return self._too_late(found, name)
        result = self._result(found, checkpoint=name)
        return replace(result, threshold=fusion.threshold, taken=take)

    def _reject(self, found: Judgement) -> Retrained:
        """Keep what is new: a round that brought nothing ends with weights that there are."""
        brought = weights_sha256(self.network)
        if brought == weights_sha256(self.parent.load()):
            return self._result(found)
        name = kept_as(self.project, brought)
        if name is None:
            fusion = Fusion(None, self.lesson.best_threshold(self.network))
            card, verdict = self._card(found, fusion), self._verdict(found)
            name = keep_rejected(self.project, self.network, card, self.history, verdict)
        return self._result(found, rejected=name)

    def _too_late(self, found: Judgement, name: str) -> Retrained:
        now = self.project.config.checkpoint
        reason = f"Kept {now}: it came into use while this one, of {self.parent.id}, was training."
        found = replace(found, decision=replace(found.decision, adopt=False, reason=reason))
        write_verdict(self.project.checkpoints / name, self._verdict(found))
        return self._result(found, rejected=name)

    def _card(self, found: Judgement, fusion: Fusion) -> CheckpointCard:
        return card_of(self.parent, found.decision, self.position, fusion)

    def _verdict(self, found: Judgement) -> Verdict:
        return found.verdict(reviewed=self.lesson.overlay.reviewed, seconds=self.seconds)

    def _result(
        self, found: Judgement, *, checkpoint: str | None = None, rejected: str | None = None
    ) -> Retrained:
        decision, left_out = found.decision, found.left_out
        return Retrained(
            adopted=decision.adopt,
            provisional=decision.provisional,
            checkpoint=checkpoint,
            reason=decision.reason,
            score_before=decision.incumbent,
            score_after=decision.candidate,
            seconds=self.seconds,
            taken=False,
            parent=self.parent.id,
            interval=decision.interval,
            cldice_before=decision.cldice_of_incumbent,
            cldice_after=decision.cldice,
            left_out_before=left_out.before if left_out else None,
            left_out_after=left_out.after if left_out else None,
            missing_blocks=found.needed,
            missing=found.places,
            rejected=rejected,
        )
