"""All settings of the program, read once from the environment."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

MAIL_FROM = "Appointments <appointments@localhost>"
NO_SECRETS: tuple[str, ...] = ()
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class WrongSettings(Exception):
    """One or more settings are missing or wrong; ``problems`` names each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(["The settings are not complete:", *problems]))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Config:
    """What the program was started with. Frozen: nothing changes it while it runs.

    ``field_keys`` maps key ids (1 to 255) to 32-byte master keys; the highest id seals, all of
    them open. ``proxy_hops`` is the number of trusted proxies in front of the web server.
    ``sign_up`` lets anybody start a practice of their own in this installation.
    """

    database_url: str
    secret_key: str
    field_keys: Mapping[int, bytes]
    base_url: str
    stripe_secret_key: str | None = None
    stripe_webhook_secrets: tuple[str, ...] = ()
    stripe_connect_secrets: tuple[str, ...] = ()
    stripe_api_base: str | None = None
    payments_sandbox: bool = False
    clock_file: Path | None = None
    smtp_url: str | None = None
    mail_from: str = MAIL_FROM
    log_level: str = "INFO"
    proxy_hops: int = 0
    sign_up: bool = True

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def takes_cards(self) -> bool:
        """Without a processor's key, bookings are paid at the visit."""
        return self.stripe_secret_key is not None

    @property
    def is_platform(self) -> bool:
        """Each practice links an account of its own, and is charged and paid there."""
        return bool(self.stripe_connect_secrets)

    @property
    def moves_real_money(self) -> bool:
        """A test key and the sandbox charge nobody."""
        return self.stripe_secret_key is not None and "_live_" in self.stripe_secret_key

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Config:
        """Read and check every setting.

        Raises:
            WrongSettings: naming every missing or wrong variable at once.
        """
        problems: list[str] = []

        def read(name: str, parse: Callable[[str], T], default: T | None = None) -> T | None:
            text = env.get(name, "").strip()
            if not text:
                if name in REQUIRED:
                    problems.append(f"{name} is missing: {REQUIRED[name]}")
                return default
            try:
                return parse(text)
            except ValueError as error:
                problems.append(f"{name} is wrong: {error}")
                return default

        values = {
            "database_url": read("DATABASE_URL", _database_url),
            "secret_key": read("SECRET_KEY", _secret_key),
            "field_keys": read("FIELD_KEYS", _field_keys),
            "base_url": read("BASE_URL", _web_address),
            "stripe_secret_key": read("STRIPE_SECRET_KEY", _stripe_key),
            "stripe_webhook_secrets": read("STRIPE_WEBHOOK_SECRETS", _webhook_secrets, NO_SECRETS),
            "stripe_connect_secrets": read(
                "STRIPE_CONNECT_WEBHOOK_SECRETS", _webhook_secrets, NO_SECRETS
            ),
            "stripe_api_base": read("STRIPE_API_BASE", _web_address),
            "payments_sandbox": read("PAYMENTS_SANDBOX", _switch, default=False),
            "clock_file": read("CLOCK_FILE", Path),
            "smtp_url": read("SMTP_URL", _smtp_url),
            "mail_from": read("MAIL_FROM", _mail_from, MAIL_FROM),
            "log_level": read("LOG_LEVEL", _log_level, "INFO"),
            "proxy_hops": read("PROXY_HOPS", _hops, 0),
            "sign_up": read("SIGN_UP", _switch, default=True),
        }
        problems += _stripe_problems(env)
        if problems:
            raise WrongSettings(problems)
        return cls(**values)  # type: ignore[arg-type]  # each value was parsed by the line above


REQUIRED = {
    "DATABASE_URL": "where the data is, such as sqlite:////var/lib/sanctuary/practice.db",
    "SECRET_KEY": "at least 32 random characters",
    "FIELD_KEYS": "the keys of encrypted fields, such as 1:<32 bytes in base64>",
    "BASE_URL": "the address that people type, such as https://book.example.com",
}


def _database_url(text: str) -> str:
    if text.startswith("postgres://"):
        text = text.replace("postgres://", "postgresql://", 1)
    if text.startswith("postgresql://"):
        text = text.replace("postgresql://", "postgresql+psycopg://", 1)
    if not text.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError("it must start with sqlite:/// or postgresql://")
    if text.startswith("sqlite") and text.removeprefix("sqlite:///") in (
        "",
        ":memory:",
    ):
        raise ValueError("a database in memory would be lost, name a file")
    return text


def _secret_key(text: str) -> str:
    if len(text) < 32:
        raise ValueError("it needs at least 32 characters")
    return text


def _field_keys(text: str) -> dict[int, bytes]:
    keys: dict[int, bytes] = {}
    for entry in text.split(","):
        number, colon, encoded = entry.strip().partition(":")
        if not colon or not re.fullmatch("[0-9]{1,3}", number) or not 1 <= int(number) <= 255:
            raise ValueError("each key is written as NUMBER:BASE64, with a number from 1 to 255")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise ValueError(f"key {number} is not base64") from None
        if len(key) != 32:
            raise ValueError(f"key {number} has {len(key)} bytes instead of 32")
        if int(number) in keys:
            raise ValueError(f"key {number} is given twice")
        keys[int(number)] = key
    return keys


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise ValueError("it must be an address such as https://book.example.com")
    return text.rstrip("/")


def _stripe_key(text: str) -> str:
    if not text.startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
        raise ValueError("it must start with sk_test_, sk_live_, rk_test_ or rk_live_")
    return text


def _webhook_secrets(text: str) -> tuple[str, ...]:
    secrets = tuple(part.strip() for part in text.split(","))
    if any(not secret.startswith("whsec_") or len(secret) < 14 for secret in secrets):
        raise ValueError("each secret starts with whsec_")
    return secrets


def _switch(text: str) -> bool:
    choices = {
        "1": True,
        "true": True,
        "on": True,
        "0": False,
        "false": False,
        "off": False,
    }
    if text.lower() not in choices:
        raise ValueError("it must be 1 or 0")
    return choices[text.lower()]


def _smtp_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("it must be an address such as smtps://name:password@mail.example.com:465")
    return text


def _mail_from(text: str) -> str:
    if "@" not in text or "\n" in text or "\r" in text:
        raise ValueError("it must be an e-mail address")
    return text


def _log_level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise ValueError(f"it must be one of {', '.join(LOG_LEVELS)}")
    return text.upper()


def _hops(text: str) -> int:
    if text not in {"0", "1", "2", "3", "4", "5"}:
        raise ValueError("it must be a number from 0 to 5")
    return int(text)


def _stripe_problems(env: Mapping[str, str]) -> list[str]:
    """Payments are on or off, sandbox or real: nothing in between starts."""

    def given(name: str) -> str:
        return env.get(name, "").strip()

    problems = []
    key, secrets, base = map(
        given, ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS", "STRIPE_API_BASE")
    )
    sandbox = given("PAYMENTS_SANDBOX").lower() in ("1", "true", "on")
    if bool(key) != bool(secrets):
        missing = "STRIPE_WEBHOOK_SECRETS" if key else "STRIPE_SECRET_KEY"
        problems.append(f"{missing} is missing: Stripe's settings are all given or none")
    if given("STRIPE_CONNECT_WEBHOOK_SECRETS") and not key:
        problems.append("STRIPE_CONNECT_WEBHOOK_SECRETS is wrong: it needs STRIPE_SECRET_KEY")
    if base and not sandbox:
        problems.append("STRIPE_API_BASE is wrong: only PAYMENTS_SANDBOX=1 may move Stripe")
    if sandbox and not (key and base):
        problems.append("PAYMENTS_SANDBOX is wrong: it needs STRIPE_SECRET_KEY and STRIPE_API_BASE")
    if sandbox and "_live_" in key:
        problems.append("STRIPE_SECRET_KEY is wrong: a live key never goes with PAYMENTS_SANDBOX")
    if sandbox and base and urlsplit(base).hostname not in LOOPBACK:
        problems.append("STRIPE_API_BASE is wrong: the sandbox runs on this machine")
    if given("CLOCK_FILE") and not sandbox:
        problems.append("CLOCK_FILE is wrong: only PAYMENTS_SANDBOX=1 may move the clock")
    return problems
