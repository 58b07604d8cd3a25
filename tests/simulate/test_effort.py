"""Accuracy against effort, headless, on a phantom small enough for a test."""

from __future__ import annotations

import json
from contextlib import closing

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_vessel.geometry import VoxelSize
from napari_vessel.inference import InferenceConfig
from napari_vessel.phantoms import PhantomConfig, make_phantom
from napari_vessel.project import Project
from napari_vessel.runner import InlineRunner
from napari_vessel.simulate import Effort, EffortConfig, PersonConfig, run_effort
from napari_vessel.training import TrainingConfig
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows import WORKFLOWS, NewProject

QUICK = TrainingConfig(minutes=None, epochs=1, steps_per_epoch=1, batch=1, patch=32)


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(PhantomConfig(shape=(8, 64, 64), seed=3))


def effort(folder, phantom, strategy, options=None, **more):
    folder.mkdir()
    np.save(folder / "v.npy", phantom.image)
    path = folder / "p.vessel"
    new = NewProject(str(folder / "v.npy"), path, options or VolumeOptions())
    list(WORKFLOWS["new"](new))
    quick = InferenceConfig(views="none", planes=("xy",), halo=0, device="cpu", precision="fp32")
    Project(path).update(inference=quick.model_dump())
    config = EffortConfig(slices=2, strategy=strategy, rounds=(2,), training=QUICK, **more)
    *_, last = run_effort(path, phantom.vessels, config, InlineRunner())
    assert isinstance(last, Effort)
    return last, Project(path)


def table(folder, phantom, strategy):
    done, project = effort(folder, phantom, strategy, person=PersonConfig(seed=2))
    return [row.as_dict() | {"training_s": 0} for row in done.rows], project


def test_effort_grows_and_every_place_is_a_review_of_the_journal(tmp_path, phantom):
    rows, project = table(tmp_path / "a", phantom, "queue")
    assert [row["slices"] for row in rows] == [0, 2]
    assert rows[0]["minutes"] == 0 < rows[1]["minutes"]
    assert all(0 <= row["dice"] <= 1 and 0 <= row["shown_dice"] <= 1 for row in rows)
    with closing(project.open_corrections(read_only=True)) as corrections:
        assert len(corrections.strokes.timeline().reviews) == 2


def test_a_slower_person_takes_longer_for_the_same_work(tmp_path, phantom, monkeypatch):
    from napari_vessel.cli import _learning
    from napari_vessel.cli._app import app

    monkeypatch.setattr(_learning, "TrainingConfig", lambda **_: QUICK)
    np.save(tmp_path / "v.npy", phantom.image)
    np.save(tmp_path / "t.npy", phantom.vessels.astype(np.uint8))
    arguments = ["simulate", str(tmp_path / "v.npy"), str(tmp_path / "t.npy"), "--slices", "1"]

    def rows(*more):
        result = CliRunner().invoke(app, [*arguments, "--strategy", "even", "--json", *more])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)["rows"]

    quick, slow = rows("--pause", "0"), rows("--pause", "0", "--brush-speed", "2", "--look", "60")
    assert [row["path_px"] for row in quick] == [row["path_px"] for row in slow]
    assert slow[1]["minutes"] > quick[1]["minutes"] + 55 / 60


def test_surface_dice_is_of_lengths_and_not_of_voxels(tmp_path, phantom, monkeypatch):
    from napari_vessel.simulate import _effort

    sizes, scored = [], _effort.scores

    def noting(mask, truth, *, voxel_size=None, **more):
        sizes.append(voxel_size)
        return scored(mask, truth, voxel_size=voxel_size, **more)

    monkeypatch.setattr(_effort, "scores", noting)
    flat = VoxelSize(5, 1, 1)
    effort(tmp_path / "a", phantom, "even", options=VolumeOptions(voxel_size=flat))
    assert sizes
    assert set(sizes) == {flat}


@pytest.mark.parametrize("count", [1, 2, 3, 7, 10, 16])
def test_evenly_spaced_slices_are_spread_from_the_first_few_on(count):
    from napari_vessel.simulate._strategy import _spread_first

    order = _spread_first(count)
    assert sorted(order) == list(range(count))
    for n in range(1, count + 1):
        seen = sorted(order[:n])
        gaps = np.diff([-1, *seen, count])
        assert gaps.max() <= 2 ** np.ceil(np.log2(2 * count / n)), (n, seen)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["queue", "random"])
def test_the_same_seed_gives_the_same_table(tmp_path, phantom, strategy):
    first, again = (table(tmp_path / name, phantom, strategy)[0] for name in ("a", "b"))
    assert first == again


def test_the_command_writes_the_table(tmp_path, phantom, monkeypatch):
    from napari_vessel.cli import _learning
    from napari_vessel.cli._app import app

    monkeypatch.setattr(_learning, "TrainingConfig", lambda **_: QUICK)
    np.save(tmp_path / "v.npy", phantom.image)
    np.save(tmp_path / "t.npy", phantom.vessels.astype(np.uint8))
    arguments = ["simulate", str(tmp_path / "v.npy"), str(tmp_path / "t.npy"), "--slices", "1"]
    result = CliRunner().invoke(app, [*arguments, "--strategy", "even", "--json"])
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    assert [row["slices"] for row in values["rows"]] == [0, 1]
    assert not list(tmp_path.glob("*.vessel"))
