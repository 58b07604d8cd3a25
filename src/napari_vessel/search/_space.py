"""What a study may choose from: ranges and choices by name. Imports no optuna, no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, Discriminator, Field, RootModel, Tag, model_validator

__all__ = ["Choice", "Range", "SearchSpace", "Value", "label_of"]

Value = Any
"""What a setting of a run can be: a number, a text, a switch, or a table of such."""

_Number = Annotated[int | float, Field(allow_inf_nan=False)]
_When = Annotated[
    dict[str, tuple[bool | int | float | str, ...]],
    Field(description="Only where other settings are one of these: {optimiser = ['sgd']}."),
]


class Range(BaseModel, frozen=True, extra="forbid"):
    """Numbers from ``low`` to ``high``, both included; whole ones where both are whole."""

    low: _Number = Field(description="The least.")
    high: _Number = Field(description="The most.")
    log: bool = Field(default=False, description="Drawn evenly by order of magnitude.")
    step: int | float | None = Field(None, gt=0, description="Distance of what is drawn.")
    when: _When = {}

    @property
    def whole(self) -> bool:
        """Whether whole numbers are drawn."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def holds(self, value: Value) -> bool:
        """Tell whether a value lies in it."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and self.low <= value <= self.high

    def samples(self) -> list[Value]:
        """Return its ends: what a configuration is tried with before any work."""
        return [self.low, self.high]

    @model_validator(mode="after")
    def _something_to_choose(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low={self.low} must be below high={self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"low={self.low}: with log = true it must be above 0")
        if self.log and self.step is not None:
            raise ValueError("step has no effect with log = true: leave one of them out")
        return self


class Choice(BaseModel, frozen=True, extra="forbid"):
    """One of a few values: a list, or a table of names and values."""

    choices: Annotated[
        dict[str, Value] | tuple[Value, ...],
        Field(min_length=1, description="The values; a table names those that are tables."),
    ]
    when: _When = {}

    @property
    def by_label(self) -> dict[bool | int | float | str, Value]:
        """The values by what tables and pictures call them."""
        given = self.choices
        pairs = given.items() if isinstance(given, dict) else ((label_of(v), v) for v in given)
        return dict(pairs)

    def samples(self) -> list[Value]:
        """Return every value: what a configuration is tried with before any work."""
        return list(self.by_label.values())

    @model_validator(mode="after")
    def _no_value_twice(self) -> Self:
        labels = [json.dumps(value, sort_keys=True, default=str) for value in self.samples()]
        if len(set(labels)) != len(self.choices):
            raise ValueError(f"choices={self.choices}: name each value once")
        return self


def label_of(value: Value) -> bool | int | float | str:
    """Return what a value is called where it is no table's.

    >>> label_of(0.1), label_of((256, 128)), label_of({"bce": 1})
    (0.1, '[256, 128]', '{"bce": 1}')
    """
    return value if isinstance(value, bool | int | float | str) else json.dumps(value)


_Setting = Annotated[
    Annotated[Range, Tag("range")] | Annotated[Choice, Tag("choice")],
    Discriminator(lambda value: "choice" if _has(value, "choices") else "range"),
]


class SearchSpace(RootModel[dict[str, _Setting]], frozen=True):
    """The settings that are tuned, by name, in the order they are drawn in."""

    @property
    def settings(self) -> Mapping[str, Range | Choice]:
        """Range or choice by name."""
        return self.root

    def drawn(self, name: str, values: Mapping[str, object]) -> bool:
        """Tell whether a setting is drawn, beside ``values`` of those before it."""
        when = self.root[name].when
        return all(values.get(other) in allowed for other, allowed in when.items())

    def value_of(self, name: str, label: object) -> Value:
        """Return the value that a label of a setting stands for."""
        setting = self.root[name]
        return label if isinstance(setting, Range) else setting.by_label[label]  # type: ignore[index]

    @model_validator(mode="after")
    def _conditions_can_be_met(self) -> Self:
        before: dict[str, Range | Choice] = {}
        for name, setting in self.root.items():
            for other, allowed in setting.when.items():
                found = before.get(other)
                if not isinstance(found, Choice):
                    raise ValueError(f"{name}.when: {other} is no choice that stands before it")
                if unknown := [one for one in allowed if one not in found.by_label]:
                    raise ValueError(f"{name}.when.{other}: {unknown[0]!r} is none of its choices")
            before[name] = setting
        return self


def _has(value: object, name: str) -> bool:
    return name in value if isinstance(value, dict) else hasattr(value, name)
