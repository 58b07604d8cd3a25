import pytest
import torch

from napari_vessel.inference import View, views_of

EVERY = views_of("dihedral")


@pytest.mark.parametrize("view", EVERY, ids=str)
def test_a_view_undone_is_the_image(view: View) -> None:
    images = torch.rand(2, 1, 32, 64)
    assert torch.equal(view.invert(view.apply(images)), images)


def test_views_are_distinct_and_the_first_is_the_image_itself() -> None:
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    seen = {tuple(view.apply(image).flatten().tolist()) for view in EVERY}
    assert len(seen) == len(EVERY) == 8
    assert views_of("none") == EVERY[:1] == (View(),)
    assert views_of("flips") == EVERY[:4]


def test_quarter_turns_are_among_them() -> None:
    image = torch.rand(1, 1, 3, 3)
    for turns in range(4):
        turned = image.rot90(turns, (-2, -1))
        assert any(torch.equal(view.apply(image), turned) for view in EVERY)
