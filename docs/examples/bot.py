"""An operator that answers by itself: python3 bot.py http://127.0.0.1:8888 operator PASSWORD."""

import asyncio
import json
import sys
import urllib.request
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


def log_in(url: str, name: str, password: str) -> str:
    body = json.dumps({"user_name": name, "password": password}).encode()
    with urllib.request.urlopen(f"{url}/v1/auth/", body) as answer:
        return str(json.load(answer)["result"]["token"])


def request(request_id: str, method: str, *params: object) -> str:
    return json.dumps({"method": method, "params": params, "id": request_id})


def answer(message: dict[str, Any]) -> str:
    """The request that answers a customer's message: once, whoever asks twice, and never behind a colleague's back."""
    text = f"Thank you, {message['user_name']}. You wrote: {message['message_text'][:1000]}"
    key = f"bot-{message['message_id']}"
    return request(key, "message.operatorSend", text, message["user_id"], key, message["message_id"])


async def serve(url: str, token: str) -> None:
    async for socket in connect(url.replace("http", "ws", 1) + "/v1/ws/", max_size=None):  # anew when it is lost
        try:
            await socket.send(request("auth", "message.auth", token))  # brings what waits for an answer
            async for frame in socket:
                reply = json.loads(frame)
                if reply["error"] and reply["error"]["code"] in (5, 6):  # unavailable, or too much: soon once more
                    await asyncio.sleep(1)
                    break
                if reply["error"]:
                    print(reply["id"], reply["error"]["message"], flush=True)  # such as: Already answered.
                elif reply["id"] in (None, "auth"):  # pushes, and what waited
                    result = reply["result"]
                    for message in result.get("messages") or [result.get("message")]:
                        if message and not message["is_from_support"]:
                            await socket.send(answer(message))
        except ConnectionClosed as closed:
            if closed.rcvd and closed.rcvd.code == 1008:
                sys.exit("the token is no longer valid: log in again")


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], log_in(*sys.argv[1:])))
