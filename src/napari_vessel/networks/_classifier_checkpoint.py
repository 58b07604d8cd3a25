"""Checkpoints of classifiers: the same folder, another card. Imports no torch to open one."""

from __future__ import annotations

from typing import ClassVar

from napari_vessel.networks._classifier_card import ClassifierCard
from napari_vessel.networks._weights_folder import WeightsFolder

__all__ = ["ClassifierCheckpoint"]


class ClassifierCheckpoint(WeightsFolder[ClassifierCard]):
    """The weights of a classifier on disk, with all that is needed to use them."""

    card_model: ClassVar = ClassifierCard
