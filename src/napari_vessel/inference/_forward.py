"""One batch through the network: device, precision, views and memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray

from napari_vessel.errors import CallerError, CheckpointError, DeviceMemoryError
from napari_vessel.inference._config import InferenceConfig
from napari_vessel.inference._views import views_of
from napari_vessel.networks import autocast, choose_device, choose_precision, memory_explained

__all__ = ["Forward", "Network"]

Network = Callable[[torch.Tensor], torch.Tensor]
"""Images (N, 1, H, W), H and W multiples of 32, to logits of the same shape."""

# A CPU is fastest at about one tile of 512² (larger activations go back to the system
# after each batch); a GPU wants more to do.
_PIXELS = {"cpu": 2**18, "mps": 2**19, "cuda": 2**21}


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
        module = network if isinstance(network, torch.nn.Module) else None
        self.precision = choose_precision(self.device, config.precision, module)
        self.pixels = _PIXELS.get(self.device.type, 2**18)

    def batches(
        self, count: int, shape: tuple[int, int], tiles: Callable[[range], NDArray[np.float32]]
    ) -> Iterator[tuple[range, NDArray[np.float32]]]:
        """Run ``count`` tiles through the network, yielding after each batch.

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
            Where there is no room for one tile.
        CheckpointError
            Where the network gave NaN or another shape.
        """
        done = 0
        while done < count:
            numbers = range(done, min(done + self._batch(shape), count))
            probability = self._attempt(tiles(numbers))
            if probability is not None:
                yield numbers, probability
                done = numbers.stop

    def _batch(self, shape: tuple[int, int]) -> int:
        return max(self.pixels // prod(shape), 1)

    def _attempt(self, tiles: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Run a batch, or halve the batches to come and return None."""
        count, rows, columns = tiles.shape
        try:
            with memory_explained(tile=max(rows, columns), batch=count):
                return self._run(tiles)
        except DeviceMemoryError as error:
            if count == 1:
                raise DeviceMemoryError(
                    f"No room on {self.device} for one tile of {rows} × {columns} pixels: "
                    "choose a smaller tile (which is another recipe), or the CPU."
                ) from error
            self.pixels = count // 2 * rows * columns
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        return None

    # Only around the network: a mode left on over a yield would reach the caller.
    @torch.inference_mode()
    def _run(self, tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        images = torch.from_numpy(np.ascontiguousarray(tiles))[:, None].to(self.device)
        total = torch.zeros_like(images)
        for view in self._views:
            seen = view.apply(images).contiguous(memory_format=torch.channels_last)
            with autocast(self.device, self.precision):
                logits = self._network(seen)
            if logits.shape != seen.shape:
                raise CheckpointError(
                    f"The network turned images {tuple(seen.shape)} into {tuple(logits.shape)}: "
                    "expected logits of the same shape, in one channel."
                )
            total += view.invert(logits.float().sigmoid())
        probability: NDArray[np.float32] = (total / len(self._views))[:, 0].cpu().numpy()
        self._refuse_nan(probability, tiles)
        return probability

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
