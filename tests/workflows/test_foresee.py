"""Laws of foreseeing what a proposal takes."""

import numpy as np
import pytest

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.inference import InferenceConfig
from napari_vessel.volumes import VolumeOptions, open_volume, volume_of_array
from napari_vessel.workflows import WORKFLOWS, Foresee, Foreseen, forecast

from .conftest import QUICK

ALL = VolumeOptions(organ_only=False)
WHOLE, HALF = Box.of((16, 64, 64)), Box((0, 0, 0), (16, 32, 64))


def foreseen(volume, tiny, **changes):
    asked = {"pixels_per_second": 1000.0, "inference": QUICK, "box": WHOLE, **changes}
    request = Foresee(str(volume), ALL, checkpoint=str(tiny.path), **asked)
    *_, last = WORKFLOWS["foresee"](request)
    assert isinstance(last, Foreseen)
    return last


def test_at_a_known_rate_time_is_what_goes_through_the_network(volume, tiny):
    found = foreseen(volume, tiny)
    assert found.network_pixels > 0
    assert found.seconds == found.network_pixels / 1000
    assert found.pixels_per_second == 1000


def test_half_of_a_volume_takes_half_of_time_and_disk_and_as_much_memory(volume, tiny):
    whole, half = foreseen(volume, tiny), foreseen(volume, tiny, box=HALF)
    assert half.network_pixels == whole.network_pixels // 2
    assert half.disk_bytes == pytest.approx(whole.disk_bytes / 2, abs=1)
    assert half.memory_bytes == whole.memory_bytes


def test_four_views_take_four_times_as_long(volume, tiny):
    views = QUICK.model_copy(update={"views": "flips", "empty_below": 0.0})
    once, four = foreseen(volume, tiny), foreseen(volume, tiny, inference=views)
    assert four.network_pixels == 4 * once.network_pixels


def test_without_a_rate_the_network_is_tried(volume, tiny, monkeypatch):
    found = foreseen(volume, tiny, pixels_per_second=None)
    assert found.pixels_per_second > 0
    assert found.seconds == pytest.approx(found.network_pixels / found.pixels_per_second)


def test_a_box_outside_of_the_volume_is_refused(volume, tiny):
    with pytest.raises(CallerError, match="does not lie in the volume"):
        foreseen(volume, tiny, box=Box.of((17, 64, 64)))


def test_a_job_is_foreseen_by_the_same_workflow_in_the_blocks_that_it_takes(volume, tiny):
    usual = QUICK.model_copy(update={"block": InferenceConfig().block, "halo": 64})
    proposal = foreseen(volume, tiny, inference=usual)
    job = foreseen(volume, tiny, inference=usual, job=True, box=None)
    assert job.network_pixels == proposal.network_pixels  # one block holds it all
    whole = forecast(open_volume(volume, ALL), usual, trial=1000.0, card=tiny.card)
    assert (job.network_pixels, job.disk_bytes) == (whole.network_pixels, whole.disk_bytes)
    assert job.seconds == whole.seconds == whole.network_pixels / 1000


def test_that_less_may_go_through_the_network_is_told(volume, tiny):
    views = QUICK.model_copy(update={"empty_below": "auto"})
    assert foreseen(volume, tiny, inference=views).leaves_out
    never = QUICK.model_copy(update={"empty_below": 0.0})
    assert not foreseen(volume, tiny, inference=never).leaves_out


def test_planes_apart_take_less_time_and_more_disk():
    grey, size = np.broadcast_to(np.uint16(7), (1024,) * 3), VoxelSize(50, 50, 50)
    deep = volume_of_array(grey, voxel_size=size, uri="x")
    wish = InferenceConfig(planes=tuple(Plane), views="none", precision="bf16", zoom=1.0)
    job = forecast(deep, wish, trial=1.0)
    named = forecast(deep, wish.model_copy(update={"block": (512, 512, 256)}), trial=1.0)
    assert job.network_pixels == 3 * 1024**3  # no halo at all
    assert job.network_pixels < 0.8 * named.network_pixels
    assert job.disk_bytes - named.disk_bytes > 2 * 1024**3
