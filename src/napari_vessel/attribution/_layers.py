"""Which layer of a network a class activation map is made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from napari_vessel.attribution._output import Explained
from napari_vessel.attribution._target import ClassTarget, Target
from napari_vessel.errors import CallerError

__all__ = ["layer_of"]

_SCALES = (4, 8, 2, 16, 32)  # of a map in a segmentation network, the best first
_EDGE = 7  # pixels: as the last map of an image of 224² has
_WIDTH = 4  # channels: fewer are an output, not features


def layer_of(network: Explained, image: Tensor, target: Target, name: str) -> nn.Module:
    """Return the layer called ``name`` of the network, or choose one.

    For a class it is the last whose map has at least 7 pixels an edge. For a place, the last at a
    quarter of the image's resolution: deeper maps are too coarse to tell one vessel from the next.

    Parameters
    ----------
    image
        (1, C, H, W); run once.

    Raises
    ------
    CallerError
        There is no layer of that name, or none that keeps a map.
    """
    seen = _maps(network.network, image)
    if name:
        if name in seen:
            return network.network.get_submodule(name)
        known = ", ".join(list(seen)[-12:])
        raise CallerError(f"layer {name!r}: no such layer gives a map; the last are {known}.")
    edge = min(image.shape[-2:])
    fitting = _for_class(seen) if isinstance(target, ClassTarget) else _for_place(seen, edge)
    if fitting is None:
        raise CallerError(
            "The network has no layer that keeps a map of the image, as a class activation map "
            "needs: use another method, as integrated_gradients."
        )
    return network.network.get_submodule(fitting)


def _maps(network: nn.Module, image: Tensor) -> dict[str, tuple[int, int, int]]:
    """Return (channels, rows, columns) of every layer that ran once and gave a map, in order."""
    seen: dict[str, tuple[int, int, int]] = {}
    calls: dict[str, int] = {}

    def note(name: str, output: object) -> None:
        calls[name] = calls.get(name, 0) + 1
        if isinstance(output, Tensor) and output.ndim == 4:
            seen.pop(name, None)
            seen[name] = (int(output.shape[1]), int(output.shape[2]), int(output.shape[3]))

    hooks = [
        module.register_forward_hook(lambda _m, _i, out, name=name: note(name, out))
        for name, module in network.named_modules()
        if name and "Pool" not in type(module).__name__
    ]
    try:
        with torch.no_grad():
            network(image)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: shape for name, shape in seen.items() if calls[name] == 1}


def _for_class(seen: dict[str, tuple[int, int, int]]) -> str | None:
    kept = [name for name, (_, *edges) in seen.items() if min(edges) > 1]
    fine = [name for name in kept if min(seen[name][1:]) >= _EDGE]
    return next(reversed(fine or kept), None)


def _for_place(seen: dict[str, tuple[int, int, int]], edge: int) -> str | None:
    for scale in _SCALES:
        fitting = [
            name
            for name, (width, *edges) in seen.items()
            if width >= _WIDTH and min(edges) * scale == edge
        ]
        if fitting:
            return fitting[-1]
    return None
