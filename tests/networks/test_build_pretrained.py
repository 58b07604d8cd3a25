import http.client
import os
import pickle
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest
import segmentation_models_pytorch as smp
import torch
from huggingface_hub import constants, errors
from safetensors.torch import save_file

from napari_vessel.errors import CheckpointError
from napari_vessel.networks import NetworkConfig, build_network

TRANSPORT = errors.HfHubHTTPError.__bases__[0]  # the root of the hub's HTTP client's errors
FETCH = "segmentation_models_pytorch.encoders.hf_hub_download"
HUB = "napari_vessel.networks._pretrained._unreachable"
RESNET = NetworkConfig(encoder="resnet18", pretrained=True)


@pytest.fixture(autouse=True)
def hub_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HUB, lambda: None)


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(FETCH, fail)


@pytest.mark.parametrize(
    "error",
    [
        OSError("no route to host"),
        socket.gaierror(-2, "Name or service not known"),
        TimeoutError("timed out"),
        ConnectionResetError("reset by peer"),
        TRANSPORT("connection refused"),
        errors.LocalEntryNotFoundError("not in the cache"),
        errors.OfflineModeIsEnabled("offline mode"),
        errors.EntryNotFoundError("no such file"),
        URLError("unreachable"),
        HTTPError("https://hub", 503, "unavailable", http.client.HTTPMessage(), None),
        http.client.IncompleteRead(b"half"),
        ImportError("socksio is not installed"),
        ValueError("Unknown scheme for proxy URL"),
        RuntimeError("invalid hash value"),
        pickle.UnpicklingError("invalid load key"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_way_a_download_fails_is_explained(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    fail_with(monkeypatch, error)
    with pytest.raises(CheckpointError, match=r"resnet18 .*connection.*cache.*pretrained = false"):
        build_network(RESNET)


def test_the_message_names_the_root_of_the_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    error = errors.LocalEntryNotFoundError("not in the cache")
    error.__cause__ = socket.gaierror(-2, "Name or service not known")
    fail_with(monkeypatch, error)
    with pytest.raises(CheckpointError, match=r"gaierror: .*Name or service not known"):
        build_network(RESNET)


def test_a_damaged_file_in_the_cache_is_explained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    damaged = tmp_path / "model.safetensors"
    damaged.write_bytes(b"half a download")
    monkeypatch.setattr(FETCH, lambda *_, **__: str(damaged))
    with pytest.raises(CheckpointError, match="SafetensorError"):
        build_network(RESNET)


def test_an_encoder_that_was_never_trained_is_named() -> None:
    with pytest.raises(CheckpointError, match=r"tu-resnet50t .*No pretrained weights exist"):
        build_network(NetworkConfig(encoder="tu-resnet50t", pretrained=True))


def test_a_silent_connection_is_given_up_and_the_time_limit_put_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = []
    monkeypatch.setattr(FETCH, lambda *_, **__: limits.append(socket.getdefaulttimeout()))
    with pytest.raises(CheckpointError):
        build_network(RESNET)
    assert limits
    assert None not in limits
    assert socket.getdefaulttimeout() is None


@pytest.mark.parametrize(
    ("failure", "offline"), [(None, False), (TimeoutError("no answer in 10 s"), True)]
)
def test_where_the_hub_is_silent_only_the_cache_is_asked(
    monkeypatch: pytest.MonkeyPatch, failure: Exception | None, offline: bool
) -> None:
    asked = []

    def fetch(*_: object, **__: object) -> str:
        asked.append(constants.HF_HUB_OFFLINE)
        raise errors.OfflineModeIsEnabled("offline mode is enabled")

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(HUB, lambda: failure)
    monkeypatch.setattr(FETCH, fetch)
    expected = "TimeoutError: no answer in 10 s" if failure else "OfflineModeIsEnabled"
    with pytest.raises(CheckpointError, match=expected):
        build_network(RESNET)
    assert asked == [offline]
    assert not constants.HF_HUB_OFFLINE


def test_nothing_is_downloaded_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(smp.encoders, "get_encoder", lambda *a, **k: asked.append((a, k)))
    build_network(NetworkConfig())
    assert not asked


@pytest.mark.parametrize("architecture", ["unet", "attention_unet", "fpn"])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_encoder_gets_the_weights_its_first_layer_adapted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, architecture: str, channels: int
) -> None:
    torch.manual_seed(1)
    trained = smp.encoders.get_encoder("resnet18", weights=None)
    file = tmp_path / "model.safetensors"
    save_file(trained.state_dict(), file)
    monkeypatch.setattr(FETCH, lambda *_, **__: str(file))
    config = NetworkConfig(
        architecture=architecture, encoder="resnet18", pretrained=True, in_channels=channels
    )
    found = build_network(config).encoder.state_dict()
    first = trained.conv1.weight
    wanted = first.sum(dim=1, keepdim=True) if channels == 1 else first
    torch.testing.assert_close(found["conv1.weight"], wanted)
    assert torch.equal(found["layer2.0.conv1.weight"], trained.layer2[0].conv1.weight)


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["resnet18", "tu-resnet10t"])
@pytest.mark.parametrize("name", ["HF_ENDPOINT", "HTTPS_PROXY"])
@pytest.mark.parametrize("silent", [True, False])
def test_a_real_attempt_without_a_hub_ends(
    encoder: str, name: str, silent: bool, tmp_path: Path
) -> None:
    code = (
        "from napari_vessel.networks import NetworkConfig, build_network\n"
        "from napari_vessel.errors import CheckpointError\n"
        f"try: build_network(NetworkConfig(encoder='{encoder}', pretrained=True))\n"
        "except CheckpointError as error: print(error)\n"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path)}
    command = [sys.executable, "-c", code]
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes calls and says nothing
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        environment[name] = address if silent else "http://127.0.0.1:9"  # nobody is there
        # A liveness bound: it takes some 10 s, and without ours up to 13 minutes.
        found = subprocess.check_output(command, env=environment, text=True, timeout=120)
    assert "pretrained = false" in found
    assert str(tmp_path) in found
