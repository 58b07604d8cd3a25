__all__ = [
    "EventWorker",
    "VesselLabels",
]

from ._labels import VesselLabels as VesselLabels
from ._worker import EventWorker as EventWorker
