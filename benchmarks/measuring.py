"""Measuring a whole organ's vessels: pieces, skeleton, radii, every export, read back.

One row for each step: its wall and processor time, the process's peak memory so far, and what
came of it. Each export is read back and compared with what was measured, each surface with the
mask. ``--check`` also compares pieces, cavities and skeleton with the whole in memory (5 GB),
``--score`` the cleaned mask with the raw one; ``--peer`` gives a cut to scikit-image and skan.

    python benchmarks/measuring.py [--mask FILE] [--voxel-size UM] [--check] [--score] [--peer]

Without a mask, the rat kidney's arterial tree of the shared data (750 × 571 × 903, 22.6 µm).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import tifffile
from scipy.ndimage import label

from _tables import show
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.metrics import Scores, centreline, scores, streamed_scores
from napari_vessel.morphology import (
    MeasureConfig,
    cavities_filled,
    find_pieces,
    graph_of,
    skeleton_of,
    small_removed,
    thinned,
)
from napari_vessel.volumes import (
    GRAPH_WRITERS,
    SURFACE_WRITERS,
    MaskSource,
    VesselGraph,
    read_amira,
    read_surface,
    read_swc,
    voxels_within,
)

LEAST = 100  # voxels of the smallest piece that is kept
Rows = list[dict[str, Any]]
_CUT = (slice(200, 400), slice(100, 300), slice(300, 500))  # where the slow peers are tried


class Table:
    """Rows of what each step took and brought."""

    def __init__(self) -> None:
        self.rows: Rows = []

    def step(  # a step brings what it brings
        self, name: str, work: Callable[[], Any], told: Callable[[Any], str]
    ) -> Any:  # noqa: ANN401
        """Time ``work`` and note what came of it."""
        started, begun = perf_counter(), process_time()
        found = work()
        seconds, busy = perf_counter() - started, process_time() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        row = {"step": name, "wall s": round(seconds, 1), "cpu s": round(busy, 1)}
        self.rows.append(row | {"peak GB": round(peak, 2), "found": told(found)})
        print(self.rows[-1], flush=True)
        return found


def last(events: Iterator[Any]) -> Any:  # noqa: ANN401
    """Return what comes last."""
    *_, end = events
    return end


def shared_mask() -> tuple[Path, VoxelSize]:
    """Find the rat kidney in the shared data."""
    folder = Path(os.environ.get("NAPARI_VESSEL_DATA", Path(__file__).parents[2] / "shared/data"))
    entries = json.loads((folder / "manifest.json").read_text())
    (entry,) = (e for e in entries if e["name"] == "maskonly_ratkidney_1")
    path = folder / entry["name"] / entry["files"]["raw_prediction"]
    return path, VoxelSize(*entry["voxel_um"])


def measured(table: Table, mask: np.ndarray, size: VoxelSize) -> tuple[VesselGraph, Any, Any]:
    """Pieces, cavities, skeleton, graph: block by block. Returns what ``checked`` compares too."""
    region, config = Box.of(mask.shape), MeasureConfig()
    pieces = table.step(
        "pieces (26)",
        lambda: last(find_pieces(lambda box: mask[box.slices], region)),
        lambda p: (
            f"{p.count:,} pieces, the largest {p.sizes[1]:,} voxels, "
            f"{int((p.sizes[1:] < LEAST).sum()):,} under {LEAST}"
        ),
    )
    cleaned = small_removed(lambda box: mask[box.slices], pieces, LEAST)
    around = table.step(
        f"cavities, pieces under {LEAST} voxels removed",
        lambda: last(find_pieces(cleaned, region, connectivity=6, around=True)),
        lambda p: f"{int((~p.open[1:]).sum()):,} cavities",
    )
    filled = cavities_filled(cleaned, around)
    skeleton = table.step(
        "skeleton and radii",
        lambda: last(skeleton_of(filled, region, size, config)),
        lambda s: f"{len(s.voxels):,} voxels",
    )
    graph = table.step(
        "graph: spurs, courses, orders",
        lambda: graph_of(skeleton, config),
        lambda g: f"{len(g):,} branches, {g.summary['length_mm']:,.0f} mm",
    )
    return graph, filled, skeleton


def checked(table: Table, mask: np.ndarray, filled: Any, skeleton: Any) -> None:  # noqa: ANN401
    """Do the same in memory, and compare."""
    region = Box.of(mask.shape)

    def in_memory() -> np.ndarray:
        labels, _ = label(mask, np.ones((3, 3, 3)))
        large = (np.bincount(labels.ravel()) >= LEAST)[labels] & mask
        del labels
        outside, _ = label(~large)
        edge = np.ones(mask.shape, bool)
        edge[1:-1, 1:-1, 1:-1] = False
        is_open = np.zeros(int(outside.max()) + 1, bool)
        is_open[outside[edge]] = True
        return large | ~(is_open[outside] | large)

    whole = table.step("pieces and cavities in memory (scipy)", in_memory, lambda _: "")
    table.step(
        "the same from blocks",
        lambda: all(
            np.array_equal(filled(cell), whole[cell.slices])
            for cell in region.cells((128, 256, 256))
        ),
        lambda same: f"equal: {same}",
    )
    thin = table.step("thinned all at once", lambda: thinned(whole), lambda s: f"{int(s.sum()):,}")
    shared = int(thin[tuple(skeleton.voxels.T)].sum())
    differing = len(skeleton.voxels) + int(thin.sum()) - 2 * shared
    table.rows[-1]["found"] += f" voxels, {differing} differ from those of blocks"


def exported(table: Table, graph: VesselGraph, source: MaskSource, out: Path) -> None:
    """Write every format and read it back."""

    def check(kind: str, path: Path) -> str:
        if kind == "swc":
            samples = read_swc(path)
            inner = samples[samples[:, 6] > 0]
            parents = samples[inner[:, 6].astype(int) - 1]
            length = np.linalg.norm(inner[:, 2:5] - parents[:, 2:5], axis=1).sum() / 1000
            return f"{len(samples):,} samples, {length:,.0f} mm"
        if kind == "amira":
            found = read_amira(path)
            same = np.allclose(found["EdgePointCoordinates"], graph.points_um[:, ::-1], rtol=1e-8)
            return f"{len(found['EdgeConnectivity']):,} edges, equal: {same}"
        name, column = ("branches", 3) if kind == "csv" else ("edges", 3)
        rows = np.genfromtxt(path / f"{name}.csv", delimiter=",", skip_header=1)
        same = np.allclose(rows[:, column], graph.lengths_um, rtol=1e-8)
        return f"{len(rows):,} branches, equal: {same}"

    for kind, write in GRAPH_WRITERS.items():
        path = out / kind
        table.step(
            f"write {kind}",
            lambda write=write, path=path: last(write(graph, source, path)),
            lambda _, path=path: f"{megabytes(path):.1f} MB",
        )
        table.step(
            f"read {kind}", lambda kind=kind, path=path: check(kind, path), lambda found: found
        )
    for kind, surface in SURFACE_WRITERS.items():
        path = out / f"vessels.{kind}"
        table.step(
            f"write {kind}",
            lambda surface=surface, path=path: last(surface(source, path)),
            lambda _, path=path: f"{megabytes(path):.0f} MB",
        )
        table.step(
            f"read {kind}, voxels within",
            lambda path=path: _differing(path, source),
            lambda count: f"{count} voxels differ from the mask",
        )


def _differing(path: Path, source: MaskSource) -> int:
    whole = Box.of(source.shape)
    inside = voxels_within(read_surface(path), whole, source.voxel_size)
    return sum(
        int(np.count_nonzero(slab != inside[first : first + len(slab)]))
        for first, slab in source.slabs()
    )


def megabytes(path: Path) -> float:
    """Return what a file, or all in a folder, takes on the disk."""
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(p.stat().st_size for p in files) / 1e6


def compared(table: Table, mask: np.ndarray, filled: Any, size: VoxelSize) -> None:  # noqa: ANN401
    """Score the cleaned mask against the raw one, streamed, and a part of it against memory."""
    region = Box.of(mask.shape)
    table.step(
        "evaluate, blockwise",
        lambda: last(
            streamed_scores(lambda b: mask[b.slices], filled, region.shape, voxel_size=size)
        ),
        _scored,
    )
    raw = mask[_CUT]
    clean = filled(Box(*zip(*((s.start, s.stop) for s in _CUT), strict=True)))  # type: ignore[arg-type]
    streamed = last(
        streamed_scores(
            lambda b: raw[b.slices], lambda b: clean[b.slices], raw.shape, block=(64, 64, 64)
        )
    )
    table.step(
        "evaluate a cut in memory",
        lambda: scores(raw, clean),
        lambda s: f"clDice {s.cldice:.4f}, in blocks of 64³ {streamed.cldice:.4f}",
    )


def _scored(found: Scores) -> str:
    errors = found.betti_errors
    return (
        f"surface dice {found.surface_dice:.4f}, clDice {found.cldice:.4f}, "
        f"Betti errors {errors.b0}, {errors.b1}, {errors.b2}"  # type: ignore[union-attr]
    )


def peers(table: Table, mask: np.ndarray) -> None:
    """Thin a cut with scikit-image and with ours."""
    cut = mask[_CUT]
    for name, work in (("ours", thinned), ("scikit-image (Lee)", centreline)):
        table.step(
            f"thin a cut of 200³: {name}",
            lambda work=work: work(cut),
            lambda s: f"{int(s.sum()):,} voxels",
        )
    config, voxel = MeasureConfig(prune=0, smoothness=0), VoxelSize(1, 1, 1)
    events = skeleton_of(lambda box: cut[box.slices], Box.of(cut.shape), voxel, config)
    table.step(
        "graph of that cut: ours, unpruned",
        lambda: graph_of(last(events), config),
        lambda g: _branches(g.lengths_um),
    )
    if find_spec("skan"):  # no dependency: pip install skan
        from skan import Skeleton, summarize

        table.step(
            "graph of the same voxels: skan",
            lambda: summarize(Skeleton(thinned(cut)), separator="-"),
            lambda found: _branches(found["branch-distance"].to_numpy()),
        )


def _branches(lengths: np.ndarray) -> str:
    return (
        f"{len(lengths):,} branches, {(lengths > 2).sum():,} above 2 voxels, {lengths.sum():,.0f}"
    )


def main() -> None:
    """Run all steps and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--mask", type=Path)
    parser.add_argument("--voxel-size", type=float, default=22.6)
    for flag in ("--check", "--score", "--peer", "--json"):
        parser.add_argument(flag, action="store_true")
    args = parser.parse_args()
    path, size = (args.mask, VoxelSize(*[args.voxel_size] * 3)) if args.mask else shared_mask()
    table = Table()
    mask = table.step(
        "read the mask",
        lambda: tifffile.imread(path) > 0,
        lambda m: f"{' × '.join(map(str, m.shape))} voxels, {m.mean():.2%} vessel",
    )
    graph, filled, skeleton = measured(table, mask, size)
    read = lambda box: filled(box).astype(np.uint8)  # noqa: E731
    source = MaskSource(mask.shape, size, read)
    with tempfile.TemporaryDirectory() as folder:
        exported(table, graph, source, Path(folder))
    if args.check:
        checked(table, mask, filled, skeleton)
    if args.score:
        compared(table, mask, filled, size)
    if args.peer:
        peers(table, mask)
    show(table.rows, as_json=args.json)
    summary = [{"what": name, "value": round(value, 3)} for name, value in graph.summary.items()]
    show(summary, as_json=args.json)


if __name__ == "__main__":
    main()
