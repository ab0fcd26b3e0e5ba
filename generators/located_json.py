"""JSON that a person may have edited → values that know their line, checked as they are taken out.

Every file of v2m that can be edited is read through `Row`, so that what is wrong with it is said in one
way: `line 14: bar 3: loudness must be a number from 0 to 1, not 'loud'`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from generators.grid import PlanError

_AnyScan = Callable[[str, int], tuple[Any, int]]


class Row(dict[str, Any]):
    """One object of the file. `where` says what it is: `bar 3`."""

    line: int = 1
    where: str = ""
    lines: dict[str, int]

    def fault(self, said: str, name: str | None = None) -> PlanError:
        """An error that names the line of this object, or of one of its entries, and what it is."""
        line = self.line if name is None else self.lines.get(name, self.line)
        return PlanError(f"line {line}: {self.where}: {said}" if self.where else f"line {line}: {said}")

    def get_any(self, name: str) -> Any:
        """An entry that has to be there."""
        if name not in self:
            raise self.fault(f"{name} is missing")
        return self[name]

    def number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number, `low` to `high`."""
        value = self.get_any(name)
        if not is_number(value) or not low <= value <= high:
            raise self.fault(f"{name} must be a number{_range(low, high)}, not {_shown(value)}", name)
        return float(value)

    def whole(self, name: str, low: int | float = -math.inf, high: int | float = math.inf) -> int:
        """A whole number, `low` to `high`."""
        value = self.get_any(name)
        if not is_number(value) or value != int(value) or not low <= value <= high:
            raise self.fault(f"{name} must be a whole number{_range(low, high)}, not {_shown(value)}", name)
        return int(value)

    def text(self, name: str, known: Collection[str] = ()) -> str:
        """Text; one of `known` if these are given."""
        value = self.get_any(name)
        if not isinstance(value, str):
            raise self.fault(f"{name} must be text, not {_shown(value)}", name)
        if known and value not in known:
            raise self.fault(f"{name} {value!r} is none of {', '.join(known)}", name)
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.get_any(name)
        if not isinstance(value, bool):
            raise self.fault(f"{name} must be true or false, not {_shown(value)}", name)
        return value

    def items_of(self, name: str, optional: bool = False) -> list[Any]:
        """A list; an empty one if it is `optional` and not there."""
        if optional and name not in self:
            return []
        value = self.get_any(name)
        if not isinstance(value, list):
            raise self.fault(f"{name} must be a list, not {_shown(value)}", name)
        return value

    def rows(self, name: str, each: str, optional: bool = False) -> list[Row]:
        """A list of objects, each called `each` and its number."""
        rows = self.items_of(name, optional)
        for number, row in enumerate(rows, 1):
            if not isinstance(row, Row):
                line = self.lines.get(name, self.line)
                raise PlanError(f"line {line}: {each} {number}: must be an object {{…}}, not {_shown(row)}")
            row.where = f"{each} {number}"
        return rows

    def row(self, name: str) -> Row:
        """An object within this one."""
        value = self.get_any(name)
        if not isinstance(value, Row):
            raise self.fault(f"{name} must be an object {{…}}, not {_shown(value)}", name)
        value.where = f"{self.where} {name}".strip()
        return value

    def only(self, *known: str) -> None:
        """Refuse entries that are none of `known`: a misspelt one would be passed over in silence."""
        for name in self:
            if name not in known:
                raise self.fault(f"{name!r} is none of {', '.join(known)}", name)


def read_rows(
    text: str, kind: str, version: int, upgrades: Mapping[int, Callable[[Row], None]] | None = None
) -> Row:
    """The object that a file's text holds, whose `format` is `kind` and whose `version` is known.

    Args:
        text: of the file.
        kind: what `format` must say.
        version: the newest that is understood.
        upgrades: version → what turns an object of that version, in its place, into one of the next.

    Raises:
        PlanError: naming the line, if it is not JSON, another kind of file, or newer than this program.
    """
    try:
        data = _Decoder().decode(text)
    except json.JSONDecodeError as error:
        raise PlanError(f"line {error.lineno}: not JSON ({error.msg})") from error
    except RecursionError as error:
        raise PlanError("not a file of v2m (nested too deeply)") from error
    if not isinstance(data, Row) or data.get("format") != kind:
        raise PlanError(f'not a {kind.removeprefix("v2m-")} file ("format" must be "{kind}")')
    written = data.whole("version", low=1)
    if written > version:
        raise PlanError("made by a newer version of v2m")
    for old in range(written, version):
        if upgrades is None or old not in upgrades:
            raise PlanError(f"version {old} of this file is no longer read")
        upgrades[old](data)
    return data


def is_number(value: Any) -> bool:
    """Whether a value is a finite number (and not true or false)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def one_line_each(head: dict[str, Any], **parts: list[dict[str, Any]]) -> str:
    """The text of a file: `head`'s entries a line each, then the lists, a line a row."""
    lines = [f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in head.items()]
    for name, rows in parts.items():
        body = ",\n".join("    " + json.dumps(row, ensure_ascii=False) for row in rows)
        lines.append(f'  "{name}": [\n{body}\n  ]' if rows else f'  "{name}": []')
    return "{\n" + ",\n".join(lines) + "\n}\n"


class _Decoder(json.JSONDecoder):
    """The standard decoder, whose objects are `Row`s that know their lines."""

    def __init__(self) -> None:
        super().__init__()
        self.parse_object = self._object
        self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]

    def _object(
        self,
        text_and_at: tuple[str, int],
        strict: bool,
        scan: _AnyScan,
        hook: Any,
        pairs_hook: Any,
        memo: Any = None,
    ) -> tuple[Row, int]:
        text, at = text_and_at
        begun: list[int] = []

        def noting(text: str, at: int) -> tuple[Any, int]:
            begun.append(at)
            return scan(text, at)

        pairs, end = json.decoder.JSONObject(text_and_at, strict, noting, None, list, memo)  # type: ignore[attr-defined]
        row = Row(pairs)
        row.line = text.count("\n", 0, at) + 1
        row.lines = {
            name: text.count("\n", 0, start) + 1 for (name, _), start in zip(pairs, begun, strict=True)
        }
        return row, end


def _range(low: float, high: float) -> str:
    if math.isfinite(low) and math.isfinite(high):
        return f" from {low:g} to {high:g}"
    if math.isfinite(low):
        return f" of {low:g} or more"
    return f" of {high:g} or less" if math.isfinite(high) else ""


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "…"
