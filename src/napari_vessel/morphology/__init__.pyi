__all__ = [
    "HALO",
    "SMALLEST_UM3",
    "UNCUT",
    "Likeness",
    "area_opened",
    "belonging",
    "bridged",
    "component_at",
    "component_with",
    "filled",
    "grown",
    "interpolated",
    "least_voxels",
    "likeness_at",
    "nearest_vessel",
    "opened_block",
    "smoothed",
    "surroundings",
    "tight",
]

from ._belonging import Likeness as Likeness
from ._belonging import belonging as belonging
from ._belonging import likeness_at as likeness_at
from ._between import interpolated as interpolated
from ._blocks import HALO as HALO
from ._blocks import opened_block as opened_block
from ._component import component_at as component_at
from ._component import component_with as component_with
from ._component import nearest_vessel as nearest_vessel
from ._component import tight as tight
from ._gap import bridged as bridged
from ._growing import grown as grown
from ._growing import surroundings as surroundings
from ._mending import filled as filled
from ._mending import smoothed as smoothed
from ._opening import UNCUT as UNCUT
from ._opening import area_opened as area_opened
from ._smallest import SMALLEST_UM3 as SMALLEST_UM3
from ._smallest import least_voxels as least_voxels
