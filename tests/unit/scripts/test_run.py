"""What `make run` keeps, and what it refuses."""

import socket
from pathlib import Path

import pytest

from scripts.run import CannotStart, Ports, free_ports, kept_settings, settings

HERE = Ports(8000, 8001, 8002, 8003)
THERE = Ports(9000, 9001, 9002, 9003)
SECRETS = {
    "SECRET_KEY",
    "FIELD_KEYS",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRETS",
    "STRIPE_CONNECT_WEBHOOK_SECRETS",
}


@pytest.fixture(autouse=True)
def _no_database_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)


def test_settings_keeps_its_secrets_when_everything_moves(tmp_path: Path) -> None:
    first = settings(tmp_path, HERE)

    second = settings(tmp_path, THERE)

    assert {name for name in first if first[name] == second[name]} >= SECRETS
    assert second["BASE_URL"] == "http://127.0.0.1:9000"
    assert second["STRIPE_API_BASE"] == "http://127.0.0.1:9001"
    assert second["SMTP_URL"] == "smtp://127.0.0.1:9003"


def test_settings_makes_other_secrets_for_every_installation(tmp_path: Path) -> None:
    one, other = settings(tmp_path / "one", HERE), settings(tmp_path / "other", HERE)

    assert {name for name in SECRETS if one[name] == other[name]} == set()


def test_settings_are_kept_for_their_owner_alone(tmp_path: Path) -> None:
    var = tmp_path / "a folder with spaces"

    made = settings(var, HERE)

    assert kept_settings(var) == made
    assert (var / "env").stat().st_mode & 0o777 == 0o600


def test_settings_leaves_alone_what_somebody_has_added(tmp_path: Path) -> None:
    settings(tmp_path, HERE)
    with (tmp_path / "env").open("a") as file:
        file.write("LOG_LEVEL=DEBUG\n")

    assert settings(tmp_path, HERE)["LOG_LEVEL"] == "DEBUG"


def test_settings_uses_the_database_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/practice")

    assert settings(tmp_path, HERE)["DATABASE_URL"] == "postgresql://localhost/practice"


def test_free_ports_names_the_port_that_is_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        taken = somebody.getsockname()[1]

        with pytest.raises(CannotStart, match=f"Port {taken} .* is in use"):
            free_ports(str(taken))


@pytest.mark.parametrize("first", ["", "http", "80", "-1", "65533", "8000.5"])
def test_free_ports_refuses_what_is_no_port(first: str) -> None:
    with pytest.raises(CannotStart, match="PORT is a number"):
        free_ports(first)
