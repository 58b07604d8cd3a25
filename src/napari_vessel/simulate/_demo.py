"""The demo: the whole loop on a phantom, with a report people can look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from napari_vessel.geometry import Box
from napari_vessel.runner import InlineRunner
from napari_vessel.simulate._demo_volume import TRUTH, DemoConfig, demo_volume
from napari_vessel.simulate._loop import LoopConfig, Looped, run_loop
from napari_vessel.simulate._report import write_report
from napari_vessel.training import TrainingConfig
from napari_vessel.volumes import open_volume
from napari_vessel.workflows import Progress


@dataclass(frozen=True, slots=True)
class Demonstrated:
    """What the demo brought."""

    loop: Looped
    mask: Path
    report: Path
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return the results by name, as ``demo --json`` prints them."""
        values: dict[str, Any] = {}
        for when, found in (("before", self.loop.before), ("after", self.loop.after)):
            values |= {f"{name}_{when}": value for name, value in found.as_dict().items()}
        return values | {
            "adopted": self.loop.retrained.adopted,
            "provisional": self.loop.retrained.provisional,
            "corrected_slices": len(self.loop.corrected),
            "mask": self.mask,
            "report": self.report,
            "seconds": self.seconds,
        }


def run_demo(
    config: DemoConfig, out: Path, *, overwrite: bool = False
) -> Iterator[Progress | Demonstrated]:
    """Run the loop and write figures, pictures and the mask into ``out``."""
    started = monotonic()
    yield Progress(0, 6, "steps", "Growing a synthetic kidney")
    volume = demo_volume(config, out, overwrite=overwrite)
    truth = open_volume(out / TRUTH)
    mask = out / "mask.ome.zarr"
    loop = LoopConfig(config.slices, TrainingConfig(minutes=config.minutes))
    voxels = truth.read(Box.of(truth.shape)) != 0
    for event in run_loop(volume, voxels, mask, loop, InlineRunner()):
        if isinstance(event, Looped):
            report = write_report(out, event)
            yield Demonstrated(event, mask, report, monotonic() - started)
        else:
            yield event
