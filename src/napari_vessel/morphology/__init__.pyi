__all__ = [
    "HALO",
    "SMALLEST_UM3",
    "UNCUT",
    "area_opened",
    "least_voxels",
    "opened_block",
]

from ._blocks import HALO as HALO
from ._blocks import opened_block as opened_block
from ._opening import UNCUT as UNCUT
from ._opening import area_opened as area_opened
from ._smallest import SMALLEST_UM3 as SMALLEST_UM3
from ._smallest import least_voxels as least_voxels
