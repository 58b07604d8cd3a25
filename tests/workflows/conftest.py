"""A tiny volume, a tiny network, and projects on them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_vessel.geometry import Plane
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import CheckpointCard, NetworkConfig, build_network, save_checkpoint
from napari_vessel.project import Project
from napari_vessel.tiling import TileConfig
from napari_vessel.training import TrainingConfig
from napari_vessel.volumes import Store, open_store, open_volume
from napari_vessel.workflows import WORKFLOWS, Predict

SHAPE = (16, 64, 64)
QUICK = InferenceConfig(
    views="none",
    planes=(Plane.XY,),
    block=(16, 32, 64),
    halo=0,
    tiles=TileConfig(tile=64, overlap=0),
    device="cpu",
    precision="fp32",
)
SHORT = TrainingConfig(
    minutes=None,
    epochs=2,
    steps_per_epoch=2,
    batch=2,
    patch=32,
    learning_rate=1e-2,
    validation_block=(8, 32, 32),
    guard=0,
    precision="fp32",
    replay_share=0,  # nobody waits for phantoms
    leave_out_folds=0,
)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tubes():
    """A volume (uint16) with three dark straight vessels, and their truth."""
    _, y, x = np.indices(SHAPE)
    truth = np.zeros(SHAPE, bool)
    for cy, cx in ((12, 14), (40, 20), (30, 50)):
        truth |= (y - cy) ** 2 + (x - cx) ** 2 <= 25
    noise = np.random.default_rng(3).normal(0, 800, SHAPE)
    return np.where(truth, 12000 + noise, 30000 + noise).astype(np.uint16), truth.astype(np.uint8)


@pytest.fixture(scope="session")
def truth():
    return tubes()[1]


@pytest.fixture
def volume(tmp_path) -> Path:
    path = tmp_path / "kidney.npy"
    np.save(path, tubes()[0])
    return path


@pytest.fixture
def labels(tmp_path, truth) -> Path:
    path = tmp_path / "truth.npy"
    np.save(path, truth)
    return path


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """An untrained network whose threshold splits the volume."""
    torch.manual_seed(0)
    config = NetworkConfig(encoder="tu-resnet10t", encoder_depth=3, decoder_channels=(8, 8, 8))
    card = CheckpointCard(network=config, voxel_size_um=(50, 50, 50), threshold=0.5)
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    network = build_network(config).eval()
    last = [part for part in network.modules() if isinstance(part, torch.nn.Conv2d)][-1]
    with torch.no_grad():
        last.weight *= 100  # from "all the same" to a mask that a rounding hardly changes
    return save_checkpoint(folder, network, card)


@pytest.fixture
def project(tmp_path, volume, tiny) -> Project:
    """A project with the tiny network in use, that predicts two blocks in one plane."""
    made = Project.create(tmp_path / "kidney.vessel", open_volume(volume))
    save_checkpoint(made.checkpoints / "tiny", tiny.load(), tiny.card)
    made.update(checkpoint="tiny", inference=QUICK, training=SHORT)
    return made


@pytest.fixture
def asked_with(volume, tiny, tmp_path):
    """Ask for a mask, and the probability beside it, with the settings given."""

    def ask(inference: InferenceConfig) -> Predict:
        return Predict(
            str(volume),
            tmp_path / "out.ome.zarr",
            checkpoint=str(tiny.path),
            inference=inference,
            probability=True,
        )

    return ask


def run_predict(request: Predict) -> list:
    """Predict to the end and return all events."""
    return list(WORKFLOWS["predict"](request))


def kept_beside(request: Predict) -> Store:
    """Open the probability beside a mask."""
    return open_store(request.out.with_name("out.probability.ome.zarr"))
