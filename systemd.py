"""What systemd gives a service, and what it hears from it: sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3)."""

import os
import socket

FIRST_LISTENER = 3  # behind standard input, output and error


def take_sockets() -> dict[str, list[socket.socket]]:
    """The sockets that systemd listens on, by the name that their unit gives them; none where it started nothing."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return {}
    count = int(os.environ.get("LISTEN_FDS", "0"))
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    taken: dict[str, list[socket.socket]] = {}
    for index in range(count):
        listener = socket.socket(fileno=FIRST_LISTENER + index)
        listener.setblocking(False)
        os.set_inheritable(listener.fileno(), False)
        taken.setdefault(names[index] if index < len(names) else "", []).append(listener)
    return taken


def notify(state: str) -> None:
    """Tell systemd, if it listens, such as `READY=1`."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(state.encode(), "\0" + path[1:] if path.startswith("@") else path)


async def beat() -> None:
    """Tell the watchdog that the loop turns."""
    notify("WATCHDOG=1")


def find_beat_seconds() -> float | None:
    """How often the watchdog is told, twice in the time that it waits; None without one."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = int(os.environ.get("WATCHDOG_USEC", "0"))
    return microseconds / 2_000_000 or None
