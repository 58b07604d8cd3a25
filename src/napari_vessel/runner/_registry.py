"""Find a workflow by its name."""

from __future__ import annotations

from collections.abc import Generator
from importlib import import_module
from typing import Any

from napari_vessel.errors import ComputeError

__all__ = ["events_of", "load"]


def load(where: str) -> Any:  # noqa: ANN401  whatever is there
    """Import ``module`` or ``module:attribute``.

    >>> load("math:pi") > load("math").e
    True
    """
    module, _, attribute = where.partition(":")
    found: Any = import_module(module)
    for name in filter(None, attribute.split(".")):
        found = getattr(found, name)
    return found


def events_of(registry: str, workflow: str, request: object) -> Generator[Any, None, None]:
    """Run a workflow of a registry, here, and yield its events.

    Raises
    ------
    ComputeError
        The registry has no such workflow.
    """
    workflows = load(registry)
    if workflow not in workflows:
        message = f"No workflow is called {workflow!r}: expected one of {sorted(workflows)}."
        raise ComputeError(message)
    yield from workflows[workflow](request)
