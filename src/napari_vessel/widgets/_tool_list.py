"""The quick tools: names, keys and what each does, in a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["TOOLS", "Tool"]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool of the dock.

    ``kind`` is what a person does with it: drag the brush, click a piece, click two ends,
    drag a box or click a piece; ``now`` acts at once.
    """

    name: str
    text: str
    key: str
    hint: str
    kind: Literal["brush", "piece", "ends", "box", "now"]


TOOLS = (
    Tool(
        "brush",
        "Vessel brush",
        "U",
        "Drag along a vessel: takes what is like where you start, 2 slices deep. Shift: erases so. "
        "Turn the wheel while you drag: it goes on in the next slice.",
        "brush",
    ),
    Tool("accept", "Accept piece", "K", "Click a vessel: all of it, in 3D, is right.", "piece"),
    Tool("reject", "Reject piece", "D", "Click a false vessel: all of it, in 3D, goes.", "piece"),
    Tool("grow", "Grow piece", "G", "Click a vessel: the threshold falls there.", "piece"),
    Tool("threshold", "Threshold here", "T", "Drag a box or click a piece: its own slider.", "box"),
    Tool(
        "wall",
        "Fit wall",
        "C",
        "Click a vessel, shown or overlooked: its wall follows the image; a slider moves it.",
        "piece",
    ),
    Tool("fill", "Fill holes", "H", "Click a vessel with holes, as an open lumen.", "piece"),
    Tool("smooth", "Smooth piece", "S", "Click a rough vessel: corners are rounded.", "piece"),
    Tool("join", "Join gap", "J", "Click both ends of a broken vessel.", "ends"),
    Tool("between", "Interpolate", "I", "Fills between the last two slices you painted.", "now"),
    Tool("accept view", "Accept view", "W", "What is on the canvas of this slice is right.", "now"),
    Tool("accept region", "Accept region", "R", "All of the region is right as shown.", "now"),
    Tool("next", "Next unreviewed", "N", "Goes to the next slice not reviewed all over.", "now"),
    Tool("outline", "Reviewed outline", "O", "Shows or hides what is reviewed, outlined.", "now"),
    Tool("keep", "Keep threshold", "Y", "Keeps what the local slider shows.", "now"),
)
"""In the order of the dock. Keys are bound on our labels layer; napari uses none of them there."""
