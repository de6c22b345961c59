"""A wire between a browser and the service that can be cut: Playwright's `set_offline` leaves open WebSockets open."""

import contextlib
import socket
import threading


class Network:
    """Relays all that comes to `url` to the service, until it is cut or falls silent."""

    def __init__(self, port: int) -> None:
        """`port` is the service's on this machine."""
        self._service = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._is_cut = False
        self._flows = threading.Event()
        self._flows.set()
        self._sockets: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Every connection ends, and no new one is served."""
        self._is_cut = True
        for end in list(self._sockets):
            _shut(end)

    def silence(self) -> None:
        """Nothing gets through any more, and nobody is told."""
        self._flows.clear()

    def mend(self) -> None:
        """As before; what was said into the silence arrives."""
        self._is_cut = False
        self._flows.set()

    def close(self) -> None:
        self.cut()
        self._flows.set()
        _shut(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return  # closed
            try:
                if self._is_cut:
                    raise ConnectionRefusedError
                service = socket.create_connection(self._service)
            except OSError:
                browser.close()
                continue
            self._sockets |= {browser, service}
            for source, target in ((browser, service), (service, browser)):
                threading.Thread(target=self._relay, args=(source, target), daemon=True).start()

    def _relay(self, source: socket.socket, target: socket.socket) -> None:
        """One direction of a connection, to its end; the other direction closes what it reads from."""
        try:
            while content := source.recv(65_536):
                self._flows.wait()
                target.sendall(content)
        except OSError:
            pass  # cut
        _shut(source)
        _shut(target)
        self._sockets.discard(source)
        source.close()


def _shut(end: socket.socket) -> None:
    """Wakes whoever reads from it."""
    with contextlib.suppress(OSError):  # it is shut already
        end.shutdown(socket.SHUT_RDWR)
