"""Bad input to every command gets one clear line, and exit status 2."""

import numpy as np
import pytest

BAD = ["missing", "empty", "mixed", "rgb", "flat.npy", "complex.npy", "object.npy"]
AS_VOLUME = {
    "info": lambda bad, good: ["info", bad, "--no-trial"],
    "new": lambda bad, good: ["new", good / "new.vessel", "--volume", bad],
    "predict": lambda bad, good: ["predict", bad, good / "out.ome.zarr"],
    "correct": lambda bad, good: ["correct", good / "kidney.vessel", "--labels", bad],
    "evaluate": lambda bad, good: ["evaluate", bad, good / "truth.npy"],
    "evaluate truth": lambda bad, good: ["evaluate", good / "truth.npy", bad],
    "export": lambda bad, good: ["export", bad, good / "out.ome.zarr"],
}
AS_PROJECT = {
    "correct": lambda bad, good: ["correct", bad, "--labels", good / "truth.npy"],
    "retrain": lambda bad, good: ["retrain", bad],
    "doctor": lambda bad, good: ["doctor", bad],
}
OF_PROJECT = {
    "predict": lambda good: ["predict", good / "kidney.vessel", good / "out.ome.zarr"],
    "correct": lambda good: [
        "correct", good / "kidney.vessel", "--labels", good / "truth.npy"
    ],
    "retrain": lambda good: ["retrain", good / "kidney.vessel"],
    "evaluate": lambda good: ["evaluate", good / "kidney.vessel", good / "truth.npy"],
    "export": lambda good: ["export", good / "kidney.vessel", good / "out.ome.zarr"],
}  # fmt: skip


def refused(result, *words):
    assert result.exit_code == 2, (result.stdout, result.stderr, result.exception)
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert result.stderr.startswith("napari-vessel: ")
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr
    return True


@pytest.mark.parametrize("command", AS_VOLUME)
@pytest.mark.parametrize("what", BAD)
def test_what_is_no_volume_is_refused(nv, good, bad, command, what):
    before = {path.name for path in good.iterdir()}
    assert refused(nv(*AS_VOLUME[command](bad / what, good), "--json"), what)
    assert {path.name for path in good.iterdir()} == before


@pytest.mark.parametrize("command", AS_PROJECT)
@pytest.mark.parametrize("what", ["missing", "empty", "flat.npy", "mixed"])
def test_what_is_no_project_is_refused(nv, good, bad, command, what):
    assert refused(nv(*AS_PROJECT[command](bad / what, good)), "is no project")


@pytest.mark.parametrize("command", OF_PROJECT)
def test_a_project_of_another_volume_is_refused(nv, good, command):
    np.save(good / "kidney.npy", np.zeros((8, 64, 31), np.uint16))
    assert refused(nv(*OF_PROJECT[command](good)), "not the volume")
    assert not (good / "out.ome.zarr").exists()


@pytest.mark.parametrize("command", OF_PROJECT)
def test_a_project_whose_volume_is_gone_is_refused(nv, good, command):
    (good / "kidney.npy").unlink()
    assert refused(nv(*OF_PROJECT[command](good)), "is gone")


@pytest.mark.parametrize("command", [*OF_PROJECT, "doctor"])
@pytest.mark.parametrize(
    ("content", "word"), [("format = 9", "format 9"), ("a = [", "project.toml")]
)
def test_a_damaged_or_newer_project_is_refused(nv, good, command, content, word):
    (good / "kidney.vessel" / "project.toml").write_text(content)
    args = OF_PROJECT.get(command, lambda good: ["doctor", good / "kidney.vessel"])(good)
    assert refused(nv(*args), word)


@pytest.mark.parametrize(
    "args",
    [
        ["correct", "kidney.vessel", "--labels"],
        ["evaluate", "truth.npy"],
        ["evaluate", "kidney.vessel"],
    ],
)
def test_labels_of_another_shape_are_refused(nv, good, args, monkeypatch):
    monkeypatch.chdir(good)
    np.save(good / "odd.npy", np.zeros((8, 64, 30), np.uint8))
    assert refused(nv(*args, "odd.npy"), "30")


def test_nothing_to_learn_from_is_said_so(nv, good):
    assert refused(nv("retrain", good / "kidney.vessel"), "eview")


@pytest.mark.parametrize(
    "args",
    [
        ["nonsense"],
        ["info"],
        ["info", "kidney.npy", "--level", "-1"],
        ["info", "kidney.npy", "--level", "9"],
        ["info", "kidney.npy", "--channel", "3"],
        ["info", "kidney.npy", "--voxel-size", "1,2"],
        ["info", "kidney.npy", "--voxel-size", "0,1,1"],
        ["info", "kidney.npy", "--voxel-size", ""],
        ["info", "kidney.npy", "--polarity", "grey"],
        ["info", "kidney.npy", "--missing", "maybe"],
        ["info", "kidney.npy", "--what"],
        ["info", ""],
        ["info", "ftp://host/volume"],
        ["new", "x.vessel"],
        ["new", "kidney.vessel", "--volume", "kidney.npy"],
        ["new", "x.vessel", "--volume", "kidney.npy", "--box", "0:9,0:9,0:99"],
        ["new", "x.vessel", "--volume", "kidney.npy", "--box", "0:9"],
        ["new", "x.vessel", "--volume", "kidney.npy", "--box", "0:0,0:9,0:9"],
        ["predict", "kidney.npy"],
        ["predict", "kidney.npy", "out", "--planes", "axial"],
        ["predict", "kidney.npy", "out", "--planes", "xy,xy"],
        ["predict", "kidney.npy", "out", "--planes", ""],
        ["predict", "kidney.npy", "out", "--fuse", "vote", "--planes", "xy"],
        ["predict", "kidney.npy", "out", "--views", "all"],
        ["predict", "kidney.npy", "out", "--zoom", "fine"],
        ["predict", "kidney.npy", "out", "--zoom", "0"],
        ["predict", "kidney.npy", "out", "--zoom", "nan"],
        ["predict", "kidney.npy", "out", "--threshold", "2"],
        ["predict", "kidney.npy", "out", "--checkpoint", "missing"],
        ["predict", "kidney.npy", "out", "--scheduler", "tcp://host:1"],
        ["predict", "kidney.npy", "out", "--box", "0:9,9:0,0:9"],
        ["predict", "kidney.npy", "."],
        ["predict", "kidney.npy", "kidney.npy"],
        ["predict", "kidney.npy", "kidney.npy", "--overwrite"],
        ["predict", "kidney.vessel", "out", "--level", "1", "--polarity", "dark"],
        ["correct", "kidney.vessel"],
        ["correct", "kidney.vessel", "--labels", "truth.npy", "--slices", "xy"],
        ["correct", "kidney.vessel", "--labels", "truth.npy", "--slices", "ab:3"],
        ["correct", "kidney.vessel", "--labels", "truth.npy", "--slices", "xy:99"],
        ["correct", "kidney.vessel", "--labels", "truth.npy", "--box", "0:99,0:1,0:1"],
        ["retrain", "kidney.vessel", "--minutes", "0"],
        ["retrain", "kidney.vessel", "--seed", "-1"],
        ["retrain", "kidney.vessel", "--seed", "x"],
        ["evaluate", "truth.npy"],
        ["evaluate", "truth.npy", "truth.npy", "--threshold", "0.5"],
        ["export", "truth.npy", "out", "--format", "bmp"],
        ["export", "truth.npy", "truth.npy"],
        ["export", "truth.npy", "truth.npy", "--overwrite"],
        ["export", "kidney.vessel", "kidney.vessel/x.ome.zarr"],
        ["export", "kidney.vessel", "out", "--channel", "1"],
        ["doctor", "kidney.vessel", "--dump", "truth.npy"],
    ],
    ids=" ".join,
)
def test_a_mistake_in_the_arguments_is_one_line_and_writes_nothing(nv, good, args, monkeypatch):
    monkeypatch.chdir(good)
    before = {path: path.stat().st_size for path in good.rglob("*") if "logs" not in path.parts}
    assert refused(nv(*args))
    after = {path: path.stat().st_size for path in good.rglob("*") if "logs" not in path.parts}
    assert after == before
