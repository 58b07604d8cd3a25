"""What all tests share: no times are asserted, as machines are noisy; scripts as modules."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_FOLDERS = [Path(__file__).resolve().parents[1] / name for name in ("benchmarks", "scripts")]


@pytest.fixture
def script(monkeypatch):
    """Import a script of the benchmarks' or the scripts' folder, which are no packages."""
    for folder in _FOLDERS:
        monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if any((folder / f"{name}.py").exists() for folder in _FOLDERS):
            del sys.modules[name]
