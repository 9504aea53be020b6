"""Measure brush codes beside the decoders that people use today, in one run.

    python benchmarks/rle.py [--rounds 5] [--out results.json]

Times are those of the processor, since every side works in one thread.
Every side holds the same codes, as lists of numbers like an export, and turns them
into (H, W) masks by turns. The peers are label-studio-sdk and the Rust package
label-studio-brush-rle-rs, each pinned in an environment of its own that is made on
first use. ls_tools is measured with NumPy alone, and with numba where this
interpreter has it. Memory is what a process took at most beyond what it had when it
began, codes loaded; it needs Linux.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from environments import python_of

from ls_tools.rle import encode_brush
from ls_tools.rle.records import PADDING_BYTES, Code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

SIZES = (3, 4, 8, 16)
WIDTH, HEIGHT = 1024, 768

WORKER = """
import json, sys, time
import numpy as np
{setup}
def status(field):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if field in line)
def reset_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
codes = json.load(open(sys.argv[1]))
has_proc = sys.platform == "linux"
base = status("VmRSS") if has_proc else 0
for line in sys.stdin:
    name, repeats = line.split()
    (width, height), code = codes[name]
    has_proc and reset_peak()
    started = time.process_time()
    for _ in range(int(repeats)):
        mask = decode(code, width, height)
    elapsed_s = (time.process_time() - started) / int(repeats)
    assert mask.shape == (height, width)
    peak = status("VmHWM") - base if has_proc else 0
    print(elapsed_s, int(mask.astype(np.int64).sum()), peak, flush=True)
    del mask
"""
OURS = """
from ls_tools.rle import brush_mask
from ls_tools.rle.compiled import COMPILER
import ls_tools.rle.compiled as compiled
{choice}
def decode(code, width, height):
    return brush_mask(code, (width, height))
"""
SIDES = {
    "numpy": OURS.format(choice="compiled.compile_loop = lambda: None"),
    "numba": OURS.format(choice="COMPILER.loop_for(2**40)"),
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


class Decoded(NamedTuple):
    """What all sides took for a code.

    Attributes:
        name: Of the code.
        times: By side, seconds of each round.
        peaks: By side, bytes of memory.
    """

    name: str
    times: dict[str, list[float]]
    peaks: dict[str, int]


def main() -> None:
    """Measure everything, print a table, write the results where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    pythons = find_pythons()
    with tempfile.TemporaryDirectory() as folder:
        results = measure_codes(pythons, Path(folder), options.rounds)
    for name, figures in results.items():
        for what, value in figures.items():
            print(f"{name:16} {what:22} {value:12.6g}")
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def find_pythons() -> dict[str, Path]:
    """The interpreter of each side; numba's only where it is installed."""
    pythons = {
        "numpy": Path(sys.executable),
        "rust": Path(python_of("label-studio-brush-rle-rs")),
        "sdk": Path(python_of("label-studio-sdk")),
    }
    if importlib.util.find_spec("numba"):
        pythons["numba"] = Path(sys.executable)
    return pythons


def measure_codes(
    pythons: dict[str, Path], folder: Path, rounds: int
) -> dict[str, dict[str, float]]:
    """The figures of every code."""
    codes = {name: make() for name, make in CODES.items()}
    return {
        found.name: figures_of(found, bytes(codes[found.name][1]))
        for found in time_codes(codes, pythons, folder, rounds)
    }


def time_codes(
    codes: dict[str, tuple[tuple[int, int], list[int]]],
    pythons: dict[str, Path],
    folder: Path,
    rounds: int,
) -> Iterator[Decoded]:
    """Every code on every side, by turns."""
    path = folder / "codes.json"
    path.write_text(json.dumps(codes))
    sides = {side: start(python, side, path) for side, python in pythons.items()}
    for name in codes:
        is_slow = name in SLOW
        times: dict[str, list[float]] = {side: [] for side in sides}
        peaks: dict[str, int] = {}
        for _ in range(rounds):
            sums = set()
            for side, process in sides.items():
                if side == "sdk" and is_slow and times[side]:
                    continue  # half a minute each; one is enough
                seconds, total, peak = ask(process, name, 1 if is_slow else 20)
                times[side].append(seconds)
                peaks.setdefault(side, peak)  # later, memory is used again
                sums.add(total)
            if len(sums) != 1:
                message = f"the sides do not agree on {name}: {sums}"
                raise AssertionError(message)
        yield Decoded(name, times, peaks)
    for process in sides.values():
        process.communicate()


def figures_of(found: Decoded, code: bytes) -> dict[str, float]:
    """Medians, and the ratios of the medians."""
    medians = {side: statistics.median(times) for side, times in found.times.items()}
    records = count_records(code)
    figures = {"code bytes": float(len(code)), "records": float(records)}
    figures |= {f"{side} ms": 1000 * median for side, median in medians.items()}
    figures |= {
        f"{side} million records/s": records / median / 1e6
        for side, median in medians.items()
    }
    figures |= {f"{side} MB": peak / 1e6 for side, peak in found.peaks.items()}
    for ours in ("numpy", "numba"):
        for peer in ("sdk", "rust"):
            if ours in medians:
                figures[f"{ours} over {peer}"] = medians[peer] / medians[ours]
    return figures


def count_records(code: bytes) -> int:
    """How many records a code has whose head is that of the editor."""
    padded = np.frombuffer(code + bytes(PADDING_BYTES), np.uint8)
    return sum(map(len, Code(padded, 8, SIZES).starts()))


def start(python: Path, side: str, codes: Path) -> subprocess.Popen[str]:
    """A process that decodes what it is asked for."""
    script = WORKER.format(setup=SIDES[side])
    return subprocess.Popen(
        [str(python), "-c", script, str(codes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ask(
    process: subprocess.Popen[str], name: str, repeats: int
) -> tuple[float, int, int]:
    """Seconds of one decoding, the sum of the mask, and bytes of memory at most."""
    if process.stdin is None or process.stdout is None:
        raise AssertionError(process)
    process.stdin.write(f"{name} {repeats}\n")
    process.stdin.flush()
    seconds, total, peak = process.stdout.readline().split()
    return float(seconds), int(total), int(peak)


def strokes(width: int, height: int, seed: int, count: int = 30) -> NDArray[np.uint8]:
    """Wandering strokes of a round brush, with soft edges as a canvas draws them."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    scale = width / 1024
    for _ in range(count):
        radius = rng.integers(5, 40) * scale
        x, y = rng.random() * width, rng.random() * height
        for step_x, step_y in rng.normal(0, radius / 2, (12, 2)):
            x, y = x + step_x, y + step_y
            paint(mask, x, y, radius)
    return mask


def paint(mask: NDArray[np.uint8], x: float, y: float, radius: float) -> None:
    """One dab of a brush."""
    top, left = max(int(y - radius) - 1, 0), max(int(x - radius) - 1, 0)
    part = mask[top : int(y + radius) + 2, left : int(x + radius) + 2]
    if part.size:
        rows, columns = np.indices(part.shape)
        away = np.hypot(rows + top + 0.5 - y, columns + left + 0.5 - x)
        dab = np.clip(255 * (radius - away + 0.5), 0, 255).astype(np.uint8)
        np.maximum(part, dab, out=part)


def in_colour(alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGBA of one colour, which other tools write."""
    colour = np.array([200, 30, 77, 255], np.uint8)
    return np.where((alpha > 0)[..., None], colour, np.uint8(0)).astype(np.uint8)


def encode_values(values: list[int], *, chunks: bool) -> list[int]:
    """The code of any values.

    Args:
        values: By pixel, RGBA.
        chunks: Values that do not repeat are written together, as the editor does,
            or each on its own, as the existing tool does.
    """
    bits = [f"{len(values):032b}{7:05b}", *(f"{size - 1:04b}" for size in SIZES)]
    for is_run, words in records_of(values, chunks=chunks):
        choice = next(i for i, size in enumerate(SIZES) if len(words) <= 1 << size)
        bits.append(f"{is_run:b}{choice:02b}{len(words) - 1:0{SIZES[choice]}b}")
        bits += [f"{word:08b}" for word in (words[:1] if is_run else words)]
    text = "".join(bits)
    text += "0" * (8 - len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, "big"))


def records_of(values: list[int], *, chunks: bool) -> Iterator[tuple[bool, list[int]]]:
    """Runs, and what is between them."""
    chunk: list[int] = []
    longest = (1 << SIZES[-1]) if chunks else 1
    for _, run in itertools.groupby(values):
        words = list(run)
        if len(words) == 1:
            chunk += words
        if chunk and (len(words) > 1 or len(chunk) == longest):
            yield False, chunk
            chunk = []
        for at in range(0, len(words) if len(words) > 1 else 0, 1 << SIZES[-1]):
            yield True, words[at : at + (1 << SIZES[-1])]
    if chunk:
        yield False, chunk


def _grey(alpha: NDArray[np.uint8]) -> tuple[tuple[int, int], list[int]]:
    height, width = alpha.shape
    return (width, height), encode_brush(alpha)


def _coloured(*, chunks: bool) -> tuple[tuple[int, int], list[int]]:
    values = in_colour(strokes(WIDTH, HEIGHT, 1, 60)).ravel().tolist()
    return (WIDTH, HEIGHT), encode_values(values, chunks=chunks)


def _checkers(side: int) -> NDArray[np.uint8]:
    rows, columns = np.indices((HEIGHT, WIDTH)) // side
    return ((rows + columns) % 2 * 255).astype(np.uint8)


def _noise() -> NDArray[np.uint8]:
    rng = np.random.default_rng(1)
    return (rng.random((HEIGHT, WIDTH)) < 0.5).astype(np.uint8) * 255  # noqa: PLR2004 -- a coin


CODES: dict[str, Callable[[], tuple[tuple[int, int], list[int]]]] = {
    "strokes": lambda: _grey(strokes(WIDTH, HEIGHT, 1)),
    "strokes-34M-values": lambda: _grey(strokes(3400, 2500, 1)),
    "colour-by-editor": lambda: _coloured(chunks=True),
    "colour-by-sdk": lambda: _coloured(chunks=False),
    "checkers-3px": lambda: _grey(_checkers(3)),
    "noise": lambda: _grey(_noise()),
}
SLOW = frozenset(CODES) - {"strokes", "strokes-34M-values"}


if __name__ == "__main__":
    main()
