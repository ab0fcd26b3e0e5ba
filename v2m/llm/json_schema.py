"""Whether a value is as a JSON schema says: the part of the standard that v2m's own questions need.

Draft 2020-12's `type`, `properties`, `required`, `additionalProperties: false`, `items`, `minItems`,
`maxItems`, `enum`, `minimum`, `maximum`, `maxLength` and `anyOf`. A keyword that is not among these is
refused rather than passed over.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
KEYWORDS = frozenset(
    {
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "minItems",
        "maxItems",
        "enum",
        "minimum",
        "maximum",
        "maxLength",
        "anyOf",
        "description",
    }
)
TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


class SchemaError(ValueError):
    """A value is not as its schema says; the message names the place."""


def check(value: Any, schema: Schema, where: str = "the answer") -> None:
    """Check a value read from JSON.

    Raises:
        SchemaError: naming the place and what was expected.
        KeyError: if the schema uses a keyword that is not known here.
    """
    unknown = set(schema) - KEYWORDS
    if unknown:
        raise KeyError(f"unknown keywords {sorted(unknown)}")
    if "anyOf" in schema:
        _any_of(value, schema["anyOf"], where)
        return
    if "type" in schema:
        _typed(value, schema["type"], where)
    if "enum" in schema and value not in schema["enum"]:
        raise SchemaError(f"{where} is {value!r}, none of {', '.join(map(str, schema['enum']))}")
    if isinstance(value, dict):
        _object(value, schema, where)
    elif isinstance(value, list):
        _array(value, schema, where)
    elif isinstance(value, str) and len(value) > schema.get("maxLength", math.inf):
        raise SchemaError(f"{where} is longer than {schema['maxLength']} characters")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        if not low <= value <= high:
            raise SchemaError(f"{where} is {value}, not {low:g} to {high:g}")


def _typed(value: Any, name: str, where: str) -> None:
    fits = isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
    if name == "number" and isinstance(value, float) and not math.isfinite(value):
        fits = False
    if not fits:
        raise SchemaError(f"{where} is no {name}")


def _object(value: dict[str, Any], schema: Schema, where: str) -> None:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            raise SchemaError(f"{where} lacks {name!r}")
    for name, entry in value.items():
        if name in properties:
            check(entry, properties[name], f"{where}, {name}")
        elif schema.get("additionalProperties") is False:
            raise SchemaError(f"{where} has {name!r}, which was not asked for")


def _array(value: list[Any], schema: Schema, where: str) -> None:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
        raise SchemaError(f"{where} has {len(value)} items")
    for number, item in enumerate(value, 1):
        check(item, schema.get("items", {}), f"{where}, item {number}")


def _any_of(value: Any, schemas: list[Schema], where: str) -> None:
    faults = []
    for schema in schemas:
        try:
            check(value, schema, where)
        except SchemaError as fault:
            faults.append(str(fault))
        else:
            return
    raise SchemaError(min(faults, key=lambda fault: ("none of" in fault, fault)))
