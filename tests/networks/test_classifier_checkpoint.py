"""One code keeps both kinds of networks; neither is taken for the other."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from napari_vessel.errors import CheckpointError
from napari_vessel.networks import (
    Checkpoint,
    CheckpointCard,
    Classifier,
    ClassifierCard,
    ClassifierCheckpoint,
    ClassifierConfig,
    build_classifier,
    save_checkpoint,
    standardise,
    trainable_parameters,
)
from napari_vessel.networks._sealed_card import sealed_text

TINY = ClassifierConfig(classes=("a", "b", "c"), backbone="lenet", size=16, in_channels=2)


@pytest.fixture
def classifier() -> Classifier:
    torch.manual_seed(0)
    network = build_classifier(TINY).eval()
    standardise(network, [0.2, 0.3], [0.4, 0.1])
    return network


@pytest.fixture
def classifier_card() -> ClassifierCard:
    return ClassifierCard(network=TINY, mean=(0.2, 0.3), std=(0.4, 0.1), data={"kind": "folders"})


@pytest.fixture
def kept(
    tmp_path: Path, classifier: Classifier, classifier_card: ClassifierCard
) -> ClassifierCheckpoint:
    return save_checkpoint(tmp_path / "classes", classifier, classifier_card)


def test_a_classifier_comes_back_as_it_was_with_what_standardises(
    kept: ClassifierCheckpoint, classifier: Classifier
) -> None:
    again = ClassifierCheckpoint.open(kept.path)
    assert again.card.network == TINY
    assert again.card.data == {"kind": "folders"}
    image = torch.rand(2, 2, 16, 16)
    with torch.inference_mode():
        torch.testing.assert_close(again.load()(image), classifier(image))


@pytest.mark.parametrize("train", ["last", "head"])
def test_what_was_frozen_is_frozen_again(tmp_path: Path, train: str) -> None:
    config = TINY.model_copy(update={"train": train, "train_last": 2})
    network = build_classifier(config)
    card = ClassifierCard(network=config)
    again = save_checkpoint(tmp_path / "frozen", network, card).load()
    assert len(trainable_parameters(again)) == len(trainable_parameters(network))


def test_a_classifier_is_no_segmentation_network(kept: ClassifierCheckpoint) -> None:
    with pytest.raises(CheckpointError, match="is a classifier, not a segmentation network"):
        Checkpoint.open(kept.path)


def test_a_segmentation_network_is_no_classifier(
    tmp_path: Path, network: nn.Module, card: CheckpointCard
) -> None:
    made = save_checkpoint(tmp_path / "mask", network, card)
    with pytest.raises(CheckpointError, match="is a segmentation network, not a classifier"):
        ClassifierCheckpoint.open(made.path)


def test_a_kind_that_is_not_known_is_named(kept: ClassifierCheckpoint) -> None:
    path = kept.path / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "kind": "oracle"}))
    with pytest.raises(CheckpointError, match="a network of kind 'oracle', not a classifier"):
        ClassifierCheckpoint.open(kept.path)


@pytest.mark.parametrize("name", ["model.safetensors", "card.json"])
@pytest.mark.parametrize("part", [0.0, 0.5, 0.9])
def test_a_cut_file_is_named(kept: ClassifierCheckpoint, name: str, part: float) -> None:
    path = kept.path / name
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(CheckpointError, match=name):
        ClassifierCheckpoint.open(kept.path)


def test_an_edited_card_is_refused(kept: ClassifierCheckpoint) -> None:
    path = kept.path / "card.json"
    path.write_text(path.read_text().replace('"range"', '"window"'))
    with pytest.raises(CheckpointError, match="card_sha256"):
        ClassifierCheckpoint.open(kept.path)


def test_weights_of_other_classes_are_refused(kept: ClassifierCheckpoint) -> None:
    other = TINY.model_copy(update={"classes": ("a", "b")})
    card = kept.card.model_copy(update={"network": other})
    (kept.path / "card.json").write_text(sealed_text(card))
    with pytest.raises(CheckpointError, match=r"another shape: head"):
        ClassifierCheckpoint.open(kept.path).load()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"network": ClassifierConfig()}, "name the classes"),
        ({"mean": (0.5,)}, "mean has 1 values for 2 channels"),
        ({"std": (0.5, 0.5, 0.5)}, "std has 3 values for 2 channels"),
    ],
)
def test_a_card_that_does_not_fit_its_network_is_refused(
    fields: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        ClassifierCard(**{"network": TINY, **fields})
