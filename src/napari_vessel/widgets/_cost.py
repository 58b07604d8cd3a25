"""What a prediction takes, in words."""

from __future__ import annotations

from napari_vessel.workflows import Foreseen

__all__ = ["cost_sentence", "duration"]


def cost_sentence(foreseen: Foreseen) -> str:
    """Say what a prediction will take.

    >>> cost_sentence(Foreseen(1_500_000_000, 40_000_000, 10, 150.0, 1.0))
    'Takes about 3 min, 1.5 GB of memory and up to 40 MB on disk.'
    >>> cost_sentence(Foreseen(1_500_000_000, 40_000_000, 10, 150.0, 1.0, leaves_out=True))
    'Takes up to 3 min, about 1.5 GB of memory and up to 40 MB on disk: less where it is empty.'
    """
    time = f"{duration(foreseen.seconds)}, " if foreseen.seconds is not None else ""
    memory, disk = _size(foreseen.memory_bytes), _size(foreseen.disk_bytes)
    if foreseen.leaves_out and time:
        told = f"up to {time}about {memory} of memory and up to {disk} on disk"
        return f"Takes {told}: less where it is empty."
    return f"Takes about {time}{memory} of memory and up to {disk} on disk."


def duration(seconds: float) -> str:
    """Say how long something takes.

    >>> duration(0.2), duration(42), duration(150), duration(9000)
    ('1 s', '42 s', '3 min', '2.5 h')
    """
    if seconds < 60:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 3600:
        return f"{-(-seconds // 60):.0f} min"
    return f"{seconds / 3600:.1f} h"


def _size(count: int) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{max(count / 1e6, 1):.0f} MB"
