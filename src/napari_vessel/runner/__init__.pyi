__all__ = [
    "InlineRunner",
    "ProcessRunner",
    "Runner",
    "RunnerConfig",
]

from ._config import RunnerConfig as RunnerConfig
from ._inline import InlineRunner as InlineRunner
from ._protocol import Runner as Runner
from ._runner import ProcessRunner as ProcessRunner
