__all__ = [
    "ACCEPTED",
    "BACKGROUND",
    "IDLE_S",
    "UNTOUCHED",
    "VESSEL",
    "CellProfile",
    "Correction",
    "Corrections",
    "EditableLabels",
    "HybridClock",
    "Journal",
    "JournalEntry",
    "JournalRow",
    "JournalWriter",
    "Kind",
    "Overlap",
    "Overlay",
    "Place",
    "QueueConfig",
    "Replay",
    "Review",
    "RowHeader",
    "RowSummary",
    "Scanned",
    "Stamp",
    "Standpoint",
    "StrokeEntry",
    "StrokePicture",
    "StrokeState",
    "Strokes",
    "Timeline",
    "box_index",
    "cells_of",
    "expected_wrong",
    "find_overlaps",
    "give_journals",
    "holders",
    "hottest",
    "journal_name",
    "journal_paths",
    "journal_rows",
    "label_state",
    "list_journals",
    "rank_places",
    "reach_of",
    "replay",
    "shown_values",
    "summaries",
    "take_journal",
    "vessel_mask",
    "work_seconds",
    "wrong_table",
]

from ._correction import Correction as Correction
from ._correction import Kind as Kind
from ._correction import RowHeader as RowHeader
from ._corrections import Corrections as Corrections
from ._editable import EditableLabels as EditableLabels
from ._exchange import JournalEntry as JournalEntry
from ._exchange import give_journals as give_journals
from ._exchange import list_journals as list_journals
from ._exchange import take_journal as take_journal
from ._indexing import box_index as box_index
from ._journal import Journal as Journal
from ._journal import holders as holders
from ._journal import journal_name as journal_name
from ._journal import journal_paths as journal_paths
from ._overlaps import Overlap as Overlap
from ._overlaps import Scanned as Scanned
from ._overlaps import find_overlaps as find_overlaps
from ._overlay import Overlay as Overlay
from ._queue import Standpoint as Standpoint
from ._queue import rank_places as rank_places
from ._queue_cells import CellProfile as CellProfile
from ._queue_cells import cells_of as cells_of
from ._queue_cells import reach_of as reach_of
from ._queue_config import QueueConfig as QueueConfig
from ._queue_expected import expected_wrong as expected_wrong
from ._queue_expected import hottest as hottest
from ._queue_expected import wrong_table as wrong_table
from ._queue_place import Place as Place
from ._queue_place import work_seconds as work_seconds
from ._replay import JournalRow as JournalRow
from ._replay import Replay as Replay
from ._replay import journal_rows as journal_rows
from ._replay import replay as replay
from ._stamp import HybridClock as HybridClock
from ._stamp import Stamp as Stamp
from ._state import ACCEPTED as ACCEPTED
from ._state import BACKGROUND as BACKGROUND
from ._state import UNTOUCHED as UNTOUCHED
from ._state import VESSEL as VESSEL
from ._state import label_state as label_state
from ._state import shown_values as shown_values
from ._state import vessel_mask as vessel_mask
from ._strokes import StrokeEntry as StrokeEntry
from ._strokes import StrokePicture as StrokePicture
from ._strokes import Strokes as Strokes
from ._strokes import StrokeState as StrokeState
from ._summary import RowSummary as RowSummary
from ._summary import summaries as summaries
from ._timeline import IDLE_S as IDLE_S
from ._timeline import Review as Review
from ._timeline import Timeline as Timeline
from ._writer import JournalWriter as JournalWriter
