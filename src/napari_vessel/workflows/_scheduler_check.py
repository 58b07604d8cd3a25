"""May a job be spread over the cluster a person names? Asked before anything is begun."""

from __future__ import annotations

from napari_vessel.cluster import check_scheduler
from napari_vessel.errors import CallerError
from napari_vessel.workflows._requests import Predict

__all__ = ["refuse_scheduler"]


def refuse_scheduler(request: Predict) -> None:
    """Refuse a cluster that could not be used, before anything is begun.

    Raises
    ------
    CallerError
        It is none, or no safe one; or the device is named by its number.
    """
    if request.scheduler is None:
        return
    check_scheduler(request.scheduler)
    device = request.inference.device
    if ":" in device:
        raise CallerError(
            f"Device {device}: each worker of a cluster has a GPU of its own. Choose cuda, and "
            "say by CUDA_VISIBLE_DEVICES which GPUs a worker sees."
        )
