"""A real Chromium, and the whole program to point it at, started as `make run` starts it."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, Request, sync_playwright

from scripts.bootstrap import find_chromium
from scripts.processes import together
from scripts.run import HOST, ROOT, CannotStart, Ports, address, free_ports, kept_settings
from tests import databases
from tests.missing import cannot_run
from tests.postgres import NoServer

HERE = Path(__file__).parent
QUIET = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PHONE = 390
DESK = 1280
EVERYTHING_RUNS = "Ctrl-C stops everything."


@dataclass(frozen=True)
class Live:
    """The running program. ``said`` is what it printed at start, the demo's sign-ins with it."""

    web: str
    sandbox: str
    mail: str
    said: str
    environment: dict[str, str] = field(repr=False)


class Browse(Protocol):
    """Open a page as somebody new, without cookies, in a window ``width`` pixels wide."""

    def __call__(self, *, width: int = DESK, scripts: bool = True) -> Page: ...


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep browser tests on one worker: there is one program running for all of them."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group("browser"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run on SQLite; a test that is marked with other kinds of database, on those."""
    if "live" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker("database")
        kinds = marked.args if marked else ["sqlite"]
        metafunc.parametrize("live", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def live(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """The web server, the worker, the payment sandbox and the mail catcher, with the demo."""
    var = tmp_path_factory.mktemp("live")
    ports = _some_free_ports()
    with ExitStack() as running:
        try:
            database_url = running.enter_context(databases.fresh(request.param))
        except NoServer as error:
            cannot_run(str(error))
        environment = os.environ | {
            "VAR": str(var),
            "PORT": str(ports.web),
            "DATABASE_URL": database_url,
        }
        program = running.enter_context(together(folder=ROOT, environment=environment, logs=var))
        program.start("program", "scripts.run")
        log = var / "program.log"
        program.wait_for("program", lambda: EVERYTHING_RUNS in log.read_text(), seconds=180)
        yield Live(
            web=address(ports.web),
            sandbox=address(ports.sandbox),
            mail=address(ports.mail),
            said=log.read_text(),
            environment=environment | kept_settings(var),
        )


def _some_free_ports() -> Ports:
    """Choose ports that nothing serves, and that no system gives to whoever connects.

    The web server begins to listen seconds later than it is looked for; meanwhile another worker's
    connection to its database or sandbox could be given one of the higher ones.
    """
    while True:
        with suppress(CannotStart):
            return free_ports(str(random.randrange(20_000, 32_000)))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the browser once; see ``browse`` for pages in it."""
    program = find_chromium()
    if program is None:
        cannot_run("No Chromium was found. Install one (Debian: chromium), or name it in CHROMIUM.")
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=[*QUIET, *as_root])
        except Error as error:
            cannot_run(f"{program} does not start: {error.message}")
        yield browser
        browser.close()


@pytest.fixture
def requests_made() -> list[Request]:
    """Every request of this test's pages, in their order."""
    return []


@pytest.fixture
def browse(chromium: Browser, live: Live, requests_made: list[Request]) -> Iterator[Browse]:
    """Open pages of the running program. No page may ask any other machine for anything."""
    with ExitStack() as opened:

        def browse(*, width: int = DESK, scripts: bool = True) -> Page:
            context = opened.enter_context(
                chromium.new_context(
                    base_url=live.web,
                    viewport={"width": width, "height": 844 if width == PHONE else 900},
                    has_touch=width == PHONE,
                    java_script_enabled=scripts,
                    locale="en-US",
                )
            )
            context.on("request", lambda request: requests_made.append(request))  # noqa: PLW0108  it marks it
            return context.new_page()

        yield browse

    elsewhere = {urlsplit(request.url).hostname for request in requests_made} - {HOST, None}
    assert elsewhere == set()


@pytest.fixture
def page(browse: Browse) -> Page:
    return browse()


@pytest.fixture
def phone(browse: Browse) -> Page:
    return browse(width=PHONE)


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """Return a function that lists what keeps people out of a page, in axe's words."""
    checker = Axe()

    def violations(page: Page) -> list[str]:
        return [
            f"{violation['id']}: {node['html']}"
            for violation in checker.run(page).response["violations"]
            for node in violation["nodes"]
        ]

    return violations
