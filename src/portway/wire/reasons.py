"""THE table of errors: reason name -> code, HTTP status, socket status, text in three languages.

One row per refusal that portway can answer, on HTTP, on a socket, or as the `msg` of a rejected
order. Codes and English texts are the vendor's where they are known (published, or reported by
users); other texts, all Chinese ones, and the codes of our own answers (`403000`, `404000`, `409000`,
`413000`, `503000` to `503002`, `504000`) are ours. Keyed by name: this layer does not know who refuses what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from portway.wire.commands import SocketStatus

__all__ = ["REASONS", "Language", "Reason", "Text", "pick_language"]

_DETAIL = "{detail}"
_LANGUAGES_MAX = 32  # entries of an accept-language header that are looked at


class Language(Enum):
    """Languages of texts; the values are those of `accept-language`."""

    EN = "en"
    ZH_CN = "zh-CN"
    ZH_HK = "zh-HK"


@dataclass(frozen=True, slots=True)
class Text:
    """One text in every language; it may end in `: {detail}`."""

    en: str
    zh_cn: str
    zh_hk: str

    def in_language(self, language: Language, detail: str = "") -> str:
        """Return the text; without a detail its place disappears."""
        match language:
            case Language.EN:
                text = self.en
            case Language.ZH_CN:
                text = self.zh_cn
            case Language.ZH_HK:
                text = self.zh_hk
        if _DETAIL not in text:
            return text
        if detail:
            return text.replace(_DETAIL, detail)
        return text.replace(_DETAIL, "").rstrip(" :：")


@dataclass(frozen=True, slots=True)
class Reason:
    """One row.

    Attributes:
        code: Business code: `code` of the envelope and of a socket's Error message.
        http_status: Status of an HTTP answer.
        socket_status: Status byte of a socket response; `None` if no socket command says it.
        text: What the user reads.
    """

    code: int
    http_status: int
    socket_status: SocketStatus | None
    text: Text

    def message(self, language: Language = Language.EN, detail: str = "") -> str:
        """Return the text in `language`; `detail` names the field or the value, if it has one."""
        return self.text.in_language(language, detail)


def pick_language(accept_language: str | None) -> Language:
    """Return the best language for an `accept-language` header; English when none fits.

    Official clients send one plain tag; the weights and wider tags of browsers are understood too.
    """
    best, best_weight = Language.EN, 0.0
    if not accept_language:
        return best
    for entry in accept_language.split(",")[:_LANGUAGES_MAX]:
        tag, _, parameters = entry.partition(";")
        language, weight = _language_of_tag(tag), _weight(parameters)
        if language is not None and weight > best_weight:
            best, best_weight = language, weight
    return best


def _language_of_tag(tag: str) -> Language | None:
    parts = tag.strip().lower().replace("_", "-").split("-")
    if parts[0] == "en":
        return Language.EN
    if parts[0] != "zh":
        return None
    return Language.ZH_HK if {"hk", "tw", "mo", "hant"} & set(parts) else Language.ZH_CN


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


_S = SocketStatus


def _row(
    code: int, http_status: int, socket_status: SocketStatus | None, en: str, cn: str, hk: str
) -> Reason:
    return Reason(code, http_status, socket_status, Text(en, cn, hk))


def _refused(code: int, en: str, cn: str, hk: str) -> Reason:
    """A row of the trade endpoints: HTTP 400, never on a socket."""
    return _row(code, 400, None, en, cn, hk)


# One row per line, however long: the table is read down its columns.
# ruff: noqa: E501
# fmt: off
_GATEWAY = {
    "TOKEN_MISSING": _row(401001, 401, _S.UNAUTHENTICATED, "token empty", "缺少 token", "缺少 token"),
    "TOKEN_EXPIRED": _row(401003, 401, _S.UNAUTHENTICATED, "token expired", "token 已过期", "token 已過期"),
    "TOKEN_INVALID": _row(401004, 401, _S.UNAUTHENTICATED, "token invalid", "token 无效", "token 無效"),
    "OAUTH_TOKEN_INVALID": _row(401102, 401, _S.UNAUTHENTICATED, "token verification failed", "token 验证失败", "token 驗證失敗"),
    "SIGNATURE_INVALID": _row(403201, 403, None, "signature invalid", "签名错误", "簽名錯誤"),
    "TIMESTAMP_STALE": _row(403201, 403, None, "signature invalid: x-timestamp is too far from the server's time", "签名错误：x-timestamp 与服务器时间相差过大", "簽名錯誤：x-timestamp 與伺服器時間相差過大"),
    "DUPLICATE_REQUEST": _row(403202, 403, None, "duplicate request", "重复的请求", "重複的請求"),
    "APP_KEY_UNKNOWN": _row(403203, 403, None, "apikey illegal", "apikey 不合法", "apikey 不合法"),
    "ADDRESS_NOT_ALLOWED": _row(403205, 403, None, "ip is not allowed", "IP 不在允许范围内", "IP 不在允許範圍內"),
    "TOKEN_READ_ONLY": _row(403000, 403, None, "this token may read but not trade", "该 token 仅可查询，不可交易", "該 token 僅可查詢，不可交易"),
    "PATH_NOT_FOUND": _row(404000, 404, None, "no such path or method", "路径或方法不存在", "路徑或方法不存在"),
    "REQUEST_TOO_LARGE": _row(413000, 413, None, "request too large", "请求内容过大", "請求內容過大"),
    "ADDRESS_RATE_LIMITED": _row(429001, 429, None, "ip request ratelimit", "该 IP 请求过于频繁", "該 IP 請求過於頻繁"),
    "RATE_LIMITED": _row(429002, 429, None, "api request is limited, please slow down request frequency", "请求受限，请降低请求频率", "請求受限，請降低請求頻率"),
    "INTERNAL_ERROR": _row(500000, 500, _S.SERVER_INTERNAL_ERROR, "internal error", "内部错误", "內部錯誤"),
    "VENUE_BUSY": _row(503000, 503, _S.SERVER_INTERNAL_ERROR, "server busy, nothing was done, please try again", "服务器繁忙，未执行任何操作，请稍后重试", "伺服器繁忙，未執行任何操作，請稍後重試"),
    "STORAGE_UNAVAILABLE": _row(503001, 503, _S.SERVER_INTERNAL_ERROR, "the server's disk cannot be written, nothing was done; queries still work, and orders are taken again without a restart once the disk has room and can be written", "服务器磁盘无法写入，未执行任何操作；查询仍可使用，磁盘恢复可写后将自动继续接受订单，无需重启", "伺服器磁碟無法寫入，未執行任何操作；查詢仍可使用，磁碟恢復可寫後將自動繼續接受訂單，無需重啟"),
    "VENUE_CLOSED": _row(503002, 503, _S.SERVER_INTERNAL_ERROR, "the server is stopping, nothing was done, please try again once it is back", "服务器正在停止，未执行任何操作，请在其恢复后重试", "伺服器正在停止，未執行任何操作，請在其恢復後重試"),
    "OUTCOME_UNKNOWN": _row(504000, 504, _S.SERVER_TIMEOUT, "outcome unknown, please query the order before trying again, or repeat the request with the same client_request_id", "结果未知，重试前请先查询订单，或使用相同的 client_request_id 重试", "結果未知，重試前請先查詢訂單，或使用相同的 client_request_id 重試"),
}

_SOCKET = {
    "NOT_AUTHENTICATED": _row(401001, 401, _S.UNAUTHENTICATED, "not authenticated", "未认证", "未認證"),
    "SESSION_EXPIRED": _row(401003, 401, _S.UNAUTHENTICATED, "token expired", "token 已过期", "token 已過期"),
    "CONNECTION_LIMIT": _row(403, 403, _S.PERMISSION_DENIED, "connections limitation is hit", "连接数已达上限", "連線數已達上限"),
    "UNKNOWN_COMMAND": _row(301600, 400, _S.BAD_REQUEST, "unknown command", "未知的命令", "未知的命令"),
}

_QUOTE = {
    "QUOTE_BAD_REQUEST": _row(301600, 400, _S.BAD_REQUEST, "invalid request: {detail}", "请求无效：{detail}", "請求無效：{detail}"),
    "QUOTE_PARAMETER_INVALID": _row(301600, 400, _S.SERVER_INTERNAL_ERROR, "invalid parameter: {detail}", "参数无效：{detail}", "參數無效：{detail}"),
    "QUOTE_NOT_FOUND": _row(301600, 400, _S.SERVER_INTERNAL_ERROR, "symbol not found", "证券不存在", "證券不存在"),
    "QUOTE_SERVER_ERROR": _row(301602, 500, _S.SERVER_INTERNAL_ERROR, "server error", "服务器错误", "伺服器錯誤"),
    "QUOTE_NO_DATA": _row(301603, 400, _S.SERVER_INTERNAL_ERROR, "no quote data", "没有行情数据", "沒有行情數據"),
    "QUOTE_NO_ACCESS": _row(301604, 403, _S.SERVER_INTERNAL_ERROR, "no quote access", "没有行情权限", "沒有行情權限"),
    "QUOTE_TOO_MANY_SUBSCRIPTIONS": _row(301605, 400, _S.SERVER_INTERNAL_ERROR, "too many subscriptions", "订阅数量超出上限", "訂閱數量超出上限"),
    "QUOTE_RATE_LIMITED": _row(301606, 429, _S.BAD_REQUEST, "request rate limit", "请求过于频繁", "請求過於頻繁"),
    "QUOTE_TOO_MUCH_REQUESTED": _row(301607, 400, _S.SERVER_INTERNAL_ERROR, "too much requested: {detail}", "请求数量超出上限：{detail}", "請求數量超出上限：{detail}"),
    "QUOTE_HISTORY_QUOTA": _row(301607, 400, _S.SERVER_INTERNAL_ERROR, "history kline symbol count out of limit", "历史 K 线证券数量超出上限", "歷史 K 線證券數量超出上限"),
    "QUOTE_NO_OPTIONS": _row(301600, 400, _S.SERVER_INTERNAL_ERROR, "no options on this security, stock_derivatives of its static info would name them: {detail}", "该证券没有期权，有期权的证券在静态信息的 stock_derivatives 中标明：{detail}", "該證券沒有期權，有期權的證券在靜態資訊的 stock_derivatives 中標明：{detail}"),
    "QUOTE_NO_EXPIRY": _row(301600, 400, _S.SERVER_INTERNAL_ERROR, "no options expire then, ask for the expiry dates of the chain: {detail}", "该日没有期权到期，请先查询期权链到期日列表：{detail}", "該日沒有期權到期，請先查詢期權鏈到期日列表：{detail}"),
    "QUOTE_OPTION_SYMBOL": _row(301600, 400, _S.BAD_REQUEST, "not an option symbol, write root, YYMMDD, C or P, strike x 1000 and .US as in AAPL250117C190000.US: {detail}", "期权代码格式错误，应为标的、YYMMDD、C 或 P、行权价 × 1000 加 .US，例如 AAPL250117C190000.US：{detail}", "期權代碼格式錯誤，應為標的、YYMMDD、C 或 P、行使價 × 1000 加 .US，例如 AAPL250117C190000.US：{detail}"),
    "QUOTE_HTTP_INVALID": _row(310010, 400, None, "invalid request: {detail}", "请求无效：{detail}", "請求無效：{detail}"),
    "WATCHLIST_GROUP_UNKNOWN": _row(310010, 400, None, "no such watchlist group, list the groups for their ids: {detail}", "自选分组不存在，请先查询分组列表：{detail}", "自選分組不存在，請先查詢分組列表：{detail}"),
    "WATCHLIST_GROUP_FIXED": _row(310010, 400, None, "this group holds every watched symbol: it keeps its name and cannot be deleted", "该分组包含全部自选证券，不可改名或删除", "該分組包含全部自選證券，不可改名或刪除"),
    "WATCHLIST_NAME_INVALID": _row(310010, 400, None, "invalid name of a watchlist group, characters allowed: {detail}", "自选分组名称无效，允许的字符数：{detail}", "自選分組名稱無效，允許的字元數：{detail}"),
    "WATCHLIST_NAME_TAKEN": _row(310010, 400, None, "a watchlist group has this name already, choose another: {detail}", "自选分组名称已存在，请换一个名称：{detail}", "自選分組名稱已存在，請換一個名稱：{detail}"),
    "QUOTE_HTTP_NOT_FOUND": _row(310010, 400, None, "symbol not found: {detail}", "证券不存在：{detail}", "證券不存在：{detail}"),
    "WATCHLIST_NOT_WATCHED": _row(310010, 400, None, "not watched, add it to a group before pinning it: {detail}", "该证券未加入自选，请先加入分组再置顶：{detail}", "該證券未加入自選，請先加入分組再置頂：{detail}"),
    "WATCHLIST_FULL": _row(310010, 400, None, "a watchlist is full, remove something before adding more: {detail}", "自选已满，请先移除再添加：{detail}", "自選已滿，請先移除再添加：{detail}"),
    "SECURITY_LIST_ERROR": _row(310011, 500, None, "internal error", "内部错误", "內部錯誤"),
    "TEMPERATURE_INVALID": _row(2601500, 400, None, "invalid request: {detail}", "请求无效：{detail}", "請求無效：{detail}"),
    "TEMPERATURE_NONE": _row(2601500, 400, None, "no temperature is computed for this market, ask for HK, US or CN", "该市场没有市场温度，请查询 HK、US 或 CN", "該市場沒有市場溫度，請查詢 HK、US 或 CN"),
}

# Refused at once: no order id, or the order named by the request stays as it was.
_ORDER = {
    "USER_INFO_UNAVAILABLE": _refused(202201, "user information could not be loaded", "无法读取用户信息", "無法讀取用戶資料"),
    "ACCOUNT_NOT_FOUND": _refused(602001, "user not found", "用户不存在", "用戶不存在"),
    "ACCOUNT_EXISTS": _row(409000, 409, None, "account exists", "账户已存在", "帳戶已存在"),
    "ACCOUNT_NOT_EMPTY": _row(409000, 409, None, "the account still holds money, shares or working orders", "账户中仍有资金、持仓或未完成订单", "帳戶中仍有資金、持倉或未完成訂單"),
    "WITHDRAWABLE_EXCEEDED": _refused(602001, "The amount exceeds the cash available to withdraw", "金额超过可提取现金", "金額超過可提取現金"),
    "PARAMETER_INVALID": _refused(602001, "invalid parameter: {detail}", "参数无效：{detail}", "參數無效：{detail}"),
    "PARAMETER_REFUSED": _refused(602001, "Parameter authentication failed, please contact customer service for assistance.", "参数校验失败，请联系客服。", "參數校驗失敗，請聯絡客服。"),
    "SYMBOL_NOT_FOUND": _refused(602001, "symbol not found", "证券不存在", "證券不存在"),
    "ORDER_TYPE_NOT_SUPPORTED": _refused(602001, "order type not support", "不支持该订单类型", "不支援該訂單類型"),
    "TIME_IN_FORCE_NOT_SUPPORTED": _refused(602001, "time in force not support", "不支持该订单有效期", "不支援該訂單有效期"),
    "OUTSIDE_RTH_NOT_SUPPORTED": _refused(602001, "trading outside regular hours not support", "不支持盘前盘后交易", "不支援盤前盤後交易"),
    "QUANTITY_NOT_POSITIVE": _refused(602001, "The submitted quantity must be greater than zero", "委托数量必须大于零", "委託數量必須大於零"),
    "QUANTITY_FRACTIONAL": _refused(602001, "The submitted quantity must be a whole number", "委托数量必须为整数", "委託數量必須為整數"),
    "QUANTITY_TOO_SMALL": _refused(602001, "The submitted quantity is below the minimum of the market", "委托数量低于市场下限", "委託數量低於市場下限"),
    "QUANTITY_TOO_LARGE": _refused(602001, "The submitted quantity exceeds the maximum of the market", "委托数量超过市场上限", "委託數量超過市場上限"),
    "LOT_SIZE_MISMATCH": _refused(602001, "The submitted quantity does not comply with the required multiple of the lot size", "委托数量不符合每手股数的整数倍要求", "委託數量不符合每手股數的整數倍要求"),
    "ODD_LOT_QUANTITY": _refused(602001, "The submitted quantity of an odd lot order must be less than one lot", "碎股单的委托数量必须少于一手", "碎股單的委託數量必須少於一手"),
    "QUANTITY_NOT_ABOVE_EXECUTED": _refused(602001, "The new quantity must be greater than the executed quantity", "修改后的数量必须大于已成交数量", "修改後的數量必須大於已成交數量"),
    "DELAYED_UNTIL_INVALID": _refused(602001, "The submit time is not possible for this order", "该订单不支持此提交时间", "該訂單不支援此提交時間"),
    "EXPIRE_DATE_INVALID": _refused(602001, "The expire date is not possible for this order", "该订单不支持此失效日期", "該訂單不支援此失效日期"),
    "LEG_RATIO_NOT_POSITIVE": _refused(602001, "leg ratio must be positive", "组合腿比例必须大于零", "組合腿比例必須大於零"),
    "NO_PERMISSION": _refused(602001, "User authentication failed", "用户没有该交易权限", "用戶沒有該交易權限"),
    "REPLACE_NOT_SUPPORTED": _refused(602012, "Order amendment is not supported for this order type", "该订单类型不支持改单", "該訂單類型不支援改單"),
    "REPLACE_NOT_ALLOWED": _refused(602013, "Order status does not allow amendment", "当前订单状态不允许改单", "當前訂單狀態不允許改單"),
    "CANCEL_NOT_ALLOWED": _refused(602013, "Order status does not allow cancellation", "当前订单状态不允许撤单", "當前訂單狀態不允許撤單"),
    "WRONG_BID_SIZE": _refused(602035, "Wrong bid size, please change the price", "价格不符合最小变动价位，请修改价格", "價格不符合最小變動價位，請修改價格"),
    "SHORT_SALE_DISCLOSURE_MISSING": _refused(602065, "The short sale risk disclosure has not been accepted: portway account agree ACCOUNT us-short-sale", "尚未确认卖空风险披露：portway account agree 账户 us-short-sale", "尚未確認賣空風險披露：portway account agree 帳戶 us-short-sale"),
    "GRID_PARAMETER_MISSING": _refused(602080, "missing parameter: {detail}", "缺少参数：{detail}", "缺少參數：{detail}"),
    "BORROWING_AGREEMENT_MISSING": _refused(602301, "The securities borrowing agreement has not been signed: portway account agree ACCOUNT hk-borrowing", "尚未签署证券借贷协议：portway account agree 账户 hk-borrowing", "尚未簽署證券借貸協議：portway account agree 帳戶 hk-borrowing"),
    "RESIDENCY_RESTRICTED": _refused(602315, "Not allowed for residents of mainland China", "不允许中国内地居民进行此操作", "不允許中國內地居民進行此操作"),
    "ORDER_ALREADY_CANCELED": _refused(601011, "Order has been cancelled", "订单已撤销", "訂單已撤銷"),
    "ORDER_EXPIRED": _refused(601011, "Order has expired", "订单已过期", "訂單已過期"),
    "ORDER_ALREADY_FILLED": _refused(601012, "Order has been filled", "订单已全部成交", "訂單已全部成交"),
    "ORDER_ALREADY_REJECTED": _refused(601013, "Order has been rejected", "订单已被拒绝", "訂單已被拒絕"),
    "ORDER_NOT_FOUND": _refused(603001, "Order not found", "订单不存在", "訂單不存在"),
}

# The order has an id and becomes rejected: the text is its `msg`. The code is for servers that are
# set to refuse at once what they can see at submission.
_REJECTION = {
    "BUYING_POWER_EXCEEDED": _refused(602001, "The order amount exceeds the maximum buying power", "订单金额超过最大购买力", "訂單金額超過最大購買力"),
    "SHARES_NOT_ENOUGH": _refused(602001, "The order quantity exceeds the shares available to sell", "订单数量超过可卖数量", "訂單數量超過可賣數量"),
    "OPTION_APPROVAL_MISSING": _refused(602001, "User authentication failed: writing uncovered options needs approval: portway account agree ACCOUNT naked-options", "用户没有该交易权限：卖出无担保期权须先获批：portway account agree 账户 naked-options", "用戶沒有該交易權限：賣出無擔保期權須先獲批：portway account agree 帳戶 naked-options"),
    "SHARES_NOT_LENT": _refused(602001, "The shares cannot be borrowed to be sold short", "该证券无法借入卖空", "該證券無法借入賣空"),
    "SHORT_PRICE_TOO_LOW": _refused(602001, "A short sale must not be priced below the best ask or the reference price", "卖空价不得低于最优卖价或参考价", "賣空價不得低於最優賣價或參考價"),
    "PRICE_OUTSIDE_BAND": _refused(602001, "The order price is outside the price range of the exchange", "订单价格超出交易所允许的范围", "訂單價格超出交易所允許的範圍"),
    "MARKET_CLOSED_FOR_TYPE": _refused(602001, "The exchange does not take this order type at this time", "交易所当前时段不接受该订单类型", "交易所當前時段不接受該訂單類型"),
    "NO_OPPOSITE_QUOTE": _refused(602001, "There is no opposite quote for the order", "没有可成交的对手盘", "沒有可成交的對手盤"),
    "SECURITY_NOT_TRADABLE": _refused(602001, "The security cannot be traded at present", "该证券目前不可交易", "該證券目前不可交易"),
    "EXCHANGE_REFUSED": _refused(602001, "The exchange refused the order: {detail}", "交易所拒绝了该订单：{detail}", "交易所拒絕了該訂單：{detail}"),
}
# fmt: on

REASONS: Final[Mapping[str, Reason]] = MappingProxyType(
    _GATEWAY | _SOCKET | _QUOTE | _ORDER | _REJECTION
)
assert len(REASONS) == sum(map(len, (_GATEWAY, _SOCKET, _QUOTE, _ORDER, _REJECTION)))
