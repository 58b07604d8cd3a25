"""What correcting takes: strokes until Dice 0.95, plain brush against the quick tools.

A simulated person of perfect sight corrects proposals of another network (``pred_ep010`` and
``pred_ep100`` of the HiP-CT patches) and always makes the movement that mends most voxels per
movement. The plain brush paints and erases discs of five sizes in XY slices; a movement is a
path of such discs that touch, the best start and the best next one each time. With the quick
tools the same person may also: paint in every plane and on through slices without letting go,
grow, reject, smooth, fill, join, fit a wall to the image, give a box or a piece a threshold of
its own, use the vessel brush, paint two slices and fill those between. A press of the mouse is
a movement, as is a key that acts: a threshold or a fitted wall counts two (the place and the
slider), a gap two, slices filled between three. The person looks at what the other tools
would do after each use of one, and after five strokes.

Two controls tell what the way of painting alone brings: the brush in every plane, and the
brush in every plane and through slices.

Seconds are assumed, not measured: a stroke 1.5 s, 0.05 s a disc and 0.6 s a slice, a click
1.2 s, a box or a slider 2 s, another tool, size or plane 1 s.

    python benchmarks/correcting.py [--data ../shared/data] [--dice 0.95] [--only 05_kidney1]
        [--keep ROWS.jsonl] [--controls] [--json]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from _correcting_person import Hand, Person
from _tables import show

_ITEMS = ("17_kidney3", "05_kidney1", "04_kidney1", "01_kidney1", "02_kidney1")
_STAGES = ("pred_ep010", "pred_ep100")
_FRAME = (slice(None), slice(2, -2), slice(2, -2))  # a plot's frame touches the outermost ring
_THRESHOLD = 128
_PLANES = (0, 1, 2)
_PLAIN, _QUICK = Hand(), Hand(_PLANES, through=True, tools=True)
_CONTROLS = {"any plane": Hand(_PLANES), "through": Hand(_PLANES, through=True)}

Patch = tuple[str, np.ndarray, np.ndarray, np.ndarray]


def patches(data: Path, only: str) -> Iterator[Patch]:
    """Yield name, image (0 to 1), truth and probability (uint8)."""
    for item in _ITEMS:
        folder = data / f"hipct3d_{item}"
        if only not in item:
            continue
        image = tifffile.imread(folder / "image.tif")[_FRAME].astype(np.float32)
        low, high = np.percentile(image, (1, 99))
        truth = tifffile.imread(folder / "label.tif")[_FRAME] > 0
        for stage in _STAGES:
            probability = tifffile.imread(folder / f"{stage}.tif")[_FRAME]
            yield f"{item} {stage}", np.clip((image - low) / (high - low), 0, 1), truth, probability


def corrected(patch: Patch, wanted: float, hand: Hand) -> Person:
    """Let a person work until the Dice that is wanted."""
    _, image, truth, probability = patch
    person = Person(image, truth, probability, probability >= _THRESHOLD, hand)
    while person.dice < wanted and person.act():
        pass
    return person


def row(patch: Patch, wanted: float, *, controls: bool) -> dict[str, Any]:
    """Return a row for one proposal."""
    before = corrected(patch, 0.0, _PLAIN).dice
    plain, quick = corrected(patch, wanted, _PLAIN), corrected(patch, wanted, _QUICK)
    others = {
        f"brush, {name}": corrected(patch, wanted, hand).movements if controls else None
        for name, hand in _CONTROLS.items()
    }
    return {
        "proposal": patch[0],
        "Dice before": before,
        "after": min(plain.dice, quick.dice),
        "plain brush": plain.movements,
        **others,
        "quick tools": quick.movements,
        "ratio": quick.movements / max(plain.movements, 1),
        "s, plain": round(plain.seconds),
        "s, quick": round(quick.seconds),
        "tools": ", ".join(f"{tool} {count}" for tool, count in sorted(quick.used.items())),
    }


def with_sum(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add what the rows come to."""
    total: dict[str, Any] = dict.fromkeys(rows[0], "")
    for key in rows[0]:
        values = [each[key] for each in rows]
        if all(isinstance(value, int) for value in values):
            total[key] = sum(values)
    ratio = total["quick tools"] / max(total["plain brush"], 1)
    return [*rows, total | {"proposal": "all", "ratio": ratio}]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[1] / "../shared/data")
    parser.add_argument("--dice", type=float, default=0.95)
    parser.add_argument("--only", default="", help="patches whose name holds this")
    parser.add_argument("--keep", type=Path, help="rows done before, and where new ones are added")
    parser.add_argument("--controls", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    kept = asked.keep.read_text().splitlines() if asked.keep and asked.keep.exists() else []
    rows = {each["proposal"]: each for each in map(json.loads, kept)}
    for patch in patches(asked.data, asked.only):
        if patch[0] not in rows:
            rows[patch[0]] = row(patch, asked.dice, controls=asked.controls)
            if asked.keep:
                with asked.keep.open("a") as file:
                    file.write(json.dumps(rows[patch[0]]) + "\n")
    show(with_sum(list(rows.values())), as_json=asked.json)


if __name__ == "__main__":
    main()
