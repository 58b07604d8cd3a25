"""What is wrong with a configuration, in words: the key, what was found, what was expected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

__all__ = ["faults_of", "nearest"]

_MOST = 3  # faults that are told at once
_LONG = 60  # characters of what was found
_SHOULD = ("Input should be ", "String should have ", "Tuple should have ", "List should have ")
_WHOLE = "the file"
_TABLE = re.compile(r"a (valid )?dictionary or (an )?instance of \w+")
_Place = tuple[int | str, ...]
_Kinds = list[type[BaseModel]]


def faults_of(error: ValidationError, model: type[BaseModel]) -> str:
    """Say what is wrong, fault by fault, as one line.

    Parameters
    ----------
    error
        Of validating values as ``model``.
    """
    expected: dict[str, list[str]] = {}  # by key and what was found: unions expect several
    for one in error.errors(include_url=False):
        start, end = _fault(one, model)
        if end not in expected.setdefault(start, []):
            expected[start].append(end)
    told = [f"{start}{_ended(' or '.join(ends))}" for start, ends in expected.items()]
    more = f" And {len(told) - _MOST} more." if len(told) > _MOST else ""
    return " ".join(told[:_MOST]) + more


def nearest(name: str, known: Iterable[str]) -> str:
    """Suggest the known name that is most like ``name``, else list those there are.

    >>> nearest("learning_rte", ["epochs", "learning_rate"])
    'did you mean learning_rate?'
    >>> nearest("x", ["epochs", "batch"])
    'expected one of batch, epochs'
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"expected one of {', '.join(names)}" if names else "nothing is expected there"


def _fault(one: Any, model: type[BaseModel]) -> tuple[str, str]:  # noqa: ANN401  pydantic's dict
    """Return the key with what was found, and what was expected."""
    unknown = one["type"] == "extra_forbidden"
    key, holders, inner = _walked(one["loc"], model, unknown=unknown)
    if unknown:
        known = {name for kind in holders for name in kind.model_fields}
        return f"{key}: there is no such key; ", nearest(str(one["loc"][-1]), known)
    if one["type"] == "missing":
        return f"{key}: missing; expected ", _described(str(one["loc"][-1]), holders)
    if one["type"] == "union_tag_not_found":
        tag = one["ctx"]["discriminator"].strip("'")
        return f"{key}.{tag}: missing; expected one of ", ", ".join(_tags(inner, tag))
    if one["type"] == "union_tag_invalid":
        tag, found = one["ctx"]["discriminator"].strip("'"), one["ctx"]["tag"]
        return f"{key}.{tag}: found {found!r}; ", nearest(found, _tags(inner, tag))
    if one["type"] == "value_error":
        return f"{key}: ", str(one["msg"]).removeprefix("Value error, ")
    return f"{key}: found {_shown(one['input'])}; expected ", _wanted(str(one["msg"]))


def _ended(text: str) -> str:
    return text if text.endswith(("?", ".")) else f"{text}."


def _wanted(text: str) -> str:
    wanted = next((text.removeprefix(one) for one in _SHOULD if text.startswith(one)), text)
    if wanted.startswith(("greater ", "less ")):
        return f"a number {wanted}"
    return _TABLE.sub("a table", wanted)


def _shown(value: object) -> str:
    """Write what was found, as a person wrote it, but short.

    >>> _shown("fast"), _shown({"a": 1, "b": 2}), _shown([1, 2])
    ("'fast'", 'a table with a, b', '[1, 2]')
    """
    if isinstance(value, dict):
        return f"a table with {', '.join(map(str, value)) or 'nothing in it'}"
    if isinstance(value, BaseModel):
        return f"a {type(value).__name__}"
    text = repr(value)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def _described(name: str, holders: Sequence[type[BaseModel]]) -> str:
    for kind in holders:
        field = kind.model_fields.get(name)
        if field is not None and field.description:
            return field.description[0].lower() + field.description[1:].rstrip(".")
    return "a value"


def _tags(kinds: Sequence[type[BaseModel]], tag: str) -> list[str]:
    found = [kind.model_fields[tag].default for kind in kinds if tag in kind.model_fields]
    return sorted(map(str, found))


def _walked(place: _Place, model: type[BaseModel], *, unknown: bool) -> tuple[str, _Kinds, _Kinds]:
    """Follow a place through the models; what is no field on the way is the tag of a union.

    Returns
    -------
    key, holders, inner
        The key as a person writes it, the models that its last part may be a field of, and those
        that may be its value.
    """
    named, holders, inner = "", [model], [model]
    for at, item in enumerate(place):
        if isinstance(item, int):
            named += f"[{item + 1}]"
            continue
        having = [kind for kind in inner if item in kind.model_fields]
        if not having and not (unknown and at == len(place) - 1):
            inner = _tagged(inner, item)
            continue
        holders = having or inner
        named += f".{item}" if named else item
        fields = [kind.model_fields[item].annotation for kind in having]
        inner = [found for annotation in fields for found in _models(annotation)]
    return named or _WHOLE, holders, inner


def _tagged(kinds: _Kinds, tag: str) -> _Kinds:
    """Keep the models that a tag means, where that can be told."""
    found = [
        kind
        for kind in kinds
        if tag == kind.__name__ or any(f.default == tag for f in kind.model_fields.values())
    ]
    return found or kinds


def _models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401  whatever is annotated
    """Yield the models that an annotation holds, in unions, lists and tuples."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, Annotated, tuple, list, dict):
        for inner in get_args(annotation):
            yield from _models(inner)
