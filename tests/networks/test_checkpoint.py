import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch as st
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from torch import nn

from napari_vessel.errors import CheckpointError, OutputExistsError
from napari_vessel.networks import (
    Checkpoint,
    CheckpointCard,
    NetworkConfig,
    check_fits,
    read_card,
    save_checkpoint,
    starter,
)
from napari_vessel.networks._sealed_card import sealed_text


@pytest.fixture
def saved(tmp_path: Path, network: nn.Module, card: CheckpointCard) -> Checkpoint:
    return save_checkpoint(tmp_path / "first", network, card)


def test_a_network_comes_back_as_it_was(saved: Checkpoint, network: nn.Module) -> None:
    image = torch.rand(1, 1, 32, 32)
    again = Checkpoint.open(saved.path)
    assert again.id == "first"
    assert again.card == read_card(saved.path)
    with torch.inference_mode():
        torch.testing.assert_close(again.load()(image), network(image))


def test_half_the_bytes_give_nearly_the_same_network(
    tmp_path: Path, saved: Checkpoint, network: nn.Module, card: CheckpointCard
) -> None:
    half = save_checkpoint(tmp_path / "half", network, card, half=True)
    assert half.weights.stat().st_size < 0.6 * saved.weights.stat().st_size
    image, loaded = torch.rand(1, 1, 32, 32), half.load()
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    with torch.inference_mode():
        torch.testing.assert_close(loaded(image), network(image), atol=0.02, rtol=0.02)


def test_nothing_is_ever_overwritten(
    saved: Checkpoint, network: nn.Module, card: CheckpointCard
) -> None:
    before = saved.weights.read_bytes()
    with pytest.raises(OutputExistsError):
        save_checkpoint(saved.path, network, card)
    assert saved.weights.read_bytes() == before


@pytest.mark.parametrize("name", ["model.safetensors", "card.json"])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9])
def test_a_cut_file_is_named(saved: Checkpoint, name: str, part: float) -> None:
    path = saved.path / name
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(CheckpointError, match=name):
        Checkpoint.open(saved.path)


@pytest.mark.parametrize("name", ["model.safetensors", "card.json"])
def test_a_missing_file_is_named(saved: Checkpoint, name: str) -> None:
    (saved.path / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        Checkpoint.open(saved.path)


@given(where=some.floats(0, 1, exclude_max=True), bit=some.integers(0, 7))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_flipped_bit_changes_what_is_loaded(saved: Checkpoint, where: float, bit: int) -> None:
    for name in ("model.safetensors", "card.json"):
        path = saved.path / name
        good = path.read_bytes()
        bad = bytearray(good)
        bad[int(len(bad) * where)] ^= 1 << bit
        path.write_bytes(bad)
        try:
            # A flip in the spaces between fields changes nothing.
            assert Checkpoint.open(saved.path).card == saved.card
            assert name == "card.json"
        except CheckpointError as error:
            assert name in str(error)
        finally:
            path.write_bytes(good)


def test_an_edited_card_is_refused(saved: Checkpoint) -> None:
    path = saved.path / "card.json"
    path.write_text(path.read_text().replace('"threshold": 0.5', '"threshold": 0.4'))
    with pytest.raises(CheckpointError, match="card_sha256"):
        Checkpoint.open(saved.path)


@pytest.mark.parametrize(
    ("field", "value"),
    [("threshold", 7), ("normalisation", "zscore"), ("voxel_size_um", [0, 1, 1]), ("odd", 1)],
)
def test_a_field_that_is_not_as_expected_is_named(
    saved: Checkpoint, field: str, value: object
) -> None:
    path = saved.path / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(CheckpointError, match=rf"card\.json.*{field}"):
        Checkpoint.open(saved.path)


def test_weights_of_another_network_are_refused_by_name(saved: Checkpoint) -> None:
    other = NetworkConfig(encoder_depth=4)
    card = saved.card.model_copy(update={"network": other})
    (saved.path / "card.json").write_text(sealed_text(card))
    with pytest.raises(CheckpointError, match=r"missing: .*decoder"):
        Checkpoint.open(saved.path).load()


def _rewrite(saved: Checkpoint, tensors: dict[str, torch.Tensor]) -> None:
    """Forge a checkpoint whose check sums are right."""
    import hashlib

    content = st.save(tensors)
    saved.weights.write_bytes(content)
    card = saved.card.model_copy(update={"sha256": hashlib.sha256(content).hexdigest()})
    (saved.path / "card.json").write_text(sealed_text(card))


def test_a_weight_too_many_or_of_another_shape_is_named(saved: Checkpoint) -> None:
    tensors = st.load(saved.weights.read_bytes())
    _rewrite(saved, {**tensors, "extra.weight": torch.zeros(1)})
    with pytest.raises(CheckpointError, match=r"unknown: extra\.weight"):
        Checkpoint.open(saved.path).load()
    name = "segmentation_head.0.bias"
    _rewrite(saved, {**tensors, name: torch.zeros(5)})
    with pytest.raises(CheckpointError, match=rf"another shape: {name}"):
        Checkpoint.open(saved.path).load()


def test_a_pickle_is_never_run(saved: Checkpoint, tmp_path: Path) -> None:
    import hashlib

    touched = tmp_path / "touched"
    content = b"cos\nsystem\n(S'touch " + str(touched).encode() + b"'\ntR."
    saved.weights.write_bytes(content)
    card = saved.card.model_copy(update={"sha256": hashlib.sha256(content).hexdigest()})
    (saved.path / "card.json").write_text(sealed_text(card))
    with pytest.raises(CheckpointError, match="no safetensors"):
        Checkpoint.open(saved.path).load()
    assert not touched.exists()


def test_weights_that_are_not_finite_are_never_kept(
    tmp_path: Path, network: nn.Module, card: CheckpointCard
) -> None:
    with torch.no_grad():
        next(network.parameters()).view(-1)[0] = float("nan")
    with pytest.raises(CheckpointError, match="not finite"):
        save_checkpoint(tmp_path / "odd", network, card)
    assert not list(tmp_path.iterdir())


def test_a_save_that_fails_leaves_nothing(
    tmp_path: Path, network: nn.Module, card: CheckpointCard
) -> None:
    wrong = card.model_copy(update={"network": NetworkConfig()})
    with pytest.raises(CheckpointError):
        save_checkpoint(tmp_path / "wrong", network, wrong)
    assert not list(tmp_path.iterdir())


def test_an_image_of_other_channels_is_refused_by_field(card: CheckpointCard) -> None:
    check_fits(card, channels=1)
    with pytest.raises(CheckpointError, match="in_channels"):
        check_fits(card, channels=3)


def test_the_starter_is_whole_or_says_that_it_is_missing() -> None:
    try:
        assert starter().load()
    except CheckpointError as error:
        assert "starter is missing" in str(error)


_SAVE_FOR_EVER = """
import sys, itertools
from pathlib import Path
from napari_vessel.networks import CheckpointCard, NetworkConfig, build_network, save_checkpoint
config = NetworkConfig(encoder_depth=3, decoder_channels=(8, 8, 8))
network, card = build_network(config), CheckpointCard(network=config, voxel_size_um=(1, 1, 1))
for number in itertools.count():
    save_checkpoint(Path(sys.argv[1]) / f"{sys.argv[2]}-{number}", network, card)
    print(number, flush=True)
"""


def _kill_while_saving(folder: Path, turn: int) -> None:
    command = [sys.executable, "-c", _SAVE_FOR_EVER, str(folder), str(turn)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        # Somewhere within the next save, a different place each time.
        try:
            child.wait(0.001 + turn * 0.007 % 0.2)
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)


def _all_whole(folder: Path) -> bool:
    kept = [path for path in folder.iterdir() if ".partial-" not in path.name]
    return bool(kept) and all(Checkpoint.open(path).load() for path in kept)


def test_killed_while_saving_every_checkpoint_there_loads(tmp_path: Path) -> None:
    _kill_while_saving(tmp_path, 0)
    assert _all_whole(tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # sixty times the start of a process that imports torch
def test_killed_while_saving_sixty_times(tmp_path: Path) -> None:
    for turn in range(60):
        _kill_while_saving(tmp_path, turn)
    assert _all_whole(tmp_path)
