import os
import sys

import numpy as np
import pytest

from napari_vessel.errors import (
    CallerError,
    ReadError,
    UnsupportedVolumeError,
    VolumeNotFoundError,
)
from napari_vessel.volumes import open_volume

from .source_contract import truth


@pytest.mark.parametrize("where", ["nothing", "no/where.tif", "http", "", "  ", "a\0b", "x" * 300])
def test_nothing_there_is_said(tmp_path, where, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((VolumeNotFoundError, ReadError)):
        open_volume(where)


@pytest.mark.parametrize("scheme", ["sftp", "hdfs", "n5", "ftp"])
def test_other_schemes_are_refused_in_words(scheme):
    with pytest.raises(UnsupportedVolumeError, match=f"{scheme}:// are not supported"):
        open_volume(f"{scheme}://bucket/a.zarr")


def test_an_empty_folder_and_one_of_other_things_are_refused(tmp_path):
    with pytest.raises(UnsupportedVolumeError, match="it is empty"):
        open_volume(tmp_path)
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(UnsupportedVolumeError, match=r"it holds a\.png"):
        open_volume(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"II", b"text"])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(UnsupportedVolumeError, match="no volume this program knows"):
        open_volume(tmp_path / "a.tif")


@pytest.mark.parametrize("name", ["größe 1", "🫘", "-x", "CON", "a" * 251, "Ü%20#?"])
def test_odd_names_open(tmp_path, name):
    np.save(tmp_path / f"{name}.npy", truth())
    volume = open_volume(tmp_path / f"{name}.npy")
    assert volume.shape == truth().shape
    assert name in volume.uri


def test_what_it_is_follows_from_the_content_not_the_name(tmp_path):
    np.save(tmp_path / "a.npy", truth())
    (tmp_path / "a.npy").rename(tmp_path / "a.tif")
    assert open_volume(str(tmp_path / "a.tif")).shape == truth().shape
    assert open_volume((tmp_path / "a.tif").as_uri()).shape == truth().shape


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_one_may_not_read_is_an_error(tmp_path):
    np.save(tmp_path / "a.npy", truth())
    (tmp_path / "a.npy").chmod(0)
    with pytest.raises(ReadError, match="cannot be read"):
        open_volume(tmp_path / "a.npy")


def test_errors_are_one_line(tmp_path):
    (tmp_path / "a").write_bytes(b"text")
    with pytest.raises(CallerError) as caught:
        open_volume(tmp_path / "a")
    assert "\n" not in str(caught.value)


def test_opening_imports_no_torch(tmp_path):
    import subprocess

    code = "import sys, napari_vessel.volumes as v; v.open_volume; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
