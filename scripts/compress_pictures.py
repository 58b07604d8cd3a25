"""Reduce screenshots to 128 colours, which halves them without showing.

Run as ``python scripts/compress_pictures.py docs/images``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

COLOURS = 128


def main() -> None:
    """Rewrite every PNG of a folder that has more colours."""
    for path in sorted(Path(sys.argv[1]).glob("*.png")):
        picture = Image.open(path).convert("RGB")
        picture.quantize(COLOURS).save(path, optimize=True)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
