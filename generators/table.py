"""A table of a settings file → a frozen dataclass: fields by name, each of its type, nothing misspelt."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def fill(kind: type[T], table: Any, where: str) -> T:
    """Make a dataclass from a table; tables and lists within become what its fields hold.

    Args:
        kind: the dataclass; its fields are numbers, strings, truth values, dataclasses, tuples of
            one of these, or one of these or None.
        table: as read from the file.
        where: what it is called there, for messages.

    Raises:
        ValueError: one line: a field that there is not, is missing or is of the wrong type, or a
            value that the dataclass refuses.
    """
    if not isinstance(table, Mapping):
        raise ValueError(f"{where} should be a table")
    types = get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = [name for name in table if name not in fields]
    if unknown:
        raise ValueError(f"{where} has no {unknown[0]!r}; it has {', '.join(fields)}")
    values = {name: _value(types[name], value, f"{where}.{name}") for name, value in table.items()}
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error


def _value(wanted: Any, value: Any, where: str) -> Any:
    if get_origin(wanted) in (Union, UnionType):
        wanted = next(option for option in get_args(wanted) if option is not type(None))
    if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
        return fill(wanted, value, where)
    if get_origin(wanted) is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{where} should be a list")
        return tuple(_value(get_args(wanted)[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if wanted is float and type(value) in (int, float):
        return float(value)
    if type(value) is not wanted:
        raise ValueError(f"{where} should be {wanted.__name__}, not {value!r}")
    return value
