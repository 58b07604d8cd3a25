import json

import numpy as np
import pytest

from napari_vessel.errors import CallerError
from napari_vessel.training import ClassBatches

LABELS = np.array([0] * 7 + [1] * 3 + [2] * 2)
IMAGES = np.arange(12, dtype=np.float32).reshape(12, 1, 1, 1)


def shown(batches: ClassBatches) -> list[int]:
    return [int(value) for batch in batches for value in batch.image.ravel()]


@pytest.mark.parametrize("draw", ["shuffled", "in_order", "oversampled"])
def test_an_image_comes_with_its_own_label_and_number(draw: str) -> None:
    for batch in ClassBatches(IMAGES, LABELS, draw=draw, batch=5):
        assert np.array_equal(batch.image.ravel(), batch.which)
        assert np.array_equal(batch.label, LABELS[batch.which])


def test_an_epoch_shows_each_image_once_in_another_order() -> None:
    batches = ClassBatches(IMAGES, LABELS, [1, 2, 5, 8, 9, 11], batch=4)
    first, second = shown(batches), shown(batches)
    assert sorted(first) == sorted(second) == [1, 2, 5, 8, 9, 11]
    assert first != second


def test_oversampled_classes_come_equally_often_and_nobody_is_left_out() -> None:
    found = shown(ClassBatches(IMAGES, LABELS, draw="oversampled", batch=4))
    assert np.bincount(LABELS[found]).tolist() == [7, 7, 7]
    times = np.bincount(found)
    assert times[:7].tolist() == [1] * 7
    for one in (1, 2):
        of_class = times[one == LABELS]
        assert of_class.max() - of_class.min() <= 1


def test_a_class_without_images_is_not_made_up() -> None:
    found = shown(ClassBatches(IMAGES, LABELS, range(10), draw="oversampled"))
    assert np.bincount(LABELS[found]).tolist() == [7, 7]


def test_the_same_seed_gives_the_same_epochs_and_another_seed_others() -> None:
    one, same, other = (ClassBatches(IMAGES, LABELS, seed=seed) for seed in (1, 1, 2))
    assert [shown(one), shown(one)] == [shown(same), shown(same)]
    assert shown(one) != shown(other)


@pytest.mark.parametrize("stop", [0, 1, 2])
@pytest.mark.parametrize("draw", ["shuffled", "oversampled"])
def test_an_interrupted_epoch_goes_on_as_if_it_had_not_been(draw: str, stop: int) -> None:
    whole, first, again = (ClassBatches(IMAGES, LABELS, batch=5, draw=draw) for _ in range(3))
    expected = [batch.which.tolist() for _ in range(3) for batch in whole]
    found = [batch.which.tolist() for batch in first]
    found += [batch.which.tolist() for _, batch in zip(range(stop), first, strict=False)]
    again.restore({"epoch": 1, "drawn": stop})
    found += [batch.which.tolist() for _ in range(2) for batch in again]
    assert found == expected


def test_a_state_tells_how_far_an_epoch_got() -> None:
    batches = ClassBatches(IMAGES, LABELS, batch=5)
    assert batches.state() == {"epoch": 0, "drawn": 0}
    epoch = iter(batches)
    next(epoch)
    next(epoch)
    assert json.loads(json.dumps(batches.state())) == {"epoch": 0, "drawn": 2}
    list(epoch)
    assert batches.state() == {"epoch": 1, "drawn": 0}


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 9, 12])
def test_no_batch_is_a_single_image(count: int) -> None:
    batches = ClassBatches(IMAGES, LABELS, range(count), batch=4)
    sizes = [len(batch.label) for batch in batches]
    assert min(sizes) > 1
    assert sum(sizes) == count
    assert len(sizes) == len(batches)


def test_images_are_loaded_when_they_are_needed_and_no_others() -> None:
    asked: list[list[int]] = []

    def load(which: np.ndarray) -> np.ndarray:
        asked.append(which.tolist())
        return IMAGES[which]

    batches = ClassBatches(load, LABELS, [3, 1, 2], batch=2, draw="in_order")
    assert not asked
    assert [one.ravel().tolist() for one in batches.images()] == [[3, 1], [2]]
    assert asked == [[3, 1], [2]]
    assert batches.truth().tolist() == [0, 0, 0]


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(CallerError, match="No images are left"):
        ClassBatches(IMAGES, LABELS, [])
