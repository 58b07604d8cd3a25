"""Asking a classifier, and scoring what it says."""

import csv
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package

from classify_toys import pictures, run_of, train

from napari_vessel.datasets import CsvData, FoldersData
from napari_vessel.errors import CallerError, CheckpointError, OutputExistsError, SamplesError
from napari_vessel.volumes import write_atomically
from napari_vessel.workflows import (
    WORKFLOWS,
    ClassifySamples,
    Progress,
    RunOptions,
    data_of,
    load_run,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("pictures") / "toys")


@pytest.fixture(scope="module")
def classifier(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "toys.classifier"
    train(run_of(folder, {"epochs": 4}), out)
    return out


@pytest.fixture
def request_(classifier, folder, tmp_path):
    data = FoldersData(path=str(folder))
    return ClassifySamples(str(classifier), data, tmp_path / "said", device="cpu")


def run(request):
    return list(WORKFLOWS["classify-samples"](request))


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_tables_hold_the_most_likely_class_of_each_sample(request_):
    result = run(request_)[-1]
    said, known = (rows(request_.out / f"{name}.csv") for name in ("evaluation", "probabilities"))
    assert list(said[0]) == ["name", "ground_truth"]
    assert [row["name"] for row in said] == [row["name"] for row in known] == list(result.names)
    for row, numbers, values in zip(said, known, result.probabilities, strict=True):
        assert row["ground_truth"] == result.classes[int(values.argmax())]
        assert [float(numbers[name]) for name in result.classes] == pytest.approx(values, abs=1e-5)


def test_what_is_said_does_not_depend_on_the_batch(request_):
    one = run(replace(request_, out=None))[-1]
    other = run(replace(request_, out=None, batch=5))[-1]
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-5)


def test_scores_are_those_of_the_table(request_, folder):
    result = run(replace(request_, scored=True, draws=50))[-1]
    said = {row["name"]: row["ground_truth"] for row in rows(request_.out / "evaluation.csv")}
    right = np.mean([said[name] == name.split("/")[0] for name in said])
    assert result.scores["accuracy"] == pytest.approx(right)
    assert json.loads((request_.out / "scores.json").read_text()) == result.scores
    matrix = rows(request_.out / "confusion.csv")
    assert sum(int(row[name]) for row in matrix for name in result.classes) == len(said)
    assert (request_.out / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_only_a_part_of_a_split_is_asked(request_, classifier):
    split = classifier / "split.csv"
    result = run(replace(request_, out=None, split=split, part="test"))[-1]
    wanted = {row["name"] for row in rows(split) if row["part"] == "test"}
    assert set(result.names) == wanted
    with pytest.raises(CallerError, match=r"split\.csv"):
        run(replace(request_, out=None, part="test"))


def test_images_without_a_class_are_classified_but_not_scored(request_, folder, tmp_path):
    for path in (folder / "disc").iterdir():
        shutil.copy(path, tmp_path / path.name)
    alone = replace(request_, data=FoldersData(path=str(tmp_path)))
    assert set(run(alone)[-1].truth) == {None}
    with pytest.raises(SamplesError, match="scored"):
        run(replace(alone, scored=True, overwrite=True))


def test_an_evaluation_is_not_replaced_unasked(request_):
    run(request_)
    with pytest.raises(OutputExistsError, match="--overwrite"):
        run(request_)
    run(replace(request_, overwrite=True))


def test_whoever_stops_asking_leaves_nothing(request_):
    events = WORKFLOWS["classify-samples"](replace(request_, batch=2))
    for event in events:
        if isinstance(event, Progress) and event.done:
            break
    events.close()
    assert not request_.out.exists()


def test_other_channels_and_networks_are_refused(request_, tiny):
    with pytest.raises(CallerError, match="channels"):
        run(replace(request_, data=FoldersData(path=request_.data.path, colour="rgb")))
    with pytest.raises(CheckpointError, match="classifier"):
        run(replace(request_, checkpoint=str(tiny.path)))


def test_the_configuration_beside_the_tables_asks_the_same_again(request_, tmp_path):
    before = run(request_)[-1]
    file = load_run(request_.out / "config.json", out=tmp_path / "again")
    again = run(file.request(RunOptions()))[-1]
    assert again.names == before.names
    np.testing.assert_array_equal(again.probabilities, before.probabilities)


def test_a_folder_is_taken_as_the_classifier_was_trained(folder, tmp_path):
    like = {"kind": "folders", "colour": "rgb", "intensity": "image"}
    found = data_of(folder, like)
    assert (found.kind, found.colour, found.intensity) == ("folders", "rgb", "image")


@pytest.mark.parametrize(
    ("header", "label"), [("name,ground_truth", "ground_truth"), ("name", None)]
)
def test_a_table_has_classes_where_it_has_their_column(tmp_path, header, label):
    write_atomically(tmp_path / "all.csv", f"{header}\n".encode())
    found = data_of(tmp_path / "all.csv", {})
    assert isinstance(found, CsvData)
    assert found.label_column == label


def test_a_file_describes_a_data_set_as_a_training_does(tmp_path):
    text = '[network]\nsize = 16\n[data]\nkind = "folders"\npath = "toys"\n'
    (tmp_path / "run.toml").write_text(text)
    assert data_of(tmp_path / "run.toml", {}) == FoldersData(path=str(tmp_path / "toys"))
    (tmp_path / "bad.toml").write_text('kind = "folder"\n')
    with pytest.raises(CallerError, match=r"data\.kind: found 'folder'; did you mean folders"):
        data_of(tmp_path / "bad.toml", {})
