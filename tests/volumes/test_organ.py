import numpy as np
import pytest

from napari_vessel.geometry import Box
from napari_vessel.phantoms import PhantomConfig, make_phantom
from napari_vessel.volumes import VolumeOptions, volume_of_array
from napari_vessel.volumes._organ import Organ, find_organ

SHAPE = (24, 96, 96)


def ball(radius=30, medium=20_000, tissue=25_000, noise=200, shape=SHAPE):
    """A solid organ in a darker medium (uint16)."""
    z, y, x = np.indices(shape)
    inside = ((z - 12) * 2) ** 2 + (y - 48) ** 2 + (x - 48) ** 2 <= radius**2
    rng = np.random.default_rng(0)
    return (np.where(inside, tissue, medium) + rng.normal(0, noise, shape)).astype("u2"), inside


def organ_in(image, **options):
    return volume_of_array(image, options=VolumeOptions(**options)).organ()


def test_all_tissue_is_organ_and_most_air_is_not():
    image, inside = ball()
    organ = organ_in(image)
    found = organ.at(Box.of(SHAPE))
    assert found[inside].all()
    assert inside.mean() < organ.share < 0.6
    assert found.mean() == pytest.approx(organ.share)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("polarity", ["dark", "bright"])
def test_every_vessel_voxel_lies_in_the_organ(seed, polarity):
    config = PhantomConfig(
        shape=(24, 96, 96), organ=0.8, seed=seed, polarity=polarity, medium=0.15, tissue=0.5
    )
    phantom = make_phantom(config)
    organ = organ_in(phantom.image)
    assert organ.share < 0.9
    assert organ.at(Box.of(config.shape))[phantom.vessels].all()


def test_a_vessel_that_opens_to_the_outside_stays_in():
    image, inside = ball()
    tube = np.zeros(SHAPE, bool)
    tube[9:15, 44:52, 48:] = True  # from the middle out, filled with medium
    image[tube] = 20_000
    assert organ_in(image).at(Box.of(SHAPE))[tube & inside].all()


def test_a_crop_within_an_organ_is_organ_everywhere():
    image, _ = ball()
    assert organ_in(image[4:20, 30:66, 30:66]).mask is None


def test_vessels_that_shine_in_the_dark_are_organ_everywhere():
    image = np.random.default_rng(1).normal(1000, 50, SHAPE)
    for centre in (20, 45, 70):
        image[:, centre : centre + 5] += 3000
    assert organ_in(image.astype("u2")).mask is None


@pytest.mark.parametrize(
    "image",
    [
        np.full(SHAPE, 9, "u1"),
        np.full(SHAPE, np.nan, "f4"),
        np.full((1, 1, 1), 3, "u1"),
        np.zeros((1, 40, 40), "u1"),
        np.arange(300, dtype="f4").reshape(3, 10, 10),
    ],
)
def test_nothing_to_tell_apart_is_organ_everywhere(image):
    organ = organ_in(image)
    assert organ.share == 1
    assert organ.touches(Box.of(image.shape))
    assert organ.at(Box.of(image.shape)).all()


def test_one_slice_has_an_organ():
    image, inside = ball()
    organ = organ_in(image[12:13])
    assert organ.at(Box.of((1, 96, 96)))[inside[12:13]].all()
    assert organ.share < 0.9


def test_nan_around_an_organ_and_in_it_is_no_obstacle():
    image, inside = ball()
    floats = image.astype("f4")
    floats[:, :5] = np.nan
    floats[10:12, 40:44, 40:44] = np.inf
    found = organ_in(floats).at(Box.of(SHAPE))
    assert found[inside].all()
    assert not found[:, 0].any()


def test_padding_around_the_medium_changes_little():
    image, _ = ball()
    padded = image.copy()
    padded[:, :9] = 0
    assert organ_in(padded).share == pytest.approx(organ_in(image).share, abs=0.02)


def test_a_box_touches_where_its_voxels_do():
    image, _ = ball()
    organ, whole = organ_in(image), Box.of(SHAPE)
    assert organ.share < 1
    for box in whole.cells((7, 11, 13)):
        assert organ.touches(box) == organ.at(box).any()


def test_a_coarse_look_misses_no_box():
    organ = Organ(np.array([[[False, True]]]), (3, 3, 7), (3, 3, 3.5), "")
    assert not organ.touches(Box((0, 0, 0), (3, 3, 3)))
    assert organ.touches(Box((0, 0, 0), (1, 1, 4)))
    assert organ.touches(Box((2, 2, 6), (3, 3, 7)))


def test_equal_volumes_have_equal_digests_and_others_have_not():
    first, second = organ_in(ball()[0]), organ_in(ball()[0])
    assert first.digest == second.digest
    assert organ_in(ball(radius=20)[0]).digest != first.digest
    assert organ_in(np.zeros(SHAPE, "u1")).digest == "everywhere"


def test_a_coarser_level_has_the_same_organ():
    image, _ = ball(shape=(24, 96, 96))
    large = image[9:15].repeat(8, 1).repeat(8, 2)  # 768 voxels an edge: levels are made
    volume = volume_of_array(large)
    inside = large > 22_500
    assert len(volume.shapes) > 1
    found = volume.organ().at(Box.of(large.shape))
    assert volume.organ().share < 0.6
    assert (found | ~inside).mean() > 0.9999


def test_reading_is_bounded_and_without_coarse_levels_a_large_volume_is_all_organ(monkeypatch):
    monkeypatch.setattr("napari_vessel.volumes._coarse._MOST", 20 * 96 * 96)
    organ = organ_in(ball()[0])
    assert organ.mask is None
    assert "pyramid" in organ.reason


def test_a_part_that_cannot_be_read_makes_all_organ(monkeypatch):
    from napari_vessel.errors import ReadError

    volume = volume_of_array(ball()[0])
    read = volume.source.read

    def failing(box, level):
        if box.start[0] == 3:
            raise ReadError("the chunk is cut")
        return read(box, level)

    monkeypatch.setattr(volume.source, "read", failing)
    assert volume.organ().mask is None
    assert "cut" in volume.organ().reason


def test_the_mask_is_of_the_coarse_image():
    image, _ = ball()
    mask, _ = find_organ(image)
    assert mask.shape == image.shape


def test_the_window_is_that_of_the_organ_and_the_air_has_no_say():
    image, inside = ball(noise=0)
    image[inside] += np.random.default_rng(2).integers(0, 2000, inside.sum()).astype("u2")
    window = volume_of_array(image).window()
    lots_of_air = np.pad(image, ((0, 0), (60, 60), (60, 60)), constant_values=20_000)
    wide = volume_of_array(lots_of_air).window()
    assert wide.high == pytest.approx(window.high, abs=50)
    assert window.high == pytest.approx(26_990, abs=60)


def test_padding_has_no_say_in_the_window():
    rng = np.random.default_rng(3)
    image = rng.normal(20_000, 300, (4, 80, 80)).astype("u2")
    window = volume_of_array(image).window()
    padded = np.pad(image, ((0, 0), (9, 9), (9, 9)))
    assert volume_of_array(padded).window() == window
