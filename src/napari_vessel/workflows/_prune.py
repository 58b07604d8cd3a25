"""Delete the proposals that nothing shows any more: each can be made again."""

from __future__ import annotations

import logging
import shutil

from napari_vessel.project import Project, ledger_path

_log = logging.getLogger(__name__)


def prune_proposals(project: Project) -> None:
    """Keep the proposal in view, which is complete, and delete those before it."""
    kept = project.config.proposal
    for path in project.proposals.glob("*.ome.zarr"):
        name = path.name.removesuffix(".ome.zarr")
        if name != kept:
            _log.info("Deleting the superseded proposal %s", name)
            shutil.rmtree(path)
            ledger_path(project.proposals, name).unlink(missing_ok=True)
