__all__ = [
    "Heartbeat",
    "InlineRunner",
    "ProcessRunner",
    "Runner",
    "RunnerConfig",
]

from ._config import RunnerConfig as RunnerConfig
from ._inbox import Heartbeat as Heartbeat
from ._inline import InlineRunner as InlineRunner
from ._protocol import Runner as Runner
from ._runner import ProcessRunner as ProcessRunner
