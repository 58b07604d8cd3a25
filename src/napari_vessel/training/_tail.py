"""The last stages of a network, and what all that comes before them says of an image.

Training the last stages alone needs what the stages before them give only once for each
image: that is kept, so that a step costs a fraction of one through the whole network.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import torch
from torch import Tensor, nn

from napari_vessel.errors import CallerError
from napari_vessel.networks import autocast

__all__ = ["FeatureCache", "Features", "Tail", "TailNetwork", "tail_stages"]

_Span = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What the last stages are given of some images of one shape.

    Parameters
    ----------
    shape
        Rows and columns of the images.
    stages
        What each stage is called with beside what the one before it gives: tensors
        (n, channels, h, w), and numbers that are rows and columns to scale to.
    """

    shape: tuple[int, int]
    stages: tuple[dict[str, Any], ...]

    @property
    def nbytes(self) -> int:
        """Memory that the tensors take."""
        return sum(value.nbytes for value in self._tensors())

    def crop(self, rows: _Span, columns: _Span) -> Features:
        """Cut a window, whose ends are multiples of the coarsest stage's pixel."""
        shape = rows[1] - rows[0], columns[1] - columns[0]
        stages = tuple(self._cropped(stage, (rows, columns)) for stage in self.stages)
        return Features(shape, stages)

    @staticmethod
    def stack(parts: Sequence[Features]) -> Features:
        """Put features of images of one shape together."""
        first = parts[0]
        stages = tuple(
            {
                key: torch.cat([part.stages[number][key] for part in parts])
                if isinstance(value, Tensor)
                else value
                for key, value in stage.items()
            }
            for number, stage in enumerate(first.stages)
        )
        return Features(first.shape, stages)

    def _cropped(self, stage: dict[str, Any], window: tuple[_Span, _Span]) -> dict[str, Any]:
        found, sides = {}, 0
        for key, value in stage.items():
            found[key] = value
            if isinstance(value, Tensor):
                at = [
                    slice(*(end * size // whole for end in span))
                    for span, size, whole in zip(window, value.shape[-2:], self.shape, strict=True)
                ]
                found[key] = value[..., at[0], at[1]]
            elif type(value) is int:  # rows, then columns
                (start, stop), whole = window[sides % 2], self.shape[sides % 2]
                found[key] = value * (stop - start) // whole
                sides += 1
        return found

    def _tensors(self) -> Iterator[Tensor]:
        return (v for stage in self.stages for v in stage.values() if isinstance(v, Tensor))


def tail_stages(network: nn.Module, count: int) -> list[nn.Module]:
    """Return the last ``count`` stages of the decoder, where it is a list, and the head.

    Raises
    ------
    CallerError
        The network has no head of its own.
    """
    head = getattr(network, "segmentation_head", None)
    if not isinstance(head, nn.Module):
        raise CallerError(
            f"{type(network).__name__} has no head of its own, so its last stages cannot be "
            "trained alone: train all of it."
        )
    blocks = getattr(getattr(network, "decoder", None), "blocks", None)
    last = list(blocks)[-count:] if isinstance(blocks, nn.ModuleList) and count else []
    return [*last, head]


class Tail(nn.Module):
    """Copies of the last stages of a network, which may be trained while it is used."""

    def __init__(self, stages: Sequence[nn.Module]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(deepcopy(stage) for stage in stages)
        self.eval()  # batch normalisation keeps its statistics, as in fine-tuning

    def forward(self, features: Features) -> Tensor:
        """Return logits (n, 1, rows, columns)."""
        found: Any = None
        for stage, given in zip(self.stages, features.stages, strict=True):
            arguments = [value for key, value in given.items() if key.isdecimal()]
            named = {key: value for key, value in given.items() if not key.isdecimal()}
            found = stage(*([] if found is None else [found]), *arguments, **named)
        logits: Tensor = found
        return logits


class FeatureCache:
    """Features by the image that they are of; the last used ones, in bounded memory."""

    def __init__(self, most: int) -> None:
        self._most, self._bytes = most, 0
        self._kept: OrderedDict[bytes, Features] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def nbytes(self) -> int:
        """Memory in use."""
        return self._bytes

    def get(self, key: bytes) -> Features | None:
        """Return what is kept under ``key``."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: bytes, features: Features) -> None:
        """Keep ``features``, in place of those that were used longest ago."""
        self._kept[key] = features
        self._bytes += features.nbytes
        while self._bytes > self._most and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.nbytes


class TailNetwork(nn.Module):
    """A network whose last stages are ``tail``, and whose others run once for each image.

    Parameters
    ----------
    network
        On its device, in eval mode; not changed.
    count
        Stages of the decoder that belong to the tail, beside the head.
    precision
        Arithmetic of the stages before.
    most
        Bytes of features that are kept.
    """

    def __init__(
        self, network: nn.Module, count: int, precision: str, *, most: int = 512 * 2**20
    ) -> None:
        super().__init__()
        self._count, self._precision = count, precision
        self._stages = tail_stages(network, count)
        self.tail = Tail(self._stages)
        self._base = [network]  # in a list: its weights are not this one's
        self.cache = FeatureCache(most)

    def sibling(self) -> TailNetwork:
        """Return one with an own tail, the network's; what comes before is shared."""
        other = TailNetwork(self._base[0], self._count, self._precision)
        other.cache = self.cache
        return other

    @classmethod
    def of(cls, network: nn.Module, count: int, precision: str, *, most: int) -> TailNetwork:
        """Return one of ``count`` stages, or of the head alone where these are no chain."""
        return cls(network, count if _is_chain(network, count) else 0, precision, most=most)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits of images (n, 1, rows, columns)."""
        features = Features.stack([self.features(image) for image in images])
        with autocast(images.device, self._precision):  # else features and weights differ
            logits: Tensor = self.tail(features)
        return logits

    def features(self, image: Tensor) -> Features:
        """Return what the tail is given of one image (1, rows, columns), kept or computed."""
        key = blake2b(image.cpu().numpy().tobytes(), digest_size=16).digest()
        key += repr(tuple(image.shape)).encode()
        found = self.cache.get(key)
        if found is None:
            found = self._computed(image)
            self.cache.put(key, found)
        return found

    def _computed(self, image: Tensor) -> Features:
        device = next(self._base[0].parameters()).device
        # Inference mode would make tensors that training could not use later.
        with torch.inference_mode(mode=False), torch.no_grad(), autocast(device, self._precision):
            batch = image.clone()[None].to(device).contiguous(memory_format=torch.channels_last)
            return recorded(self._base[0], self._stages, batch)


def _is_chain(network: nn.Module, count: int) -> bool:
    """Tell whether the last stages, each given what it noted, say what the network says."""
    stages, weight = tail_stages(network, count), next(network.parameters())
    image = torch.linspace(0, 1, 64 * 64, device=weight.device).reshape(1, 1, 64, 64)
    with torch.no_grad():
        try:
            found = Tail(stages)(recorded(network, stages, image))
        except (RuntimeError, TypeError, IndexError):
            return False
        return bool(torch.allclose(found, network(image), rtol=1e-3, atol=1e-4))


def recorded(network: nn.Module, stages: Sequence[nn.Module], images: Tensor) -> Features:
    """Run what comes before ``stages`` and record what these would be called with."""
    calls: dict[int, dict[str, Any]] = {}
    with _recording(stages, calls):
        network(images)
    rows, columns = images.shape[-2:]
    return Features((rows, columns), tuple(calls[number] for number in range(len(stages))))


@contextmanager
def _recording(stages: Sequence[nn.Module], calls: dict[int, dict[str, Any]]) -> Iterator[None]:
    """Let each stage note its arguments and hand on what it was given, without any work."""

    def stand_in(number: int) -> Any:  # noqa: ANN401  a forward of any arguments
        def forward(*given: Any, **named: Any) -> Any:  # noqa: ANN401
            kept = given if number == 0 else given[1:]
            calls[number] = {str(at): value for at, value in enumerate(kept)} | named
            return given[0]

        return forward

    try:
        for number, stage in enumerate(stages):
            stage.forward = stand_in(number)
        yield
    finally:
        for stage in stages:
            vars(stage).pop("forward", None)
