"""Debian's nginx in front of the service, with deploy/nginx.conf, and certificates of an authority of the tests."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import trustme

from tests.service import ROOT, START_SECONDS

CONFIG = (ROOT / "deploy" / "nginx.conf").read_text()


class Certificate:
    """The files of a certificate for 127.0.0.1, and of the authority that signed it."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.authority_file = folder / "authority.pem"
        self.authority.cert_pem.write_to_path(self.authority_file)
        self.certfile, self.keyfile = folder / "fullchain.pem", folder / "privkey.pem"
        self.issue()

    def issue(self) -> None:
        """Write a new one over the one before."""
        issued = self.authority.issue_cert("127.0.0.1")
        issued.private_key_pem.write_to_path(self.keyfile)
        self.certfile.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def nginx(folder: Path, certificate: Certificate, service_port: int, config: str = CONFIG) -> Iterator[int]:
    """The port where nginx speaks TLS and hands on to the service."""
    port, plain = free_port(), free_port()
    for old, new in {
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
        "listen [::]:443 ssl http2;": "",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen [::]:80;": "",
        "/etc/letsencrypt/live/chat.example/fullchain.pem": str(certificate.certfile),
        "/etc/letsencrypt/live/chat.example/privkey.pem": str(certificate.keyfile),
        "127.0.0.1:8888": f"127.0.0.1:{service_port}",
    }.items():
        assert old in config, old
        config = config.replace(old, new)
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log stderr warn; worker_processes 1; events {{}}\n"
        f"http {{ client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;\n"
        f"uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n{config}}}\n"
    )
    with (folder / "nginx.log").open("wb") as log:
        process = subprocess.Popen(
            ["nginx", "-e", "stderr", "-c", folder / "nginx.conf"],
            stderr=log,
            env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"},
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _listens(port):
            assert process.poll() is None, (folder / "nginx.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False
