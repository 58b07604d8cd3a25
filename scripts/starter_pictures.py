"""Draw where the starter is right and where it fails, for its model card.

    python scripts/starter_pictures.py docs/images/starter.webp

Predicts phantoms that it never learned from, by the product's own path, and draws the
best, the middle and the worst of them: right green, missed orange, wrong red with an outline.
(Real volumes are not drawn: none of them may lie in the repository.)
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import binary_erosion

from napari_vessel.geometry import Box
from napari_vessel.inference import BlockPrediction, InferenceConfig, predict_block
from napari_vessel.metrics import confusion
from napari_vessel.networks import Checkpoint, starter
from napari_vessel.phantoms import PhantomConfig, make_phantom, random_config
from napari_vessel.volumes import mask_of, volume_of_array
from napari_vessel.workflows._reading import PolarityUsed, windowed_reader

SHAPE = (96, 128, 128)
SEED = 987_654  # none of the training's
COLUMNS, ROWS, ZOOM, TITLE = 5, 3, 2, 34
_RIGHT, _MISSED, _WRONG = (90, 200, 120), (255, 170, 40), (235, 60, 110)


@dataclass(frozen=True)
class Drawn:
    """One phantom with its prediction."""

    config: PhantomConfig
    image: np.ndarray  # windowed, zyx
    truth: np.ndarray
    mask: np.ndarray

    @property
    def dice(self) -> float:
        """Dice of the whole volume."""
        return float(confusion(self.mask, self.truth).dice)


def predicted(checkpoint: Checkpoint, seed: int) -> Drawn:
    """Make a phantom and predict it as a person's volume of known polarity would be."""
    config = random_config(np.random.default_rng(seed), SHAPE, polarity=None)
    phantom = make_phantom(config)
    volume, used = volume_of_array(phantom.image), PolarityUsed(config.polarity, "choice", "")
    read = windowed_reader(volume, volume.window(), checkpoint.card, used)
    box, network = Box.of(SHAPE), checkpoint.load()
    image = np.abs(read(box))
    events = predict_block(network, read, box, box, InferenceConfig(views="none"))
    found = [event for event in events if isinstance(event, BlockPrediction)][-1]
    mask = mask_of(found.probability, checkpoint.card.threshold) > 0
    return Drawn(config, image, phantom.vessels, mask)


def panel(drawn: Drawn) -> Image.Image:
    """Draw the slice with the most vessel, plain and judged, under a title."""
    index = int((drawn.truth | drawn.mask).sum(axis=(1, 2)).argmax())
    grey = np.repeat((drawn.image[index] * 255).astype(np.uint8)[..., None], 3, axis=2)
    truth, mask = drawn.truth[index], drawn.mask[index]
    judged = grey.copy()
    for where, colour in (
        (mask & truth, _RIGHT),
        (truth & ~mask, _MISSED),
        (mask & ~truth, _WRONG),
    ):
        judged[where] = (judged[where] * 0.4 + np.array(colour) * 0.6).astype(np.uint8)
    wrong = mask & ~truth
    judged[wrong & ~binary_erosion(wrong)] = _WRONG
    both = np.concatenate([grey, judged], axis=1).repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
    picture = Image.new("RGB", (both.shape[1] + 8, both.shape[0] + TITLE), "white")
    picture.paste(Image.fromarray(both), (4, TITLE - 4))
    text = f"Dice {drawn.dice:.2f}   vessel {drawn.truth.mean():.1%}   slice {index}"
    ImageDraw.Draw(picture).text((6, 5), text, fill="black", font=ImageFont.load_default(18))
    return picture


def main() -> None:
    """Predict, sort, draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--phantoms", type=int, default=24)
    parser.add_argument("--checkpoint", type=Path)
    args = parser.parse_args()
    checkpoint = Checkpoint.open(args.checkpoint) if args.checkpoint else starter()
    drawn = [predicted(checkpoint, SEED + i) for i in range(args.phantoms)]
    drawn = sorted((d for d in drawn if d.truth.sum() > 200), key=lambda d: -d.dice)
    middle = len(drawn) // 2 - COLUMNS // 2
    chosen = [*drawn[:COLUMNS], *drawn[middle : middle + COLUMNS], *drawn[-COLUMNS:]]
    panels = [panel(d) for d in chosen]
    width, height = panels[0].size
    sheet = Image.new("RGB", (COLUMNS * width, ROWS * height), "white")
    for number, part in enumerate(panels):
        sheet.paste(part, (number % COLUMNS * width, number // COLUMNS * height))
    sheet.save(args.out, quality=70, method=6)
    print(f"{args.out.name}: {args.out.stat().st_size / 1000:.0f} kB")
    print(f"Mean Dice of {len(drawn)} phantoms: {np.mean([d.dice for d in drawn]):.3f}")


if __name__ == "__main__":
    main()
