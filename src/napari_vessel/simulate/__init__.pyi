__all__ = [
    "Annotator",
    "DemoConfig",
    "Demonstrated",
    "LoopConfig",
    "Looped",
    "demo_volume",
    "drive",
    "evenly_spaced",
    "run_demo",
    "run_loop",
]

from ._annotator import Annotator as Annotator
from ._annotator import drive as drive
from ._annotator import evenly_spaced as evenly_spaced
from ._demo import Demonstrated as Demonstrated
from ._demo import run_demo as run_demo
from ._demo_volume import DemoConfig as DemoConfig
from ._demo_volume import demo_volume as demo_volume
from ._loop import LoopConfig as LoopConfig
from ._loop import Looped as Looped
from ._loop import run_loop as run_loop
