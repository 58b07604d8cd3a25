"""The graph of the vessels as a layer coloured by radius; one branch of it chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from napari.layers import Image, Vectors
from napari.utils.colormaps import ensure_colormap
from qtpy.QtCore import QObject, Signal  # type: ignore[attr-defined]  # qtpy renames it

from napari_vessel.geometry import Box
from napari_vessel.session import ErrorMap, GraphView, Session
from napari_vessel.widgets._looking import go_to
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import MAP, ViewerLink

__all__ = ["GraphLayer"]

_COLOURS = "turbo"
_REACH_PX = 12  # canvas pixels around a click in which a branch is looked for
_WIDTH, _CHOSEN_WIDTH = 1.2, 2.0  # voxels


class GraphLayer(QObject):
    """Shows what the session measured, and lets a click choose a branch.

    Parameters
    ----------
    link
        The viewer, and what is open in it.
    session
        What was measured.
    """

    chosen = Signal(int)  # a branch that was clicked

    def __init__(self, link: ViewerLink, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.layer: Vectors | None = None
        self.highlight: Vectors | None = None
        self._link = link
        self._session = session
        self._view: GraphView | None = None
        self._errors: list[Image] = []
        link.viewer.layers.events.removed.connect(self._on_removed)
        link.closing.append(self.close)

    def show(self, view: GraphView | None) -> None:
        """Show another graph from now on; None: none."""
        self._remove("highlight")
        self._remove("layer")
        self._view = view
        image = self._link.image
        if view is None or image is None or not len(view.segments):
            return
        self.layer = self._vectors(view.segments, _colours(view), _WIDTH, "Vessel graph, by radius")
        self.layer.mouse_drag_callbacks.append(self._on_click)
        self._add(self.layer)

    def choose(self, branch: int, *, look: bool) -> None:
        """Mark a branch, and bring it to the middle of the view if ``look``."""
        view, image = self._view, self._link.image
        if view is None or image is None:
            return
        own = view.segments[view.owner == branch]
        if self.highlight is None:
            colour = np.array([1.0, 1, 1, 1], np.float32)
            self.highlight = self._vectors(own, colour, _CHOSEN_WIDTH, "Chosen branch")
            self._add(self.highlight)
        else:
            self.highlight.data = own
        if look:
            go_to(self._link.viewer, image, view.middle(branch))

    def show_errors(self, maps: tuple[ErrorMap, ...]) -> None:
        """Lay maps of errors over the image, a coarse voxel for each block."""
        for layer in list(self._errors):
            self._link.viewer.layers.remove(layer)
        image = self._link.image
        if image is None:
            return
        for number, each in enumerate(maps):
            placed = mask_placed(image, Box((0, 0, 0), (1, 1, 1)))
            block = np.asarray(each.block)
            centre = (block - 1) / 2 * np.asarray(image.scale)
            placed |= {"scale": image.scale * block, "translate": placed["translate"] + centre}
            layer = Image(
                np.nan_to_num(each.values),
                name=each.name,
                contrast_limits=(0, 1),
                colormap="inferno",
                blending="additive",
                opacity=0.6,
                visible=number == 0,
                interpolation2d="nearest",
                metadata={MAP: "errors"},
                **placed,
            )
            self._errors.append(layer)
            self._add(layer)

    def close(self) -> None:
        """Let go of the viewer; the layers stay for looking."""
        self._link.viewer.layers.events.removed.disconnect(self._on_removed)
        if self.layer is not None and self._on_click in self.layer.mouse_drag_callbacks:
            self.layer.mouse_drag_callbacks.remove(self._on_click)

    def _vectors(
        self, segments: np.ndarray, colour: np.ndarray, width: float, name: str
    ) -> Vectors:
        image = self._link.image
        placed = mask_placed(image, Box((0, 0, 0), (1, 1, 1))) if image is not None else {}
        return Vectors(
            segments,
            edge_color=colour,
            edge_width=width,
            vector_style="line",
            name=name,
            metadata={MAP: "graph"},
            **placed,
        )

    def _add(self, layer: Vectors | Image) -> None:
        layers = self._link.viewer.layers
        active = layers.selection.active
        layers.append(layer)
        layers.selection.active = active  # the brush stays in the hand

    def _remove(self, name: str) -> None:
        layer = getattr(self, name)
        setattr(self, name, None)
        if layer is not None and layer in self._link.viewer.layers:
            self._link.viewer.layers.remove(layer)

    def _on_removed(self, event: Any) -> None:  # noqa: ANN401  napari's event
        if event.value is self.layer:
            self.layer = None
        elif event.value is self.highlight:
            self.highlight = None
        elif event.value in self._errors:
            self._errors.remove(event.value)

    def _on_click(self, layer: Vectors, event: Any) -> Iterator[None]:  # noqa: ANN401  napari's
        """Choose the branch under a click; a drag moves the view as ever."""
        yield
        if event.type == "mouse_move" or self._view is None:
            return
        near = self._view.nearest(*_pointed(self._link.viewer, layer, event))
        pixel_um = 1 / max(float(self._link.viewer.scene.camera.zoom), 1e-9)
        reach_um = max(_REACH_PX * pixel_um, 2 * float(np.max(layer.scale)))
        if near is not None and near[1] <= reach_um:
            self.chosen.emit(near[0])


def _pointed(viewer: Any, layer: Vectors, event: Any) -> tuple[np.ndarray, np.ndarray | None]:  # noqa: ANN401
    """Return the voxel under the cursor, and in three dimensions the direction of the ray."""
    voxel = np.asarray(layer.world_to_data(event.position))[-3:]
    if viewer.dims.ndisplay == 2:
        return voxel, None
    ahead = np.asarray(event.position) + np.asarray(event.view_direction)
    return voxel, np.asarray(layer.world_to_data(ahead))[-3:] - voxel


def _colours(view: GraphView) -> np.ndarray:
    """Colour segments by their branch's radius, evenly over the ranks: few vessels are wide."""
    values, rank = np.unique(np.round(view.graph.radii_um, 3), return_inverse=True)
    share = rank / max(len(values) - 1, 1)
    colours: np.ndarray = ensure_colormap(_COLOURS).map(share)[view.owner]
    return colours.astype(np.float32)
