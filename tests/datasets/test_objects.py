from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_vessel.datasets import ObjectsData, open_data
from napari_vessel.datasets._object_table import read_objects
from napari_vessel.datasets._objects import ObjectSamples
from napari_vessel.datasets._overlapping import overlapping
from napari_vessel.errors import SamplesError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes import IntensityWindow, VolumeOptions, volume_of_array

Save = Callable[[str, NDArray[Any]], Path]
SHAPE = (6, 30, 40)
VOXELS = np.random.default_rng(0).integers(0, 255, SHAPE, np.uint8)
WINDOW = IntensityWindow.of(VOXELS)


@pytest.fixture
def marked(save: Save, tmp_path: Path) -> Callable[..., ObjectSamples]:
    volume = save("niere.npy", VOXELS)

    def open_(text: str, size: int = 8, **config: Any) -> ObjectSamples:
        table = tmp_path / "objects.csv"
        table.write_text(text, encoding="utf-8")
        given = {"volume": str(volume), "table": str(table), "voxel_size": 2.0, "edge": 8} | config
        found = open_data(ObjectsData.model_validate(given), size)
        assert isinstance(found, ObjectSamples)
        return found

    return open_


Open = Callable[..., ObjectSamples]


def test_a_crop_lies_around_its_point(marked: Open) -> None:
    data = marked("name,z,y,x,class\nä,3,10,20,sklerös\nb,1,25,30,gesund\n")
    assert data.classes == ("gesund", "sklerös")
    assert data.labels().tolist() == [1, 0]
    assert data.crop(0) == Box((3, 6, 16), (4, 14, 24))
    np.testing.assert_allclose(data.image(0)[0], WINDOW.apply(VOXELS[3, 6:14, 16:24]))


def test_napari_names_axes_and_counts_from_0(marked: Open) -> None:
    data = marked("index,axis-0,axis-1,axis-2\n0,3.0,10.0,20.0\n")
    assert data.crop(0) == Box((3, 6, 16), (4, 14, 24))
    assert [(s.name, s.label) for s in data.samples] == [("0", None)]


def test_micrometres_are_told_apart_from_voxels(marked: Open) -> None:
    data = marked("z,y,x\n6,20,40\n", unit="um", edge_um=16.0)
    assert data.crop(0) == Box((3, 6, 16), (4, 14, 24))


@pytest.mark.parametrize("unit", ["voxel", "um"])
def test_places_are_of_the_finest_level_at_every_level(tmp_path: Path, unit: str) -> None:
    coarse = VOXELS[::2, ::2, ::2]
    volume = volume_of_array(
        [VOXELS, coarse], voxel_size=VoxelSize(2.0, 2.0, 2.0), options=VolumeOptions(level=1)
    )
    (tmp_path / "o.csv").write_text("z,y,x\n2,10,20\n" if unit == "voxel" else "z,y,x\n4,20,40\n")
    config = ObjectsData(volume="v", table=str(tmp_path / "o.csv"), edge=5, unit=unit)
    (marked,) = read_objects(tmp_path / "o.csv", config, volume)
    assert marked.centre == (1.25, 5.25, 10.25)
    data = ObjectSamples([volume], [marked], config, 5, None)
    assert data.crop(0) == Box((1, 3, 8), (2, 8, 13))


def test_boxes_keep_their_own_edges(marked: Open) -> None:
    boxes = marked("z0,y0,x0,z1,y1,x1,class\n3,4,10,3,20,30,a\n", size=16)
    assert boxes.crop(0).shape == (1, 16, 20)
    corners = "".join(f"0,rectangle,{at},3,{y},{x}\n" for at, (y, x) in enumerate(
        [(4, 10), (4, 30), (20, 30), (20, 10)]
    ))  # fmt: skip
    shapes = marked("index,shape-type,vertex-index,axis-0,axis-1,axis-2\n" + corners, size=16)
    assert shapes.crop(0) == boxes.crop(0)


def test_a_crop_at_the_border_is_completed_by_its_mirror_image(marked: Open) -> None:
    data = marked("z,y,x\n0,0,39\n")
    found = data.image(0)[0]
    np.testing.assert_allclose(found[4:, :5], WINDOW.apply(VOXELS[0, :4, 35:]))
    np.testing.assert_allclose(found[3, :5], WINDOW.apply(VOXELS[0, 1, 35:]))
    np.testing.assert_allclose(found[4:, 5], WINDOW.apply(VOXELS[0, :4, 38]))


@pytest.mark.parametrize(
    ("plane", "crop"),
    [("xz", (slice(0, 6), 10, slice(16, 24))), ("yz", (slice(0, 6), slice(6, 14), 20))],
)
def test_crops_lie_in_the_plane_asked_for(
    marked: Open, plane: str, crop: tuple[slice | int, ...]
) -> None:
    data = marked("z,y,x\n3,10,20\n", plane=plane)
    np.testing.assert_allclose(data.image(0)[0][1:7], WINDOW.apply(VOXELS[crop]))


def test_slices_around_an_object_are_channels(marked: Open) -> None:
    data = marked("z,y,x\n3,10,20\n", slices=3)
    assert data.channels == 3
    np.testing.assert_allclose(data.image(0), WINDOW.apply(VOXELS[2:5, 6:14, 16:24]))


def test_objects_whose_crops_overlap_are_one_group(marked: Open) -> None:
    data = marked("name,z,y,x\na,0,10,10\nb,0,14,14\nc,0,10,30\nd,0,15,31\ne,3,10,10\n")
    assert [s.group for s in data.samples] == ["near a", "near a", "near c", "near c", "near e"]


def test_a_group_of_the_table_goes_before(marked: Open) -> None:
    data = marked("z,y,x,group\n0,10,10,Spender 1\n0,25,30,Spender 1\n")
    assert [s.group for s in data.samples] == ["Spender 1", "Spender 1"]


def test_channels_of_the_volume_are_channels_of_the_crop(save: Save, tmp_path: Path) -> None:
    volume = save("c.npy", np.stack([VOXELS, VOXELS[::-1]]))
    (tmp_path / "o.csv").write_text("z,y,x\n3,10,20\n")
    config = ObjectsData(
        volume=str(volume) + "::axes=czyx", table=str(tmp_path / "o.csv"), channels=(0, 1), edge=8
    )
    data = open_data(config, 8)
    assert data.channels == 2
    expected = [WINDOW.apply(VOXELS[at, 6:14, 16:24]) for at in (3, 2)]
    np.testing.assert_allclose(data.image(0), expected)
    with pytest.raises(ValueError, match="slices and channels"):
        ObjectsData(volume="v", table="t", slices=3, channels=(0,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "has the columns a, b; expected z,y,x"),
        ("z,y,x\n1,2,drei\n", "line 2, x: 'drei' is no number"),
        ("z,y,x\n1,nan,2\n", "line 2, y: 'nan' is no number"),
        ("name,z,y,x\nfern,0,500,0\n", r"'fern' at z 0\.5, y 500\.5, .*lies outside"),
        ("name,z,y,x\na,0,5,0\na,0,9,9\n", "'a' named more than once"),
        ("z,y,x\n", "holds no sample"),
    ],
)
def test_a_table_that_cannot_be_used_says_where_and_why(
    marked: Open, text: str, message: str
) -> None:
    with pytest.raises(SamplesError, match=message):
        marked(text)


def test_boxes_that_share_voxels_hang_together_and_others_do_not() -> None:
    rng = np.random.default_rng(1)
    starts = rng.integers(0, 40, (25, 3))
    edges = rng.integers(1, 12, (25, 3))
    boxes = []
    for (z, y, x), (d, h, w) in zip(starts.tolist(), edges.tolist(), strict=True):
        boxes.append(Box((z, y, x), (z + d, y + h, x + w)))
    found = overlapping(boxes)
    expected = list(range(25))
    for _ in range(25):  # spread the least number along what touches, until nothing changes
        for one in range(25):
            for other in range(25):
                if boxes[one].intersection(boxes[other]) is not None:
                    expected[one] = min(expected[one], expected[other])
    assert found == expected
    assert 1 < len(set(found)) < 25
