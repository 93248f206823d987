"""A day at the desk: four clicks to a booking, the keyboard in the week, a board that keeps up."""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from tests.browser.conftest import Browse
from tests.browser.test_staff import sign_in, take_on

BOOKED = "The session is booked."


class Clicks:
    """Clicks on a page, and counts them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def on(self, role: str, name: str | re.Pattern[str], *, exact: bool = False) -> None:
        self.count += 1
        found = self.page.get_by_role("main").get_by_role(role, name=name, exact=exact)  # type: ignore[arg-type]  # one of the roles
        found.first.click()

    def on_first(self, what: str) -> None:
        self.count += 1
        self.page.locator(what).first.click()


def weekday_in(weeks: int) -> str:
    today = datetime.now(UTC).date()
    return f"{today + timedelta(days=7 * weeks + 2 - today.weekday())}"  # a Wednesday


def test_a_booking_takes_four_clicks_from_the_client_the_week_and_today(browse: Browse) -> None:
    page = browse(scripts=False)
    sign_in(page)
    client = take_on(page, "Ira")
    call = "Free meet-and-greet call"

    page.goto(client)
    clicks = Clicks(page)
    clicks.on("link", "Book a session")
    clicks.on("link", call, exact=True)
    clicks.on_first("button.slot")
    clicks.on("button", "Book this session")
    expect(page.get_by_text(BOOKED)).to_be_visible()
    assert clicks.count == 4

    # Far from where other tests book: a gap must have room for the call.
    page.goto(f"/calendar/week?on={weekday_in(120)}")
    clicks = Clicks(page)
    clicks.on_first(".free a")
    clicks.on("link", "Ira Vale")
    clicks.on("link", call, exact=True)
    clicks.on("button", "Book this session")
    expect(page.get_by_text(BOOKED)).to_be_visible()
    assert clicks.count == 4

    page.goto("/today")
    clicks = Clicks(page)
    clicks.on_first(".bar a.button")
    clicks.on("link", "Ira Vale")
    clicks.on("link", re.compile(f"the first time for {call}"))
    clicks.on("button", "Book this session")
    expect(page.get_by_text(BOOKED)).to_be_visible()
    assert clicks.count == 4


def test_the_arrow_keys_go_from_one_thing_to_the_next_and_enter_opens(page: Page) -> None:
    sign_in(page)
    page.goto(f"/calendar/week?on={weekday_in(15)}")
    page.locator(".free a").first.focus()
    seen = []
    for key in ("ArrowDown", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
        seen.append(page.evaluate("document.activeElement.textContent").split(" on ")[1])
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Who is the session for?")
    assert [(words[:3], words.split(", ")[2]) for words in seen] == [
        ("Mon", "10:00 AM"),
        ("Tue", "10:00 AM"),
        ("Tue", "11:00 AM"),
        ("Tue", "10:00 AM"),
        ("Mon", "10:00 AM"),
    ]


def test_a_session_dragged_to_another_hour_is_looked_over_before_it_moves(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 1700})  # the whole grid, so nothing scrolls
    sign_in(page)
    take_on(page, "Dara")
    page.goto(f"/calendar/week?on={weekday_in(9)}")
    page.locator(".free a").nth(4).click()
    for name in (re.compile("Dara Vale"), "Free meet-and-greet call"):
        page.get_by_role("main").get_by_role("link", name=name).first.click()
    page.get_by_role("button", name="Book this session").click()
    page.goto(f"/calendar/week?on={weekday_in(9)}")
    event = page.locator(".event a", has_text="Dara Vale")
    was = event.locator("time").inner_text()
    list_of_friday = page.locator(".agenda > section").nth(4).locator("ol")
    height = list_of_friday.bounding_box()["height"]  # type: ignore[index]  # it is there

    # 2:00 PM is row 28 of 56; the hand holds the session by its upper edge.
    event.drag_to(
        list_of_friday,
        source_position={"x": 10, "y": 2},
        target_position={"x": 10, "y": height / 2 + 2},
    )

    page.get_by_role("button", name=re.compile("^Move to Fri, .*, 2:00 PM$")).click()
    expect(page.get_by_text("The session is moved.")).to_be_visible()
    assert was != "2:00 PM"


def test_today_looks_again_by_itself_but_not_under_a_hand(page: Page) -> None:
    page.clock.install()
    sign_in(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.headers.get("x-refresh", "")))

    with page.expect_response(lambda answer: answer.url.endswith("/today")):
        page.clock.fast_forward(31_000)
    assert asked[-1] == "1"
    button = page.locator("#board form button").first
    button.focus()
    before = len(asked)
    page.clock.fast_forward(31_000)
    page.clock.fast_forward(31_000)

    assert len(asked) == before
