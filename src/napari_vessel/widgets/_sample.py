"""File ▸ Open Sample: a phantom whose truth is known."""

from __future__ import annotations

from typing import Any

__all__ = ["make_sample"]

SHAPE = (96, 192, 192)


def make_sample() -> list[tuple[Any, dict[str, Any], str]]:
    """Make a synthetic kidney with its vessel tree, uint16 of 96 × 192 × 192 voxels."""
    from napari_vessel.phantoms import PhantomConfig, make_phantom

    phantom = make_phantom(PhantomConfig(shape=SHAPE, seed=1))
    keywords = {
        "name": "Synthetic kidney",
        "axis_labels": ("z", "y", "x"),
        "scale": phantom.voxel_size.zyx,
        "units": ("um",) * 3,
    }
    return [(phantom.image, keywords, "image")]
