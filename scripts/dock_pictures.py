"""Make the pictures of the Objects dock and of the triage for the docs, from screenshots.

Run as ``python scripts/dock_pictures.py DIR``, where DIR was given to
``pytest tests/widgets/test_objects_end_to_end.py -m slow --screenshots DIR``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

PICTURES = {"objects-learned": "objects-dock", "triage": "triage"}
IMAGES = Path(__file__).parents[1] / "docs" / "images"


def main() -> None:
    """Write each screenshot as WebP."""
    for shot, name in PICTURES.items():
        path = IMAGES / f"{name}.webp"
        picture = Image.open(Path(sys.argv[1]) / f"{shot}.png").convert("RGB")
        picture.save(path, quality=80, method=6)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
