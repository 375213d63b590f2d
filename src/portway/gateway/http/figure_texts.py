"""Texts of market temperatures and of filings, in every language.

The vendor documents the English text of the middle temperature alone; the others are the project's.
"""

from __future__ import annotations

from typing import Final

from portway.model.corporate_action import CorporateAction
from portway.model.decimals import wire_text
from portway.wire.reasons import Text

__all__ = ["description", "ex_date", "filing_terms"]

# One text per line, however long.
# ruff: noqa: E501
# fmt: off
_DESCRIPTIONS: Final = (
    (80, Text("Temperature is hot, beware of risk", "温度火热，注意风险", "溫度火熱，注意風險")),
    (60, Text("Temperature is warm, market is active", "温度偏暖，市场活跃", "溫度偏暖，市場活躍")),
    (40, Text("Temperature is moderate, maintaining stability", "温度适宜，保持平稳", "溫度適宜，保持平穩")),
    (20, Text("Temperature is cool, market is cautious", "温度偏冷，市场谨慎", "溫度偏冷，市場謹慎")),
    (0, Text("Temperature is cold, market sentiment is low", "温度寒冷，情绪低迷", "溫度寒冷，情緒低迷")),
)


def description(temperature: int) -> Text:
    """Return what a temperature from 0 to 100 is called."""
    return next(text for least, text in _DESCRIPTIONS if temperature >= least)


def ex_date(action: CorporateAction) -> Text:
    """Return the line that names the ex-date."""
    day = f"{action.ex_date:%Y-%m-%d}"
    return Text(f"Ex-date {day}", f"除权除息日 {day}", f"除淨日 {day}")


def filing_terms(action: CorporateAction, currency: str) -> list[Text]:
    """Return what an action gives or does, a text for each part of it."""
    terms = []
    if action.cash:
        amount = f"{currency} {wire_text(action.cash)}"
        terms.append(Text(f"cash dividend of {amount} a share", f"每股派息 {amount}", f"每股派息 {amount}"))
    if action.bonus:
        ratio = wire_text(action.bonus)
        terms.append(Text(f"{ratio} bonus shares for each share", f"每股送 {ratio} 股", f"每股送 {ratio} 股"))
    if action.rights:
        ratio, price = wire_text(action.rights), f"{currency} {wire_text(action.rights_price)}"
        terms.append(Text(f"{ratio} rights shares for each share at {price}", f"每股配 {ratio} 股，配股价 {price}", f"每股供 {ratio} 股，供股價 {price}"))
    if action.split != 1:
        ratio = wire_text(action.split)
        terms.append(Text(f"each share becomes {ratio}", f"每股拆为 {ratio} 股", f"每股拆為 {ratio} 股"))
    if action.renamed_to is not None:
        name = action.renamed_to
        terms.append(Text(f"trades as {name} from then on", f"此后以 {name} 交易", f"此後以 {name} 交易"))
    return terms
