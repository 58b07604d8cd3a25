"""Files that ``run`` takes: their errors, their paths, and that they say what was asked."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from napari_vessel.datasets import ChunksData, FoldersData
from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import ClassifierConfig
from napari_vessel.training import TrainingConfig
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows import (
    RUN_KINDS,
    WORKFLOWS,
    ClassifyRun,
    ClassifySamples,
    ClassifyTrain,
    Clean,
    Evaluate,
    Predict,
    Retrain,
    RunFile,
    RunOptions,
    Train,
    TrainRun,
    Triage,
    file_of,
    kind_of,
    load_run,
    write_run,
)

FOLDERS = {"kind": "folders", "path": "toys"}
CLASSIFY = {"run": "classify", "data": FOLDERS}


def load(tmp_path, values, **more):
    path = tmp_path / "run.json"
    path.write_text(json.dumps(values))
    return load_run(path, **more)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"data": FOLDERS}, "run: missing; expected one of classify, "),
        ({**CLASSIFY, "run": "clasify"}, "run: found 'clasify'; did you mean classify"),
        ({**CLASSIFY, "trainig": {}}, "trainig: there is no such key; did you mean training"),
        (
            {**CLASSIFY, "training": {"learning_rat": 1}},
            r"training\.learning_rat: there is no such key; did you mean learning_rate",
        ),
        ({**CLASSIFY, "xyz": 1}, "xyz: there is no such key; expected one of .*data, "),
        (
            {**CLASSIFY, "training": {"epochs": 0}},
            r"training\.epochs: found 0; expected a number greater than or equal to 1",
        ),
        (
            {**CLASSIFY, "training": {"optimiser": "adamw"}},
            r"training\.optimiser: found 'adamw'; expected 'sgd' or 'adam'",
        ),
        ({"run": "classify"}, "data: missing; expected what it learns from"),
        (
            {**CLASSIFY, "data": {"kind": "folder"}},
            r"data\.kind: found 'folder'; did you mean folders",
        ),
        (
            {**CLASSIFY, "data": {"path": "x"}},
            r"data\.kind: missing; expected one of chunks, csv, folders, objects",
        ),
        (
            {**CLASSIFY, "data": {"kind": "chunks", "volumes": [{"image": "a"}, {"imag": "b"}]}},
            r"data\.volumes\[2\]\.image: missing.*imag: .*did you mean image",
        ),
        ({**CLASSIFY, "network": 3}, "network: found 3; expected a table"),
        ({**CLASSIFY, "fractions": [0.5, 0.2, 0.1]}, "expected three shares that make 1"),
        (
            {"run": "predict", "volume": "a", "inference": {"planes": "zz"}},
            r"inference\.planes: found 'zz'; expected 'auto' or",
        ),
        (
            {"run": "predict", "volume": "a", "options": {"voxel_size": "b"}},
            r"options\.voxel_size: found 'b'; expected a table",
        ),
    ],
)
def test_an_error_names_key_found_and_expected(tmp_path, values, told):
    with pytest.raises(CallerError, match=told) as caught:
        load(tmp_path, values)
    assert str(tmp_path / "run.json") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["{", "[1, 2]", '"a"'])
def test_what_is_no_configuration_is_told_so(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(CallerError, match=r"run\.json"):
        load_run(tmp_path / "run.json")
    with pytest.raises(CallerError, match="cannot be read"):
        load_run(tmp_path / "none.toml")


def test_paths_are_relative_to_the_file(tmp_path):
    file = load(tmp_path, {**CLASSIFY, "out": "made", "split": "../split.csv"})
    assert file.destination() == tmp_path / "made"
    assert file.data.path == str(tmp_path / "toys")
    assert Path(file.split) == tmp_path / ".." / "split.csv"
    chunks = {"kind": "chunks", "volumes": [{"image": "a.tif", "mask": "s3://b/m.zarr"}]}
    (volume,) = load(tmp_path, {"run": "classify", "data": chunks}).data.volumes
    assert (volume.image, volume.mask) == (str(tmp_path / "a.tif"), "s3://b/m.zarr")


def test_the_result_goes_beside_the_file_where_it_does_not_say(tmp_path):
    assert load(tmp_path, CLASSIFY).destination() == tmp_path / "run.classifier"
    told = load(tmp_path, CLASSIFY, out=tmp_path / "there")
    assert told.destination() == tmp_path / "there"


def test_a_command_takes_its_own_kind_alone(tmp_path):
    assert load(tmp_path, {"data": FOLDERS}, kind="classify").run == "classify"
    with pytest.raises(CallerError, match="expected 'train'"):
        load(tmp_path, CLASSIFY, kind="train")


@pytest.mark.parametrize("name", RUN_KINDS)
def test_every_kind_is_a_run_file_of_a_workflow_and_says_what_its_keys_are(name):
    kind = kind_of(name)
    assert issubclass(kind, RunFile)
    assert kind.workflow in WORKFLOWS
    assert kind.model_fields["run"].default == name
    assert [key for key, field in kind.model_fields.items() if not field.description] == []


OPTIONS = VolumeOptions(level=1, voxel_size=VoxelSize(2.0, 1.0, 1.0))
CHUNKS = ChunksData.model_validate({"volumes": [{"image": "/a.tif", "mask": "/b.tif"}]})
REQUESTS = [
    Train(TrainRun.model_validate({"volume": [{"image": "/a"}]}), Path("/out"), "cpu"),
    Retrain(Path("/kidney.vessel"), TrainingConfig(epochs=3)),
    Retrain(Path("/kidney.vessel")),
    Predict(
        "/a.tif", Path("/m.ome.zarr"), OPTIONS, box=Box((0, 0, 0), (4, 5, 6)), threshold=0.4,
        inference=InferenceConfig(planes=(Plane.XY,), device="cpu"), triage=Path("/t"),
        skip_below=0.2, probability=True,
    ),
    Evaluate("/a.ome.zarr", "/b.tif", 0.5, OPTIONS, Path("/blocks.csv")),
    ClassifyTrain(
        ClassifyRun(network=ClassifierConfig(backbone="lenet", size=16), data=CHUNKS),
        Path("/out"), "cpu",
    ),
    ClassifySamples("/c", FoldersData(path="/toys"), Path("/out"), draws=5),
    ClassifySamples("/c", CHUNKS, Path("/out"), Path("/s.csv"), "test", scored=True),
    Triage("/a.tif", Path("/t"), "/c", OPTIONS, Box((0, 0, 0), (4, 5, 6)), device="cpu"),
]  # fmt: skip


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: type(request).__name__)
def test_what_was_asked_can_be_saved_and_asked_again(request_, tmp_path):
    write_run(tmp_path / "saved.json", request_)
    assert load_run(tmp_path / "saved.json").request(RunOptions()) == request_


def test_overwriting_and_going_on_are_no_part_of_a_file(tmp_path):
    asked = replace(REQUESTS[0], overwrite=True, resume=True)
    write_run(tmp_path / "saved.json", asked)
    file = load_run(tmp_path / "saved.json")
    assert file.request(RunOptions()) == REQUESTS[0]
    assert file.request(RunOptions(overwrite=True, resume=True)) == asked


def test_what_no_kind_asks_cannot_be_saved(tmp_path):
    with pytest.raises(CallerError, match="Clean cannot be saved"):
        write_run(tmp_path / "saved.json", Clean(tmp_path, 0.0))
    assert file_of(REQUESTS[0]).run == "train"


PAGE = Path(__file__).parents[2] / "docs" / "running.md"
EXAMPLES = [
    (language, text)
    for language, text in re.findall(r"```(toml|json)\n(.*?)```", PAGE.read_text("utf-8"), re.S)
]


def test_the_page_has_an_example_of_every_kind():
    named = {re.search(r'"?run"? ?[=:] "([\w-]+)"', text).group(1) for _, text in EXAMPLES}
    assert named == set(RUN_KINDS)


@pytest.mark.parametrize(("language", "text"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_of_the_page_can_be_read_and_saved_again(tmp_path, language, text):
    path = tmp_path / f"run.{language}"
    path.write_text(text)
    file = load_run(path)
    again = file_of(file.request(RunOptions()))
    assert again.request(RunOptions()) == file.request(RunOptions())
