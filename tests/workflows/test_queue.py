"""Where next and how far, of a project on the disk; no network is needed."""

from __future__ import annotations

import json
from contextlib import closing

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_vessel.annotation import UNTOUCHED, QueueConfig
from napari_vessel.cli._app import app
from napari_vessel.errors import CallerError, ProjectError
from napari_vessel.geometry import Box, Plane
from napari_vessel.project import (
    AuditConfig,
    AuditSet,
    BlockLedger,
    Project,
    ReviewRecords,
    draw_audit,
    ledger_path,
)
from napari_vessel.volumes import StoreSpec, create_store, open_volume
from napari_vessel.workflows import (
    WORKFLOWS,
    DrawAudit,
    PlaceScene,
    RankPlaces,
    TakeStock,
    scan_of,
)
from napari_vessel.workflows import _queue_scan as scanning
from napari_vessel.workflows._audit_spared import spare_audit

SHAPE = (40, 60, 70)
WHOLE = Box.of(SHAPE)


def probability():
    """Sure of one tube, unsure of a blot in XY 11 and of another in XY 30."""
    values = np.zeros(SHAPE, np.uint8)
    values[:, 5:9, 5:9] = 250
    values[11, 20:40, 20:50] = 120
    values[30, 45:55, 20:40] = 120
    return values


def propose(project, name, values, before=None, complete=True, network="starter"):
    spec = StoreSpec(
        shape=SHAPE,
        voxel_size=project.config.volume.voxel_size,
        chunk=(8, 32, 32),
        arrays=("probability", "disagreement"),
        attrs={
            "region": str(WHOLE),
            "before": before,
            "checkpoint": network,
            "inference": {"planes": ["xy", "xz", "yz"]},
        },
    )
    store = create_store(project.proposals / f"{name}.ome.zarr", spec)
    store.write("probability", WHOLE, values)
    if complete:
        store.finish()
    BlockLedger.open(ledger_path(project.proposals, name)).record(WHOLE)
    project.update(proposal=name, checkpoint=network, threshold=0.5, smallest_um3=0.0)


@pytest.fixture
def project(tmp_path):
    path = tmp_path / "kidney.npy"
    np.save(path, np.random.default_rng(0).integers(0, 60_000, SHAPE).astype(np.uint16))
    made = Project.create(tmp_path / "kidney.vessel", open_volume(str(path)))
    propose(made, "p1", probability())
    return made


def last(name, request):
    *_, found = WORKFLOWS[name](request)
    return found


def accept(project, box, value=0):
    with closing(project.open_corrections()) as corrections:
        corrections.accept(box, np.full(box.shape, value))
        assert corrections.flush()


def test_the_largest_doubt_comes_first_and_what_is_reviewed_not_at_all(project):
    first = last("queue", RankPlaces(project.path))
    assert [(p.plane, p.index) for p in first.places[:2]] == [(Plane.XY, 11), (Plane.XY, 30)]
    z, y, x = first.places[0].point
    assert (z, 20 <= y < 40, 20 <= x < 50) == (11, True, True)
    accept(project, WHOLE.slice_at(Plane.XY, 11))
    again = last("queue", RankPlaces(project.path))
    assert (again.places[0].plane, again.places[0].index) == (Plane.XY, 30)
    assert again.wrong < first.wrong


def test_ranking_changes_nothing_in_the_project(project):
    before = {path: path.read_bytes() for path in project.path.rglob("*") if path.is_file()}
    last("queue", RankPlaces(project.path))
    after = {path: path.read_bytes() for path in project.path.rglob("*") if path.is_file()}
    assert {k: v for k, v in after.items() if "log" not in str(k)} == {
        k: v for k, v in before.items() if "log" not in str(k)
    }


def test_without_a_proposal_it_says_what_to_do(project):
    project.update(proposal=None)
    with pytest.raises(CallerError, match="predict first"):
        last("queue", RankPlaces(project.path))


@pytest.fixture
def scene(project):
    with closing(project.open_corrections(read_only=True)) as corrections:
        yield PlaceScene(project.open_proposal(), corrections.overlay, 0.5)


def updated(scan, scene):
    for _ in scan.update(scene, None):
        pass
    return scan


def test_a_scan_reads_again_only_what_changed_and_ends_as_a_fresh_one(scene, monkeypatch):
    config = QueueConfig(window=16)
    scan = updated(scan_of(scene.proposal, SHAPE, config), scene)
    cells = scan.known
    assert cells > 4
    read = []
    wrong = PlaceScene._wrong
    monkeypatch.setattr(
        PlaceScene, "_wrong", lambda self, box, table: read.append(box) or wrong(self, box, table)
    )
    box = Box((11, 20, 20), (12, 25, 25))
    scene.overlay.write(box, np.ones(box.shape, bool), 1)
    scan.stale(box)
    updated(scan, scene)
    assert read
    assert all(piece.intersection(Box((0, 16, 16), (40, 32, 32))) for piece in read)
    fresh = updated(scan_of(scene.proposal, SHAPE, config), scene)
    assert fresh.known == scan.known == cells
    assert fresh.wrong == pytest.approx(scan.wrong)


def test_what_changes_while_it_is_read_is_read_again(scene):
    scan = scan_of(scene.proposal, SHAPE, QueueConfig())
    events = scan.update(scene, None)
    next(events)
    next(events)
    scan.stale(Box((0, 0, 0), (1, 1, 1)))
    for _ in events:
        pass
    assert scan.known == 0
    assert updated(scan, scene).known == 1


def test_memory_is_bounded_by_a_piece_however_large_the_cell(scene, monkeypatch):
    from napari_vessel.annotation import _queue_cells

    monkeypatch.setattr(_queue_cells, "_PIECE", 5000)
    read = []
    wrong = PlaceScene._wrong
    monkeypatch.setattr(
        PlaceScene, "_wrong", lambda self, box, table: read.append(box) or wrong(self, box, table)
    )
    updated(scan_of(scene.proposal, SHAPE, QueueConfig()), scene)
    assert max(box.size for box in read) <= 5000
    assert sum(box.size for box in read) == WHOLE.size


def test_of_a_very_large_proposal_the_cells_that_promise_most_are_read(scene, monkeypatch):
    monkeypatch.setattr(scanning, "_MOST_CELLS", 3)
    scan = updated(scan_of(scene.proposal, SHAPE, QueueConfig(window=16)), scene)
    assert scan.known == 3
    ranked = scan.rank(scene, None, ReviewRecords(scene.proposal.store.path).marks())
    assert (ranked[0].plane, ranked[0].index) == (Plane.XY, 11)


def test_marks_last_and_the_last_word_counts(project):
    records = ReviewRecords(project.path)
    place = last("queue", RankPlaces(project.path)).places[0]
    records.mark(place.id, "skip")
    skipped = last("queue", RankPlaces(project.path))
    assert skipped.skipped == (place.id,)
    assert place.id not in [each.id for each in skipped.places]
    records.mark(place.id, "back")
    assert last("queue", RankPlaces(project.path)).places[0].id == place.id


def test_a_record_that_a_crash_cut_is_left_out_and_the_next_one_is_whole(project):
    log = ReviewRecords(project.path).progress
    log.add({"n": 1})
    with log.path.open("ab") as file:
        file.write(b'{"n": 2, "cut')
    log.add({"n": 3})
    assert [record["n"] for record in log.read()] == [1, 3]


# -- the audit set -----------------------------------------------------------------------------


def test_the_audit_set_is_drawn_once_seeded_and_kept(project, tmp_path):
    config = AuditConfig(count=4, window=16)
    drawn = last("audit", DrawAudit(project.path, config))
    assert last("audit", DrawAudit(project.path, AuditConfig(seed=9))) == drawn
    assert AuditSet.open(ReviewRecords(project.path).audit_path) == drawn
    ReviewRecords(project.path).audit_path.unlink()
    assert last("audit", DrawAudit(project.path, config)) == drawn


def test_audit_windows_lie_apart_inside_and_beside_what_was_corrected():
    taken = [Box((0, 0, 0), (20, 60, 70))]
    drawn = draw_audit(WHOLE, tuple(Plane), lambda box: 1, AuditConfig(count=6, window=12), taken)
    assert 3 <= len(drawn.windows) <= 6
    for window in drawn.windows:
        assert WHOLE.contains(window.place.box)
        assert window.place.box.intersection(taken[0]) is None
    boxes = drawn.guarded
    assert not any(a.intersection(b) for a in drawn.boxes for b in boxes if not b.contains(a))


def test_windows_by_known_chances_give_a_score_without_bias():
    """Weighted sums over many draws tend to the sum over all of the volume."""
    truth = np.random.default_rng(1).random(SHAPE) < 0.1
    truth[:, 30:] = False
    held = lambda box: int(truth[box.slices].sum())  # noqa: E731
    sums = []
    for seed in range(70):
        config = AuditConfig(count=8, window=12, guard=0, seed=seed)
        drawn = draw_audit(WHOLE, (Plane.XY,), held, config)
        weights = np.array([window.weight for window in drawn.windows])
        counts = np.array([held(window.place.box) for window in drawn.windows])
        sums.append((weights * counts).mean())
    even = np.mean(
        [
            held(window.place.box)
            for seed in range(70, 140)
            for window in draw_audit(
                WHOLE, (Plane.XY,), lambda box: 0, AuditConfig(count=8, window=12, seed=seed)
            ).windows
        ]
    )
    assert np.mean(sums) == pytest.approx(even, rel=0.2)


def test_a_damaged_audit_set_is_not_drawn_again_silently(project):
    path = ReviewRecords(project.path).audit_path
    path.parent.mkdir()
    path.write_text("{")
    with pytest.raises(ProjectError, match="put it back"):
        last("audit", DrawAudit(project.path))


def test_no_place_is_in_the_audit_set_and_nothing_learns_from_it(project):
    drawn = last("audit", DrawAudit(project.path, AuditConfig(count=3, window=64, guard=2)))
    window = drawn.boxes[0]
    accept(project, window, 1)
    with closing(project.open_corrections(read_only=True)) as corrections:
        overlay = corrections.overlay
    assert (overlay.read(window) != UNTOUCHED).all()
    assert (spare_audit(project, overlay).read(window) == UNTOUCHED).all()
    with closing(project.open_corrections(read_only=True)) as corrections:
        assert (corrections.overlay.read(window) != UNTOUCHED).all()
    scene = PlaceScene(project.open_proposal(), corrections.overlay, 0.5, drawn.boxes)
    assert not scene.wrong(drawn.boxes[1], QueueConfig()).any()


# -- progress ----------------------------------------------------------------------------------


def test_each_network_is_scored_once_on_what_is_filled_in(project):
    drawn = last("audit", DrawAudit(project.path, AuditConfig(count=3, window=16)))
    nothing = last("progress", TakeStock(project.path))
    assert (nothing.verdict, nothing.audits) == ("early", ())
    proposal = project.open_proposal()
    for window in drawn.boxes:
        accept(project, window, 0)
        values = proposal.mask(window, 0.5)
        with closing(project.open_corrections()) as corrections:
            corrections.import_labels(window, values)
    first = last("progress", TakeStock(project.path))
    assert last("progress", TakeStock(project.path)).audits == first.audits
    assert len(first.audits) == 1
    assert first.audits[0].dice.value == 1
    assert first.verdict == "reached"
    assert first.slices == ()  # a window of the audit set is no slice that was corrected
    worse = np.full(SHAPE, 255, np.uint8)
    propose(project, "p2", worse, network="worse")
    second = last("progress", TakeStock(project.path))
    assert [point.proposal for point in second.audits] == ["p1", "p2"]
    assert second.audits[1].dice.value < 1


def test_commands_print_places_and_progress_and_write_a_table(project, tmp_path):
    accept(project, WHOLE.slice_at(Plane.XY, 2))
    run = CliRunner().invoke
    listed = run(app, ["queue", str(project.path), "--json", "--count", "2"])
    values = json.loads(listed.stdout)
    assert [(p["plane"], p["slice"]) for p in values["places"]] == [("xy", 11), ("xy", 30)]
    assert "XY 11" in run(app, ["queue", str(project.path)]).stdout
    out = tmp_path / "progress.csv"
    told = run(app, ["progress", str(project.path), "--csv", str(out), "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["slices"] == 1
    assert out.read_text().count("\n") == 2
    refused = run(app, ["queue", str(tmp_path)])
    assert refused.exit_code == 2
