"""Good and bad input of every kind, small enough for every command."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from typer.testing import CliRunner

from napari_vessel.cli import app
from napari_vessel.geometry import Plane
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import CheckpointCard, NetworkConfig, build_network, save_checkpoint
from napari_vessel.project import Project
from napari_vessel.tiling import TileConfig
from napari_vessel.training import TrainingConfig
from napari_vessel.volumes import open_volume

SHAPE = (8, 64, 32)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def nv():
    """Run the program; ``run("info", …)``."""

    def run(*args):
        return CliRunner().invoke(app, [str(arg) for arg in args])

    return run


@pytest.fixture
def environment():
    """The environment of a program of its own."""
    return os.environ | {"PYTHONPATH": ":".join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    torch.manual_seed(0)
    config = NetworkConfig(encoder="tu-resnet10t", encoder_depth=3, decoder_channels=(8, 8, 8))
    card = CheckpointCard(network=config, voxel_size_um=(50, 50, 50))
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    return save_checkpoint(folder, build_network(config).eval(), card)


@pytest.fixture
def truth():
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, 8:14, 8:14] = 1
    return labels


@pytest.fixture
def good(tmp_path, truth, tiny):
    """A folder with a volume, labels, and a project with the tiny network in use."""
    voxels = np.random.default_rng(0).integers(0, 900, SHAPE) + np.where(truth, 0, 9000)
    np.save(tmp_path / "kidney.npy", voxels.astype(np.uint16))
    np.save(tmp_path / "truth.npy", truth)
    project = Project.create(tmp_path / "kidney.vessel", open_volume(tmp_path / "kidney.npy"))
    save_checkpoint(project.checkpoints / "tiny", tiny.load(), tiny.card)
    inference = InferenceConfig(
        planes=(Plane.XY,), views="none", block=(8, 32, 32), halo=0, device="cpu",
        precision="fp32", tiles=TileConfig(tile=32, overlap=0),
    )  # fmt: skip
    training = TrainingConfig(
        minutes=None, epochs=1, steps_per_epoch=1, batch=2, patch=32, precision="fp32"
    )
    project.update(checkpoint="tiny", inference=inference, training=training)
    return tmp_path


@pytest.fixture
def bad(tmp_path) -> Path:
    """A folder with one of everything that is no volume."""
    bad = tmp_path / "bad"
    for name in ("empty", "mixed", "rgb"):
        (bad / name).mkdir(parents=True)
    for z, edge in enumerate((32, 32, 31)):
        tifffile.imwrite(bad / "mixed" / f"{z}.tif", np.zeros((32, edge), np.uint8))
        tifffile.imwrite(
            bad / "rgb" / f"{z}.tif", np.zeros((32, 32, 3), np.uint8), photometric="rgb"
        )
    np.save(bad / "flat.npy", np.zeros((32, 32), np.uint8))
    np.save(bad / "complex.npy", np.zeros(SHAPE, np.complex64))
    np.save(bad / "object.npy", np.array([None] * 8).reshape(2, 2, 2))
    (bad / "text.npy").write_text("no array")
    return bad
