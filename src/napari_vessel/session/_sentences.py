"""What a session says of its activities: how far one is, and what came of it."""

from __future__ import annotations

from napari_vessel.session._values import Activity, ActivityName
from napari_vessel.workflows import Cleaned, Converted, Exported, Progress, Proposed, Retrained


def progressing(name: ActivityName, progress: Progress) -> Activity:
    """Turn a workflow's progress into an activity."""
    return Activity(name, "running", progress.what, progress.fraction, progress.seconds_left)


def sentence_of(event: Proposed | Cleaned | Retrained | Exported) -> str:
    """Say what came of an activity."""
    if isinstance(event, Proposed):
        return _proposed(event)
    if isinstance(event, Cleaned):
        return _cleaned(event)
    if isinstance(event, Retrained):
        return event.reason
    share = event.vessel_voxels / max(event.voxels, 1)
    return f"Wrote {event.path} in {event.seconds:.0f} s: {share:.2%} of the voxels are vessel."


def converted_sentence(event: Converted) -> str:
    """Say what came of a conversion."""
    holes = event.missing_chunks
    missing = f" {holes} chunks were not there and taken as their fill value." if holes else ""
    return f"Wrote {event.path} in {event.seconds:.0f} s, {event.levels} levels.{missing}"


def _cleaned(event: Cleaned) -> str:
    if event.least_voxels <= 1:
        return "All pieces of the proposal are shown, the small ones too."
    pieces = f"Pieces of fewer than {event.least_voxels:,} voxels"
    if event.proposal is None:
        return f"{pieces} will be left out of what you predict."
    rest = "" if event.everywhere else " What was not predicted to its end shows them still."
    return f"{pieces} are not shown, at any threshold.{rest}"


def _proposed(event: Proposed) -> str:
    missing = event.missing_chunks
    holes = f" {missing} chunks were not there and taken as their fill value." if missing else ""
    rest = _outside(event) + _skipped(event) + _left_out(event) + holes
    if event.known == event.blocks:
        return (
            f"Fused {_blocks(event.blocks)} in {event.seconds:.0f} s from what is kept of each "
            f"plane: nothing had to be predicted.{rest}"
        )
    if not event.failed:
        return f"Proposed {_blocks(event.blocks)} in {event.seconds:.0f} s.{rest}"
    first = event.failed[0]
    return (
        f"Proposed {event.blocks - len(event.failed)} of {_blocks(event.blocks)}.{rest} "
        f"{len(event.failed)} could not be read, the first at {first.box}: {first.reason}"
    )


def _outside(event: Proposed) -> str:
    """Say what was not predicted, as no organ was found there."""
    outside = event.outside
    if not outside:
        return ""
    if outside == event.blocks:
        return " All of it is outside of the organ: to predict it, untick Organ only in Volume."
    are = "is" if outside == 1 else "are"
    return f" {outside:,} of them {are} outside of the organ: no vessel is shown there."


def _skipped(event: Proposed) -> str:
    """Say what was not predicted, as a triage found it empty."""
    if not event.skipped:
        return ""
    are = "is" if event.skipped == 1 else "are"
    return (
        f" The triage left out {event.skipped:,} of them, which {are} 0 in the mask and listed in "
        "its recipe."
    )


def _left_out(event: Proposed) -> str:
    """Say where a quick look saw no vessel, so that no more was predicted."""
    if event.left_out < 0.005:  # it would be said as 0 %
        return ""
    share = f"{100 * event.left_out:.0f} % of the voxels"
    if not event.empty:
        return f" A quick look left out {share} as empty."
    return f" A quick look left out {share} as empty, {_blocks(event.empty)} of them as a whole."


def _blocks(count: int) -> str:
    return f"{count:,} block{'s' if count != 1 else ''}"
