"""A customer at a terminal: python3 customer.py http://127.0.0.1:8888 anna PASSWORD. Each line is a message."""

import asyncio
import json
import sys
import urllib.request
from threading import Thread
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

shown: list[int] = [0]  # ids of the messages that were shown, ever higher
unsent: dict[str, str] = {}  # texts by their keys, until they are acknowledged


async def request(socket: ClientConnection, request_id: str, method: str, *params: object) -> None:
    await socket.send(json.dumps({"method": method, "params": params, "id": request_id}))


async def talk(socket: ClientConnection, token: str, lines: asyncio.Queue[str]) -> None:
    await request(socket, "auth", "message.auth", token, shown[-1])  # brings what is newer
    for key, text in list(unsent.items()):  # once more: the key keeps it from being stored twice
        await request(socket, key, "message.send", text, key)
    while text := await lines.get():
        unsent[key := str(uuid4())] = text
        await request(socket, key, "message.send", text, key)


def show(frame: dict[str, Any]) -> None:
    unsent.pop(frame["id"], None)
    if frame["error"]:
        print(frame["error"]["message"], flush=True)
        return
    for message in frame["result"].get("messages") or [frame["result"].get("message")]:
        if message and message["message_id"] > shown[-1]:  # else it is a repeat
            shown.append(message["message_id"])
            print(f"{message['invader_name'] or 'you'}: {message['message_text']}", flush=True)


async def main(url: str, name: str, password: str) -> None:
    body = json.dumps({"user_name": name, "password": password}).encode()
    token = json.load(urllib.request.urlopen(f"{url}/v1/auth/", body))["result"]["token"]
    lines, loop = asyncio.Queue[str](), asyncio.get_running_loop()
    put = (loop.call_soon_threadsafe(lines.put_nowait, line.strip()) for line in sys.stdin if line.strip())
    Thread(target=list, args=[put], daemon=True).start()
    async for socket in connect(url.replace("http", "ws", 1) + "/v1/ws/", max_size=None):  # anew when it is lost
        talking = asyncio.create_task(talk(socket, token, lines))
        try:
            async for frame in socket:
                show(json.loads(frame))
        except ConnectionClosed as closed:
            if closed.rcvd and closed.rcvd.code == 1008:
                sys.exit("log in again")
        talking.cancel()


asyncio.run(main(*sys.argv[1:]))
