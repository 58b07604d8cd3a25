import csv
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.errors import ReadError
from napari_vessel.metrics import ClassScores, class_scores
from napari_vessel.workflows._class_figures import curves_png, matrix_csv, matrix_png, read_history


@pytest.fixture
def judged() -> ClassScores:
    truth = [0, 0, 1, 1, 2]
    chosen = [0, 1, 1, 1, 0]
    return class_scores(truth, np.eye(3)[chosen], ("gut", "böse, sehr", "x" * 60), draws=2)


def picture(path: Path) -> np.ndarray:
    import imagecodecs

    return np.asarray(imagecodecs.png_decode(path.read_bytes()))


def test_the_matrix_is_written_with_the_classes_in_full(
    judged: ClassScores, tmp_path: Path
) -> None:
    matrix_csv(tmp_path / "confusion.csv", judged)
    with (tmp_path / "confusion.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file))
    assert head == ["truth", "gut", "böse, sehr", "x" * 60]
    assert [row[0] for row in rows] == head[1:]
    np.testing.assert_array_equal([list(map(int, row[1:])) for row in rows], judged.matrix)


def test_the_matrix_is_drawn_with_its_greatest_share_darkest(
    judged: ClassScores, tmp_path: Path
) -> None:
    matrix_png(tmp_path / "one.png", judged)
    drawn = picture(tmp_path / "one.png")
    assert min(drawn.shape[:2]) > 300
    blue = (drawn[..., 2].astype(int) - drawn[..., 0] > 60).mean()
    assert blue > 0.05  # two of nine cells are full
    nothing = class_scores([0], [[1.0, 0.0]], ("a", "b"), draws=2)
    matrix_png(tmp_path / "two.png", nothing)  # a class without samples, an undefined area
    assert picture(tmp_path / "two.png").size


def test_curves_are_drawn_of_what_a_history_has(tmp_path: Path) -> None:
    history = tmp_path / "history.csv"
    history.write_text(
        "epoch,loss,accuracy,validation_loss,validation_accuracy,score,learning_rate\n"
        "0,nan,nan,0.9,0.4,0.4,0.001\n"
        "1,0.8,0.5,0.7,0.6,0.6,0.001\n"
        "2,0.6,0.7,,,,0.001\n"
    )
    rows = read_history(history)
    assert rows[0].keys() == {
        "epoch", "validation_loss", "validation_accuracy", "score", "learning_rate"
    }  # fmt: skip
    assert rows[2] == {"epoch": 2, "loss": 0.6, "accuracy": 0.7, "learning_rate": 0.001}
    curves_png(tmp_path / "curves.png", rows)
    curves_png(tmp_path / "bare.png", [{"epoch": 1.0}])
    full, bare = picture(tmp_path / "curves.png"), picture(tmp_path / "bare.png")
    orange = (full[..., 0].astype(int) - full[..., 2] > 100).sum()
    assert orange > (bare[..., 0].astype(int) - bare[..., 2] > 100).sum()


@pytest.mark.parametrize("text", ["", "loss\n1\n", "epoch,loss\n"])
def test_what_is_no_history_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "history.csv"
    path.write_text(text)
    with pytest.raises(ReadError, match="holds no history; expected a column epoch"):
        read_history(path)
    with pytest.raises(ReadError, match="cannot be read"):
        read_history(tmp_path / "gone.csv")
