"""Objects of a volume: marked, labelled, classified and learned from through a session."""

import csv
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.errors import CallerError
from napari_vessel.geometry import VoxelSize
from napari_vessel.project import Project
from napari_vessel.session import ObjectClass, Session
from napari_vessel.session._objects_judging import Judged, judge, verdict_of
from napari_vessel.session._objects_table import read_points, write_table
from napari_vessel.simulate import drive
from napari_vessel.workflows import ClassEpoch, Classified, ClassifyTrained, Progress

FINE, SICK = "not sclerotic", "globally sclerotic"


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def rows_of(path):
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def fake_train(request):
    yield Progress(0, 1, "samples", "Opening the data set")
    for epoch in (1, 2):
        yield ClassEpoch(epoch, 1 / epoch, 0.5, 1 / epoch, 0.5 + epoch / 10, 0.5, 1e-3, best=True)
    request.out.mkdir()
    (request.out / "curves.png").write_bytes(b"picture")
    classes = request.config.network.classes
    yield ClassifyTrained(request.out, classes, 0.6, 0.5, {}, 2, 2, 4, "epochs", 1.0)


def fake_classify(certain=0.9):
    """Say that what lies in the left half is fine."""

    def work(request):
        rows = rows_of(request.data.table)
        left = np.array([float(row["x"]) < 25 for row in rows])
        chances = np.where(left, certain, 1 - certain)
        probabilities = np.stack([chances, 1 - chances], 1).astype(np.float32)
        names = tuple(row["name"] for row in rows)
        yield Progress(1, 1, "samples", "Classifying")
        yield Classified(None, names, (FINE, SICK), probabilities, (None,) * len(rows), {}, 0.1)

    return work


@pytest.fixture
def marked(session, runner, volume):
    """A session with 24 objects, the 12 of them in the left half fine; all labelled."""
    runner.scripts |= {"classify": fake_train, "classify-samples": fake_classify()}
    list(drive(session, "objects", session.open_objects(str(volume))))
    points = [(z, y, x) for z in (1.0, 10.0) for y in (3.0, 15.0, 30.0) for x in (2, 12, 30, 45)]
    ids = session.objects.add(points)
    session.objects.configure(crop={"edge": 4})
    for name, left in ((FINE, True), (SICK, False)):
        chosen = [i for i, p in zip(ids, points, strict=True) if (p[2] < 25) == left]
        session.objects.label(chosen, name)
    return session


def opened_again(volume, runner):
    session = Session(runner)
    list(drive(session, "objects", session.open_objects(str(volume))))
    return session


def test_what_was_done_is_there_after_reopening_and_the_project_was_made_by_the_first_mark(
    marked, runner, volume, tmp_path
):
    marked.objects.remove([marked.objects.book.ids[0]])
    marked.objects.undo()
    before = sorted(zip(marked.objects.book.ids, marked.objects.book.verdicts, strict=True))
    marked.close()
    again = opened_again(volume, runner)
    book = again.objects.book
    assert sorted(zip(book.ids, book.verdicts, strict=True)) == before
    assert again.objects.config.crop.edge == 4
    assert Project.open(tmp_path / "kidney.vessel").config.region.shape == (12, 40, 50)
    again.close()


def test_opening_makes_nothing(session, volume, tmp_path):
    list(drive(session, "objects", session.open_objects(str(volume))))
    session.objects.configure(step_on=False)
    session.close()
    assert not (tmp_path / "kidney.vessel").exists()


def test_a_mask_s_project_may_be_there_before_or_after_the_objects(session, volume, runner):
    list(drive(session, "open", session.open(volume)))
    other = Session(runner)
    list(drive(other, "objects", other.open_objects(str(volume))))
    other.objects.add([(1.0, 2.0, 3.0)])
    assert other.objects.flush()
    assert session.project is None
    session._kept_project()  # as the first stroke or prediction does
    assert session.project.path == other.objects.opened.places.place
    other.close()


def test_undo_and_redo_go_through_labels_marks_and_classes(marked):
    objects = marked.objects
    third = ObjectClass("other", "#ffffff", "star")
    first = objects.book.verdicts[0]
    objects.set_classes((*objects.book.classes, third))
    objects.label([objects.book.ids[0]], "other")
    objects.undo()
    assert objects.book.verdicts[0] == first
    objects.undo()
    assert objects.book.class_names == (FINE, SICK)
    objects.redo()
    objects.redo()
    assert objects.book.verdicts[0].name == "other"
    with pytest.raises(CallerError, match="labelled 'other'"):
        objects.set_classes(objects.book.classes[:2])


def test_a_prediction_changes_nothing_that_a_person_said(marked, runner):
    objects = marked.objects
    wrong = objects.book.ids[0]  # it lies left: the classifier will say fine
    objects.label([wrong], SICK)
    list(drive(marked, "teach", marked.teach(objects.snapshot())))
    said = list(objects.book.verdicts)
    list(drive(marked, "classify", marked.classify_objects(objects.snapshot())))
    assert objects.book.verdicts == said
    assert objects.book.predicted()[0] == 0
    assert marked.activities["classify"].state == "done"
    marked.close()
    again = opened_again(objects.opened.volume.uri, runner)
    assert again.objects.book.predicted().tolist() == objects.book.predicted().tolist()
    again.close()


def test_the_first_classifier_is_taken_and_a_worse_one_is_not(marked, runner):
    objects, told = marked.objects, []
    marked.objects_events.teaching.connect(told.append)
    list(drive(marked, "teach", marked.teach(objects.snapshot())))
    first = objects.config.in_use
    assert marked.taught.adopted
    assert marked.taught.new == Judged(1.0, pytest.approx(-np.log(0.9)), marked.taught.new.count)
    assert [event.epoch if event else None for event in told] == [None, 1, 2]
    assert marked.taught.curves.endswith("curves.png")

    calls = []

    def classify(request):  # the new one is asked first, and is wrong everywhere
        calls.append(request.checkpoint)
        yield from fake_classify(0.1 if first not in request.checkpoint else 0.9)(request)

    runner.scripts["classify-samples"] = classify
    list(drive(marked, "teach", marked.teach(objects.snapshot())))
    assert not marked.taught.adopted
    assert "1.00 → 0.00" in marked.taught.sentence
    assert objects.config.in_use == first
    assert len(calls) == 2

    runner.scripts["classify-samples"] = lambda request: fake_classify(
        0.95 if first not in request.checkpoint else 0.9
    )(request)
    list(drive(marked, "teach", marked.teach(objects.snapshot())))
    assert marked.taught.adopted  # as accurate, but surer
    assert objects.config.classifier.parent == first


def test_an_object_that_judged_once_is_never_learned_from(marked, runner):
    asked = []

    def train(request):
        asked.append(request.config)
        yield from fake_train(request)

    runner.scripts["classify"] = train
    objects = marked.objects
    judges = set()
    for n in range(4):
        list(drive(marked, "teach", marked.teach(objects.snapshot())))
        split = {row["name"]: row["part"] for row in rows_of(asked[-1].split)}
        assert all(split[name] == "test" for name in judges)
        judges |= {name for name, part in split.items() if part == "test"}
        (new,) = objects.add([(5.0, 8.0 * n, 20.0 + n)])
        objects.label([new], FINE if n % 2 else SICK)
    assert judges


def test_too_few_labels_are_refused_with_what_is_missing(session, volume):
    list(drive(session, "objects", session.open_objects(str(volume))))
    ids = session.objects.add([(1.0, 2.0, 3.0)] * 4)
    session.objects.label(ids, FINE)
    with pytest.raises(CallerError, match="4 not sclerotic, 0 globally sclerotic"):
        list(drive(session, "teach", session.teach(session.objects.snapshot())))


def test_a_renamed_class_keeps_its_labels_and_its_predictions(marked):
    objects = marked.objects
    list(drive(marked, "teach", marked.teach(objects.snapshot())))
    list(drive(marked, "classify", marked.classify_objects(objects.snapshot())))
    before = objects.book.predicted().tolist()
    fine, sick = objects.book.classes
    objects.set_classes((fine, ObjectClass("GS", sick.colour, sick.symbol)), ((SICK, "GS"),))
    assert objects.book.counts() == {FINE: 12, "GS": 12}
    assert objects.book.predicted().tolist() == before
    list(drive(marked, "classify", marked.classify_objects(objects.snapshot())))
    assert objects.book.predicted().tolist() == before
    assert objects.config.classifier.original("GS") == SICK


def test_an_exported_table_comes_back_as_it_was_and_twice_changes_nothing(marked, tmp_path):
    objects, out = marked.objects, tmp_path / "objects.csv"
    list(drive(marked, "export", marked.export_objects(out, objects.snapshot())))
    found = read_points(out, (12, 40, 50), VoxelSize(1, 1, 1))
    assert [*found.points] == [tuple(p) for p in objects.book.points.tolist()]
    assert [*found.classes] == [v.name for v in objects.book.verdicts]
    list(drive(marked, "objects", marked.import_objects(out)))
    assert len(objects.book) == 24
    assert "24 were marked already" in marked.activities["objects"].sentence
    assert rows_of(out)[0]["by"] == objects.person


def test_a_table_in_micrometres_with_a_new_class_is_taken_and_what_lies_outside_is_counted(
    session, volume, tmp_path
):
    list(drive(session, "objects", session.open_objects(str(volume))))
    table = tmp_path / "points.csv"
    table.write_text("z_um;y_um;x_um;class\n1;2;3;cyst\n1;2;99;cyst\n")
    list(drive(session, "objects", session.import_objects(table)))
    book = session.objects.book
    assert book.points.tolist() == [[1.0, 2.0, 3.0]]
    assert book.class_names == (FINE, SICK, "cyst")
    assert "1 lie outside" in session.activities["objects"].sentence
    table.write_text("a,b\n1,2\n")
    with pytest.raises(CallerError, match=r"columns a, b: expected z,y,x"):
        list(drive(session, "objects", session.import_objects(table)))


def test_names_that_a_spreadsheet_would_run_are_quoted(marked, tmp_path):
    fine, sick = marked.objects.book.classes
    marked.objects.set_classes(
        (ObjectClass("=2+2", fine.colour, fine.symbol), sick), ((FINE, "=2+2"),)
    )
    write_table(tmp_path / "a.csv", marked.objects.snapshot(), VoxelSize(1, 1, 1))
    assert rows_of(tmp_path / "a.csv")[0]["class"] == "'=2+2"
    assert read_points(tmp_path / "a.csv", (12, 40, 50), VoxelSize(1, 1, 1)).classes[0] == "=2+2"


def test_a_class_the_classifier_does_not_know_counts_as_missed():
    judged = judge(["a", "c"], ["a", "b"], np.array([[0.9, 0.1], [0.5, 0.5]], np.float32))
    assert judged.balanced_accuracy == 0.5
    assert verdict_of(judged, Judged(0.5, judged.log_loss + 1, 2), is_sure=True)[0]
    assert not verdict_of(judged, judged, is_sure=True)[0]


def test_accuracy_decides_before_the_log_loss_does():
    right_but_unsure, wrong_but_sure = Judged(0.9, 2.0, 10), Judged(0.8, 0.1, 10)
    assert right_but_unsure.beats(wrong_but_sure)
    assert not wrong_but_sure.beats(right_but_unsure)
