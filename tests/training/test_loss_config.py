import pytest
from pydantic import ValidationError

from napari_vessel.training import LossConfig, TrainingConfig


def test_a_loss_of_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="all weights are 0"):
        LossConfig(bce=0, dice=0)


@pytest.mark.parametrize(
    "field",
    [
        {"focal_exponent": 1.0},
        {"tversky_false_positive": 0.5},
        {"tversky_false_negative": 0.5},
        {"tversky_exponent": 0.75},
        {"boundary_reach_px": 3.0},
    ],
)
def test_a_setting_of_a_term_without_weight_is_refused(field: dict[str, float]) -> None:
    (name,) = field
    term = name.split("_")[0]
    with pytest.raises(ValidationError, match=f"{name}=.* has no effect while {term} is 0"):
        LossConfig(**field)
    assert getattr(LossConfig(**field, **{term: 1}), name) == field[name]


def test_surface_dice_alone_is_refused() -> None:
    with pytest.raises(ValidationError, match="cannot tell vessel from background"):
        LossConfig(bce=0, dice=0, surface_dice=1)


def test_a_tversky_that_counts_no_error_is_refused() -> None:
    with pytest.raises(ValidationError, match="no error would count"):
        LossConfig(tversky=1, tversky_false_positive=0, tversky_false_negative=0)


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf")])
def test_a_weight_is_a_number_from_0(weight: float) -> None:
    with pytest.raises(ValidationError, match="bce"):
        LossConfig(bce=weight)


def test_every_field_says_what_it_is() -> None:
    assert all(field.description for field in LossConfig.model_fields.values())


@pytest.mark.parametrize("share", [0, 0.25, 1.0])
def test_what_0_1_called_dice_weight_is_taken(share: float) -> None:
    found = TrainingConfig.model_validate({"dice_weight": share, "minutes": 5})
    expected = LossConfig(bce=1 - share, dice=share)
    assert found == TrainingConfig(minutes=5, loss=expected)
    assert TrainingConfig.model_validate(found.model_dump()) == found


def test_the_old_default_is_the_new_one() -> None:
    assert TrainingConfig.model_validate({"dice_weight": 0.5}) == TrainingConfig()


@pytest.mark.parametrize("share", [-0.1, 1.1, "much", float("nan")])
def test_an_old_share_out_of_bounds_is_refused(share: object) -> None:
    with pytest.raises(ValidationError, match=r"dice_weight=.* from 0 to 1"):
        TrainingConfig.model_validate({"dice_weight": share})


def test_old_and_new_together_are_refused() -> None:
    with pytest.raises(ValidationError, match="leave dice_weight out"):
        TrainingConfig.model_validate({"dice_weight": 0.5, "loss": {}})
