"""Brush codes to masks, beside the decoders that people use today."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from environments import label_of
from measuring import NotMeasuredError
from results import Topic, times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plan import Plan
    from results import Row, Wanted
    from rle import Decoded

SDK, RUST = label_of("label-studio-sdk"), label_of("label-studio-brush-rle-rs")
OURS = {"numpy": "NumPy alone", "numba": "numba"}
PEERS = {"sdk": SDK, "rust": RUST}
_WARM_UP = "warm-up"  # what is compiled or imported on first use
QUICK = ("strokes", "colour-by-editor")


def rows(plan: Plan) -> Iterator[Row]:
    """Every code on every side; seconds of the processor, since all use one thread."""
    if not importlib.util.find_spec("numpy"):
        msg = "NumPy is not installed"
        raise NotMeasuredError(msg)
    import rle

    names = QUICK if plan.quick else tuple(rle.CODES)
    codes = {name: rle.CODES[name]() for name in names}
    codes = {_WARM_UP: codes["strokes"], **codes}
    found = rle.time_codes(codes, rle.find_pythons(), plan.folder, plan.rounds)
    for decoded in found:
        if decoded.name != _WARM_UP:
            yield from _rows_of(decoded)


def _rows_of(decoded: Decoded) -> Iterator[Row]:
    """Times with each of our loops, beside both peers."""
    took_ms = {side: [1000 * x for x in s] for side, s in decoded.times.items()}
    for ours, backend in OURS.items():
        if ours not in took_ms:
            continue
        what = f"brush code to mask ({decoded.name}), {backend}"
        topic = Topic("Brush codes", "brush-codes", what, "ms")
        for peer, label in PEERS.items():
            wanted = _wanted(decoded.name, peer)
            yield topic.beside(label, took_ms[ours], took_ms[peer], wanted)


def _wanted(code: str, peer: str) -> Wanted | None:
    if peer == "rust":
        return times(1)
    return times(100) if "colour" in code else None
