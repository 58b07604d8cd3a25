"""Where things are: voxel sizes, boxes and planes. Values only, no voxels.

Every triple is in zyx order. A box is half-open and in voxels of level 0
unless its holder says otherwise; lengths carry ``_um`` (micrometres).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from math import prod
from typing import Self

from napari_vessel.errors import CallerError

__all__ = ["Box", "Plane", "VoxelSize", "Zyx"]

Zyx = tuple[int, int, int]


class Plane(StrEnum):
    """A family of parallel slices, named by the two axes that lie in it."""

    XY = "xy"
    XZ = "xz"
    YZ = "yz"

    @property
    def normal(self) -> int:
        """The array axis that is constant in a slice: 0 (z), 1 (y) or 2 (x)."""
        return {"xy": 0, "xz": 1, "yz": 2}[self.value]

    @property
    def rows(self) -> int:
        """The array axis that runs down a slice."""
        return 1 if self is Plane.XY else 0

    @property
    def columns(self) -> int:
        """The array axis that runs across a slice."""
        return 1 if self is Plane.YZ else 2

    @classmethod
    def of_normal(cls, axis: int) -> Plane:
        """Name the plane whose slices are stacked along ``axis``.

        >>> Plane.of_normal(1)
        <Plane.XZ: 'xz'>
        """
        return (cls.XY, cls.XZ, cls.YZ)[axis]


@dataclass(frozen=True, slots=True)
class VoxelSize:
    """Edges of a voxel, in micrometres."""

    z_um: float
    y_um: float
    x_um: float

    def __post_init__(self) -> None:
        if not all(0 < edge < float("inf") for edge in self.zyx):
            raise CallerError(f"A voxel's edges must be above 0 µm, found {self.zyx}.")

    @property
    def zyx(self) -> tuple[float, float, float]:
        """The three edges, in µm."""
        return self.z_um, self.y_um, self.x_um

    @property
    def volume_um3(self) -> float:
        """The volume of a voxel, in µm³."""
        return prod(self.zyx)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``"z,y,x"`` or one number for all three, in µm.

        >>> VoxelSize.parse("5, 1.5, 1.5")
        VoxelSize(z_um=5.0, y_um=1.5, x_um=1.5)
        """
        try:
            edges = [float(part) for part in text.split(",")]
        except ValueError:
            edges = []
        if len(edges) == 1:
            edges *= 3
        if len(edges) != 3:
            raise CallerError(f"Voxel size {text!r}: expected z,y,x in µm, as 50,50,50.")
        return cls(*edges)

    def scaled(self, factors: tuple[float, float, float]) -> VoxelSize:
        """Edges of a voxel that holds ``factors`` of these along each axis."""
        return VoxelSize(*(edge * f for edge, f in zip(self.zyx, factors, strict=True)))

    def __str__(self) -> str:
        return " × ".join(f"{edge:g}" for edge in self.zyx) + " µm"


@dataclass(frozen=True, slots=True)
class Box:
    """A half-open box of voxels, ``start`` included and ``stop`` not, zyx."""

    start: Zyx
    stop: Zyx

    def __post_init__(self) -> None:
        (z0, y0, x0), (z1, y1, x1) = self.start, self.stop  # in full: a brush makes thousands
        if z0 > z1 or y0 > y1 or x0 > x1:
            raise CallerError(f"Box {self}: every start must lie before its stop.")

    @classmethod
    def of(cls, shape: tuple[int, ...]) -> Box:
        """Return the box of a whole array of ``shape``."""
        z, y, x = shape
        return cls((0, 0, 0), (int(z), int(y), int(x)))

    @classmethod
    def parse(cls, text: str) -> Box:
        """Read ``"z0:z1,y0:y1,x0:x1"``.

        >>> Box.parse("0:4,1:3,2:9").shape
        (4, 2, 7)
        """
        match = re.fullmatch(r"(\d+):(\d+),(\d+):(\d+),(\d+):(\d+)", text.replace(" ", ""))
        if match is None:
            raise CallerError(f"Box {text!r}: expected z0:z1,y0:y1,x0:x1 in voxels.")
        z0, z1, y0, y1, x0, x1 = map(int, match.groups())
        return cls((z0, y0, x0), (z1, y1, x1))

    @property
    def shape(self) -> Zyx:
        """Edges, in voxels."""
        (z0, y0, x0), (z1, y1, x1) = self.start, self.stop
        return z1 - z0, y1 - y0, x1 - x0

    @property
    def size(self) -> int:
        """The number of voxels, exact however large."""
        return prod(self.shape)

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The index that cuts this box from an array."""
        (z0, y0, x0), (z1, y1, x1) = self.start, self.stop
        return slice(z0, z1), slice(y0, y1), slice(x0, x1)

    @property
    def centre(self) -> tuple[float, float, float]:
        """The middle, in voxel edges from the array's corner."""
        z, y, x = ((a + b) / 2 for a, b in zip(self.start, self.stop, strict=True))
        return z, y, x

    def intersection(self, other: Box) -> Box | None:
        """Return what both hold, or None where that is no voxel."""
        start = tuple(max(a, b) for a, b in zip(self.start, other.start, strict=True))
        stop = tuple(min(a, b) for a, b in zip(self.stop, other.stop, strict=True))
        if any(a >= b for a, b in zip(start, stop, strict=True)):
            return None
        return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))

    def contains(self, other: Box) -> bool:
        """Tell whether every voxel of ``other`` lies in this box."""
        return all(a <= b for a, b in zip(self.start, other.start, strict=True)) and all(
            a >= b for a, b in zip(self.stop, other.stop, strict=True)
        )

    def expanded(self, halo: Zyx) -> Box:
        """Grow by ``halo`` voxels on both sides of each axis."""
        z, y, x = halo
        return Box(
            (self.start[0] - z, self.start[1] - y, self.start[2] - x),
            (self.stop[0] + z, self.stop[1] + y, self.stop[2] + x),
        )

    def shifted(self, by: Zyx) -> Box:
        """Move by ``by`` voxels."""
        (a, b, c), (d, e, f), (z, y, x) = self.start, self.stop, by
        return Box((a + z, b + y, c + x), (d + z, e + y, f + x))

    def relative_to(self, outer: Box) -> Box:
        """Return this box in the coordinates of an array cut at ``outer``."""
        z, y, x = outer.start
        return self.shifted((-z, -y, -x))

    def slice_at(self, plane: Plane, index: int) -> Box:
        """Return the one-voxel-thick slice ``index`` (array coordinates) of ``plane``."""
        start, stop = list(self.start), list(self.stop)
        if not start[plane.normal] <= index < stop[plane.normal]:
            raise CallerError(f"Slice {plane}:{index} lies outside {self}.")
        start[plane.normal], stop[plane.normal] = index, index + 1
        return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))

    def cells(self, edge: Zyx) -> Iterator[Box]:
        """Cut along a grid of ``edge`` anchored at the array's corner, in C order.

        >>> [str(b) for b in Box((0, 0, 3), (1, 1, 9)).cells((4, 4, 4))]
        ['0:1,0:1,3:4', '0:1,0:1,4:8', '0:1,0:1,8:9']
        """
        ranges = [
            range(a - a % e, b, e) for a, b, e in zip(self.start, self.stop, edge, strict=True)
        ]
        for z, y, x in product(*ranges):
            cell = Box((z, y, x), (z + edge[0], y + edge[1], x + edge[2])).intersection(self)
            if cell is not None:
                yield cell

    def __str__(self) -> str:
        return ",".join(f"{a}:{b}" for a, b in zip(self.start, self.stop, strict=True))
