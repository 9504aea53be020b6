"""Brush codes to masks, beside the decoders that people use today.

Every side holds the same codes, as lists of numbers like an export, and turns them into
(H, W) masks; ours with NumPy alone, and with numba where it is installed.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from environments import label_of, python_of
from measuring import NotMeasuredError, RunError
from results import Topic, times

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from plan import Plan
    from results import Row, Wanted
    from strokes import SizedCode

OURS = {"numpy": "NumPy alone", "numba": "numba"}
_PEER_NAMES = {"sdk": "label-studio-sdk", "rust": "label-studio-brush-rle-rs"}
_WARM_UP = "warm-up"  # what is compiled or imported on first use
QUICK = ("strokes", "colour-by-editor")

_WORKER = """
import json, sys, time
import numpy as np
{setup}
codes = json.load(open(sys.argv[1]))
for line in sys.stdin:
    name, repeats = line.split()
    (width, height), code = codes[name]
    started = time.process_time()
    for _ in range(int(repeats)):
        mask = decode(code, width, height)
    elapsed_s = (time.process_time() - started) / int(repeats)
    assert mask.shape == (height, width)
    print(elapsed_s, int(mask.astype(np.int64).sum()), flush=True)
"""
_OURS = """
from ls_tools.rle import brush_mask
import ls_tools.rle.compiled as compiled
{choice}
def decode(code, width, height):
    return brush_mask(code, (width, height))
"""
_SCRIPTS = {
    "numpy": _OURS.format(choice="compiled.compile_loop = lambda: None"),
    "numba": _OURS.format(choice="compiled.COMPILER.loop_for(2**40)"),
    "rust": """
from label_studio_brush_rle_rs.label_studio_brush_rle_rs import decode_rle
def decode(code, width, height):
    values = decode_rle(code, False)
    return np.ascontiguousarray(values.reshape(height, width, 4)[:, :, 3])
""",
    "sdk": """
from label_studio_sdk.converter.brush import decode_rle
def decode(code, width, height):
    values = decode_rle(code)
    return np.ascontiguousarray(values.reshape(height, width, 4)[:, :, 3])
""",
}


def rows(plan: Plan) -> Iterator[Row]:
    """Every code on every side; seconds of the processor, since all use one thread."""
    if not importlib.util.find_spec("numpy"):
        msg = "NumPy is not installed"
        raise NotMeasuredError(msg)
    import strokes

    names = QUICK if plan.quick else tuple(strokes.CODES)
    codes = {name: strokes.CODES[name]() for name in names}
    codes = {_WARM_UP: codes["strokes"], **codes}
    for decoded in time_codes(codes, strokes.SLOW, plan):
        if decoded.name != _WARM_UP:
            yield from _rows_of(decoded)


def _rows_of(decoded: Decoded) -> Iterator[Row]:
    """Times with each of our loops, beside both peers."""
    took_ms = {side: [1000 * x for x in s] for side, s in decoded.times_s.items()}
    for ours, backend in OURS.items():
        if ours not in took_ms:
            continue
        what = f"brush code to mask ({decoded.name}), {backend}"
        topic = Topic("Brush codes", "brush-codes", what, "ms")
        for peer, name in _PEER_NAMES.items():
            wanted = _wanted(decoded.name, peer)
            yield topic.beside(label_of(name), took_ms[ours], took_ms[peer], wanted)


class Decoded(NamedTuple):
    """What all sides took for a code.

    Attributes:
        name: Of the code.
        times_s: By side, seconds of the processor in each round.
    """

    name: str
    times_s: dict[str, list[float]]


def time_codes(
    codes: Mapping[str, SizedCode], slow: Collection[str], plan: Plan
) -> Iterator[Decoded]:
    """Decode every code on every side, by turns.

    Args:
        codes: By name.
        slow: Names of those that a side decodes once in a round, and the SDK once.
        plan: How often, and where files go.

    Raises:
        RunError: The sides do not give the same mask.
    """
    path = plan.folder / "codes.json"
    path.write_text(json.dumps(codes))
    with ExitStack() as stack:
        sides = {side: stack.enter_context(_start(side, path)) for side in _sides()}
        for name in codes:
            is_slow = name in slow
            times_s: dict[str, list[float]] = {side: [] for side in sides}
            sums = set()
            for _ in range(plan.rounds):
                for side, process in sides.items():
                    if side == "sdk" and is_slow and times_s[side]:
                        continue  # half a minute each; one is enough
                    elapsed_s, total = _ask(process, name, 1 if is_slow else 20)
                    times_s[side].append(elapsed_s)
                    sums.add(total)
            if len(sums) != 1:
                msg = f"the sides do not agree on {name}: {sums}"
                raise RunError(msg)
            yield Decoded(name, times_s)


def _sides() -> list[str]:
    """Those that can be measured; numba's only where it is installed."""
    has_numba = importlib.util.find_spec("numba")
    return [side for side in _SCRIPTS if side != "numba" or has_numba]


@contextmanager
def _start(side: str, codes: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that decodes what it is asked for."""
    peer = _PEER_NAMES.get(side)
    command = [python_of(peer) if peer else sys.executable, "-c"]
    command += [_WORKER.format(setup=_SCRIPTS[side]), str(codes)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.communicate()


def _ask(process: subprocess.Popen[str], name: str, repeats: int) -> tuple[float, int]:
    """Seconds of one decoding, and the sum of the mask."""
    if process.stdin is None or process.stdout is None:
        raise AssertionError(process)
    process.stdin.write(f"{name} {repeats}\n")
    process.stdin.flush()
    answer = process.stdout.readline().split()
    if not answer:
        msg = f"a decoder failed at {name}"
        raise RunError(msg)
    return float(answer[0]), int(answer[1])


def _wanted(code: str, peer: str) -> Wanted | None:
    if peer == "rust":
        return times(1)
    return times(100) if "colour" in code else None
