"""Read the headers of a TIFF file and notice damage that tifffile passes over."""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident

import tifffile

from napari_vessel.errors import ReadError, UnsupportedVolumeError, VesselError

__all__ = ["DECODE_ERRORS", "check_page", "damage_noticed", "opened", "refuse_colour"]

# What tifffile and imagecodecs raise for bytes that are not what the header promised.
DECODE_ERRORS = (
    OSError, ValueError, RuntimeError, TypeError, LookupError, AttributeError,
    ArithmeticError, EOFError, MemoryError, AssertionError, struct.error, zlib.error,
)  # fmt: skip


@contextmanager
def opened(path: Path) -> Iterator[tifffile.TiffFile]:
    """Open a TIFF file's headers; see :func:`open_tiff`."""
    tiff = open_tiff(path)
    try:
        yield tiff
    finally:
        tiff.close()


def open_tiff(path: Path) -> tifffile.TiffFile:
    """Open a TIFF file for its headers.

    Raises
    ------
    UnsupportedVolumeError
        If it is no TIFF file.
    ReadError
        If it cannot be read, or its headers are damaged.
    """
    try:
        return tifffile.TiffFile(path)
    except tifffile.TiffFileError as error:
        size = path.stat().st_size
        message = f"{path} is no TIFF file ({size} bytes): {error}"
        raise UnsupportedVolumeError(message) from error
    except DECODE_ERRORS as error:
        message = f"{path} cannot be read: {error}"
        raise ReadError(message) from error


@contextmanager
def damage_noticed(path: Path) -> Iterator[None]:
    """Turn what tifffile only logs, or raises in its own words, into a ReadError.

    A cut file ends tifffile's list of pages with a line in the log: the stack is then
    shorter, without an exception.
    """
    watch = _Watch(get_ident())
    logger = logging.getLogger("tifffile")
    logger.addHandler(watch)
    try:
        yield
    except VesselError as error:
        # "It is 2-D" is no help where all slices but the first were cut off.
        watch.tell(path, error)
        raise
    except DECODE_ERRORS as error:
        message = f"{path} is cut or damaged: {error or type(error).__name__}"
        raise ReadError(message) from error
    finally:
        logger.removeHandler(watch)
    watch.tell(path)


class _Watch(logging.Handler):
    """Collect what this thread's tifffile says about damage."""

    def __init__(self, thread: int) -> None:
        super().__init__(logging.WARNING)
        self._thread = thread
        self.damage: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep errors, and warnings about series that do not fit their description."""
        told = record.getMessage()
        if record.thread == self._thread and (
            record.levelno >= logging.ERROR or " series " in told
        ):
            self.damage.append(told.split("> ", 1)[-1])

    def tell(self, path: Path, cause: BaseException | None = None) -> None:
        """Raise a ReadError if there is damage to tell of."""
        if self.damage:
            message = f"{path} is cut or damaged: {self.damage[0]}. Copy it again."
            raise ReadError(message) from cause


def check_page(page: tifffile.TiffPage | tifffile.TiffFrame, size: int, where: str) -> None:
    """Check that the bytes of a page lie within its file of ``size`` bytes.

    Raises
    ------
    ReadError
        If they do not: the file was cut.
    """
    end = max(
        (a + n for a, n in zip(page.dataoffsets, page.databytecounts, strict=False)), default=0
    )
    if end > size:
        message = f"{where} is cut: {size:,} of at least {end:,} bytes. Copy it again."
        raise ReadError(message)


def refuse_colour(page: tifffile.TiffPage, where: str) -> None:
    """Refuse colour: samples of red, green and blue interleaved voxel by voxel.

    Planes one after another are slices, whatever the header calls them: tifffile writes any
    array of three or four slices as planes of colour.

    Raises
    ------
    UnsupportedVolumeError
        If the page is a colour image or has a palette.
    """
    if page.samplesperpixel > 1 and page.planarconfig == tifffile.PLANARCONFIG.CONTIG:
        message = (
            f"{where} is a colour image ({page.samplesperpixel} samples in each voxel); "
            "expected grey values. Convert it to one channel of 8 or 16 bits."
        )
        raise UnsupportedVolumeError(message)
