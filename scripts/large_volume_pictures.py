"""Pictures for docs/large-volumes.md: the region, the mask elsewhere, and planes side by side.

Needs a screen:
``xvfb-run -a -s "-screen 0 1500x1000x24" python scripts/large_volume_pictures.py OUT``.
The volume is of tubes along smooth noise, a part of it is open at full resolution; the mask is
the truth, taken as corrections.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

import napari
import numpy as np
from PIL import Image
from qtpy.QtWidgets import QApplication
from scipy.ndimage import gaussian_filter

from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.project import Project
from napari_vessel.session import Session
from napari_vessel.volumes import VolumeOptions, open_volume
from napari_vessel.widgets import VesselsDock

SHAPE = (96, 320, 384)
REGION = Box((16, 40, 40), (80, 168, 200))


class Idle:
    """A compute process that is not there."""

    alive = True

    def start(self) -> None:
        """Start nothing."""

    def run(self, *_: object, **__: object) -> Iterator[object]:
        """Answer nothing."""
        yield from ()

    def close(self) -> None:
        """End nothing."""


def vessels() -> np.ndarray:
    """Make tubes along smooth noise."""
    noise = gaussian_filter(np.random.default_rng(4).standard_normal(SHAPE), 9)
    other = gaussian_filter(np.random.default_rng(5).standard_normal(SHAPE), 9)
    return (np.abs(noise) < 0.25 * noise.std()) & (np.abs(other) < 0.25 * other.std())


def settle(dock: VesselsDock) -> None:
    """Let workers end and the window draw."""
    for _ in range(60):
        QApplication.instance().processEvents()
        sleep(0.03)
    while dock.desk.jobs.running("overview") or dock.desk.jobs.running("region"):
        QApplication.instance().processEvents()
        sleep(0.03)


def main(out: Path) -> None:
    """Make the pictures."""
    truth = vessels()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kidney.npy"
        voxels = 120 + 60 * truth + 12 * np.random.default_rng(0).standard_normal(SHAPE)
        np.save(path, voxels.clip(0, 255).astype(np.uint8))
        place = path.with_suffix(".vessel")
        options = VolumeOptions(voxel_size=VoxelSize(5, 5, 5))
        project = Project.create(place, open_volume(str(path), options), region=REGION)
        corrections = project.open_corrections()
        corrections.import_labels(Box.of(SHAPE), truth)
        corrections.close()
        viewer = napari.Viewer(show=True)
        viewer.window.resize(1480, 960)
        dock = VesselsDock(viewer, Session(Idle()))
        viewer.window.add_dock_widget(dock, name="Vessels", area="right")
        dock.volume.open_path(str(place))
        while dock.desk.link.labels is None:
            settle(dock)
        pictures(viewer, dock, out)
        dock.shut()
        viewer.close()


def keep(viewer: Any, path: Path) -> None:  # noqa: ANN401  napari's
    """Save what the window shows."""
    shown = viewer.screenshot(canvas_only=False, flash=False)
    Image.fromarray(shown[..., :3]).save(path, quality=75)


def pictures(viewer: Any, dock: VesselsDock, out: Path) -> None:  # noqa: ANN401  napari's
    """Take a picture of each."""
    viewer.dims.set_point(0, 40 * 5)
    settle(dock)
    keep(viewer, out / "large-region.webp")
    viewer.dims.ndisplay = 3
    settle(dock)
    keep(viewer, out / "large-3d.webp")
    viewer.dims.ndisplay = 2
    dock.planes.switch.click()
    settle(dock)
    dock.planes.views.go((40 * 5, 100 * 5, 120 * 5))
    settle(dock)
    keep(viewer, out / "large-planes.webp")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
