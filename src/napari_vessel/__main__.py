"""``python -m napari_vessel`` is the command line."""

from napari_vessel.cli import main

if __name__ == "__main__":
    main()
