"""How and where a prediction sees a volume, alike when a job is gone on with."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_vessel.networks import CheckpointCard
from napari_vessel.volumes import IntensityWindow, Organ, Volume, write_atomically
from napari_vessel.workflows._reading import PolarityUsed, polarity_used, window_for

_NAME = "organ.npz"


@dataclass(frozen=True)
class Seen:
    """How a prediction sees a volume: what a run that goes on must see alike."""

    window: IntensityWindow
    polarity: PolarityUsed
    organ: Organ


def seen(volume: Volume, card: CheckpointCard) -> Seen:
    """Find window, polarity and organ of ``volume`` for a checkpoint."""
    used = polarity_used(volume, card)
    return Seen(window_for(volume, card, used), used, organ_for(volume))


def organ_for(volume: Volume) -> Organ:
    """Return the organ of ``volume``; all of it where a person asked for that."""
    if volume.options.organ_only:
        return volume.organ()
    return Organ(None, volume.shape, (1.0, 1.0, 1.0), "All of the volume was asked for.")


def organ_of_job(job: Path, volume: Volume) -> Organ:
    """Return the organ that the run in folder ``job`` works on, if of ``volume``, else find it.

    One found anew could differ, where a part of the volume can be read only now.
    """
    if not volume.options.organ_only:
        return organ_for(volume)
    try:
        with np.load(job / _NAME, allow_pickle=False) as kept:
            about = json.loads(str(kept["about"]))
            if about["of"] == _identity(volume):
                z, y, x = about["factors"]
                mask = kept["mask"] if about["found"] else None
                return Organ(mask, volume.shape, (z, y, x), str(about["reason"]))
    except (OSError, ValueError, LookupError, TypeError, EOFError, zipfile.BadZipFile):
        pass  # none there, or damaged: found again from the same voxels it is the same
    return volume.organ()


def keep_organ(job: Path, volume: Volume, organ: Organ) -> None:
    """Keep ``organ`` in folder ``job`` for a run that goes on."""
    found = organ.mask is not None
    about = {"of": _identity(volume), "found": found, "factors": organ.factors}
    content = io.BytesIO()
    mask = np.zeros((0, 0, 0), np.bool_) if organ.mask is None else organ.mask
    np.savez_compressed(
        content, mask=mask, about=np.array(json.dumps(about | {"reason": organ.reason}))
    )
    write_atomically(job / _NAME, content.getvalue())


def _identity(volume: Volume) -> list[object]:
    return [volume.fingerprint, volume.options.level, volume.options.channel]
