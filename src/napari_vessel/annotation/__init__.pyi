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
    "JournalRow",
    "JournalWriter",
    "Kind",
    "Overlay",
    "Replay",
    "RowHeader",
    "RowSummary",
    "Stamp",
    "box_index",
    "holders",
    "journal_name",
    "journal_paths",
    "journal_rows",
    "label_state",
    "replay",
    "shown_values",
    "summaries",
    "vessel_mask",
]

from ._correction import Correction as Correction
from ._correction import Kind as Kind
from ._correction import RowHeader as RowHeader
from ._corrections import Corrections as Corrections
from ._editable import EditableLabels as EditableLabels
from ._indexing import box_index as box_index
from ._journal import Journal as Journal
from ._journal import holders as holders
from ._journal import journal_name as journal_name
from ._journal import journal_paths as journal_paths
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
from ._summary import RowSummary as RowSummary
from ._summary import summaries as summaries
from ._writer import JournalWriter as JournalWriter
