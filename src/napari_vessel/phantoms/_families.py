"""How each family of scans is drawn: the ranges of a phantom's fields."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from napari_vessel.geometry import Zyx

Edges = tuple[float, float, float]
T = TypeVar("T")


class Draw:
    """Draws by name of their distribution."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def scale(self, low: float, high: float) -> float:
        """Draw evenly in the logarithm."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def whole(self, low: int, high: int) -> int:
        """Draw a whole number, ``high`` included."""
        return int(self.rng.integers(low, high + 1))

    def some(self, share: float, value: float, otherwise: float = 0.0) -> float:
        """Return ``value`` in so many of the cases."""
        return value if self.rng.random() < share else otherwise

    def one_of(self, *choices: T, weights: list[float] | None = None) -> T:
        p = None if weights is None else np.array(weights) / sum(weights)
        return choices[int(self.rng.choice(len(choices), p=p))]


def common(draw: Draw) -> dict[str, Any]:
    """Draw what every family has alike."""
    return {
        "asymmetry": draw.between(0.3, 1.0),
        "tortuosity": draw.between(0.1, 0.9),
        "unevenness": draw.between(0.0, 0.35),
        "squash": draw.between(0.12, 0.6),
        "bits": draw.one_of(8, 16),
    }


def _part(draw: Draw, shape: Zyx, edges: Edges, radius: tuple[float, float]) -> dict[str, Any]:
    """Draw a part of a larger organ; the trunk's ``radius`` is in finest edges."""
    beyond = draw.scale(0.15, 1.0)
    extents = np.multiply(shape, edges)
    reach = float(np.median(extents / 2 + beyond * np.median(extents)))
    trunk = draw.scale(*radius) * min(edges)
    return {
        "beyond": beyond,
        "trunk_radius": float(np.clip(trunk / reach, 0.002, 0.5)),
        "length": draw.between(0.35, 0.9),
        "generations": draw.whole(6, 11),
    }


def _longer(shape: Zyx, edges: Edges) -> int:
    """Trees in addition, for a volume that is longer than wide."""
    extents = np.multiply(shape, edges)
    return round(min(float(extents.max() / np.median(extents)) - 1, 6.0) * 1.5)


def ct(draw: Draw, shape: Zyx) -> dict[str, Any]:
    """Draw X-rays: dark lumens, arteries with bright walls, veins without."""
    edge = draw.scale(20.0, 65.0)
    edges = (edge * draw.some(0.2, draw.between(1.5, 4), 1.0), edge, edge)
    lumen = draw.scale(0.04, 0.4)
    wall = float(np.clip(lumen * draw.scale(0.2, 1.5), 0.02, 0.3))
    tissue = draw.between(max(0.4, lumen), min(0.65, 1 - wall))
    fields: dict[str, Any] = {
        "voxel_size_um": edges,
        "least_radius": draw.between(0.5, 0.9),
        "tissue": tissue,
        "medium": float(np.clip(tissue - max(lumen, 0.1) * draw.between(0.8, 1.2), 0, 1)),
        "lumen_contrast": lumen,
        "wall_contrast": wall,
        "wall_ratio": draw.between(0.05, 0.5),
        "wall_least": draw.some(0.8, draw.between(0.3, 1.8)),
        "fading": draw.between(0.0, 1.0),
        "contrast_spread": draw.some(0.5, draw.between(0.1, 0.8)),
        "sinus": draw.one_of(0.0, draw.between(0.2, 0.6)),
        "cysts": draw.whole(0, 4),
        "cyst_variety": draw.between(0.0, 0.9),
        "veins": draw.rng.random() < 0.8,
        "vein_wall": draw.one_of(0.0, draw.between(0.0, 0.2)),
        "vein_collapse": draw.between(0.0, 1.0),
        "collapse": draw.some(0.6, draw.between(0.0, 0.6)),
        "bundling": draw.some(0.6, draw.between(0.2, 1.8)),
        "bundle_gap": draw.between(0.0, 0.8),
        "sheath": draw.some(0.5, draw.between(0.3, 2.0)),
        "sheath_contrast": wall * draw.between(0.1, 0.9),
        "most_branches": 400,
        "clouds": draw.some(0.4, wall * draw.between(0.1, 1.0)),
        "blobs": draw.one_of(0, draw.whole(0, 6)),
        "blob_radius": draw.scale(1.5, 8.0),
        "blob_contrast": wall * draw.between(0.2, 1.0),
    }
    if draw.rng.random() < 0.75:
        if draw.rng.random() < 0.6:
            fields |= _part(draw, shape, edges, (1.5, 6.0))
            fields |= {"trees": draw.whole(1, 8) + _longer(shape, edges), "most_branches": 60}
        else:
            fields |= _part(draw, shape, edges, (5.0, 25.0))
            fields |= {"most_branches": 100, "bundling": min(fields["bundling"], 0.8)}
        fields["organ"] = draw.one_of(draw.between(0.7, 1.1), 4.0)
    else:
        fields["organ"] = draw.one_of(draw.between(0.75, 1.0), draw.between(1.0, 1.5), 3.0)
        fields["generations"] = draw.whole(7, 11)
        fields["trunk_radius"] = draw.scale(0.03, 0.13)
        fields["length"] = draw.between(0.35, 0.7)
    return fields | _ct_noise(draw, lumen)


def _ct_noise(draw: Draw, lumen: float) -> dict[str, Any]:
    """Draw texture and artefacts, in shares of a contrast."""
    scale = max(lumen, 0.08)
    low = draw.whole(0, 30_000)
    # Of 8 bits a lumen's contrast is to keep four or more.
    least = round(max(12_000.0, 4 * 256 / lumen))
    return {
        "texture": scale * draw.scale(0.01, 0.15),
        "shading": scale * draw.between(0.0, 0.4),
        "capillaries": draw.some(0.6, scale * draw.between(0.0, 0.4)),
        "rings": scale * draw.scale(0.002, 0.1),
        "streaks": scale * draw.scale(0.002, 0.1),
        "seams": draw.some(0.2, scale * draw.scale(0.02, 0.15)),
        "misalignment": draw.some(0.15, draw.between(0.5, 2.0)),
        "blur": draw.between(0.3, 1.1),
        "noise": scale * draw.scale(0.01, 0.18),
        "grain": draw.one_of(1.0, draw.between(1.0, 2.0)),
        "grey_low": low,
        "grey_high": low + draw.whole(least, 35_000),
    }


def _bright(draw: Draw) -> dict[str, Any]:
    """Draw what two-photon and light-sheet pictures share: bright lumens, no veins, no organ."""
    tissue = draw.scale(0.01, 0.15)
    lumen = min(draw.scale(0.2, 0.95), 1 - tissue)
    return {
        "organ": draw.some(0.3, draw.between(0.7, 1.2), 4.0),
        "least_radius": draw.between(0.8, 1.5),
        "cysts": 0,
        "veins": False,
        "tissue": tissue,
        "medium": tissue * draw.between(0.0, 1.0),
        "lumen_contrast": lumen,
        "wall_contrast": 0.0,
        "wall_ratio": 0.0,
        "fading": draw.between(0.0, 0.6),
        "contrast_spread": draw.between(0.0, 0.5),
        "mottle": draw.between(0.0, 0.3),
        "hollow": draw.some(0.4, draw.between(0.0, 0.6)),
        "sheath_contrast": 0.0,
        "texture": tissue * draw.scale(0.02, 0.4),
        "shading": tissue * draw.between(0.0, 0.5),
        "capillaries": draw.some(0.3, tissue * draw.between(0.0, 0.5)),
        "rings": 0.0,
        "streaks": 0.0,
        "seams": draw.some(0.15, tissue * draw.scale(0.05, 0.5)),
        "misalignment": draw.some(0.1, draw.between(0.5, 1.5)),
        "blobs": draw.one_of(0, draw.whole(0, 60)),
        "blob_radius": draw.scale(1.5, 7.0),
        "blob_contrast": draw.scale(0.05, 0.6),
        "photons": draw.some(0.5, draw.scale(50.0, 2000.0) / lumen),
        "noise": lumen * draw.scale(0.003, 0.05),
        "black": draw.some(0.3, tissue * draw.between(0.3, 1.2)),
        "grey_low": 0,
        "grey_high": 65_535,
    }


def two_photon(draw: Draw, shape: Zyx) -> dict[str, Any]:
    """Draw labelled blood in a brain: wide vessels that pass, and a mesh of capillaries."""
    edge = draw.scale(0.6, 2.0)
    edges = (edge * draw.some(0.8, draw.between(2, 6), 1.0), edge, edge)
    return (
        _bright(draw)
        | _part(draw, shape, edges, draw.one_of((3.0, 10.0), (8.0, 30.0), (15.0, 45.0)))
        | {
            "voxel_size_um": edges,
            "trees": draw.whole(1, 6) + _longer(shape, edges),
            "most_branches": 80,
            "mesh_spacing": draw.some(0.75, draw.scale(20.0, 60.0)),
            "mesh_radius": draw.scale(1.0, 4.0),
            "lines": draw.some(0.6, draw.between(0.0, 0.2)),
            "attenuation": draw.some(0.6, draw.between(0.0, 1.2)),
            "exposure": draw.some(0.5, draw.scale(1.0, 2.5), 1.0),
            "blur": draw.between(0.4, 1.2),
            "axial_blur": draw.between(0.0, 2.0),
            "haze": draw.some(0.3, draw.between(0.0, 0.2)),
        }
    )


def light_sheet(draw: Draw, shape: Zyx) -> dict[str, Any]:
    """Draw cleared tissue: vessels or their walls glow, tissue too; shadows and haze."""
    edge = draw.scale(1.0, 8.0)
    edges = (edge * draw.some(0.5, draw.between(1.5, 4), 1.0), edge, edge)
    bright = _bright(draw)
    tissue = draw.between(0.05, 0.4)
    lumen = min(draw.scale(0.15, 0.7), 1 - tissue)
    return (
        bright
        | _part(draw, shape, edges, (3.0, 15.0))
        | {
            "voxel_size_um": edges,
            "tissue": tissue,
            "medium": tissue * draw.between(0.0, 1.0),
            "lumen_contrast": lumen,
            "contrast_spread": draw.between(0.0, 0.4),
            "noise": lumen * draw.scale(0.005, 0.12),
            "hollow": draw.some(0.5, draw.between(0.3, 0.9)),
            "trees": draw.whole(1, 4) + _longer(shape, edges),
            "most_branches": 80,
            "mesh_spacing": draw.some(0.5, draw.scale(15.0, 50.0)),
            "mesh_radius": draw.scale(1.0, 2.5),
            "fading": draw.between(0.0, 0.4),
            "photons": draw.some(0.5, draw.scale(400.0, 10_000.0)),
            "stripes": draw.some(0.6, draw.between(0.0, 0.4)),
            "haze": draw.some(0.7, draw.between(0.0, 0.6)),
            "attenuation": draw.some(0.3, draw.between(0.0, 1.0)),
            "texture": lumen * draw.scale(0.02, 0.2),
            "shading": tissue * draw.between(0.1, 0.5),
            "cysts": draw.whole(0, 3),
            "black": 0.0,
            "blur": draw.between(0.4, 1.3),
            "axial_blur": draw.between(0.0, 1.0),
        }
    )
