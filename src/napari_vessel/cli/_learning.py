"""``queue``, ``progress``, ``simulate``: where next, how far it is, what effort brings."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from napari_vessel.annotation import QueueConfig
from napari_vessel.cli._options import (
    Channel,
    Json,
    Level,
    Polarity,
    ProjectPath,
    Voxels,
    volume_options,
)
from napari_vessel.cli._output import explained, follow, run, say
from napari_vessel.cli._values import report
from napari_vessel.errors import LabelsError
from napari_vessel.geometry import Box
from napari_vessel.project import Project
from napari_vessel.runner import InlineRunner
from napari_vessel.simulate import EffortConfig, EffortRow, PersonConfig, run_effort
from napari_vessel.training import TrainingConfig
from napari_vessel.volumes import open_volume, write_atomically
from napari_vessel.workflows import (
    NewProject,
    RankPlaces,
    TakeStock,
    as_csv,
    as_values,
)

_MOST_VOXELS = 2**28
_PERSON = PersonConfig()


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command()(queue)
    app.command()(progress)
    app.command()(simulate)


def queue(
    project: ProjectPath,
    count: Annotated[int, typer.Option(min=1, help="Places at most.")] = 12,
    json: Json = False,
) -> None:
    """List where correcting brings most for a second of work; changes nothing."""
    with explained():
        found = run("queue", RankPlaces(project, config=QueueConfig(count=count)))
        places = [
            {
                "plane": place.plane.value,
                "slice": place.index,
                "box": str(place.box),
                "point_zyx": [round(c) for c in place.at],
                "expected_wrong_voxels": round(place.wrong, 1),
                "gain": round(place.gain, 1),
                "seconds": round(place.seconds, 1),
            }
            for place in found.places
        ]
        if json:
            values = {"places": places, "expected_wrong_voxels": found.wrong}
            report(values | {"skipped": found.skipped, "done": found.done}, as_json=True)
            return
        for number, place in enumerate(places, start=1):
            typer.echo(
                f"{number:2}  {str(place['plane']).upper()} {place['slice']:<6} "
                f"at {place['point_zyx']}  about {place['expected_wrong_voxels']:,} voxels wrong, "
                f"{place['seconds']} s  {place['box']}"
            )
        if not places:
            say("Nothing is left that the network is unsure of where nobody reviewed.")


def progress(
    project: ProjectPath,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="OUT", help="Write all points there.")
    ] = None,
    target: Annotated[
        float, typer.Option(min=0.01, max=0.999, help="Dice on the audit set that is wanted.")
    ] = 0.9,
    json: Json = False,
) -> None:
    """Tell seconds a slice, how right proposals were, how far it is, and whether to stop."""
    with explained():
        stock = run("progress", TakeStock(project, target))
        if csv is not None:
            write_atomically(csv, as_csv(stock).encode())
        report(as_values(stock) | ({"csv": csv} if csv else {}), as_json=json)


def simulate(
    volume: Annotated[str, typer.Argument(metavar="VOLUME", help="What is annotated.")],
    truth: Annotated[str, typer.Argument(metavar="TRUTH", help="Its true mask, of any format.")],
    slices: Annotated[int, typer.Option(min=1, help="Places that are corrected.")] = 10,
    strategy: Annotated[
        Literal["queue", "random", "even"], typer.Option(help="In which order.")
    ] = "queue",
    minutes: Annotated[
        float | None, typer.Option(min=0.1, help="Simulated work to stop after; default: none.")
    ] = None,
    training_minutes: Annotated[
        float, typer.Option(min=0.01, help="Of the machine, each time the network learns.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Of order, hand and training.")] = 0,
    brush_speed: Annotated[
        float, typer.Option(min=1, help="Of the person's brush, in pixels a second.")
    ] = _PERSON.brush_px_s,
    look: Annotated[
        float, typer.Option(min=0, help="Seconds that they look a slice over.")
    ] = _PERSON.look_s,
    pause: Annotated[
        float, typer.Option(min=0, help="Seconds of a pause, one in a minute of work; 0: none.")
    ] = _PERSON.pause_s,
    edges: Annotated[
        float, typer.Option(min=0, help="Pixels that drawn edges are off by, on average.")
    ] = _PERSON.edge_px,
    keep: Annotated[
        Path | None, typer.Option("--project", help="Keep the project there; default: nowhere.")
    ] = None,
    level: Level = 0,
    channel: Channel = None,
    voxel_size: Voxels = None,
    polarity: Polarity = "auto",
    json: Json = False,
) -> None:
    """Let a simulated person correct VOLUME by TRUTH: accuracy against minutes and slices."""
    with explained(), ExitStack() as stack:
        config = EffortConfig(
            slices=slices,
            strategy=strategy,
            minutes=minutes,
            person=PersonConfig(
                seed=seed, brush_px_s=brush_speed, look_s=look, pause_s=pause, edge_px=edges
            ),
            training=TrainingConfig(minutes=training_minutes, seed=seed),
            seed=seed,
        )
        options = volume_options(level, channel, voxel_size, polarity)
        place = keep or Path(stack.enter_context(tempfile.TemporaryDirectory()), "sim.vessel")
        mask = _whole(truth)
        run("new", NewProject(volume, place, options))
        if (shape := Project.open(place).config.volume.shape) != mask.shape:
            raise LabelsError(f"{truth} has {mask.shape} voxels, {volume} {shape}: give its truth.")
        rows: list[EffortRow] = []
        events = run_effort(place, mask, config, InlineRunner())
        follow(events, lambda event: _told(event, rows))
        if json:
            report({"strategy": strategy, "rows": rows}, as_json=True)
        else:
            typer.echo(_table(rows))


def _whole(where: str) -> Any:  # noqa: ANN401  an array
    found = open_volume(where)
    if Box.of(found.shape).size > _MOST_VOXELS:
        raise LabelsError(f"{where} has over {_MOST_VOXELS:,} voxels: simulate on a part of it.")
    return found.read(Box.of(found.shape)) != 0


def _told(event: object, rows: list[EffortRow]) -> str | None:
    if not isinstance(event, EffortRow):
        return None
    rows.append(event)
    return f"{event.slices} slices, {event.minutes:.1f} min: Dice {event.dice:.3f}"


def _table(rows: list[EffortRow]) -> str:
    names = ("slices", "minutes", "dice", "surface_dice", "cldice", "shown_dice")
    lines = ["  ".join(f"{name:>12}" for name in names)]
    for row in rows:
        values = row.as_dict()
        lines.append("  ".join(f"{values[name]:>12.4g}" for name in names))
    return "\n".join(lines)
