import os
import shutil
import subprocess
import sys
import time
import tomllib
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import tomli_w

from napari_vessel.errors import (
    CallerError,
    OutputExistsError,
    ProjectError,
    VolumeNotFoundError,
    WriteError,
)
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.inference import InferenceConfig
from napari_vessel.project import Project, default_project_path, find_project
from napari_vessel.volumes import VolumeOptions, open_volume


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_what_was_created_is_opened_the_same(volume, project):
    region = Box((0, 2, 3), (8, 20, 24))
    options = VolumeOptions(voxel_size=VoxelSize(5, 2.5, 2.5), polarity="bright")
    opened = open_volume(volume, options)
    made = Project.create(volume.with_name("other.vessel"), opened, region=region)
    config = Project.open(made.path).config
    assert config.region == region
    assert config.volume.options == options
    assert config.volume.voxel_size == VoxelSize(5, 2.5, 2.5)
    assert Project.open(made.path).open_volume().fingerprint == opened.fingerprint


def test_opening_makes_no_file(project, volume):
    before = files(volume.parent)
    opened = Project.open(project.path)
    opened.open_volume()
    opened.open_corrections(read_only=True).close()
    assert opened.open_proposal() is None
    assert find_project(open_volume(volume))[1] == project
    assert files(volume.parent) == before


def test_a_project_is_not_made_over_something(project, volume):
    with pytest.raises(OutputExistsError, match="already exists"):
        Project.create(project.path, open_volume(volume))


def test_a_project_that_could_not_be_made_leaves_nothing(volume, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("napari_vessel.project._project.sync_tree", refuse)
    before = files(volume.parent)
    with pytest.raises(WriteError, match="No space left"):
        Project.create(volume.with_name("x.vessel"), open_volume(volume))
    assert files(volume.parent) == before


def test_a_region_beyond_the_volume_is_refused(volume):
    with pytest.raises(CallerError, match="does not lie in the volume"):
        Project.create(
            volume.with_name("x.vessel"), open_volume(volume), region=Box((0, 0, 0), (9, 9, 9))
        )


def test_folder_and_volume_moved_together_are_opened(project, volume, tmp_path):
    moved = tmp_path / "elsewhere"
    volume.parent.rename(moved)
    opened = Project.open(moved / "kidney.vessel").open_volume()
    assert Path(opened.uri) == moved / "kidney.npy"


def test_a_copy_finds_its_own_volume_when_the_original_changed(project, volume, tmp_path):
    shutil.copytree(volume.parent, tmp_path / "copy")
    np.save(volume, np.zeros((3, 3, 3)))
    opened = Project.open(tmp_path / "copy" / "kidney.vessel").open_volume()
    assert Path(opened.uri) == tmp_path / "copy" / "kidney.npy"


def test_a_changed_volume_is_refused(project, volume):
    np.save(volume, np.zeros((8, 20, 25), np.uint16))
    with pytest.raises(ProjectError, match="not the volume this project annotates"):
        project.open_volume()


def test_a_volume_that_is_gone_is_said_so(project, volume):
    volume.unlink()
    with pytest.raises(VolumeNotFoundError, match="is gone: expected it at"):
        project.open_volume()


def test_another_volume_cannot_be_linked(project, volume):
    other = volume.with_name("other.npy")
    np.save(other, np.zeros((3, 3, 3)))
    with pytest.raises(ProjectError):
        project.link(open_volume(other))
    assert Path(project.config.volume.uri) == volume


def test_the_same_volume_can_be_linked_with_another_voxel_size(project, volume):
    project.link(open_volume(volume, VolumeOptions(voxel_size=VoxelSize(7, 7, 7))))
    assert project.open_volume().voxel_size == VoxelSize(7, 7, 7)


def test_a_newer_format_opens_to_view_with_all_that_is_known_of_it(project):
    before = project.config
    values = tomllib.loads(project.toml.read_text()) | {"format": 99, "light": "blue"}
    values["volume"] |= {"tilt": 3}
    values["inference"] |= {"planes": "of tomorrow"}
    project.toml.write_text(tomli_w.dumps(values))
    opened = Project.open(project.path)
    assert opened.config == before.model_copy(update={"format": 99})
    assert "format 99; this version knows up to 1" in opened.view_only


def test_a_newer_format_is_never_changed(project):
    project.toml.write_text(project.toml.read_text().replace("format = 1", "format = 99"))
    before = project.toml.read_bytes()
    for change in (
        lambda: Project.open(project.path, to_change=True),
        lambda: project.update(threshold=0.3),
        lambda: project.link(project.open_volume()),
    ):
        with pytest.raises(ProjectError, match="Please update napari-vessel"):
            change()
    with closing(project.open_corrections()) as corrections:
        assert corrections.read_only
    assert project.toml.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [b"", b"format = 1", b"\xff\xfe\x00", b"a = [", b"format = 'x'", b"format = -1", b"x = 1\0"],
)
def test_a_damaged_configuration_is_named_and_not_passed_by(project, volume, content):
    project.toml.write_bytes(content)
    with pytest.raises(ProjectError, match=r"project\.toml"):
        Project.open(project.path)
    with pytest.raises(ProjectError, match=r"project\.toml"):
        find_project(open_volume(volume))


def test_a_region_outside_of_the_volume_is_named(project):
    values = tomllib.loads(project.toml.read_text())
    values["region"]["stop"][1] = 20_000
    project.toml.write_text(tomli_w.dumps(values))
    with pytest.raises(ProjectError, match="region"):
        Project.open(project.path)


@pytest.mark.parametrize("where", ["nothing", "kidney.npy", "."])
def test_what_is_no_project_is_said_so(volume, where):
    with pytest.raises(ProjectError, match="is no project"):
        Project.open(volume.parent / where)


def test_a_value_that_is_not_allowed_changes_nothing(project):
    before = project.toml.read_bytes()
    with pytest.raises(ProjectError, match="threshold"):
        project.update(threshold=1.5)
    assert project.toml.read_bytes() == before


def test_an_interrupted_update_keeps_the_old_configuration(project, monkeypatch):
    before = project.toml.read_bytes()

    def refuse(*_args, **_kw):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(WriteError):
        project.update(threshold=0.25)
    assert project.toml.read_bytes() == before


def test_updates_of_two_processes_lose_nothing(project, tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from napari_vessel.project import Project\n"
        "p = Project.open(sys.argv[1]); Path(sys.argv[3], sys.argv[2]).touch()\n"
        "while not Path(sys.argv[3], 'go').exists(): time.sleep(0.001)\n"
        "[p.update(**{sys.argv[2]: str(n)}) for n in range(40)]"
    )
    keys = ("proposal", "checkpoint")
    runs = [
        subprocess.Popen([sys.executable, "-c", script, str(project.path), key, str(tmp_path)])
        for key in keys
    ]
    while not all((tmp_path / key).exists() for key in keys):  # both are ready to write
        assert all(run.poll() is None for run in runs)
        time.sleep(0.01)
    (tmp_path / "go").touch()
    for n in range(40):
        project.update(threshold=n / 100)
    assert [run.wait(120) for run in runs] == [0, 0]
    config = project.config
    assert (config.proposal, config.checkpoint, config.threshold) == ("39", "39", 0.39)


def test_settings_come_back_as_they_were(project):
    inference = InferenceConfig(planes=("xy", "yz"), weights=(0.3, 0.7), views="dihedral")
    project.update(inference=inference)
    assert Project.open(project.path).config.inference == inference


def test_a_foreign_project_of_the_same_name_is_passed_by(project, volume):
    np.save(volume, np.zeros((3, 4, 5), np.uint8))
    changed = open_volume(volume)
    path, found = find_project(changed)
    assert (path.name, found) == ("kidney-2.vessel", None)
    made = Project.create(path, changed)
    assert find_project(changed) == (path, made)


def test_another_level_is_another_project(project, volume):
    path, found = find_project(open_volume(volume, VolumeOptions(polarity="dark")))
    assert (path, found) == (project.path, project)


def test_the_default_place_is_beside_the_volume(volume, monkeypatch):
    assert default_project_path(str(volume), fingerprint="x") == volume.with_name("kidney.vessel")
    monkeypatch.chdir(volume.parent)
    assert default_project_path(".", fingerprint="x") == volume.parent.with_suffix(".vessel")


def test_beside_a_volume_that_cannot_be_written_the_data_folder_is_used(volume, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *_: str(volume.parent / "data"))
    one, two = (default_project_path(str(volume), fingerprint=mark) for mark in "ab")
    assert one.parent == two.parent == volume.parent / "data" / "projects"
    assert one.name.startswith("kidney-")
    assert one != two


def test_a_remote_volume_goes_to_the_data_folder():
    path = default_project_path("https://host/a/kidney.ome.zarr?x=1", fingerprint="f")
    assert path.name.startswith("kidney-")
    assert path.suffix == ".vessel"


def test_names_sort_by_time(project):
    names = [project.new_id() for _ in range(50)]
    assert sorted(names, key=lambda name: name.split("-")[0]) == names
    assert len(set(names)) == 50
