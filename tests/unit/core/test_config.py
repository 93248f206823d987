"""Settings: all that is wrong is said at once, and then nothing starts."""

from base64 import b64encode
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from config import Config, WrongSettings

KEY = b64encode(bytes(range(32))).decode()
OTHER_KEY = b64encode(bytes(range(32, 64))).decode()
SMALLEST = {
    "DATABASE_URL": "sqlite:////var/lib/sanctuary/practice.db",
    "SECRET_KEY": "thirty-two characters, at least.",
    "FIELD_KEYS": f"1:{KEY}",
    "BASE_URL": "https://book.example.com/",
}
SANDBOX = SMALLEST | {
    "STRIPE_SECRET_KEY": "sk_test_of_the_sandbox",
    "STRIPE_WEBHOOK_SECRETS": "whsec_of_the_sandbox",
    "STRIPE_API_BASE": "http://127.0.0.1:5001",
    "PAYMENTS_SANDBOX": "1",
}


def problems(env: dict[str, str]) -> list[str]:
    with pytest.raises(WrongSettings) as wrong:
        Config.from_env(env)
    assert str(wrong.value).splitlines()[1:] == wrong.value.problems
    return wrong.value.problems


def test_the_smallest_settings_make_a_program_without_cards_and_mail() -> None:
    config = Config.from_env(SMALLEST)

    assert config == Config(
        database_url="sqlite:////var/lib/sanctuary/practice.db",
        secret_key="thirty-two characters, at least.",
        field_keys={1: bytes(range(32))},
        base_url="https://book.example.com",
    )
    assert (config.is_https, config.takes_cards, config.smtp_url) == (True, False, None)


def test_everything_that_is_missing_is_named_at_once() -> None:
    assert problems({}) == [
        f"DATABASE_URL is missing: where the data is, such as {SMALLEST['DATABASE_URL']}",
        "SECRET_KEY is missing: at least 32 random characters",
        "FIELD_KEYS is missing: the keys of encrypted fields, such as 1:<32 bytes in base64>",
        "BASE_URL is missing: the address that people type, such as https://book.example.com",
    ]


def test_everything_that_is_wrong_is_named_at_once() -> None:
    wrong = {
        "DATABASE_URL": "mysql://db/practice",
        "SECRET_KEY": "short",
        "FIELD_KEYS": "1:short",
        "BASE_URL": "book.example.com",
        "STRIPE_SECRET_KEY": "pk_test_1",
        "STRIPE_API_BASE": "http://127.0.0.1:5001",
        "PAYMENTS_SANDBOX": "maybe",
        "CLOCK_FILE": "clock",
        "SMTP_URL": "mail.example.com",
        "MAIL_FROM": "nobody",
        "LOG_LEVEL": "LOUD",
        "PROXY_HOPS": "many",
    }

    said = problems(wrong)

    assert {line.split()[0] for line in said} == set(wrong) | {"STRIPE_WEBHOOK_SECRETS"}


def test_no_secret_is_said_aloud() -> None:
    secret = "hunter2-hunter2"
    env = dict.fromkeys(SMALLEST, secret) | {"STRIPE_SECRET_KEY": secret, "SMTP_URL": secret}

    assert secret not in "\n".join(problems(env))


@pytest.mark.parametrize("blank", ["", "   "])
def test_a_blank_setting_is_a_missing_one(blank: str) -> None:
    assert problems(SMALLEST | {"SECRET_KEY": blank}) == problems(
        {name: value for name, value in SMALLEST.items() if name != "SECRET_KEY"}
    )
    assert Config.from_env(SMALLEST | {"SMTP_URL": blank}).smtp_url is None


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("postgres://me@db/practice", "postgresql+psycopg://me@db/practice"),
        ("postgresql://me@db/practice", "postgresql+psycopg://me@db/practice"),
        ("postgresql+psycopg://me@db/practice", "postgresql+psycopg://me@db/practice"),
        ("sqlite:///practice.db", "sqlite:///practice.db"),
    ],
)
def test_a_database_is_found_however_its_kind_is_written(given: str, meant: str) -> None:
    assert Config.from_env(SMALLEST | {"DATABASE_URL": given}).database_url == meant


@pytest.mark.parametrize(
    ("text", "takes"), [("", True), ("on", True), ("off", False), ("0", False)]
)
def test_new_practices_are_taken_on_unless_that_is_switched_off(text: str, takes: bool) -> None:
    assert Config.from_env(SMALLEST | {"SIGN_UP": text}).sign_up is takes


@pytest.mark.parametrize(
    ("key", "is_real"), [("sk_test_1", False), ("sk_live_1", True), ("rk_live_1", True)]
)
def test_only_a_live_key_moves_real_money(key: str, is_real: bool) -> None:
    keys = {"STRIPE_SECRET_KEY": key, "STRIPE_WEBHOOK_SECRETS": "whsec_of_a_test"}

    assert Config.from_env(SMALLEST | keys).moves_real_money is is_real
    assert not Config.from_env(SMALLEST).moves_real_money


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite:///"),
        ("SECRET_KEY", "x" * 31),
        ("FIELD_KEYS", KEY),
        ("FIELD_KEYS", f"0:{KEY}"),
        ("FIELD_KEYS", f"256:{KEY}"),
        ("FIELD_KEYS", f"-1:{KEY}"),
        ("FIELD_KEYS", f"one:{KEY}"),
        ("FIELD_KEYS", f"１:{KEY}"),
        ("FIELD_KEYS", f"1:{KEY},1:{OTHER_KEY}"),
        ("FIELD_KEYS", f"1:{KEY},"),
        ("FIELD_KEYS", "1:not base64"),
        ("FIELD_KEYS", f"1:{KEY[:-4]}"),
        ("BASE_URL", "ftp://book.example.com"),
        ("BASE_URL", "https://"),
        ("BASE_URL", "https://book.example.com/?a=b"),
        ("BASE_URL", "https://[book"),
        ("SMTP_URL", "http://mail.example.com"),
        ("SMTP_URL", "smtp://"),
        ("MAIL_FROM", "Practice <hello@book.example.com>\r\nBcc: all@example.com"),
        ("LOG_LEVEL", "VERBOSE"),
        ("PROXY_HOPS", "-1"),
        ("PROXY_HOPS", "6"),
        ("PROXY_HOPS", "1.5"),
        ("PROXY_HOPS", "١"),
        ("SIGN_UP", "perhaps"),
    ],
)
def test_a_wrong_value_is_named_alone(name: str, value: str) -> None:
    (said,) = problems(SMALLEST | {name: value})

    assert said.startswith(f"{name} is wrong: ")


def test_several_keys_are_kept_by_their_numbers() -> None:
    config = Config.from_env(SMALLEST | {"FIELD_KEYS": f"1:{KEY}, 200:{OTHER_KEY}"})

    assert config.field_keys == {1: bytes(range(32)), 200: bytes(range(32, 64))}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"STRIPE_WEBHOOK_SECRETS": ""},
            "STRIPE_WEBHOOK_SECRETS is missing: Stripe's settings are all given or none",
        ),
        (
            {"PAYMENTS_SANDBOX": ""},
            "STRIPE_API_BASE is wrong: only PAYMENTS_SANDBOX=1 may move Stripe",
        ),
        (
            {"STRIPE_API_BASE": ""},
            "PAYMENTS_SANDBOX is wrong: it needs STRIPE_SECRET_KEY and STRIPE_API_BASE",
        ),
        (
            {"STRIPE_API_BASE": "https://payments.example.com"},
            "STRIPE_API_BASE is wrong: the sandbox runs on this machine",
        ),
        (
            {"STRIPE_SECRET_KEY": "sk_live_really"},
            "STRIPE_SECRET_KEY is wrong: a live key never goes with PAYMENTS_SANDBOX",
        ),
        (
            {"STRIPE_WEBHOOK_SECRETS": "whsec_of_the_sandbox,"},
            "STRIPE_WEBHOOK_SECRETS is wrong: each secret starts with whsec_",
        ),
    ],
)
def test_payments_are_real_or_the_sandbox_or_off_and_nothing_between(
    changed: dict[str, str], said: str
) -> None:
    assert problems(SANDBOX | changed) == [said]


def test_the_sandbox_may_move_the_clock_and_nothing_else_may() -> None:
    moved = SANDBOX | {"CLOCK_FILE": "var/clock"}

    assert Config.from_env(moved).clock_file == Path("var/clock")
    assert problems(SMALLEST | {"CLOCK_FILE": "var/clock"}) == [
        "CLOCK_FILE is wrong: only PAYMENTS_SANDBOX=1 may move the clock"
    ]


def test_several_webhook_secrets_allow_a_rotation() -> None:
    config = Config.from_env(
        SANDBOX | {"STRIPE_WEBHOOK_SECRETS": "whsec_newer_one, whsec_older_one"}
    )

    assert config.stripe_webhook_secrets == ("whsec_newer_one", "whsec_older_one")
    assert config.takes_cards


def test_settings_do_not_change_while_the_program_runs() -> None:
    config = Config.from_env(SMALLEST)

    with pytest.raises(FrozenInstanceError):
        config.base_url = "https://elsewhere.example"  # type: ignore[misc]  # that is the point
