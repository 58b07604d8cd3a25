"""What a light update finds ready: opening volume and network would take longer than learning."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from napari_vessel.inference import InferenceConfig, Levels
from napari_vessel.networks import choose_device, choose_precision
from napari_vessel.project import Project
from napari_vessel.training import LightConfig, TailNetwork
from napari_vessel.workflows._checkpoints import checkpoint_in
from napari_vessel.workflows._reading import reader_for
from napari_vessel.workflows._settling import settled


@dataclass(frozen=True)
class Bench:
    """What stays in this process between two updates: volume, network, and what it saw."""

    key: tuple[object, ...]
    levels: Levels
    network: TailNetwork
    inference: InferenceConfig  # scale and planes settled
    precision: str


_kept: list[Bench] = []  # at most one: a viewer has one project open


def bench_of(project: Project, config: LightConfig) -> Bench:
    """Return what is kept of this project with its checkpoint, or open it."""
    settings, checkpoint = project.config, checkpoint_in(project)
    key = (project.path, settings.volume, settings.inference, checkpoint.card.sha256, config.stages)
    if _kept and _kept[0].key == key:
        return _kept[0]
    _kept.clear()  # its memory goes before new memory is taken
    volume, device = project.open_volume(), choose_device(settings.inference.device)
    if device.type == "cuda":
        torch.cuda.empty_cache()
    network = checkpoint.load(device)
    precision = choose_precision(device, settings.inference.precision, network)
    precision = "fp32" if precision == "fp16" else precision  # gradients underflow in it
    inference = settled(settings.inference, volume, checkpoint.card)
    bench = Bench(
        key=key,
        levels=reader_for(volume, checkpoint.card),
        network=TailNetwork.of(network, config.stages, precision, most=config.cache_mb * 2**20),
        inference=inference.model_copy(update={"precision": precision}),
        precision=precision,
    )
    _kept.append(bench)
    return bench
