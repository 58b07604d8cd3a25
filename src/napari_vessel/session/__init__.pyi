__all__ = [
    "Activity",
    "ActivityName",
    "Answer",
    "Asked",
    "DisagreementMap",
    "Job",
    "JobWish",
    "Looked",
    "Moved",
    "Opened",
    "Overview",
    "OverviewLevel",
    "SaveState",
    "Session",
    "SessionEvents",
    "region_for",
]

from ._disagreement import DisagreementMap as DisagreementMap
from ._events import SessionEvents as SessionEvents
from ._jobs import Job as Job
from ._jobs import JobWish as JobWish
from ._overview import Overview as Overview
from ._overview import OverviewLevel as OverviewLevel
from ._region import Looked as Looked
from ._region import Moved as Moved
from ._region import region_for as region_for
from ._session import Session as Session
from ._values import Activity as Activity
from ._values import ActivityName as ActivityName
from ._values import Answer as Answer
from ._values import Asked as Asked
from ._values import Opened as Opened
from ._values import SaveState as SaveState
