"""What every test may ask for: above all, a database of its own."""

import gc
import os
import sys
import zoneinfo
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import databases, handed_on, leaks
from tests.missing import cannot_run
from tests.postgres import NoServer
from tests.stripe_sandbox import Sandbox, start_sandbox

# As in every entry point: the pinned tzdata counts, not the machine's.
zoneinfo.reset_tzpath([])

# Where Python is told to keep no compiled code, every worker and every program that a test starts
# would compile all of the house anew: seconds of CPU each. It lies in __pycache__, as usual.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# No test asserts a time, and a property holds on a slow machine too. In CI it is the same examples
# each time, so that a failure says something about the change.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--db",
        choices=[*databases.KINDS, "both"],
        default="both",
        help="run tests that need a database on this kind alone",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "database(*kinds): run on these kinds of database (sqlite, postgresql) alone"
    )
    if "PYTEST_XDIST_WORKER" not in os.environ:  # workers share what their run has opened
        run = ExitStack()
        run.enter_context(databases.shared_by_the_run(durable=False))
        config.add_cleanup(run.close)
    config.add_cleanup(handed_on.drop_all)


def pytest_collection_finish() -> None:
    """Look for garbage seldom, and never in what the whole run keeps: a tenth of it went to that.

    Five thousand tests and all their modules are there until the end.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that needs a database once on each kind, or on the kinds it is marked with."""
    if "database_url" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--db")
        marked = metafunc.definition.get_closest_marker("database")
        kinds = marked.args if marked else databases.KINDS
        wanted = [kind for kind in kinds if chosen in {kind, "both"}]
        metafunc.parametrize("database_url", wanted, indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated, empty database of this test's own, on SQLite and on PostgreSQL in turn."""
    try:
        with handed_on.database(request.param) as url:
            yield url
    except NoServer as error:
        cannot_run(str(error))


@pytest.fixture(scope="session")
def clock_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that moves the clock of the application and of the payment sandbox together."""
    return tmp_path_factory.mktemp("clock") / "seconds"


@pytest.fixture(scope="session")
def sandbox_process(clock_file: Path) -> Iterator[Sandbox]:
    """The payment sandbox of the run. All that was sent to it is looked through at the end."""
    process = start_sandbox(environment=os.environ | {"CLOCK_FILE": str(clock_file)})
    yield process
    sent, broken = process.requests(), process.violations()
    process.stop()
    assert leaks.found_in(sent) == []
    assert broken == []
