import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vessel.errors import ExportError, OutputExistsError, ReadError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes import SURFACE_WRITERS, MaskSource, read_surface, voxels_within
from napari_vessel.volumes import _surface as surface

SIZE = VoxelSize(5, 2, 3)


def source(mask) -> MaskSource:
    return MaskSource(mask.shape, SIZE, lambda box: mask[box.slices])


@pytest.fixture
def blobs():
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(np.random.default_rng(0).random((20, 23, 26)), 1.5)
    return field > np.quantile(field, 0.7)


@pytest.mark.parametrize("kind", ["stl", "ply"])
def test_the_voxels_within_a_surface_are_the_mask(tmp_path, blobs, kind, monkeypatch) -> None:
    monkeypatch.setattr(surface, "_SLAB_VOXELS", 6 * 23 * 26)
    out = tmp_path / f"vessels.{kind}"
    *_, last = SURFACE_WRITERS[kind](source(blobs), out)
    assert last.done == last.total
    corners = read_surface(out)
    np.testing.assert_array_equal(voxels_within(corners, Box.of(blobs.shape), SIZE), blobs)
    # Seen from outside, xyz, triangles turn counter-clockwise: the volume is positive.
    a, b, c = (corners[:, i].astype(float) for i in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    assert volume == pytest.approx(blobs.sum() * SIZE.volume_um3, rel=0.05)
    assert [p.name for p in tmp_path.iterdir()] == [out.name]


@settings(max_examples=30, deadline=None)
@given(
    shape=st.tuples(*[st.integers(1, 7)] * 3),
    share=st.sampled_from([0.1, 0.4, 0.9, 1.0]),
    slab=st.integers(1, 4),
    seed=st.integers(0, 2**16),
)
def test_parts_are_one_closed_surface_whatever_the_slabs(shape, share, slab, seed) -> None:
    mask = np.random.default_rng(seed).random(shape) < share
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surface, "_SLAB_VOXELS", slab * shape[1] * shape[2])
        parts = list(surface.surface_parts(source(mask), Box.of(shape)))
    faces = np.concatenate([part.faces for part in parts])
    vertices = np.concatenate([part.vertices for part in parts])
    corners = np.concatenate([part.corners for part in parts])
    np.testing.assert_array_equal(vertices[faces], corners)
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    assert set(np.unique(edges, axis=0, return_counts=True)[1]) <= {2}
    assert len(np.unique(vertices, axis=0)) == len(vertices)


def test_the_surface_of_a_box_is_that_boxs(tmp_path, blobs) -> None:
    box = Box((3, 4, 5), (15, 20, 21))
    list(SURFACE_WRITERS["stl"](source(blobs), tmp_path / "a.stl", box=box))
    found = voxels_within(read_surface(tmp_path / "a.stl"), box, SIZE)
    np.testing.assert_array_equal(found, blobs[box.slices])


def test_nothing_is_written_over_nor_without_a_vessel(tmp_path, blobs) -> None:
    out = tmp_path / "a.ply"
    out.write_text("mine")
    with pytest.raises(OutputExistsError):
        SURFACE_WRITERS["ply"](source(blobs), out)
    with pytest.raises(ExportError, match="Nothing is vessel"):
        list(SURFACE_WRITERS["ply"](source(np.zeros((3, 3, 3), bool)), out, overwrite=True))
    assert out.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [out]
    list(SURFACE_WRITERS["ply"](source(blobs), out, overwrite=True))
    assert len(read_surface(out))


@pytest.mark.parametrize("kind", ["stl", "ply"])
def test_a_cut_surface_is_refused(tmp_path, blobs, kind) -> None:
    out = tmp_path / "a"
    list(SURFACE_WRITERS[kind](source(blobs), out))
    out.write_bytes(out.read_bytes()[:-100])
    with pytest.raises(ReadError, match="cut"):
        read_surface(out)
