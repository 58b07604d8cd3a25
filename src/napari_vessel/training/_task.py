"""What the training loop asks of whatever is trained."""

from __future__ import annotations

from typing import Protocol, TypeVar

__all__ = ["State", "Task"]

B_contra = TypeVar("B_contra", contravariant=True)

State = dict[str, object]
"""A snapshot of what training changes; only its own task understands it."""


class Task(Protocol[B_contra]):
    """Segmentation and patch classification differ here, and nowhere else."""

    def step(self, batch: B_contra) -> float:
        """Learn from one batch; return its loss, not finite where nothing was learned."""
        ...

    def validate(self) -> float:
        """Return the score; higher is better, NaN counts as 0."""
        ...

    def state(self) -> State:
        """Return a snapshot that later steps do not change."""
        ...

    def restore(self, state: State) -> None:
        """Go back to a snapshot."""
        ...

    def slow_down(self) -> None:
        """Halve the learning rate."""
        ...
