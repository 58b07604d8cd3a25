"""Draw where the starter is right and where it fails, for its model card.

    python scripts/starter_pictures.py docs/images/starter.webp

Predicts phantoms that it never learned from as ``napari-vessel predict`` does, each with its
voxel size and its polarity given, judges the masks by what a person would outline (so did the
training), and draws the best, the middle and the worst of them: right green, missed orange,
wrong red with an outline. (Real volumes are not drawn: none of them may lie in the repository.)
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import binary_erosion

from napari_vessel.geometry import Box
from napari_vessel.inference import InferenceConfig
from napari_vessel.metrics import confusion
from napari_vessel.phantoms import Phantom, PhantomConfig, make_phantom, random_config
from napari_vessel.volumes import VolumeOptions, open_volume
from napari_vessel.workflows import WORKFLOWS, Predict
from starter_data import shown

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


def predicted(checkpoint: str, seed: int, inference: InferenceConfig) -> Drawn:
    """Make a phantom and predict it as a person's volume of known polarity would be."""
    phantom = make_phantom(random_config(np.random.default_rng(seed), SHAPE, polarity=None))
    bright = phantom.config.polarity == "bright"
    image = shown(phantom.image, bright=bright)
    mask = _mask(phantom, checkpoint, inference)
    return Drawn(phantom.config, 1 - image if bright else image, phantom.outlined(), mask)


def _mask(phantom: Phantom, checkpoint: str, inference: InferenceConfig) -> np.ndarray:
    """Predict a phantom's image as the command line does, at the checkpoint's threshold."""
    options = VolumeOptions(voxel_size=phantom.voxel_size, polarity=phantom.config.polarity)
    with tempfile.TemporaryDirectory() as folder:
        volume, out = Path(folder) / "volume.npy", Path(folder) / "out.ome.zarr"
        np.save(volume, phantom.image)
        request = Predict(str(volume), out, options, checkpoint, inference=inference)
        list(WORKFLOWS["predict"](request))
        return np.asarray(open_volume(str(out)).read(Box.of(SHAPE)) > 0)


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


def means(drawn: list[Drawn]) -> str:
    """Say the mean Dice of all, and of either polarity."""
    parts = [f"Mean Dice of {len(drawn)} phantoms: {np.mean([d.dice for d in drawn]):.3f}"]
    for polarity in ("dark", "bright"):
        found = [d.dice for d in drawn if d.config.polarity == polarity]
        if found:
            parts.append(f"{len(found)} {polarity}: {np.mean(found):.3f}")
    return "; ".join(parts)


def main() -> None:
    """Predict, sort, draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--phantoms", type=int, default=24)
    parser.add_argument("--checkpoint", default="starter", help="a folder; else the bundled one")
    parser.add_argument("--views", choices=("none", "flips"), default="flips")
    args = parser.parse_args()
    inference, drawn = InferenceConfig(views=args.views), []
    for number in range(args.phantoms):
        drawn.append(predicted(args.checkpoint, SEED + number, inference))
        config, dice = drawn[-1].config, drawn[-1].dice
        edges = " × ".join(f"{edge:.3g}" for edge in config.voxel_size_um)
        print(
            f"{number + 1}/{args.phantoms}  {config.polarity}, {edges} µm  {dice:.3f}", flush=True
        )
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
    print(means(drawn))


if __name__ == "__main__":
    main()
