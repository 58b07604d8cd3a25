"""Laws of the starter's recipe: what it may see, and how patches are cut."""

from __future__ import annotations

import argparse
import dataclasses
import json

import numpy as np
import pytest
import tifffile

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Plane


@pytest.fixture
def real(tmp_path):
    """A folder like that of the real data, every item of it a tiny volume."""
    names = [
        "hipct3d_01_kidney1",
        "hipct3d_17_kidney3",
        "hipct2d_kidney_1_dense_0427",
        "hipct2d_kidney_3_sparse_0362",
        "twophoton_brain",
        "maskonly_rat",
    ]
    items = []
    for name in names:
        flat = name.startswith("hipct2d")
        image = np.random.default_rng(0).integers(0, 255, (40, 40, 40)[flat:], np.uint8)
        (tmp_path / name).mkdir()
        tifffile.imwrite(tmp_path / name / "image.tif", image)
        tifffile.imwrite(tmp_path / name / "label.tif", (image > 200).astype(np.uint8))
        files = {"image": "image.tif", "label": "label.tif"}
        items.append({"name": name, "files": files, "voxel_um": [50.0] * image.ndim})
    (tmp_path / "manifest.json").write_text(json.dumps(items))
    return tmp_path


def test_the_starter_learns_from_kidney1_alone_and_is_measured_on_none_of_it(script, real):
    learned = {s.name for s in script("starter_data").load_real(real)}
    measured = {s.name for s in script("starter_scores").load_measured(real)}
    assert learned == {"hipct3d_01_kidney1", "hipct2d_kidney_1_dense_0427"}
    assert measured == {"hipct3d_17_kidney3", "hipct2d_kidney_3_sparse_0362", "twophoton_brain"}


def test_batches_are_seeded_by_step_so_that_a_resumed_training_goes_on(script, real):
    data, cut = script("starter_data"), script("starter_batches")
    samples = data.load_real(real)
    plan = cut.BatchPlan(seed=3, batch=2, patch=64, slices=3)
    runs = (cut.batches(samples, samples, plan, first) for first in (0, 1))
    (_, second), (again, _) = ([next(run) for _ in range(2)] for run in runs)
    for ours, theirs in zip(second, again, strict=True):
        assert (ours == theirs).all()
    assert second[0].shape == (2, 3, 64, 64)
    assert second[1].shape == (2, 1, 64, 64)
    assert set(second[1].unique().tolist()) <= {0.0, 1.0}


def test_bright_volumes_are_shown_below_zero_and_dark_ones_above(script, real):
    data, cut = script("starter_data"), script("starter_batches")
    dark = data.load_real(real)
    bright = [dataclasses.replace(sample, bright=True) for sample in dark]
    for samples, low in ((dark, 0), (bright, -1)):
        image, _ = next(cut.batches(samples, [], cut.BatchPlan(seed=1, batch=4, patch=64), 0))
        assert low <= image.min() < image.max() <= low + 1


def test_planes_of_unequal_pixels_are_not_learned_from(script):
    image, truth = np.zeros((40, 40, 40), np.float32), np.zeros((40, 40, 40), bool)
    data = script("starter_data")
    assert data.sample_of("flat", image, truth, (5.0, 1.0, 1.0), bright=False).planes == (Plane.XY,)
    assert data.sample_of("cubes", image, truth, (1.0, 1.0, 1.0), bright=False).planes == tuple(
        Plane
    )
    assert data.sample_of("thin", image[:8], truth[:8], (1.0, 1.0, 1.0), bright=False).planes == (
        Plane.XY,
    )


def test_hipct_is_shown_finer_than_it_is_and_a_slice_of_it_in_its_plane_alone(script, real):
    data = script("starter_data")
    patch, flat = sorted(data.load_real(real), key=lambda sample: -len(sample.image))
    assert patch.image.shape == patch.truth.shape == (60, 54, 54)  # less a frame of two
    assert flat.image.shape == flat.truth.shape == (1, 60, 60)
    seen = {s.name: s.image.shape for s in script("starter_scores").load_measured(real)}
    assert seen["twophoton_brain"] == (40, 40, 40)
    assert pytest.approx(63.08, abs=0.01) == data.LEARNED_UM * data.FINER


def test_a_folder_without_a_list_of_items_is_refused_in_words(script, tmp_path):
    with pytest.raises(CallerError, match="name the folder of the real data"):
        script("starter_data").load_real(tmp_path)


def test_the_cards_threshold_is_that_of_the_best_outlines(script):
    scores = script("starter_scores")
    rising = tuple(range(len(scores.THRESHOLDS)))
    flat = (0.0,) * len(rising)
    score = scores.Score("item", flat, rising)
    assert script("train_starter").best_threshold([score]) == scores.THRESHOLDS[-1]


def test_rows_of_a_comparison_are_not_those_of_another(script):
    compare = script("compare_starters")
    args = argparse.Namespace(minutes=4.0, phantoms=200, rate=2e-3, seed=1, slices=[1])
    ours = compare.settings(args)
    for name in ("minutes", "phantoms", "rate", "seed"):
        other = argparse.Namespace(**(vars(args) | {name: 7}))
        assert compare.settings(other) != ours, name
