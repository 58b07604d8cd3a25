__all__ = [
    "BLOCK",
    "HALO",
    "SMALLEST_UM3",
    "UNCUT",
    "BlocksDone",
    "Likeness",
    "MeasureConfig",
    "Skeleton",
    "area_opened",
    "belonging",
    "bridged",
    "cavities_filled",
    "component_at",
    "component_with",
    "filled",
    "find_pieces",
    "graph_of",
    "grown",
    "interpolated",
    "least_voxels",
    "likeness_at",
    "lumen_likelihood",
    "nearest_vessel",
    "opened_block",
    "radii_at",
    "reached_from",
    "skeleton_of",
    "small_removed",
    "smoothed",
    "strahler_orders",
    "surroundings",
    "thinned",
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
from ._graph_building import graph_of as graph_of
from ._growing import grown as grown
from ._growing import surroundings as surroundings
from ._label_pieces import BLOCK as BLOCK
from ._label_pieces import BlocksDone as BlocksDone
from ._label_pieces import cavities_filled as cavities_filled
from ._label_pieces import find_pieces as find_pieces
from ._label_pieces import small_removed as small_removed
from ._mending import filled as filled
from ._mending import smoothed as smoothed
from ._opening import UNCUT as UNCUT
from ._opening import area_opened as area_opened
from ._skeleton_blocks import skeleton_of as skeleton_of
from ._skeleton_config import MeasureConfig as MeasureConfig
from ._skeleton_joining import Skeleton as Skeleton
from ._skeleton_radii import radii_at as radii_at
from ._smallest import SMALLEST_UM3 as SMALLEST_UM3
from ._smallest import least_voxels as least_voxels
from ._strahler import strahler_orders as strahler_orders
from ._thinning import thinned as thinned
from ._wall import lumen_likelihood as lumen_likelihood
from ._wall import reached_from as reached_from
