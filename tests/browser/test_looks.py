"""What every page of the demo owes everybody: nobody kept out, nothing cut off, no script error."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from practice.demo.cast import PASSPHRASE
from tests.browser.conftest import DESK, PHONE, Browse, Live

PUBLIC = (
    "/p/tidewater/",
    "/p/tidewater/book/",
    "/p/tidewater/book/intake/",
    "/p/tidewater/book/consult/",
    "/p/tidewater/find",
    "/p/tidewater/right-for-me/",
    "/p/tidewater/prices/",
    "/p/tidewater/call-me/",
    "/p/tidewater/embed/",
    "/p/tidewater/sign-in",
    "/sign-in",
    "/sign-up",
    "/sign-up/sent",
    "/p/nowhere/",
)
STAFF = (
    "/today",
    "/tasks",
    "/calendar/week",
    "/calendar/day",
    "/calendar/list",
    "/calendar/blocks/new",
    "/sessions/requests",
    "/calendar/subscriptions",
    "/clients/",
    "/clients/new",
    "/sessions/new",
    "/billing/invoices",
    "/billing/invoices/export",
    "/billing/exports",
    "/billing/exports/ways",
    "/billing/exports/columns/journal",
    "/account",
    "/settings/messages",
    "/settings/messages/booked",
    "/settings/outbox",
    "/settings/services",
    "/settings/courses",
    "/settings/hours",
    "/settings/hours/dates",
    "/settings/",
    "/settings/practice",
    "/settings/places",
    "/settings/zone?zone=Pacific/Honolulu",
    "/settings/look",
    "/settings/team",
    "/settings/team/invite",
    "/settings/payments",
    "/settings/setup",
    "/settings/setup/hours",
    "/settings/setup/services",
    "/settings/setup/first-booking",
)
LINKED = {
    "a client": ("/clients/", "main a[href^='/clients/'][href*='-']"),
    "a session": ("/calendar/week", "[data-booking-state]"),
    "a service": ("/settings/services", "main td a, main th a"),
    "a course on offer": ("/settings/courses", "main th a"),
    "terms of cancelling": ("/settings/policies", "main a[href^='/settings/policies/']"),
    "an invoice": ("/billing/invoices", "main a[href^='/billing/invoices/'][href*='-']"),
}
NARROW = 320


def sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("Email").fill("morgan@tidewater.example")
    page.get_by_label("Password").fill(PASSPHRASE)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/today")


def look_closely(page: Page, axe: Callable[[Page], list[str]]) -> list[str]:
    """List what is wrong with the page in view, in both colour schemes."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += [f"{page.url} {scheme}: {words}" for words in axe(page)]
    before = page.viewport_size or {"width": DESK, "height": 900}
    page.set_viewport_size({"width": NARROW, "height": 844})
    over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    page.set_viewport_size(before)
    if over > 0:
        found.append(f"{page.url} is {over} px wider than a window of {NARROW}")
    return found


@pytest.fixture
def complaints() -> list[str]:
    return []


def listen(page: Page, complaints: list[str]) -> None:
    """Write down what the browser complains about, pages that are refused on purpose aside."""

    def hear(text: str) -> None:
        if "404 (not found)" not in text.lower():
            complaints.append(f"{page.url}: {text}")

    page.emulate_media(reduced_motion="reduce")  # a change of it in mid-transition is an error
    page.on("console", lambda said: hear(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: hear(error.message))


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_public_pages_keep_nobody_out(
    browse: Browse, axe: Callable[[Page], list[str]], complaints: list[str], width: int
) -> None:
    page = browse(width=width)
    listen(page, complaints)

    found = []
    for path in PUBLIC:
        page.goto(path)
        found += look_closely(page, axe)

    assert found == []
    assert complaints == []


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_staff_pages_keep_nobody_out(
    browse: Browse, axe: Callable[[Page], list[str]], complaints: list[str], width: int
) -> None:
    page = browse(width=width)
    listen(page, complaints)
    sign_in(page)

    found = []
    for path in STAFF:
        page.goto(path)
        found += look_closely(page, axe)
    for path, link in LINKED.values():
        page.goto(path)
        page.locator(link).first.click()
        page.wait_for_load_state()
        found += look_closely(page, axe)

    assert found == []
    assert complaints == []


def test_mail_and_payments_of_the_demo_keep_nobody_out(
    browse: Browse, live: Live, axe: Callable[[Page], list[str]]
) -> None:
    page = browse()

    found = []
    for place in (live.mail, live.sandbox, f"{live.sandbox}/clock"):
        page.goto(place)
        found += look_closely(page, axe)

    assert found == []
