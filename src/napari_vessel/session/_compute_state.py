"""Whether the compute process hangs, in words."""

from __future__ import annotations

from dataclasses import dataclass

from napari_vessel.runner import Heartbeat

__all__ = ["ComputeState"]

_LONG_STEP_S = 60.0


@dataclass(frozen=True, slots=True)
class ComputeState:
    """How the compute process is while it works: a sentence where it hangs, else empty."""

    sentence: str = ""

    @property
    def hangs(self) -> bool:
        """Whether a person should know."""
        return bool(self.sentence)


def compute_state(beat: Heartbeat, patience: float) -> ComputeState:
    """Return what a heartbeat tells; ``patience``: seconds of silence that are none yet."""
    if beat.silent_s >= patience:
        return ComputeState(
            f"The compute process has given no sign of life for {beat.silent_s:.0f} s. The "
            "machine may be out of memory, or the process stopped: wait, or start it anew. "
            "Nothing you painted is affected."
        )
    if beat.step_s >= _LONG_STEP_S:
        return ComputeState(
            f"One step has taken {beat.step_s:.0f} s so far: the compute process is alive, but "
            "busy. Wait, or start it anew."
        )
    return ComputeState()
