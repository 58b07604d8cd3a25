"""The ladder's pure parts, on masks of known truth; its trainings are run by hand."""

from __future__ import annotations

import numpy as np
import pytest


def tube(shape=(12, 40, 40), radius=6.0, drift=0.0):
    z, y, x = np.ogrid[tuple(map(slice, shape))]
    return (y - 20) ** 2 + (x - 14 - drift * z) ** 2 <= radius**2


def test_interpolated_distances_give_a_straight_tube_back(script):
    truth = tube()
    found = script("ladder_classic").interpolated(truth, (2, 6, 9))
    np.testing.assert_array_equal(found, truth)


def test_interpolated_slices_are_what_was_labelled_and_a_disc_between(script):
    truth = tube(drift=1.0)
    found = script("ladder_classic").interpolated(truth, (1, 5, 9))
    for z in (1, 5, 9):
        np.testing.assert_array_equal(found[z], truth[z])
    assert (found[3] & truth[3]).sum() > 0.9 * truth[3].sum()


def test_the_best_threshold_has_the_best_dice_of_all(script):
    rng = np.random.default_rng(3)
    truth = rng.random((4, 30, 30)) < 0.2
    response = (truth + rng.normal(0, 0.7, truth.shape)).astype(np.float32)
    oracle = script("ladder_classic").best_threshold(response, truth)
    every = []
    for value in np.unique(response):
        mask = response >= value
        every.append(2 * (mask & truth).sum() / (mask.sum() + truth.sum()))
    assert oracle.dice == pytest.approx(max(every))
    mask = oracle.mask
    assert oracle.dice == pytest.approx(2 * (mask & truth).sum() / (mask.sum() + truth.sum()))


@pytest.mark.parametrize("ridges", ["frangi", "sato"])
def test_ridge_filters_find_a_bright_tube(script, ridges):
    truth = tube(shape=(8, 40, 40), radius=2.0)
    noise = np.random.default_rng(0).normal(0, 0.05, truth.shape)
    oracle = script("ladder_classic").best_ridges((truth + noise).astype(np.float32), truth, ridges)
    assert oracle.dice > 0.8


@pytest.mark.parametrize("seed", range(5))
def test_scribbles_lie_inside_their_class_and_hold_both(script, seed):
    truth = tube()[0]
    background, vessel = script("ladder_forest").scribbles(truth, np.random.default_rng(seed))
    assert vessel.any()
    assert background.any()
    assert not (vessel & ~truth).any()
    assert not (background & truth).any()


def test_a_forest_from_scribbles_finds_a_tube(script):
    truth = tube(shape=(4, 40, 40))
    noise = np.random.default_rng(0).normal(0, 0.2, truth.shape)
    image = (truth + noise).astype(np.float32)
    mask = script("ladder_forest").forest_mask(image, truth, (1,), seed=0)
    assert (mask & truth).sum() * 2 / (mask.sum() + truth.sum()) > 0.8


def test_slices_to_label_hold_vessel_and_differ_by_seed(script):
    truth = np.zeros((40, 4, 4), bool)
    truth[10:37, 1, 1] = True
    chosen = [script("ladder_data").chosen_slices(truth, 3, seed) for seed in range(3)]
    assert len(set(chosen)) == 3
    for slices in chosen:
        assert truth[list(slices)].any(axis=(1, 2)).all()
        assert len(set(slices)) == 3


def test_labelled_slices_are_not_scored(script):
    data = script("ladder_data")
    item = data.Item("tube", tube(), tube(), data.VoxelSize(1, 1, 1), "bright")
    mask = tube()
    mask[3] = ~mask[3]
    assert data.scored(mask, item, (3,))["dice"] == 1
    assert data.scored(mask, item)["dice"] < 1


def test_cells_that_are_done_are_not_done_again_even_after_a_cut_line(script, tmp_path):
    cells = script("ladder_cells")
    wanted = [cells.Cell("sdf-3", "a/tube", seed, "") for seed in range(3)]
    results = tmp_path / "results.jsonl"
    for seed in (0, 1):
        line = {"method": "sdf-3", "volume": "tube", "seed": seed, "recipe": "", "dice": 0.5}
        cells.append_result(results, line)
    whole = results.read_text("utf-8")
    results.write_text(whole[:-20], "utf-8")  # killed while it wrote
    with pytest.warns(UserWarning, match="cut off"):
        assert list(cells.left(wanted, cells.read_results(results))) == wanted[1:]
    cells.append_result(results, line)
    with pytest.warns(UserWarning, match="cut off"):
        assert list(cells.left(wanted, cells.read_results(results))) == wanted[2:]


def test_cells_of_another_recipe_are_not_taken_for_done(script):
    cells = script("ladder_cells")
    old = {"method": "tuned-3", "volume": "tube", "seed": 0, "recipe": "old", "dice": 0.5}
    wanted = [cells.Cell("tuned-3", "tube", 0, "new")]
    assert list(cells.left(wanted, [old])) == wanted
