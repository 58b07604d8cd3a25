import pytest
from pydantic import ValidationError

from napari_vessel.tiling import TileConfig


def test_an_overlap_that_leaves_no_step_is_refused() -> None:
    with pytest.raises(ValidationError, match="leaves no step"):
        TileConfig(tile=64, overlap=64)


@pytest.mark.parametrize("tile", [0, 33, -32])
def test_a_tile_that_no_network_takes_is_refused(tile: int) -> None:
    with pytest.raises(ValidationError, match="tile"):
        TileConfig(tile=tile, overlap=0)
