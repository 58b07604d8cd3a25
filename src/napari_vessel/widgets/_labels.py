"""The labels layer a person paints on: it keeps nothing and hands everything to the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from napari.layers.labels._labels_constants import Mode
from napari.utils.colormaps import DirectLabelColormap

from napari_vessel.errors import LabelsError, VesselError
from napari_vessel.geometry import Box, Plane
from napari_vessel.widgets._painter import Painter
from napari_vessel.widgets._scatter import Piece, box_of_slices, pieces_of
from napari_vessel.widgets._tool_layer import ToolLabels

if TYPE_CHECKING:
    from napari_vessel.annotation import EditableLabels

__all__ = ["VESSEL_COLOUR", "VesselLabels"]

# Vermilion: seen on grey by every kind of colour vision, and unlike napari's own blue-green.
VESSEL_COLOUR = (0.95, 0.35, 0.10, 1.0)


class VesselLabels(ToolLabels):
    """A mask of one region: 0 is background, every other value vessel (kept as 1).

    A stroke is what the brush covered, not what changed: painting vessel on a
    proposed vessel confirms it. Paint, fill, polygon and ``data_setitem`` hand
    box, mask, value and tool to ``painter``; undo and redo are asked of it.
    napari's own history stays empty, and no ``paint`` events are sent.

    napari 0.9 ends paint, fill and polygon in ``_paint_region_with_mask`` and
    groups events of the mouse by ``block_history`` and ``_begin_stroke``; those
    are what is overridden here.

    Parameters
    ----------
    painter
        Who keeps the strokes.
    labels
        The array that shows corrections over the proposal, in region voxels.
    region
        Where ``labels`` lies in the volume (voxels).
    kwargs
        As for ``napari.layers.Labels``.
    """

    def __init__(
        self,
        painter: Painter,
        labels: EditableLabels,
        region: Box,
        **kwargs: Any,  # noqa: ANN401  napari's own, passed on
    ) -> None:
        self._painter: Painter | None = painter
        self._region = region
        self._open_strokes = 0
        self._begun = False
        self._refused = False
        self._stale = False
        super().__init__(labels, multiscale=False, cache=False, **kwargs)
        self.colormap = DirectLabelColormap(
            color_dict={0: (0, 0, 0, 0), 1: VESSEL_COLOUR, None: VESSEL_COLOUR}
        )
        self._slicing_state.loaded_data.connect(self._refresh_stale)

    @property
    def _type_string(self) -> str:
        return "labels"  # by this name napari finds icons, menus and writers

    @property
    def region(self) -> Box:
        """Where this layer lies in the volume, in voxels."""
        return self._region

    @property
    def in_stroke(self) -> bool:
        """Whether a stroke has begun and not ended."""
        return self._open_strokes > 0

    @property
    def data(self) -> EditableLabels:
        """The array shown. Setting labels of the same shape imports them, as one undoable step."""
        shown: EditableLabels = self._data
        return shown

    @data.setter
    def data(self, labels: np.ndarray) -> None:
        if tuple(labels.shape) != tuple(self._data.shape):
            raise LabelsError(
                f"Labels of shape {tuple(labels.shape)} do not fit this layer of shape "
                f"{tuple(self._data.shape)}: crop or resample them first."
            )
        self._who_keeps().import_labels(np.asarray(labels))
        self.refresh(extent=False)

    def as_layer_data_tuple(self) -> tuple[np.ndarray, dict[str, Any], str]:
        """Return a copy that owns its voxels: duplicating or saving must not share the journal."""
        _, state, kind = super().as_layer_data_tuple()
        return np.asarray(self.data), state, kind

    def show_labels(self, painter: Painter, labels: EditableLabels, region: Box) -> None:
        """Show another region, or the same one opened anew. Not to be called in a stroke."""
        self._painter, self._region = painter, region
        self.editable = True
        Labels.data.fset(self, labels)

    def retire(self) -> None:
        """Show what is here from now on without taking corrections."""
        self._end()
        self._painter = None
        self.editable = False

    # -- strokes ---------------------------------------------------------------

    @contextmanager
    def block_history(self) -> Iterator[None]:
        """Make one step to undo of all that is painted inside, even if it fails in the middle."""
        self._begin_stroke()
        try:
            yield
        finally:
            self._commit_stroke()

    def _begin_stroke(self) -> None:
        self._open_strokes += 1

    def _commit_stroke(self) -> None:
        self._open_strokes = max(self._open_strokes - 1, 0)
        if not self._open_strokes:
            self._end()

    def _abort_stroke(self) -> None:
        begun, self._open_strokes = self._begun, 0
        self._end()
        if begun:
            self.undo()

    def _end(self) -> None:
        told = (VesselError,) if self._refused else ()
        begun, self._begun, self._refused = self._begun, False, False
        if begun and self._painter is not None:
            with suppress(*told):
                self._painter.end_stroke()

    def _record(self, pieces: Sequence[Piece], tool: str) -> None:
        """Hand over what was covered; what cannot be kept is told once a stroke and not shown."""
        if self._refused:
            return
        with self.block_history():
            try:
                painter = self._who_keeps()
                if not self._begun:
                    painter.begin_stroke(tool, self._stroke_plane())
                    self._begun = True
                for piece in pieces:
                    painter.paint(piece.box, piece.mask, piece.value)
            except VesselError:
                self._refused = True
                raise
        for piece in pieces:
            self._show_painted(piece)

    def _who_keeps(self) -> Painter:
        if self._painter is None:
            raise LabelsError("This mask is only shown: open its project to correct it.")
        return self._painter

    def _stroke_plane(self) -> Plane | None:
        """Return the plane on screen; None where the brush is a ball."""
        hidden = self._slice_input.not_displayed
        return (
            Plane.of_normal(hidden[0]) if len(hidden) == 1 and self.n_edit_dimensions == 2 else None
        )

    # -- tools -----------------------------------------------------------------

    def paint(self, coord: Sequence[float], new_label: int, refresh: bool = True) -> None:
        """Paint with the brush at ``coord``; see napari."""
        super().paint(coord, int(new_label != 0), refresh)

    def fill(self, coord: Sequence[float], new_label: int, refresh: bool = True) -> None:
        """Fill what is connected with ``coord``; see napari."""
        super().fill(coord, int(new_label != 0), refresh)

    def paint_polygon(self, points: Any, new_label: int) -> None:  # noqa: ANN401  as napari's
        """Paint a polygon; see napari."""
        super().paint_polygon(points, int(new_label != 0))

    def _paint_region_with_mask(
        self,
        slice_key: tuple[slice, ...],
        mask: np.ndarray,
        new_label: int,
        dims_to_paint: list[int],
        refresh: bool = True,
        region_data: np.ndarray | None = None,  # noqa: ARG002  napari's signature
    ) -> None:
        """Record every voxel covered, also where the value stays: that confirms it."""
        mask = np.expand_dims(mask, tuple(d for d in range(self.ndim) if d not in dims_to_paint))
        mask = mask.astype(bool)
        if self.preserve_labels:
            mask &= np.asarray(self.data[slice_key]) != new_label
        if mask.any():
            self._record([Piece(box_of_slices(slice_key), mask, new_label)], self._tool(new_label))
            if refresh:
                self._partial_labels_refresh()

    def _tool(self, value: int) -> str:
        tools = {Mode.FILL: "fill", Mode.POLYGON: "polygon"}
        return tools.get(self._mode, "paint" if value else "erase")

    def _get_flood_mask_and_bbox(
        self, coord: Sequence[float], new_label: int, dims_to_paint: list[int]
    ) -> Any:  # noqa: ANN401  napari's tuple
        """Fill also what has the value already: that confirms it, once a stroke."""
        inside = all(0 <= c < n for c, n in zip(coord, self.data.shape, strict=True))
        confirms = inside and not self._begun and not self.preserve_labels
        if confirms and int(self.data[tuple(map(int, coord))]) == new_label:
            new_label = 1 - new_label  # napari declines to fill where nothing would change
        return super()._get_flood_mask_and_bbox(coord, new_label, dims_to_paint)

    def _validate_label_in_range(self, label: int) -> None:
        """Accept every label, as 0 or 1: napari would read a whole slice to ask for its dtype."""

    def _get_preserve_labels_source_label(self, new_label: int) -> int:
        return 1 - int(new_label != 0)

    def data_setitem(self, indices: Any, value: Any, refresh: bool = True) -> None:  # noqa: ANN401
        """Set voxels at ``indices`` (an index array per axis), as a stroke of tool ``script``."""
        self._record(pieces_of(indices, value, self.data.shape), "script")
        if refresh:
            self._partial_labels_refresh()

    def undo(self) -> None:
        """Take the last stroke back, as a new row of the journal."""
        self._replay(self._who_keeps().undo)

    def redo(self) -> None:
        """Do again what was last undone."""
        self._replay(self._who_keeps().redo)

    def _replay(self, step: Callable[[], Box | None]) -> None:
        if self.in_stroke:
            return
        box = step()
        if box is not None:
            self.refresh_box(box)

    # -- what is seen ----------------------------------------------------------

    def refresh_box(self, box: Box | None) -> None:
        """Show ``box`` (volume voxels) anew where it is on screen; None: everything."""
        if box is None or not self.loaded or self._slice.empty:
            self._stale = not self.loaded
            self.refresh(extent=False)
            return
        inside = box.intersection(self._region)
        key = inside.relative_to(self._region).slices if inside else None
        seen = self._get_update_slices(key) if key else None
        if key is None or seen is None:
            return
        values = np.asarray(self.data[key][tuple(seen[0])])
        values, _ = self._align_data_to_view(values, values)
        self._slice.image.raw[tuple(seen[1])] = values
        if self.contour == 0:
            self._slice.image.view[tuple(seen[1])] = self.colormap._data_to_texture(values)  # noqa: SLF001
        self._accumulate_updated_slice(key)
        self._partial_labels_refresh()

    def _show_painted(self, piece: Piece) -> None:
        """Put a painted piece into what is on screen, as napari's own painting does."""
        if not self.loaded or self._slice.empty:
            self._stale = True  # the slice being loaded may have been read before the stroke
            return
        key = piece.box.slices
        seen = self._get_update_slices(key)
        if seen is None:
            return
        mask = piece.mask[tuple(seen[0])]
        mask, _ = self._align_data_to_view(mask, mask)
        value = np.array([piece.value], self.dtype)
        self._slice.image.raw[tuple(seen[1])][mask] = value
        if self.contour == 0:
            texture = self.colormap._data_to_texture(value)  # noqa: SLF001
            self._slice.image.view[tuple(seen[1])][mask] = texture
        self._accumulate_updated_slice(key)

    def _refresh_stale(self) -> None:
        if self._stale and self.loaded:
            self._stale = False
            self.refresh(extent=False)
