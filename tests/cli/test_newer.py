"""A project of a newer version, on the command line: seen and exported, never changed."""

import shutil
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from napari_vessel.project import Project


@pytest.fixture
def corrected(nv, good):
    """A project with corrections."""
    folder = good / "kidney.vessel"
    assert nv("correct", folder, "--labels", good / "truth.npy").exit_code == 0
    return good


def make_project_newer(folder):
    toml = folder / "project.toml"
    toml.write_text(toml.read_text().replace("format = 1", 'format = 9\nlight = "blue"', 1))


def make_journal_newer(folder):
    (journal,) = (folder / "journal").glob("*.sqlite")
    with closing(sqlite3.connect(journal, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version=2")
        connection.execute("UPDATE facts SET value='2' WHERE name='format'")


def exported(nv, good, truth):
    result = nv("export", good / "kidney.vessel", good / "out.tif", "--format", "tiff-stack")
    assert result.exit_code == 0, result.stderr
    import tifffile

    np.testing.assert_array_equal(tifffile.imread(good / "out.tif") != 0, truth != 0)
    return result


def contents(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.parent.name != "logs"}


CHANGES = {
    "predict": lambda good: ["predict", good / "kidney.vessel"],
    "predict into": lambda good: ["predict", good / "kidney.vessel", good / "mask.ome.zarr"],
    "correct": lambda good: ["correct", good / "kidney.vessel", "--labels", good / "truth.npy"],
    "retrain": lambda good: ["retrain", good / "kidney.vessel"],
    "journals --take": lambda good: ["journals", good / "kidney.vessel", "--take", good / "x"],
}


@pytest.mark.parametrize("command", CHANGES)
def test_a_newer_project_is_not_changed_and_says_what_to_do(nv, corrected, command):
    make_project_newer(corrected / "kidney.vessel")
    before = contents(corrected / "kidney.vessel")
    result = nv(*CHANGES[command](corrected))
    assert result.exit_code == 2, result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "format 9; this version knows up to 1" in result.stderr
    assert "update napari-vessel" in result.stderr
    assert contents(corrected / "kidney.vessel") == before


def test_a_newer_project_is_exported_and_listed(nv, corrected, truth):
    folder = corrected / "kidney.vessel"
    make_project_newer(folder)
    before = contents(folder)
    exported(nv, corrected, truth)
    assert nv("journals", folder).exit_code == 0
    result = nv("doctor", folder)
    assert result.exit_code == 1
    assert "format 9" in result.stdout
    assert contents(folder) == before


def test_a_newer_journal_is_exported_and_the_export_says_what_may_be_missing(nv, corrected, truth):
    make_journal_newer(corrected / "kidney.vessel")
    assert "newer napari-vessel" in exported(nv, corrected, truth).stderr


def test_a_newer_journal_takes_no_corrections(nv, corrected):
    folder = corrected / "kidney.vessel"
    make_journal_newer(folder)
    before = contents(folder / "journal")
    result = nv("correct", folder, "--labels", corrected / "truth.npy")
    assert result.exit_code == 1
    assert "Update napari-vessel to paint" in result.stderr
    assert contents(folder / "journal") == before


def test_a_newer_journal_is_not_taken_in(nv, corrected, tmp_path):
    folder = corrected / "kidney.vessel"
    make_journal_newer(folder)
    (journal,) = (folder / "journal").glob("*.sqlite")
    theirs = shutil.move(journal, tmp_path / "theirs.sqlite")
    result = nv("journals", folder, "--take", theirs)
    assert result.exit_code == 2
    assert "update napari-vessel to take it in" in result.stderr
    assert not Project.open(folder).open_corrections(read_only=True).problems
