"""Nothing is lost with two viewers, mutes and kills: the journals replay to a plain model.

The model knows nothing of boxes, rows or chunks. It has three states of every voxel, and whether
they were accepted, as whole arrays; what was covered, not what changed.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from napari_vessel.annotation import Corrections, replay
from napari_vessel.annotation import _known as known_module
from napari_vessel.geometry import Box

SHAPE = (4, 66, 70)  # two chunks along two axes
WHOLE = Box.of(SHAPE)
WHO = st.sampled_from([0, 1])


@st.composite
def brushes(draw: st.DrawFn) -> tuple[Box, np.ndarray]:
    starts = [draw(st.sampled_from(places)) for places in ([0, 1], [0, 2, 60], [0, 2, 61])]
    edges = [draw(st.integers(1, 3)), draw(st.integers(1, 6)), draw(st.integers(1, 6))]
    box = Box(tuple(starts), tuple(a + e for a, e in zip(starts, edges, strict=True)))
    mask = np.random.default_rng(draw(st.integers(0, 99))).random(box.shape) < 0.7
    mask.flat[0] = True
    return box, mask


@dataclass
class Painted:
    """A stroke as the model has it: what it covered, and what that became."""

    number: int
    covered: np.ndarray
    after: np.ndarray


@dataclass
class Hand:
    """What one viewer knows."""

    corrections: Corrections
    state: np.ndarray
    strokes: list[Painted]
    undone: list[int] = field(default_factory=list)  # may be brought again, the last one first
    off: set[int] = field(default_factory=set)  # undone
    muted: set[int] = field(default_factory=set)
    order: list[int] = field(default_factory=list)  # as undo goes back
    opened_at: int = 0
    own: set[int] = field(default_factory=set)  # steps of its own since, by their places
    toggled: int = -1

    def fold(self) -> np.ndarray:
        """Return what the strokes that count come to."""
        state = np.zeros(SHAPE, np.uint8)
        for stroke in self.strokes:
            if stroke.number not in self.off | self.muted:
                state[stroke.covered] = stroke.after[stroke.covered]
        return state


class Hands(RuleBasedStateMachine):
    """Two viewers on one project, each seeing what was there when it opened."""

    def __init__(self) -> None:
        super().__init__()
        self.temporary = tempfile.TemporaryDirectory()
        self.project = Path(self.temporary.name) / "0"
        self.clock = count(10**6, 10**6)  # a millisecond goes by at each look
        self.patches = [
            mock.patch("time.time_ns", lambda: next(self.clock)),
            mock.patch.object(known_module, "WORTH_CACHING", 6),
        ]
        for patch in self.patches:
            patch.start()
        self.numbers = count()
        self.log: list[tuple[np.ndarray, np.ndarray]] = []  # every write, in the order of time
        self.past: list[tuple[str, Painted | int]] = []  # every step, in the order of time
        self.hands = [self.open(), self.open()]

    def open(self) -> Hand:
        corrections = Corrections.open(
            self.project / "journal", SHAPE, cache=self.project / "cache", person="same"
        )
        assert not corrections.problems
        hand = Hand(corrections, np.zeros(SHAPE, np.uint8), [])
        for covered, after in self.log:
            hand.state[covered] = after[covered]
        for kind, what in self.past:
            self.learn(hand, kind, what)
        hand.opened_at = len(self.past)
        return hand

    def learn(self, hand: Hand, kind: str, what: Painted | int) -> None:
        if isinstance(what, Painted):
            hand.strokes.append(what)
            hand.order.append(what.number)
            hand.undone.clear()
        elif kind == "undo" and what in hand.order:
            hand.order.remove(what)
            hand.off.add(what)
            hand.undone.append(what)
        elif kind == "redo" and what in hand.off:
            hand.off.discard(what)
            hand.undone = [other for other in hand.undone if other != what]
            hand.order.append(what)
        elif kind == "mute":
            hand.muted.add(what)
        elif kind == "unmute":
            hand.muted.discard(what)

    def wrote(self, hand: Hand, covered: np.ndarray, after: np.ndarray) -> None:
        hand.state[covered] = after[covered]
        self.log.append((covered, after.copy()))

    def did(self, hand: Hand, kind: str, what: Painted | int) -> None:
        hand.own.add(len(self.past))
        self.past.append((kind, what))
        self.learn(hand, kind, what)

    def cover(self, hand: Hand, covered: np.ndarray, after: np.ndarray) -> None:
        if covered.any():
            self.did(hand, "stroke", Painted(next(self.numbers), covered, after))
            self.wrote(hand, covered, after)

    @rule(who=WHO, brush=brushes(), value=st.sampled_from([0, 1]))
    def paint(self, who: int, brush: tuple[Box, np.ndarray], value: int) -> None:
        hand, (box, mask) = self.hands[who], brush
        hand.corrections.paint(box, mask, value)
        covered = np.zeros(SHAPE, bool)
        covered[box.slices] = mask
        self.cover(hand, covered, np.full(SHAPE, 2 if value else 1, np.uint8))

    @rule(who=WHO, brush=brushes())
    def accept(self, who: int, brush: tuple[Box, np.ndarray]) -> None:
        hand, (box, shown) = self.hands[who], brush
        hand.corrections.accept(box, shown)
        covered, after = np.zeros(SHAPE, bool), np.zeros(SHAPE, np.uint8)
        covered[box.slices] = True
        covered &= (hand.state == 0) | (hand.state > 4)
        after[box.slices] = np.where(shown, 6, 5)
        self.cover(hand, covered, after)

    def crosses(self, hand: Hand, number: int) -> bool:
        """Tell whether the other viewer did something there that this one has not seen.

        To take a stroke back then is to write over that without knowing of it: the later write
        is shown, as with two brushes, and what another undo there comes to is no law.
        """
        covered = {w.number: w.covered for _, w in self.past if isinstance(w, Painted)}
        unseen = (
            what.number if isinstance(what, Painted) else what
            for place, (_, what) in enumerate(self.past)
            if place >= hand.opened_at and place not in hand.own
        )
        return any((covered[other] & covered[number]).any() for other in unseen)

    @rule(who=WHO)
    def undo(self, who: int) -> None:
        hand = self.hands[who]
        last = [number for number in hand.order if number not in hand.muted]
        if last and self.crosses(hand, last[-1]):
            return
        changed = hand.corrections.undo()
        assert (changed is None) == (not last)
        if last:
            self.did(hand, "undo", last[-1])
            self.step_covers(hand, last[-1])

    @rule(who=WHO)
    def redo(self, who: int) -> None:
        hand = self.hands[who]
        last = [number for number in hand.undone if number not in hand.muted]
        if last and self.crosses(hand, last[-1]):
            return
        changed = hand.corrections.redo()
        assert (changed is None) == (not last)
        if last:
            self.did(hand, "redo", last[-1])
            self.step_covers(hand, last[-1])

    def step_covers(self, hand: Hand, number: int) -> None:
        """An undo or redo writes all that the stroke covered."""
        (stroke,) = (s for s in hand.strokes if s.number == number)
        self.wrote(hand, stroke.covered, hand.fold())

    @rule(who=WHO, place=st.integers(0, 99), muted=st.booleans())
    @precondition(lambda self: any(hand.strokes for hand in self.hands))
    def mute(self, who: int, place: int, muted: bool) -> None:
        hand = self.hands[who]
        if not hand.strokes:
            return
        place %= len(hand.strokes)
        stroke = hand.strokes[place]
        if self.crosses(hand, stroke.number):
            return
        strokes = hand.corrections.strokes
        changed = (strokes.mute if muted else strokes.unmute)(place)
        assert (changed is None) == ((stroke.number in hand.muted) == muted)
        if changed is not None:
            self.did(hand, "mute" if muted else "unmute", stroke.number)
            folded = hand.fold()
            self.wrote(hand, stroke.covered & (folded != hand.state), folded)

    @rule(who=WHO)
    def reopen(self, who: int) -> None:
        """Others' strokes that are on the disk are seen now."""
        assert self.hands[1 - who].corrections.flush(30)
        assert self.hands[who].corrections.close(30)
        self.hands[who] = self.open()

    @rule()
    def kill(self) -> None:
        """Both viewers are killed: what lies on the disk at that moment is all there is."""
        for hand in self.hands:
            assert hand.corrections.flush(30)
        killed = self.project.with_name(str(int(self.project.name) + 1))
        if self.project.exists():
            shutil.copytree(self.project, killed, ignore=shutil.ignore_patterns("*.lock", "*-shm"))
        self.close()
        self.project = killed
        self.hands = [self.open(), self.open()]

    @rule()
    def lose_the_cache(self) -> None:
        shutil.rmtree(self.project / "cache", ignore_errors=True)

    @invariant()
    def each_viewer_shows_its_model(self) -> None:
        for hand in self.hands:
            np.testing.assert_array_equal(hand.corrections.overlay.read(WHOLE), hand.state)

    def union(self) -> np.ndarray:
        state = np.zeros(SHAPE, np.uint8)
        for covered, after in self.log:
            state[covered] = after[covered]
        return state

    def close(self) -> None:
        for hand in self.hands:
            assert hand.corrections.close(30)

    def teardown(self) -> None:
        self.close()
        result = replay(self.project / "journal", SHAPE)
        assert not result.problems
        np.testing.assert_array_equal(result.overlay.read(WHOLE), self.union())
        for patch in self.patches:
            patch.stop()
        self.temporary.cleanup()


TestHands = Hands.TestCase
TestHands.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
