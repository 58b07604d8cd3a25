from __future__ import annotations

import pytest
from pydantic import ValidationError

from napari_vessel.runner import RunnerConfig, _config


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 2), (3, 2), (16, 15)])
def test_the_viewer_keeps_a_core_where_there_are_three(
    monkeypatch: pytest.MonkeyPatch, cores: int, threads: int
) -> None:
    monkeypatch.setattr(_config, "_cores", lambda: cores)
    assert RunnerConfig().thread_count() == threads


def test_threads_can_be_set() -> None:
    assert RunnerConfig(threads=5).thread_count() == 5


@pytest.mark.parametrize("registry", ["workflows", "a:", ":b", "a b:c"])
def test_a_registry_is_a_module_and_an_attribute(registry: str) -> None:
    with pytest.raises(ValidationError):
        RunnerConfig(registry=registry)


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (3, 2), (16, 15)])
def test_a_training_always_leaves_the_viewer_a_core(
    monkeypatch: pytest.MonkeyPatch, cores: int, threads: int
) -> None:
    monkeypatch.setattr(_config, "_cores", lambda: cores)
    assert RunnerConfig().background_thread_count() == threads


def test_a_training_has_no_more_threads_than_were_allowed() -> None:
    assert RunnerConfig(threads=1).background_thread_count() == 1
    assert RunnerConfig(background_threads=3).background_thread_count() == 3
