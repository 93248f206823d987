"""A stranger books: the whole way, with what people have in their hands."""

import re

from playwright.sync_api import Page, expect

from tests.browser.booking import (
    DECLINED_CARD,
    GOOD_CARD,
    book_and_pay,
    choose,
    identify,
    mail_to,
    pay,
    sideways,
)
from tests.browser.conftest import Browse, Live
from tests.integration.outbox.conftest import until

SMALL = 360


def state(page: Page) -> str | None:
    return page.locator("[data-booking-state]").first.get_attribute("data-booking-state")


def test_an_intake_is_booked_and_paid_on_a_small_phone_without_scripts(
    browse: Browse, live: Live
) -> None:
    page = browse(width=SMALL, scripts=False)

    page.goto("/p/tidewater/")
    page.get_by_role("link", name="All session types and prices").click()
    page.get_by_role("link", name="Choose a time for Intake").click()
    choose(page, page.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your details")
    assert sideways(page) == 0
    identify(page, "stranger@mail.example")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check and pay")
    assert state(page) == "tentative"
    assert sideways(page) == 0
    page.get_by_role("button", name="Pay $225.00").click()

    pay(page, DECLINED_CARD)
    expect(page.get_by_role("alert")).to_contain_text("Not paid.")
    pay(page, GOOD_CARD)

    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")
    assert state(page) == "confirmed"
    assert sideways(page) == 0
    expect(page.get_by_text("Still to pay")).to_be_visible()
    assert page.get_by_role("button", name="Pay $").count() == 0
    until(lambda: any(page.url in mail["text"] for mail in mail_to(live, "stranger@mail.example")))


def test_a_free_call_is_booked_with_the_keyboard_alone(page: Page) -> None:
    page.goto("/p/tidewater/book/consult/")

    def reach(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            focused = page.locator(":focus")
            if focused.count() and re.search(name, focused.evaluate(SAID)):
                assert focused.evaluate(IS_OUTLINED), f"nobody sees that {name} has the focus"
                return
        raise AssertionError(f"the Tab key never came to {name}")

    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    reach(r"^start$")
    page.keyboard.press("Space")  # the arrow alone chooses nothing where one time is left
    page.keyboard.press("ArrowDown")
    reach("Continue")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your details")

    for label, typed in (
        ("First name", "Kim"),
        ("Last name", "Reed"),
        ("Email", "keyboard@mail.example"),
        ("Mobile number", "757-555-0124"),
    ):
        reach(label)
        page.keyboard.type(typed)
    reach("I am 18 or older")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check and book")
    reach("Book this time")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")
    assert state(page) == "confirmed"


SAID = """it => it.name === 'start' || !it.labels?.length
    ? it.name || it.innerText : it.labels[0].innerText"""
IS_OUTLINED = """it => [it, it.nextElementSibling].some(
    one => one && getComputedStyle(one).outlineStyle !== 'none')"""


def test_another_day_is_shown_in_its_place_without_losing_it(phone: Page) -> None:
    phone.goto("/p/tidewater/book/intake/")
    second = phone.locator(".days a").nth(1)
    spoken = (second.get_attribute("href") or "").partition("day=")[2][:10]
    phone.evaluate("window.stayed = true")

    second.click()

    expect(phone.locator(".days a[aria-current=date]")).to_have_attribute(
        "href", re.compile(spoken)
    )
    assert phone.evaluate("window.stayed") is True
    expect(phone).to_have_url(re.compile(f"day={spoken}"))
    phone.locator("label.slot").first.click()
    phone.get_by_role("button", name="Continue").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Your details")


def test_a_paid_session_is_cancelled_and_it_is_taken_back_before_money_moves(page: Page) -> None:
    book_and_pay(page, "cancels@mail.example")

    page.get_by_role("link", name="Cancel this session").click()
    expect(page.get_by_text("$225.00, all that you paid")).to_be_visible()
    page.get_by_role("button", name="Cancel this session").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Cancelled")
    assert state(page) == "cancelled"
    expect(page.get_by_text("$225.00 goes back to you after that.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone. Everything is as it was.")).to_be_visible()
    assert state(page) == "confirmed"


def test_the_way_back_from_the_processor_leads_to_the_booking(page: Page) -> None:
    choose(page, "/p/tidewater/book/intake/?place=video")
    identify(page, "returns@mail.example")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check and pay")
    booking = page.url
    page.get_by_role("button", name="Pay $225.00").click()

    page.get_by_role("link", name="Back without paying").click()
    expect(page).to_have_url(booking)
    expect(page.get_by_text("We have not seen your payment yet.")).to_be_visible()
    page.get_by_role("button", name="Pay $225.00").click()
    pay(page, GOOD_CARD)

    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")
    assert page.url == booking


def test_two_people_who_want_one_time_get_one_each(browse: Browse) -> None:
    first, second = browse(), browse()
    for page in (first, second):
        page.goto("/p/tidewater/book/intake/?place=video")
        page.locator("label.slot").last.click()

    first.get_by_role("button", name="Continue").click()
    second.get_by_role("button", name="Continue").click()

    expect(first.get_by_role("heading", level=1)).to_have_text("Your details")
    problem = second.get_by_role("alert")
    expect(problem).to_contain_text("was just taken. Here are the nearest times.")
    expect(problem).to_be_focused()
    second.locator("label.slot").first.click()
    second.get_by_role("button", name="Continue").click()
    expect(second.get_by_role("heading", level=1)).to_have_text("Your details")
