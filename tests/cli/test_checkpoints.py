"""``checkpoints``: a project's networks from the shell."""

import json
from pathlib import Path

import pytest

from napari_vessel.networks import save_checkpoint
from napari_vessel.project import Project, Verdict, write_verdict


@pytest.fixture
def project(good, tiny):
    opened = Project.open(good / "kidney.vessel")
    card = tiny.card.model_copy(update={"parent": "starter"})
    for name, adopted in (("2026a", True), ("2026b", False)):
        folder = opened.checkpoints / name
        save_checkpoint(folder, tiny.load(), card)
        write_verdict(folder, Verdict(adopted=adopted, score=0.5, score_of_parent=0.4))
    return opened


def told(nv, *args, status=0):
    result = nv("checkpoints", *args, "--json")
    assert result.exit_code == status, (result.stdout, result.stderr, result.exception)
    return json.loads(result.stdout)


def test_all_networks_are_listed_with_score_parent_and_room(nv, project):
    found = told(nv, project.path)
    listed = {one["id"]: one for one in found["checkpoints"]}
    assert listed["2026a"]["state"] == "adopted"
    assert listed["2026b"]["state"] == "rejected"
    assert listed["2026b"]["dice_of_parent"] == 0.4
    assert listed["2026a"]["parent"] == "starter"
    assert listed["starter"]["state"] == "starter"
    assert 0 < found["rejected_bytes"] < found["rejected_budget_bytes"]
    lines = nv("checkpoints", project.path).stdout.splitlines()
    assert len(lines) == len(listed) + 1
    assert sum(line.startswith("*") for line in lines) == 1


def test_one_is_gone_back_to_by_the_beginning_of_its_name(nv, project):
    told(nv, project.path, "--use", "2026a")
    assert project.config.checkpoint == "2026a"
    told(nv, project.path, "--use", "starter")
    assert project.config.checkpoint == "starter"


@pytest.mark.parametrize("name", ["2026", "nobody", ""])
def test_a_name_that_is_none_or_several_changes_nothing(nv, project, name):
    before = project.config.checkpoint
    result = nv("checkpoints", project.path, "--use", name)
    assert result.exit_code == 2
    assert "checkpoint begins" in result.stderr or "checkpoints begin" in result.stderr
    assert project.config.checkpoint == before


def test_what_was_not_taken_is_pruned_and_what_is_in_use_cannot_be_deleted(nv, project):
    told(nv, project.path, "--use", "2026a")
    assert nv("checkpoints", project.path, "--delete", "2026a").exit_code == 2
    told(nv, project.path, "--delete", "2026b")
    assert not Path(project.checkpoints / "2026b").exists()
    assert told(nv, project.path, "--prune")["rejected_bytes"] == 0
