import json
import os
from pathlib import Path

import pytest
import tifffile

from napari_vessel.geometry import Box
from napari_vessel.volumes import open_volume

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("NAPARI_VESSEL_DATA", ROOT.parent / "shared" / "data"))


@pytest.mark.real_data
@pytest.mark.skipif(not DATA.is_dir(), reason=f"there are no real volumes at {DATA}")
def test_real_stacks_open_as_what_they_are():
    stacks = sorted(DATA.glob("*/image.tif"))
    assert stacks
    for path in stacks:
        with tifffile.TiffFile(path) as tiff:
            shape = tiff.series[0].shape
        if len(shape) == 2:
            with pytest.raises(ValueError, match="2-D"):
                open_volume(path)
            continue
        volume = open_volume(path)
        assert volume.shape == shape
        window = volume.window()
        assert window.low < window.high
        assert volume.read(Box((0, 0, 0), (1, 8, 8))).shape == (1, 8, 8)
        json.dumps(volume.describe())
