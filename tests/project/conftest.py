from pathlib import Path

import numpy as np
import pytest

from napari_vessel.project import Project
from napari_vessel.volumes import open_volume

SHAPE = (8, 20, 24)


@pytest.fixture
def volume(tmp_path) -> Path:
    path = tmp_path / "scan" / "kidney.npy"
    path.parent.mkdir()
    np.save(path, np.random.default_rng(0).integers(0, 999, SHAPE).astype(np.uint16))
    return path


@pytest.fixture
def project(volume) -> Project:
    return Project.create(volume.with_name("kidney.vessel"), open_volume(volume))
