"""What ``train`` is told, in TOML or JSON."""

import json

import pytest
from pydantic import ValidationError

from napari_vessel.errors import CallerError
from napari_vessel.workflows import TrainRun, load_train_run

VOLUME = {"image": "kidney_1_dense"}


def run_of(**values):
    return TrainRun.model_validate({"volume": [VOLUME]} | values)


def test_toml_and_json_say_the_same_and_paths_are_relative_to_the_file(tmp_path):
    (tmp_path / "run.toml").write_text(
        '[network]\nstart = "mine"\n[[volume]]\nimage = "kidney_1_dense"\nlabels = "truth.tif"\n'
        '[[volume]]\nimage = "https://bucket/kidney.zarr"\n[pseudo]\ncheckpoint = "starter"\n'
    )
    (tmp_path / "run.json").write_text(
        json.dumps(
            {
                "network": {"start": "mine"},
                "volume": [
                    VOLUME | {"labels": "truth.tif"},
                    {"image": "https://bucket/kidney.zarr"},
                ],
                "pseudo": {"checkpoint": "starter"},
            }
        )
    )
    run = load_train_run(tmp_path / "run.toml")
    assert run == load_train_run(tmp_path / "run.json")
    local, remote = run.volume
    assert local.image == str(tmp_path / "kidney_1_dense")
    assert local.labels == str(tmp_path / "truth.tif")
    assert remote.image == "https://bucket/kidney.zarr"
    assert run.network.start == str(tmp_path / "mine")
    assert run.pseudo.checkpoint == "starter"


def test_a_new_network_learns_faster_and_with_its_own_statistics_unless_told():
    assert not run_of().training.keep_statistics
    assert run_of().training.learning_rate == 1e-3
    assert run_of(training={"learning_rate": 0.1}).training.learning_rate == 0.1
    begun = run_of(network={"start": "starter"}).training
    assert (begun.keep_statistics, begun.learning_rate) == (True, 5e-4)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"volume": []}, "at least 1"),
        ({"volume": [VOLUME | {"role": "validation"}]}, "none is left to learn from"),
        ({"volume": [VOLUME | {"reviewed": "most"}]}, "labelled-slices"),
        ({"volume": [VOLUME | {"reviewed": []}]}, "name slices or boxes"),
        ({"volume": [VOLUME | {"reviewed": ["xy:one"]}]}, "xy:10,20"),
        ({"volume": [VOLUME | {"reviewed": ["0:4,0:4"]}]}, "z0:z1"),
        ({"volume": [VOLUME | {"weight": 0}]}, "greater than 0"),
        ({"volume": [VOLUME | {"colour": "red"}]}, "Extra inputs"),
        ({"pseudo": {"vessel_above": 0.2, "background_below": 0.6}}, "background_below"),
        ({"network": {"start": "starter", "encoder": "resnet18"}}, "Extra inputs"),
        ({"network": {"start": "starter"}, "rescale": True}, "leave rescale out"),
        ({"training": {"keep_encoder": True, "keep_statistics": True}}, "keep_encoder"),
    ],
)
def test_a_mistake_is_refused_in_words(values, word):
    with pytest.raises(ValidationError, match=word):
        run_of(**values)


@pytest.mark.parametrize("content", ["a = [", "\xff"])
def test_a_file_that_is_no_configuration_is_refused_by_name(tmp_path, content):
    path = tmp_path / "run.toml"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(CallerError, match=r"run\.toml"):
        load_train_run(path)
    with pytest.raises(CallerError, match="cannot be read"):
        load_train_run(tmp_path / "gone.toml")


@pytest.mark.parametrize("name", ["replay_share", "start_share", "hard_share", "leave_out_share"])
def test_what_is_for_corrections_alone_is_refused(name):
    with pytest.raises(ValidationError, match=f"training.{name}"):
        run_of(training={name: 0.125})
