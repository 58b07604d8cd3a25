"""How far a training is."""

from __future__ import annotations

from napari_vessel.training import ClassifierTrainingConfig, EpochEnd, StepEnd, TrainingConfig
from napari_vessel.workflows._events import Progress


def training_progress(
    config: TrainingConfig | ClassifierTrainingConfig,
    steps_per_epoch: int,
    event: StepEnd | EpochEnd,
    seconds: float,
) -> Progress:
    """Tell how far training is, by epochs or by time, whichever ends it first."""
    epochs = event.epoch if isinstance(event, EpochEnd) else event.step / steps_per_epoch
    share = max(epochs / config.epochs, seconds / (60 * config.minutes) if config.minutes else 0.0)
    left = seconds * (1 - share) / share if 0 < share < 1 else None
    return Progress(min(share, 1.0), 1, "epochs", f"Training, epoch {event.epoch}", left)
