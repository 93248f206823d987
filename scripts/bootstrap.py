"""Bring a fresh clone to where it can run: `.venv`, and the libraries that Python cannot bring.

    python3 scripts/bootstrap.py run|test

Needs Python 3.11, and pip or uv, and nothing else. Doing it again costs nothing: what was
installed is remembered in `.venv` by the content of the requirements file.
"""

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"

PANGO = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0")
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Library(NamedTuple):
    """Something of the system's: how to see it, what brings it, what is missing without it."""

    is_there: Callable[[], bool]
    packages: tuple[str, ...]
    without: str


def main() -> None:
    if sys.version_info < (3, 11):
        sys.exit(f"Python 3.11 or newer is needed, and this is {sys.version.split()[0]}.")
    if len(sys.argv) != 2 or sys.argv[1] not in LIBRARIES:
        sys.exit(__doc__)
    kind = sys.argv[1]
    install_requirements(kind)
    install_libraries(LIBRARIES[kind])


def install_requirements(kind: str) -> None:
    """Put exactly the pinned, hashed packages of ``requirements/<kind>.txt`` into `.venv`."""
    requirements = ROOT / "requirements" / f"{kind}.txt"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = VENV / f".{kind}-installed"
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return

    print(f"Installing {requirements.relative_to(ROOT)} into .venv ...", flush=True)
    if not is_alive(PYTHON):
        venv.create(VENV, clear=True, symlinks=True, with_pip=has_ensurepip())
    # All that is needed stands in the file, and `[tool.uv]` settles what packages disagree about.
    if not succeeds(*installer(), "--no-deps", "--require-hashes", "-r", requirements):
        sys.exit("The packages could not be installed; the lines above say why.")
    stamp.write_text(wanted)


def is_alive(python: Path) -> bool:
    """Tell a working `.venv` from none, or from one whose Python has gone."""
    return python.exists() and succeeds(python, "-c", "")


def has_ensurepip() -> bool:
    return find_spec("ensurepip") is not None


def installer(python: Path = PYTHON) -> list[str | Path]:
    """Return the command that installs into `.venv`: uv where there is one, else pip from outside.

    Pip need not be in `.venv` for that, so that a system without ``ensurepip`` will do. Another
    environment is named by its ``python``.
    """
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--quiet", "--python", python]
    if not succeeds(sys.executable, "-m", "pip", "--version", quiet=True):
        sys.exit(
            f"Neither pip nor uv was found for {sys.executable}.\n"
            "On Debian and Ubuntu `apt install python3-pip` brings pip."
        )
    return [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]


def install_libraries(libraries: list[Library]) -> None:
    """Install what is missing where that is allowed; where not, say what will not work."""
    if not sys.platform.startswith("linux"):
        return
    missing = [library for library in libraries if not library.is_there()]
    if not missing:
        return

    packages = sorted({package for library in missing for package in library.packages})
    apt_install(packages)
    for library in missing:
        if not library.is_there():
            print(f"Missing: {library.without} (Debian: {' '.join(library.packages)})")


def apt_install(packages: list[str]) -> None:
    """Try to install Debian packages; not being allowed to, or offline, is no error."""
    if not shutil.which("apt-get"):
        return
    if os.geteuid() == 0:
        as_root = []
    elif shutil.which("sudo") and succeeds("sudo", "-n", "true", quiet=True):
        as_root = ["sudo", "-n"]
    else:
        return
    print(f"Installing {', '.join(packages)} ...", flush=True)
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    install = [*apt, "-y", "--no-install-recommends", "install", *packages]
    if not succeeds(*install, quiet=True):  # perhaps the lists of packages are old
        succeeds(*apt, "update")
        succeeds(*install, quiet=True)


def succeeds(*command: str | Path, quiet: bool = False) -> bool:
    return subprocess.run(command, check=False, capture_output=quiet).returncode == 0


def has_pango() -> bool:
    try:
        return all(ctypes.CDLL(name) for name in PANGO)
    except OSError:
        return False


def has_a_font() -> bool:
    folders = (Path(folder).expanduser() for folder in FONT_FOLDERS)
    return any(next(folder.rglob("*.[ot]tf"), None) for folder in folders)


def find_chromium() -> str | None:
    """Return the browser to test in: what ``CHROMIUM`` names, else a usual one, else ``None``."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)


def has_postgresql() -> bool:
    return (
        "TEST_DATABASE_URL" in os.environ
        or shutil.which("initdb") is not None
        or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        or any(VENV.glob("lib/python*/site-packages/pgserver/pginstall/bin/initdb"))
    )


PDF = "Without Pango the PDF button offers the print page."
RUN = [
    Library(has_pango, ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"), PDF),
    Library(
        has_a_font, ("fontconfig", "fonts-dejavu-core"), "PDFs have no letters without a font."
    ),
]
TEST = [
    *RUN,
    Library(lambda: find_chromium() is not None, ("chromium",), "Browser tests need Chromium."),
    Library(has_postgresql, ("postgresql",), "Tests on PostgreSQL need a server's programs."),
]
LIBRARIES = {"run": RUN, "test": TEST}

if __name__ == "__main__":
    main()
