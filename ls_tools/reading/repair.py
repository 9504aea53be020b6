"""Text that is almost JSON, made into JSON: NaN, control characters, surrogates."""

from __future__ import annotations

import json
import math
import re

from ls_tools.reading.wire import UNDECODABLE, decode_any

NOT_A_NUMBER = "NaN or Infinity became null"
OUT_OF_RANGE = "number out of range became null"
BAD_UTF8 = "invalid UTF-8 was replaced"
SURROGATE = "lone surrogate was replaced"
CONTROL = "control character was escaped"

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST_DIGITS = 4300


def repair(raw: bytes) -> tuple[bytes, list[str]]:
    """Make ``raw`` valid JSON in UTF-8 that every decoder accepts.

    Returns:
        ``raw`` itself where it is valid, else its repaired text; and what was
        repaired, each reason once.

    Raises:
        ValueError: It is no JSON beyond these repairs.
        RecursionError: It is nested too deep; check that before.
    """
    if _is_sound(raw):
        return raw, []
    hooks = _Hooks()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "replace")
        hooks.note(BAD_UTF8)
    value = hooks.decoder().decode(text)
    repaired = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if _LONE_SURROGATE.search(repaired):
        repaired = _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", repaired)
        hooks.note(SURROGATE)
    if not hooks.reasons:
        hooks.note(CONTROL)
    return repaired.encode(), list(hooks.reasons)


def _is_sound(raw: bytes) -> bool:
    try:
        decode_any(raw)
    except UNDECODABLE:
        return False
    return True


class _Hooks:
    """What Python's own decoder meets that is no JSON, or fits no number."""

    def __init__(self) -> None:
        self.reasons: dict[str, None] = {}

    def note(self, reason: str) -> None:
        self.reasons[reason] = None

    def decoder(self) -> json.JSONDecoder:
        return json.JSONDecoder(
            strict=False,
            parse_constant=self._constant,
            parse_float=self._float,
            parse_int=self._int,
        )

    def _constant(self, _: str) -> None:
        self.note(NOT_A_NUMBER)

    def _float(self, digits: str) -> float | None:
        number = float(digits)
        if math.isfinite(number):
            return number
        self.note(OUT_OF_RANGE)
        return None

    def _int(self, digits: str) -> int | None:
        if len(digits.lstrip("-")) <= _MOST_DIGITS:
            return int(digits)
        self.note(OUT_OF_RANGE)
        return None
