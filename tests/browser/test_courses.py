"""A whole course planned in a browser: wishes, three plans, another time, one confirm, its page."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.booking import mail_to
from tests.browser.conftest import DESK, PHONE, Browse, Live
from tests.browser.test_staff import sign_in, take_on
from tests.integration.outbox.conftest import until

WREN = "wren@mail.example"


def follow(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("main").get_by_role("link", name=name).first.click()


@pytest.mark.parametrize(
    ("width", "scripts", "name"), [(PHONE, False, "Nell"), (DESK, True, "Abe")]
)
def test_a_course_is_planned_changed_and_booked(
    browse: Browse,
    axe: Callable[[Page], list[str]],
    width: int,
    scripts: bool,  # a parameter of the test
    name: str,
) -> None:
    page = browse(width=width, scripts=scripts)
    found: list[str] = []

    def look() -> None:
        if scripts:
            found.extend(f"{page.url}: {words}" for words in axe(page))
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth") if scripts else 0
        assert wide <= 0

    sign_in(page)
    page.goto(take_on(page, name))
    follow(page, "Plan a course")
    look()
    follow(page, "Low-dose lozenge course, six sessions")
    page.get_by_label("Tuesdays").check()
    page.get_by_label("Thursdays").check()
    look()
    page.get_by_role("button", name="Show plans").click()
    expect(page.get_by_role("heading", name="Soonest")).to_be_visible()
    look()
    follow(page, re.compile("Choose this plan"))

    expect(page.get_by_role("heading", level=1)).to_have_text("Book this course?")
    look()
    before = page.get_by_role("listitem").filter(has_text="Dosing 6").first.inner_text()
    follow(page, "Change Dosing 6")
    look()
    other = page.locator("button.slot").last
    if other.count() == 0 or other.inner_text() in before:
        page.locator(".days a:not([aria-current])").filter(has_not_text="0 free").last.click()
    page.locator("button.slot").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Book this course?")
    page.get_by_role("button", name="Book all of these").click()

    expect(page.get_by_text("15 sessions are booked.")).to_be_visible()
    look()
    follow(page, re.compile("Write down the date of Evaluation"))
    page.get_by_role("button", name="Save the date").click()
    page.goto("/courses/")
    expect(page.get_by_role("link", name=re.compile(f"^{name} "))).to_be_visible()
    look()
    assert found == []


def test_a_client_chooses_their_course_on_a_phone_without_scripts(
    browse: Browse, live: Live
) -> None:
    page = browse(width=DESK)
    sign_in(page)
    page.goto(take_on(page, "Wren"))
    follow(page, "Plan a course")
    follow(page, "Low-dose lozenge course, six sessions")
    page.get_by_role("button", name="Show plans").click()
    page.get_by_role("button", name="Let the client choose").click()
    expect(page.get_by_text("Wren can choose now, and is told by one email.")).to_be_visible()

    own = browse(width=PHONE, scripts=False)
    own.goto(found_in(live, "Dates to choose from", r"http://\S+next=/me/course/\S+"))
    own.get_by_label("Email").fill(WREN)
    own.get_by_role("button", name="Email me a link").click()
    own.get_by_label("Code").fill(found_in(live, "sign-in", r"\d{4} \d{4}"))
    own.get_by_role("button", name="Sign in").click()

    follow(own, "Change what suits you")
    own.get_by_label("Begins before noon").check()
    own.get_by_role("button", name="Show dates").click()
    expect(own.get_by_text("Beginning before noon.")).to_be_visible()
    follow(own, re.compile("Choose these dates"))
    follow(own, "Change Medicine session 6")
    own.locator("button.slot").last.click()
    expect(own.get_by_role("heading", level=1)).to_have_text("Book these sessions?")
    own.get_by_role("button", name="Book all of these").click()

    expect(own.get_by_text("15 sessions are booked.")).to_be_visible()
    expect(own.get_by_role("heading", name="Timeline")).to_be_visible()
    follow(own, "See this session")
    own.goto("/me/")
    expect(own.get_by_role("link", name=re.compile("See all of it"))).to_be_visible()


def found_in(live: Live, subject: str, pattern: str) -> str:
    """Wait for a mail to Wren; return what its text has of this pattern."""

    def texts() -> list[str]:
        return [mail["text"] for mail in mail_to(live, WREN) if subject in mail["subject"]]

    until(texts)
    return str(re.findall(pattern, texts()[0])[0])
