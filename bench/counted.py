"""The service, but that it counts what its loop and its writer run: `python -m bench.counted FILE [SETTING...]`.

SIGUSR1 begins the count anew; at the end it is in the file, as `Steps` in JSON.
"""

import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import msgspec

import server

THREADS = {"MainThread": "loop", "writer": "writer"}


class Steps(msgspec.Struct):
    """What a function ran in a thread."""

    thread: str
    function: str
    calls: int
    bytecodes: int


class Count:
    """What a thread runs."""

    def __init__(self) -> None:
        self.calls: Counter[CodeType] = Counter()
        self.bytecodes: Counter[CodeType] = Counter()

    def trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        """For sys.settrace, which calls it where a function begins, or goes on."""
        self.calls[frame.f_code] += 1
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._step

    def _step(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "opcode":
            self.bytecodes[frame.f_code] += 1
        return self._step

    def clear(self) -> None:
        self.calls.clear()
        self.bytecodes.clear()


def main(file: str, settings: list[str]) -> None:
    counts = {name: Count() for name in THREADS}

    def trace_writer(frame: FrameType, event: str, argument: Any) -> Any:
        count = counts.get(threading.current_thread().name)
        trace = count.trace if count else None
        sys.settrace(trace)
        return trace and trace(frame, event, argument)

    def clear(*_: object) -> None:
        for count in counts.values():
            count.clear()

    signal.signal(signal.SIGUSR1, clear)
    sys.argv = [server.__file__, *settings]
    threading.settrace(trace_writer)
    sys.settrace(counts["MainThread"].trace)
    try:
        server.main()
    finally:
        sys.settrace(None)
        steps = [
            Steps(THREADS[name], code.co_qualname, count.calls[code], bytecodes)
            for name, count in counts.items()
            for code, bytecodes in count.bytecodes.most_common()
        ]
        Path(file).write_bytes(msgspec.json.encode(steps))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
