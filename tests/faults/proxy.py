"""A wire between the service and MariaDB, which fails as a message's commit crosses it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from enum import Enum, auto

WRITES, COMMITS = b"INSERT INTO messages", b"COMMIT"
DELAY_SECONDS = 0.5


class Fault(Enum):
    """What becomes of a commit, or of its answer."""

    LOST = auto()  # the commit never arrives, and the wire is cut
    HALVED = auto()  # half of it arrives
    UNANSWERED = auto()  # it arrives, its answer does not
    HALF_ANSWERED = auto()  # half of the answer arrives
    DELAYED = auto()  # both arrive, late
    SILENT = auto()  # it arrives, and nothing comes back, nor does anybody learn why


class Flow:
    """One connection through the proxy. What the service sends is a whole statement, and waits for its answer."""

    def __init__(self, proxy: "Proxy", service: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._service = service
        self._server = server
        self._holds_messages = False  # in a transaction that is not committed
        self._fault: Fault | None = None  # of the commit that is under way

    async def pass_statement(self, data: bytes) -> None:
        self._holds_messages |= WRITES in data
        if COMMITS in data:
            if self._holds_messages:
                self._fault = self._proxy.take_fault()
            self._holds_messages = False
        if self._fault is Fault.LOST:
            raise ConnectionResetError
        if self._fault is Fault.HALVED:
            await _send(self._server, data[: len(data) // 2])
            raise ConnectionResetError
        await self._delay()
        await _send(self._server, data)

    async def pass_answer(self, data: bytes) -> None:
        if self._fault is Fault.UNANSWERED:
            raise ConnectionResetError
        if self._fault is Fault.HALF_ANSWERED:
            await _send(self._service, data[: len(data) // 2])
            raise ConnectionResetError
        if self._fault is Fault.SILENT:
            return
        await self._delay()
        self._fault = None
        await _send(self._service, data)

    async def _delay(self) -> None:
        if self._fault is Fault.DELAYED:
            await asyncio.sleep(DELAY_SECONDS)


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


class Proxy:
    def __init__(self, port: int) -> None:
        """`port` is MariaDB's."""
        self._target = port
        self._fault: Fault | None = None
        self._struck = asyncio.Event()
        self.port = 0
        self.flows = 0

    async def strike(self, fault: Fault) -> None:
        """Let the next commit of messages meet the fault. Returns when it has."""
        self._fault = fault
        self._struck.clear()
        await self._struck.wait()

    def take_fault(self) -> Fault | None:
        fault, self._fault = self._fault, None
        if fault:
            self._struck.set()
        return fault

    async def serve(self, from_service: asyncio.StreamReader, to_service: asyncio.StreamWriter) -> None:
        """Pass on, in both directions, until one end closes or a fault cuts both."""
        self.flows += 1
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        flow = Flow(self, to_service, to_server)
        ways = [
            asyncio.ensure_future(_pump(from_service, flow.pass_statement)),
            asyncio.ensure_future(_pump(from_server, flow.pass_answer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)
        for writer in (to_service, to_server):
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        self.flows -= 1


async def _pump(source: asyncio.StreamReader, pass_on: Callable[[bytes], Coroutine[None, None, None]]) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65_536):
            await pass_on(data)


@contextlib.asynccontextmanager
async def proxying(port: int) -> AsyncIterator[Proxy]:
    """A proxy in front of the MariaDB at that port; the service must end before it."""
    proxy = Proxy(port)
    async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
        proxy.port = server.sockets[0].getsockname()[1]
        yield proxy
        while proxy.flows:  # the loop must not end before them
            await asyncio.sleep(0.01)
