"""What is found: tables whose rows are the medians of rounds, beside some of them a goal; as text and as JSON."""

import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from textwrap import wrap

import msgspec

Cells = dict[str, float | str]


class Goal(msgspec.Struct):
    """What a figure must not pass, or, where it is a floor, must reach."""

    limit: float
    is_floor: bool = False

    def is_met(self, figure: float) -> bool:
        return figure >= self.limit if self.is_floor else figure <= self.limit


class Row(msgspec.Struct):
    """Cells, and the goals of some, by the names of their columns; a warning says why they can't be trusted."""

    cells: Cells
    goals: dict[str, Goal] = {}
    warning: str = ""

    def outcomes(self) -> list[bool]:
        """Whether each goal is met."""
        return [goal.is_met(float(self.cells[name])) for name, goal in self.goals.items()]


Round = dict[str, list[Row]]  # tables by their titles


class Part(msgspec.Struct):
    """What one measurement found: the tables of the medians, and what each round had in them."""

    started: str
    machine: str
    is_quick: bool
    tables: Round
    rounds: list[Round]


def part(rounds: Sequence[Round], *, is_quick: bool) -> Part:
    machine = f"{os.cpu_count()} CPUs, Python {platform.python_version()}, {platform.system()} {platform.release()}"
    titles = dict.fromkeys(title for one in rounds for title in one)  # a table may be in some of the rounds
    tables = {title: _medians([one[title] for one in rounds if title in one]) for title in titles}
    return Part(time.strftime("%Y-%m-%d %H:%M:%S %z"), machine, is_quick, tables, list(rounds))


def _medians(rounds: Sequence[Sequence[Row]]) -> list[Row]:
    rows = []
    for same in zip(*rounds, strict=True):
        cells: Cells = {}
        for name, value in same[0].cells.items():
            figures = [float(row.cells[name]) for row in same if name in row.cells and not isinstance(value, str)]
            cells[name] = median(figures) if figures else value
        rows.append(Row(cells, same[0].goals, next((row.warning for row in same if row.warning), "")))
    return rows


def store(path: Path, name: str, found: Part) -> None:
    """Put a measurement's part into the file, in the place of its last one."""
    try:
        parts = msgspec.json.decode(path.read_bytes(), type=dict[str, Part])
    except (FileNotFoundError, msgspec.DecodeError):  # an older bench's
        parts = {}
    parts[name] = found
    path.write_bytes(msgspec.json.format(msgspec.json.encode(parts)) + b"\n")


def table(title: str, rows: Sequence[Row]) -> str:
    """The rows as text, each figure with its goal, and the warnings at the end."""
    columns = list(dict.fromkeys(name for row in rows for name in row.cells))
    lines = [[_format(row, name) for name in columns] for row in rows]
    heads = [wrap(name, 11) for name in columns]
    height = max(map(len, heads))
    heads = [[""] * (height - len(head)) + head for head in heads]
    widths = [max(map(len, [*head, *cells])) for head, cells in zip(heads, zip(*lines, strict=True), strict=True)]
    signs = ["<" if isinstance(rows[0].cells.get(name), str) else ">" for name in columns]
    shapes = [f"  {{:{sign}{width}}}" for sign, width in zip(signs, widths, strict=True)]
    text = [_line(words, shapes) for words in zip(*heads, strict=True)]
    text += [f"{_line(cells, shapes)}  {row.warning}".rstrip() for cells, row in zip(lines, rows, strict=True)]
    return "\n".join([title, *text])


def _line(cells: Sequence[str], shapes: Sequence[str]) -> str:
    return "".join(shape.format(cell) for cell, shape in zip(cells, shapes, strict=True))


def _format(row: Row, name: str) -> str:
    """A figure with the three digits that count, behind its goal where it has one."""
    value, goal = row.cells.get(name, ""), row.goals.get(name)
    if isinstance(value, str):
        return value
    figure = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    if goal is None:
        return figure
    mark = "✓ met" if goal.is_met(value) else "✗ NOT MET"
    return f"goal {'>=' if goal.is_floor else '<='} {goal.limit:g}: {figure} {mark:9}"
