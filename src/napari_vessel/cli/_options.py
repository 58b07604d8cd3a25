"""The options that several commands share, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.volumes import VolumeOptions

_MOST_ZOOM = 16
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what stands there.")]
Level = Annotated[int, typer.Option(min=0, help="Level of the volume; 0 is the finest.")]
Channel = Annotated[int | None, typer.Option(min=0, help="Channel, where there are several.")]
Voxels = Annotated[
    str | None,
    typer.Option("--voxel-size", metavar="Z,Y,X", help="Voxel edges in µm; overrides the file's."),
]
Polarity = Annotated[
    Literal["auto", "dark", "bright"],
    typer.Option(help="Vessels darker or brighter than around; auto: as found, if sure."),
]
Whole = Annotated[bool, typer.Option("--whole", help="Predict what is around the organ, too.")]
Missing = Annotated[
    Literal["report", "error"],
    typer.Option(help="Chunks that are not there: fill and report them, or stop."),
]
BoxText = Annotated[
    str | None, typer.Option("--box", metavar="Z0:Z1,Y0:Y1,X0:X1", help="Only this box, in voxels.")
]
ZoomText = Annotated[
    str | None,
    typer.Option(
        "--zoom",
        metavar="auto|N",
        help="Pixels that the network sees for each voxel: 1.5 brings out thinner vessels, may "
        "lose wide ones, and takes twice as long. Default: the project's, else auto, which fits "
        "the voxel size that the network learned at.",
    ),
]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "mps"] | None,
    typer.Option(help="Where to compute; default: the project's, else auto."),
]
Precision = Annotated[
    Literal["auto", "fp32", "bf16", "fp16"] | None,
    typer.Option(
        help="Arithmetic; auto tries which is fastest. Default: the project's, else auto."
    ),
]
Tile = Annotated[
    int | None,
    typer.Option(
        min=32, help="Largest tile edge, in pixels, a multiple of 32: smaller takes less memory."
    ),
]
ConfigPath = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="Configuration, .toml or .json.")
]
Minutes = Annotated[
    float | None, typer.Option(min=0.01, help="Time limit; default: the configuration's.")
]
Seed = Annotated[int | None, typer.Option(min=0, help="Seed; default: the configuration's.")]
AnyDevice = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")]
RunDevice = Annotated[
    str | None, typer.Option(help="auto, cpu, cuda, cuda:1 or mps; default: CONFIG's, else auto.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a run that was killed, if any.")]
ProjectPath = Annotated[Path, typer.Argument(metavar="PROJECT", help="Folder of the project.")]


def volume_options(
    level: int = 0,
    channel: int | None = None,
    voxel_size: str | None = None,
    polarity: Literal["auto", "dark", "bright"] = "auto",
    missing: Literal["report", "error"] = "report",
    *,
    whole: bool = False,
) -> VolumeOptions:
    """Compose the options of a VOLUME."""
    size = VoxelSize.parse(voxel_size) if voxel_size is not None else None
    return VolumeOptions(
        level=level,
        channel=channel,
        voxel_size=size,
        polarity=polarity,
        missing=missing,
        organ_only=not whole,
    )


def refuse_for_project(options: VolumeOptions, project: str) -> None:
    """Refuse options of a volume where a project says how its volume is read.

    Raises
    ------
    CallerError
        One was given: it would be ignored.
    """
    if given := options.model_dump(exclude_defaults=True):
        flags = {"organ_only": "--whole"}
        names = ", ".join(flags.get(name, "--" + name.replace("_", "-")) for name in given)
        raise CallerError(f"{project} says itself how its volume is read: leave out {names}.")


def box_of(text: str | None) -> Box | None:
    """Read ``--box``."""
    return None if text is None else Box.parse(text)


def planes_of(text: str) -> tuple[Plane, ...] | Literal["auto"]:
    """Read ``--planes``: auto, or some of xy, xz and yz.

    >>> planes_of("xy,xz")
    (<Plane.XY: 'xy'>, <Plane.XZ: 'xz'>)
    """
    if text == "auto":
        return "auto"
    try:
        return tuple(Plane(part.strip().lower()) for part in text.split(","))
    except ValueError:
        raise CallerError(f"--planes {text!r}: expected auto, or some of xy,xz,yz.") from None


def zoom_of(text: str) -> float | Literal["auto"]:
    """Read ``--zoom``: auto, or the network's pixels per voxel.

    >>> zoom_of("1.5")
    1.5
    """
    if text == "auto":
        return "auto"
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found <= _MOST_ZOOM:
        raise CallerError(
            f"--zoom {text!r}: expected auto, or pixels per voxel, above 0, at most {_MOST_ZOOM}."
        )
    return found


def slices_of(texts: list[str]) -> tuple[tuple[Plane, int], ...]:
    """Read ``--slices``: a plane and indices, as xy:10,20.

    >>> slices_of(["xy:10,20", "yz:3"])
    ((<Plane.XY: 'xy'>, 10), (<Plane.XY: 'xy'>, 20), (<Plane.YZ: 'yz'>, 3))
    """
    found = []
    for text in texts:
        plane, _, indices = text.partition(":")
        try:
            found += [(Plane(plane.lower()), int(index)) for index in indices.split(",")]
        except ValueError:
            message = f"--slices {text!r}: expected a plane and slices, as xy:10,20."
            raise CallerError(message) from None
    return tuple(found)
