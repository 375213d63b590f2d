"""The HTTP API without any SDK: sign a request, read the envelope. Standard library alone.

eval "$(portway env)"
python examples/raw/over_http.py
"""

import hashlib
import hmac
import json
import os
import time
import urllib.error
import urllib.request

BASE = os.environ["LONGPORT_HTTP_URL"]
KEY = os.environ["LONGPORT_APP_KEY"]
SECRET = os.environ["LONGPORT_APP_SECRET"]
TOKEN = os.environ["LONGPORT_ACCESS_TOKEN"]
SIGNED = "authorization;x-api-key;x-timestamp"


def call(method, path, query="", body=None):
    """Send one signed request; return the envelope's data or raise what it says."""
    raw = b"" if body is None else json.dumps(body).encode()
    headers = {"authorization": TOKEN, "x-api-key": KEY, "x-timestamp": str(int(time.time()))}
    values = "".join(f"{name}:{headers[name]}\n" for name in SIGNED.split(";"))
    canonical = f"{method}|{path}|{query}|{values}|{SIGNED}|"
    if raw:
        canonical += hashlib.sha1(raw).hexdigest()
    text = "HMAC-SHA256|" + hashlib.sha1(canonical.encode()).hexdigest()
    signature = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    headers["x-api-signature"] = f"HMAC-SHA256 SignedHeaders={SIGNED}, Signature={signature}"
    headers["content-type"] = "application/json; charset=utf-8"
    url = f"{BASE}{path}?{query}" if query else BASE + path
    request = urllib.request.Request(url, raw or None, headers, method=method)
    try:
        answer = json.load(urllib.request.urlopen(request))
    except urllib.error.HTTPError as error:
        answer = json.load(error)
    if answer["code"]:
        raise SystemExit(f"refused: {answer['code']} {answer['message']}")
    return answer["data"]


for balance in call("GET", "/v1/asset/account")["list"]:
    print(f"net assets {balance['net_assets']} {balance['currency']}")
    for cash in balance["cash_infos"]:
        print(f"  {cash['currency']}  available {cash['available_cash']}")

order = call(
    "POST",
    "/v1/trade/order",
    body={
        "symbol": "AAPL.US",
        "order_type": "MO",
        "side": "Buy",
        "submitted_quantity": "1",
        "time_in_force": "Day",
        "remark": "examples/raw",
    },
)
time.sleep(0.5)
detail = call("GET", "/v1/trade/order", f"order_id={order['order_id']}")
print(f"order {detail['order_id']}: {detail['status']}, executed at {detail['executed_price']}")
