"""The baseline: a bare Tornado WebSocket relay from customers to operators, without a database."""

import asyncio
import json
import sys
from typing import ClassVar

import tornado.netutil
import tornado.web
import tornado.websocket
from tornado.httpserver import HTTPServer

OPERATOR = "operator"  # the token of the connections that get every frame


class RelayHandler(tornado.websocket.WebSocketHandler):
    operators: ClassVar[set["RelayHandler"]] = set()

    def open(self, *_: str, **__: str) -> None:
        self.set_nodelay(True)  # as the service does

    async def on_message(self, message: str | bytes) -> None:
        request = json.loads(message)
        await asyncio.sleep(0)
        if request["method"] == "message.send":
            for operator in self.operators:
                operator.write_message(message)
        elif request["params"] == [OPERATOR]:
            self.operators.add(self)
        self.write_message({"error": None, "result": None, "id": request["id"]})

    def on_close(self) -> None:
        self.operators.discard(self)


async def serve() -> None:
    (listener,) = tornado.netutil.bind_sockets(0, "127.0.0.1")
    server = HTTPServer(tornado.web.Application([(r"/v1/ws/", RelayHandler)], log_function=lambda _: None))
    server.add_socket(listener)
    sys.stderr.write(f"serving on http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stderr.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
