"""A client helps themselves on a phone without scripts: in by mail, a session moved, and back."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.booking import mail_to
from tests.browser.conftest import PHONE, Browse, Live
from tests.browser.test_looks import look_closely
from tests.integration.outbox.conftest import until

EMAIL = "imani.okonkwo@mail.example"


def test_a_client_signs_in_by_mail_moves_a_session_and_takes_it_back(
    browse: Browse, live: Live
) -> None:
    page = browse(width=PHONE, scripts=False)
    page.goto("/p/tidewater/")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_role("button", name="Email me a link").click()
    until(lambda: _letters(live))
    text = _letters(live)[0]

    page.get_by_label("Code").fill(re.findall(r"\d{4} \d{4}", text)[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Imani")
    page.get_by_role("link", name="Sessions", exact=True).click()
    page.get_by_role("link", name="Change", exact=False).last.click()
    page.locator("label.slot").first.click()
    page.get_by_role("button", name="Look it over").click()
    expect(page.get_by_text("Moving costs")).to_be_visible()
    page.get_by_role("button", name="Move to").click()
    expect(page.get_by_text("Your session has moved to")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone. Everything is as it was.")).to_be_visible()
    page.get_by_role("link", name="Account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto("/me/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in first")


def test_a_clients_own_pages_keep_nobody_out(
    browse: Browse, live: Live, axe: Callable[[Page], list[str]]
) -> None:
    page = browse(width=PHONE)
    page.goto("/p/tidewater/sign-in")
    page.get_by_label("Email").fill("graham.tulloch@mail.example")
    page.get_by_role("button", name="Email me a link").click()
    found = look_closely(page, axe)
    until(lambda: _letters(live, "graham.tulloch@mail.example"))
    letter = _letters(live, "graham.tulloch@mail.example")[0]
    page.goto(re.findall(r"https?://\S+/sign-in/link/\S+", letter)[0])
    found += look_closely(page, axe)
    page.get_by_role("button", name="Sign in").click()

    for path in ("/me/", "/me/sessions", "/me/money", "/me/account", "/me/account/details"):
        page.goto(path)
        found += look_closely(page, axe)
    page.goto("/me/sessions")
    page.get_by_role("link", name="Change", exact=False).last.click()
    found += look_closely(page, axe)

    assert found == []


def _letters(live: Live, address: str = EMAIL) -> list[str]:
    """Return the texts of the mails with a link to sign in, newest first."""
    return [mail["text"] for mail in mail_to(live, address) if "sign-in" in mail["subject"]]
