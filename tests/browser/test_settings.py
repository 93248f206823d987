"""Settings in a real browser: what a form comes to follows the typing, and needs no script."""

from playwright.sync_api import expect

from tests.browser.conftest import DESK, Browse
from tests.browser.test_staff import sign_in


def test_the_clients_sentence_is_written_while_the_terms_are_typed(browse: Browse) -> None:
    page = browse(width=DESK)
    sign_in(page)
    page.goto("/settings/policies")
    page.get_by_role("link", name="Change these terms").first.click()
    written = page.locator("#preview")
    expect(written).to_contain_text("After that it costs $350.00.")

    page.get_by_label("Step 2, percent of the price").fill("40")
    expect(written).to_contain_text("After that it costs $140.00.")
    page.get_by_label("Step 2, percent of the price").fill("400")
    page.get_by_role("button", name="Show the sentence").click()
    expect(page.get_by_role("alert")).to_contain_text(
        "Step 2, percent of the price must be between 0 and 100"
    )


def test_rows_of_hours_are_added_and_removed_without_scripts(browse: Browse) -> None:
    page = browse(width=DESK, scripts=False)
    sign_in(page)
    page.goto("/settings/hours")
    days = page.get_by_label("Day, row", exact=False)
    before = days.count()

    page.get_by_role("button", name="Add a row").click()
    expect(days).to_have_count(before + 1)
    page.get_by_role("button", name=f"Remove row {before + 1}", exact=True).click()
    expect(days).to_have_count(before)
