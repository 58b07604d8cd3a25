"""RootPainter's rules (DOMAIN.md) on our architecture, from scratch, with the same person.

Images are slices in random order. Two are annotated to begin with: the vessels, and background
around them; then a network is trained. In all others only what the network got wrong is painted;
the rest stays unknown. Every sixth annotated image or so is for validation, by RootPainter's own
rule. The loss is Dice plus 0.3 of the cross-entropy over all pixels of a tile, outputs where
nothing is annotated set to nought: they stay in its denominators. Tiles are drawn until one holds
annotation. A candidate is taken if its F1 over the annotated pixels of the validation images,
pooled, is higher; NaN counts as 0 here, which favours it: there it could never be replaced.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from time import thread_time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ladder_data import Item, Mask
from ladder_plan import Plan
from learning_cells import audit_counts, audit_of
from napari_vessel.geometry import Box
from napari_vessel.metrics import confusion, scores
from napari_vessel.networks import build_network
from napari_vessel.project import AuditSet
from napari_vessel.simulate import Pace, PersonConfig, drawn_by_hand, pieces_of

_TILE, _BATCH, _STEPS_PER_EPOCH = 128, 8, 20  # as ours
_FIRST = 2  # images annotated before there is a network
_RING = (2, 6)  # pixels from a vessel at which background is painted in them


@dataclass
class _Annotated:
    """What was painted in a slice."""

    foreground: Mask
    background: Mask

    @property
    def defined(self) -> Mask:
        return self.foreground | self.background


@dataclass
class _Painter:
    """The state of one effort."""

    item: Item
    image: NDArray[np.float32]
    pace: Pace
    network: nn.Module
    rng: np.random.Generator
    audit: AuditSet = field(default_factory=lambda: AuditSet(()))
    train: dict[int, _Annotated] = field(default_factory=dict)
    validation: dict[int, _Annotated] = field(default_factory=dict)
    strokes: int = 0
    path_px: float = 0.0
    wrong: int = 0
    training_s: float = 0.0
    adopted: bool = False

    def annotate(self, index: int) -> None:
        """Annotate a slice, and sort it by RootPainter's rule."""
        truth = self.item.truth[index]
        if len(self.train) + len(self.validation) < _FIRST:
            found = self._clear_examples(truth)
            pieces = [
                *pieces_of(found.foreground, truth, 1, 0, value=1),
                *pieces_of(found.background, truth, 1, 0, value=0),
            ]
        else:
            found, pieces = self._corrections(index, truth)
        self.strokes += len(pieces)
        path = sum(piece.path_px(self.pace.config.largest_brush) for piece in pieces)
        self.path_px += path
        self.pace.time_of(truth.size, path, len(pieces))
        for guarded in self.audit.guarded:  # as with us: nothing is learned from the audit set
            unseen = guarded.intersection(Box.of(self.item.truth.shape))
            if unseen is not None and unseen.start[0] <= index < unseen.stop[0]:
                at = unseen.slices[1:]
                found.foreground[at] = found.background[at] = False
        side = self.train
        if self.train and (not self.validation or len(self.train) / len(self.validation) > 5):
            side = self.validation
        side[index] = found

    def learn(self, steps: int) -> None:
        """Train for some steps; keep the best by the validation images."""
        if not self.validation:
            return
        self.adopted = False
        best, kept = self._f1(self.network), deepcopy(self.network.state_dict())
        candidate = deepcopy(self.network)
        optimiser = torch.optim.SGD(candidate.parameters(), lr=0.01, momentum=0.99, nesterov=True)
        started = thread_time()
        for _ in range(max(steps // _STEPS_PER_EPOCH, 1)):
            candidate.train()
            for _ in range(_STEPS_PER_EPOCH):
                self._step(candidate, optimiser)
            found = self._f1(candidate)
            if found > best:
                best, kept, self.adopted = found, deepcopy(candidate.state_dict()), True
        self.network.load_state_dict(kept)
        self.training_s += thread_time() - started

    def predicted(self) -> Mask:
        """Return the network's mask of all slices."""
        return np.stack([self._slice(self.network, index) for index in range(len(self.image))])

    def shown(self, mask: Mask) -> Mask:
        """Return what the person sees: what they painted over what was predicted."""
        shown = mask.copy()
        for index, each in {**self.train, **self.validation}.items():
            shown[index] = (shown[index] | each.foreground) & ~each.background
        return shown

    def _clear_examples(self, truth: Mask) -> _Annotated:
        from scipy.ndimage import distance_transform_edt

        drawn = drawn_by_hand(truth, self.pace.config.edge_px, self.rng)
        far = distance_transform_edt(~drawn) if drawn.any() else np.full(truth.shape, 4.0)
        return _Annotated(drawn, (far > _RING[0]) & (far <= _RING[1]))

    def _corrections(self, index: int, truth: Mask) -> tuple[_Annotated, list[Any]]:
        config = self.pace.config
        shown = self._slice(self.network, index)
        self.wrong += int(np.count_nonzero(shown != truth))
        drawn = drawn_by_hand(truth, config.edge_px, self.rng)
        least = (config.least_piece, config.wall_px)
        pieces = [
            *pieces_of(drawn & ~shown, truth, *least, value=1),
            *pieces_of(shown & ~drawn, truth, *least, value=0),
        ]
        found = _Annotated(np.zeros_like(truth), np.zeros_like(truth))
        for piece in pieces:
            (row, column), (rows, columns) = piece.corner, piece.mask.shape
            side = found.foreground if piece.value else found.background
            side[row : row + rows, column : column + columns] |= piece.mask
        return found, pieces

    def _step(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        tiles = [self._tile() for _ in range(_BATCH)]
        image, target, defined = (
            torch.from_numpy(np.stack(part).astype(np.float32))[:, None]
            for part in zip(*tiles, strict=True)
        )
        loss = _loss(network(image) * defined, target)
        optimiser.zero_grad(set_to_none=True)
        if torch.isfinite(loss):
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimiser.step()

    def _tile(self) -> tuple[NDArray[np.float32], Mask, Mask]:
        """Draw a tile that holds annotation, by rejection; the last try stands."""
        for _ in range(200):
            index = int(self.rng.choice(list(self.train)))
            each, edges = self.train[index], self.image.shape[1:]
            corner = [int(self.rng.integers(max(n - _TILE, 0) + 1)) for n in edges]
            at = tuple(slice(a, a + _TILE) for a in corner)
            if each.defined[at].any():
                break
        parts = [self.image[index][at], each.foreground[at], each.defined[at]]
        pad = [(0, max(_TILE - n, 0)) for n in parts[0].shape]
        parts = [np.pad(part, pad) for part in parts]
        turns, flipped = int(self.rng.integers(4)), bool(self.rng.integers(2))
        parts = [np.rot90(part[:, ::-1] if flipped else part, turns) for part in parts]
        gain, shift = self.rng.normal(1, 0.1), self.rng.normal(0, 0.05)
        noisy = parts[0] * gain + shift + self.rng.normal(0, 0.02, parts[0].shape)
        return noisy.astype(np.float32), parts[1], parts[2]

    def _f1(self, network: nn.Module) -> float:
        right = wrong = 0
        for index, each in self.validation.items():
            found, defined = self._slice(network, index), each.defined
            right += 2 * int(np.count_nonzero(found & each.foreground))
            wrong += int(np.count_nonzero((found ^ each.foreground) & defined))
        return right / (right + wrong) if right else 0.0

    def _slice(self, network: nn.Module, index: int) -> Mask:
        image = self.image[index]
        pad = [(0, -n % 32) for n in image.shape]
        network.eval()
        with torch.inference_mode():
            logits = network(torch.from_numpy(np.pad(image, pad, mode="reflect"))[None, None])
        found: Mask = logits[0, 0, : image.shape[0], : image.shape[1]].numpy() > 0
        return found


def rootpainter_rows(
    item: Item, rounds: tuple[int, ...], seed: int, steps: int
) -> list[dict[str, Any]]:
    """Annotate slices of a volume by RootPainter's rules; return the rows of a cell."""
    torch.manual_seed(seed)
    card = Plan().open().card
    pace = Pace(PersonConfig(seed=seed))
    rng = np.random.default_rng(seed)
    audit = audit_of(item)
    painter = _Painter(item, item.image(), pace, build_network(card.network), rng, audit)
    order = rng.permutation(len(item.truth))

    def row(count: int) -> dict[str, Any]:
        mask = painter.predicted() if painter.training_s else np.zeros_like(item.truth)
        found = scores(mask, item.truth, voxel_size=item.voxel_size).as_dict()
        return {
            "slices": count,
            "minutes": pace.seconds / 60,
            "strokes": painter.strokes,
            "path_px": painter.path_px,
            "wrong": painter.wrong,
            **{name: found[name] for name in ("dice", "surface_dice", "cldice")},
            "shown_dice": confusion(painter.shown(mask), item.truth).dice,
            "adopted": painter.adopted,
            "training_s": painter.training_s,
            "audit": audit_counts(audit, mask, item.truth),
        }

    rows = [row(0)]
    for count, index in enumerate(order[: max(rounds)].tolist(), start=1):
        painter.annotate(index)
        if count in rounds or count == _FIRST:  # what comes next is corrected: it needs a network
            painter.learn(steps)
        if count in rounds:
            rows.append(row(count))
    return rows


def _loss(logits: Tensor, target: Tensor) -> Tensor:
    """Return Dice plus 0.3 of the cross-entropy, undefined pixels in both, as RootPainter has it.

    Its two outputs, both set to nought where nothing is annotated, are one logit here.
    """
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, target)
    if not target.any():
        return 0.3 * entropy
    probability = torch.sigmoid(logits)
    overlap = 2 * (probability * target).sum() / (probability.sum() + target.sum())
    return 1 - overlap + 0.3 * entropy
