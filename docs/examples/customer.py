"""A customer at a terminal: python3 customer.py http://127.0.0.1:8888 anna PASSWORD. Each line is a message."""

import asyncio
import json
import sys
import urllib.request
from threading import Thread
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

shown: list[int] = [0]  # ids of the messages that were shown, ever higher
unsent: dict[str, str] = {}  # texts by their keys, until they are stored


async def request(socket: ClientConnection, request_id: str, method: str, *params: object) -> None:
    await socket.send(json.dumps({"method": method, "params": params, "id": request_id}))


async def talk(socket: ClientConnection, token: str, lines: asyncio.Queue[str]) -> None:
    await request(socket, "auth", "message.auth", token, shown[-1])
    for key, text in list(unsent.items()):  # once more: the key keeps it from being stored twice
        await request(socket, key, "message.send", text, key)
    while text := await lines.get():
        unsent[key := str(uuid4())] = text
        await request(socket, key, "message.send", text, key)


async def main(url: str, name: str, password: str) -> None:
    body = json.dumps({"user_name": name, "password": password}).encode()
    token = json.load(urllib.request.urlopen(f"{url}/v1/auth/", body))["result"]["token"]
    lines, loop = asyncio.Queue[str](), asyncio.get_running_loop()
    put = (loop.call_soon_threadsafe(lines.put_nowait, line.strip()) for line in sys.stdin if line.strip())
    Thread(target=list, args=[put], daemon=True).start()
    async for socket in connect(url.replace("http", "ws", 1) + "/v1/ws/", max_size=None):  # anew when it is lost
        talking = asyncio.create_task(talk(socket, token, lines))
        try:
            async for frame in (json.loads(text) async for text in socket):
                if frame["error"] and frame["error"]["code"] in (5, 6):  # unavailable, or too much: soon once more
                    await asyncio.sleep(1)
                    break
                unsent.pop(frame["id"], None)
                if frame["error"]:
                    print(frame["error"]["message"], flush=True)
                for one in frame["result"]["messages"] if frame["id"] == "news" else []:
                    if one["message_id"] > shown[-1]:
                        shown.append(one["message_id"])
                        print(f"{one['invader_name'] or 'you'}: {one['message_text']}", flush=True)
                if frame["id"] != "news" or frame["result"]["has_more"]:  # there may be news, in pages of 500
                    await request(socket, "news", "message.history", None, None, shown[-1])
        except ConnectionClosed as closed:
            if closed.rcvd and closed.rcvd.code == 1008:
                sys.exit("log in again")
        talking.cancel()


asyncio.run(main(*sys.argv[1:]))
