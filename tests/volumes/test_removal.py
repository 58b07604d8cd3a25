import shutil

import pytest

from napari_vessel.errors import WriteError
from napari_vessel.volumes import _removal, remove_at_once, remove_half_removed


def folder_in(parent):
    folder = parent / "a.ome.zarr"
    (folder / "0" / "c").mkdir(parents=True)
    (folder / "zarr.json").write_text("{}")
    (folder / "0" / "c" / "0").write_bytes(b"voxels")
    return folder


def test_a_folder_is_gone_before_anything_in_it_is_deleted(tmp_path, monkeypatch):
    folder, seen = folder_in(tmp_path), []

    def watched(path, **options):
        seen.append((folder.exists(), sorted(p.name for p in path.rglob("*"))))

    monkeypatch.setattr(_removal.shutil, "rmtree", watched)
    remove_at_once(folder)
    assert seen == [(False, ["0", "0", "c", "zarr.json"])]


def test_what_a_killed_removal_left_is_deleted_by_the_next(tmp_path, monkeypatch):
    def killed(path, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(_removal.shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            remove_at_once(folder_in(tmp_path))
    assert len(list(tmp_path.iterdir())) == 1
    folder = folder_in(tmp_path)
    remove_half_removed(tmp_path)
    assert list(tmp_path.iterdir()) == [folder]
    remove_at_once(folder)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_another_process_removed_is_no_error(tmp_path):
    folder = folder_in(tmp_path)
    shutil.rmtree(folder)
    remove_at_once(folder)


def test_a_folder_that_cannot_be_removed_stays_whole(tmp_path, monkeypatch):
    folder = folder_in(tmp_path)

    def refuse(self, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(folder), "rename", refuse)
    with pytest.raises(WriteError, match=r"cannot be deleted: Permission denied"):
        remove_at_once(folder)
    assert (folder / "0" / "c" / "0").read_bytes() == b"voxels"
