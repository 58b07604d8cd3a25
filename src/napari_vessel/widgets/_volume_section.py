"""1 Volume: open a file, a folder, an address, a project or an image layer."""

from __future__ import annotations

from pathlib import PurePath

from qtpy.QtWidgets import QFileDialog, QFrame, QLineEdit, QVBoxLayout

from napari_vessel.errors import CallerError, VesselError
from napari_vessel.geometry import VoxelSize
from napari_vessel.session import ActivityName, Opened
from napari_vessel.volumes import Volume
from napari_vessel.widgets._cache_row import CacheRow
from napari_vessel.widgets._layer_voxels import layer_voxels
from napari_vessel.widgets._reading_options import ReadingOptions
from napari_vessel.widgets._section import Section, Sentence, button, combo, row
from napari_vessel.widgets._units import micrometres
from napari_vessel.widgets._vessels_row import VesselsRow

__all__ = ["VolumeSection"]

_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "KB"), (1, "B"))
_FILES = "Volumes (*.tif *.tiff *.nii *.nii.gz *.nrrd *.nhdr *.h5 *.hdf5 *.npy);;All files (*)"


class VolumeSection(Section):
    """Opens what will be segmented and says what it is."""

    number = 1
    title = "Volume"
    activity: ActivityName | None = "open"

    def build(self) -> None:
        """Add the ways to open, the voxel size and what is open."""
        self.file = button(
            "File…", "Open a TIFF stack, NIfTI, NRRD, HDF5 or .npy file.", self._choose_file
        )
        self.folder = button(
            "Folder…",
            "Open an OME-Zarr, an N5, a folder of TIFF or JPEG 2000 slices, or a project.",
            self._choose_folder,
        )
        self.body.addLayout(row(self.file, self.folder))
        self.address = QLineEdit()
        self.address.setPlaceholderText("path, https://…, s3://… or gs://…")
        self.address.setToolTip(
            "Paste a path, or the address of an OME-Zarr or N5 (http, s3, gs), then press Open. "
            "FILE.h5::KEY names a dataset within a file."
        )
        self.address.setAccessibleName("Path or address")
        self.open = button("Open", "Open the path or address.", self._open_address)
        self.address.returnPressed.connect(self._open_address)
        address = row("Address", self.address)
        address.addWidget(self.open)
        self.body.addLayout(address)
        self.layers = combo("Layer", "An image layer that is open in the viewer.", {})
        self.layers.setPlaceholderText("no other image layer")
        self.use = button("Use", "Use this layer as the volume.", self._use_layer)
        layer = row("Layer", self.layers)
        layer.addWidget(self.use)
        self.body.addLayout(layer)
        self._add_voxel_size()
        self._add_options()
        self.facts = Sentence()
        self.body.addWidget(self.facts)
        self.vessels = VesselsRow(self._take_polarity)
        self._shown: Opened | None = None
        self.body.addWidget(self.vessels)
        self.desk.follower.follow(self.desk.link.events.layers, self._list_layers)
        self._fill_layers()

    def _add_voxel_size(self) -> None:
        self.asking = QFrame()
        self.asking.setObjectName("vessels-voxel-size")
        self.asking.setStyleSheet("#vessels-voxel-size { border: 1px solid #d08a3c; }")
        inside = QVBoxLayout(self.asking)
        self.why = Sentence("The file does not say how large a voxel is. Type it, as 50,50,50:")
        inside.addWidget(self.why)
        self.voxel = QLineEdit()
        self.voxel.setPlaceholderText("z,y,x in µm")
        self.voxel.setToolTip("Edges of a voxel along z, y and x, in micrometres.")
        self.apply = button("Apply", "Use this voxel size.", self._apply_size)
        self.voxel.returnPressed.connect(self._apply_size)
        line = row("Voxel µm", self.voxel)
        line.addWidget(self.apply)
        inside.addLayout(line)
        self.body.addWidget(self.asking)

    def _add_options(self) -> None:
        self.options = ReadingOptions()
        self.again = button(
            "Open again with these", "Read the open volume with these settings.", self._reopen
        )
        self.options.inside.addWidget(self.again)
        self.cache = CacheRow()
        self.options.inside.addWidget(self.cache)
        self.body.addWidget(self.options)

    # -- what is possible ------------------------------------------------------

    def update_state(self) -> None:
        """Show what is open, and ask for what is missing."""
        session = self.desk.session
        volume, busy = session.volume, self.running
        self.hint.say("" if volume else "Open the volume to segment.")
        self.asking.setVisible(volume is not None and not volume.voxel_size_known)
        self.facts.say(_facts(volume) if volume else "")
        self.facts.setToolTip(volume.uri if volume else "")
        self._show_vessels()
        controls = (self.file, self.folder, self.open, self.apply)
        for control in controls:
            control.setEnabled(not busy)
        self.use.setEnabled(not busy and self.layers.count() > 0)
        self.again.setEnabled(not busy and volume is not None)

    def _show_vessels(self) -> None:
        opened = self.desk.session.opened
        self.vessels.show_used(opened.polarity if opened else None, busy=self.running)
        if opened and opened is not self._shown:  # else it may be what a person just chose
            self.options.show_used(opened.volume.options)
        self._shown = opened

    def _list_layers(self) -> None:
        self._fill_layers()
        self.update_state()

    def _fill_layers(self) -> None:
        chosen = self.layers.currentText()
        self.layers.clear()
        for layer in self.desk.link.image_layers():
            if layer is not self.desk.link.image:
                self.layers.addItem(layer.name, layer)
        self.layers.setCurrentIndex(max(self.layers.findText(chosen), 0))

    # -- asking ----------------------------------------------------------------

    def open_path(self, where: str) -> None:
        """Open a path or address, read as the person wishes."""
        where = where.strip().strip("'\"")
        if not where:
            self.say("Type or paste a path or address first.")
            return
        options = self.options.wished()
        self.desk.jobs.start("open", lambda: self.desk.session.open(where, options))

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a volume", "", _FILES)
        if path:
            self.open_path(path)

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Open a zarr, slices or a project")
        if path:
            self.open_path(path)

    def _open_address(self) -> None:
        self.open_path(self.address.text())

    def _reopen(self) -> None:
        options = self.options.shown()
        names = ("level", "channel", "polarity", "organ_only")
        changes = {name: getattr(options, name) for name in names}
        self.desk.jobs.start("open", lambda: self.desk.session.reopen(**changes))

    def _take_polarity(self, polarity: str) -> None:
        self.desk.jobs.start("open", lambda: self.desk.session.reopen(polarity=polarity))

    def _apply_size(self) -> None:
        try:
            size = VoxelSize.parse(self.voxel.text())
        except CallerError as error:
            self.complain(error)
            return
        self.desk.jobs.start("open", lambda: self.desk.session.reopen(voxel_size=size))

    def _use_layer(self) -> None:
        layer = self.layers.currentData()
        if layer is None:
            self.say("There is no other image layer.")
            return
        name = layer.name  # the person may have renamed it
        kept = layer.metadata.get("napari-vessel", {}).get("uri")
        try:
            voxels = None if kept else layer_voxels(layer, self.options.wished().channel)
        except VesselError as error:
            self.complain(error)
            return
        session, options = self.desk.session, self.options.wished()
        if kept:
            started = self.desk.jobs.start("open", lambda: session.open(kept, options))
        else:
            size = micrometres(layer.scale[-3:], layer.units[-3:])
            started = self.desk.jobs.start("open", lambda: session.open_array(voxels, size, name))
        if started:
            self.desk.link.adopt(layer)


def _facts(volume: Volume) -> str:
    shape = " × ".join(f"{n:,}" for n in volume.shape)
    levels = len(volume.shapes)
    return (
        f"{PurePath(volume.uri).name}: {shape} voxels of {volume.voxel_size}"
        f"{'' if volume.voxel_size_known else ' (assumed)'}, {volume.dtype}, "
        f"{_bytes(volume.nbytes)}, {levels} level{'s' * (levels > 1)}."
    )


def _bytes(count: int) -> str:
    """Say a number of bytes.

    >>> _bytes(46_080), _bytes(3_540_000), _bytes(2_000_000_000), _bytes(15_100_000_000_000)
    ('46 KB', '3.5 MB', '2.0 GB', '15,100 GB')
    """
    size, unit = next((count / n, unit) for n, unit in _UNITS if count >= n or n == 1)
    return f"{size:,.{1 if size < 100 and unit not in ('B', 'KB') else 0}f} {unit}"
