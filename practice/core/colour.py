"""One colour of a practice's own: whether it can be read, and what else follows from it.

Contrast is that of WCAG 2.2: between 1 and 21, and at least 4.5 for text. A colour cannot be that
far both from a light and from a dark page, so the one that was chosen is for light pages, and a
paler one of the same hue takes its place on dark ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

ENOUGH = 4.5
LIGHT_GROUNDS = ("#ffffff", "#f3f6f3", "#e7ede9")
DARK_GROUNDS = ("#0f1716", "#17211f", "#0a1110")
WHITE, NEARLY_BLACK = "#ffffff", "#0a1f1b"


@dataclass(frozen=True, slots=True)
class Look:
    """What takes the place of the house's colours, each as light and dark.

    ``deep`` is for what is pointed at, and stands on ``wash``; ``on`` is text on ``accent``.
    """

    accent: tuple[str, str]
    deep: tuple[str, str]
    on: tuple[str, str]
    wash: tuple[str, str]


def why_refused(accent: str) -> str | None:
    """Return in words what is wrong with a colour, with the nearest one that is right."""
    if not re.fullmatch(r"#[0-9a-f]{6}", accent):
        return "Write the color as # and six digits from 0 to f, like #1d5a52"
    worst = min(contrast(accent, ground) for ground in LIGHT_GROUNDS)
    if worst >= ENOUGH:
        return None
    return (
        f"{accent} is too pale to be read: its contrast is {_down(worst)} to 1 where {ENOUGH} is "
        f"needed. {nearest(accent)} is the nearest shade that can be read."
    )


def nearest(accent: str) -> str:
    """Return the palest shade of a colour that can be read on light pages."""
    return next(
        shade
        for shade in _mixes(accent, "#000000")
        if min(contrast(shade, ground) for ground in LIGHT_GROUNDS) >= ENOUGH
    )


def look_of(accent: str) -> Look:
    """Return all that follows from a colour that was not refused."""
    pale = next(
        tint
        for tint in _mixes(accent, WHITE)
        if min(contrast(tint, ground) for ground in (*DARK_GROUNDS, NEARLY_BLACK)) >= ENOUGH + 1
    )
    deep = (mix(accent, "#000000", 0.3), mix(pale, WHITE, 0.35))
    washes = (_washes(deep[0], accent, LIGHT_GROUNDS[0]), _washes(deep[1], pale, DARK_GROUNDS[1]))
    return Look((accent, pale), deep, (WHITE, NEARLY_BLACK), washes)


def _washes(text: str, accent: str, ground: str) -> str:
    """Return a breath of a colour on a ground, as much of it as leaves text on it readable."""
    return next(
        wash
        for share in (0.85, 0.9, 0.95, 1)
        if contrast(wash := mix(accent, ground, share), text) >= ENOUGH
    )


def contrast(one: str, other: str) -> float:
    """Return how far two colours are from one another for the eye."""
    pale, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (pale + 0.05) / (dark + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """Return ``one`` with this share of ``other`` in it."""
    parts = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def _mixes(one: str, other: str) -> Iterator[str]:
    return (mix(one, other, step / 50) for step in range(51))


def _luminance(text: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(text))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _parts(text: str) -> tuple[int, ...]:
    return tuple(int(text[place : place + 2], 16) for place in (1, 3, 5))


def _down(ratio: float) -> float:
    """Round down, so that what is refused never reads as enough."""
    return int(ratio * 10) / 10
