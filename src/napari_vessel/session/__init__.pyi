__all__ = [
    "Activity",
    "ActivityName",
    "Answer",
    "Asked",
    "Opened",
    "SaveState",
    "Session",
    "SessionEvents",
]

from ._events import SessionEvents as SessionEvents
from ._session import Session as Session
from ._values import Activity as Activity
from ._values import ActivityName as ActivityName
from ._values import Answer as Answer
from ._values import Asked as Asked
from ._values import Opened as Opened
from ._values import SaveState as SaveState
