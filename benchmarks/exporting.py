"""Every export of a whole organ's mask: written, verified, and read back by another program.

Of each format: wall and processor time of ``export`` and of ``verify``, its size on the disk, the
process's peak memory so far, and how many voxels differ when another library reads it: zarr,
tifffile, nibabel, SimpleITK, and a decoder of run lengths that is written out here.

    python benchmarks/exporting.py [--mask FILE] [--voxel-size UM] [--only FORMAT …] [--json]

Without a mask, the rat kidney's arterial tree of the shared data (750 × 571 × 903, 22.6 µm).
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile

from _tables import show
from measuring import Table, last, megabytes, shared_mask
from napari_vessel.geometry import VoxelSize
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows import WORKFLOWS, Export, Verify

csv.field_size_limit(1 << 30)


def read_zarr(path: Path) -> np.ndarray:
    """Read the finest level, as its metadata name it."""
    import zarr

    group = zarr.open_group(path, mode="r")
    ome = group.attrs.get("ome", group.attrs)
    first = ome["multiscales"][0]["datasets"][0]["path"]
    return np.asarray(group[first])


def read_nibabel(path: Path) -> np.ndarray:
    """Read a NIfTI, whose order is x, y, z."""
    import nibabel

    return np.asarray(nibabel.load(path).dataobj).T


def read_sitk(path: Path) -> np.ndarray:
    """Read with SimpleITK."""
    import SimpleITK

    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))


def read_slices(path: Path) -> np.ndarray:
    """Read a folder of TIFF slices."""
    return tifffile.imread(sorted(path.glob("*.tif*")))


def read_rle(path: Path, shape: tuple[int, int, int]) -> np.ndarray:
    """Decode Kaggle's run lengths: row by row, first pixel 1."""
    mask = np.zeros((shape[0], shape[1] * shape[2]), np.uint8)
    with path.open(newline="") as file:
        for z, row in enumerate(csv.DictReader(file)):
            runs = np.array(row["rle"].split(), np.int64)
            for start, length in runs.reshape(-1, 2):
                mask[z, start - 1 : start - 1 + length] = 1
    return mask.reshape(shape)


def formats(shape: tuple[int, int, int]) -> dict[str, tuple[str, Callable[[Path], np.ndarray]]]:
    """Return the name of each format's file, and how another program reads it."""
    return {
        "ome-zarr": ("mask.ome.zarr", read_zarr),
        "ome-zarr-0.4": ("mask4.ome.zarr", read_zarr),
        "tiff": ("slices", read_slices),
        "tiff-stack": ("mask.tif", tifffile.imread),
        "nifti": ("mask.nii.gz", read_nibabel),
        "nrrd": ("mask.nrrd", read_sitk),
        "rle": ("mask.csv", lambda path: read_rle(path, shape)),
    }


def exported(table: Table, request: Export) -> None:
    """Write one format, and verify it."""
    table.step(
        f"{request.format}: written",
        lambda: last(WORKFLOWS["export"](request)),
        lambda _: f"{megabytes(request.out):.1f} MB",
    )
    table.step(
        f"{request.format}: verified",
        lambda: last(WORKFLOWS["verify"](Verify(request.out))),
        lambda found: f"sound: {found.sound}, {found.vessel_voxels:,} vessel voxels",
    )


def compared(table: Table, name: str, truth: np.ndarray, read: Callable[[], np.ndarray]) -> None:
    """Read one format with another program, and count the voxels that differ."""
    table.step(
        f"{name}: read by another program",
        lambda: int(np.count_nonzero((read() != 0) != truth)),
        lambda count: f"{count} voxels differ",
    )


def main() -> None:
    """Export, verify and read back; print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--mask", type=Path)
    parser.add_argument("--voxel-size", type=float, default=22.6)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.mask:
        path, size = arguments.mask, VoxelSize(*[arguments.voxel_size] * 3)
    else:
        path, size = shared_mask()
    truth, table = tifffile.imread(path) > 0, Table()
    options = VolumeOptions(voxel_size=size)
    with tempfile.TemporaryDirectory() as folder:
        for name, (file, read) in formats(truth.shape).items():
            if not arguments.only or name in arguments.only:
                out = Path(folder) / file
                exported(table, Export(str(path), out, name, options=options))
                compared(table, name, truth, lambda read=read, out=out: read(out))
    show(table.rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
