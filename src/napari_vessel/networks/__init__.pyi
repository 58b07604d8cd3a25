from ._allocator import keep_activations as keep_activations
from ._build import build_network as build_network
from ._card import CheckpointCard as CheckpointCard
from ._card import check_fits as check_fits
from ._card import read_card as read_card
from ._checkpoint import Checkpoint as Checkpoint
from ._checkpoint import starter as starter
from ._classifier import Classifier as Classifier
from ._classifier import build_classifier as build_classifier
from ._classifier import standardise as standardise
from ._classifier import trainable_parameters as trainable_parameters
from ._classifier_card import ClassifierCard as ClassifierCard
from ._classifier_checkpoint import ClassifierCheckpoint as ClassifierCheckpoint
from ._classifier_config import ClassifierConfig as ClassifierConfig
from ._config import NetworkConfig as NetworkConfig
from ._device import autocast as autocast
from ._device import choose_device as choose_device
from ._device import choose_precision as choose_precision
from ._device import memory_explained as memory_explained
from ._device import no_room as no_room
from ._device import prepare as prepare
from ._sealed_card import library_versions as library_versions
from ._weights import save_checkpoint as save_checkpoint
from ._weights import weights_sha256 as weights_sha256
from ._weights_folder import WEIGHTS as WEIGHTS

__all__ = [
    "WEIGHTS",
    "Checkpoint",
    "CheckpointCard",
    "Classifier",
    "ClassifierCard",
    "ClassifierCheckpoint",
    "ClassifierConfig",
    "NetworkConfig",
    "autocast",
    "build_classifier",
    "build_network",
    "check_fits",
    "choose_device",
    "choose_precision",
    "keep_activations",
    "library_versions",
    "memory_explained",
    "no_room",
    "prepare",
    "read_card",
    "save_checkpoint",
    "standardise",
    "starter",
    "trainable_parameters",
    "weights_sha256",
]
