"""Of a pyramid far finer or coarser than what was learned, the level that fits is named."""

import logging

import numpy as np
import pytest
import zarr

from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import CheckpointCard
from napari_vessel.tiling import SAME
from napari_vessel.volumes import VolumeOptions, open_volume
from napari_vessel.workflows import WORKFLOWS, Predict, scale_used
from napari_vessel.workflows._scale import with_zoom

from .conftest import QUICK

CARD = CheckpointCard(voxel_size_um=(50, 50, 50))
AUTO = InferenceConfig()


@pytest.fixture
def pyramid(tmp_path):
    """Write an OME-Zarr of levels of these voxel edges, in µm; the finest first."""

    def write(*edges):
        axes = [{"name": n, "type": "space", "unit": "micrometer"} for n in "zyx"]
        datasets = [
            {
                "path": str(level),
                "coordinateTransformations": [{"type": "scale", "scale": [float(edge)] * 3}],
            }
            for level, edge in enumerate(edges)
        ]
        ome = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
        folder = tmp_path / "kidney.ome.zarr"
        group = zarr.create_group(folder, attributes={"ome": ome})
        for level, edge in enumerate(edges):
            n = round(64 * edges[0] / edge)
            voxels = np.random.default_rng(level).integers(0, 200, (n, n, n)).astype("u1")
            group.create_array(str(level), data=voxels, dimension_names=["z", "y", "x"])
        return folder

    return write


@pytest.mark.parametrize(
    ("edges", "opened", "level", "size"),
    [
        ((5, 10, 20, 40, 80), 0, 3, "40"),  # the coarsest that is fine enough
        ((5, 10, 20, 40, 80), 1, 3, "40"),  # levels are counted from the volume's finest
        ((6.5, 13, 26, 52, 104), 0, 3, "52"),  # a few per cent are no other size
        ((10, 80, 160), 0, 1, "80"),  # none is fine enough: the finest in reach
        ((25, 50, 250), 2, 1, "50"),  # too coarse
    ],
)
def test_the_level_that_fits_is_named(pyramid, edges, opened, level, size):
    path = pyramid(*edges)
    volume = open_volume(path, VolumeOptions(level=opened))
    used = scale_used(AUTO, volume, CARD)
    assert used.zoom == SAME
    assert "far from the 50 µm" in used.reason
    assert f"Level {level} of this volume, {size} × {size} × {size} µm" in used.reason
    assert f"--level {level}" in used.reason
    there = open_volume(path, VolumeOptions(level=level))
    assert "far from" not in scale_used(AUTO, there, CARD).reason


@pytest.mark.parametrize("edges", [(1, 2, 4), (5, 10), (25, 50), (50, 100)])
def test_none_is_named_where_none_fits_or_none_is_needed(pyramid, edges):
    assert "Level" not in scale_used(AUTO, open_volume(pyramid(*edges)), CARD).reason


def test_none_is_named_where_a_person_chose_the_zoom(pyramid):
    volume = open_volume(pyramid(5, 10, 20, 40))
    config = InferenceConfig(zoom=0.5)
    assert with_zoom(config, volume, CARD).zoom == (0.5, 0.5, 0.5)
    assert "Level" not in scale_used(config, volume, CARD).reason


def test_a_prediction_warns_and_its_recipe_stays_what_it_was(pyramid, tiny, tmp_path, caplog):
    out = tmp_path / "mask.ome.zarr"
    request = Predict(str(pyramid(5, 20, 40)), out, checkpoint=str(tiny.path), inference=QUICK)
    with caplog.at_level(logging.WARNING, "napari_vessel"):
        list(WORKFLOWS["predict"](request))
    [told] = [record.message for record in caplog.records if "--level 2" in record.message]
    assert "far from the 50 µm" in told
    recipe = zarr.open_group(out, mode="r").attrs["napari-vessel"]["recipe"]
    assert recipe["scale"].endswith("is far from the 50 µm that the network learned at.")
