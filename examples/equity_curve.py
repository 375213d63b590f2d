"""A curve of profit, drawn twice: with dots for a terminal, as SVG for everything else.

Nothing but the standard library, so that a strategy's example stays an example of a strategy.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import NamedTuple

__all__ = ["Point", "drawing", "picture"]

COLUMNS, ROWS = 72, 12  # Of the terminal drawing; each cell has 2 by 4 dots.
DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # Unicode's Braille, by column and row.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 420, 72, 90, 72, 44  # Of the picture.
PAGE = f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">
<style>
  text {{{{ font: 13px system-ui, sans-serif }}}}
  #title {{{{ font-size: 17px; font-weight: 600; fill: #1f2933 }}}}
  #end {{{{ font-weight: 600; fill: #0f766e }}}}
  .grid {{{{ stroke: #e4e7eb }}}} .zero {{{{ stroke: #9aa5b1 }}}} .held {{{{ fill: #eff6f5 }}}}
  .line {{{{ fill: none; stroke: #0f766e; stroke-width: 2; stroke-linejoin: round }}}}
  .area {{{{ fill: url(#fade) }}}} .buy {{{{ fill: #0f766e }}}} .sell {{{{ fill: #c2410c }}}}
</style>
<linearGradient id="fade" x2="0" y2="1">
  <stop stop-color="#0f766e" stop-opacity=".28"/>
  <stop offset="1" stop-color="#0f766e" stop-opacity=".02"/>
</linearGradient>
<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>
{{body}}
</svg>
"""


class Point(NamedTuple):
    """One look at the account.

    Attributes:
        at: When, in the zone whose days the axis names.
        profit: Since the beginning, in the account's currency.
        is_long: Whether shares were held from then on.
    """

    at: datetime
    profit: Decimal
    is_long: bool


def drawing(curve: Sequence[Point]) -> str:
    """Return the curve in dots, with the zero line, its extremes and its days."""
    profits = [float(point.profit) for point in curve]
    low, high = min(0.0, *profits), max(0.0, *profits)
    scale = (ROWS * 4 - 1) / ((high - low) or 1)
    cells = [[0] * COLUMNS for _ in range(ROWS)]
    zero = round((high - 0) * scale)
    heights = [
        round((high - profits[x * (len(profits) - 1) // (2 * COLUMNS - 1)]) * scale)
        for x in range(2 * COLUMNS)
    ]
    for x, y in enumerate(heights):
        before = heights[max(0, x - 1)]
        for dot in range(min(before, y), max(before, y) + 1):
            cells[dot // 4][x // 2] |= DOTS[x % 2][dot % 4]
        if x % 6 == 0:
            cells[zero // 4][x // 2] |= DOTS[x % 2][zero % 4]
    labels = {0: f"{high:+,.0f}", ROWS - 1: f"{low:+,.0f}", zero // 4: "0"}
    lines = [
        f"{labels.get(row, ''):>8} ┤{''.join(chr(0x2800 + dots) for dots in cells[row])}"
        for row in range(ROWS)
    ]
    days = [" "] * COLUMNS
    for index, name in _days(curve):
        place = index * COLUMNS // len(curve)
        days[place : place + len(name)] = name
    return "\n".join([*lines, f"{'':9}└{'─' * COLUMNS}", f"{'':10}{''.join(days[:COLUMNS])}"])


def picture(curve: Sequence[Point], title: str) -> str:
    """Return the curve as an SVG document: shaded while long, a mark at each trade."""
    profits = [float(point.profit) for point in curve]
    step = _round_step(max(0.0, *profits) - min(0.0, *profits))
    low, high = step * (min(0.0, *profits) // step), step * -(-max(0.0, *profits) // step)
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def x(index: int) -> float:
        return round(LEFT + index * (right - LEFT) / max(1, len(curve) - 1), 1)

    def y(profit: float) -> float:
        return round(TOP + (high - profit) * (bottom - TOP) / ((high - low) or 1), 1)

    def text(place: tuple[float, float], words: str, **look: str) -> str:
        looks = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in look.items())
        return f'<text x="{place[0]}" y="{place[1]}"{looks}>{escape(words)}</text>'

    begun, ended = curve[0].at, curve[-1].at
    under = f"{begun.day} {begun:%B} to {ended.day} {ended:%B %Y}; shaded while shares are held"
    parts = [text((LEFT, 30), title, id="title"), text((LEFT, 52), under, fill="#7b8794")]
    for first, last in _held(curve):
        wide = round(x(last) - x(first), 1)
        shape = f'x="{x(first)}" y="{TOP}" width="{wide}" height="{bottom - TOP}"'
        parts.append(f'<rect class="held" {shape}/>')
    for number in range(round((high - low) / step) + 1):
        value = low + number * step
        kind, words = ("grid", f"{value:+,.0f}") if abs(value) > step / 2 else ("zero", "0")
        parts.append(f'<path class="{kind}" d="M{LEFT} {y(value)}H{right}"/>')
        parts.append(text((LEFT - 10, y(value) + 4), words, fill="#7b8794", text_anchor="end"))
    for index, name in _days(curve):
        parts.append(f'<path class="grid" d="M{x(index)} {TOP}V{bottom}"/>')
        parts.append(text((x(index) + 6, bottom + 22), name, fill="#7b8794"))
    way = " ".join(f"{x(index)},{y(profit)}" for index, profit in enumerate(profits))
    parts.append(f'<polygon class="area" points="{x(0)},{y(0)} {way} {right},{y(0)}"/>')
    parts.append(f'<polyline class="line" points="{way}"/>')
    for first, last in _held(curve):
        parts.append(_triangle(x(first), y(profits[first]), is_buy=True))
        if not curve[last].is_long:
            parts.append(_triangle(x(last), y(profits[last]), is_buy=False))
    parts.append(text((right + 8, y(profits[-1]) + 4), f"{profits[-1]:+,.2f}", id="end"))
    return PAGE.format(body="\n".join(parts))


def _triangle(x: float, y: float, *, is_buy: bool) -> str:
    """Below the curve and pointing up, or above it and pointing down."""
    kind, down = ("buy", 1) if is_buy else ("sell", -1)
    return f'<path class="{kind}" d="M{x} {y + 5 * down:.1f}l-5 {9 * down}h10z"/>'


def _held(curve: Sequence[Point]) -> list[tuple[int, int]]:
    """Where shares were held: each stretch's first point, and the first one without them."""
    stretches: list[tuple[int, int]] = []
    first: int | None = None
    for index, point in enumerate(curve):
        if point.is_long and first is None:
            first = index
        if first is not None and (not point.is_long or index == len(curve) - 1):
            stretches.append((first, index))
            first = None
    return stretches


def _days(curve: Sequence[Point]) -> list[tuple[int, str]]:
    """Where each day begins, and its name."""
    return [
        (index, f"{point.at:%a} {point.at.day}")
        for index, point in enumerate(curve)
        if index == 0 or point.at.date() != curve[index - 1].at.date()
    ]


def _round_step(span: float) -> float:
    """A round number that divides a span into some four parts."""
    rough = (span or 1) / 4
    ten = 10.0 ** (len(f"{rough:.0f}") - 1)
    return next(step * ten for step in (1, 2, 5, 10) if step * ten >= rough)
