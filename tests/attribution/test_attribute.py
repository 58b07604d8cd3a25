"""An output is shared out among pixels as each method says, and nothing else changes."""

import threading

import numpy as np
import pytest
import torch
from torch import nn

from napari_vessel.attribution import (
    METHODS,
    AttributionConfig,
    ClassTarget,
    PlaceTarget,
    attribute,
    attribution_steps,
)
from napari_vessel.errors import CallerError, CheckpointError

FEW = {"steps": 8, "samples": 4, "patch": 4, "stride": 3}


def config_of(method, **more):
    few = {name: FEW[name] for name in AttributionConfig.followed_by(method) & FEW.keys()}
    return AttributionConfig(method=method, **few | more)


def logit(network, image, mask):
    with torch.no_grad():
        return float(network(torch.from_numpy(image)[None])[0, 0][torch.from_numpy(mask)].mean())


@pytest.mark.parametrize("baseline", ["median", "blur", "zero"])
def test_integrated_gradients_sum_to_the_difference_of_outputs(
    segmenter, classifier, image, pair, place, baseline
):
    config = AttributionConfig(steps=200, baseline=baseline)
    for network, shown, target in (
        (segmenter, image, PlaceTarget(place)),
        (classifier, pair, ClassTarget(1)),
    ):
        found = attribute(network, shown, target, config)
        assert found.values.shape == shown.shape
        gap = found.output - found.baseline
        assert abs(gap) > 1e-3
        assert found.values.sum() == pytest.approx(gap, rel=0.02, abs=2e-4)


def test_the_output_is_the_mean_logit_of_the_place_and_the_log_odds_of_a_class(
    segmenter, classifier, image, pair, place
):
    found = attribute(segmenter, image, PlaceTarget(place), config_of("gradient"))
    assert found.output == pytest.approx(logit(segmenter, image, place), abs=1e-6)
    with torch.no_grad():
        shares = classifier(torch.from_numpy(pair)[None]).softmax(1)[0].numpy()
    for index in range(3):
        found = attribute(classifier, pair, ClassTarget(index), config_of("gradient"))
        odds = shares[index] / (1 - shares[index])
        assert found.output == pytest.approx(np.log(odds), abs=1e-5)


def test_occlusion_is_what_covering_by_hand_loses(segmenter, image, place):
    patch, stride = 5, 3
    config = AttributionConfig(method="occlusion", patch=patch, stride=stride)
    found = attribute(segmenter, image, PlaceTarget(place), config)
    whole, grey = logit(segmenter, image, place), torch.from_numpy(image).median().item()
    lost, covered = np.zeros((16, 16)), np.zeros((16, 16))
    for top in range(0, 12 + stride - 1, stride):
        for left in range(0, 12 + stride - 1, stride):
            cut = (slice(top, top + patch), slice(left, left + patch))
            hidden = image.copy()
            hidden[0][cut] = grey
            lost[cut] += whole - logit(segmenter, hidden, place)
            covered[cut] += 1
    np.testing.assert_allclose(found.values[0], lost / covered, atol=1e-6)
    assert np.abs(lost).max() > 1e-3


def test_gradients_of_a_linear_network_are_its_weights_with_and_without_noise(place):
    torch.manual_seed(0)
    network = nn.Conv2d(1, 1, 15, padding=7, bias=False).eval()
    image = np.random.default_rng(0).random((1, 16, 16), np.float32)
    target = PlaceTarget(np.eye(16, dtype=bool))
    shown = torch.from_numpy(image)[None].requires_grad_()
    network(shown)[0, 0][torch.eye(16, dtype=torch.bool)].mean().backward()
    slope = shown.grad[0].numpy()
    for method in ("gradient", "smoothgrad"):
        found = attribute(network, image, target, config_of(method))
        np.testing.assert_allclose(found.values, slope, atol=1e-6)
    size = attribute(network, image, target, config_of("saliency"))
    np.testing.assert_allclose(size.values, np.abs(slope), atol=1e-6)


@pytest.mark.parametrize("method", ["grad_cam", "hires_cam"])
def test_activation_maps_are_activations_weighed_by_their_gradients(
    segmenter, image, place, method
):
    kept = []
    hook = segmenter[4].register_forward_hook(lambda _m, _i, out: kept.append(out))
    shown = torch.from_numpy(image)[None]
    network_out = segmenter(shown)[0, 0][torch.from_numpy(place)].mean()
    hook.remove()
    slope = torch.autograd.grad(network_out, kept[0])[0]
    if method == "grad_cam":
        by_hand = (slope.mean((2, 3), keepdim=True) * kept[0]).sum(1, keepdim=True).relu()
    else:
        by_hand = (slope * kept[0]).sum(1, keepdim=True)
    by_hand = nn.functional.interpolate(by_hand, (16, 16), mode="bilinear")
    found = attribute(segmenter, image, PlaceTarget(place), config_of(method, layer="4"))
    np.testing.assert_allclose(found.values, by_hand[0].detach().numpy(), atol=1e-6)
    # It is the layer that is chosen, too: the last at a quarter of the resolution.
    chosen = attribute(segmenter, image, PlaceTarget(place), config_of(method))
    np.testing.assert_array_equal(chosen.values, found.values)


def test_a_layer_that_is_not_there_is_named_with_those_that_are(segmenter, image, place):
    with pytest.raises(CallerError, match=r"layer 'nine'.* 4"):
        attribute(segmenter, image, PlaceTarget(place), config_of("grad_cam", layer="nine"))


@pytest.mark.parametrize("method", METHODS)
def test_values_do_not_depend_on_how_many_images_run_at_a_time(segmenter, image, place, method):
    all_in_one, one_by_one = (
        attribute(segmenter, image, PlaceTarget(place), config_of(method), pixels=pixels)
        for pixels in (2**20, 1)
    )
    # The order of its noise is that of its batches.
    atol = 0.1 if method == "smoothgrad" else 1e-6
    np.testing.assert_allclose(all_in_one.values, one_by_one.values, atol=atol)
    assert np.isfinite(all_in_one.values).all()


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion", "gradient", "hires_cam"])
def test_why_not_is_the_negative_of_why(segmenter, image, place, method):
    here, not_here = (
        attribute(segmenter, image, PlaceTarget(place, question), config_of(method))
        for question in ("here", "not_here")
    )
    np.testing.assert_allclose(here.values, -not_here.values, atol=1e-6)
    assert here.output == pytest.approx(-not_here.output)


@pytest.mark.parametrize("method", METHODS)
def test_an_image_of_one_value_gives_finite_values_and_no_contribution(segmenter, place, method):
    found = attribute(
        segmenter, np.full((1, 16, 16), 0.5, np.float32), PlaceTarget(place), config_of(method)
    )
    assert np.isfinite(found.values).all()
    if found.baseline is not None:
        np.testing.assert_allclose(found.values, 0, atol=1e-6)


def test_the_network_is_left_as_it_was(segmenter, image, place):
    before = {name: value.clone() for name, value in segmenter.state_dict().items()}
    segmenter.train()
    for method in METHODS:
        attribute(segmenter, image, PlaceTarget(place), config_of(method))
    assert segmenter.training
    for name, value in segmenter.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(weight.grad is None for weight in segmenter.parameters())


def test_the_seed_of_the_noise_is_its_own(segmenter, image, place):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first = attribute(segmenter, image, PlaceTarget(place), config_of("smoothgrad"))
    assert torch.equal(torch.rand(3), expected)
    again = attribute(segmenter, image, PlaceTarget(place), config_of("smoothgrad"))
    np.testing.assert_array_equal(first.values, again.values)


def test_progress_only_rises_and_to_stop_is_to_stop_asking(segmenter, image, place):
    config = config_of("occlusion")
    steps = attribution_steps(segmenter, image, PlaceTarget(place), config, pixels=1)
    seen = [next(steps) for _ in range(5)]
    assert [step.done for step in seen] == [0, 1, 2, 3, 4]
    assert {step.total for step in seen} == {1 + 1 + 25}
    threads = threading.active_count()
    steps.close()
    assert threading.active_count() == threads - 1


@pytest.mark.parametrize(
    ("image", "mask", "match"),
    [
        (np.full((1, 16, 16), np.nan, np.float32), np.eye(16, dtype=bool), "256 of 256 values"),
        (np.zeros((16, 16), np.float32), np.eye(16, dtype=bool), "channels, rows, columns"),
        (np.zeros((1, 16, 16), np.float32), np.eye(8, dtype=bool), "expected the same"),
        (np.zeros((1, 16, 16), np.float32), np.zeros((16, 16), bool), "holds no pixel"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_words(segmenter, image, mask, match):
    with pytest.raises(CallerError, match=match):
        attribute(segmenter, image, PlaceTarget(mask))


def test_a_place_of_a_classifier_and_a_class_beyond_the_last_are_refused(classifier, pair, place):
    with pytest.raises(CallerError, match="segmentation network only"):
        attribute(classifier, pair, PlaceTarget(place))
    with pytest.raises(CallerError, match="Class 3"):
        attribute(classifier, pair, ClassTarget(3))


def test_a_network_that_gives_nan_is_no_explanation(segmenter, image, place):
    with torch.no_grad():
        segmenter[0].weight[:] = float("nan")
    with pytest.raises(CheckpointError, match="damaged"):
        attribute(segmenter, image, PlaceTarget(place))


def test_an_option_that_a_method_ignores_is_refused():
    with pytest.raises(ValueError, match="means nothing for saliency"):
        AttributionConfig(method="saliency", steps=7)
    with pytest.raises(ValueError, match="leaves pixels between"):
        AttributionConfig(method="occlusion", patch=4, stride=5)
    kept = AttributionConfig(baseline="blur", steps=9).with_method("occlusion")
    assert kept == AttributionConfig(method="occlusion", baseline="blur")
