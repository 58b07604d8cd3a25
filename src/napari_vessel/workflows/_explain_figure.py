"""An attribution as a picture: what was asked, where, and what speaks for and against it."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.attribution import Method
from napari_vessel.tiling import slices_of
from napari_vessel.workflows._explain_sentences import SIZELESS, UNITS, strength_of
from napari_vessel.workflows._explain_words import Explained

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["picture_of"]

_TEXT_IN, _IMAGE_IN, _HEIGHTS_IN = 1.2, 4.4, (3.4, 9.0)  # inches: around it, of a square, both
_BAR = 0.3  # of the picture's width, at most
_ROUND_UM = tuple(factor * 10**power for power in range(-1, 6) for factor in (1, 2, 5))


def picture_of(found: Explained) -> bytes:
    """Draw the image with its target, and the attribution over the image, as PNG.

    Of several slices the one with the strongest values is drawn.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    image, values, target = (
        slices_of(part, found.plane) for part in (found.image, found.values, found.target)
    )
    at = int(np.abs(values).sum(axis=(1, 2)).argmax())
    edges = found.voxel_size.zyx[found.plane.rows], found.voxel_size.zyx[found.plane.columns]
    tall = image.shape[1] * edges[0] / (image.shape[2] * edges[1])
    height = float(np.clip(_TEXT_IN + _IMAGE_IN * tall, *_HEIGHTS_IN))
    figure = Figure(figsize=(10, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    figure.suptitle("\n".join(textwrap.wrap(found.title, 95)), fontsize=11)
    shape: dict[str, Any] = {"aspect": edges[0] / edges[1]}
    outlined: NDArray[np.bool_] = np.asarray(target[at] if target[at].any() else target.any(axis=0))
    for axes in (left, right):
        axes.imshow(image[at], cmap="gray", vmin=0, vmax=1, **shape)
        axes.set_axis_off()
        _outline(axes, outlined)
    _overlay(right, values[at], found.question.config.method, shape)
    if found.on_volume:
        _scale_bar(left, image.shape[2], edges[1])
    figure.supxlabel("\n".join(textwrap.wrap(found.sentence, 120)), fontsize=9)
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()


def _outline(axes: Axes, target: NDArray[np.bool_]) -> None:
    if target.any() and not target.all():
        axes.contour(target, levels=[0.5], colors="#ffd400", linewidths=0.9)


def _overlay(
    axes: Axes, values: NDArray[np.float32], method: Method, shape: dict[str, Any]
) -> None:
    """Lay the values over the image: the weaker, the more of it shows."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    strong, sizeless = strength_of(values), method in SIZELESS
    name, low = ("inferno", 0.0) if sizeless else ("bwr", -strong)
    solid = 0.85 * np.sqrt(np.clip(np.abs(values) / strong, 0, 1))
    axes.imshow(values, cmap=name, vmin=low, vmax=strong, alpha=solid, **shape)
    # Of what is drawn itself the bar would be as transparent.
    scale = ScalarMappable(Normalize(low, strong), name)
    if (figure := axes.get_figure()) is not None:
        bar = figure.colorbar(scale, ax=axes, fraction=0.046, pad=0.02)
        bar.set_label(("" if sizeless else "against ← 0 → for;  ") + UNITS[method], fontsize=9)


def _scale_bar(axes: Axes, columns: int, edge_um: float) -> None:
    """Draw a bar of a round length in µm, at the lower left."""
    width_um = columns * edge_um
    length = max((um for um in _ROUND_UM if um <= _BAR * width_um), default=_ROUND_UM[0])
    low, _ = axes.get_ylim()
    y, x = low - 0.04 * abs(low), 0.04 * columns
    axes.plot([x, x + length / edge_um], [y, y], color="white", linewidth=3, solid_capstyle="butt")
    text = f"{length / 1000:g} mm" if length >= 1000 else f"{length:g} µm"
    axes.text(x, y - 0.02 * abs(low), text, color="white", fontsize=9, va="bottom")
