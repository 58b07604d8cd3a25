"""Settings with some of them changed: what the others left without meaning goes, and is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_vessel.inference._config import InferenceConfig

__all__ = ["with_changes"]

_VOTE = int(InferenceConfig.model_fields["vote"].default)


def with_changes(
    config: InferenceConfig, changes: Mapping[str, Any]
) -> tuple[InferenceConfig, tuple[str, ...]]:
    """Return ``config`` with ``changes``, and a sentence for each setting that no longer fits.

    Weights stay with their planes. Where the change leaves them, or a vote, without meaning they
    are left out; what is itself among the ``changes`` never is.

    Raises
    ------
    ValidationError
        A change is not allowed, or does not fit the other changes.

    Examples
    --------
    >>> from napari_vessel.geometry import Plane
    >>> weighted = InferenceConfig(planes=(Plane.XY, Plane.XZ), weights=(2, 1))
    >>> with_changes(weighted, {"fuse": "max"})[1]
    ('Weights (2 for xy, 1 for xz) are left out: they mean nothing where fuse is max.',)
    """
    wanted = config.model_dump() | dict(changes)
    left_out = []
    for name, settle in (("weights", _weights), ("vote", _vote)):
        if name not in changes:
            wanted[name], why = settle(config, wanted)
            left_out += [why] if why else []
    return InferenceConfig.model_validate(wanted), tuple(left_out)


def _weights(config: InferenceConfig, wanted: dict[str, Any]) -> tuple[tuple[float, ...], str]:
    """Return the weights of the planes wanted, else none and why."""
    if not config.weights or config.planes == "auto":
        return (), ""
    planes, fuse = wanted["planes"], wanted["fuse"]
    known = dict(zip(config.planes, config.weights, strict=True))
    if fuse != "mean":
        why = f"they mean nothing where fuse is {fuse}"
    elif planes == "auto":
        why = "they mean nothing where planes are chosen by the volume"
    elif set(planes) == known.keys() or (len(planes) > 1 and known.keys() >= set(planes)):
        return tuple(known[plane] for plane in planes), ""
    else:
        why = f"they do not fit the planes {', '.join(planes)}"
    each = ", ".join(f"{weight:g} for {plane}" for plane, weight in known.items())
    return (), f"Weights ({each}) are left out: {why}."


def _vote(config: InferenceConfig, wanted: dict[str, Any]) -> tuple[int, str]:
    """Return how many planes wanted must agree, and why it is not as many as before."""
    vote, planes, fuse = config.vote, wanted["planes"], wanted["fuse"]
    if vote == _VOTE:
        return vote, ""
    if fuse != "vote":
        return _VOTE, f"vote = {vote} is left out: it means nothing where fuse is {fuse}."
    if planes == "auto" or vote <= len(planes):
        return vote, ""
    return _VOTE, f"vote = {vote} is left out: the planes are {', '.join(planes)}."
