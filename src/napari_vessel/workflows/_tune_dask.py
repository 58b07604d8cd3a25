"""Workers of a cluster at work on one study, in a folder that they share."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from functools import partial

from napari_vessel.cluster import Errand, GivenUp, SetAside, connect, given_up
from napari_vessel.errors import CallerError, ComputeError
from napari_vessel.search import Study
from napari_vessel.workflows._tune_trial import TuneSite, trials_at_work

__all__ = ["cluster_at_work", "trial_there"]


def cluster_at_work(site: TuneSite, study: Study, scheduler: str) -> Generator[None, None, None]:
    """Do trials on the workers of a cluster until the study needs no more; yield now and then.

    Raises
    ------
    ComputeError
        The scheduler is gone, or trials fail on every worker.
    """
    errand = Errand("tune", partial(trial_there, site), final=(CallerError,))
    with connect(scheduler, device=site.device) as cluster:
        while missing := _missing(study):
            with closing(cluster.each(errand, range(missing), hopeless=1)) as events:
                for event in events:
                    if isinstance(event, SetAside):
                        raise ComputeError(f"A worker of {cluster.name} failed: {event.reason}")
                    yield
            if _missing(study) >= missing:  # others are at work on what is left
                return


def trial_there(site: TuneSite, _number: int) -> bool:
    """Do one trial on a worker, if the study needs one more; tell whether it did."""
    with site.study() as study, closing(trials_at_work(site, study, most=1)) as shares:
        did = False
        for _ in shares:
            did = True
            if given_up():
                raise GivenUp
        return did


def _missing(study: Study) -> int:
    settled = sum(one.settled for one in study.records())
    return max(study.config.trials - settled, 0)
