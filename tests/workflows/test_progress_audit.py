"""The curve of the audit set: a point for each network, of what is its own, on the same windows."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from napari_vessel.annotation import Place, Timeline
from napari_vessel.geometry import Box, Plane
from napari_vessel.metrics import LearningCurve
from napari_vessel.project import (
    AuditSet,
    AuditWindow,
    BlockLedger,
    Project,
    ReviewRecords,
    ledger_path,
)
from napari_vessel.volumes import StoreSpec, create_store, open_volume
from napari_vessel.workflows import score_audit, stock_of
from napari_vessel.workflows._progress_compared import comparable

SHAPE = (16, 24, 24)
WHOLE = Box.of(SHAPE)
BOXES = [Box((z, 4, 4), (z + 1, 20, 20)) for z in range(0, 16, 2)]  # eight windows
PLACES = [Place(Plane.XY, box) for box in BOXES]
NAMES = [place.id for place in PLACES]
HOURS = Timeline(np.arange(0, 4 * 3600 + 1, 30.0), ())  # four hours of work without a pause


def values(rows):
    """Propose vessel in so many rows of the windows' 16, of which the upper half are."""
    found = np.zeros(SHAPE, np.uint8)
    found[:, 4 : 4 + rows, 4:20] = 200
    return found


def propose(project, name, network, rows, region=WHOLE, *, before=None, complete=True):
    spec = StoreSpec(
        shape=region.shape,
        voxel_size=project.config.volume.voxel_size,
        chunk=(4, 24, 24),
        arrays=("probability", "disagreement"),
        attrs={"region": str(region), "before": before, "checkpoint": network},
    )
    store = create_store(project.proposals / f"{name}.ome.zarr", spec)
    store.write("probability", Box.of(region.shape), values(rows)[region.slices])
    if complete:
        store.finish()
    BlockLedger.open(ledger_path(project.proposals, name)).record(region)
    project.update(proposal=name, checkpoint=network)


@pytest.fixture
def project(tmp_path):
    """A project that the starter proposed a mask of, with an audit set nobody filled in yet."""
    path = tmp_path / "kidney.npy"
    np.save(path, np.random.default_rng(0).integers(0, 60_000, SHAPE).astype(np.uint16))
    made = Project.create(tmp_path / "kidney.vessel", open_volume(str(path)))
    made.update(threshold=0.5, smallest_um3=0.0)
    propose(made, "p1", "starter", 6)
    records = ReviewRecords(made.path)
    records.audit_path.parent.mkdir(exist_ok=True)
    AuditSet(tuple(AuditWindow(place, 1.0) for place in PLACES)).keep(records.audit_path)
    return made


@pytest.fixture
def fill(project):
    """Fill windows in as they are, and take stock after each, as the dock does."""

    def fill(*boxes):
        stock = None
        for box in boxes:
            with closing(project.open_corrections()) as corrections:
                corrections.import_labels(box, values(8)[box.slices] != 0)
                assert corrections.flush()
            stock = take_stock(project)
        return stock

    return fill


def take_stock(project, timeline=HOURS):
    with closing(project.open_corrections(read_only=True)) as corrections:
        score_audit(project, corrections.overlay, project.open_proposal())
        return stock_of(project, corrections.overlay, timeline, 0.95)


def audit_records(project):
    return [each for each in ReviewRecords(project.path).progress.read() if each["kind"] == "audit"]


def noted(network, hour, windows, **more):
    """Make a record by hand: ``windows`` are the Dice of so many of the eight."""
    scored = {}
    for name, dice in windows.items():
        wrong = round(1000 * (1 - dice))
        scored[name] = [round(1000 * dice), wrong, wrong, 1, 1, 1, 1]
    made = {"kind": "audit", "at": hour * 3600, "proposal": "p", "threshold": 0.5}
    return made | {"checkpoint": network, "credited": "windows", "windows": scored} | more


def stock_with(project, *records):
    for record in records:
        ReviewRecords(project.path).progress.add(record)
    with closing(project.open_corrections(read_only=True)) as corrections:
        return stock_of(project, corrections.overlay, HOURS, 0.95)


# -- one point for a network -------------------------------------------------------------------


def test_windows_filled_in_one_by_one_are_one_network_and_no_reason_to_stop(
    project, fill, monkeypatch
):
    for hour, box in enumerate(BOXES):
        monkeypatch.setattr(
            "napari_vessel.workflows._progress_audit.time", lambda h=hour: h * 1800.0
        )
        stock = fill(box)
        assert [(point.checkpoint, point.windows) for point in stock.audits] == [
            ("starter", hour + 1)
        ]
        assert stock.verdict == "early"
        assert "Stop" not in stock.sentence
        assert stock.hours_left is None
    assert stock.sentence.endswith("A forecast needs 2 more retrained networks.")
    assert stock.audits[0].dice.value == pytest.approx(2 * 6 / (6 + 8))
    assert stock.audits[0].hours == 0  # what was worked since taught this network nothing


def test_of_a_perfect_network_it_is_said_to_stop_only_once_three_windows_are_filled_in(
    project, fill
):
    propose(project, "p2", "perfect", 8)
    assert [fill(box).verdict for box in BOXES[:3]] == ["early", "early", "reached"]


def test_a_record_is_added_only_where_what_is_seen_changed(project, fill):
    fill(*BOXES[:2])
    assert len(audit_records(project)) == 2
    take_stock(project)
    propose(project, "p2", "starter", 6, before="p1")  # the same again, in another proposal
    take_stock(project)
    assert len(audit_records(project)) == 2


def test_another_threshold_is_the_same_network_scored_anew(project, fill):
    fill(*BOXES[:4])
    project.update(threshold=0.9)  # nothing is left of the mask
    stock = take_stock(project)
    assert [(point.windows, point.dice.value) for point in stock.audits] == [(4, 0)]
    project.update(threshold=0.5)
    (point,) = take_stock(project).audits
    assert point.dice.value == pytest.approx(2 * 6 / (6 + 8))


def test_who_goes_back_to_a_network_sees_its_score(project, fill):
    fill(*BOXES[:4])
    propose(project, "p2", "newer", 7)
    assert take_stock(project).judged.checkpoint == "newer"
    propose(project, "p3", "starter", 6)
    stock = take_stock(project)
    assert stock.judged.checkpoint == "starter"
    assert len(stock.audits) == 2


# -- credited to the network that made it --------------------------------------------------------


def test_a_few_slices_predicted_ahead_score_no_network_where_an_older_one_shows(project, fill):
    fill(*BOXES)
    before = audit_records(project)
    propose(project, "p2", "newer", 0, Box((1, 0, 0), (2, 24, 24)), before="p1")
    assert [point.checkpoint for point in take_stock(project).audits] == ["starter"]
    assert audit_records(project) == before


def test_of_a_network_that_covers_some_windows_only_these_are_noted(project, fill):
    fill(*BOXES)
    propose(project, "p2", "newer", 8, Box((0, 0, 0), (6, 24, 24)), before="p1")
    take_stock(project)
    record = audit_records(project)[-1]
    assert record["checkpoint"] == "newer"
    assert sorted(record["windows"]) == sorted(NAMES[:3])


@pytest.mark.parametrize(
    "region",
    [
        pytest.param(Box((0, 0, 0), (16, 24, 12)), id="half of each window"),
        pytest.param(Box((0, 4, 4), (16, 20, 19)), id="all but a column"),
    ],
)
def test_a_window_that_two_networks_share_is_noted_for_none(project, fill, region):
    propose(project, "p2", "newer", 8, region, before="p1")
    stock = fill(*BOXES)
    assert audit_records(project) == []
    assert stock.verdict == "early"
    assert "predict the region to score it" in stock.sentence


def test_a_window_that_was_not_predicted_is_not_noted(project, fill):
    propose(project, "p2", "newer", 8, Box((0, 0, 0), (6, 24, 24)))
    fill(*BOXES)
    assert sorted(audit_records(project)[-1]["windows"]) == sorted(NAMES[:3])


def test_nothing_is_noted_of_a_prediction_that_is_under_way(project, fill):
    propose(project, "p2", "newer", 8, before="p1", complete=False)
    fill(*BOXES)
    assert audit_records(project) == []


def test_a_proposal_on_top_does_not_take_away_what_was_noted_beneath(project, fill):
    fill(*BOXES[:6])
    propose(project, "p2", "newer", 8, Box((0, 0, 0), (1, 24, 24)), before="p1")
    project.update(checkpoint="starter")  # taken back: its proposal shows around the newer one
    stock = fill(BOXES[6])
    (point,) = stock.audits
    assert (point.checkpoint, point.windows) == ("starter", 7)


# -- compared on the same windows ------------------------------------------------------------------


def test_networks_are_compared_on_the_windows_that_all_were_scored_on(project):
    """The windows filled in later are harder: by them it would seem to get worse."""
    curve = LearningCurve(0.4, 2.0, 1.0)
    records = [noted("n0", 0, dict.fromkeys(NAMES[:4], curve.score(0)))]
    for hour in (1, 2):
        easy = dict.fromkeys(NAMES[:4], curve.score(hour))
        records.append(noted(f"n{hour}", hour, easy | dict.fromkeys(NAMES[4:], 0.2)))
    stock = stock_with(project, *records)
    assert [point.windows for point in stock.audits] == [4, 8, 8]
    found = [point.compared for point in stock.audits]
    assert found == pytest.approx([curve.score(h) for h in (0, 1, 2)], abs=1e-3)
    assert stock.verdict == "go on"
    assert stock.audits[-1].dice.value < 0.6


def test_networks_that_share_too_few_windows_make_no_forecast(project):
    stock = stock_with(
        project,
        noted("n0", 0, dict.fromkeys(NAMES[:2], 0.6)),
        noted("n1", 1, dict.fromkeys(NAMES[:5], 0.6)),
        noted("n2", 2, dict.fromkeys(NAMES, 0.6)),
    )
    assert [point.compared is None for point in stock.audits] == [True, False, False]
    assert (stock.verdict, stock.hours_left) == ("early", None)
    assert stock.sentence.endswith("A forecast needs 1 more retrained network.")


@pytest.mark.parametrize(
    ("scored", "networks", "windows"),
    [
        pytest.param(["11111111"] * 3, "111", "11111111", id="all alike"),
        pytest.param(["1" + "0" * 7] + ["11111111"] * 3, "0111", "11111111", id="one with few"),
        pytest.param(["11111110"] + ["11111111"] * 3, "1111", "11111110", id="one with many"),
        pytest.param(["11111111"] * 3 + ["1" + "0" * 7], "1110", "11111111", id="last with few"),
        pytest.param(["11111100", "00111111", "11111111"], "111", "00111100", id="shared by three"),
        pytest.param(["11100000", "00011111", "11111111"], "011", "00011111", id="nothing shared"),
        pytest.param(["11000000", "11000000"], "00", "00000000", id="two windows"),
    ],
)
def test_what_is_compared_is_as_many_scores_as_three_networks_share(scored, networks, windows):
    def flags(text):
        return np.array([letter == "1" for letter in text], bool)

    found = comparable(np.array([flags(row) for row in scored]))
    for got, wanted in zip(found, (networks, windows), strict=True):
        np.testing.assert_array_equal(got, flags(wanted))


# -- records of before -----------------------------------------------------------------------------


def test_records_of_before_are_read_and_shown_and_not_compared(project):
    """They took the uppermost layer's network for that of all windows, and may be of another."""
    old = [noted(f"n{h}", h, dict.fromkeys(NAMES, 0.6)) for h in (0, 1, 2)]
    for each in old:
        del each["credited"]
    stock = stock_with(project, {"kind": "audit"}, *old)
    assert [point.checkpoint for point in stock.audits] == ["n0", "n1", "n2"]
    assert (stock.verdict, stock.hours_left) == ("early", None)


def test_a_record_of_before_is_superseded_and_nothing_of_it_is_taken_over(project, fill):
    old = noted("starter", 0, dict.fromkeys(NAMES, 0.1))
    del old["credited"]
    ReviewRecords(project.path).progress.add(old)
    propose(project, "p2", "newer", 8, Box((0, 0, 0), (1, 24, 24)), before="p1")
    project.update(checkpoint="starter")
    (point,) = fill(*BOXES[:4]).audits  # of which the first shows what another network proposed
    assert (point.windows, point.hours) == (3, 0)
    assert point.dice.value == pytest.approx(2 * 6 / (6 + 8))
