"""``python -m napari_vessel.widgets VOLUME``: napari with the dock, opening and predicting.

The command line's ``demo`` starts it as a process of its own.
"""

from __future__ import annotations

import sys

import napari

from napari_vessel.widgets._demo_window import open_window


def main() -> None:
    """Open the window and wait until it is closed."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m napari_vessel.widgets VOLUME")
    open_window(sys.argv[1])
    napari.run()


if __name__ == "__main__":
    main()
