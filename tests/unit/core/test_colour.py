"""A practice's colour can be read on light and on dark pages, or is refused with one that can."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from practice.core import colour
from practice.core.colour import DARK_GROUNDS, ENOUGH, LIGHT_GROUNDS

COLOURS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def test_contrast_is_that_of_wcag() -> None:
    assert colour.contrast("#000000", "#ffffff") == 21
    assert colour.contrast("#ffffff", "#ffffff") == 1
    assert round(colour.contrast("#767676", "#ffffff"), 2) == 4.54


@pytest.mark.parametrize("text", ["", "1d5a52", "#1d5a5", "#1D5A52", "#1d5a522", "pine", "#ggg000"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    assert colour.why_refused(text) == (
        "Write the color as # and six digits from 0 to f, like #1d5a52"
    )


def test_a_pale_colour_is_refused_with_its_contrast_and_the_nearest_that_can_be_read() -> None:
    assert colour.why_refused("#ffd24d") == (
        "#ffd24d is too pale to be read: its contrast is 1.2 to 1 where 4.5 is needed. "
        "#7a6525 is the nearest shade that can be read."
    )
    assert colour.why_refused("#7a6525") is None


@given(COLOURS)
@example("#1d5a52")
@example("#000000")
@example("#0000ff")
def test_a_colour_that_is_taken_can_be_read_everywhere(accent: str) -> None:
    assume(colour.why_refused(accent) is None)

    look = colour.look_of(accent)

    pairs = [
        *((look.accent[0], ground) for ground in LIGHT_GROUNDS),
        *((look.accent[1], ground) for ground in DARK_GROUNDS),
        *((look.deep[0], ground) for ground in LIGHT_GROUNDS),
        *((look.deep[1], ground) for ground in DARK_GROUNDS),
        *zip(look.on, look.accent, strict=True),
        *zip(look.on, look.deep, strict=True),
        *zip(look.deep, look.wash, strict=True),
    ]
    assert [pair for pair in pairs if colour.contrast(*pair) < ENOUGH] == []
    assert look.accent[0] == accent


@given(COLOURS)
@example("#ffffff")
def test_the_nearest_shade_is_taken(accent: str) -> None:
    shade = colour.nearest(accent)

    assert colour.why_refused(shade) is None
    assert (shade == accent) == (colour.why_refused(accent) is None)
