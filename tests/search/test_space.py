import pytest
from pydantic import ValidationError

from napari_vessel.search import Choice, Range, SearchSpace


def test_whole_numbers_are_told_from_others():
    assert Range(low=1, high=8).whole
    assert not Range(low=1.0, high=8.0).whole


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"low": 2, "high": 1}, "low=2 must be below high=1"),
        ({"low": 0.0, "high": 1.0, "log": True}, "must be above 0"),
        ({"low": 1, "high": 8, "log": True, "step": 2}, "step has no effect"),
        ({"low": 1, "hihg": 8}, "hihg"),
        ({"choices": []}, "at least 1"),
        ({"choices": [1, 1]}, "name each value once"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(setting, says):
    with pytest.raises(ValidationError, match=says):
        SearchSpace.model_validate({"batch": setting})


def test_conditions_name_a_choice_that_stands_before():
    with pytest.raises(ValidationError, match="no choice that stands before"):
        SearchSpace.model_validate({"m": {"low": 0, "high": 1, "when": {"optimiser": ["sgd"]}}})
    with pytest.raises(ValidationError, match="'lion' is none of its choices"):
        SearchSpace.model_validate(
            {"o": {"choices": ["sgd"]}, "m": {"low": 0, "high": 1, "when": {"o": ["lion"]}}}
        )


def test_a_table_of_choices_stands_for_its_values():
    space = SearchSpace.model_validate(
        {"loss": {"choices": {"dice": {"bce": 0, "dice": 1}, "both": {"bce": 1, "dice": 1}}}}
    )
    assert space.value_of("loss", "dice") == {"bce": 0, "dice": 1}
    assert list(space.settings["loss"].by_label) == ["dice", "both"]
    assert Choice(choices=[[1, 2], [3]]).by_label == {"[1, 2]": [1, 2], "[3]": [3]}
