"""One end of python-compression.test.js, on the library websockets or aiohttp.

Arguments: the library, the role (client or server), and a JSON object with the
address of the server, for a client; the parameters of permessage-deflate by the
names of RFC 7692, and into how many characters or bytes a message is fragmented
that is sent back. It sends back all that it receives. A server prints its port
first. Last it prints what was agreed on and a digest of each message.
"""

import asyncio
import hashlib
import json
import sys

LIMIT = 1 << 24
TIMEOUT = 60

messages = []


def report(**what):
    print(json.dumps(what), flush=True)


def note(message):
    data = message.encode() if isinstance(message, str) else message
    messages.append([type(message).__name__, hashlib.sha1(data).hexdigest()])


async def websockets_echo(ws, fragment):
    async for message in ws:
        note(message)
        if fragment and len(message) > fragment:
            await ws.send(fragments(ws, message, fragment))
        else:
            await ws.send(message)
    report(
        extensions=[extension.name for extension in ws.protocol.extensions],
        messages=messages,
        code=ws.close_code,
    )


async def fragments(ws, message, size):
    for start in range(0, len(message), size):
        if start > 0:
            await ws.ping()
        yield message[start : start + size]


async def websockets_client(options):
    from websockets.asyncio.client import connect
    from websockets.extensions.permessage_deflate import (
        ClientPerMessageDeflateFactory,
    )

    factory = ClientPerMessageDeflateFactory(**options["parameters"])
    async with connect(
        options["url"], compression=None, extensions=[factory], max_size=LIMIT
    ) as ws:
        await websockets_echo(ws, options.get("fragment"))


async def websockets_server(options):
    from websockets.asyncio.server import serve
    from websockets.extensions.permessage_deflate import (
        ServerPerMessageDeflateFactory,
    )

    over = asyncio.Event()

    async def handle(ws):
        await websockets_echo(ws, options.get("fragment"))
        over.set()

    factory = ServerPerMessageDeflateFactory(**options["parameters"])
    async with serve(
        handle,
        "127.0.0.1",
        0,
        compression=None,
        extensions=[factory],
        max_size=LIMIT,
    ) as server:
        report(port=server.sockets[0].getsockname()[1])
        await over.wait()


async def aiohttp_echo(ws, is_compressed):
    from aiohttp import WSMsgType

    async for message in ws:
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            raise RuntimeError(f"{message.type} {message.data}")
        note(message.data)
        if message.type == WSMsgType.TEXT:
            await ws.send_str(message.data)
        else:
            await ws.send_bytes(message.data)
    report(
        extensions=["permessage-deflate"] if is_compressed(ws) else [],
        messages=messages,
        code=ws.close_code,
    )


async def aiohttp_client(options):
    import aiohttp

    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(
            options["url"],
            compress=options["parameters"].get("client_max_window_bits", 15),
            max_msg_size=LIMIT,
        ) as ws:
            await aiohttp_echo(ws, lambda ws: ws.compress > 0)


async def aiohttp_server(options):
    from aiohttp import web

    over = asyncio.Event()

    async def handle(request):
        ws = web.WebSocketResponse(compress=True, max_msg_size=LIMIT)
        await ws.prepare(request)
        await aiohttp_echo(ws, lambda ws: ws.compress)
        over.set()
        return ws

    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    report(port=runner.addresses[0][1])
    await over.wait()
    await runner.cleanup()


async def main():
    library, role, options = sys.argv[1:]
    run = globals()[f"{library}_{role}"]
    await asyncio.wait_for(run(json.loads(options)), TIMEOUT)


asyncio.run(main())
