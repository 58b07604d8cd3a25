"""Fixtures of the widgets' tests."""

import importlib.util
import sys
from pathlib import Path

import pytest

# With --import-mode=importlib a test module cannot import its neighbour by itself.
_spec = importlib.util.spec_from_file_location("widgets_model", Path(__file__).parent / "_model.py")
_module = importlib.util.module_from_spec(_spec)
sys.modules["widgets_model"] = _module
_spec.loader.exec_module(_module)


@pytest.fixture
def painter():
    """A painter in plain numpy over 12 × 20 × 24 voxels, at (5, 6, 7) of its volume."""
    return _module.ModelPainter((12, 20, 24), (5, 6, 7))
