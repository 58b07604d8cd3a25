"""Delete the proposals that nothing shows any more: each can be made again."""

from __future__ import annotations

import logging
import shutil

from napari_vessel.project import Project, ledger_path

_log = logging.getLogger(__name__)


def prune_proposals(project: Project) -> None:
    """Keep the proposal in view and those that show through it; delete the others."""
    shown = project.open_proposal()
    kept = {layer.id for layer in shown.layers} if shown else set()
    for path in project.proposals.glob("*.ome.zarr") if shown else ():
        name = path.name.removesuffix(".ome.zarr")
        if name not in kept:
            _log.info("Deleting the superseded proposal %s", name)
            shutil.rmtree(path, ignore_errors=True)
            ledger_path(project.proposals, name).unlink(missing_ok=True)
