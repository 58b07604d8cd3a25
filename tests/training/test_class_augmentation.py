import pytest
import torch

from napari_vessel.training import vary


def images(count: int = 64, channels: int = 1, edge: int = 16) -> torch.Tensor:
    """Smooth ones, so that a small move is a small change."""
    rows = torch.linspace(0.1, 0.9, edge)
    return (rows[:, None] * rows[None] ** 2).expand(count, channels, edge, edge).clone()


def varied(image: torch.Tensor, kind: str, strength: float = 0.5) -> torch.Tensor:
    torch.manual_seed(0)
    return vary(image, kind, strength)


def test_none_leaves_images_as_they_are() -> None:
    image = images()
    assert varied(image, "none", 1.0) is image


def test_flips_and_quarter_turns_give_the_eight_views_and_no_others() -> None:
    image = images()
    one = image[0, 0]
    views = [torch.rot90(side, k) for side in (one, one.fliplr()) for k in range(4)]
    found = varied(image, "flips", 1.0)[:, 0]
    distance = torch.stack([(found - view).abs().amax((1, 2)) for view in views])
    assert distance.amin(0).max() < 1e-4
    assert len(set(distance.argmin(0).tolist())) == 8


@pytest.mark.parametrize("kind", ["upright", "full"])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_stay_in_0_to_1_and_keep_their_shape(kind: str, channels: int) -> None:
    image = images(channels=channels)
    found = varied(image, kind, 1.0)
    assert found.shape == image.shape
    assert 0 <= found.min() < found.max() <= 1


def test_upright_images_stay_upright() -> None:
    found = varied(images(), "upright", 0.5)[:, 0]
    assert (found[:, 8:].mean((1, 2)) > found[:, :8].mean((1, 2))).all()
    assert (found[..., 8:].mean((1, 2)) > found[..., :8].mean((1, 2))).all()
    turned = varied(images(), "full", 0.5)[:, 0]
    assert not (turned[:, 8:].mean((1, 2)) > turned[:, :8].mean((1, 2))).all()


def test_more_strength_varies_more() -> None:
    image = images(256)
    change = [
        float((varied(image, "upright", s) - image).abs().mean()) for s in (0.0, 0.25, 0.5, 1.0)
    ]
    assert change == sorted(change)
    assert change[0] < 0.005
    assert change[-1] > 0.05


def test_images_are_varied_each_of_its_own_and_their_channels_grey_too() -> None:
    found = varied(images(channels=2), "upright")
    assert len(torch.unique(found.flatten(1), dim=0)) > 60
    assert ((found[:, 0] - found[:, 1]).abs().amax((1, 2)) > 0).float().mean() > 0.5
