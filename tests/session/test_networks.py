"""A session's networks: listed, taken into use between strokes, compared."""

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_vessel.annotation import Place
from napari_vessel.errors import CheckpointError
from napari_vessel.geometry import Box, Plane
from napari_vessel.networks import (
    CheckpointCard,
    NetworkConfig,
    build_network,
    save_checkpoint,
)
from napari_vessel.project import AuditSet, AuditWindow, ReviewRecords, Verdict, write_verdict
from napari_vessel.session import Answer, Networks
from napari_vessel.session._judges import judges_of
from napari_vessel.simulate import drive
from napari_vessel.training import TrainingConfig, split_blocks
from napari_vessel.workflows import Compared, Focus, Progress
from napari_vessel.workflows._retrain import read_lesson

BOX = Box((3, 5, 6), (4, 15, 16))


@pytest.fixture
def project(opened):
    """The project of what is open, with two networks beside the starter."""
    opened.begin_stroke("paint", Plane.XY)
    opened.paint(BOX, np.ones(BOX.shape, bool), 1)
    opened.end_stroke()
    torch.manual_seed(0)
    config = NetworkConfig(encoder="tu-resnet10t", encoder_depth=3, decoder_channels=(8, 8, 8))
    network = build_network(config).eval()
    for name, adopted in (("a", True), ("b", False)):
        card = CheckpointCard(
            network=config, voxel_size_um=(50, 50, 50), parent="starter", threshold=0.25
        )
        folder = Path(opened.project.checkpoints / name)
        save_checkpoint(folder, network, card)
        write_verdict(folder, Verdict(adopted=adopted, score=0.5))
    return opened.project


def do(session, events):
    return list(drive(session, "networks", events))


def test_the_list_tells_networks_room_and_what_is_missing(opened, project):
    heard = []
    opened.events.networks.connect(heard.append)
    do(opened, opened.list_networks())
    (listed,) = heard
    assert listed == opened.networks
    assert [one.id for one in listed.kept][-1] == "starter"
    assert listed.rejected_bytes == listed.find("b").bytes
    assert listed.bytes == listed.find("a").bytes + listed.find("b").bytes
    assert listed.judges.needed == project.config.training.min_validation_blocks
    assert "provisionally" in listed.judges.sentence


def test_listing_says_nothing(opened, project):
    before = opened.activities["networks"]
    do(opened, opened.list_networks())
    assert opened.activities["networks"] == before


def test_without_a_project_there_is_none(opened):
    do(opened, opened.list_networks())
    assert opened.networks == Networks()


def test_a_network_is_taken_into_use_with_its_threshold(opened, project):
    heard = []
    opened.events.checkpoint.connect(heard.append)
    do(opened, opened.use_network("a"))
    assert (project.config.checkpoint, opened.checkpoint, heard) == ("a", "a", ["a"])
    assert opened.threshold == 0.25
    assert opened.networks.find("a").in_use
    assert opened.go_back() == "starter"


def test_a_threshold_that_a_person_chose_stays(opened, project):
    opened.set_threshold(0.4)
    opened._flush()
    do(opened, opened.use_network("a"))
    assert opened.threshold == 0.4


def test_nothing_is_taken_under_the_brush(opened, project):
    opened.begin_stroke("paint", Plane.XY)
    events = opened.use_network("a")
    for _ in range(3):
        event = next(events)
        opened.deliver(event)
    assert isinstance(event, Answer)
    assert isinstance(event.event, Progress)
    assert project.config.checkpoint == "starter"
    opened.end_stroke()
    for event in events:
        opened.deliver(event)
    assert project.config.checkpoint == opened.checkpoint == "a"


def test_what_cannot_be_done_changes_nothing(opened, project):
    do(opened, opened.use_network("a"))
    for events in (opened.delete_network("a"), opened.use_network("nobody")):
        with pytest.raises(CheckpointError):
            list(events)
    assert project.config.checkpoint == "a"


def test_a_network_is_deleted_and_the_list_follows(opened, project):
    do(opened, opened.delete_network("b"))
    assert opened.networks.find("b") is None
    assert "free" in opened.activities["networks"].sentence
    do(opened, opened.prune_networks())
    assert "Nothing to delete" in opened.activities["networks"].sentence


def test_a_comparison_arrives_with_its_difference_in_words(opened, project, runner):
    first, second = np.zeros((1, 40, 50), np.uint8), np.zeros((1, 40, 50), np.uint8)
    first[0, :2], second[0, 1:5] = 1, 1
    box = Box((3, 0, 0), (4, 40, 50))

    def compared(request):
        assert (request.first, request.second) == ("a", "starter")
        yield Compared(("a", "starter"), box, Plane.XY, first, second)

    runner.scripts["compare"] = compared
    heard = []
    opened.events.compared.connect(heard.append)
    do(opened, opened.compare_networks("a", "starter", Focus((3.0, 5.0, 5.0))))
    assert heard[0].counts == (50, 150, 50)
    assert "150 to starter alone" in opened.activities["networks"].sentence


def test_blocks_are_counted_as_a_training_splits_them_and_the_audit_set_is_none(opened, project):
    """The dock's counts and places are those that a training would tell."""
    config = TrainingConfig(
        validation_block=(4, 8, 8), validation_fraction=0.5, min_validation_blocks=60
    )
    project.update(training=config)
    corrections = opened.corrections
    for box in (Box((3, 0, 0), (4, 40, 50)), Box((9, 0, 0), (10, 24, 50))):
        opened.begin_stroke("paint", Plane.XY)
        opened.paint(box, np.ones(box.shape, bool), 1)
        opened.end_stroke()
    opened._flush()
    window = AuditWindow(Place(Plane.XY, Box((9, 0, 0), (10, 24, 24))), 1.0)
    audit = ReviewRecords(project.path).audit_path
    audit.parent.mkdir(exist_ok=True)
    AuditSet((window,), guard=1).keep(audit)
    shown = corrections.overlay.read(Box.of(corrections.overlay.shape))

    lesson, _ = read_lesson(project, project.open_volume(), project.open_checkpoint(), None)
    judges, split = judges_of(project, corrections.overlay), lesson.split
    assert split.needed > 0
    assert judges.needed == split.needed
    assert judges.there == config.min_validation_blocks - split.needed
    assert set(judges.places) <= set(split.places_to_review(corrections.overlay.shape, 60))
    assert split_blocks(corrections.overlay, config).needed < split.needed  # so it was spared
    np.testing.assert_array_equal(
        corrections.overlay.read(Box.of(corrections.overlay.shape)), shown
    )
