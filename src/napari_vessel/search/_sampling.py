"""How optuna draws, and when it gives a trial up."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import optuna

from napari_vessel.search._config import StudyConfig
from napari_vessel.search._space import Choice, SearchSpace

__all__ = ["draw", "pruner_of", "quiet", "sampler_of"]


def sampler_of(config: StudyConfig, number: int) -> optuna.samplers.BaseSampler:
    """Return what draws trial ``number``: seeded by it, so that no two processes draw alike."""
    seed = (config.seed * 1_000_003 + number) % 2**32
    if config.sampler == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed, n_startup_trials=config.startup)


def pruner_of(config: StudyConfig) -> optuna.pruners.BasePruner:
    """Return what gives trials up."""
    if config.pruner == "none":
        return optuna.pruners.NopPruner()
    if config.pruner == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=config.warmup + 1)
    return optuna.pruners.MedianPruner(config.pruned_after, config.warmup)


def draw(asked: optuna.Trial, space: SearchSpace) -> dict[str, object]:
    """Draw every setting that has an effect beside those before it."""
    drawn: dict[str, object] = {}
    for name, setting in space.settings.items():
        if not space.drawn(name, drawn):
            continue
        if isinstance(setting, Choice):
            drawn[name] = asked.suggest_categorical(name, list(setting.by_label))
        elif setting.whole:
            step = int(setting.step or 1)
            ends = int(setting.low), int(setting.high)
            drawn[name] = asked.suggest_int(name, *ends, step=step, log=setting.log)
        else:
            drawn[name] = asked.suggest_float(
                name, setting.low, setting.high, step=setting.step, log=setting.log
            )
    return drawn


@contextmanager
def quiet() -> Iterator[None]:
    """Keep optuna from printing a line for every trial, and from warning of what is meant."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.filterwarnings("ignore", "Some regimes for parameter", UserWarning)
        yield
