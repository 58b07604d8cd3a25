"""Objects with the real workflows: learned, classified, explained, and the same from a file."""

import numpy as np
import pytest

from napari_vessel.runner import InlineRunner
from napari_vessel.session import Session
from napari_vessel.simulate import drive
from napari_vessel.workflows import RunOptions, load_run

pytestmark = pytest.mark.slow

FINE, SICK = "not sclerotic", "globally sclerotic"


@pytest.fixture
def marked(tmp_path, monkeypatch):
    """A session with 30 bright and dark squares in a volume, 24 of them labelled."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    rng = np.random.default_rng(0)
    voxels = rng.integers(90, 110, (6, 60, 72)).astype(np.uint8)
    points = [(3.0, 6.0 + 12 * row, 6.0 + 12 * column) for row in range(5) for column in range(6)]
    dark = [bool((row + column) % 2) for row in range(5) for column in range(6)]
    for (z, y, x), is_dark in zip(points, dark, strict=True):
        voxels[int(z), int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4] = 10 if is_dark else 240
    path = tmp_path / "kidney.npy"
    np.save(path, voxels)
    session = Session(InlineRunner())
    list(drive(session, "objects", session.open_objects(str(path))))
    objects = session.objects
    objects.configure(
        crop={"edge": 10},
        network=objects.config.network.model_dump() | {"size": 16},
        training=objects.config.training.model_dump() | {"epochs": 6, "learning_rate": 3e-3},
    )
    ids = objects.add(points)
    for name, wanted in ((FINE, False), (SICK, True)):
        objects.label([i for i, d in zip(ids[:24], dark[:24], strict=True) if d == wanted], name)
    yield session, ids, np.array(dark)
    session.close()


def test_objects_are_learned_classified_explained_and_learned_again_from_a_file(marked, tmp_path):
    session, ids, dark = marked
    objects = session.objects
    list(drive(session, "teach", session.teach(objects.snapshot())))
    assert session.taught.adopted, session.taught.sentence
    assert session.taught.confusion
    list(drive(session, "classify", session.classify_objects(objects.snapshot())))
    assert (objects.book.predicted()[24:] == dark[24:]).all()

    seen = []
    session.objects_events.explained.connect(seen.append)
    list(drive(session, "explain", session.explain_object(ids[25], objects.snapshot(), SICK)))
    assert seen[0].box.shape == (1, 10, 10)
    assert np.isfinite(seen[0].explained.values).all()

    again = tmp_path / "again.json"
    list(drive(session, "export", session.write_objects_run(again, objects.snapshot())))
    file = load_run(again)
    *_, trained = InlineRunner().run(file.workflow, file.request(RunOptions()))
    assert trained.classes == (FINE, SICK)
    assert trained.checkpoint.exists()
