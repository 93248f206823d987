"""The practitioner's way: somebody is taken on, prepared, dosed and looked after."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from practice.demo.cast import PASSPHRASE
from tests.browser.booking import GOOD_CARD, mail_to, pay, sideways
from tests.browser.conftest import DESK, PHONE, Browse, Live
from tests.integration.outbox.conftest import until

NEW_YORK = ZoneInfo("America/New_York")
COLOUR_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


class Clock:
    """The one clock of the running program."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def go_to(self, instant: datetime) -> None:
        self.file.write_text(str((instant - datetime.now(UTC)).total_seconds()))


@pytest.fixture
def clock(live: Live) -> Iterator[Clock]:
    file = Path(live.environment["CLOCK_FILE"])
    before = file.read_text() if file.exists() else "0"
    yield Clock(file)
    file.write_text(before)


def sign_in(page: Page, who: str = "morgan") -> None:
    page.context.clear_cookies()
    page.goto("/sign-in")
    page.get_by_label("Email").fill(f"{who}@tidewater.example")
    page.get_by_label("Password").fill(PASSPHRASE)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/today")


def take_on(page: Page, first_name: str) -> str:
    """Take somebody on; return the address of their page."""
    page.goto("/clients/")
    page.get_by_role("link", name="New client").click()
    page.get_by_label("First name").fill(first_name)
    page.get_by_label("Last name").fill("Vale")
    page.get_by_label("Email").fill(f"{first_name}@mail.example".lower())
    page.get_by_label("Mobile number").fill("757-555-0142")
    page.get_by_role("button", name="Take on this client").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{first_name} Vale")
    return page.url


def choose(page: Page, client: str, label: str) -> datetime:
    """Choose the first time that is offered for a session; return its start."""
    page.goto(client)
    page.get_by_role("link", name="Book a session").first.click()
    page.get_by_role("link", name=label, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a time")
    slot = page.locator("button.slot").first
    start = slot.get_attribute("value") or ""
    slot.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Book this session?")
    return datetime.fromisoformat(start)


def book(page: Page, client: str, label: str) -> tuple[str, datetime]:
    """Book the first time that is offered; return the session's address and its start."""
    start = choose(page, client, label)
    page.get_by_role("button", name=re.compile("Book this session|Keep this time")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(label)
    return page.url, start


def hold(page: Page, session: str) -> None:
    """Run a session from the arrival to its end."""
    page.goto(session)
    page.get_by_role("button", name="Arrived").click()
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Complete").click()
    assert state(page) == "completed"


def record(page: Page, client: str, paper: str, choice: str = "") -> None:
    """Put a paper on file, from a client's page; ``choice`` is a route or an outcome."""
    page.goto(client)
    page.get_by_role("link", name=f"Record {paper}", exact=True).click()
    if choice:
        page.get_by_label(choice).check()
    page.get_by_role("button", name="Put it on file").click()
    expect(page.get_by_text("now on file.")).to_be_visible()


def name_contact(page: Page, client: str) -> None:
    page.goto(f"{client}/emergency")
    page.get_by_label("Name").fill("Tam Vale")
    page.get_by_label("Relation").fill("sister")
    page.get_by_label("Phone number").fill("757-555-0143")
    page.get_by_role("main").get_by_role("button").first.click()
    page.wait_for_url(client)


def was_taken_in(page: Page, client: str) -> None:
    """Put on file what lets somebody book everything."""
    for paper in ("intake held elsewhere", "preparation held elsewhere"):
        record(page, client, paper)


FIRST_OF_ALL = "The preparation on {0:%a, %b} {0.day} has not been held yet"
LATER = [
    "PHQ-9 is missing; GAD-7 is missing",
    "Bladder check is missing",
    "No escort is named with a phone number",
    "The lozenges in their pharmacy container were not seen and counted",
    "The checks of the day are not recorded",
    "The discharge checks are not recorded",
]
"""What a dosing asks for after it is confirmed, in the order of its page."""


def state(page: Page) -> str | None:
    return page.locator("[data-booking-state]").first.get_attribute("data-booking-state")


def missing(page: Page, session: str) -> list[str]:
    """Return what a session still waits for, in the words of its page."""
    page.goto(session)
    items = page.get_by_role("listitem").filter(has_text=re.compile(r"Missing\s*$"))
    return [text.strip().splitlines()[0] for text in items.all_inner_texts()]


def test_a_course_is_run_on_a_phone_without_scripts(
    browse: Browse, live: Live, clock: Clock
) -> None:
    page = browse(width=PHONE, scripts=False)
    sign_in(page)
    robin = take_on(page, "Robin")

    intake, start = book(page, robin, "Intake and eligibility interview")
    clock.go_to(start)
    sign_in(page)
    expect(page.get_by_role("heading", name="Robin Vale")).to_be_visible()
    record(page, robin, "treatment and privacy consents")
    hold(page, intake)
    page.get_by_role("link", name=re.compile("^INV-")).click()
    expect(page.get_by_role("heading", name="Invoice")).to_be_visible()

    prep, prep_start = book(page, robin, "Preparation session, 60 min")
    dosing, dosing_start = book(page, robin, "First lozenge session, 3 h")
    assert state(page) == "tentative"
    assert missing(page, dosing) == [
        FIRST_OF_ALL.format(prep_start.astimezone(NEW_YORK)),
        "Consent to ketamine is missing",
        "The emergency contact is missing",
        "Medical clearance for SL is missing",
        "Review: no open risk flag is missing",
        "Good faith estimate is missing",
        "Payment is neither made nor arranged",
        "Screening decision is missing",
        "No clearance says whether a liver panel is asked for",
        "Prescription monitoring check is missing",
        *LATER,
    ]

    name_contact(page, robin)
    for paper in ("consent to ketamine", "review: no open risk flag", "good faith estimate"):
        record(page, robin, paper)
    record(page, robin, "payment arranged")
    record(page, robin, "screening decision", "Eligible, or cleared")
    record(page, robin, "prescription monitoring check", "Nothing that stands in the way")
    clock.go_to(prep_start)
    sign_in(page)
    hold(page, prep)
    assert missing(page, dosing) == [
        "Medical clearance for SL is missing",
        "No clearance says whether a liver panel is asked for",
        *LATER,
    ]
    assert page.get_by_role("button", name="Start").count() == 0
    record(page, robin, "medical clearance", "Under the tongue (SL)")
    assert missing(page, dosing) == LATER
    assert state(page) == "confirmed"

    integration, after = book(page, robin, "Integration session, 60 min")
    assert 24 <= (after - dosing_start).total_seconds() / 3600 - 3 <= 72

    page.goto(dosing)
    page.get_by_role("button", name="Send the link to pay").click()
    until(lambda: links_to_pay(live, "robin@mail.example"))
    page.goto(links_to_pay(live, "robin@mail.example")[0])
    page.get_by_role("button", name="Pay $450.00").click()
    pay(page, GOOD_CARD)
    until(lambda: _is_paid(page, dosing))

    page.goto(integration)
    page.get_by_role("link", name="Move").click()
    page.locator("button.slot").first.click()
    page.get_by_role("button", name="Move to").click()
    expect(page.get_by_text("The session is moved.")).to_be_visible()
    assert page.url == integration
    page.get_by_role("link", name="Cancel this session").click()
    expect(page.get_by_text("Nothing was paid")).to_be_visible()
    page.get_by_role("button", name="Cancel this session").click()
    assert state(page) == "cancelled"


def links_to_pay(live: Live, address: str) -> list[str]:
    """Return the addresses of the bookings that somebody was asked to pay for."""
    mails = [mail for mail in mail_to(live, address) if "Please pay" in mail["subject"]]
    return [re.findall(r"https?://\S+/bookings/\S+", mail["text"])[0] for mail in mails]


def _is_paid(page: Page, session: str) -> bool:
    page.goto(session)
    return page.get_by_text("Card payment came in").count() > 0


def test_a_dosing_that_comes_too_early_is_refused_and_a_reason_is_asked_for(
    browse: Browse,
) -> None:
    page = browse()
    sign_in(page)
    sky = take_on(page, "Sky")
    was_taken_in(page, sky)
    _, first = book(page, sky, "First lozenge session, 3 h")

    page.goto(sky)
    page.get_by_role("link", name="Book a session").first.click()
    page.get_by_role("link", name="Lozenge session, 2.5 h", exact=True).click()
    expect(page.get_by_text("Recommended: 10 to 18 days after the dosing on")).to_be_visible()
    page.goto(f"{page.url}&from={first:%Y-%m-%d}")
    page.get_by_role("link", name="only times outside the limits").first.click()
    expect(page.get_by_role("heading", name="Outside the limits")).to_be_visible()
    page.locator("button.slot").last.click()
    page.get_by_role("button", name="Keep this time").click()

    expect(page.get_by_role("alert")).to_contain_text("Write down why, or choose another time")
    assert page.title() == "Error: New booking"
    expect(page.get_by_text("the limits are 7 to 28 days").first).to_be_visible()


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_steps_of_staff_keep_nobody_out(
    browse: Browse, axe: Callable[[Page], list[str]], width: int
) -> None:
    page = browse(width=width)
    sign_in(page)
    client = take_on(page, f"Sam{width}")
    was_taken_in(page, client)
    found: list[str] = []

    def look(url: str = "") -> None:
        if url:
            page.goto(url)
        for scheme in COLOUR_SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found.extend(f"{page.url} {scheme}: {words}" for words in axe(page))
        assert sideways(page) == 0, page.url

    choose(page, client, "First lozenge session, 3 h")
    look()
    page.get_by_role("button", name="Keep this time").click()
    look()
    session = page.url
    steps = ("/move", "/cancel", "/payment", "/records/escort", "/gates/payment_ready/pass")
    for step in steps:
        look(session + step)
    for step in ("", "/edit", "/emergency", "/care", "/papers/medical_clearance"):
        look(client + step)
    record(page, client, "consent to ketamine")
    look()
    page.get_by_role("link", name="Withdraw consent to ketamine").click()
    look()
    for step in ("/move/check", "/cancel"):
        page.goto(session + step)
    look(f"{session}/move/check?start=nonsense")

    assert found == []


def test_a_session_is_booked_with_the_keyboard_alone(page: Page) -> None:
    sign_in(page)
    client = take_on(page, "Kit")
    was_taken_in(page, client)
    record(page, client, "treatment and privacy consents")
    page.get_by_role("link", name="Book a session").first.press("Enter")
    page.get_by_role("link", name="Preparation session, 60 min", exact=True).press("Enter")

    page.locator("button.slot").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Book this session").press("Enter")

    expect(page.get_by_text("The session is booked.")).to_be_visible()
    page.goto(client)
    expect(page.get_by_text("Preparation session, 60 min")).to_be_visible()
