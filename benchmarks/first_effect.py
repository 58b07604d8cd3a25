"""From an accepted slice to better slices around it: seconds, and Dice before and after.

On real patches of NAPARI_VESSEL_DATA, else of ../shared/data, and on a phantom of 512² pixels a
slice: the starter proposes, the slice with most vessel is corrected by its truth and accepted.
Then, as in the dock: the light update, a first round of continuous training behind it, and, where
its network is adopted, the proposal again. Seconds count from the acceptance until a slice beside
it shows what is new; Dice is of the three slices on either side, which nobody corrected.

    python benchmarks/first_effect.py [ITEM …] [--threads 2] [--json]

The compute process is a real one, warm from the prediction. With ``--stalls`` (needs a screen:
``xvfb-run -a -s "-screen 0 1400x1000x24"``) the event loop of a real napari window is watched
while it trains, as benchmarks/interactive.py does while it predicts.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import tifffile

from _tables import show
from napari_vessel.geometry import Plane, VoxelSize
from napari_vessel.runner import ProcessRunner, RunnerConfig
from napari_vessel.session import Session
from napari_vessel.simulate import Annotator, drive
from napari_vessel.training import ContinuousConfig, LightConfig, TrainingConfig
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows import Focus, LightEnded, LightProposed, Retrained, SliceProposed

ITEMS = (
    "hipct3d_01_kidney1",
    "hipct3d_02_kidney1",
    "hipct3d_05_kidney1",
    "hipct3d_17_kidney3",
    "twophoton_burgess2014_tgMouse",
    "phantom",
)
FRAME = 2  # px: the outermost ring of the HiP-CT patches is touched by a plot's frame
AROUND = 3  # slices on either side that are scored
EDGE, DEPTH = 128, 24  # voxels that are taken of larger volumes
TARGETS = {"light": 10.0, "full": 60.0}


@dataclass(frozen=True)
class Known:
    """A volume of known truth."""

    name: str
    image: np.ndarray
    truth: np.ndarray
    voxel_um: tuple[float, float, float]

    @property
    def best(self) -> int:
        """The slice with most vessel that has neighbours on both sides."""
        inner = self.truth[AROUND:-AROUND].sum(axis=(1, 2))
        return int(np.argmax(inner)) + AROUND


def data_folder() -> Path:
    """Return where the real volumes lie."""
    root = Path(__file__).resolve().parent.parent
    return Path(os.environ.get("NAPARI_VESSEL_DATA", root.parent / "shared" / "data"))


def known(name: str) -> Known:
    """Read an item, its middle where it is large; or grow a phantom."""
    if name == "phantom":
        from napari_vessel.phantoms import PhantomConfig, make_phantom

        config = PhantomConfig(shape=(16, 512, 512), seed=7, trunk_radius=0.12, blur=1.6)
        made = make_phantom(config)
        return Known(name, made.image, made.vessels.astype(bool), (63.08,) * 3)
    entries = json.loads((data_folder() / "manifest.json").read_text("utf-8"))
    entry = next(entry for entry in entries if entry["name"] == name)
    image, truth = (
        tifffile.imread(data_folder() / name / f"{what}.tif") for what in ("image", "label")
    )
    frame = FRAME * name.startswith("hipct")
    at = []
    for length, most, cut in zip(image.shape, (DEPTH, EDGE, EDGE), (0, frame, frame), strict=True):
        inner = length - 2 * cut
        whole = inner <= most or (cut == 0 and length <= 32)
        start = cut if whole else cut + (inner - most) // 2
        at.append(slice(start, start + (inner if whole else most)))
    window = tuple(at)
    return Known(name, image[window], truth[window] != 0, tuple(entry["voxel_um"]))


class Person:
    """A session on one volume, in which one slice is corrected."""

    def __init__(self, volume: Known, folder: Path, threads: int | None) -> None:
        self.volume = volume
        path = folder / f"{volume.name}.npy"
        np.save(path, volume.image)
        self.session = Session(ProcessRunner(RunnerConfig(threads=threads)))
        options = VolumeOptions(voxel_size=VoxelSize(*volume.voxel_um), organ_only=False)
        self.do("open", self.session.open(path, options))
        _, y, x = volume.truth.shape
        self.focus = Focus((volume.best + 0.5, y / 2, x / 2), Plane.XY)
        self.do("predict", self.session.predict(self.focus))

    def do(self, name: str, work: Iterator[Any]) -> list[tuple[float, Any]]:
        """Run an activity to its end; return its events, each with the time it was shown."""
        return [(perf_counter(), event) for event in drive(self.session, name, work)]

    def dice(self) -> float:
        """Return Dice of the slices around the corrected one."""
        best = self.volume.best
        rows = [best + n for n in range(-AROUND, AROUND + 1) if n]
        shown = np.stack([np.asarray(self.session.labels[row]) != 0 for row in rows])
        truth = self.volume.truth[rows]
        total = np.count_nonzero(shown) + np.count_nonzero(truth)
        return 2 * np.count_nonzero(shown & truth) / max(total, 1)

    def correct(self) -> float:
        """Correct the slice and accept it; return when."""
        Annotator(self.session, self.volume.truth).correct_slice(Plane.XY, self.volume.best)
        return perf_counter()


def measured(volume: Known, folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return one row of the table."""
    person = Person(volume, folder, arguments.threads)
    try:
        row: dict[str, Any] = {
            "volume": volume.name,
            "shape": "×".join(map(str, volume.image.shape)),
        }
        row["Dice before"] = person.dice()
        accepted = person.correct()
        row |= light(person, accepted, LightConfig(stages=arguments.stages))
        row |= {} if arguments.light_only else full(person, accepted)
    finally:
        person.session.close()
    return row


def light(person: Person, accepted: float, config: LightConfig) -> dict[str, Any]:
    """Ask for the light update."""
    session = person.session
    events = person.do("light", session.light(Plane.XY, person.volume.best, person.focus, config))
    first = next((at for at, event in events if isinstance(event, LightProposed)), None)
    last = events[-1][1]
    return {
        "light, first slice, s": first and first - accepted,
        "light, all, s": events[-1][0] - accepted,
        **(told(last) if isinstance(last, LightEnded) else {}),
        "Dice, light": person.dice(),
    }


def told(ended: LightEnded) -> dict[str, Any]:
    """Return what an update says of itself: Dice on the slice that it learned from."""
    where = f"{ended.dice_before:.3f} → {ended.dice_after:.3f}"
    return {"steps": ended.steps, "on its slice": where, "shown": ended.shown}


def full(person: Person, accepted: float) -> dict[str, Any]:
    """Train a first round of continuous training, and propose again if its network is better."""
    session, minutes = person.session, ContinuousConfig().first_minutes
    events = person.do("retrain", session.retrain(TrainingConfig(minutes=minutes)))
    result = events[-1][1]
    adopted = isinstance(result, Retrained) and result.adopted
    shown = None
    if adopted:
        proposed = person.do("predict", session.predict(person.focus))
        shown = next(at for at, event in proposed if isinstance(event, SliceProposed))
    return {
        "full, s": shown and shown - accepted,
        "training, s": events[-1][0] - events[0][0],
        "adopted": adopted,
        "Dice, full": person.dice(),
    }


def mean_row(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return means of what is a number in every row, and the worst times."""
    row: dict[str, Any] = {}
    for key in found[0]:
        values = [each[key] for each in found if isinstance(each[key], float)]
        worst = key.endswith(", s")
        row[key] = (max(values) if worst else float(np.mean(values))) if values else ""
    return row | {"volume": "worst time, mean Dice", "shape": ""}


def stalls(name: str, folder: Path, minutes: float) -> list[dict[str, Any]]:
    """Watch the event loop of a window while it trains, with light updates between."""
    from interactive import Window, ticking

    volume = known(name)
    path = folder / f"{name}.npy"
    np.save(path, volume.image)
    window = Window(path)
    dock, rows = window.dock, []
    dock.desk.jobs.start("predict", lambda: dock.session.predict(dock.desk.link.focus()))
    window.end("predict")
    dock.retrain.light.switch.setChecked(False)
    Annotator(dock.session, volume.truth).correct_slice(Plane.XY, volume.best)
    dock.retrain.light.switch.setChecked(True)
    dock.retrain.minutes.setValue(minutes)
    with ticking() as (late, work):
        dock.retrain.retrain.click()
        dock.session.events.accepted.emit(Plane.XY, volume.best)
        window.until(lambda: window.ended("retrain") and window.ended("light"))
    for what, values in (("stalls", late), ("work", work)):
        rows.append(
            {
                "while training": what,
                "longest, ms": max(values),
                "99th percentile, ms": float(np.percentile(values, 99)),
                "ticks": len(values),
                "epochs": len(dock.retrain.curve.losses),
            }
        )
    window.close()
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items", nargs="*", default=ITEMS, help="Names of items, or phantom.")
    parser.add_argument("--threads", type=int, help="Of the compute process.")
    parser.add_argument(
        "--stages", type=int, default=LightConfig().stages, help="That a light update trains."
    )
    parser.add_argument("--light-only", action="store_true", help="No training behind it.")
    parser.add_argument(
        "--stalls", action="store_true", help="Watch a window's event loop instead."
    )
    parser.add_argument("--minutes", type=float, default=1.0, help="Of training, with --stalls.")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if not data_folder().is_dir():
        sys.exit(
            f"{data_folder()} is missing: name the folder of real volumes in NAPARI_VESSEL_DATA"
        )
    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_DATA_HOME"] = name
        if arguments.stalls:
            show(stalls(arguments.items[0], Path(name), arguments.minutes), as_json=arguments.json)
            return
        found = []
        for item in arguments.items:
            print(f"{item} …", file=sys.stderr)
            found.append(measured(known(item), Path(name), arguments))
    show([*found, mean_row(found)], as_json=arguments.json)


if __name__ == "__main__":
    main()
