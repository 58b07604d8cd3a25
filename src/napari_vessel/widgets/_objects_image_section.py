"""1 Image: the layer or file that the objects are in, and whether what was done is saved."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from napari.layers import Image
from qtpy.QtCore import Signal  # type: ignore[attr-defined]  # qtpy renames it
from qtpy.QtWidgets import QFileDialog, QLineEdit

from napari_vessel.errors import VesselError
from napari_vessel.session import ActivityName
from napari_vessel.volumes import VolumeOptions
from napari_vessel.widgets._layer_voxels import layer_voxels
from napari_vessel.widgets._placing import finest_shape, image_placed, limits
from napari_vessel.widgets._section import Section, Sentence, button, combo, row
from napari_vessel.widgets._units import micrometres

__all__ = ["ObjectsImageSection"]

_ENDED: tuple[ActivityName, ...] = ("classify", "teach", "explain")
_SAVED = {
    "nothing": "",
    "saving": "Saving …",
    "saved": "✔ All you did is saved.",
    "aside": "⚠ The project cannot be written: what you do is saved in your own data folder.",
    "failed": "✘ What you did is not saved yet; it is tried again every second.",
}


class ObjectsImageSection(Section):
    """Chooses the image that objects are marked in."""

    number = 1
    title = "Image"
    activity: ActivityName | None = "objects"

    shown = Signal(object)  # the Image layer that the objects lie on

    def build(self) -> None:
        """Add the ways to an image, and what is open."""
        self._layer: Image | None = None
        self.layers = combo("Layer", "An image layer that is open in the viewer.", {})
        self.layers.setPlaceholderText("no image layer")
        self.use = button("Use", "Mark and classify objects in this layer.", self._use)
        line = row("Layer", self.layers)
        line.addWidget(self.use)
        self.body.addLayout(line)
        self.address = QLineEdit()
        self.address.setPlaceholderText("path, https://…, s3://… or gs://…")
        self.address.setToolTip("The path or address of a volume or a project; then press Open.")
        self.address.setAccessibleName("Path or address")
        self.address.returnPressed.connect(self._open)
        self.open = button("Open", "Open the path or address.", self._open)
        self.browse = button("…", "Choose a file.", self._browse)
        self.browse.setMaximumWidth(32)
        line = row("Open", self.address)
        line.addWidget(self.browse)
        line.addWidget(self.open)
        self.body.addLayout(line)
        self.facts, self.saved = Sentence(), Sentence()
        self.body.addWidget(self.facts)
        self.body.addWidget(self.saved)
        follow, events = self.desk.follower.follow, self.desk.session.objects_events
        follow(self.desk.link.events.layers, self._list_layers)
        follow(events.opened, self._on_opened)
        follow(events.saved, lambda state: self.saved.say(_SAVED[state]))
        self._fill()

    def update_state(self) -> None:
        """Show what is open."""
        objects, busy = self.desk.session.objects, self.running
        self.use.setEnabled(not busy and self.layers.count() > 0)
        self.open.setEnabled(not busy)
        if objects is None:
            self.hint.say("Choose the image that holds the objects, as glomeruli.")
            return
        self.hint.say("")
        volume = objects.opened.volume
        shape = " × ".join(f"{edge:,}" for edge in volume.shape)
        place = objects.opened.places.place
        known = "" if volume.voxel_size_known else " (assumed)"
        self.facts.say(f"{shape} voxels of {volume.voxel_size}{known}; kept in {place}")

    # -- asking ----------------------------------------------------------------

    def _use(self) -> None:
        layer = self.layers.currentData()
        if layer is None:
            self.say("There is no image layer: open one first.")
            return
        session, name = self.desk.session, layer.name
        about = layer.metadata.get("napari-vessel", {})
        self._layer = layer
        if "uri" in about:
            level, channel = about.get("read", (0, None))
            options = VolumeOptions(level=level, channel=channel)
            self._start(lambda: session.open_objects(about["uri"], options))
            return
        try:
            voxels = layer_voxels(layer, None)
        except VesselError as error:
            self.complain(error)
            return
        size = micrometres(layer.scale[-3:], layer.units[-3:])
        self._start(lambda: session.open_objects_array(voxels, size, name))

    def _open(self) -> None:
        where = self.address.text().strip().strip("'\"")
        if not where:
            self.say("Type or paste a path or address first.")
            return
        self._layer = None
        self._start(lambda: self.desk.session.open_objects(where))

    def _start(self, make: Callable[[], Generator[Any, None, None]]) -> None:
        for name in _ENDED:
            self.desk.jobs.cancel(name)
        self.desk.jobs.start("objects", make)

    def _browse(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a volume", "", "All files (*)")
        if path:
            self.address.setText(path)
            self._open()

    # -- what is shown ---------------------------------------------------------

    def _on_opened(self) -> None:
        objects = self.desk.session.objects
        if objects is None:
            return
        opened, layer, layers = objects.opened, self._layer, self.desk.link.viewer.layers
        self._layer = None
        fits = layer is not None and layer in layers
        if layer is None or not fits or finest_shape(layer)[-3:] != opened.volume.shape:
            levels = opened.pyramid
            layer = Image(
                levels if len(levels) > 1 else levels[0],
                multiscale=len(levels) > 1,
                contrast_limits=limits(opened.window),
                name=opened.volume.uri.rstrip("/").rsplit("/", 1)[-1],
                metadata={"napari-vessel": {"uri": opened.volume.uri}},
                axis_labels=("z", "y", "x"),
                **image_placed(opened.volume),
            )
            self.desk.link.viewer.add_layer(layer)
        else:
            layer.metadata.setdefault("napari-vessel", {})["uri"] = opened.volume.uri
        self.saved.say(_SAVED[objects.save_state])
        self.shown.emit(layer)
        self.update_state()

    def _list_layers(self) -> None:
        self._fill()
        self.update_state()

    def _fill(self) -> None:
        chosen = self.layers.currentText()
        self.layers.clear()
        for layer in self.desk.link.image_layers():
            self.layers.addItem(layer.name, layer)
        self.layers.setCurrentIndex(max(self.layers.findText(chosen), 0))
