"""The demo's report: figures before and after, and pictures people can look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion
from skimage.io import imsave

from napari_vessel.simulate._annotator import evenly_spaced
from napari_vessel.simulate._loop import Looped
from napari_vessel.volumes import write_atomically

_ZOOM = 2
_RIGHT, _MISSED, _WRONG = (90, 200, 120), (255, 170, 40), (235, 60, 110)


def write_report(out: Path, shown: Looped) -> Path:
    """Write ``report.md`` and its pictures into ``out``; return its path."""
    indices = _uncorrected(shown)
    for index in indices:
        imsave(out / f"slice-{index:04d}.png", slice_picture(shown, index), check_contrast=False)
    report = out / "report.md"
    write_atomically(report, "\n".join(_lines(shown, indices)).encode())
    return report


def slice_picture(shown: Looped, index: int) -> NDArray[np.uint8]:
    """Draw slice ``index``: image, proposal before, proposal after, truth, side by side."""
    grey = np.repeat((shown.image[index] * 255).astype(np.uint8)[..., None], 3, axis=2)
    truth = shown.truth[index]
    panels = [
        grey,
        _judged(grey, shown.first[index], truth),
        _judged(grey, shown.second[index], truth),
        _judged(grey, truth, truth),
    ]
    gap = np.full((grey.shape[0], 4, 3), 255, np.uint8)
    row = np.concatenate([part for panel in panels for part in (panel, gap)][:-1], axis=1)
    return row.repeat(_ZOOM, axis=0).repeat(_ZOOM, axis=1)


def _uncorrected(shown: Looped) -> list[int]:
    """Choose up to three slices, spread over the volume, that nobody corrected."""
    free = [index for index in range(len(shown.truth)) if index not in shown.corrected]
    count = min(3, len(free))
    return [free[place] for place in evenly_spaced(len(free), count)] if count else []


def _judged(
    grey: NDArray[np.uint8], mask: NDArray[np.bool_], truth: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Colour what is right, missed and wrong; wrong has an outline too, for colour-blind eyes."""
    picture = grey.copy()
    for where, colour in (
        (mask & truth, _RIGHT),
        (truth & ~mask, _MISSED),
        (mask & ~truth, _WRONG),
    ):
        picture[where] = colour
    wrong = mask & ~truth
    picture[wrong & ~binary_erosion(wrong)] = (255, 255, 255)
    return picture


def _lines(shown: Looped, indices: list[int]) -> list[str]:
    before, after = shown.before.as_dict(), shown.after.as_dict()
    retrained = shown.retrained
    slices = ", ".join(map(str, shown.corrected))
    table = [f"| {name} | {before[name]:.3f} | {after[name]:.3f} |" for name in before]
    pictures = [
        line
        for index in indices
        for line in (f"### Slice {index}", f"![](slice-{index:04d}.png)", "")
    ]
    return [
        "# napari-vessel: the loop on a synthetic kidney",
        "",
        "A phantom more blurred and noisier than most that the bundled network learned from,",
        "corrected by a simulated person of perfect sight.",
        "",
        f"Corrected XY slices: {slices}. {retrained.reason}",
        f"Training took {retrained.seconds:.0f} s.",
        "",
        "The network's proposal against the exact truth, where nobody corrected:",
        "",
        "| score | before | after |",
        "|---|---|---|",
        *table,
        "",
        "The mask with all corrections is `mask.ome.zarr`; the project, to open in napari, is",
        "`phantom.vessel`.",
        "",
        "## Slices that nobody corrected",
        "",
        "From left to right: image, first proposal, proposal after retraining, truth.",
        "Green: right; orange: missed; pink with a white outline: wrong.",
        "",
        *pictures,
    ]
