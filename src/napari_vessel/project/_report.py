"""A diagnostic report to paste into an issue: versions, machine, settings, last log lines."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from napari_vessel.project._log import redacted

if TYPE_CHECKING:
    from napari_vessel.project._project import Project

_PACKAGES = (
    "napari-vessel", "napari", "PyQt6", "PySide6", "numpy", "torch", "segmentation-models-pytorch",
    "timm", "zarr", "numcodecs", "dask", "yaozarrs", "tifffile", "scikit-image", "pydantic",
)  # fmt: skip


def diagnostic_report(project: Project | None, *, last_lines: int = 40) -> str:
    """Describe this installation and ``project`` as Markdown, without secrets or home folders."""
    text = "\n".join([*_machine(), "", *_versions(), *_about(project, last_lines)])
    return redacted(text).replace(str(Path.home()), "~")


def _machine() -> Iterator[str]:
    yield "# napari-vessel diagnostic report"
    yield f"- Python {sys.version.split()[0]} on {platform.platform()}"
    driver = "found" if shutil.which("nvidia-smi") else "not found"
    yield f"- {os.cpu_count()} CPU cores, NVIDIA driver {driver}"


def _versions() -> Iterator[str]:
    for package in _PACKAGES:
        try:
            yield f"- {package} {version(package)}"
        except PackageNotFoundError:
            yield f"- {package} not installed"


def _about(project: Project | None, last_lines: int) -> Iterator[str]:
    if project is None:
        return
    yield f"\n## Project {project.path.name}\n```toml"
    yield project.toml.read_text("utf-8").strip()
    yield "```\n## Last log lines\n```"
    for log in sorted(project.logs.glob("*.log")):
        yield from log.read_text("utf-8", errors="replace").splitlines()[-last_lines:]
    yield "```"
