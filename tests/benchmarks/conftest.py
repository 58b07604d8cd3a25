"""Scripts of the benchmarks' folder, for their tests."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    """Import a script of the benchmarks' folder, which is no package."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if (BENCHMARKS / f"{name}.py").exists():
            del sys.modules[name]


def _tube(shape=(12, 40, 40), radius=6.0, drift=0.0):
    z, y, x = np.ogrid[tuple(map(slice, shape))]
    return (y - 20) ** 2 + (x - 14 - drift * z) ** 2 <= radius**2


@pytest.fixture
def folder(tmp_path):
    """Write dark tubes on bright, whose voxel size nobody says, as a folder that can be named."""

    def write(name="tubes", labels=None, **metadata):
        made = tmp_path / name
        made.mkdir(parents=True)
        truth = _tube()
        image = np.where(truth, 50, 200).astype(np.uint8)
        tifffile.imwrite(made / "image.tif", image, **metadata)
        labels = truth.astype(np.uint8) * 255 if labels is None else labels
        tifffile.imwrite(made / "label.tif", labels)
        return made

    return write
