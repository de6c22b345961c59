"""Reading what has arrived in one go: Tornado waits for the head, the mask and the body of each frame by itself.

The one place that knows private names of Tornado's, `_read_bytes` and `_wire_bytes_in`, in the version that is pinned.
"""

from tornado.websocket import WebSocketProtocol13

AHEAD = 65_536  # bytes at most


class ReadsAhead(WebSocketProtocol13):
    """Tornado's protocol; a part of a frame that has arrived costs no turn of the loop."""

    _ahead = b""
    _taken = 0  # of what was read ahead

    async def _read_bytes(self, n: int) -> bytes:
        end = self._taken + n
        while len(self._ahead) < end:
            self._ahead = self._ahead[self._taken :] + await self.stream.read_bytes(AHEAD, partial=True)
            self._taken, end = 0, n
        data = self._ahead[self._taken : end]
        self._taken = end
        self._wire_bytes_in += n
        return data
