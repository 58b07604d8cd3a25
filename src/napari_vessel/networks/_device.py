"""Where a network runs, and in which precision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import process_time
from typing import Literal

import torch
from torch import nn

from napari_vessel.errors import CallerError, DeviceMemoryError, Offer

__all__ = [
    "autocast",
    "choose_device",
    "choose_precision",
    "memory_explained",
    "no_room",
    "prepare",
]

Precision = Literal["fp32", "bf16", "fp16"]

_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
_STRIDE = 32  # px: sides of tiles are multiples of this
_TRIAL_EDGE = 128  # px: one forward takes some milliseconds
_trials: dict[tuple[str, int, int], Precision] = {}


def choose_device(name: str = "auto") -> torch.device:
    """Return the device to compute on.

    Parameters
    ----------
    name
        ``"auto"`` (CUDA, else MPS, else the CPU), ``"cpu"``, ``"cuda"``,
        ``"cuda:1"`` or ``"mps"``.

    Raises
    ------
    CallerError
        Where there is no such device here.
    """
    present = _present()
    if name == "auto":
        return torch.device(next(iter(present)))
    kind, _, index = name.partition(":")
    # A number only where the device is one of several; anything else is no device.
    if kind in present and (not index or (index.isdecimal() and int(index) < present[kind])):
        return torch.device(name)
    raise CallerError(
        f"Device {name!r} is not here: found {', '.join(present)}. Choose one of them, or auto."
    )


def _present() -> dict[str, int]:
    """Return how many devices there are of each kind, the fastest kind first."""
    found = {
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
        "cpu": 1,
    }
    return {kind: count for kind, count in found.items() if count}


def choose_precision(
    device: torch.device, wish: str = "auto", module: nn.Module | None = None
) -> Precision:
    """Return the arithmetic to predict in.

    On the CPU bf16 is two to four times as fast as fp32 where the processor has
    instructions for it, and far slower where it has none: ``"auto"`` tries both on
    one small image, well under a second, once in a process for each kind of
    network. The choice depends on the machine, so it belongs into a job's recipe.

    Parameters
    ----------
    device
        Where the network runs.
    wish
        ``"auto"``, ``"fp32"``, ``"bf16"`` or ``"fp16"``.
    module
        The network, on ``device``, that the trial runs; without it, a few
        convolutions.

    Raises
    ------
    CallerError
        Where ``wish`` is no precision, or one that the device gains nothing by.
    """
    if wish == "auto":
        return _best_precision(device, module)
    if wish == "fp16" and device.type == "cpu":
        raise CallerError("Precision fp16 is for GPUs: on the CPU choose bf16, fp32 or auto.")
    for known in ("fp32", "bf16", "fp16"):
        if wish == known:
            return known
    raise CallerError(f"Precision {wish!r}: expected auto, fp32, bf16 or fp16.")


def _best_precision(device: torch.device, module: nn.Module | None) -> Precision:
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    if device.type != "cpu":
        return "fp32"
    size = sum(p.numel() for p in module.parameters()) if module is not None else 0
    key = (type(module).__name__, size, torch.get_num_threads())
    if key not in _trials:
        _trials[key] = _try_both(_trial_module() if module is None else module)
    return _trials[key]


def _trial_module() -> nn.Module:
    layers = [nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1)]
    return prepare(nn.Sequential(*layers), torch.device("cpu"))


def _try_both(module: nn.Module) -> Precision:
    """Time one small image in fp32 and bf16, in turns, after a warm-up.

    In processor time: what else the machine does must not decide.
    """
    channels = next((p.shape[1] for p in module.parameters() if p.ndim == 4), 1)
    edge = getattr(module, "size", _TRIAL_EDGE)  # of a classifier, which may take no other
    image = torch.zeros(1, channels, edge, edge)
    best: dict[Precision, float] = {"fp32": float("inf"), "bf16": float("inf")}
    modes = [(part, part.training) for part in module.modules()]
    module.eval()  # a trial must not move running statistics
    for turn in range(4):
        for precision, fastest in best.items():
            seconds = _seconds(module, image, precision)
            if turn:
                best[precision] = min(fastest, seconds)
    for part, training in modes:
        part.training = training
    return min(best, key=lambda precision: best[precision])


@torch.inference_mode()
def _seconds(module: nn.Module, image: torch.Tensor, precision: Precision) -> float:
    started = process_time()
    with autocast(image.device, precision):
        module(image.contiguous(memory_format=torch.channels_last))
    return process_time() - started


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return a context in which a network computes in ``precision``."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=_DTYPES[precision])


def prepare(module: nn.Module, device: torch.device) -> nn.Module:
    """Move a network to ``device`` for predicting: eval mode, channels last."""
    # torch's stub of ``to`` knows no memory format alone.
    return module.eval().to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


@contextmanager
def memory_explained(*, tile: int, batch: int) -> Iterator[None]:
    """Turn torch's out-of-memory errors into advice.

    Parameters
    ----------
    tile
        Edge of the images in work, in pixels.
    batch
        How many of them are in work at once.

    Raises
    ------
    DeviceMemoryError
        In place of the error torch has for the device. On the CPU and MPS that is
        a plain ``RuntimeError``, told by its text.
    """
    try:
        yield
    except RuntimeError as error:  # torch.OutOfMemoryError is one
        if not _is_out_of_memory(error):
            raise
        raise DeviceMemoryError(
            f"No room for {batch} tiles of {tile}² pixels: lower the batch, then the tile, "
            "or choose the CPU."
        ) from error


def no_room(device: str, tile: tuple[int, int]) -> DeviceMemoryError:
    """Say that not even one tile fits a device, and what would do: other recipes, all of them.

    Parameters
    ----------
    device
        Where there was no room.
    tile : (rows, columns)
        In pixels.
    """
    rows, columns = tile
    half = max(max(tile) // 2 // _STRIDE * _STRIDE, _STRIDE)
    offers = [Offer(f"a smaller tile of {half}²", {"tile": half})] if half < max(tile) else []
    if not device.startswith("cpu"):
        offers.append(Offer("the CPU", {"device": "cpu"}))
    ways = " or ".join(f"{offer.label} ({offer.options_text})" for offer in offers)
    return DeviceMemoryError(
        f"No room on {device} for one tile of {rows} × {columns} pixels: start again with "
        f"{ways or 'more memory'}. That is another recipe: its mask differs a little.",
        tuple(offers),
    )


def _is_out_of_memory(error: RuntimeError) -> bool:
    text = str(error)
    return isinstance(error, torch.OutOfMemoryError) or any(
        words in text for words in ("can't allocate memory", "out of memory")
    )
