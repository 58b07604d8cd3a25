from ._ahead import ReadAhead as ReadAhead
from ._block import BlockPrediction as BlockPrediction
from ._block import predict_block as predict_block
from ._block import predict_slice as predict_slice
from ._breathing import breathe as breathe
from ._breathing import listen as listen
from ._breathing import note_time_away as note_time_away
from ._breathing import working_time as working_time
from ._changing import with_changes as with_changes
from ._config import InferenceConfig as InferenceConfig
from ._config import zoom_per_edge as zoom_per_edge
from ._context import context_of as context_of
from ._context import plane_zoom as plane_zoom
from ._forward import Forward as Forward
from ._forward import Network as Network
from ._fusing import disagreement as disagreement
from ._fusing import fuse as fuse
from ._fusing import to_uint8 as to_uint8
from ._levels import Levels as Levels
from ._look import Look as Look
from ._look import empty_below_for as empty_below_for
from ._look import look_of as look_of
from ._looking import look_at as look_at
from ._looking import predict_needed as predict_needed
from ._planes import choose_planes as choose_planes
from ._planes import plane_weights as plane_weights
from ._reading_ahead import read_ahead as read_ahead
from ._seen import pixels_of as pixels_of
from ._seen import seen_of as seen_of
from ._seen import tile_shapes as tile_shapes
from ._seen import views_counted as views_counted
from ._slices import TileStep as TileStep
from ._slices import predict_slices as predict_slices
from ._slices import slice_steps as slice_steps
from ._spill import Spill as Spill
from ._views import View as View
from ._views import views_of as views_of

__all__ = [
    "BlockPrediction",
    "Forward",
    "InferenceConfig",
    "Levels",
    "Look",
    "Network",
    "ReadAhead",
    "Spill",
    "TileStep",
    "View",
    "breathe",
    "choose_planes",
    "context_of",
    "disagreement",
    "empty_below_for",
    "fuse",
    "listen",
    "look_at",
    "look_of",
    "note_time_away",
    "pixels_of",
    "plane_weights",
    "plane_zoom",
    "predict_block",
    "predict_needed",
    "predict_slice",
    "predict_slices",
    "read_ahead",
    "seen_of",
    "slice_steps",
    "tile_shapes",
    "to_uint8",
    "views_counted",
    "views_of",
    "with_changes",
    "working_time",
    "zoom_per_edge",
]
