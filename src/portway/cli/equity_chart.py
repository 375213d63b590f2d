"""Equity curves, drawn with dots for a terminal and as SVG: worth over time, and what was paid in.

A picture of numbers that somebody else has derived; nothing here knows where they come from.
Between two points an account is worth what it was at the first: lines are steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from html import escape
from typing import Final

from rich.text import Text

__all__ = ["Curve", "braille_chart", "svg_chart"]

COLUMNS: Final = 72  # At most; fewer on a narrow terminal.
COLUMNS_MIN: Final = 20
ROWS: Final = 10
LABEL_COLUMNS: Final = 14
# Unicode's braille patterns: the bit of each of a cell's two by four dots.
DOTS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))

WIDTH, PANEL, GAP = 960, 300, 28
LEFT, RIGHT, TOP, BOTTOM = 96, 118, 46, 34
STYLE: Final = """
text { font: 12px system-ui, sans-serif; fill: #52606d }
.title { font-size: 16px; font-weight: 600; fill: #1f2933 }
.grid { stroke: #e4e7eb } .paid { stroke: #9aa5b1; stroke-dasharray: 5 4; fill: none }
.gain { stroke: #0f766e } .loss { stroke: #b91c1c }
.worth { fill: none; stroke-width: 2; stroke-linejoin: round }
text.gain { fill: #0f766e; stroke: none; font-weight: 600 }
text.loss { fill: #b91c1c; stroke: none; font-weight: 600 }
"""


@dataclass(frozen=True, slots=True)
class Curve:
    """One account's curve.

    Attributes:
        points: Instant (in the zone whose days the axis names), worth, paid in; by time; not empty.
    """

    title: str
    currency: str
    points: Sequence[tuple[datetime, Decimal, Decimal]]

    @property
    def profit(self) -> Decimal:
        """Worth at the end less what was paid in."""
        _, worth, paid = self.points[-1]
        return worth - paid

    @property
    def style(self) -> str:
        """Whether it ends with a gain or a loss."""
        return "gain" if self.profit >= 0 else "loss"


class _Scale:
    """Where instants and amounts stand, as fractions of the drawing."""

    def __init__(self, curve: Curve) -> None:
        self.first, self.last = curve.points[0][0], curve.points[-1][0]
        amounts = [amount for _, worth, paid in curve.points for amount in (worth, paid)]
        self.low, self.high = float(min(amounts)), float(max(amounts))
        if self.low == self.high:
            margin = abs(self.low) * 0.01 or 1.0
            self.low, self.high = self.low - margin, self.high + margin

    def x(self, at: datetime) -> float:
        span = (self.last - self.first).total_seconds()
        return (at - self.first).total_seconds() / span if span else 0.0

    def y(self, amount: Decimal) -> float:
        """0 at the top."""
        return (self.high - float(amount)) / (self.high - self.low)


def braille_chart(curve: Curve, width: int = LABEL_COLUMNS + 2 + COLUMNS) -> Text:
    """Return the curve in dots, eight to a character; what was paid in as a dotted line.

    Args:
        width: Of the terminal, in characters.
    """
    scale = _Scale(curve)
    columns = max(COLUMNS_MIN, min(COLUMNS, width - LABEL_COLUMNS - 2))
    wide, tall = columns * 2, ROWS * 4
    cells = [[0] * columns for _ in range(ROWS)]
    worths, paids = _sampled(curve, scale, wide)
    before = round(scale.y(worths[0]) * (tall - 1))
    for x in range(wide):
        y = round(scale.y(worths[x]) * (tall - 1))
        for dot in range(min(y, before), max(y, before) + 1):
            cells[dot // 4][x // 2] |= DOTS[x % 2][dot % 4]
        before = y
        paid = round(scale.y(paids[x]) * (tall - 1))
        if x % 6 < 2:
            cells[paid // 4][x // 2] |= DOTS[x % 2][paid % 4]
    colour = "green" if curve.style == "gain" else "red"
    labels = {0: f"{scale.high:,.2f}", ROWS - 1: f"{scale.low:,.2f}"}
    chart = Text()
    for number, row in enumerate(cells):
        chart.append(f"{labels.get(number, ''):>{LABEL_COLUMNS}} ┤", "dim")
        chart.append("".join(chr(0x2800 + dots) for dots in row), colour)
        chart.append("\n")
    chart.append(f"{'':{LABEL_COLUMNS + 1}}└{'─' * columns}\n", "dim")
    first, last = _time_text(scale, scale.first), _time_text(scale, scale.last)
    has_room = first != last and len(first + last) < columns
    ends = f"{first}{last:>{columns - len(first)}}" if has_room else last
    chart.append(f"{'':{LABEL_COLUMNS + 2}}{ends}\n", "dim")
    return chart


def _sampled(curve: Curve, scale: _Scale, count: int) -> tuple[list[Decimal], list[Decimal]]:
    """Return what holds at each of `count` instants, evenly spread; the last point at the end."""
    worths: list[Decimal] = []
    paids: list[Decimal] = []
    place, points = 0, curve.points
    for x in range(count):
        edge = x / (count - 1)
        while place + 1 < len(points) and scale.x(points[place + 1][0]) <= edge:
            place += 1
        shown = points[-1] if x == count - 1 else points[place]
        worths.append(shown[1])
        paids.append(shown[2])
    return worths, paids


def svg_chart(curves: Sequence[Curve]) -> str:
    """Return a picture with a panel for each curve, one below the other."""
    height = len(curves) * (PANEL + GAP)
    panels = "\n".join(
        f'<g transform="translate(0 {number * (PANEL + GAP)})">\n{_panel(curve)}\n</g>'
        for number, curve in enumerate(curves)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">\n'
        f"<style>{STYLE}</style>\n"
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n{panels}\n</svg>\n'
    )


def _panel(curve: Curve) -> str:
    scale = _Scale(curve)

    def x(at: datetime) -> float:
        return LEFT + scale.x(at) * (WIDTH - LEFT - RIGHT)

    def y(amount: float | Decimal) -> float:
        return TOP + scale.y(Decimal(amount)) * (PANEL - TOP - BOTTOM)

    parts = [f'<text class="title" x="{LEFT}" y="24">{escape(curve.title)}</text>']
    for tick in _ticks(scale.low, scale.high):
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" '
            f'y2="{y(tick):.1f}"/><text x="{LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">'
            f"{tick:,.{0 if scale.high - scale.low > 20 else 2}f}</text>"
        )
    ends = [(scale.first, "start")] + [(scale.last, "end")] * (scale.first != scale.last)
    for at, anchor in ends:
        parts.append(
            f'<text x="{x(at):.1f}" y="{PANEL - 10}" '
            f'text-anchor="{anchor}">{_time_text(scale, at)}</text>'
        )
    for style, index in (("paid", 2), (f"worth {curve.style}", 1)):
        parts.append(f'<path class="{style}" d="{_steps(curve, index, x, y)}"/>')
    worth = curve.points[-1][1]
    parts.append(
        f'<text x="{WIDTH - RIGHT + 8}" y="{y(worth) + 4:.1f}" class="{curve.style}">'
        f"{worth:,.2f}</text>"
        f'<text x="{WIDTH - RIGHT + 8}" y="{y(worth) + 20:.1f}" class="{curve.style}">'
        f"{curve.profit:+,.2f}</text>"
    )
    return "\n".join(parts)


def _steps(
    curve: Curve,
    index: int,
    x: Callable[[datetime], float],
    y: Callable[[Decimal], float],
) -> str:
    """Return the way of one column of the points: along, then up or down."""
    words: list[str] = []
    last = ""
    for point in curve.points:
        amount = point[1] if index == 1 else point[2]
        height = f"{y(amount):.1f}"
        place = f"{x(point[0]):.1f}"
        if not words:
            words.append(f"M{place} {height}")
        elif height != last:
            words.append(f"H{place}V{height}")
        last = height
    words.append(f"H{WIDTH - RIGHT}")
    return "".join(words)


def _ticks(low: float, high: float) -> list[float]:
    """Return four to eight round amounts between two."""
    step = 10.0 ** len(str(int(high - low))) / 10
    step = max(step, 0.01)
    while (high - low) / step < 4:
        step /= 2
    first = -(-low // step)
    return [(first + number) * step for number in range(int((high - first * step) / step) + 1)]


def _time_text(scale: _Scale, at: datetime) -> str:
    is_short = scale.last - scale.first < timedelta(days=2)
    return f"{at:%Y-%m-%d %H:%M}" if is_short else f"{at:%Y-%m-%d}"
