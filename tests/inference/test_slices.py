from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from napari_vessel.errors import CallerError
from napari_vessel.inference import (
    Forward,
    InferenceConfig,
    TileStep,
    predict_slices,
    slice_steps,
)
from napari_vessel.tiling import SliceTiler, TileConfig

Config = Callable[..., InferenceConfig]
SHAPES = [(1, 1, 1), (2, 1, 77), (3, 31, 33), (2, 97, 101), (1, 64, 200)]
TILES = TileConfig(tile=64, overlap=16)


def stack(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).random(shape, np.float32)


@pytest.mark.parametrize("views", ["none", "flips", "dihedral"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_pixel_is_predicted_once_whatever_tiles_and_views(
    pointwise: nn.Module, shape: tuple[int, int, int], views: str, config: Config
) -> None:
    slices = stack(shape)
    expected = torch.from_numpy(6 * (slices - 0.5)).sigmoid().numpy()
    found = predict_slices(pointwise, slices, config(views=views, tiles=TILES))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("views", ["flips", "dihedral"])
def test_views_change_nothing_for_a_network_that_commutes_with_them(
    symmetric: nn.Module, views: str, config: Config
) -> None:
    slices = stack((2, 64, 96))
    expected = predict_slices(symmetric, slices, config(views="none"))
    found = predict_slices(symmetric, slices, config(views=views))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_views_are_averaged_as_probabilities(pooling: nn.Module, config: Config) -> None:
    slices = stack((1, 64, 64))
    turns = [(), (1,), (2,), (1, 2)]
    one = config(views="none")
    expected = np.mean(
        [np.flip(predict_slices(pooling, np.flip(slices, t).copy(), one), t) for t in turns], axis=0
    )
    found = predict_slices(pooling, slices, config(views="flips"))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(found - predict_slices(pooling, slices, one)).max() > 1e-3


def test_slices_of_any_strides_give_the_same(pooling: nn.Module, config: Config) -> None:
    slices = stack((40, 50, 5))
    view = np.moveaxis(slices, 2, 0)
    np.testing.assert_array_equal(
        predict_slices(pooling, view, config()), predict_slices(pooling, view.copy(), config())
    )


def test_a_slice_that_fits_goes_through_whole(config: Config) -> None:
    seen = []

    def network(images: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(images.shape))
        return images

    predict_slices(network, stack((1, 300, 500)), config(views="none"))
    assert seen == [(1, 1, 320, 512)]


def test_it_can_be_stopped_between_batches(config: Config) -> None:
    calls = []

    def network(images: torch.Tensor) -> torch.Tensor:
        calls.append(len(images))
        return images

    forward = Forward(network, config(views="none"))
    forward.pixels = 2 * 64 * 64
    slices = stack((3, 60, 110))
    tiler = SliceTiler((60, 110), TILES)
    taken = []

    def take(number, probability):
        taken.append(number)

    steps = slice_steps(forward, slices, tiler, take)
    assert next(steps) == TileStep(2, 6)
    steps.close()
    assert calls == [2]
    assert list(slice_steps(forward, slices, tiler, take)) == [TileStep(n, 6) for n in (2, 4, 6)]
    assert taken == [0, 0, 1, 2]  # each as soon as its tiles are done


def test_no_slices_are_no_work(pointwise: nn.Module, config: Config) -> None:
    assert predict_slices(pointwise, stack((0, 5, 7)), config()).shape == (0, 5, 7)


def test_what_is_no_stack_is_refused(pointwise: nn.Module, config: Config) -> None:
    with pytest.raises(CallerError, match=r"\(5, 7\)"):
        predict_slices(pointwise, stack((5, 7)), config())
