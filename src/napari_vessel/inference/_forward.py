"""One batch through the network: device, precision, views and memory."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray

from napari_vessel.errors import CallerError, CheckpointError, DeviceMemoryError
from napari_vessel.inference._breathing import breathe
from napari_vessel.inference._config import InferenceConfig
from napari_vessel.inference._views import views_of
from napari_vessel.networks import (
    autocast,
    choose_device,
    choose_precision,
    keep_activations,
    memory_explained,
    no_room,
)

__all__ = ["Forward", "Network"]

_log = logging.getLogger(__name__)

Network = Callable[[torch.Tensor], torch.Tensor]
"""Images (N, 1, H, W), H and W multiples of 32, to logits of the same shape."""

# A CPU is as fast on one tile of 512² as on more; a GPU wants more to do.
_PIXELS = {"cpu": 2**18, "mps": 2**19, "cuda": 2**21}


# What a network was found to have room for, so that no later block tries more again.
_room: WeakKeyDictionary[torch.nn.Module, int] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, eq=False)
class _Launched:
    """A batch that the device computes, or has computed."""

    numbers: range
    tiles: NDArray[np.float32]
    probability: torch.Tensor
    copied: torch.cuda.Event | None

    def wait(self) -> NDArray[np.float32]:
        if self.copied is not None:
            self.copied.synchronize()
        found: NDArray[np.float32] = self.probability.numpy()
        return found


class Forward:
    """A network as a function from tiles to probabilities, a batch at a time.

    Where the device has no room for a batch, the batch halves, for this batch
    and all later ones; the probabilities stay the same.

    Parameters
    ----------
    network : callable
        See :data:`Network`. A module must be in eval mode and on the device
        that the configuration names; "auto" takes it where it is.
    config : InferenceConfig
        ``device``, ``precision`` and ``views`` are followed.

    Attributes
    ----------
    device : torch.device
        Where the network runs.
    precision : str
        "fp32", "bf16" or "fp16".
    pixels : int
        The most pixels in one batch, unless one tile has more.

    Raises
    ------
    CallerError
        Where the network is not on the device named.
    """

    def __init__(self, network: Network, config: InferenceConfig) -> None:
        self._network = network
        self._views = views_of(config.views)
        self.device = _device_of(network, config.device)
        self._module = network if isinstance(network, torch.nn.Module) else None
        if self.device.type == "cpu":
            keep_activations()
        self.precision = choose_precision(self.device, config.precision, self._module)
        self.pixels = _PIXELS.get(self.device.type, 2**18)
        if self._module is not None:
            self.pixels = _room.get(self._module, self.pixels)
        cuda = self.device.type == "cuda"
        self._copies = torch.cuda.Stream(self.device) if cuda else None  # type: ignore[no-untyped-call]
        self._depth = 2 if cuda else 1  # batches that the device is given at a time

    def batches(
        self, count: int, shape: tuple[int, int], tiles: Callable[[range], NDArray[np.float32]]
    ) -> Iterator[tuple[range, NDArray[np.float32]]]:
        """Run ``count`` tiles through the network, yielding after each batch.

        A GPU has the next batch to do while the last is cut and blended here.

        Parameters
        ----------
        count : int
            How many tiles there are.
        shape : (H, W)
            Of every tile, multiples of 32.
        tiles : callable
            Cuts the tiles of a range: float32 (n, H, W).

        Yields
        ------
        (range, ndarray (n, H, W) of float32)
            Numbers of the batch's tiles, and their probabilities.

        Raises
        ------
        DeviceMemoryError
            Where there is no room for one tile; its ``offers`` say what would do.
        CheckpointError
            Where the network gave NaN or another shape.
        """
        done, queue = 0, deque[_Launched]()
        while done < count or queue:
            if done < count and len(queue) < self._depth:
                numbers = range(done, min(done + self._batch(shape), count))
                launched = self._attempt(numbers, tiles(numbers))
                if launched:
                    queue.append(launched)
                    done = numbers.stop
                continue
            first = queue.popleft()
            probability = first.wait()
            self._refuse_nan(probability, first.tiles)
            breathe()
            yield first.numbers, probability

    def _batch(self, shape: tuple[int, int]) -> int:
        return max(self.pixels // prod(shape), 1)

    def _attempt(self, numbers: range, tiles: NDArray[np.float32]) -> _Launched | None:
        """Start a batch, or halve the batches to come and return None."""
        count, rows, columns = tiles.shape
        try:
            with memory_explained(tile=max(rows, columns), batch=count):
                return self._launch(numbers, tiles)
        except DeviceMemoryError as error:
            if count == 1:
                none = no_room(str(self.device), (rows, columns))
                _log.error("%s", none)
                raise none from error
            self.pixels = count // 2 * rows * columns
            _log.warning("%s has no room for %d tiles: batches halve.", self.device, count)
        if self._module is not None:
            _room[self._module] = self.pixels
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        return None

    # Only around the network: a mode left on over a yield would reach the caller.
    @torch.inference_mode()
    def _launch(self, numbers: range, tiles: NDArray[np.float32]) -> _Launched:
        images = self._onto_device(torch.from_numpy(np.ascontiguousarray(tiles))[:, None])
        total = None
        for view in self._views:
            probability = view.invert(self._seen(view.apply(images)))
            total = probability if total is None else total.add_(probability)
        if total is None:
            raise AssertionError("there is always a view")
        return self._from_device(numbers, tiles, total.div_(len(self._views))[:, 0])

    def _seen(self, images: torch.Tensor) -> torch.Tensor:
        # One channel lies alike in both layouts: this copies nothing but what a flip left so.
        images = images.contiguous(memory_format=torch.channels_last)
        with autocast(self.device, self.precision):
            logits = self._network(images)
        if logits.shape != images.shape:
            raise CheckpointError(
                f"The network turned images {tuple(images.shape)} into {tuple(logits.shape)}: "
                "expected logits of the same shape, in one channel."
            )
        return logits.float().sigmoid()

    def _onto_device(self, images: torch.Tensor) -> torch.Tensor:
        if self._copies is None:
            return images.to(self.device)
        with torch.cuda.stream(self._copies):  # beside the batch before, which still computes
            moved = images.pin_memory().to(self.device, non_blocking=True)
        computing = torch.cuda.current_stream(self.device)
        computing.wait_stream(self._copies)
        moved.record_stream(computing)
        return moved

    def _from_device(
        self, numbers: range, tiles: NDArray[np.float32], found: torch.Tensor
    ) -> _Launched:
        if self._copies is None:
            return _Launched(numbers, tiles, found.cpu(), None)
        host = torch.empty(found.shape, dtype=found.dtype, pin_memory=True)
        host.copy_(found, non_blocking=True)
        copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
        copied.record(torch.cuda.current_stream(self.device))
        return _Launched(numbers, tiles, host, copied)

    def _refuse_nan(self, probability: NDArray[np.float32], tiles: NDArray[np.float32]) -> None:
        wrong = int(np.isnan(probability).sum())
        if not wrong:
            return
        if not np.isfinite(tiles).all():
            raise CallerError("The voxels hold NaN or infinity: apply the intensity window first.")
        raise CheckpointError(
            f"The network gave NaN for {wrong} of {probability.size} pixels in {self.precision}: "
            "predict in fp32; where that fails too, the checkpoint is damaged."
        )


def _device_of(network: Network, name: str) -> torch.device:
    weights = network.parameters() if isinstance(network, torch.nn.Module) else iter(())
    home = next((weight.device for weight in weights), None)
    if home is None or name not in ("auto", str(home), home.type):
        device = choose_device(name)
        if home is None:
            return device
        raise CallerError(f"The network is on {home}, not on {device}: load it there.")
    return home
