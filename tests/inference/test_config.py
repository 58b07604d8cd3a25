import json
import subprocess
import sys

import pytest
from pydantic import ValidationError

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Plane, VoxelSize
from napari_vessel.inference import InferenceConfig

XY, XZ, YZ = Plane


@pytest.mark.parametrize(
    "options",
    [
        {"planes": ()},
        {"planes": (XY, XY)},
        {"planes": (XY,), "fuse": "vote"},
        {"planes": (XY, XZ), "fuse": "vote", "vote": 3},
        {"fuse": "mean", "vote": 3},
        {"fuse": "max", "planes": (XY, XZ), "weights": (1, 2)},
        {"planes": (XY, XZ), "weights": (1,)},
        {"weights": (1, 1, 1)},
        {"planes": (XY,), "weights": (0,)},
        {"block": (0, 64, 64)},
        {"device": "tpu"},
        {"unknown": 1},
    ],
)
def test_what_would_be_ignored_or_cannot_be_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        InferenceConfig(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "config",
    [
        InferenceConfig(),
        InferenceConfig(planes=(XZ, XY), weights=(2, 1), views="dihedral"),
        InferenceConfig(fuse="vote", vote=3, device="cuda:1"),
    ],
)
def test_a_configuration_comes_back_from_json(config: InferenceConfig) -> None:
    text = json.dumps(config.model_dump(mode="json"))
    assert InferenceConfig.model_validate_json(text) == config


def test_named_planes_are_taken_and_auto_chooses() -> None:
    thin = VoxelSize(5, 1, 1)
    assert InferenceConfig(planes=(YZ,)).planes_for((9, 9, 9), thin) == (YZ,)
    assert InferenceConfig().planes_for((99, 99, 99), thin) == (XY,)
    assert InferenceConfig().planes_for((99, 99, 99)) == (XY, XZ, YZ)


def test_a_vote_of_more_planes_than_suit_the_volume_is_refused() -> None:
    with pytest.raises(CallerError, match="must agree"):
        InferenceConfig(fuse="vote").planes_for((4, 99, 99))


def test_configuring_choosing_and_fusing_need_no_torch() -> None:
    code = (
        "import sys; from napari_vessel.inference import InferenceConfig, choose_planes, fuse\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
