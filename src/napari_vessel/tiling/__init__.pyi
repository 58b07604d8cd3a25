from ._blocks import BlockGrid as BlockGrid
from ._blocks import nearest_first as nearest_first
from ._config import STRIDE as STRIDE
from ._config import TileConfig as TileConfig
from ._importance import importance_map as importance_map
from ._planes import block_of as block_of
from ._planes import slices_of as slices_of
from ._reflection import cut_reflected as cut_reflected
from ._reflection import reflection as reflection
from ._tiler import SliceTiler as SliceTiler
from ._tiler import tile_starts as tile_starts

__all__ = [
    "STRIDE",
    "BlockGrid",
    "SliceTiler",
    "TileConfig",
    "block_of",
    "cut_reflected",
    "importance_map",
    "nearest_first",
    "reflection",
    "slices_of",
    "tile_starts",
]
