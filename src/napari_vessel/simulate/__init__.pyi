__all__ = [
    "PERFECT",
    "Annotator",
    "DemoConfig",
    "Demonstrated",
    "Effort",
    "EffortConfig",
    "EffortRow",
    "LoopConfig",
    "Looped",
    "Pace",
    "Person",
    "PersonConfig",
    "Piece",
    "Strategy",
    "Worked",
    "demo_volume",
    "drawn_by_hand",
    "drive",
    "evenly_spaced",
    "pieces_of",
    "places_in_order",
    "run_demo",
    "run_effort",
    "run_loop",
]

from ._annotator import Annotator as Annotator
from ._annotator import drive as drive
from ._annotator import evenly_spaced as evenly_spaced
from ._demo import Demonstrated as Demonstrated
from ._demo import run_demo as run_demo
from ._demo_volume import DemoConfig as DemoConfig
from ._demo_volume import demo_volume as demo_volume
from ._effort import Effort as Effort
from ._effort import EffortConfig as EffortConfig
from ._effort import EffortRow as EffortRow
from ._effort import run_effort as run_effort
from ._loop import LoopConfig as LoopConfig
from ._loop import Looped as Looped
from ._loop import run_loop as run_loop
from ._pace import PERFECT as PERFECT
from ._pace import Pace as Pace
from ._pace import PersonConfig as PersonConfig
from ._person import Person as Person
from ._person import Worked as Worked
from ._strategy import Strategy as Strategy
from ._strategy import places_in_order as places_in_order
from ._strokes import Piece as Piece
from ._strokes import drawn_by_hand as drawn_by_hand
from ._strokes import pieces_of as pieces_of
