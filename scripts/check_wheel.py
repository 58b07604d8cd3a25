"""Check that a built wheel holds what a plain install needs, before it is published.

Run as ``python scripts/check_wheel.py dist --tag v0.1.0``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from zipfile import ZipFile

NEEDED = (
    "napari_vessel/napari.yaml",
    "napari_vessel/py.typed",
    "napari_vessel/networks/starter/model.safetensors",
    "napari_vessel/networks/starter/card.json",
)
MOST_BYTES = 30 * 2**20


def problems(dist: Path, tag: str | None) -> list[str]:
    """Return what is wrong with the one wheel in ``dist``, a sentence each."""
    wheels = list(dist.glob("*.whl"))
    if len(wheels) != 1:
        return [f"{dist} holds {len(wheels)} wheels; expected one"]
    wheel = wheels[0]
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    found = [f"{wheel.name} lacks {name}" for name in NEEDED if name not in names]
    if wheel.stat().st_size > MOST_BYTES:
        found.append(f"{wheel.name} has {wheel.stat().st_size} bytes, above {MOST_BYTES}")
    version = wheel.name.split("-")[1]
    if tag and tag != f"v{version}":
        found.append(f"tag {tag} is not version {version}")
    return found


def main() -> None:
    """Print what is wrong; end with 1 where anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dist", type=Path)
    parser.add_argument("--tag")
    arguments = parser.parse_args()
    found = problems(arguments.dist, arguments.tag)
    print("\n".join(found) or "The wheel is whole.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
