"""The charts in docs/, from what measurements found: the same figures give the same files."""

from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench import growth, idle
from bench.lab import ENGINES, TARGETS
from bench.report import Part, Row

STYLE = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "bench",  # ids are the same each time
    "figure.facecolor": "white",  # on a dark page too
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}
COLOURS = {"relay": "#666666", "sqlite": "#0072b2", "mariadb": "#d55e00"}  # seen apart by everybody
MARKERS = {"relay": "s", "sqlite": "o", "mariadb": "^"}


def draw(folder: Path, name: str, part: Part) -> None:
    """Write a measurement's chart, where it has one, to bench-NAME.svg in the folder."""
    if name in CHARTS:
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(9, 3.8), layout="constrained")
            left, right = figure.subplots(1, 2)
            CHARTS[name](part, left, right)
            figure.savefig(folder / f"bench-{name}.svg", metadata={"Date": None})


def _draw_throughput(part: Part, left: Axes, right: Axes) -> None:
    rows = [row for rows in part.tables.values() for row in rows if "in flight" in row.cells]
    _draw_targets(left, rows, "in flight", "msg/s")
    _draw_targets(right, rows, "in flight", "ack p50 ms", label=" p50")
    _draw_targets(right, rows, "in flight", "ack p99 ms", label=" p99", style=":")
    _finish(left, "Messages per second, acknowledged and delivered", "messages in flight, each of 50 customers")
    _finish(right, "Acknowledgement, ms", "messages in flight, each of 50 customers", is_log=True)


def _draw_idle(part: Part, left: Axes, right: Axes) -> None:
    _draw_targets(left, part.tables[idle.COST], "connections", "server CPU s/1000")
    _draw_targets(right, part.tables[idle.MEMORY], "connections", "KiB each")
    _finish(left, "The server's CPU time of a message, ms", "connections, of which 10 send")
    _finish(right, "The server's memory for a connection, KiB", "connections")


def _draw_growth(part: Part, left: Axes, right: Axes) -> None:
    """The medians of the rounds' ratios, as in the table."""
    totals = [size.total for size in growth.SIZES]
    columns = [growth.column(size) for size in growth.SIZES]
    for axes, engine in zip((left, right), ENGINES, strict=True):
        for same in zip(*(tables[growth.TITLE] for tables in part.rounds), strict=True):
            if same[0].cells["engine"] == engine:
                costs = [[float(row.cells[column]) for column in columns] for row in same]
                ratios = [median(own[place] / own[0] for own in costs) for place in range(len(columns))]
                axes.plot(totals, ratios, marker="o", label=same[0].cells["ms for"])
        _finish(axes, f"{engine}: cost, beside that at {totals[0]:,} messages", "stored messages")


def _draw_targets(axes: Axes, rows: Iterable[Row], x: str, y: str, label: str = "", style: str = "-") -> None:
    """A line for each target, from one column over another."""
    for name in TARGETS:
        points = sorted(
            (float(row.cells[x]), float(row.cells[y])) for row in rows if row.cells["target"] == name and y in row.cells
        )
        axes.plot(*zip(*points, strict=True), style, color=COLOURS[name], marker=MARKERS[name], label=name + label)


def _finish(axes: Axes, title: str, below: str, *, is_log: bool = False) -> None:
    """Name the figures, those below as they were measured."""
    axes.set_title(title, fontsize="medium")
    axes.set_xlabel(below)
    axes.set_xscale("log")
    axes.set_xticks([], minor=True)
    ticks = sorted({float(x) for line in axes.lines for x in line.get_xdata()})
    axes.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks])
    if is_log:
        axes.set_yscale("log")
    else:
        axes.set_ylim(0, 1.1 * axes.dataLim.ymax)
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.legend(fontsize="small")


CHARTS: dict[str, Callable[[Part, Axes, Axes], None]] = {
    "throughput": _draw_throughput,
    "idle": _draw_idle,
    "growth": _draw_growth,
}
