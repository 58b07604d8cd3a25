"""The intensity window: which grey values of a volume become 0 and 1."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field, model_validator
from skimage.filters import threshold_otsu

from napari_vessel.volumes._dtypes import Voxels
from napari_vessel.volumes._options import DEFAULT_WINDOW, WindowConfig

__all__ = ["IntensityWindow"]

_TISSUE = 8  # times the median: where vessels are few, Otsu parts the tissue's own noise


class IntensityWindow(BaseModel, frozen=True, extra="forbid"):
    """The grey values that become 0 and 1, in the volume's own units.

    A window of no width, as that of a constant image, turns every voxel into 0.
    """

    low: float = Field(description="Becomes 0.", allow_inf_nan=False)
    high: float = Field(description="Becomes 1.", allow_inf_nan=False)

    @model_validator(mode="after")
    def _low_is_not_above_high(self) -> Self:
        if self.low > self.high:
            message = f"low {self.low} must not be above high {self.high}"
            raise ValueError(message)
        return self

    @classmethod
    def of(cls, array: Voxels, config: WindowConfig = DEFAULT_WINDOW) -> Self:
        """Find the window of an array of any shape by its percentiles.

        NaN and infinity do not count. Where both percentiles are equal (a few bright voxels
        on nothing) the least and the greatest value take their place. An array without a
        finite voxel gives the window 0 to 0.

        Examples
        --------
        >>> IntensityWindow.of(np.arange(201))
        IntensityWindow(low=1.0, high=199.0)
        """
        values = np.asarray(array)
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values.ravel()
        if finite.size == 0:
            return cls(low=0.0, high=0.0)
        wide = finite.astype(np.float64, copy=False)
        low, high = np.percentile(wide, (config.low_percent, config.high_percent))
        if low == high:
            low, high = wide.min(), wide.max()
        return cls(low=float(low), high=float(high))

    def saturated(self, array: Voxels) -> Self:
        """End the window between bright vessels and the rest of an array that it was made of.

        At Otsu's threshold (1979), and at least at so many times the median that tissue stays
        dark where vessels are few: a microscope's dim vessels become as white as the brightest.
        Where that is no lower than the end of the window it is returned as it is.

        Examples
        --------
        >>> voxels = np.repeat([0.0, 10.0, 500.0, 1000.0], [400, 500, 60, 40])
        >>> IntensityWindow(low=0.0, high=1000.0).saturated(voxels).high < 500
        True
        """
        shown = self.apply(array).ravel()  # three values side by side are no colour
        if shown.size == 0 or shown.min() == shown.max():
            return self
        parted = float(threshold_otsu(shown))  # type: ignore[no-untyped-call]  # ships no types
        end = max(parted, _TISSUE * float(np.median(shown)))
        if end >= 1:
            return self
        return type(self)(low=self.low, high=self.low + end * (self.high - self.low))

    def apply(self, array: Voxels) -> npt.NDArray[np.float32]:
        """Map an array of any shape to [0, 1], clipped; NaN and infinity become 0."""
        values = np.asarray(array)
        # float32 holds every 16-bit value exactly, and half of the memory.
        exact = values.dtype.itemsize <= 2 or values.dtype == np.float32
        scaled = values.astype(np.float32 if exact else np.float64)
        width = self.high - self.low
        if not 0 < width < float("inf"):
            return np.zeros(values.shape, np.float32)
        unknown = ~np.isfinite(values) if values.dtype.kind == "f" else None
        with np.errstate(invalid="ignore", over="ignore"):
            np.subtract(scaled, scaled.dtype.type(self.low), out=scaled)
            np.divide(scaled, scaled.dtype.type(width), out=scaled)
        np.clip(scaled, 0, 1, out=scaled)
        if unknown is not None:
            scaled[unknown] = 0
        return scaled.astype(np.float32, copy=False)
