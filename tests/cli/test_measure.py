import json

import numpy as np
import pytest


@pytest.fixture
def mask(tmp_path):
    _, y, x = np.indices((20, 24, 26))
    np.save(tmp_path / "m.npy", ((y - 12) ** 2 + (x - 12) ** 2 <= 16).astype(np.uint8))
    return tmp_path / "m.npy"


def test_measure_prints_the_numbers_that_are_published(nv, tmp_path, mask) -> None:
    out = tmp_path / "g"
    result = nv("measure", mask, out, "--voxel-size", "10", "--smallest", "9000", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["path"] == str(out)
    assert found["branches"] == 1
    assert found["pieces_removed"] == 0
    assert {"length_mm", "mean_radius_um", "length_density_mm_per_mm3"} <= set(found)
    assert (out / "branches.csv").is_file()


@pytest.mark.parametrize("kind", ["swc", "vesselvio", "amira", "stl", "ply"])
def test_measure_writes_every_format_and_nothing_twice(nv, tmp_path, mask, kind) -> None:
    args = ("measure", mask, tmp_path / "out", "--format", kind)
    assert nv(*args).exit_code == 0
    again = nv(*args)
    assert again.exit_code == 2
    assert "exists already" in again.stderr
    assert nv(*args, "--overwrite").exit_code == 0


def test_measure_refuses_what_it_does_not_know(nv, tmp_path, mask) -> None:
    assert nv("measure", mask, tmp_path / "o", "--format", "xlsx").exit_code == 2
    assert nv("measure", mask, tmp_path / "o", "--box", "0:99,0:1,0:1").exit_code == 2
