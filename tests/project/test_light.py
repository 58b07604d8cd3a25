"""The viewer's side stays light: no torch, and no file made, by importing."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("package", ["project", "workflows", "cli"])
def test_importing_brings_no_torch_and_makes_no_file(package, tmp_path):
    script = (
        f"import napari_vessel.{package} as package, sys\n"
        "[getattr(package, name) for name in package.__all__]\n"
        "sys.exit('torch' in sys.modules or 'napari' in sys.modules)"
    )
    home = {"HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    path = ":".join(filter(None, sys.path))
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=home | {"PYTHONPATH": path}, check=False
    )
    assert run.returncode == 0
    assert list(tmp_path.iterdir()) == []
