"""Draw configurations at random: what a network must learn not to care about."""

from __future__ import annotations

from typing import Literal

import numpy as np

from napari_vessel.geometry import Zyx
from napari_vessel.phantoms._config import PhantomConfig, Polarity
from napari_vessel.phantoms._families import Draw, common, ct, light_sheet, two_photon

Family = Literal["ct", "two-photon", "light-sheet"]
WEIGHTS: dict[Family, float] = {"ct": 0.5, "two-photon": 0.33, "light-sheet": 0.17}
_DRAWN = {"ct": ct, "two-photon": two_photon, "light-sheet": light_sheet}


def random_config(
    rng: np.random.Generator,
    shape: Zyx,
    *,
    polarity: Polarity | None = "dark",
    family: Family | None = None,
) -> PhantomConfig:
    """Draw a phantom as varied as scans are: anatomy, contrast, texture, noise.

    Parameters
    ----------
    rng
        Source of all draws, the phantom's own seed included.
    shape
        Voxels along z, y, x.
    polarity
        What the image shows: a network is trained for one. A family of the
        other polarity is shown as its own negative. None leaves every family
        as it is: ``"ct"`` dark, the others bright.
    family
        What kind of scan; None draws one, by ``WEIGHTS``.
    """
    draw = Draw(rng)
    drawn: Family = draw.one_of(*WEIGHTS, weights=list(WEIGHTS.values()))
    family = drawn if family is None else family
    own: Polarity = "dark" if family == "ct" else "bright"
    wanted = own if polarity is None else polarity
    seed = int(rng.integers(2**31))
    fields = _DRAWN[family](draw, shape)
    return PhantomConfig(
        shape=shape, seed=seed, polarity=wanted, negative=wanted != own, **(common(draw) | fields)
    )
