"""Small pieces and the threshold: what is shown, remembered and never lost."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_vessel.geometry import Box, Plane
from napari_vessel.morphology import area_opened
from napari_vessel.project import Project
from napari_vessel.session import Session
from napari_vessel.simulate import drive
from napari_vessel.volumes import StoreSpec, create_store, mask_of, open_volume
from napari_vessel.workflows import WORKFLOWS, Cleaned, Progress, Proposed

from .conftest import SHAPE, stroke

WHOLE = Box.of(SHAPE)
PART = Box((0, 20, 0), SHAPE)


def noise(region, seed=0):
    found = gaussian_filter(np.random.default_rng(seed).normal(size=region.shape), 1.5)
    return np.clip(found / found.std() * 100, 0, 255).astype(np.uint8)


def propose(project, name, region, seed, before=None):
    spec = StoreSpec(
        shape=region.shape,
        voxel_size=project.config.volume.voxel_size,
        chunk=(8, 16, 16),
        attrs={"region": str(region), "before": before},
    )
    store = create_store(project.proposals / f"{name}.ome.zarr", spec)
    store.write("probability", Box.of(region.shape), noise(region, seed))
    store.finish()
    project.update(proposal=name)


@pytest.fixture
def project(volume):
    return Project.create(volume.with_name("kidney.vessel"), open_volume(volume))


@pytest.fixture
def proposed(session, project, runner):
    """A session on a project with one proposal, whose real workflow cleans."""
    propose(project, "a", WHOLE, 0)
    runner.scripts["clean"] = WORKFLOWS["clean"]
    list(drive(session, "open", session.open(project.path)))
    return session


def shown(session):
    return np.asarray(session.labels)


def clean(session, smallest):
    return list(drive(session, "predict", session.clean(smallest)))


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
def test_small_pieces_are_gone_at_every_threshold_without_another_cleaning(proposed, threshold):
    clean(proposed, 60)
    proposed.set_threshold(threshold)
    np.testing.assert_array_equal(
        shown(proposed), mask_of(area_opened(noise(WHOLE), 60), threshold)
    )
    assert "fewer than 60 voxels" in proposed.activities["predict"].sentence
    assert not proposed.small_pieces_shown


def test_corrections_stay_over_a_cleaned_proposal_at_any_threshold(proposed):
    dot, hole = Box((3, 3, 3), (4, 4, 4)), Box((5, 10, 10), (9, 30, 30))
    stroke(proposed, dot, 1)
    stroke(proposed, hole, 0)
    before = proposed.corrections.overlay.read(WHOLE)
    clean(proposed, 60)
    for threshold in (0.01, 0.99):
        proposed.set_threshold(threshold)
        assert shown(proposed)[dot.slices].all()
        assert not shown(proposed)[hole.slices].any()
    clean(proposed, 1e9)
    assert shown(proposed).sum() == 1
    np.testing.assert_array_equal(proposed.corrections.overlay.read(WHOLE), before)
    proposed.undo(), proposed.undo()
    assert proposed.reviewed == 0


def test_smallest_piece_and_threshold_are_there_after_reopening(proposed, runner):
    clean(proposed, 60)
    proposed.set_threshold(0.37)
    folder, before = proposed.project.path, shown(proposed)
    proposed.close()
    again = Session(runner)
    list(drive(again, "open", again.open(folder)))
    assert (again.smallest_um3, again.threshold) == (60, 0.37)
    assert not again.small_pieces_shown
    np.testing.assert_array_equal(shown(again), before)
    again.close()


def test_before_there_is_a_project_the_smallest_piece_makes_one(opened, runner):
    runner.scripts["clean"] = WORKFLOWS["clean"]
    assert opened.project is None
    clean(opened, 60)
    assert Project.open(opened.project.path).config.smallest_um3 == 60
    assert "will be left out" in opened.activities["predict"].sentence


def test_cancelled_nothing_changes(proposed):
    before = shown(proposed)
    work = proposed.clean(60)
    for event in work:
        proposed.deliver(event)
        if isinstance(getattr(event, "event", None), Progress) and event.event.done:
            break
    work.close()
    proposed.cancelled("predict")
    np.testing.assert_array_equal(shown(proposed), before)
    assert proposed.smallest_um3 == proposed.project.config.smallest_um3 == 0
    assert "as before" in proposed.activities["predict"].sentence


def test_what_is_cleaned_under_the_brush_is_shown_after_the_stroke(proposed):
    before = shown(proposed)
    proposed.begin_stroke("paint", Plane.XY)
    clean(proposed, 1e9)
    np.testing.assert_array_equal(shown(proposed), before)
    proposed.end_stroke()
    assert not shown(proposed).any()


def test_a_new_proposal_shows_its_small_pieces_until_it_is_told_that_they_are_gone(
    proposed, runner, project
):
    clean(proposed, 60)

    def propose_part(request):
        propose(project, "b", PART, 1, before="a")
        yield Cleaned(60, 60, "b", False, 0.1)
        yield Proposed("b", "complete", 1, (), 0.1)

    runner.scripts["propose"] = propose_part
    list(drive(proposed, "predict", proposed.predict(box=PART)))
    assert proposed.small_pieces_shown
    assert proposed.activities["predict"].sentence.startswith("Proposed")
    together = area_opened(noise(WHOLE), 60)
    together[PART.slices] = noise(PART, 1)
    np.testing.assert_array_equal(shown(proposed), mask_of(together, proposed.threshold))


def test_beyond_a_proposal_of_a_part_the_one_before_is_there_after_reopening(session, project):
    propose(project, "a", WHOLE, 0)
    propose(project, "b", PART, 1, before="a")
    list(drive(session, "open", session.open(project.path)))
    together = noise(WHOLE)
    together[PART.slices] = noise(PART, 1)
    np.testing.assert_array_equal(shown(session), mask_of(together, session.threshold))


def test_a_threshold_that_is_reset_is_the_checkpoint_s_and_no_longer_a_choice(proposed):
    own = proposed.threshold
    proposed.set_threshold(0.9)
    heard = []
    proposed.events.threshold.connect(heard.append)
    proposed.reset_threshold()
    assert heard == [own]
    assert proposed.threshold == own
    folder = proposed.project.path
    proposed.close()
    assert Project.open(folder).config.threshold is None


def test_a_threshold_reset_before_there_is_a_project_is_kept_as_no_choice(opened):
    own = opened.threshold
    opened.set_threshold(0.9)
    opened.reset_threshold()
    stroke(opened, Box((3, 3, 3), (4, 4, 4)), 1)
    assert opened.threshold == own
    opened.close()
    assert Project.open(opened.project.path).config.threshold is None
