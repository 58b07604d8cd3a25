from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

Save = Callable[[str, NDArray[Any]], Path]


def png(pixels: NDArray[Any]) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.png_encode(np.ascontiguousarray(pixels)))


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write pixels to a file named below the test's folder, by its ending."""

    def write(name: str, pixels: NDArray[Any]) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            path.write_bytes(png(pixels))
        elif path.suffix == ".npy":
            np.save(path, pixels)
        else:
            photometric = "rgb" if pixels.shape[-1] in {3, 4} else "minisblack"
            tifffile.imwrite(path, pixels, photometric=photometric)
        return path

    return write


@pytest.fixture
def grey() -> NDArray[np.uint8]:
    """Return an image of 12 × 16 pixels with all its values different."""
    return np.arange(192, dtype=np.uint8).reshape(12, 16)
