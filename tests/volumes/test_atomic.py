import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from napari_vessel.errors import OutputExistsError, ReadError, WriteError
from napari_vessel.volumes import _atomic as atomic
from napari_vessel.volumes import _exchange as exchange_module
from napari_vessel.volumes import folder_beside, replace_folder, write_atomically


@pytest.fixture(params=[True, False], ids=["one step", "two steps"])
def exchanging(request, monkeypatch):
    """Every law holds with and without the system's exchange of two names."""
    if not request.param:
        monkeypatch.setattr(exchange_module, "_exchanged", lambda new, standing: False)
    return request.param


@pytest.fixture
def calls(monkeypatch):
    """The order in which files are synced and moved."""
    seen = []
    fsync, replace = os.fsync, os.replace

    def record_sync(handle):
        seen.append(("sync", Path(f"/proc/self/fd/{handle}").readlink().name.split(".partial")[0]))
        fsync(handle)

    def record_move(source, target):
        seen.append(("move", Path(target).name))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", record_sync)
    monkeypatch.setattr(os, "replace", record_move)
    return seen


def names(folder):
    return sorted(p.name for p in folder.iterdir())


linux = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads names from /proc")


@linux
def test_a_file_is_synced_then_moved_then_its_folder_synced(tmp_path, calls):
    write_atomically(tmp_path / "card.json", b"{}")

    assert calls == [("sync", "card.json"), ("move", "card.json"), ("sync", tmp_path.name)]


@linux
def test_a_folder_is_synced_whole_then_moved_then_its_parent_synced(tmp_path, calls):
    with atomic.folder_beside(tmp_path / "out") as beside:
        (beside / "inner").mkdir()
        (beside / "inner" / "a").write_bytes(b"a")

    assert calls == [
        ("sync", "a"),
        ("sync", "inner"),
        ("sync", "out"),
        ("move", "out"),
        ("sync", tmp_path.name),
    ]


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "new folder" / "a"
    write_atomically(path, b"old")

    write_atomically(path, lambda beside: beside.write_bytes(b"new"))

    assert path.read_bytes() == b"new"
    assert names(path.parent) == ["a"]


@pytest.mark.parametrize("error", [ReadError("no"), OSError(28, "No space"), KeyboardInterrupt()])
def test_an_interrupted_write_keeps_the_old_file(tmp_path, error):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def write_half(beside):
        beside.write_bytes(b"ne")
        raise error

    with pytest.raises(WriteError if type(error) is OSError else type(error)):
        write_atomically(path, write_half)

    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("call", ["fsync", "replace", "open"])
@pytest.mark.parametrize("k", range(3))
def test_a_write_whose_kth_call_fails_is_old_or_new_and_can_be_tried_again(
    tmp_path, monkeypatch, call, k
):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    real, count = getattr(os, call), iter(range(1000))

    def failing(*args, **kwargs):
        if next(count) == k:
            raise OSError(5, "Input/output error")
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing)
        try:
            write_atomically(path, b"new")
        except WriteError as error:
            assert "Input/output error" in str(error)

    assert path.read_bytes() in {b"old", b"new"}
    assert names(tmp_path) == ["a"]
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_name_of_255_bytes_can_be_written(tmp_path):
    path = tmp_path / ("é" * 127 + "a")
    write_atomically(path, b"x")
    assert path.read_bytes() == b"x"


def test_a_folder_takes_the_place_of_the_old_one(tmp_path, exchanging):
    for name, text in (("new", "2"), ("out", "1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / text).touch()

    replace_folder(tmp_path / "new", tmp_path / "out")

    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["2"]


def test_a_folder_takes_the_place_of_a_file(tmp_path, exchanging):
    (tmp_path / "new").mkdir()
    (tmp_path / "out").touch()

    replace_folder(tmp_path / "new", tmp_path / "out")

    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out").is_dir()


def test_a_move_that_fails_leaves_the_old_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(exchange_module, "_exchanged", lambda new, standing: False)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "1").touch()

    def failing(source, target):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch, pytest.raises(WriteError, match="out"):
        patch.setattr(os, "replace", failing)
        with atomic.folder_beside(tmp_path / "out", overwrite=True):
            pass

    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["1"]


def test_an_interrupted_folder_keeps_the_old_one(tmp_path, exchanging):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "1").touch()

    with (
        pytest.raises(ReadError),
        atomic.folder_beside(tmp_path / "out", overwrite=True) as beside,
    ):
        (beside / "2").touch()
        raise ReadError("no")

    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["1"]


def test_nothing_is_replaced_unasked_even_if_it_came_meanwhile(tmp_path):
    with (
        pytest.raises(OutputExistsError, match="exists already"),
        atomic.folder_beside(tmp_path / "out") as _,
    ):
        (tmp_path / "out").write_bytes(b"someone else's")

    assert (tmp_path / "out").read_bytes() == b"someone else's"
    assert names(tmp_path) == ["out"]


def test_a_folder_that_others_still_write_into_is_gone_once_they_stopped(tmp_path):
    def write_on(folder: Path) -> None:
        for number in range(40):
            chunk = folder / str(number % 4) / "chunk"
            chunk.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # its folder was deleted in between
                chunk.write_bytes(b"late")
            time.sleep(0.005)

    with pytest.raises(ReadError), folder_beside(tmp_path / "out") as beside:
        late = threading.Thread(target=write_on, args=(beside,))
        late.start()
        raise ReadError("one chunk could not be read")

    late.join()
    assert not list(tmp_path.iterdir())
