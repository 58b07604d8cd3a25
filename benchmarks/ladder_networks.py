"""Networks on the ladder, each by the product's own path through a project of its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch

from ladder_data import Item, Mask, scored
from ladder_plan import Plan
from ladder_training import Training
from napari_vessel.errors import VesselError
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import (
    CheckpointCard,
    build_network,
    save_checkpoint,
)
from napari_vessel.project import Project, Proposal
from napari_vessel.volumes import Store, VolumeOptions, mask_of
from napari_vessel.workflows import WORKFLOWS, BlockFailed, Correct, NewProject, Propose


def zero_shot(item: Item, folder: Path, plan: Plan) -> tuple[Mask, dict[str, Any]]:
    """Predict as the first click does; return the mask and the cell's figures."""
    project = opened(item, folder, plan)
    started = process_time()
    mask = predicted(project)
    figures = {"seconds": process_time() - started}
    return mask, figures | single_planes(project, item, ())


def learned(
    item: Item, folder: Path, method: str, slices: tuple[int, ...], plan: Plan, seed: int
) -> dict[str, Any]:
    """Train on labelled slices, ``method`` being tuned-N or scratch-N; return the figures."""
    project = opened(item, folder, plan)
    correct(project, item, folder, slices)
    tuned = method.startswith("tuned")
    if tuned:
        seconds = plan.seconds
    else:
        scratch_in_use(project, item, seed)
        seconds = plan.scratch_seconds
    changes = {"minutes": seconds / 60, "seed": seed}
    training = Training(project, plan.training(method).model_copy(update=changes))
    figures: dict[str, Any] = {"early": {}}
    for snapshot in training.snapshots(plan.marks):
        started = process_time()
        adopted = training.settle(snapshot, judged=tuned)
        mask = predicted(project)
        found = scored(mask, item, slices)
        if snapshot.mark is None:
            seconds = snapshot.seconds + process_time() - started
            figures |= found | snapshot.told | {"adopted": adopted, "seconds": seconds}
            if tuned:  # how planes are fused is the starter's affair
                figures |= single_planes(project, item, slices)
        else:
            figures["early"][f"{snapshot.mark:g}"] = found
        training.back()
    return figures


def opened(item: Item, folder: Path, plan: Plan) -> Project:
    """Make a project on the item, with the plan's starter in use."""
    path = folder / f"{item.name}.npy"
    np.save(path, item.voxels)
    polarity = item.polarity if plan.polarity == "known" else "auto"
    options = VolumeOptions(voxel_size=item.voxel_size, polarity=polarity)
    project = Project(folder / "ladder.vessel")
    _run("new", NewProject(str(path), project.path, options))
    project.update(inference=InferenceConfig(device="cpu", views=plan.views).model_dump())
    if plan.checkpoint:
        shutil.copytree(plan.checkpoint, project.checkpoints / "named")
        project.update(checkpoint="named")
    return project


def predicted(project: Project) -> Mask:
    """Propose, and return the mask at the threshold in use."""
    _run("propose", Propose(project.path))
    proposal = _proposal(project)
    return np.asarray(mask_of(proposal.probability(proposal.region), project.threshold) != 0)


def single_planes(project: Project, item: Item, slices: tuple[int, ...]) -> dict[str, Any]:
    """Score the fusion chosen, and each plane alone at the same threshold, all as predicted."""
    if item.flat:
        return {}
    proposal, threshold = _proposal(project), project.threshold
    box, used = Box.of(proposal.store.shape), proposal.recipe["inference"]

    def dice(store: Store, name: str) -> float:
        return scored(mask_of(store.read(name, box), threshold) != 0, item, slices)["dice"]

    fused = dice(proposal.store, "probability")
    if set(used["planes"]) != {*Plane}:
        config = project.config.inference
        every = InferenceConfig(device="cpu", planes=tuple(Plane), views=used["views"])
        project.update(inference=every.model_dump())
        predicted(project)
        project.update(inference=config.model_dump())
    alone = {plane.value: dice(_proposal(project).store, plane.value) for plane in Plane}
    chosen = {"planes": used["planes"], "weights": used["weights"], "threshold": threshold}
    return {"planes": alone, "fused": fused, "chosen": chosen}


def correct(project: Project, item: Item, folder: Path, slices: tuple[int, ...]) -> None:
    """Accept the truth of whole XY slices, as a person who is done with them does."""
    labels = folder / "labels.npy"
    np.save(labels, item.truth.astype(np.uint8))
    places = tuple((Plane.XY, z) for z in slices)
    _run("correct", Correct(project.path, str(labels), slices=places))


def scratch_in_use(project: Project, item: Item, seed: int, threshold: float = 0.5) -> None:
    """Put a network of the starter's architecture in use that has learned nothing.

    It is of the volume's own voxel size and polarity: nothing is rescaled or inverted.
    """
    torch.manual_seed(seed)
    card = project.open_checkpoint().card
    plain = CheckpointCard(
        network=card.network,
        voxel_size_um=item.voxel_size.zyx,
        polarity=item.polarity,
        threshold=threshold,
        provenance="Weights drawn at random.",
    )
    save_checkpoint(project.checkpoints / "scratch", build_network(card.network), plain)
    project.update(checkpoint="scratch")


def _proposal(project: Project) -> Proposal:
    proposal = project.open_proposal()
    if proposal is None:
        raise VesselError("The prediction left no proposal.")
    return proposal


def _run(workflow: str, request: object) -> None:
    for event in WORKFLOWS[workflow](request):
        if isinstance(event, BlockFailed):
            raise VesselError(f"{event.box}: {event.reason}")
