__all__ = [
    "COLOURS",
    "PICTURE",
    "SYMBOLS",
    "Activity",
    "ActivityName",
    "Answer",
    "Asked",
    "ComputeState",
    "Continuous",
    "ContinuousState",
    "CropConfig",
    "DisagreementMap",
    "ErrorMap",
    "Found",
    "GraphView",
    "Histogram",
    "Job",
    "JobWish",
    "Judges",
    "KeptClassifier",
    "LocalThreshold",
    "Looked",
    "Moved",
    "Networks",
    "NothingProposed",
    "ObjectClass",
    "Objects",
    "ObjectsConfig",
    "ObjectsSaved",
    "Opened",
    "Outdated",
    "Overview",
    "OverviewLevel",
    "Pictured",
    "PieceTool",
    "ReviewedMap",
    "SaveState",
    "SeenSlice",
    "Session",
    "SessionEvents",
    "Situation",
    "Snapshot",
    "Stamp",
    "Taught",
    "ToolConfig",
    "TriageView",
    "Tuning",
    "TuningWish",
    "Verdict",
    "WhyThis",
    "best_sentence",
    "convert_volume_of",
    "converted_place",
    "new_class",
    "region_for",
    "slow_planes_of",
    "why_not",
]

from ._compute_state import ComputeState as ComputeState
from ._continuous import Continuous as Continuous
from ._continuous import ContinuousState as ContinuousState
from ._continuous import Situation as Situation
from ._converting import convert_volume_of as convert_volume_of
from ._converting import converted_place as converted_place
from ._converting import slow_planes_of as slow_planes_of
from ._disagreement import DisagreementMap as DisagreementMap
from ._events import SessionEvents as SessionEvents
from ._graph_view import ErrorMap as ErrorMap
from ._graph_view import GraphView as GraphView
from ._graph_view import Histogram as Histogram
from ._jobs import Job as Job
from ._jobs import JobWish as JobWish
from ._judges import Judges as Judges
from ._local import LocalThreshold as LocalThreshold
from ._networks import Networks as Networks
from ._objects import Objects as Objects
from ._objects import ObjectsSaved as ObjectsSaved
from ._objects_config import CropConfig as CropConfig
from ._objects_config import KeptClassifier as KeptClassifier
from ._objects_config import ObjectsConfig as ObjectsConfig
from ._objects_done import WhyThis as WhyThis
from ._objects_judging import Taught as Taught
from ._objects_lesson import why_not as why_not
from ._objects_table import Snapshot as Snapshot
from ._objects_values import COLOURS as COLOURS
from ._objects_values import SYMBOLS as SYMBOLS
from ._objects_values import ObjectClass as ObjectClass
from ._objects_values import Verdict as Verdict
from ._objects_values import new_class as new_class
from ._overview import Overview as Overview
from ._overview import OverviewLevel as OverviewLevel
from ._queue import NothingProposed as NothingProposed
from ._queue import Outdated as Outdated
from ._queue_picture import PICTURE as PICTURE
from ._queue_picture import Pictured as Pictured
from ._region import Looked as Looked
from ._region import Moved as Moved
from ._region import region_for as region_for
from ._seen_slice import ReviewedMap as ReviewedMap
from ._seen_slice import SeenSlice as SeenSlice
from ._seen_slice import Stamp as Stamp
from ._session import Session as Session
from ._tool_config import ToolConfig as ToolConfig
from ._tool_values import Found as Found
from ._tools import PieceTool as PieceTool
from ._triage import TriageView as TriageView
from ._tuning import Tuning as Tuning
from ._tuning import TuningWish as TuningWish
from ._tuning_words import best_sentence as best_sentence
from ._values import Activity as Activity
from ._values import ActivityName as ActivityName
from ._values import Answer as Answer
from ._values import Asked as Asked
from ._values import Opened as Opened
from ._values import SaveState as SaveState
