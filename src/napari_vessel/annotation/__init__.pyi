__all__ = [
    "ACCEPTED",
    "BACKGROUND",
    "UNTOUCHED",
    "VESSEL",
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
    "Replay",
    "RowHeader",
    "RowSummary",
    "Scanned",
    "Stamp",
    "StrokeEntry",
    "StrokePicture",
    "StrokeState",
    "Strokes",
    "box_index",
    "find_overlaps",
    "give_journals",
    "holders",
    "journal_name",
    "journal_paths",
    "journal_rows",
    "label_state",
    "list_journals",
    "replay",
    "shown_values",
    "summaries",
    "take_journal",
    "vessel_mask",
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
from ._writer import JournalWriter as JournalWriter
