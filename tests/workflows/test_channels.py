"""A checkpoint for images of several channels is refused where it is opened, by its field."""

import pytest

from napari_vessel.errors import CheckpointError
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import CheckpointCard, NetworkConfig, build_network, save_checkpoint
from napari_vessel.project import use_checkpoint
from napari_vessel.training import LightConfig
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows import WORKFLOWS, Compare, Focus, Foresee, Predict, Propose, Retrain
from napari_vessel.workflows._light_bench import bench_of


@pytest.fixture
def colour(project):
    """A checkpoint of the project for three channels, in use."""
    config = NetworkConfig(
        encoder="tu-resnet10t", encoder_depth=3, decoder_channels=(8, 8, 8), in_channels=3
    )
    card = CheckpointCard(network=config, voxel_size_um=(50, 50, 50))
    made = save_checkpoint(project.checkpoints / "colour", build_network(config).eval(), card)
    project.update(checkpoint="colour")
    return made


def refused(call):
    with pytest.raises(CheckpointError, match=r"network\.in_channels = 3, .* it is 1\. Choose"):
        call()


@pytest.mark.parametrize("name", ["predict", "propose", "foresee", "retrain", "compare"])
def test_a_checkpoint_for_more_channels_is_refused_by_its_field(
    name, project, volume, colour, tmp_path
):
    requests = {
        "predict": Predict(str(volume), tmp_path / "mask.ome.zarr", checkpoint=str(colour.path)),
        "propose": Propose(project.path),
        "foresee": Foresee(
            str(volume), VolumeOptions(), str(colour.path), Box.of((16, 64, 64)), InferenceConfig()
        ),
        "retrain": Retrain(project.path),
        "compare": Compare(project.path, "colour", "starter", Focus((0, 0, 0), Plane.XY)),
    }
    refused(lambda: list(WORKFLOWS[name](requests[name])))
    assert not (tmp_path / "mask.ome.zarr.job" / "job.json").exists()


def test_no_light_update_begins_with_it(project, colour):
    refused(lambda: bench_of(project, LightConfig()))


def test_it_is_not_taken_into_use(project, colour):
    project.update(checkpoint="tiny")
    refused(lambda: use_checkpoint(project, "colour"))
    assert project.config.checkpoint == "tiny"
