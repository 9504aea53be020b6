"""How many times as fast, as a chart that is read on light and on dark pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from results import Results, Row

_GREY = "#808890"
_REACHED, _MISSED = "#3a8fd0", "#d9822b"


def charted(results: Results) -> list[Row]:
    """The rows that have to be so many times as good as something else."""
    return [
        row
        for row in results.rows
        if row.ratio and row.wanted and row.wanted.figure == "ratio"
        if row.section not in ("Growth", "Workers")
    ]


def draw(results: Results, path: Path) -> None:
    """Write the chart.

    Args:
        results: Of a run.
        path: The SVG file to write.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # Text stays text, and the same results give the same bytes.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "ls_tools"})
    rows = charted(results)[::-1]
    figure = Figure(figsize=(8, 0.32 * len(rows) + 0.9))
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        _bar(axes, place, row)
    names = [f"{row.what}\nbeside {row.beside}".replace("`", "") for row in rows]
    axes.set_yticks(range(len(rows)), names, fontsize=6)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}×")
    axes.minorticks_off()
    axes.margins(y=0.01)
    axes.axvline(1, color=_GREY, linewidth=0.8)
    axes.set_title(
        "Times as fast as what stands beside; marks: wanted; blue: reached",
        color=_GREY,
        fontsize=8,
    )
    axes.tick_params(colors=_GREY, length=0)
    axes.tick_params(axis="x", labelsize=6)
    for spine in axes.spines.values():
        spine.set_visible(False)
    figure.savefig(
        path,
        format="svg",
        transparent=True,
        bbox_inches="tight",
        metadata={"Date": None},
    )


def _bar(axes: Axes, place: int, row: Row) -> None:
    if row.ratio is None or row.wanted is None:
        return
    colour = _REACHED if row.reached else _MISSED
    ratio = row.ratio.median
    axes.barh(place, ratio - 1, left=1, color=colour, height=0.6)
    axes.plot([row.wanted.value] * 2, [place - 0.4, place + 0.4], color=_GREY)
    axes.text(
        max(ratio, row.wanted.value, 1) * 1.1,
        place,
        f"{ratio:.3g}×",
        color=_GREY,
        fontsize=6,
        va="center",
    )
