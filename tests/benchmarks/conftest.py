"""A real volume as a person would name it, made small."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile


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
