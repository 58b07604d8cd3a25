__all__ = [
    "Heartbeat",
    "InlineRunner",
    "JobStopped",
    "ProcessRunner",
    "Runner",
    "RunnerConfig",
    "cancel_job",
    "launch_job",
    "new_job",
    "pause_job",
    "work_on",
]

from ._config import RunnerConfig as RunnerConfig
from ._inbox import Heartbeat as Heartbeat
from ._inline import InlineRunner as InlineRunner
from ._job_launch import launch_job as launch_job
from ._job_wishes import cancel_job as cancel_job
from ._job_wishes import new_job as new_job
from ._job_wishes import pause_job as pause_job
from ._job_work import JobStopped as JobStopped
from ._job_work import work_on as work_on
from ._protocol import Runner as Runner
from ._runner import ProcessRunner as ProcessRunner
