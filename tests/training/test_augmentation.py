import pytest
import torch

from napari_vessel.training import augment
from napari_vessel.training._augmentation import blurred, moved, noisy, regraded


def batch(count: int = 16, edge: int = 32) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    image = torch.rand(count, 1, edge, edge)
    return image, (image > 0.6).float(), (torch.rand_like(image) > 0.5).float()


def drawn(seed: int, *batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(seed)
    return augment(*batch)


def test_labels_stay_labels_and_go_where_the_image_goes() -> None:
    # The image is the label itself: wherever a label is after moving, the image says so.
    smooth = torch.zeros(64, 1, 32, 32)
    smooth[..., 8:20, 10:14] = 1
    torch.manual_seed(1)
    image, target, reviewed = moved(smooth, smooth, torch.ones_like(smooth))
    assert set(target.unique().tolist()) <= {0.0, 1.0}
    assert set(reviewed.unique().tolist()) <= {0.0, 1.0}
    agree = ((image > 0.5).float() == target)[reviewed > 0]
    assert agree.float().mean() > 0.99
    assert (target.sum(dim=(1, 2, 3)) > 0).all()


def test_a_quarter_turn_or_a_flip_keeps_every_pixel_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("napari_vessel.training._augmentation._TURNED", 0.0)
    monkeypatch.setattr("napari_vessel.training._augmentation._ZOOMED", (1.0, 1.0))
    image, target, reviewed = batch()
    seen, labels, known = moved(image, target, reviewed)
    for before, after, label, review in zip(image, seen, labels, known, strict=True):
        torch.testing.assert_close(
            before.flatten().sort().values, after.flatten().sort().values, atol=1e-4, rtol=0
        )
        assert label.sum() == (before > 0.6).sum()
        assert review.sum() > 0
    assert not torch.allclose(seen, image)


def test_what_comes_in_from_beyond_a_patch_is_not_reviewed() -> None:
    torch.manual_seed(0)
    ones = torch.ones(200, 1, 32, 32)
    image, _, reviewed = moved(ones, ones, ones)
    assert (image > 0.99).all()
    torch.testing.assert_close(reviewed.amin(), torch.tensor(0.0))  # a turned corner
    assert reviewed[:, :, 8:24, 8:24].all()


def test_a_thin_line_of_reviewed_pixels_is_never_lost() -> None:
    image = torch.rand(100, 1, 32, 32)
    reviewed = torch.zeros_like(image)
    reviewed[..., 16, 6:26] = 1
    torch.manual_seed(0)
    assert (augment(image, reviewed, reviewed)[2].sum(dim=(1, 2, 3)) >= 10).all()


def test_grey_values_alone_never_change_a_label() -> None:
    image, target, reviewed = batch()
    torch.manual_seed(3)
    _, expected, known = moved(image, target, reviewed)
    _, found, seen = drawn(3, image, target, reviewed)
    assert torch.equal(found, expected)
    assert torch.equal(seen, known)


@pytest.mark.parametrize("low", [0.0, -1.0])
def test_an_image_stays_in_its_range(low: float) -> None:
    image, target, reviewed = batch(64)
    found, _, _ = drawn(0, image + low, target, reviewed)
    assert low <= found.min() <= found.max() <= low + 1
    assert torch.isfinite(found).all()


def test_the_same_state_of_the_generator_gives_the_same_batch() -> None:
    whole = batch()
    assert all(map(torch.equal, drawn(5, *whole), drawn(5, *whole)))
    assert not torch.equal(drawn(5, *whole)[0], drawn(6, *whole)[0])


def test_the_given_batch_is_left_as_it_was() -> None:
    whole = batch()
    copies = [part.clone() for part in whole]
    for seed in range(20):
        drawn(seed, *whole)
    assert all(map(torch.equal, whole, copies))


def test_each_change_of_grey_does_what_it_says() -> None:
    image, one = torch.rand(4, 1, 16, 16), torch.ones(4, 1, 1, 1)
    same = regraded(image, gamma=one, contrast=one, brightness=0 * one)
    torch.testing.assert_close(same, image)
    assert regraded(image, gamma=2 * one, contrast=one, brightness=0 * one).mean() < image.mean()
    smooth = blurred(image, 0.8 * one)
    torch.testing.assert_close(smooth.mean(), image.mean(), atol=0.02, rtol=0)
    assert smooth.var() < image.var() / 2
    grey = torch.full((4, 1, 64, 64), 0.5)
    assert noisy(grey, 0.05 * one).std() == pytest.approx(0.05, rel=0.05)


def test_without_strength_patches_are_only_flipped_and_turned_by_quarters() -> None:
    image, target, reviewed = batch()
    torch.manual_seed(3)
    varied, labels, known = augment(image, target, reviewed, 0.0)
    for before, after in ((image, varied), (target, labels), (reviewed, known)):
        a = before.flatten(1).sort(dim=1).values
        torch.testing.assert_close(a, after.flatten(1).sort(dim=1).values, atol=0.03, rtol=0)
