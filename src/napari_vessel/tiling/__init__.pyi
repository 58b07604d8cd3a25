from ._blocks import BlockGrid as BlockGrid
from ._blocks import nearest_first as nearest_first
from ._config import STRIDE as STRIDE
from ._config import TileConfig as TileConfig
from ._importance import importance_map as importance_map
from ._planes import block_of as block_of
from ._planes import slices_of as slices_of
from ._reflection import cut_reflected as cut_reflected
from ._reflection import reflection as reflection
from ._resample import SAME as SAME
from ._resample import Zoom as Zoom
from ._resample import grid_of as grid_of
from ._resample import inverse as inverse
from ._resample import read_resampled as read_resampled
from ._resample import resample as resample
from ._resample import source_of as source_of
from ._tiler import SliceTiler as SliceTiler
from ._tiler import tile_starts as tile_starts

__all__ = [
    "SAME",
    "STRIDE",
    "BlockGrid",
    "SliceTiler",
    "TileConfig",
    "Zoom",
    "block_of",
    "cut_reflected",
    "grid_of",
    "importance_map",
    "inverse",
    "nearest_first",
    "read_resampled",
    "reflection",
    "resample",
    "slices_of",
    "source_of",
    "tile_starts",
]
