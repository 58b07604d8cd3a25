"""Delete the proposals that nothing shows any more: each can be made again.

Another process, as the viewer's, may open one at the same time: it finds all of it or nothing.
"""

from __future__ import annotations

import logging
from pathlib import Path

from napari_vessel.errors import WriteError
from napari_vessel.project import Project, ledger_path
from napari_vessel.volumes import remove_at_once, remove_half_removed

_SUFFIX = ".ome.zarr"
_log = logging.getLogger(__name__)


def prune_proposals(project: Project) -> None:
    """Keep the proposal in view and those that show through it; delete the others."""
    shown = project.open_proposal()
    if shown is None:
        return
    kept = {layer.id for layer in shown.layers}
    for path in project.proposals.glob(f"*{_SUFFIX}"):
        if path.name.removesuffix(_SUFFIX) not in kept:
            _delete(path)
    remove_half_removed(project.proposals)
    for ledger in project.proposals.glob(ledger_path(project.proposals, "*").name):
        name = ledger.name.partition(".")[0]
        if name not in kept and not (project.proposals / f"{name}{_SUFFIX}").exists():
            ledger.unlink(missing_ok=True)


def _delete(path: Path) -> None:
    _log.info("Deleting the superseded proposal %s", path.name)
    try:
        remove_at_once(path)
    except WriteError as error:  # as where Windows has it open: the next time will do
        _log.warning("A superseded proposal stays for now: %s", error)
