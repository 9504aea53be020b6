"""What a run of the benchmarks found: rows, and the file that keeps them."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from measuring import Cost

SECTIONS = (
    "Conversion",
    "Memory",
    "Workers",
    "Reading",
    "Growth",
    "Brush codes",
    "Cache",
    "Fetching",
    "Start",
)
MORE_IS_BETTER = frozenset({"/s", "MB/s", "tasks/s"})


@dataclass(frozen=True)
class Spread:
    """One figure over all rounds: the median, the lowest, the highest."""

    median: float
    low: float
    high: float
    rounds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return cls(
            median=_rounded(statistics.median(values)),
            low=_rounded(min(values)),
            high=_rounded(max(values)),
            rounds=len(values),
        )


def _rounded(value: float) -> float:
    """Six digits that count, so that results can be read."""
    return float(f"{value:.6g}")


@dataclass(frozen=True)
class Wanted:
    """What has to be reached.

    Attributes:
        figure: ``ratio`` to what stands beside, or ``ours`` in the unit of the row.
        bound: Which side of ``value`` is good.
        value: The bound; reached where equal.
    """

    figure: Literal["ratio", "ours"]
    bound: Literal["at least", "at most"]
    value: float


def times(value: float) -> Wanted:
    """At least so many times as good as what stands beside."""
    return Wanted("ratio", "at least", value)


def at_most(value: float) -> Wanted:
    """Our figure must not be larger."""
    return Wanted("ours", "at most", value)


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        section: Heading that it stands under.
        name: One word for the command line; shared by rows of one measurement.
        what: What was done, on how much.
        unit: Of both figures.
        ours: Our figure.
        beside: What it is compared with; empty where nothing is.
        theirs: The figure of that.
        ratio: How many times ours is as good, round by round: 2 is twice as
            fast, or half the memory.
        wanted: None where the row only informs.
    """

    section: str
    name: str
    what: str
    unit: str
    ours: Spread
    beside: str = ""
    theirs: Spread | None = None
    ratio: Spread | None = None
    wanted: Wanted | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the median is as wanted; None where nothing is."""
        if self.wanted is None:
            return None
        found = self.ours if self.wanted.figure == "ours" else self.ratio
        if found is None:
            return False
        if self.wanted.bound == "at most":
            return found.median <= self.wanted.value
        return found.median >= self.wanted.value


@dataclass(frozen=True)
class Topic:
    """What the rows of one measurement have in common."""

    section: str
    name: str
    what: str
    unit: str

    def alone(self, ours: Sequence[float], wanted: Wanted | None = None) -> Row:
        """A row with nothing beside our figure."""
        return Row(**asdict(self), ours=Spread.of(ours), wanted=wanted)

    def beside(
        self,
        name: str,
        ours: Sequence[float],
        theirs: Sequence[float],
        wanted: Wanted | None = None,
    ) -> Row:
        """A row beside something else.

        Args:
            name: Of the other.
            ours: By rounds.
            theirs: By rounds; the first rounds where they are fewer.
            wanted: What has to be reached.
        """
        pairs = list(zip(ours, theirs, strict=False))
        is_more = self.unit in MORE_IS_BETTER
        ratios = [a / b if is_more else b / a for a, b in pairs if a and b]
        return Row(
            **asdict(self),
            ours=Spread.of(ours),
            beside=name,
            theirs=Spread.of(theirs),
            ratio=Spread.of(ratios) if ratios else None,
            wanted=wanted,
        )


def figures(costs: Sequence[Cost], take: Callable[[Cost], float]) -> list[float]:
    """One figure of each run."""
    return [take(cost) for cost in costs]


@dataclass(frozen=True)
class Results:
    """A whole run.

    Attributes:
        about: The machine, the versions, and how it was measured.
        rows: In the order of the table.
        missing: By name, why rows are not there.
        took_s: By name, how long the measurement took.
    """

    about: dict[str, Any]
    rows: list[Row]
    missing: dict[str, str] = field(default_factory=dict)
    took_s: dict[str, float] = field(default_factory=dict)

    def joined(self, other: Results, names: Sequence[str]) -> Results:
        """With the rows of another, in the order of the table.

        Args:
            other: What to add.
            names: Of all measurements, in their order.
        """
        rows = sorted(
            [*self.rows, *other.rows],
            key=lambda row: (SECTIONS.index(row.section), names.index(row.name)),
        )
        missing = {**self.missing, **other.missing}
        return Results(self.about, rows, missing, {**self.took_s, **other.took_s})

    def without(self, names: Collection[str]) -> Results:
        """What is not of these measurements."""
        rows = [row for row in self.rows if row.name not in names]
        missing, took_s = (
            {name: x for name, x in facts.items() if name not in names}
            for facts in (self.missing, self.took_s)
        )
        return Results(self.about, rows, missing, took_s)

    def reached(self, row: Row) -> bool | None:
        """Whether a row is as wanted; None of a quick run, whose inputs are small."""
        return None if self.about["quick"] else row.reached

    def save(self, path: Path) -> None:
        """Write as JSON."""
        rows = [{**asdict(row), "reached": self.reached(row)} for row in self.rows]
        facts = {"missing": self.missing, "took_s": self.took_s}
        document = {"about": self.about, "rows": rows, **facts}
        text = json.dumps(document, indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Results:
        """Read what ``save`` wrote."""
        document = json.loads(path.read_text(encoding="utf-8"))
        rows = [_row_of(one) for one in document["rows"]]
        return cls(
            document["about"], rows, document["missing"], document.get("took_s", {})
        )


def _row_of(document: dict[str, Any]) -> Row:
    spreads = {
        name: Spread(**document[name]) if document[name] else None
        for name in ("ours", "theirs", "ratio")
    }
    wanted = Wanted(**document["wanted"]) if document["wanted"] else None
    texts = ("section", "name", "what", "unit", "beside")
    plain = {key: document[key] for key in texts}
    return Row(**plain, **spreads, wanted=wanted)  # type: ignore[arg-type]
