"""The whole loop, headless, on a small phantom."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vessel.errors import OutputExistsError
from napari_vessel.geometry import Box, Plane
from napari_vessel.phantoms import PhantomConfig
from napari_vessel.project import Project
from napari_vessel.runner import InlineRunner
from napari_vessel.session import Session
from napari_vessel.simulate import (
    Annotator,
    DemoConfig,
    Demonstrated,
    demo_volume,
    drive,
    evenly_spaced,
    run_demo,
)
from napari_vessel.volumes import open_volume

SMALL = DemoConfig(phantom=PhantomConfig(shape=(16, 64, 64), seed=3), slices=2, minutes=0.05)


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "out"
    *_, last = run_demo(SMALL, out)
    assert isinstance(last, Demonstrated)
    return out, last


def test_the_demo_leaves_mask_report_pictures_and_project(demonstrated):
    out, result = demonstrated
    assert result.mask == out / "mask.ome.zarr"
    text = result.report.read_text("utf-8")
    for picture in sorted(out.glob("*.png")):
        assert f"({picture.name})" in text
    assert len(list(out.glob("*.png"))) == 3
    assert Project.open(out / "phantom.vessel").config.proposal is not None


def test_the_demo_tells_dice_before_and_after_and_where_the_mask_is(demonstrated):
    _, result = demonstrated
    values = result.as_dict()
    assert {"dice_before", "dice_after", "surface_dice_after", "cldice_after", "mask"} <= set(
        values
    )
    assert 0 <= values["dice_before"] <= 1


def test_what_was_corrected_is_truth_in_the_exported_mask(demonstrated):
    out, result = demonstrated
    mask, truth = open_volume(result.mask), open_volume(out / "truth.ome.zarr")
    for index in result.loop.corrected:
        box = Box.of(truth.shape).slice_at(Plane.XY, index)
        np.testing.assert_array_equal(mask.read(box) != 0, truth.read(box) != 0)


def test_a_demo_goes_over_an_earlier_one_only_when_told_and_never_over_something_else(tmp_path):
    demo_volume(SMALL, tmp_path / "out", overwrite=False)
    with pytest.raises(OutputExistsError, match="--overwrite"):
        demo_volume(SMALL, tmp_path / "out", overwrite=False)
    demo_volume(SMALL, tmp_path / "out", overwrite=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("months of work")
    with pytest.raises(OutputExistsError, match="no earlier demo"):
        demo_volume(SMALL, tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "thesis.txt").exists()
    with pytest.raises(OutputExistsError, match="is a file"):
        demo_volume(SMALL, tmp_path / "mine" / "thesis.txt", overwrite=True)


@pytest.mark.parametrize("plane", list(Plane))
def test_a_corrected_slice_shows_the_truth_and_is_reviewed(tmp_path, plane):
    truth = np.random.default_rng(0).random((8, 9, 10)) > 0.7
    np.save(tmp_path / "v.npy", np.arange(720, dtype=np.uint16).reshape(truth.shape))
    session = Session(InlineRunner())
    list(drive(session, "open", session.open(tmp_path / "v.npy")))
    wrong = Annotator(session, truth).correct_slice(plane, 4)
    box = Box.of(truth.shape).slice_at(plane, 4)
    np.testing.assert_array_equal(session.labels[box.slices] != 0, truth[box.slices])
    assert wrong == truth[box.slices].sum()
    assert session.reviewed == box.size
    session.close()


@pytest.mark.parametrize("count", [1, 3, 7])
def test_slices_are_spread_and_distinct(count):
    indices = evenly_spaced(50, count)
    assert len(set(indices)) == count
    assert all(0 <= index < 50 for index in indices)
