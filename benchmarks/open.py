"""Opening a volume of 4 GB, of every kind: time to the first image, and bytes read for it.

Run as ``python benchmarks/open.py [--gigabytes G] [--folder DIR] [--only KIND …] [--json]``. The
files are sparse, or one chunk linked a thousand times: 4 GB to a reader, a few MB on the disk.
Columns: seconds to open (metadata), to the first image (the finest level of at most 1,024
pixels, middle slice, as a viewer shows it), what was read for both and for one slice further,
where the viewer keeps 1 GB of what it computed (dask's cache, as napari has it). ``mapped``
files are read by page, which is not counted. ``http`` and ``n5 http`` are on a server that
waits 50 ms before every answer.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Pipe, get_context
from pathlib import Path
from typing import Any

import numpy as np

from _tables import show
from napari_vessel.volumes import open_volume, the_cache

CHUNK = 128
LATENCY_S = 0.05
SCREEN = 1024


def texture(shape: tuple[int, ...]) -> np.ndarray:
    """Return voxels that compress as tissue does, to about two thirds."""
    return np.random.default_rng(0).normal(20_000, 600, shape).astype(np.uint16)


def tiff_slices(place: Path, edge: int) -> Path:
    """Write sparse slices."""
    import tifffile

    place.mkdir()
    for z in range(edge):
        tifffile.imwrite(place / f"{z:05}.tif", shape=(edge, edge), dtype="u2")
    return place


def jp2_slices(place: Path, edge: int) -> Path:
    """Write one slice, and link it."""
    import imagecodecs

    place.mkdir()
    first = place / "slice_00000.jp2"
    first.write_bytes(imagecodecs.jpeg2k_encode(texture((edge, edge)), level=10))
    for z in range(1, edge):
        os.link(first, place / f"slice_{z:05}.jp2")
    return place


def tiff_stack(place: Path, edge: int) -> Path:
    """Write a sparse BigTIFF."""
    import tifffile

    path = place.with_suffix(".tif")
    tifffile.imwrite(path, shape=(edge,) * 3, dtype="u2", bigtiff=True, metadata={"axes": "ZYX"})
    return path


def npy(place: Path, edge: int) -> Path:
    """Write a sparse array."""
    path = place.with_suffix(".npy")
    np.lib.format.open_memmap(path, "w+", "u2", (edge,) * 3).flush()
    return path


def nifti(place: Path, edge: int) -> Path:
    """Write a header and a hole."""
    from nibabel import Nifti1Header

    header = Nifti1Header()
    header.set_data_dtype(np.uint16)
    header.set_data_shape((edge,) * 3)
    header.set_data_offset(352)
    path = place.with_suffix(".nii")
    with path.open("wb") as file:
        header.write_to(file)
        file.truncate(352 + 2 * edge**3)
    return path


def nrrd(place: Path, edge: int) -> Path:
    """Write a header and a hole."""
    path = place.with_suffix(".nrrd")
    head = f"NRRD0004\ntype: uint16\ndimension: 3\nsizes: {edge} {edge} {edge}\n"
    head += "endian: little\nencoding: raw\n\n"
    with path.open("wb") as file:
        file.write(head.encode())
        file.truncate(len(head) + 2 * edge**3)
    return path


def hdf5(place: Path, edge: int) -> Path:
    """Write a chunked dataset of which a few chunks are there."""
    import h5py

    path = place.with_suffix(".h5")
    with h5py.File(path, "w") as file:
        data = file.create_dataset("raw", (edge,) * 3, "u2", chunks=(CHUNK,) * 3, compression=1)
        data[:, edge // 2 - CHUNK : edge // 2, :CHUNK] = 7
    return path


def ome_zarr(place: Path, edge: int) -> Path:
    """Write the chunks of every level as links to one."""
    import zarr

    path = place.with_suffix(".ome.zarr")
    group = zarr.open_group(path, mode="w", zarr_format=2)
    scales, level, voxels = [], 0, texture((CHUNK,) * 3)
    while edge >= CHUNK:
        array = group.create_array(
            str(level), shape=(edge,) * 3, chunks=(CHUNK,) * 3, dtype="u2",
            chunk_key_encoding={"name": "v2", "separator": "/"},
        )  # fmt: skip
        array[:CHUNK, :CHUNK, :CHUNK] = voxels
        link_all(path / str(level), edge)
        step = [float(2**level)] * 3
        scale = [{"type": "scale", "scale": step}]
        scales.append({"path": str(level), "coordinateTransformations": scale})
        edge, level = -(-edge // 2), level + 1
    axes = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "zyx"]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": scales}]
    return path


def n5(place: Path, edge: int) -> Path:
    """Write the blocks of every scale as links to one."""
    import tensorstore

    path, level, voxels = place.with_suffix(".n5"), 0, texture((CHUNK,) * 3)
    blosc = {"type": "blosc", "cname": "zstd", "clevel": 3, "shuffle": 1, "blocksize": 0}
    while edge >= CHUNK:
        store = tensorstore.open(
            {"driver": "n5", "kvstore": {"driver": "file", "path": f"{path}/s{level}"},
             "metadata": {"compression": blosc, "dataType": "uint16", "dimensions": [edge] * 3,
                          "blockSize": [CHUNK] * 3}}, create=True,
        ).result()  # fmt: skip
        store[:CHUNK, :CHUNK, :CHUNK] = voxels
        link_all(path / f"s{level}", edge)
        edge, level = -(-edge // 2), level + 1
    (path / "attributes.json").write_text('{"n5": "2.0.0"}')
    return path


def link_all(folder: Path, edge: int) -> None:
    """Link chunk 0/0/0 to all the others."""
    count = -(-edge // CHUNK)
    for z, y in np.ndindex(count, count):
        (folder / str(z) / str(y)).mkdir(parents=True, exist_ok=True)
        for x in range(count):
            target = folder / str(z) / str(y) / str(x)
            if not target.exists():
                os.link(folder / "0" / "0" / "0", target)


class Slow(SimpleHTTPRequestHandler):
    """Waits before every answer, and counts what it sends."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer late."""
        time.sleep(LATENCY_S)
        super().do_GET()

    def do_HEAD(self) -> None:
        """Answer late."""
        time.sleep(LATENCY_S)
        super().do_HEAD()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder, slowly."""
    here, there = Pipe()
    process = get_context("spawn").Process(target=serve, args=(str(folder), there), daemon=True)
    process.start()
    yield f"http://127.0.0.1:{here.recv()}"
    process.terminate()
    process.join()


def serve(folder: str, port: Any) -> None:  # noqa: ANN401  a connection
    """Serve until the process ends; tells its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Slow, directory=folder))
    server.daemon_threads = True
    port.send(server.server_address[1])
    server.serve_forever()


def read_bytes() -> int:
    """Return what this process has read by system calls."""
    told = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(told["rchar"])


def fetched_bytes() -> int:
    """Return what was fetched from servers: all chunks are kept."""
    return the_cache().state().nbytes


def measured(kind: str, where: str, *, mapped: bool) -> dict[str, Any]:
    """Open, show, step."""
    count = fetched_bytes if "://" in where else read_bytes
    cpu, before, start = time.process_time(), count(), time.perf_counter()
    volume = open_volume(where)
    opened = time.perf_counter()
    pyramid = volume.pyramid()
    level = next((a for a in pyramid if max(a.shape[1:]) <= SCREEN), pyramid[-1])
    middle = level.shape[0] // 2 // CHUNK * CHUNK + CHUNK // 2
    middle = min(middle, level.shape[0] - 2)
    np.asarray(level[middle])
    shown, after = time.perf_counter(), count()
    cpu = time.process_time() - cpu
    np.asarray(level[middle + 1])
    return {
        "kind": kind, "GB": volume.nbytes / 1e9, "opened s": opened - start,
        "first image s": shown - start, "of it CPU s": cpu, "read MB": (after - before) / 1e6,
        "one z step, MB": (count() - after) / 1e6, "mapped": "yes" if mapped else "no",
    }  # fmt: skip


Made = tuple[Callable[[Path, int], Path], bool]
KINDS: dict[str, Made] = {
    "ome-zarr": (ome_zarr, False), "n5": (n5, False), "hdf5": (hdf5, False),
    "tiff stack": (tiff_stack, True), "npy": (npy, True), "nifti": (nifti, True),
    "nrrd": (nrrd, True), "tiff slices": (tiff_slices, False), "jp2 slices": (jp2_slices, False),
}  # fmt: skip


def warm_up(parent: Path | None) -> None:
    """Import what is imported once, whichever kind comes first."""
    with tempfile.TemporaryDirectory(dir=parent) as folder, served(Path(folder)) as address:
        for kind in ("ome-zarr", "n5"):
            place = KINDS[kind][0](Path(folder) / "warm", CHUNK)
            measured(kind, f"{address}/{place.name}", mapped=False)


def main() -> None:
    """Measure every kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=4.0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", nargs="*", default=[*KINDS, "http", "n5 http"])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    import dask
    from dask.cache import Cache

    Cache(10**9).register()
    dask.config.set({"optimization.fuse.active": False})  # as napari does
    os.environ["NAPARI_VESSEL_CACHE"] = tempfile.mkdtemp(dir=given.folder)
    edge = -(-int((given.gigabytes * 1e9 / 2) ** (1 / 3)) // CHUNK) * CHUNK
    rows = []
    warm_up(given.folder)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for kind in given.only:
            local = kind.removesuffix(" http") if kind.endswith(" http") else kind
            make, mapped = KINDS["ome-zarr" if kind == "http" else local]
            place = make(Path(folder) / kind.replace(" ", "_"), edge)
            if kind in {"http", "n5 http"}:
                with served(place.parent) as address:
                    rows.append(measured(kind, f"{address}/{place.name}", mapped=False))
            else:
                rows.append(measured(kind, str(place), mapped=mapped))
            print(kind, file=sys.stderr)
    show(rows, as_json=given.json)


if __name__ == "__main__":
    main()
