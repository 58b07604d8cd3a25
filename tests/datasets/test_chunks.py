from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_vessel.datasets import ChunksData, ChunkView, ChunkVolume, open_data
from napari_vessel.datasets._chunks import ChunkSamples
from napari_vessel.errors import SamplesError, VolumeNotFoundError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes import volume_of_array

Save = Callable[[str, NDArray[Any]], Path]
RNG = np.random.default_rng(0)
SHAPE = (8, 20, 24)
VOXELS = RNG.integers(0, 255, SHAPE, np.uint8)


def chunked(volume: ChunkVolume, size: int = 8, **config: Any) -> ChunkSamples:
    found = open_data(ChunksData(volumes=(volume,), **config), size)
    assert isinstance(found, ChunkSamples)
    return found


@pytest.fixture
def pair(save: Save) -> ChunkVolume:
    mask = np.zeros(SHAPE, np.uint8)
    mask[0, 0, 0] = 1
    mask[4:, 8:16, 16:24] = 255
    return ChunkVolume(
        image=str(save("ü/image.npy", VOXELS)), mask=str(save("ü/mask.npy", mask)), voxel_size=50.0
    )


def test_chunks_cover_every_voxel_once(pair: ChunkVolume) -> None:
    data = chunked(pair, chunk=(3, 8, 16))
    seen = np.zeros(SHAPE, int)
    for at in range(len(data.samples)):
        seen[data.place(at)[1].slices] += 1
    assert (seen == 1).all()


def test_a_chunk_is_a_vessel_where_its_mask_has_a_voxel(pair: ChunkVolume) -> None:
    data = chunked(pair, chunk=(4, 8, 8))
    vessels = [s.name for s in data.samples if s.label == "vessel"]
    assert vessels == ["image/z0_y0_x0", "image/z4_y8_x16"]
    assert data.labels().sum() == 2
    assert data.classes == ("background", "vessel")


def test_a_share_of_vessel_can_be_asked_for(pair: ChunkVolume) -> None:
    data = chunked(pair, chunk=(4, 8, 8), least_share=0.1)
    assert [s.name for s in data.samples if s.label == "vessel"] == ["image/z4_y8_x16"]
    strict = chunked(pair, chunk=(4, 8, 8), least_share=0.1, unclear="leave-out")
    assert len(strict.samples) == len(data.samples) - 1
    assert "image/z0_y0_x0" not in {s.name for s in strict.samples}


def test_its_slices_are_channels_and_its_image_is_the_volume(pair: ChunkVolume) -> None:
    data = chunked(pair, chunk=(4, 8, 8), intensity="type")
    assert data.channels == 4
    at = [s.name for s in data.samples].index("image/z4_y8_x16")
    expected = VOXELS[4:8, 8:16, 16:24] / np.float32(255)
    np.testing.assert_allclose(data.image(at), expected, atol=1e-6)


def test_flat_chunks_have_one_channel_and_any_size(pair: ChunkVolume) -> None:
    data = chunked(pair, size=16, chunk=(1, 8, 8))
    assert data.images([0, 1, 2]).shape == (3, 1, 16, 16)


def test_a_chunk_at_the_border_is_completed_by_its_mirror_image(pair: ChunkVolume) -> None:
    data = chunked(pair, chunk=(8, 16, 16), size=16, intensity="type")
    at = [s.name for s in data.samples].index("image/z0_y16_x16")
    found = data.image(at) * 255
    np.testing.assert_allclose(found[:, :4, :8], VOXELS[:, 16:, 16:], atol=1e-3)
    np.testing.assert_allclose(found[:, 4, :8], VOXELS[:, 18, 16:], atol=1e-3)


def test_context_shows_what_is_around_and_does_not_count(pair: ChunkVolume) -> None:
    data = chunked(pair, chunk=(4, 8, 8), context=4, size=16, intensity="type")
    names = [s.name for s in data.samples]
    found = data.image(names.index("image/z4_y8_x8")) * 255
    np.testing.assert_allclose(found, VOXELS[4:8, 4:20, 4:20], atol=1e-3)
    assert sum(s.label == "vessel" for s in data.samples) == 2


def test_a_box_is_all_that_is_read(pair: ChunkVolume, save: Save) -> None:
    framed = VOXELS // 2
    framed[:, :2] = framed[:, -2:] = framed[:, :, :2] = framed[:, :, -2:] = 255
    inner = ChunkVolume(image=str(save("framed.npy", framed)), voxel_size=50.0, box="0:8,2:18,2:22")
    data = chunked(inner, chunk=(8, 8, 8), context=4, size=16, intensity="type")
    assert data.images(range(len(data.samples))).max() < 0.499
    boxes = [data.place(at)[1] for at in range(len(data.samples))]
    assert sum(box.size for box in boxes) == 8 * 16 * 20


def test_overlapping_chunks_step_and_stay_inside(pair: ChunkVolume) -> None:
    data = chunked(pair, chunk=(4, 8, 8), step=(4, 4, 4))
    starts = {data.place(at)[1].start for at in range(len(data.samples))}
    assert starts == {(z, y, x) for z in (0, 4) for y in (0, 4, 8, 12) for x in range(0, 17, 4)}


def test_chunks_are_of_one_size_in_micrometres(pair: ChunkVolume) -> None:
    data = chunked(pair, chunk=(4, 4, 4), voxel_um=100.0, size=4)
    boxes = [data.place(at)[1].shape for at in range(len(data.samples))]
    assert boxes[0] == (8, 8, 8)
    assert data.image(0).shape == (4, 4, 4)


def test_without_a_mask_nothing_is_known(save: Save) -> None:
    alone = ChunkVolume(image=str(save("a.npy", VOXELS)))
    data = chunked(alone, chunk=(8, 8, 8))
    assert {s.label for s in data.samples} == {None}
    assert data.share(0) is None


def test_volumes_are_groups_and_told_apart_by_name(save: Save) -> None:
    volumes = [ChunkVolume(image=str(save(f"{name}/image.npy", VOXELS))) for name in ("a", "b")]
    data = open_data(ChunksData(volumes=volumes, chunk=(8, 20, 24)), 8)
    assert [(s.name, s.group) for s in data.samples] == [
        ("a/image/z0_y0_x0", "a/image"),
        ("b/image/z0_y0_x0", "b/image"),
    ]


def test_one_volume_can_be_parted_by_blocks(pair: ChunkVolume) -> None:
    data = chunked(pair, chunk=(4, 4, 4), block=(2, 3, 3))
    groups = {s.group for s in data.samples}
    assert groups == {f"image/0-{y}-{x}" for y in range(2) for x in range(2)}


def test_opening_reads_neither_voxels_nor_mask(
    pair: ChunkVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("napari_vessel.volumes.Volume.read", lambda *_: pytest.fail("read voxels"))
        data = chunked(pair, chunk=(4, 8, 8))
    assert len(data.samples) == 18


def test_masks_are_read_once_with_progress_by_whoever_asks_first(
    pair: ChunkVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = chunked(pair, chunk=(4, 8, 8))
    told = list(data.survey())
    assert told == sorted(told)
    assert told[-1] == 1
    monkeypatch.setattr("napari_vessel.volumes.Volume.read", lambda *_: pytest.fail("read again"))
    assert len(data.samples) == 18


def test_a_mask_that_is_nan_is_no_vessel(save: Save, pair: ChunkVolume) -> None:
    unknown = save("nan.npy", np.full(SHAPE, np.nan, np.float32))
    data = chunked(pair.model_copy(update={"mask": str(unknown)}), chunk=(8, 20, 24))
    assert data.labels().tolist() == [0]


def test_a_constant_volume_gives_finite_images(save: Save) -> None:
    flat = ChunkVolume(image=str(save("flat.npy", np.full(SHAPE, 7, np.uint16))))
    for intensity in ("volume", "chunk", "type", (0.0, 10.0)):
        found = chunked(flat, chunk=(8, 8, 8), intensity=intensity).image(0)
        assert np.isfinite(found).all()
    assert found.min() == found.max() == pytest.approx(0.7)


def test_a_volume_may_have_a_window_of_its_own(pair: ChunkVolume) -> None:
    own = pair.model_copy(update={"window": (0.0, 510.0)})
    found = chunked(own, chunk=(4, 8, 8)).image(0)
    np.testing.assert_allclose(found * 510, VOXELS[:4, :8, :8], atol=1e-3)
    with pytest.raises(ValueError, match=r"window .*lower grey value first"):
        ChunkVolume(image="x", window=(9.0, 9.0))
    with pytest.raises(ValueError, match=r"intensity .*lower grey value first"):
        ChunksData(volumes=(pair,), intensity=(3.0, 1.0))


def test_a_mask_of_another_shape_is_refused(pair: ChunkVolume, save: Save) -> None:
    other = save("other.npy", np.zeros((8, 20, 25), np.uint8))
    wrong = pair.model_copy(update={"mask": str(other)})
    with pytest.raises(SamplesError, match=r"8 × 20 × 25 voxels, its volume .* 8 × 20 × 24"):
        chunked(wrong, chunk=(4, 4, 4))


def test_a_box_outside_and_other_classes_are_refused(pair: ChunkVolume) -> None:
    outside = pair.model_copy(update={"box": "0:8,0:20,0:99"})
    with pytest.raises(SamplesError, match="does not lie in"):
        chunked(outside, chunk=(4, 4, 4))
    with pytest.raises(SamplesError, match="'background', 'vessel', not 'a', 'b'"):
        open_data(ChunksData(volumes=(pair,)), 8, ("a", "b"))
    turned = open_data(ChunksData(volumes=(pair,), chunk=(4, 8, 8)), 8, ("vessel", "background"))
    assert turned.labels().sum() == 16


def test_a_volume_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(VolumeNotFoundError, match="gone"):
        chunked(ChunkVolume(image=str(tmp_path / "gone.tif")))


def test_looking_over_a_volume_shows_what_was_learned_from(pair: ChunkVolume) -> None:
    data = chunked(pair, chunk=(4, 8, 8), context=2, intensity="type")
    volume = volume_of_array(VOXELS, voxel_size=VoxelSize(50.0, 50.0, 50.0))
    view = ChunkView((4, 8, 8), 8, context=2, intensity="type")
    for at in (0, 7, 17):
        np.testing.assert_array_equal(view.image(volume, data.place(at)[1]), data.image(at))
    assert view.image(volume, Box((0, 0, 0), (4, 8, 8))).shape == (4, 8, 8)
