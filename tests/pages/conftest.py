"""The service as a process, Chromium, and users without a browser."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.conftest import Databases, open_databases
from tests.pages.browsing import FLAGS, PATIENCE, OpenPage, Watch
from tests.pages.fill import add_people
from tests.pages.host import Host
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.pages.widget import Widget
from tests.service import Service, manage, running

on_both_engines = pytest.mark.parametrize("databases", ["sqlite", "mysql"], indirect=True)
in_a_window = pytest.mark.parametrize(
    "browser", ["chromium"], indirect=True
)  # the shell has no focus, nor notifications


@pytest.fixture(autouse=True)
def close_clients() -> None:
    """Here are no clients on Tornado's loop, and Playwright has a loop of its own."""


@pytest.fixture
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    """On SQLite, unless the test is marked `on_both_engines`."""
    yield from open_databases(request, tmp_path, getattr(request, "param", "sqlite"))


@pytest.fixture
def ids(database_url: str) -> dict[str, int]:
    """The ids of olga, oleg, anna, boris and vera, who are in the database; their password is PASSWORD."""
    return add_people(database_url)


@pytest.fixture
def service_settings() -> list[str]:
    """The service's flags; a module or a `parametrize` puts its own in their place."""
    return []


@pytest.fixture
def service(ids: dict[str, int], database_url: str, tmp_path: Path, service_settings: list[str]) -> Iterator[Service]:
    """A running service, which may be killed and started again on the same port."""
    with running(tmp_path, f"--database={database_url}", *service_settings) as started:
        yield started
    assert "Traceback" not in started.log.read_text()


@pytest.fixture
def backup(service: Service, database_url: str, tmp_path: Path) -> Callable[[], Callable[[], None]]:
    """Makes a backup of the SQLite database; what it gives puts that back, under the service that runs then."""
    options = (f"--database={database_url}", f"--secret-file={tmp_path / 'secret'}")
    path, copy = Path(database_url.removeprefix("sqlite:")), tmp_path / "copy.db"

    def restore() -> None:
        service.kill()
        for file in path.parent.glob(path.name + "*"):
            file.unlink()
        assert manage("restore", str(copy), *options).returncode == 0
        service.start()

    def back_up() -> Callable[[], None]:
        assert manage("backup", str(copy), *options).returncode == 0
        return restore

    return back_up


@pytest.fixture
def peer(service: Service) -> Iterator[Callable[[str], Peer]]:
    """Lets a user in who has no browser, by name."""
    entered: list[Peer] = []

    def enter(name: str) -> Peer:
        entered.append(Peer(service.url, name))
        return entered[-1]

    yield enter
    for one in entered:
        one.close()


@pytest.fixture
def network(service: Service) -> Iterator[Network]:
    """A wire to the service for `open_page(…, base=network.url)`, which a test can cut."""
    made = Network(service.port)
    yield made
    made.close()


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """It ends with the tests of this folder: while it runs, asyncio's own loops would not."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(request: pytest.FixtureRequest, playwright: Playwright) -> Iterator[Browser]:
    """Chromium's headless shell, where a page opens in a sixth of the time, unless the test is marked `in_a_window`."""
    program = getattr(request, "param", "chromium-headless-shell")
    path = shutil.which(program)
    assert path, f"{program} is missing: ./run.sh test installs it"
    with playwright.chromium.launch(executable_path=path, args=FLAGS) as started:
        yield started


@pytest.fixture
def watch() -> Watch:
    """What the test's pages did that they must not; `watch.allow(NETWORK)` where the line is cut."""
    return Watch()


@pytest.fixture
def open_page(browser: Browser, service: Service, watch: Watch) -> Iterator[OpenPage]:
    """Opens pages of the service; see OpenPage. At the end none may have done what it must not."""
    made = OpenPage(browser, watch, service.url)
    yield made
    made.close()
    assert not watch.notes, "\n".join(watch.notes)


@pytest.fixture
def widget(open_page: OpenPage) -> Widget:
    """The customer's page, where anna is logged in."""
    made = Widget(open_page("/"))
    made.log_in("anna")
    return made


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()
    yield made
    made.server.shutdown()
    made.server.server_close()
