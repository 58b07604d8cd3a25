"""``train``: a network from labelled volumes, as a configuration file says."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated

import typer

from napari_vessel.cli._options import (
    ConfigPath,
    Json,
    Minutes,
    Overwrite,
    Resume,
    RunDevice,
    Seed,
)
from napari_vessel.cli._output import explained, run
from napari_vessel.cli._values import report
from napari_vessel.training import EpochEnd
from napari_vessel.workflows import (
    Planned,
    PlannedVolume,
    RunOptions,
    Train,
    TrainRun,
    load_run,
)

_LONG_MINUTES = 120


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command()(train)


def train(
    config: ConfigPath,
    out: Annotated[
        Path | None,
        typer.Option(metavar="CHECKPOINT", help="Default: CONFIG's out, else its name.checkpoint."),
    ] = None,
    minutes: Minutes = None,
    seed: Seed = None,
    device: RunDevice = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Train a network from labelled volumes; a killed run goes on with --resume."""
    with explained():
        file = load_run(config, "train", out)
        asked: Train = file.request(RunOptions(overwrite, resume))
        settled = _with(asked.config, {"minutes": minutes, "seed": seed})
        request = replace(asked, config=settled, device=device or asked.device)
        result = run("train", request, told)
        report({f.name: getattr(result, f.name) for f in fields(result)}, as_json=json)


def _with(config: TrainRun, chosen: dict[str, float | int | None]) -> TrainRun:
    """Take the command's word over the file's."""
    given = {key: value for key, value in chosen.items() if value is not None}
    training = type(config.training).model_validate(config.training.model_dump() | given)
    return config.model_copy(update={"training": training})


def told(event: object) -> str | None:
    """Write the plan, and each epoch, for the person."""
    if isinstance(event, Planned):
        return _plan(event)
    if isinstance(event, EpochEnd):
        best = ", best so far" if event.best else ""
        return f"Epoch {event.epoch}: loss {event.loss:.4f}, Dice {event.score:.4f}{best}"
    return None


def _plan(plan: Planned) -> str:
    limit = "no time limit" if plan.minutes is None else f"at most {_time(plan.minutes)}"
    judged = "blocks that are never learned from" if plan.held_out else "what is learned from, too"
    lines = [
        f"{'Going on with' if plan.resumed else 'Training'} {plan.network}, "
        f"{plan.parameters / 1e6:.2f} million parameters, on {plan.device}: "
        f"at most {plan.steps} steps, {limit}; judged by {judged}.",
        *map(_volume, plan.volumes),
    ]
    return "\n".join(lines)


def _volume(volume: PlannedVolume) -> str:
    sampled = "" if volume.looked_at == 1 else f" in the {volume.looked_at:.1%} looked at"
    rest = "; pseudo-labels for the rest" if volume.pseudo else ""
    return (
        f"  {volume.name} ({volume.role}): {' × '.join(map(str, volume.shape))} voxels of "
        f"{volume.voxel_size}, {volume.reviewed_voxels} reviewed, {volume.vessel_voxels} of them "
        f"vessel{sampled}; {volume.blocks_learned} blocks to learn from, "
        f"{volume.blocks_held_out} held out{rest}."
    )


def _time(minutes: float) -> str:
    return f"{minutes / 60:.1f} hours" if minutes >= _LONG_MINUTES else f"{minutes:g} minutes"
