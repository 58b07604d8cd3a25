"""Image files, whatever their type and number of bits, as squares in [0, 1]."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.datasets._config import PictureConfig
from napari_vessel.datasets._sample import Images
from napari_vessel.errors import ReadError
from napari_vessel.volumes import IntensityWindow

__all__ = ["ENDINGS", "read_picture", "resized", "square", "to_unit"]

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".npy")
"""Endings of files that are taken for images."""

_MAGIC = {
    b"\x89PNG": "png_decode",
    b"\xff\xd8\xff": "jpeg_decode",
    b"BM": "bmp_decode",
    b"RIFF": "webp_decode",
}
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as every image reader does

Pixels = NDArray[Any]


def read_picture(path: Path, config: PictureConfig) -> Images:
    """Read an image file.

    Returns
    -------
    ndarray
        (1, rows, columns), or 3 channels where ``config`` wants colour; in [0, 1].

    Raises
    ------
    ReadError
        If there is no such file, or it holds no image that can be read.
    """
    pixels = _planes(_decoded(path), path)
    scaled = to_unit(pixels, config.intensity)
    if config.colour == "rgb":
        return np.repeat(scaled, 3, axis=0) if len(scaled) == 1 else scaled
    return scaled if len(scaled) == 1 else np.tensordot(_LUMA, scaled, axes=1)[None]


def to_unit(pixels: Pixels, intensity: str) -> Images:
    """Scale pixels of any type, (channels, rows, columns), to [0, 1].

    Parameters
    ----------
    pixels
        Whole numbers, floats or bool; NaN becomes 0.
    intensity
        As in :class:`PictureConfig`. The window of an image is one for all its channels, so that
        its colours stay.
    """
    if pixels.dtype == bool:
        return pixels.astype(np.float32)
    by_type = intensity == "type" or (intensity == "auto" and pixels.dtype.itemsize == 1)
    if not by_type:
        return IntensityWindow.of(pixels).apply(pixels)
    if pixels.dtype.kind == "f":
        return IntensityWindow(low=0.0, high=1.0).apply(pixels)
    info = np.iinfo(pixels.dtype)
    return IntensityWindow(low=float(info.min), high=float(info.max)).apply(pixels)


def square(image: Images, size: int, fit: str = "stretch") -> Images:
    """Bring an image (channels, rows, columns) to ``size`` × ``size``, smoothed if smaller."""
    if fit == "crop":
        image = _middle(image)
    elif fit == "pad":
        image = _padded(image)
    return resized(image, (len(image), size, size))


def resized(image: Images, shape: tuple[int, int, int]) -> Images:
    """Resample an image to a shape, smoothed along axes that get shorter; stays in [0, 1]."""
    from skimage.transform import resize

    if image.shape == shape:
        return np.ascontiguousarray(image, np.float32)
    smooth = any(old > new for old, new in zip(image.shape, shape, strict=True))
    found: Images = resize(  # type: ignore[no-untyped-call]
        image, shape, order=1, mode="edge", anti_aliasing=smooth, preserve_range=True
    )
    return np.asarray(np.clip(found, 0, 1), np.float32)


def _middle(image: Images) -> Images:
    rows, columns = image.shape[1:]
    edge = min(rows, columns)
    top, left = (rows - edge) // 2, (columns - edge) // 2
    return image[:, top : top + edge, left : left + edge]


def _padded(image: Images) -> Images:
    edge = max(image.shape[1:])
    around = [((edge - n) // 2, edge - n - (edge - n) // 2) for n in image.shape[1:]]
    return np.pad(image, [(0, 0), *around], mode="edge")


def _decoded(path: Path) -> Pixels:
    """Decode a file by what it holds, not by its name."""
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}. Check the path."
        raise ReadError(message) from error
    if not content:
        raise ReadError(f"{path} is empty (0 bytes): no image. Copy it again or leave it out.")
    try:
        return _decode(content, path)
    except ReadError:
        raise
    # Decoders raise whatever they like for damaged files; it is told with its cause.
    except Exception as error:
        message = f"{path} is no image that can be read ({error}). Copy it again or leave it out."
        raise ReadError(message) from error


def _decode(content: bytes, path: Path) -> Pixels:
    if content[:4] in _TIFF:
        return _tiff(BytesIO(content), path)
    if content[:6] == b"\x93NUMPY":
        return np.asarray(np.load(BytesIO(content), allow_pickle=False))
    import imagecodecs

    for magic, name in _MAGIC.items():
        if content.startswith(magic):
            return np.asarray(getattr(imagecodecs, name)(content))
    message = f"{path} starts with {content[:8]!r}: expected PNG, JPEG, TIFF, BMP, WebP or .npy."
    raise ReadError(message)


def _tiff(file: BytesIO, path: Path) -> Pixels:
    import tifffile

    with tifffile.TiffFile(file) as tiff:
        series = tiff.series[0]
        pixels, axes = np.asarray(series.asarray()), series.axes
    if pixels.size == 0:
        raise ReadError(f"{path} is no image that can be read (cut short). Copy it again.")
    return np.moveaxis(pixels, 0, -1) if axes == "SYX" else pixels


def _planes(pixels: Pixels, path: Path) -> Pixels:
    """Put channels first and drop alpha: (1 or 3, rows, columns)."""
    if pixels.dtype.kind not in "uifb":
        raise ReadError(f"{path} holds {pixels.dtype}; expected whole numbers or floats.")
    if pixels.ndim == 2:
        return pixels[None]
    if pixels.ndim == 3 and pixels.shape[-1] in {1, 2, 3, 4}:
        colours = 3 if pixels.shape[-1] >= 3 else 1
        return np.moveaxis(pixels[..., :colours], -1, 0)
    shape = " × ".join(map(str, pixels.shape))
    message = f"{path} is {shape}: expected one image, grey or of 3 colours. A stack: see objects."
    raise ReadError(message)
