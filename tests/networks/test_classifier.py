import warnings
from pathlib import Path

import pytest
import timm
import torch
from torch import nn

from napari_vessel.errors import CallerError, CheckpointError
from napari_vessel.networks import (
    ClassifierConfig,
    build_classifier,
    standardise,
    trainable_parameters,
)
from napari_vessel.networks._classifier import layers

TWO = ("healthy", "sclerotic")


def config(**fields) -> ClassifierConfig:
    return ClassifierConfig(**{"classes": TWO, "backbone": "resnet10t", "size": 32, **fields})


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
@pytest.mark.parametrize("backbone", ["lenet", "resnet10t", "convnext_atto"])
def test_an_image_of_any_number_of_channels_becomes_a_logit_a_class(
    backbone: str, channels: int
) -> None:
    network = build_classifier(
        config(backbone=backbone, in_channels=channels, classes=("a", "b", "c"))
    )
    assert network(torch.rand(2, channels, 32, 32)).shape == (2, 3)


@pytest.mark.parametrize("size", [8, 9, 15, 16, 31, 64])
def test_lenet_takes_any_size_from_8_pixels_on(size: int) -> None:
    network = build_classifier(config(backbone="lenet", size=size))
    assert network(torch.rand(2, 1, size, size)).shape == (2, 2)


def test_the_last_layers_of_a_resnet50_are_its_last_convolutions_and_their_normalisations() -> None:
    backbone = timm.create_model("resnet50", num_classes=0)
    counted = layers(backbone)
    assert {type(one) for one in counted} == {nn.Conv2d, nn.BatchNorm2d}
    assert len(counted) == 106  # 53 convolutions, 53 normalisations
    network = build_classifier(config(backbone="resnet50", train="last"))
    learning = {
        name.rpartition(".")[0]
        for name, weight in network.backbone.named_parameters()
        if weight.requires_grad
    }
    assert len(learning) == 30
    # All 20 of the last stage, and of the stage before the last 10 of its 38.
    assert sum(name.startswith("layer4.") for name in learning) == 20
    assert {n for n in learning if n.startswith("layer3.")} == {
        *(f"layer3.4.{one}" for one in ("conv2", "bn2", "conv3", "bn3")),
        *(f"layer3.5.{one}{n}" for one in ("conv", "bn") for n in (1, 2, 3)),
    }


@pytest.mark.parametrize(("train", "expected"), [("all", None), ("last", 5), ("head", 0)])
def test_what_is_frozen_learns_nothing_and_keeps_its_statistics(
    train: str, expected: int | None
) -> None:
    network = build_classifier(config(train=train, train_last=5, batch_norm=True)).train()
    with torch.no_grad():
        for part in network.backbone.modules():
            if isinstance(
                part, nn.BatchNorm2d
            ):  # the last of each block begins at 0, and stops gradients
                part.weight.fill_(1)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimiser = torch.optim.SGD(trainable_parameters(network), lr=0.1)
    network(torch.rand(4, 1, 32, 32)).square().sum().backward()
    optimiser.step()
    after = network.state_dict()
    changed = {
        name.rpartition(".")[0]
        for name, value in before.items()
        if name.startswith("backbone.") and not torch.equal(value, after[name])
    }
    every = len(layers(network.backbone))
    assert len(changed) == (every if expected is None else expected)
    assert not torch.equal(before["head.0.weight"], after["head.0.weight"])
    assert network.head[1].num_batches_tracked == 1


def test_random_blocks_that_are_frozen_are_not_cut_off() -> None:
    def cut_off(train: str) -> set[str]:
        backbone = build_classifier(config(train=train, train_last=10)).backbone
        scales = {name: w for name, w in backbone.named_parameters() if w.ndim == 1}
        return {n for n, w in scales.items() if n.endswith("bn2.weight") and not w.any()}

    blocks = {f"layer{n}.0.bn2.weight" for n in (1, 2, 3, 4)}
    assert cut_off("all") == blocks  # begin as if they were not there, and learn
    assert cut_off("last") == {"layer3.0.bn2.weight", "layer4.0.bn2.weight"}
    assert not cut_off("head")


def test_more_last_layers_than_there_are_is_all_of_them() -> None:
    network = build_classifier(config(train="last", train_last=1000))
    assert all(weight.requires_grad for weight in network.parameters())


def test_a_head_is_linear_normalised_relu_dropped_out_and_linear() -> None:
    head = build_classifier(config(hidden=(16, 8), batch_norm=True, dropout=0.25)).head
    linear = [nn.Linear, nn.BatchNorm1d, nn.ReLU, nn.Dropout]
    assert [type(part) for part in head] == [*linear, *linear, nn.Linear]
    assert [part.out_features for part in head if isinstance(part, nn.Linear)] == [16, 8, 2]
    assert {part.p for part in head if isinstance(part, nn.Dropout)} == {0.25}
    plain = build_classifier(config(hidden=())).head
    assert [type(part) for part in plain] == [nn.Dropout, nn.Linear]


def test_images_are_standardised_within_the_network_channel_by_channel() -> None:
    torch.manual_seed(0)
    network = build_classifier(config(in_channels=2)).eval()
    image = torch.rand(2, 2, 32, 32)
    before = network(image)
    mean, std = torch.tensor([[0.1, 0.4], [0.2, 0.5]])
    standardise(network, mean.tolist(), std.tolist())
    # The same image, as it is before it was standardised by 0.5 and 0.25.
    same = (image - 0.5) / 0.25 * std.view(-1, 1, 1) + mean.view(-1, 1, 1)
    torch.testing.assert_close(network(same), before, atol=1e-4, rtol=1e-4)
    assert "mean" in network.state_dict()


def test_a_channel_without_contrast_is_not_divided_by_nothing() -> None:
    network = build_classifier(config()).eval()
    standardise(network, [0.3], [0.0])
    assert torch.isfinite(network(torch.full((1, 1, 32, 32), 0.3))).all()


def test_statistics_of_another_number_of_channels_are_refused() -> None:
    with pytest.raises(CallerError, match="3 means and 3 deviations for 1 channels"):
        standardise(build_classifier(config()), [0.5] * 3, [0.5] * 3)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"backbone": "resnet51"}, "resnet51.*Unknown model.*Choose a name.* resnet50"),
        ({"classes": ()}, "No classes are named"),
        ({"backbone": "vit_tiny_patch16_224"}, "vit_tiny_patch16_224.*size=32.*224.*another size"),
    ],
)
def test_what_cannot_be_made_is_said(fields: dict[str, object], words: str) -> None:
    with pytest.raises(CallerError, match=words):
        build_classifier(config(**fields))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"classes": ("one",)}, "at least two"),
        ({"classes": ("a", "b", "a")}, "a is named more than once"),
        ({"classes": ("a", " ")}, "at least 1 character"),
        ({"backbone": "lenet", "pretrained": True}, "lenet has no pretrained weights"),
        ({"dropout": 1}, "less than 1"),
        ({"size": 4}, "greater than or equal to 8"),
    ],
)
def test_a_config_that_means_nothing_is_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        config(**fields)


@pytest.fixture
def kept_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, torch.Tensor]:
    """Have timm find the pretrained weights of a small network on the disk."""
    monkeypatch.setattr("napari_vessel.networks._pretrained._unreachable", lambda: None)
    torch.manual_seed(1)
    weights = timm.create_model("resnet10t").state_dict()
    file = tmp_path / "weights.pth"
    torch.save(weights, file)
    make = timm.create_model

    def found(*args: object, **fields: object) -> nn.Module:
        return make(*args, **fields, pretrained_cfg_overlay={"file": str(file)})

    monkeypatch.setattr("napari_vessel.networks._classifier.timm.create_model", found)
    return weights


@pytest.mark.parametrize("channels", [1, 3, 6])
def test_the_first_layer_of_pretrained_weights_is_adapted_to_the_channels(
    kept_weights: dict[str, torch.Tensor], channels: int
) -> None:
    backbone = build_classifier(config(pretrained=True, in_channels=channels)).backbone
    found, kept = backbone.state_dict(), kept_weights
    assert torch.equal(found["layer2.0.conv1.weight"], kept["layer2.0.conv1.weight"])
    first, wanted = found["conv1.0.weight"], kept["conv1.0.weight"]
    # The same grey image in all channels gives the same features as in red, green and blue.
    torch.testing.assert_close(first.sum(1), wanted.sum(1), rtol=1e-4, atol=1e-5)
    if channels == 3:
        assert torch.equal(first, wanted)


def test_weights_that_cannot_be_had_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_vessel.networks._pretrained._unreachable", lambda: None)
    make = timm.create_model

    def failing(*args: object, pretrained: bool, **fields: object) -> nn.Module:
        if pretrained:
            raise OSError("no route to host")
        return make(*args, pretrained=False, **fields)

    monkeypatch.setattr("napari_vessel.networks._classifier.timm.create_model", failing)
    with pytest.raises(CheckpointError, match=r"resnet10t .*no route.*cache.*pretrained = false"):
        build_classifier(config(pretrained=True))


def test_a_backbone_that_was_never_trained_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_vessel.networks._pretrained._unreachable", lambda: None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(CheckpointError, match=r"resnet50t .*No pretrained weights exist"):
            build_classifier(config(backbone="resnet50t", pretrained=True))
