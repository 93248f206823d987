"""The pages of a booking keep nobody out, and choosing a time is quick on a poor line."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.booking import book_and_pay, choose, identify
from tests.browser.conftest import DESK, PHONE, Browse, Live
from tests.browser.test_looks import look_closely

MOST_BYTES, MOST_REQUESTS, MOST_SCRIPT = 120_000, 8, 20_000


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_pages_of_a_booking_keep_nobody_out(
    browse: Browse, axe: Callable[[Page], list[str]], width: int
) -> None:
    page = browse(width=width)
    found: list[str] = []
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(error.message))
    page.emulate_media(reduced_motion="reduce")  # no transition is under way while it is looked at

    heading = page.get_by_role("heading", level=1)
    choose(page, "/p/tidewater/book/intake/?place=video")
    expect(heading).to_have_text("Your details")
    found += look_closely(page, axe)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_be_visible()
    found += look_closely(page, axe)
    identify(page, "looks@mail.example")
    expect(heading).to_have_text("Check and pay")
    found += look_closely(page, axe)
    booking = book_and_pay(page, f"looks{width}@mail.example")
    for more in ("", "cancel", "receipt"):
        page.goto(f"{booking}{more}")
        found += look_closely(page, axe)

    assert found == []
    assert [words for words in said if "422" not in words] == []  # what a refused form answers


def test_choosing_a_time_is_light_to_fetch(browse: Browse, live: Live) -> None:
    page = browse(width=PHONE)
    fetched: dict[str, int] = {}
    asked: dict[str, str] = {}
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.on(
        "Network.requestWillBeSent",
        lambda event: asked.update({event["requestId"]: event["request"]["url"]}),
    )
    devtools.on(
        "Network.loadingFinished",
        lambda event: fetched.update({event["requestId"]: event["encodedDataLength"]}),
    )

    page.goto("/p/tidewater/book/intake/", wait_until="networkidle")

    assert all(url.startswith((live.web, "data:")) for url in asked.values())
    over_the_line = {key: url for key, url in asked.items() if not url.startswith("data:")}
    assert len(over_the_line) <= MOST_REQUESTS, over_the_line
    assert sum(fetched.values()) <= MOST_BYTES
    scripts = [fetched[key] for key, url in over_the_line.items() if url.endswith(".js")]
    assert sum(scripts) <= MOST_SCRIPT


def test_the_choice_is_in_sight_on_a_phone_without_scrolling(phone: Page) -> None:
    phone.goto("/p/tidewater/book/intake/")

    slot = phone.locator("label.slot").first.bounding_box()
    button = phone.get_by_role("button", name="Continue").bounding_box()

    assert slot is not None
    assert button is not None
    assert slot["y"] + slot["height"] <= button["y"]
    assert button["y"] + button["height"] <= 844
