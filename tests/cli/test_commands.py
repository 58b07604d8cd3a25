"""What the commands print, and how they end."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import napari_vessel
from napari_vessel.cli import app
from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import CheckpointCard, NetworkConfig, build_network, save_checkpoint
from napari_vessel.project import Project
from napari_vessel.volumes import Volume, mask_of, open_volume
from napari_vessel.workflows import Progress

COMMANDS = ("demo", "info", "new", "predict", "correct", "retrain", "evaluate", "export", "doctor")
MASK_OPTIONS = ("--level", "--channel", "--voxel-size", "--missing")
VOLUME_OPTIONS = (*MASK_OPTIONS, "--polarity", "--whole")
OPTIONS = {
    "demo": ("--no-gui", "--overwrite"),
    "info": VOLUME_OPTIONS,
    "new": ("--volume", "--box", *VOLUME_OPTIONS),
    "predict": (
        "--checkpoint", "--box", "--planes", "--views", "--zoom", "--fuse", "--threshold",
        "--device", "--scheduler", "--probability", "--overwrite", *VOLUME_OPTIONS,
    ),
    "correct": ("--labels", "--slices", "--box"),
    "retrain": ("--minutes", "--seed", "--keep-encoder"),
    "evaluate": MASK_OPTIONS,
    "export": ("--format", "--overwrite", *MASK_OPTIONS),
    "doctor": ("--dump",),
}  # fmt: skip


def answer(result, status=0):
    """Check the status and that stdout is one JSON object; return it."""
    assert result.exit_code == status, (result.stdout, result.stderr, result.exception)
    assert len(result.stdout.splitlines()) == 1
    return json.loads(result.stdout)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_options_and_json(command):
    import typer

    parameters = typer.main.get_command(app).commands[command].params
    names = {
        name for parameter in parameters for name in (*parameter.opts, *parameter.secondary_opts)
    }
    assert {"--json", *OPTIONS[command]} <= names


def test_the_whole_way_answers_in_json(nv, good, truth):
    made = answer(nv("new", good / "new.vessel", "--volume", good / "kidney.npy", "--json"))
    assert made == {"project": str(good / "new.vessel"), "region": "0:8,0:64,0:32"}
    project = good / "kidney.vessel"
    taken = answer(
        nv("correct", project, "--labels", good / "truth.npy", "--slices", "xy:3,5", "--json")
    )
    assert (taken["reviewed"], taken["vessel"]) == (2 * 64 * 32, int(truth[3].sum() * 2))
    learned = answer(nv("retrain", project, "--seed", 3, "--keep-encoder", "--json"))
    assert set(learned) >= {"adopted", "provisional", "checkpoint", "reason", "score_before"}
    mask = good / "mask.ome.zarr"
    predicted = answer(nv("predict", project, mask, "--probability", "--json"))
    assert (predicted["mask"], predicted["state"], predicted["blocks"]) == (
        str(mask),
        "complete",
        2,
    )
    assert (predicted["failed"], predicted["missing_chunks"]) == ([], 0)
    scores = answer(nv("evaluate", mask, good / "truth.npy", "--json"))
    assert set(scores) >= {"dice", "iou", "precision", "recall", "surface_dice", "cldice"}
    probability = good / "mask.probability.ome.zarr"
    judged = answer(nv("evaluate", probability, good / "truth.npy", "--threshold", 0.5, "--json"))
    assert 0 <= judged["auc"] <= 1
    assert judged["dice"] == scores["dice"]
    exported = answer(nv("export", project, good / "out", "--format", "tiff", "--json"))
    assert (exported["format"], exported["voxels"]) == ("tiff", truth.size)
    found = answer(nv("doctor", project, "--dump", good / "strokes.csv", "--json"))
    assert (found["sound"], found["strokes"], found["problems"]) == (True, 2, [])


def test_info_tells_what_a_volume_is(nv, good):
    told = answer(nv("info", good / "kidney.npy", "--no-trial", "--voxel-size", "5,2,2", "--json"))
    assert (told["shape"], told["dtype"], told["voxel_size_um"]) == (
        [8, 64, 32],
        "uint16",
        [5, 2, 2],
    )
    assert told["prediction_memory_gb"] > 0
    assert told["prediction_minutes"] is None


def test_info_forecasts_the_time_with_the_bundled_network(nv, good):
    assert answer(nv("info", good / "kidney.npy", "--json"))["prediction_minutes"] > 0


def test_without_json_a_person_reads_lines(nv, good):
    result = nv("info", good / "kidney.npy", "--no-trial")
    assert result.exit_code == 0
    assert any(line.split() == ["dtype", "uint16"] for line in result.stdout.splitlines())


def test_a_prediction_of_a_project_takes_the_project_s_settings(nv, good):
    Project(good / "kidney.vessel").update(threshold=0.0)
    answer(nv("predict", good / "kidney.vessel", good / "all.ome.zarr", "--json"))
    assert open_volume(good / "all.ome.zarr").read(box_of(good)).all()
    text = (good / "all.ome.zarr" / "zarr.json").read_text()
    assert '"tiny"' in text
    args = "--threshold", 1, "--fuse", "max", "--planes", "xy,xz"
    answer(nv("predict", good / "kidney.vessel", good / "none.ome.zarr", *args, "--json"))
    assert not open_volume(good / "none.ome.zarr").read(box_of(good)).any()
    recipe = json.loads((good / "none.ome.zarr" / "zarr.json").read_text())
    chosen = recipe["attributes"]["napari-vessel"]["recipe"]["inference"]
    assert (chosen["fuse"], chosen["planes"], chosen["views"]) == ("max", ["xy", "xz"], "none")


def test_a_project_proposes_corrects_learns_and_proposes_again_without_a_window(nv, good, truth):
    project, where = Project(good / "kidney.vessel"), good / "kidney.vessel"
    first = answer(nv("predict", where, "--json"))
    assert (first["state"], first["blocks"], first["project"]) == ("complete", 2, str(where))
    assert first["proposal"] == project.config.proposal
    nv("correct", where, "--labels", good / "truth.npy", "--slices", "xy:3,5")
    answer(nv("retrain", where, "--seed", 3, "--json"))
    second = answer(nv("predict", where, "--json"))
    assert second["proposal"] == project.config.proposal != first["proposal"]
    exported = answer(nv("export", where, good / "mask.ome.zarr", "--json"))
    mask = open_volume(exported["path"]).read(box_of(good)) != 0
    shown = mask_of(project.open_proposal().probability(box_of(good)), project.threshold)
    np.testing.assert_array_equal(mask[[3, 5]], truth[[3, 5]] != 0)
    others = [0, 1, 2, 4, 6, 7]
    np.testing.assert_array_equal(mask[others], shown[others] != 0)


def test_what_a_project_s_proposal_is_given_are_the_project_s_settings(nv, good):
    project = Project(good / "kidney.vessel")
    args = "--threshold", 0.25, "--smallest-um3", 40, "--planes", "xy,xz", "--fuse", "max"
    told = answer(nv("predict", project.path, *args, "--json"))
    assert (told["threshold"], told["smallest_um3"]) == (0.25, 40)
    config = project.config
    assert (config.threshold, config.smallest_um3) == (0.25, 40)
    assert config.inference.planes == (Plane.XY, Plane.XZ)
    assert (config.inference.fuse, config.inference.views) == ("max", "none")
    assert project.open_proposal().is_cleaned
    answer(nv("predict", project.path, "--box", "0:8,0:32,0:32", "--json"))
    assert project.config.threshold == 0.25
    assert project.open_proposal().region == Box.parse("0:8,0:32,0:32")


THREE = InferenceConfig(planes=tuple(Plane), views="none", block=(8, 64, 32), halo=0, device="cpu")
WEIGHTED = THREE.model_copy(update={"weights": (1, 0.55, 0.04)})
VOTING = THREE.model_copy(update={"fuse": "vote", "vote": 3})


@pytest.mark.parametrize(
    ("settings", "args", "told"),
    [
        (WEIGHTED, ("--planes", "xy"), "0.55 for xz"),
        (WEIGHTED, ("--planes", "auto"), "0.55 for xz"),
        (WEIGHTED, ("--fuse", "max"), "0.55 for xz"),
        (VOTING, ("--fuse", "mean"), "vote = 3"),
    ],
)
@pytest.mark.parametrize("out", [(), ("mask.ome.zarr",)])
def test_settings_that_what_is_asked_for_leaves_without_meaning_go_and_are_told(
    nv, good, settings, args, told, out
):
    project = Project(good / "kidney.vessel")
    project.update(inference=settings)
    result = nv("predict", project.path, *(good / name for name in out), *args, "--json")
    assert answer(result)["state"] == "complete"
    assert told in result.stderr
    kept = settings if out else settings.model_copy(update={"weights": (), "vote": 2})
    found = project.config.inference
    assert (found.weights, found.vote) == (kept.weights, kept.vote)


def test_a_network_for_more_channels_is_refused_with_its_field_and_nothing_changes(nv, good):
    project = Project(good / "kidney.vessel")
    config = NetworkConfig(
        encoder="tu-resnet10t", encoder_depth=3, decoder_channels=(8, 8, 8), in_channels=3
    )
    card = CheckpointCard(network=config, voxel_size_um=(50, 50, 50))
    save_checkpoint(project.checkpoints / "colour", build_network(config).eval(), card)
    before = (project.path / "project.toml").read_text()
    for args in ((), (good / "mask.ome.zarr",)):
        result = nv("predict", project.path, *args, "--checkpoint", "colour")
        assert result.exit_code in (1, 2), result.exception
        assert "network.in_channels = 3" in result.stderr
        assert "Choose another checkpoint" in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert (project.path / "project.toml").read_text() == before
    assert nv("checkpoints", project.path, "--use", "colour").exit_code in (1, 2)
    assert project.config.checkpoint == "tiny"


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("kidney.npy",), "OUT is missing"),
        (("kidney.vessel", "--probability"), "--probability goes with OUT"),
        (("kidney.vessel", "--overwrite"), "--overwrite goes with OUT"),
        (("kidney.vessel", "--checkpoint", "none"), "has no checkpoint none, but starter, tiny"),
        (("kidney.vessel", "--level", "1"), "leave out --level"),
        (("kidney.vessel", "--threshold", 0.1, "--box", "0:9,0:64,0:32"), "0:9,0:64,0:32"),
        (("kidney.vessel", "--smallest-um3", "inf"), "Smallest piece inf"),
    ],
)
def test_without_out_what_cannot_be_is_said_in_one_line_and_nothing_changes(nv, good, args, why):
    before = (good / "kidney.vessel" / "project.toml").read_text()
    result = nv("predict", good / args[0], *args[1:])
    assert result.exit_code == 2
    assert why in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert (good / "kidney.vessel" / "project.toml").read_text() == before


def test_a_checkpoint_of_the_project_s_that_is_asked_for_is_in_use(nv, good):
    project = Project(good / "kidney.vessel")
    project.update(checkpoint="starter")
    answer(nv("predict", project.path, "--checkpoint", "tiny", "--json"))
    assert project.config.checkpoint == "tiny"


def test_a_proposal_that_ends_partial_says_so_and_returns_3(nv, good, cut):
    result = nv("predict", good / "kidney.vessel", "--json")
    told = answer(result, status=3)
    assert (told["state"], [failed["box"] for failed in told["failed"]]) == (
        "partial",
        ["0:8,32:64,0:32"],
    )
    assert "1 of 2 blocks failed" in result.stderr


@pytest.mark.parametrize("polarity", ["dark", "bright"])
def test_info_prints_the_polarity_chosen(nv, good, polarity):
    told = answer(nv("info", good / "kidney.npy", "--no-trial", "--polarity", polarity, "--json"))
    assert told["polarity"] == polarity
    assert told["polarity_confidence"] is None
    assert "Chosen" in told["polarity_reason"]


def box_of(good):
    return Box.of(open_volume(good / "kidney.npy").shape)


@pytest.fixture
def cut(monkeypatch, good):
    """Make the lower half of the volume unreadable."""
    read, window = Volume.read, open_volume(good / "kidney.npy").window()

    def failing(self, box, level=0):
        if box.start[1] >= 32:
            raise ReadError("slice 3 is cut")
        return read(self, box, level)

    monkeypatch.setattr(Volume, "window", lambda _, **__: window)
    monkeypatch.setattr(Volume, "read", failing)


def test_a_run_that_ends_partial_says_so_and_returns_3(nv, good, cut):
    result = nv("predict", good / "kidney.vessel", good / "out.ome.zarr", "--json")
    told = answer(result, status=3)
    assert (told["state"], told["mask"], told["blocks"]) == ("partial", None, 2)
    assert [failed["box"] for failed in told["failed"]] == ["0:8,32:64,0:32"]
    assert "1 of 2 blocks failed" in result.stderr
    assert not (good / "out.ome.zarr").exists()


def test_before_a_big_run_memory_disk_and_time_are_said(nv, good, monkeypatch):
    monkeypatch.setattr("napari_vessel.cli._forewarning._BIG", 1)
    result = nv("predict", good / "kidney.vessel", good / "out.ome.zarr", "--json")
    assert answer(result)["state"] == "complete"
    assert all(word in result.stderr for word in ("GB of memory", "GB of disk", "minutes"))


def test_missing_chunks_are_told(nv, good, monkeypatch):
    monkeypatch.setattr(Volume, "missing_chunks", property(lambda _: 12))
    result = nv("predict", good / "kidney.vessel", good / "out.ome.zarr", "--json")
    assert answer(result)["missing_chunks"] == 12
    assert "12 chunks were missing" in result.stderr


def test_a_fault_of_the_world_returns_1_with_one_line(nv, good, monkeypatch):
    def fail(*_, **__):
        raise ReadError("the disk is on fire")

    monkeypatch.setattr(Volume, "window", fail)
    result = nv("predict", good / "kidney.vessel", good / "out.ome.zarr")
    assert result.exit_code == 1
    assert result.stderr == "napari-vessel: the disk is on fire\n"


def test_doctor_returns_1_where_something_is_wrong(nv, good):
    (good / "kidney.vessel" / "checkpoints" / "tiny" / "card.json").write_text("{")
    told = answer(nv("doctor", good / "kidney.vessel", "--json"), status=1)
    assert not told["sound"]
    assert "card.json" in told["problems"][0]


def test_an_error_nobody_foresaw_returns_1(nv, good, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("napari_vessel.cli._info.open_volume", fail)
    result = nv("info", good / "kidney.npy")
    assert result.exit_code == 1
    assert isinstance(result.exception, ZeroDivisionError)


def test_an_interrupt_ends_with_one_line_and_130(nv, good, monkeypatch):
    def interrupt(*_):
        yield Progress(0, 1, "blocks", "x")
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_vessel.cli._output.WORKFLOWS", {"doctor": interrupt})
    result = nv("doctor", good / "kidney.vessel")
    assert result.exit_code == 130
    assert result.stderr == "napari-vessel: Interrupted. What was done is kept.\n"


def test_the_version_is_printed(nv):
    result = nv("--version")
    assert (result.exit_code, result.stdout) == (0, f"{napari_vessel.__version__}\n")


def test_without_a_command_the_help_is_shown(nv):
    result = nv()
    assert result.exit_code == 0
    assert all(command in result.stdout for command in COMMANDS)


def test_verbose_logs_on_stderr_and_only_then(nv, good):
    args = "correct", good / "kidney.vessel", "--labels", good / "truth.npy", "--json"
    assert answer(quiet := nv(*args))
    assert quiet.stderr == ""
    assert answer(loud := nv("-v", *args))
    assert "Asked: Correct(" in loud.stderr


def test_projects_are_logged_and_lookers_write_nothing(nv, good):
    log = good / "kidney.vessel" / "logs" / "napari-vessel.log"
    nv("doctor", good / "kidney.vessel")
    nv("evaluate", good / "kidney.vessel", good / "truth.npy")
    assert not log.exists()
    nv("correct", good / "kidney.vessel", "--labels", good / "missing.npy")
    assert "Correct failed: VolumeNotFoundError" in log.read_text()


def program(*args):
    return [sys.executable, "-m", "napari_vessel", *map(str, args)]


def test_the_program_writes_json_and_nothing_else_to_stdout(good, environment):
    run = subprocess.run(
        program("-v", "predict", good / "kidney.vessel", good / "out.ome.zarr", "--json"),
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["state"] == "complete"
    assert run.stdout.count("\n") == 1
    assert "%|" not in run.stderr  # no bar where nobody looks


def test_the_program_refuses_with_one_line(good, environment):
    run = subprocess.run(
        program("info", good / "missing.npy"),
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert (run.returncode, run.stdout) == (2, "")
    assert len(run.stderr.splitlines()) == 1


def test_info_and_doctor_bring_neither_torch_nor_napari(good, environment):
    script = (
        "import sys; from napari_vessel.cli import app\n"
        "try: app(sys.argv[1:])\n"
        "except SystemExit as end:\n"
        "    sys.exit(end.code or 'torch' in sys.modules or 'napari' in sys.modules)"
    )
    for args in (["info", good / "kidney.npy", "--no-trial"], ["doctor", good / "kidney.vessel"]):
        run = subprocess.run(
            [sys.executable, "-c", script, *map(str, args)],
            capture_output=True, text=True, check=False, env=environment,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_ends_a_real_run_cleanly_and_it_goes_on(good, environment, nv):
    big = np.random.default_rng(0).integers(0, 999, (8, 256, 512)).astype(np.uint16)
    np.save(good / "big.npy", big)
    checkpoint = good / "kidney.vessel" / "checkpoints" / "tiny"
    args = "predict", good / "big.npy", good / "big.ome.zarr", "--checkpoint", checkpoint, "--json"
    with subprocess.Popen(
        program("-v", *args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment,
    ) as run:  # fmt: skip
        for line in run.stderr:
            if "Asked" in line:
                break
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=120)
    assert run.returncode == 130, err
    assert out == ""
    assert "Traceback" not in err
    assert answer(nv(*args, "--views", "flips"))["state"] == "complete"


def test_a_reader_that_goes_away_is_no_traceback(good, environment):
    with subprocess.Popen(
        program("info", good / "kidney.npy", "--no-trial"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
    ) as run:  # fmt: skip
        run.stdout.close()
        error = run.stderr.read().decode()
    assert run.returncode == 1
    assert "Traceback" not in error
