"""The Human Organ Atlas: find a data set and open it at a level that fits the screen."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDoubleSpinBox,
    QFileDialog,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
)

from napari_vessel.errors import ReadError
from napari_vessel.volumes import AtlasVolume, load_atlas, search_atlas
from napari_vessel.widgets._atlas_picture import LevelsPicture
from napari_vessel.widgets._section import Collapsed, Section, Sentence, button, combo, row

__all__ = ["AtlasSection"]

_COLUMNS = ("Organ", "Donor", "Part", "µm", "GB")
_PIXELS = 2000  # where no screen says


class AtlasSection(Section):
    """Lists the atlas's data sets, without a connection, and opens one."""

    title = "Human Organ Atlas"

    def build(self) -> None:
        """Add search, list, picture and button, under a title that opens them."""
        self.found: list[AtlasVolume] = []
        self._atlas: list[AtlasVolume] | None = None
        self.panel = Collapsed("Search public HiP-CT volumes", "Data sets in a public bucket.")
        self.body.addWidget(self.panel)
        self.words = QLineEdit()
        self.words.setPlaceholderText("donor, place, name …")
        self.words.setToolTip("Parts of donor, organ, place or name, in any order.")
        self.organ = combo("Organ", "Only this organ.", {"all organs": None})
        self.panel.inside.addLayout(row("Find", self.words, self.organ))
        self.least, self.most = _edge(0.0), _edge(100.0)
        self.whole = QCheckBox("Whole organs only")
        self.whole.setToolTip("Leave out zooms into an organ.")
        self.panel.inside.addLayout(row("Voxel µm", self.least, "to", self.most))
        self.panel.inside.addWidget(self.whole)
        self.table = _table()
        self.panel.inside.addWidget(self.table)
        self.picture = LevelsPicture()
        self.panel.inside.addWidget(self.picture)
        self.level = combo("Level", "The resolution to open; the proposed one fits the screen.", {})
        self.open = button("Open", "Open this data set at this level.", self.start)
        self.panel.inside.addLayout(row("Level", self.level))
        self.panel.inside.addWidget(self.open)
        self.told = Sentence()
        self.panel.inside.addWidget(self.told)
        self.newer = button(
            "Another list…",
            "Read a newer list: a folder of hoa-tools' metadata (JSON files).",
            self._choose_list,
        )
        self.panel.inside.addWidget(self.newer)
        self._connect()

    def _connect(self) -> None:
        self.panel.switch.toggled.connect(self._begin)
        self.words.textChanged.connect(lambda _: self._search())
        self.organ.currentIndexChanged.connect(lambda _: self._search())
        for edge in (self.least, self.most):
            edge.valueChanged.connect(lambda _: self._search())
        self.whole.toggled.connect(lambda _: self._search())
        self.table.itemSelectionChanged.connect(self._choose)
        self.table.itemDoubleClicked.connect(lambda _: self.start())
        self.level.currentIndexChanged.connect(lambda _: self._draw())

    def update_state(self) -> None:
        """Enable what is possible now."""
        self.open.setEnabled(self.chosen is not None and not self.desk.jobs.running("open"))

    @property
    def chosen(self) -> AtlasVolume | None:
        """The data set that is selected."""
        at = self.table.currentRow()
        selected = bool(self.table.selectedItems())
        return self.found[at] if selected and 0 <= at < len(self.found) else None

    def start(self) -> None:
        """Ask for the data set at the level that is shown."""
        volume = self.chosen
        if volume is None or self.desk.jobs.running("open"):
            return
        options = volume.options(self.level.currentData() or 0)
        session = self.desk.session
        self.desk.jobs.start("open", lambda: session.open(volume.address, options))

    def read_list(self, where: Path | None) -> None:
        """Show the list at ``where``; none: the one that comes with the program."""
        try:
            self._atlas = load_atlas(where)
        except ReadError as error:
            self.complain(error)
            return
        organs = sorted({volume.organ for volume in self._atlas})
        self.organ.blockSignals(True)
        self.organ.clear()
        self.organ.addItem("all organs", None)
        for organ in organs:
            self.organ.addItem(organ, organ)
        self.organ.blockSignals(False)
        self._search()

    def _begin(self, opened: bool) -> None:
        if opened and self._atlas is None:
            self.read_list(None)

    def _search(self) -> None:
        self.found = search_atlas(
            self._atlas or [],
            self.words.text(),
            organ=self.organ.currentData(),
            voxel_um=(self.least.value(), self.most.value()),
            whole=self.whole.isChecked(),
        )
        self.table.blockSignals(True)
        self.table.setRowCount(len(self.found))
        for at, volume in enumerate(self.found):
            for column, text in enumerate(_cells(volume)):
                item = QTableWidgetItem(text)
                item.setToolTip(volume.name)
                self.table.setItem(at, column, item)
        self.table.clearSelection()
        self.table.blockSignals(False)
        count = len(self.found)
        self.told.say(f"{count} data set{'s' * (count != 1)}." if self._atlas else "")
        self._choose()

    def _choose(self) -> None:
        volume = self.chosen
        self.level.blockSignals(True)
        self.level.clear()
        for level in volume.levels if volume else []:
            gigabytes = f"{level.nbytes / 1e9:,.1f} GB"
            self.level.addItem(
                f"{level.number}: {level.voxel_size_um:g} µm, {gigabytes}", level.number
            )
        if volume:
            self.level.setCurrentIndex(volume.level_fitting(_screen()))
            self.told.say(_sentence(volume))
        self.level.blockSignals(False)
        self._draw()
        self.update_state()

    def _draw(self) -> None:
        self.picture.show_levels(self.chosen, self.level.currentData() or 0)

    def _choose_list(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder of hoa-tools' metadata")
        if path:
            self.read_list(Path(path))


def _edge(value: float) -> QDoubleSpinBox:
    made = QDoubleSpinBox()
    made.setRange(0.0, 1000.0)
    made.setDecimals(1)
    made.setMinimumWidth(64)
    made.setValue(value)
    made.setToolTip("Voxel edge of the finest level, in µm.")
    return made


def _table() -> QTableWidget:
    made = QTableWidget(0, len(_COLUMNS))
    made.setHorizontalHeaderLabels(list(_COLUMNS))
    made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setMinimumHeight(180)
    made.setMinimumWidth(120)
    made.setWordWrap(False)
    made.setAccessibleName("Data sets")
    made.setToolTip("Choose a data set; a double click opens it.")
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    head, side = made.horizontalHeader(), made.verticalHeader()
    if head is not None and side is not None:
        head.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for column in (2, 3, 4):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        side.setVisible(False)
    return made


def _cells(volume: AtlasVolume) -> tuple[str, ...]:
    organ = f"{volume.organ} {volume.context}".strip()
    size = volume.levels[0].nbytes / 1e9
    part = "whole" if volume.whole else volume.part
    return organ, volume.donor, part, f"{volume.voxel_size_um:g}", f"{size:,.0f}"


def _sentence(volume: AtlasVolume) -> str:
    z, y, x = volume.shape
    cite = f" Cite doi:{volume.doi}." if volume.doi else ""
    return (
        f"{volume.name}: {x:,} × {y:,} × {z:,} voxels (x, y, z) of {volume.voxel_size_um:g} µm, "
        f"scanned at {volume.beamline or 'ESRF'}.{cite}"
    )


def _screen() -> int:
    """Return how many voxels fit a screen's width."""
    screen = QGuiApplication.primaryScreen()
    return max(512, screen.size().width()) if screen is not None else _PIXELS
