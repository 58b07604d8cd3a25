"""A labels layer into whose hand a tool of ours can be put, beside napari's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from napari.layers import Labels
from napari.layers.labels._labels_constants import Mode

from napari_vessel.widgets._scatter import Piece

__all__ = ["Drag", "ToolLabels"]

Drag = Callable[[Any, Any], Iterator[None]]
"""What a tool does from the press of the mouse on; as napari's callbacks of a drag."""


def _use_tool(layer: ToolLabels, event: Any) -> Iterator[None] | None:  # noqa: ANN401  napari's
    return layer.tool(layer, event) if layer.tool is not None else None


class ToolLabels(Labels):  # type: ignore[misc]  # napari ships no complete types
    """Lends napari's mode ``pick`` to tools: of a mask of two values there is nothing to pick.

    So Space still moves the camera as long as it is held, every other tool that is chosen
    puts ours down, and a double click does not zoom.

    Attributes
    ----------
    tool
        What is in the hand while the mode is ``pick``; None: nothing.
    """

    tool: Drag | None = None

    _drag_modes: ClassVar[dict[Mode, Any]] = {**Labels._drag_modes, Mode.PICK: _use_tool}  # noqa: SLF001

    def take(self, tool: Drag, cursor: str = "cross") -> None:
        """Put ``tool`` into the hand."""
        self.tool = tool
        self._cursor_modes = {**Labels._cursor_modes, Mode.PICK: cursor}  # noqa: SLF001
        self.mode = Mode.PICK
        self.cursor = cursor

    @property
    def tool_in_hand(self) -> bool:
        """Whether a tool of ours is in the hand."""
        return self.tool is not None and self._mode == Mode.PICK

    def cover(self, pieces: Sequence[Piece], tool: str) -> None:
        """Hand over what ``tool`` covered, as part of the stroke that is under way, and show it."""
        self._record(pieces, tool)
        self._partial_labels_refresh()

    def _record(self, pieces: Sequence[Piece], tool: str) -> None:
        raise NotImplementedError
