"""What a stranger does with the keyboard and the mouse to book, for the tests in this folder."""

from typing import Any, cast

import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import Live

GOOD_CARD, DECLINED_CARD = "4242 4242 4242 4242", "4000 0000 0000 0002"


def choose(page: Page, address: str) -> str:
    """Choose the first time on offer; return what the page called it."""
    page.goto(address)
    slot = page.locator("label.slot").first
    words = slot.inner_text()
    slot.click()
    page.get_by_role("button", name="Continue").click()
    return words


def identify(page: Page, email: str) -> None:
    """Say who comes, and go on."""
    page.get_by_label("First name").fill("Alex")
    page.get_by_label("Last name").fill("Bell")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Mobile number").fill("757-555-0123")
    page.get_by_label("I am 18 or older").check()
    page.get_by_role("button", name="Continue").click()


def pay(page: Page, card: str) -> None:
    """Fill in the processor's page, and pay."""
    page.get_by_label("Card number").fill(card)
    page.get_by_label("Expiry").fill("12 / 40")
    page.get_by_label("Security code").fill("123")
    page.get_by_label("Name on card").fill("Alex Bell")
    page.get_by_role("button", name="Pay $").click()


def book_and_pay(page: Page, email: str) -> str:
    """Book an intake by video and pay for it; return the booking's address."""
    choose(page, "/p/tidewater/book/intake/?place=video")
    identify(page, email)
    page.get_by_role("button", name="Pay $225.00").click()
    pay(page, GOOD_CARD)
    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")
    return page.url


def mail_to(live: Live, address: str) -> list[dict[str, Any]]:
    """Return the mails that reached somebody so far, newest first."""
    answer = requests.get(f"{live.mail}/messages.json", params={"to": address}, timeout=30)
    return cast(list[dict[str, Any]], answer.json())


def sideways(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )
