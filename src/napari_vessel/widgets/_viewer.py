"""The only thing here that touches the viewer: layers, where the person looks, keys."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import PurePath
from typing import Any

import numpy as np
from napari.layers import Image
from psygnal import Signal, SignalGroup
from qtpy.QtCore import QObject, QTimer

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane
from napari_vessel.session import Activity, Opened, Session
from napari_vessel.widgets._follower import Follower
from napari_vessel.widgets._gaze import Gaze
from napari_vessel.widgets._labels import VesselLabels
from napari_vessel.widgets._looking import (
    go_to,
    level_in_view,
    middle,
    plane_in_view,
    steady,
    visible,
)
from napari_vessel.widgets._placing import finest_shape, image_placed, limits, mask_placed
from napari_vessel.workflows import Focus

__all__ = ["MAP", "LinkEvents", "ViewerLink"]

MAP = "napari-vessel-map"  # in a layer's metadata: it shows what we made, and is no volume
_REFRESH_MS = 60
_FEW = 24  # boxes shown one by one; more are shown as one refresh of the layer
_DEPTH = 32  # slices before and behind the one in view that count as visible


class LinkEvents(SignalGroup):
    """What sections hear of the viewer."""

    layers = Signal(description="Image layers, or the layers of what is open, came or went.")
    mode = Signal(str, description="The tool of the labels layer changed.")


class ViewerLink(QObject):
    """Shows what the session has open in a viewer, and tells where the person looks.

    Parameters
    ----------
    viewer
        napari's viewer, or its model.
    session
        What is open.
    follower
        Relays the session's signals.
    """

    def __init__(
        self,
        viewer: Any,  # noqa: ANN401  napari's Viewer or ViewerModel
        session: Session,
        follower: Follower,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.events = LinkEvents()
        self.viewer = viewer
        self.image: Image | None = None
        self.labels: VesselLabels | None = None
        self._session = session
        self._adopted: Image | None = None
        self._made: Image | None = None
        self._pending: list[Box | None] = []
        self._keys: dict[str, Callable[..., Any] | None] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._refresh)
        follower.follow(session.events.opened, self.show)
        follower.follow(session.events.shown, self._on_shown)
        follower.follow(session.events.activity, self._on_activity)
        viewer.layers.events.inserted.connect(self._on_layers)
        viewer.layers.events.removed.connect(self._on_removed)
        self._gaze = Gaze(viewer, self._tell_focus, self)
        self.closing: list[Callable[[], None]] = []

    # -- layers ----------------------------------------------------------------

    def image_layers(self) -> list[Image]:
        """Return the viewer's image layers that a volume could be taken from."""
        images = [layer for layer in self.viewer.layers if type(layer) is Image]
        return [layer for layer in images if MAP not in layer.metadata]

    def adopt(self, layer: Image | None) -> None:
        """Let ``layer``, which is in the viewer already, show the next volume, if it fits."""
        self._adopted = layer

    def show(self) -> None:
        """Show what the session has open: the image, and the mask above it."""
        opened = self._session.opened
        if opened is None:
            return
        if self.labels is not None and self.labels.in_stroke:
            self.labels.retire()  # a region is not replaced under the brush: the stroke ends first
        shown = self.image is not None and self._shows(self.image, opened)
        with steady(self.viewer, self.image) if shown else nullcontext():
            self._show_image(opened)
            self._show_labels(opened)
        self.events.layers.emit()

    @property
    def complete(self) -> bool:
        """Whether image and mask of what is open are in the viewer."""
        return self._session.opened is None or None not in (self.image, self.labels)

    def _show_image(self, opened: Opened) -> None:
        adopted, self._adopted = self._adopted, None
        fits = adopted is not None and finest_shape(adopted) == opened.volume.shape
        if adopted is not None and fits and adopted in self.viewer.layers:
            self.image = adopted
            adopted.metadata["napari-vessel"] = {"uri": opened.volume.uri}
            return
        keywords = image_placed(opened.volume)
        if self.image is not None and self._shows(self.image, opened):
            for name, value in keywords.items():
                setattr(self.image, name, value)
            return
        if self.image is not None and self.image is self._made:  # a person's own layer stays
            self.viewer.layers.remove(self.image)
        levels = opened.pyramid
        # Not viewer.add_image: a dock is given a proxy of the viewer, which would return a proxy
        # of the layer, and a proxy is not the layer that events bring.
        self.image = self._made = Image(
            levels if len(levels) > 1 else levels[0],
            multiscale=len(levels) > 1,
            contrast_limits=limits(opened.window),
            name=PurePath(opened.volume.uri).name or opened.volume.uri,
            metadata={"napari-vessel": {"uri": opened.volume.uri}},
            axis_labels=("z", "y", "x"),
            **keywords,
        )
        self.viewer.add_layer(self.image)
        self.viewer.reset_view()
        go_to(self.viewer, self.image, np.asarray(opened.region.centre))

    @staticmethod
    def _shows(layer: Image, opened: Opened) -> bool:
        """Tell whether ``layer`` shows this volume, so that only its scale may have changed."""
        kept = layer.metadata.get("napari-vessel", {})
        same = kept.get("uri") == opened.volume.uri and kept.get("read") == _reading(opened)
        return bool(same and finest_shape(layer) == opened.volume.shape)

    def _show_labels(self, opened: Opened) -> None:
        labels = self._session.labels
        if labels is None or self.image is None:
            return
        self.image.metadata["napari-vessel"]["read"] = _reading(opened)
        keywords = mask_placed(self.image, opened.region)
        if self.labels is None:
            self._remove_retired()
            self.labels = VesselLabels(
                self._session, labels, opened.region, name="Vessels", **keywords
            )
            self.labels.events.mode.connect(self._on_mode)
            self.viewer.add_layer(self.labels)
        else:
            self.labels.show_labels(self._session, labels, opened.region)
            for name, value in keywords.items():
                setattr(self.labels, name, value)
        layers = self.viewer.layers
        if layers.index(self.labels) < layers.index(self.image):
            layers.move(layers.index(self.labels), layers.index(self.image) + 1)
        layers.selection.active = self.labels

    def _remove_retired(self) -> None:
        """Take away masks that an earlier dock left for looking only."""
        for layer in list(self.viewer.layers):
            if isinstance(layer, VesselLabels) and not layer.editable:
                self.viewer.layers.remove(layer)

    def _on_activity(self, activity: Activity) -> None:
        if activity.name == "open" and activity.state in ("failed", "cancelled"):
            self._adopted = None  # it was for that volume, not for whichever comes next

    def _on_layers(self) -> None:
        self.events.layers.emit()

    def _on_removed(self, event: Any) -> None:  # noqa: ANN401  napari's event
        if event.value is self.labels and self.labels is not None:
            self.labels.retire()
            self.labels = None
        elif event.value is self.image:
            self.image = None
        self.events.layers.emit()

    # -- what changed ----------------------------------------------------------

    def _on_shown(self, box: Box | None) -> None:
        self._pending.append(box)
        if not self._timer.isActive():
            self._timer.start(_REFRESH_MS)

    def _refresh(self) -> None:
        boxes, self._pending = self._pending, []
        if self.labels is None:
            return
        if None in boxes or len(boxes) > _FEW:
            boxes = [None]
        for box in boxes:
            self.labels.refresh_box(box)

    # -- where the person looks ------------------------------------------------

    def focus(self) -> Focus | None:
        """Return the point in the middle of the canvas (volume voxels) and the plane on screen."""
        opened, layer = self._session.opened, self.image
        if opened is None or layer is None:
            return None
        last = np.asarray(opened.volume.shape) - 1
        z, y, x = (float(p) for p in np.clip(middle(self.viewer, layer), 0, last))
        return Focus((z, y, x), plane_in_view(self.viewer), level_in_view(layer))

    def _tell_focus(self) -> None:
        """Tell a prediction that is under way where the person looks by now."""
        if self._session.activities["predict"].state == "running":
            self._session.look(self.focus())

    def visible_box(self) -> Box | None:
        """Return what is on the canvas, and some slices before and behind, inside the region."""
        opened, layer, focus = self._session.opened, self.image, self.focus()
        if opened is None or layer is None or focus is None:
            return None
        normal = focus.plane.normal
        at = round(focus.point[normal])
        box = visible(layer, opened.volume.shape, (normal, at - _DEPTH, at + _DEPTH))
        return box and box.intersection(opened.region)

    def slice_in_view(self) -> tuple[Plane, int]:
        """Return the plane on screen and the slice's index in the volume.

        Raises
        ------
        CallerError
            Nothing is open, or the viewer shows three dimensions.
        """
        focus = self.focus()
        if focus is None:
            raise CallerError("No volume is shown: open one, or show it again.")
        if self.viewer.dims.ndisplay != 2:
            raise CallerError("Three dimensions are shown: go back to a slice to accept it.")
        if min(self.viewer.dims.displayed) < self.viewer.dims.ndim - 3:
            raise CallerError("No slice of the volume is shown: show two of its axes to accept it.")
        return focus.plane, round(focus.point[focus.plane.normal])

    # -- tools and keys --------------------------------------------------------

    def set_mode(self, mode: str) -> None:
        """Choose a tool of the labels layer: ``paint``, ``erase``, ``fill``, ``pan_zoom``."""
        if self.labels is None:
            raise CallerError("The mask is not in the viewer: show it again first.")
        self.viewer.layers.selection.active = self.labels
        self.labels.visible = True
        self.labels.mode = mode

    def _on_mode(self, event: Any) -> None:  # noqa: ANN401  napari's event
        self.events.mode.emit(str(event.source.mode))

    def toggle_mask(self) -> None:
        """Show or hide the mask."""
        if self.labels is not None:
            self.labels.visible = not self.labels.visible

    def bind(self, key: str, slot: Callable[[], None]) -> None:
        """Bind a key of the viewer until :meth:`close`."""

        def pressed(_viewer: Any) -> None:  # noqa: ANN401
            slot()

        self._keys[key] = self.viewer.bind_key(key, pressed, overwrite=True)

    def close(self) -> None:
        """Let go of the viewer: keys as before, the mask only for looking."""
        self._timer.stop()
        self._gaze.close()
        for end in self.closing:
            end()
        for key, before in self._keys.items():
            self.viewer.bind_key(key, before, overwrite=True)
        self._keys.clear()
        self.viewer.layers.events.inserted.disconnect(self._on_layers)
        self.viewer.layers.events.removed.disconnect(self._on_removed)
        if self.labels is not None:
            self.labels.retire()


def _reading(opened: Opened) -> tuple[int, int | None]:
    options = opened.volume.options
    return options.level, options.channel
