"""``explain``: why a network says vessel at a place, or takes a picture for a class."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from napari_vessel.attribution import METHODS, AttributionConfig, Method
from napari_vessel.cli._options import (
    AnyDevice,
    Channel,
    Json,
    Level,
    Missing,
    Overwrite,
    Polarity,
    Voxels,
    volume_options,
)
from napari_vessel.cli._output import explained, run
from napari_vessel.cli._values import report
from napari_vessel.errors import CallerError
from napari_vessel.geometry import Plane, Zyx
from napari_vessel.networks import ClassifierCheckpoint
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows import Explain, ExplainClass, Explained, data_of

_Place = Annotated[
    str | None,
    typer.Option("--at", metavar="Z,Y,X", help="Explain this voxel alone."),
]
_Component = Annotated[
    str | None,
    typer.Option(
        "--component",
        metavar="Z,Y,X",
        help="Explain the piece of vessel that holds this voxel, connected in the slice.",
    ),
]
_Figure = Annotated[
    bool, typer.Option("--figure/--no-figure", help="Write a picture (PNG) beside it, too.")
]


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command()(explain)


def explain(
    source: Annotated[
        str,
        typer.Argument(
            metavar="PROJECT_OR_VOLUME", help="What is asked about; not with --image, --data."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Argument(metavar="OUT", help=".ome.zarr, .tif or .npy; or .png: a picture alone."),
    ] = None,
    at: _Place = None,
    component: _Component = None,
    plane: Annotated[Plane, typer.Option(help="The slice through the voxel.")] = Plane.XY,
    image: Annotated[
        Path | None, typer.Option(metavar="PICTURE", help="Ask a classifier about this picture.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DATA", help="… about a sample of this data set, as classify takes."),
    ] = None,
    sample: Annotated[
        str, typer.Option(metavar="NAME", help="Name or number of the sample of --data.")
    ] = "0",
    asked: Annotated[
        str | None,
        typer.Option("--class", metavar="NAME", help="Default: the one it is taken for."),
    ] = None,
    why_not: Annotated[
        bool, typer.Option("--why-not", help="Ask why it is not so: what speaks against it.")
    ] = False,
    method: Annotated[
        str, typer.Option(metavar="NAME", help=f"One of {', '.join(METHODS)}.")
    ] = METHODS[0],
    checkpoint: Annotated[
        str | None,
        typer.Option(help="Folder, name in the project, or starter; default: the one in use."),
    ] = None,
    baseline: Annotated[
        Literal["median", "blur", "zero"] | None,
        typer.Option(help="Compared with: the image's median (default), it blurred, or 0."),
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Of integrated gradients.")] = None,
    samples: Annotated[int | None, typer.Option(help="Of SmoothGrad.")] = None,
    patch: Annotated[int | None, typer.Option(help="Of occlusion: edge, in pixels.")] = None,
    stride: Annotated[int | None, typer.Option(help="Of occlusion: pixels between.")] = None,
    layer: Annotated[str | None, typer.Option(help="Of Grad-CAM, HiResCAM.")] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Of --component; default: the one in use.")
    ] = None,
    reach: Annotated[
        int | None, typer.Option(min=0, help="Network pixels looked at around; default: 64.")
    ] = None,
    figure: _Figure = True,
    level: Level = 0,
    channel: Channel = None,
    voxel_size: Voxels = None,
    polarity: Polarity = "auto",
    missing: Missing = "report",
    device: AnyDevice = "auto",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Show what in the image a network went by: why a vessel here, or this class; or why not.

    Of a classifier: explain OUT --image PICTURE --checkpoint CLASSIFIER [--class NAME].
    """
    with explained():
        config = _config(
            method,
            {
                "baseline": baseline,
                "steps": steps,
                "samples": samples,
                "patch": patch,
                "stride": stride,
                "layer": layer,
            },
        )
        common: dict[str, Any] = {
            "question": "not_here" if why_not else "here",
            "config": config,
            "figure": figure,
            "device": device,
            "overwrite": overwrite,
        }
        options = volume_options(level, channel, voxel_size, polarity, missing)
        if image is not None or data is not None:
            _refuse(
                {
                    "--at": at,
                    "--component": component,
                    "--threshold": threshold,
                    "--reach": reach,
                    "a second argument": out,
                    **_given(options),
                },
                "a classifier",
            )
            common |= {"out": Path(source), "asked": asked}
            report(described(_of_class(image, data, sample, checkpoint, common)), as_json=json)
            return
        _refuse({"--class": asked}, "a volume")
        if out is None:
            raise CallerError("OUT is missing: say where the explanation goes, as why.ome.zarr.")
        request = Explain(
            source,
            *_target(at, component, plane),
            checkpoint=checkpoint,
            threshold=threshold,
            reach=reach,
            out=out,
            options=options,
            **common,
        )
        report(described(run("explain", request)), as_json=json)


def described(result: Explained) -> dict[str, Any]:
    """Describe an explanation; ``sum`` is of all voxels, of integrated gradients log odds."""
    told = {
        "sentence": result.sentence,
        "paths": list(result.paths),
        "box": result.box if result.on_volume else None,
    }
    kept = ("explained", "target_voxels", "class", "probabilities", "log_odds")
    more = ("baseline_log_odds", "sum", "half_within_um", "checkpoint", "method", "question")
    facts = {name: result.facts[name] for name in (*kept, *more) if name in result.facts}
    return told | facts | {"seconds": result.seconds}


def _config(method: str, given: dict[str, Any]) -> AttributionConfig:
    named: Method | None = next((known for known in METHODS if known == method), None)
    if named is None:
        raise CallerError(f"--method {method!r}: expected one of {', '.join(METHODS)}.")
    chosen = {name: value for name, value in given.items() if value is not None}
    ignored = sorted(set(chosen) - AttributionConfig.followed_by(named))
    _refuse({f"--{name}": chosen[name] for name in ignored}, f"--method {method}")
    return AttributionConfig.model_validate({"method": named, **chosen})


def _target(
    at: str | None, component: str | None, plane: Plane
) -> tuple[Zyx, Plane, Literal["vessel", "voxel"]]:
    if (at is None) == (component is None):
        raise CallerError("Name a place: --component Z,Y,X of a vessel, or --at Z,Y,X of a voxel.")
    if at is not None:
        return _zyx("--at", at), plane, "voxel"
    return _zyx("--component", component or ""), plane, "vessel"


def _zyx(option: str, text: str) -> Zyx:
    """Read a voxel.

    >>> _zyx("--at", "1, 20,3")
    (1, 20, 3)
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise CallerError(f"{option} {text!r}: expected a voxel, z,y,x, as 12,340,56.")
    z, y, x = map(int, parts)
    return z, y, x


def _of_class(
    image: Path | None,
    data: Path | None,
    sample: str,
    checkpoint: str | None,
    common: dict[str, Any],
) -> Explained:
    if checkpoint is None:
        raise CallerError("--checkpoint is missing: name the folder of the classifier.")
    subject: dict[str, Any] = {"image": None if image is None else str(image)}
    if data is not None:
        card = ClassifierCheckpoint.open(checkpoint).card
        number = int(sample) if sample.isdecimal() else sample
        subject |= {"data": data_of(data, card.data), "sample": number}
    found: Explained = run("explain-class", ExplainClass(checkpoint, **subject, **common))
    return found


def _given(options: VolumeOptions) -> dict[str, object]:
    return {
        f"--{name.replace('_', '-')}": value
        for name, value in options.model_dump(exclude_defaults=True).items()
    }


def _refuse(given: dict[str, Any], what: str) -> None:
    """Refuse what would be ignored."""
    ignored = [name for name, value in given.items() if value is not None]
    if ignored:
        raise CallerError(f"{', '.join(ignored)} means nothing for {what}: leave it out.")
