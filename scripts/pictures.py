"""Draw the pictures of the README and the guides from the demo, in a real browser.

    .venv/bin/python -m scripts.pictures        (`make pictures` installs first, then does this)

Runs the whole program with a new demo in a folder of its own, looks at the pages below at phone
and desk width, and writes `docs/pictures/`. Nothing else is touched.
"""

import os
import random
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from practice.demo.cast import PASSPHRASE
from scripts.bootstrap import find_chromium
from scripts.processes import together
from scripts.run import ROOT, address, free_ports

PICTURES = ROOT / "docs" / "pictures"
QUIET = ("--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run")
HEIGHTS = {390: 844, 1280: 900}
OWNER = "morgan@tidewater.example"
READY = "Ctrl-C stops everything."


def choose_a_time(page: Page, home: str) -> None:
    page.goto(f"{home}/p/tidewater/book/intake/")
    page.locator("input[name=start]").first.check()


def booked(page: Page, home: str) -> None:
    page.goto(f"{home}/p/tidewater/book/consult/")
    page.locator("input[name=start]").first.check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("First name").fill("June")
    page.get_by_label("Last name").fill("Abara")
    page.get_by_label("Email").fill("june.abara@mail.example")
    page.get_by_label("Mobile number").fill("757 555 0188")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Book this time").click()


def practice(page: Page, home: str) -> None:
    page.goto(f"{home}/p/tidewater/")


def sign_in(page: Page, home: str) -> None:
    page.goto(f"{home}/sign-in")
    page.get_by_label("Email").fill(OWNER)
    page.get_by_label("Password").fill(PASSPHRASE)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def today(page: Page, home: str) -> None:
    page.goto(f"{home}/today")


def week(page: Page, home: str) -> None:
    page.goto(f"{home}/calendar/week")


def client(page: Page, home: str) -> None:
    page.goto(f"{home}/calendar/week")
    page.locator("[data-booking-state=completed]").first.click()
    page.get_by_role("main").locator("a[href*='/clients/']").first.click()


def waiting_session(page: Page, home: str) -> None:
    page.goto(f"{home}/calendar/week")
    for _ in range(6):
        waiting = page.locator("[data-booking-state=tentative]")
        if waiting.count():
            waiting.first.click()
            return
        page.goto(f"{home}{page.get_by_role('link', name='Week after').get_attribute('href')}")
    raise LookupError("no session of the demo waits for anything")


def offer(page: Page, home: str) -> None:
    client(page, home)
    page.get_by_role("main").get_by_role("link", name=re.compile("Book")).first.click()
    page.get_by_role("main").get_by_role("link", name=re.compile("Lozenge session")).first.click()


def course_plans(page: Page, home: str) -> None:
    """Show plans for the client of the demo whose course is only proposed."""
    page.goto(f"{home}/courses/?show=proposed")
    page.get_by_role("main").locator("table a").first.click()
    page.get_by_role("main").locator("a[href$='/plan']").first.click()
    page.get_by_role("heading", name="Soonest").wait_for()


def course(page: Page, home: str) -> None:
    page.goto(f"{home}/courses/")
    page.get_by_role("main").get_by_role("link", name="June Castellano").click()


def invoices(page: Page, home: str) -> None:
    page.goto(f"{home}/billing/invoices")


def exports(page: Page, home: str) -> None:
    page.goto(f"{home}/billing/exports")


def month(page: Page, home: str) -> None:
    page.goto(f"{home}/billing/month")


def give_back(page: Page, home: str) -> None:
    """Have a last look before what paid for a session goes back."""
    page.goto(f"{home}/billing/invoices?state=paid&q=Nadia+Brooks")
    page.get_by_role("main").get_by_role("link", name=re.compile("^INV-")).first.click()
    page.get_by_role("main").locator("a[href*='/billing/payments/']").first.click()
    page.get_by_role("link", name="Give money back").click()
    page.get_by_label("Lines of its invoice, with a credit note").check()
    page.get_by_role("checkbox").first.check()
    page.get_by_label("Reason").fill("The session ended early")
    page.get_by_role("button", name="Look at it").click()


PUBLIC: dict[str, Callable[[Page, str], None]] = {
    "practice": practice,
    "times": choose_a_time,
    "booking": booked,
}
STAFF: dict[str, Callable[[Page, str], None]] = {
    "today": today,
    "week": week,
    "client": client,
    "session": waiting_session,
    "offer": offer,
    "plans": course_plans,
    "course": course,
    "invoices": invoices,
    "give-back": give_back,
    "exports": exports,
    "month": month,
}


def main() -> None:
    chromium = find_chromium()
    if chromium is None:
        sys.exit("No Chromium was found: install it (Debian: chromium), then ask again.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        ports = free_ports(str(random.randrange(20_000, 30_000)))
        environment = os.environ | {"PORT": str(ports.web), "VAR": folder}
        with together(folder=ROOT, environment=environment, logs=Path(folder) / "log") as running:
            running.start("program", "scripts.run")
            said = Path(folder) / "log" / "program.log"
            running.wait_for("program", lambda: READY in said.read_text(), seconds=180)
            draw(chromium, address(ports.web))


def draw(chromium: str, home: str) -> None:
    """Look at every page at both widths and keep what is seen."""
    root_needs = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*QUIET, *root_needs])
        for width in HEIGHTS:
            for name, go in PUBLIC.items():
                keep(look(browser, width), name, width, home, go)
            page = look(browser, width)
            sign_in(page, home)
            for name, go in STAFF.items():
                keep(page, name, width, home, go)
        browser.close()


def look(browser: Browser, width: int) -> Page:
    """Open a window of somebody new."""
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHTS[width]}, reduced_motion="reduce"
    )
    return context.new_page()


def keep(page: Page, name: str, width: int, home: str, go: Callable[[Page, str], None]) -> None:
    """Go somewhere and write down what is in view."""
    go(page, home)
    page.screenshot(path=PICTURES / f"{name}-{width}.png")
    print(f"{name}-{width}.png")


if __name__ == "__main__":
    main()
