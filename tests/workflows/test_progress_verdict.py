"""When it says stop, when go on, and how many hours it foresees: of made-up scores, as a table."""

from contextlib import closing
from dataclasses import replace
from math import inf

import numpy as np
import pytest

from napari_vessel.annotation import Place, Timeline
from napari_vessel.geometry import Box, Plane
from napari_vessel.metrics import Interval, LearningCurve
from napari_vessel.project import AuditSet, AuditWindow, ReviewRecords
from napari_vessel.workflows import AuditPoint, SlicePoint, as_values, stock_of
from napari_vessel.workflows._progress_verdict import forecast, verdict

HALVING = LearningCurve(0.4, 2.0, 1.0)  # the error halves in two hours, and again in four more
USELESS = LearningCurve(0.4, 2.0, 0.0)
WINDOWS = 6


def point(hours, dice, low=None, high=None):
    scored = Interval(dice, dice - 0.02 if low is None else low, high or dice + 0.02)
    name = f"n{hours:g}-{dice:g}"
    return AuditPoint(hours * 3600, hours, name, "p", scored, scored, WINDOWS, dice)


def points(curve, *hours):
    return [point(hour, curve.score(hour)) for hour in hours]


def counts(curve, hour, windows=WINDOWS):
    """Return counts of windows in each of which Dice is what the curve says."""
    table = np.zeros((windows, 7))
    dice = curve.score(hour)
    table[:, 0], table[:, 1], table[:, 2] = 1000 * dice, 1500 * (1 - dice), 500 * (1 - dice)
    return table


def tables(curve, hours, windows=WINDOWS):
    return np.array([counts(curve, hour, windows) for hour in hours]).reshape(-1, windows, 7)


def foreseen(curve, hours, target, now):
    found = points(curve, *hours)
    return forecast(found, tables(curve, hours), target, now)


# -- the forecast ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("curve", "hours", "target", "now", "left"),
    [
        (HALVING, (0, 1, 2), 0.9, 2.0, 4.0),  # an error of 0.1 comes after six hours
        (HALVING, (0, 1, 2), 0.9, 5.0, 1.0),  # what was worked since the last score counts
        (HALVING, (0, 1, 2), 0.9, 7.0, 0.0),  # never less than none
        (HALVING, (0, 1, 2), 0.75, 2.0, 0.0),  # it is there already
        (HALVING, (0.5, 1, 3, 4), 0.95, 4.0, 10.0),
        (HALVING, (0, 1, 2), 0.9995, 2.0, inf),  # 1598 hours are as long as for ever
        (USELESS, (0, 1, 2), 0.9, 2.0, inf),
    ],
)
def test_hours_are_foreseen_from_how_errors_fell(curve, hours, target, now, left):
    found = foreseen(curve, hours, target, now)
    assert (found.low, found.value, found.high) == pytest.approx((left, left, left), abs=1e-6)


@pytest.mark.parametrize("hours", [(), (0,), (0, 1), (1, 1, 1), (0, 1, 1)])
def test_with_fewer_than_three_scores_at_different_hours_nothing_is_foreseen(hours):
    assert foreseen(HALVING, hours, 0.9, 2.0) is None


def test_the_less_windows_agree_the_wider_the_forecast():
    hours = (0.0, 1.0, 2.0)
    even, uneven = [], []
    slow = LearningCurve(0.4, 2.0, 0.3)
    for hour in hours:
        even.append(counts(HALVING, hour))
        mixed = counts(HALVING, hour)
        mixed[: WINDOWS // 2] = counts(slow, hour, WINDOWS // 2)
        uneven.append(mixed)
    sure = forecast(points(HALVING, *hours), np.stack(even), 0.9, 2.0)
    unsure = forecast(points(HALVING, *hours), np.stack(uneven), 0.9, 2.0)
    assert sure.high - sure.low < 1e-6
    assert unsure.low < unsure.value < unsure.high
    assert unsure.value > sure.value


# -- the verdict -------------------------------------------------------------------------------

FOUR = Interval(4.0, 3.0, 6.5)


@pytest.mark.parametrize(
    ("audits", "left", "target", "now", "said", "sentence"),
    [
        pytest.param(
            [point(0, 0.6), point(1, 0.7), point(2, 0.93, 0.91, 0.95)],
            FOUR,
            0.9,
            2.0,
            "reached",
            "Stop: Audit Dice 0.930 (0.910 to 0.950) has reached 0.90, with its interval.",
            id="the low end of the interval is at the target",
        ),
        pytest.param(
            [point(1, 0.9, 0.9, 0.9)],
            None,
            0.9,
            1.0,
            "reached",
            "Stop: Audit Dice 0.900 (0.900 to 0.900) has reached 0.90, with its interval.",
            id="one score is enough for that",
        ),
        pytest.param(
            [point(1, 0.93, 0.88, 0.95)],
            None,
            0.9,
            1.0,
            "early",
            "Audit Dice 0.930 (0.880 to 0.950). A forecast needs 2 more retrained networks.",
            id="above the target, but it may be chance",
        ),
        pytest.param(
            points(HALVING, 1, 2),
            None,
            0.9,
            2.0,
            "early",
            "Audit Dice 0.800 (0.780 to 0.820). A forecast needs 1 more retrained network.",
            id="two networks",
        ),
        pytest.param(
            [replace(each, checkpoint="starter") for each in points(USELESS, 0, 1, 2)],
            FOUR,
            0.9,
            2.0,
            "early",
            "Audit Dice 0.600 (0.580 to 0.620). A forecast needs 2 more retrained networks.",
            id="three scores of one network",
        ),
        pytest.param(
            [*points(USELESS, 0, 1), replace(point(2, 0.6), compared=None)],
            FOUR,
            0.9,
            2.0,
            "early",
            "Audit Dice 0.600 (0.580 to 0.620). A forecast needs 1 more retrained network.",
            id="three networks, one of which was scored on other windows",
        ),
        pytest.param(
            [replace(point(1, 1.0, 1.0, 1.0), windows=2)],
            None,
            0.9,
            1.0,
            "early",
            "Audit Dice 1.000 (1.000 to 1.000) on 2 windows of the audit set: fill in at least 3.",
            id="too few windows to know how sure it is",
        ),
        pytest.param(
            [point(1, 0.6), replace(point(2, 1.0, 1.0, 1.0), windows=1)],
            None,
            0.9,
            2.0,
            "early",
            "Audit Dice 0.600 (0.580 to 0.620). A forecast needs 1 more retrained network.",
            id="the last network on too few windows: the one before it counts",
        ),
        pytest.param(
            [*points(HALVING, 1, 2), point(2, 0.81)],
            None,
            0.9,
            2.0,
            "early",
            "Audit Dice 0.810 (0.790 to 0.830). A forecast needs 1 more retrained network.",
            id="three networks at two different hours",
        ),
        pytest.param(
            points(HALVING, 0, 1, 2),
            FOUR,
            0.9,
            2.0,
            "go on",
            "Go on: Audit Dice 0.800 (0.780 to 0.820); to 0.90 it takes 3 to 6.5 hours of work.",
            id="it gets better",
        ),
        pytest.param(
            points(HALVING, 0, 1, 2),
            Interval(inf, 5.0, inf),
            0.99,
            2.0,
            "go on",
            "Go on: Audit Dice 0.800 (0.780 to 0.820); to 0.99 it takes more than 5 hours of work.",
            id="it gets better, and the target is far",
        ),
        pytest.param(
            points(HALVING, 0, 1, 2),
            Interval(inf, inf, inf),
            0.99,
            2.0,
            "go on",
            "Go on: Audit Dice 0.800 (0.780 to 0.820); to 0.99 it takes longer than can be "
            "foreseen.",
            id="it gets better, and will not get there",
        ),
        pytest.param(
            points(HALVING, 0, 2, 18),
            Interval(20.0, 15.0, 25.0),
            0.98,
            18.0,
            "level",
            "Stop: Audit Dice 0.960 (0.940 to 0.980); another hour would bring about 0.002. Mend "
            "by hand what must be right, and export.",
            id="an hour more brings nearly nothing",
        ),
        pytest.param(
            points(USELESS, 0, 1, 2),
            Interval(inf, inf, inf),
            0.9,
            2.0,
            "level",
            "Stop: Audit Dice 0.600 (0.580 to 0.620); another hour would bring about 0.000. Mend "
            "by hand what must be right, and export.",
            id="it learns nothing",
        ),
    ],
)
def test_it_says_when_to_stop_and_why(audits, left, target, now, said, sentence):
    assert verdict((), audits, left, target, now) == (said, sentence)


@pytest.mark.parametrize(
    ("now", "said"),
    [(10.0, "go on"), (11.0, "level")],  # by the curve an hour brings 0.0051 and 0.0044
)
def test_to_stop_is_advised_where_an_hour_brings_less_than_half_a_percent(now, said):
    assert verdict((), points(HALVING, 0, 2, 10), FOUR, 0.99, now)[0] == said


@pytest.mark.parametrize(
    ("dices", "begins"),
    [
        ((), "Fill in the audit set: without it nobody can say"),
        ((0.99, 0.995, 0.992, 1.0), "Fill in the audit set: without it"),  # four are too few
        ((0.99, 0.995, 0.992, 1.0, 0.991), "The last 5 slices were right to 0.990 Dice"),
        ((0.2, 0.99, 0.995, 0.992, 1.0, 0.991), "The last 5 slices were right to 0.990 Dice"),
        ((0.99, 0.995, 0.98, 1.0, 0.991), "Fill in the audit set: without it"),
        ((0.99, 0.995, None, 1.0, 0.991), "Fill in the audit set: without it"),
    ],
)
def test_without_an_audit_set_it_never_says_stop(dices, begins):
    place = Place(Plane.XY, Box((4, 0, 0), (5, 9, 9)))
    slices = [SlicePoint(n, place, 30.0, n / 60, dice) for n, dice in enumerate(dices)]
    said, sentence = verdict(slices, [], None, 0.9, 2.0)
    assert said == "early"
    assert sentence.startswith(begins)


def test_from_the_records_of_a_project_to_the_sentence(project):
    """Two hours of work, three networks scored: the forecast of a made-up curve comes out."""
    timeline = Timeline(np.arange(0, 7201, 30.0), ())
    windows = tuple(
        AuditWindow(Place(Plane.XY, Box((z, 0, 0), (z + 1, 9, 9))), 1.0 + z) for z in (2, 6, 10)
    )
    records = ReviewRecords(project.path)
    records.audit_path.parent.mkdir(exist_ok=True)
    AuditSet(windows).keep(records.audit_path)
    for hour in (0, 1, 2):
        table = counts(HALVING, hour, len(windows))
        scored = {w.place.id: list(row) for w, row in zip(windows, table, strict=True)}
        noted = {"kind": "audit", "at": hour * 3600, "proposal": f"p{hour}", "windows": scored}
        network = {"checkpoint": f"n{hour}", "threshold": 0.5, "credited": "windows"}
        records.progress.add(noted | network)
    with closing(project.open_corrections(read_only=True)) as corrections:
        stock = stock_of(project, corrections.overlay, timeline, 0.9)
        near = stock_of(project, corrections.overlay, timeline, 0.75)
    assert [audit.hours for audit in stock.audits] == [0, 1, 2]
    assert stock.hours_left.value == pytest.approx(4.0, abs=0.01)
    assert stock.verdict == "go on"
    assert stock.sentence.endswith("to 0.90 it takes about 4 hours of work.")
    assert near.verdict == "reached"
    assert as_values(stock)["hours_left"]
