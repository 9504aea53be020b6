"""Convert thousands of hostile exports; say which broke a promise.

``python tests/fuzz/run.py --count 50000`` takes the numbers from 0 on, ``--only
1234`` one of them again. Each is converted into three formats, by turns.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.hostile import hostile
from fuzz.trial import attempt, formats_of

BATCH = 100


@dataclass
class Tally:
    """What trials ended in.

    Attributes:
        kinds: How many, by format and outcome.
        failures: Number, format and traceback of each that failed.
        regions_in: Regions that the Reports count.
        regions_written: Those written.
    """

    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[tuple[int, str, str]] = field(default_factory=list)
    regions_in: int = 0
    regions_written: int = 0

    def add(self, other: Tally) -> None:
        """Take in what another process counted."""
        self.kinds.update(other.kinds)
        self.failures += other.failures
        self.regions_in += other.regions_in
        self.regions_written += other.regions_written


def run_numbers(numbers: list[int]) -> Tally:
    """Convert the exports of these numbers."""
    logging.disable(logging.CRITICAL)
    tally = Tally()
    for number in numbers:
        export = hostile(number)
        for to in formats_of(number):
            folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
            try:
                outcome = attempt(export, to, folder)
            except Exception:  # noqa: BLE001 -- any is what is looked for
                tally.kinds[to, "failed"] += 1
                tally.failures.append((number, to, traceback.format_exc()))
            else:
                tally.kinds[to, outcome.kind] += 1
                tally.regions_in += outcome.regions_in
                tally.regions_written += outcome.regions_written
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    return tally


def main() -> int:
    """Run and print; 1 where a promise was broken."""
    given = _arguments()
    numbers = given.only or list(range(given.first, given.first + given.count))
    batches = [numbers[i : i + BATCH] for i in range(0, len(numbers), BATCH)]
    total, done, started = Tally(), 0, time.monotonic()
    with ProcessPoolExecutor(given.jobs) as pool:
        pending = [pool.submit(run_numbers, batch) for batch in batches]
        for future in as_completed(pending):
            tally = future.result()
            total.add(tally)
            done += 1
            for number, to, text in tally.failures:
                sys.stdout.write(f"--- number {number} to {to}\n{text}\n")
            if done % 10 == 0:
                seconds = time.monotonic() - started
                sys.stderr.write(
                    f"{done * BATCH} exports, {len(total.failures)} failures, "
                    f"{seconds:.0f} s\n"
                )
    _print_table(total, len(numbers))
    return bool(total.failures)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", type=int, nargs="*")
    return parser.parse_args()


def _print_table(total: Tally, count: int) -> None:
    kinds = ("written", "refused", "missing", "failed")
    sys.stdout.write(f"{'format':14}" + "".join(f"{kind:>10}" for kind in kinds) + "\n")
    for to in sorted({to for to, _ in total.kinds}):
        row = "".join(f"{total.kinds[to, kind]:>10}" for kind in kinds)
        sys.stdout.write(f"{to:14}{row}\n")
    sys.stdout.write(
        f"{count} exports, {sum(total.kinds.values())} conversions, "
        f"{total.regions_in} regions in, {total.regions_written} written, "
        f"{len(total.failures)} broken promises\n"
    )


if __name__ == "__main__":
    sys.exit(main())
