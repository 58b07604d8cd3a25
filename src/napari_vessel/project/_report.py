"""A diagnostic report to paste into an issue: versions, machine, settings, last log lines."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from napari_vessel.project._log import redacted
from napari_vessel.project._project import Project

_PACKAGES = (
    "napari-vessel", "napari", "PyQt6", "PySide6", "numpy", "torch", "segmentation-models-pytorch",
    "timm", "zarr", "numcodecs", "dask", "yaozarrs", "tifffile", "scikit-image", "pydantic",
)  # fmt: skip


def diagnostic_report(project: Project | None, *, last_lines: int = 40) -> str:
    """Describe this installation and ``project`` as Markdown, without secrets or home folders.

    A damaged project is described as far as it can be read.
    """
    text = "\n".join([*_machine(), "", *_versions(), *_about(project, last_lines)])
    return _without_home(redacted(text))


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
    yield from _lines(project.toml)
    yield "```\n## Last log lines\n```"
    for log in sorted(project.logs.glob("*.log")):
        yield from _lines(log)[-last_lines:]
    yield "```"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", errors="replace").splitlines()
    except OSError as error:
        return [f"({path.name} cannot be read: {error.strerror})"]


def _without_home(text: str) -> str:
    home = str(Path.home())
    if len(Path(home).parts) < 2:  # "/" is in every path
        return text
    for written in (home.replace("\\", "\\\\"), home):  # as TOML escapes it, and plain
        text = text.replace(written, "~")
    return text
