"""The client side of python.test.js, on the library websockets.

Arguments: the address of the server, and the name of a scenario, which is a
function below. Prints what the client saw as JSON; the test asserts it.
"""

import hashlib
import json
import sys

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

TIMEOUT = 15
MESSAGES = 1000


def close_frame(error):
    """What a server's close frame said."""
    return [error.rcvd.code, error.rcvd.reason] if error.rcvd else None


def receive_until_closed(ws):
    try:
        while True:
            ws.recv(timeout=TIMEOUT)
    except ConnectionClosed as error:
        return close_frame(error)


def echo(ws, message):
    """Sends a message and describes what comes back."""
    ws.send(message)
    answer = ws.recv(timeout=TIMEOUT)
    data = answer.encode() if isinstance(answer, str) else answer
    return {
        "type": type(answer).__name__,
        "length": len(data),
        "sha1": hashlib.sha1(data).hexdigest(),
        "same": answer == message,
    }


def text(ws):
    return echo(ws, "h\u00e9llo \u20ac \U0001f600")


def binary(ws):
    return echo(ws, bytes(range(256)))


def empty_text(ws):
    return echo(ws, "")


def empty_binary(ws):
    return echo(ws, b"")


def large_text(ws):
    return echo(ws, "\u20ac" * (1 << 18) + "x" * (1 << 18))


def large_binary(ws):
    return echo(ws, bytes(range(256)) * (1 << 12))


def fragmented(ws):
    """Fragments with a ping between them, one of them empty."""
    pongs = []

    def fragments():
        yield "frag"
        pongs.append(ws.ping("between"))
        yield ""
        yield "m\u00e9nts"

    ws.send(fragments())
    answer = ws.recv(timeout=TIMEOUT)
    return {"answer": answer, "pong": pongs[0].wait(TIMEOUT)}


def receive_fragments(ws):
    fragments = list(ws.recv_streaming())
    return {"fragments": fragments}


def ping(ws):
    return {"pong": ws.ping(b"\x00\xffpayload").wait(TIMEOUT)}


def many(ws):
    """Sends all before it receives any."""
    for number in range(MESSAGES):
        ws.send(str(number))
    answers = [ws.recv(timeout=TIMEOUT) for _ in range(MESSAGES)]
    return {"inOrder": answers == [str(number) for number in range(MESSAGES)]}


def close(ws):
    ws.close(3001, "s\u00e9e you")
    return {"received": receive_until_closed(ws)}


def wait_for_close(ws):
    return {"received": receive_until_closed(ws)}


def subprotocol(ws):
    return {"subprotocol": ws.subprotocol}


def main():
    url, scenario = sys.argv[1:]
    options = {"open_timeout": TIMEOUT, "close_timeout": TIMEOUT}
    if scenario.startswith("subprotocol"):
        options["subprotocols"] = ["first", "second"]
    with connect(url, **options) as ws:
        result = globals()[scenario](ws)
        if scenario not in ("close", "wait_for_close"):
            ws.close()
    result["closeCode"] = ws.close_code
    print(json.dumps(result))


main()
