"""The networks of a project: what is kept, used, gone back to, deleted."""

import numpy as np
import pytest
import torch

from napari_vessel.errors import CheckpointError
from napari_vessel.networks import (
    CheckpointCard,
    NetworkConfig,
    build_network,
    save_checkpoint,
)
from napari_vessel.project import (
    KeepingConfig,
    Project,
    Verdict,
    delete_checkpoint,
    kept_checkpoints,
    parent_of,
    prune_checkpoints,
    read_verdict,
    use_checkpoint,
    write_verdict,
)
from napari_vessel.volumes import open_volume

CONFIG = NetworkConfig(encoder="tu-resnet10t", encoder_depth=3, decoder_channels=(8, 8, 8))


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_network(CONFIG).eval()


@pytest.fixture
def project(tmp_path):
    np.save(tmp_path / "kidney.npy", np.zeros((4, 8, 8), np.uint8))
    return Project.create(tmp_path / "kidney.vessel", open_volume(tmp_path / "kidney.npy"))


@pytest.fixture
def add(project, network):
    """Add a network, the verdict on it given as a score; negative: it was not taken."""

    def added(name, score=None, parent="starter", second=0):
        folder = project.checkpoints / name
        created = f"2026-01-01T00:00:{second:02}+00:00"
        card = CheckpointCard(
            network=CONFIG, voxel_size_um=(50, 50, 50), parent=parent, created=created
        )
        save_checkpoint(folder, network, card)
        if score is not None:
            write_verdict(folder, Verdict(adopted=score > 0, score=abs(score)))
        return name

    return added


def ids(project, state=None):
    return [one.id for one in kept_checkpoints(project) if state in {None, one.state}]


def test_networks_are_listed_newest_first_and_the_starter_last(project, add):
    add("a", 0.5, second=1)
    add("b", -0.4, second=3)
    add("c", second=2)  # of an older version: nobody wrote a verdict, it was in use
    found = kept_checkpoints(project)
    assert [(one.id, one.state) for one in found] == [
        ("b", "rejected"),
        ("c", "adopted"),
        ("a", "adopted"),
        ("starter", "starter"),
    ]
    assert [one.in_use for one in found] == [False, False, False, True]
    assert all(one.bytes > 0 for one in found)


def test_a_network_is_taken_into_use_only_in_place_of_what_it_was_compared_with(project, add):
    add("a", 0.5)
    assert use_checkpoint(project, "a", instead_of="another") is None
    assert project.config.checkpoint == "starter"
    assert use_checkpoint(project, "a", instead_of="starter").id == "a"
    assert project.config.checkpoint == "a"


def test_one_that_was_not_taken_is_kept_once_a_person_takes_it(project, add):
    add("a", -0.5)
    use_checkpoint(project, "a")
    use_checkpoint(project, "starter")
    assert read_verdict(project.checkpoints / "a").adopted
    project.update(keeping=KeepingConfig(rejected_last=0, rejected_megabytes=0))
    prune_checkpoints(project)
    assert "a" in ids(project)


def test_a_damaged_or_unknown_network_is_never_taken(project, add):
    weights = project.checkpoints / add("a", 0.5) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    for name in ("a", "nobody", ".."):
        with pytest.raises(CheckpointError):
            use_checkpoint(project, name)
    assert project.config.checkpoint == "starter"


def test_a_damaged_card_or_verdict_is_listed_with_what_is_wrong(project, add):
    (project.checkpoints / add("a", 0.5) / "card.json").write_text("{")
    (project.checkpoints / add("b", 0.5) / "verdict.json").write_text("[]")
    found = {one.id: one for one in kept_checkpoints(project)}
    assert found["a"].state == found["b"].state == "damaged"
    assert "card.json" in found["a"].problem
    assert "verdict.json" in found["b"].problem


def test_of_those_not_taken_the_best_and_the_last_three_stay(project, add):
    for second, score in enumerate([0.1, 0.9, 0.2, 0.3, 0.4, 0.5, 0.6]):
        add(f"r{second}", -score, second=second)
    add("mine", 0.05, second=9)
    pruned = prune_checkpoints(project)
    assert set(pruned.ids) == {"r0", "r2", "r3"}
    assert pruned.bytes > 0
    assert set(ids(project)) == {"r1", "r4", "r5", "r6", "mine", "starter"}
    assert prune_checkpoints(project).ids == ()


def test_what_is_not_taken_stays_within_its_budget_the_best_first(project, add):
    for second, score in enumerate([0.9, 0.2, 0.3, 0.4]):
        add(f"r{second}", -score, second=second)
    one = kept_checkpoints(project)[0].bytes
    project.update(keeping=KeepingConfig(rejected_megabytes=2.5 * one / 1e6))
    prune_checkpoints(project)
    assert set(ids(project, "rejected")) == {"r0", "r3"}
    project.update(keeping=KeepingConfig(rejected_megabytes=0))
    prune_checkpoints(project)
    assert ids(project, "rejected") == []


def test_the_one_in_use_and_the_starter_cannot_be_deleted(project, add):
    use_checkpoint(project, add("a", 0.5))
    for name in ("a", "starter", "nobody"):
        with pytest.raises(CheckpointError):
            delete_checkpoint(project, name)
    assert project.open_checkpoint().id == "a"


def test_of_one_that_was_in_use_card_and_curve_stay(project, add):
    add("a", 0.5)
    (project.checkpoints / "a" / "history.jsonl").write_text("{}\n")
    freed = delete_checkpoint(project, "a").bytes
    (kept, _) = kept_checkpoints(project)
    assert (kept.state, kept.usable) == ("deleted", False)
    assert kept.card is not None
    assert freed > kept.bytes
    assert (project.checkpoints / "a" / "history.jsonl").exists()
    with pytest.raises(CheckpointError):
        use_checkpoint(project, "a")


def test_back_goes_to_the_nearest_ancestor_that_can_be_used(project, add):
    add("a", 0.5)
    add("b", 0.5, parent="a")
    add("c", 0.5, parent="b")
    assert parent_of(project) is None
    use_checkpoint(project, "c")
    assert parent_of(project) == "b"
    delete_checkpoint(project, "b")
    assert parent_of(project) == "a"
    delete_checkpoint(project, "a")
    assert parent_of(project) == "starter"


def test_a_newer_verdict_is_read(project, add):
    add("a", 0.5)
    path = project.checkpoints / "a" / "verdict.json"
    path.write_text(path.read_text().replace("{", '{"later": 1,', 1))
    assert read_verdict(path.parent).score == 0.5
