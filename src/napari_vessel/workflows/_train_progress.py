"""How far a training is."""

from __future__ import annotations

from napari_vessel.training import EpochEnd, StepEnd, TrainingConfig
from napari_vessel.workflows._events import Progress


def training_progress(
    config: TrainingConfig, event: StepEnd | EpochEnd, seconds: float
) -> Progress:
    """Tell how far training is, by epochs or by time, whichever ends it first."""
    if isinstance(event, EpochEnd):
        epochs = float(event.epoch)
    else:
        epochs = event.step / config.steps_per_epoch
    share = max(epochs / config.epochs, seconds / (60 * config.minutes) if config.minutes else 0.0)
    left = seconds * (1 - share) / share if 0 < share < 1 else None
    return Progress(min(share, 1.0), 1, "epochs", f"Training, epoch {event.epoch}", left)
