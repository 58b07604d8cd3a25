"""Laws of the layout, each in a fresh process: importing is light, and makes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

TORCH_FREE = (
    "errors",
    "geometry",
    "tiling",
    "metrics",
    "volumes",
    "annotation",
    "phantoms",
    "morphology",
    "cluster",
    "search",
    "project",
    "workflows",
    "runner",
    "session",
    "simulate",
    "cli",
)
WITH_TORCH = ("networks", "inference", "training", "attribution")


def fresh(script: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run ``script`` in a new interpreter whose home and working folder is ``home``."""
    kept = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT") if key in os.environ}
    path = os.pathsep.join(filter(None, sys.path))
    env = kept | {"HOME": str(home), "USERPROFILE": str(home), "PYTHONPATH": path}
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=home,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("package", [*TORCH_FREE, *WITH_TORCH])
def test_importing_a_package_and_all_it_offers_makes_no_file(package, tmp_path):
    script = (
        f"import napari_vessel.{package} as package, sys\n"
        "[getattr(package, name) for name in package.__all__]\n"
        "print('torch' in sys.modules, 'napari' in sys.modules)"
    )
    ran = fresh(script, tmp_path)
    assert ran.returncode == 0, ran.stderr
    torch, napari = ran.stdout.split()
    assert napari == "False"
    assert torch == str(package in WITH_TORCH)
    assert list(tmp_path.iterdir()) == []


def test_a_viewer_opens_paints_and_reopens_without_torch(tmp_path):
    np.save(tmp_path / "kidney.npy", np.arange(8 * 9 * 10, dtype=np.uint16).reshape(8, 9, 10))
    script = """
import sys
from napari_vessel.geometry import Plane
from napari_vessel.runner import ProcessRunner
from napari_vessel.session import Session
for _ in range(2):
    session = Session(ProcessRunner())
    for event in session.open("kidney.npy"):
        session.deliver(event)
    session.accept_slice(Plane.XY, 3)
    session.undo()
    session.close()
print("torch" in sys.modules)
"""
    ran = fresh(script, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "False"
