__all__ = [
    "Answer",
    "Cluster",
    "ClusterConfig",
    "Errand",
    "GivenUp",
    "SetAside",
    "Waiting",
    "check_scheduler",
    "connect",
    "given_up",
    "gpus",
    "scratch",
    "worker_environments",
]

from ._address import check_scheduler as check_scheduler
from ._cluster import Cluster as Cluster
from ._config import ClusterConfig as ClusterConfig
from ._connect import connect as connect
from ._events import Answer as Answer
from ._events import SetAside as SetAside
from ._events import Waiting as Waiting
from ._local import gpus as gpus
from ._local import worker_environments as worker_environments
from ._task import Errand as Errand
from ._task import GivenUp as GivenUp
from ._task import given_up as given_up
from ._task import scratch as scratch
