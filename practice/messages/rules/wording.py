"""What a practice may write into its mails: names in braces, and nothing that tells strangers.

A name in braces stands for something of the session or the payment: ``Booked: {when}``. Nothing
else in braces means anything, so what a practice types can never run.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence

SHORTER_THAN = 50
"""Characters that a telephone shows of a subject."""

LONGEST_SUBJECT = 120  # as it is typed, with its names
LONGEST_TEXT = 1200

LONGEST: Mapping[str, str] = {
    "day": "Wed, Sep 30",
    "when": "Wed, Sep 30, 12:30 PM",
    "amount": "$12,345.00",
}
"""What the names of a subject can become at most; the practice's own name is as long as it is."""

DATED = frozenset({"day", "when"})
"""A subject has one of these, so that people tell one mail from the next."""

NOT_NEUTRAL = re.compile(
    r"\b(dos(?:e|es|ed|ing|age)s?|lozenges?|troches?|boosters?|intakes?|consents?|trauma\w*|ptsd"
    r"|anxiety|anxious|kap|therap\w+|treatments?|treated|patients?|drugs?|mental\w*|clinic\w*"
    r"|psychiatr\w*|symptoms?|disorders?|medical\w*|nurses?|doctors?)\b"
    r"|\w*(?:ketamin|psychedel|psycholyt|psychother|intramuscul|infusion|integration|preparation"
    r"|eligib|evaluation|prescrib|prescript|medicat|medicin|clearance|screening|diagnos|depress"
    r"|suicid)\w*",
    re.IGNORECASE,
)
"""Words that tell whoever reads over a shoulder what somebody is here for."""


def names_in(text: str) -> Iterator[tuple[str, int]]:
    """Yield what stands in braces, and where each begins; a brace alone as itself."""
    at = 0
    while (found := re.compile(r"[{}]").search(text, at)) is not None:
        start = found.start()
        end = text.find("}", start)
        inside = text[start + 1 : end]
        if text[start] == "}" or end < 0 or "{" in inside:
            yield text[start], start
            at = start + 1
        else:
            yield inside.strip(), start
            at = end + 1


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of names. A name that is not among them stays as it is written."""
    return re.sub(r"\{\s*(\w+)\s*\}", lambda found: values.get(found[1], found[0]), text)


def paragraphs(text: str) -> Sequence[str]:
    """Return the paragraphs of a text: what blank lines part."""
    return tuple(part.strip() for part in re.split(r"\n\s*\n", text) if part.strip())


def wrong_in_subject(text: str, names: Collection[str], *, practice: str) -> str | None:
    """Say what is wrong with a subject, with the place or the word; nothing if it is right.

    ``practice`` is the practice's neutral name, since that may stand in a subject too.
    """
    if (wrong := _wrong_names(text, names) or _wrong_words(text)) is not None:
        return wrong
    if not DATED & {name for name, _ in names_in(text)}:
        dated = _listed([name for name in names if name in DATED], "or")
        return f"Put {dated} into the subject, so that people can tell one message from the next"
    length = len(fill(text, {**LONGEST, "practice": practice}))
    if length >= SHORTER_THAN:
        return f"The subject can become {length} characters long; it must stay under {SHORTER_THAN}"
    return None


def wrong_in_text(text: str, names: Collection[str]) -> str | None:
    """Say what is wrong with a practice's own paragraphs; nothing if they are right."""
    return _wrong_names(text, names) or _wrong_words(text)


def _wrong_names(text: str, names: Collection[str]) -> str | None:
    for name, at in names_in(text):
        if name in {"{", "}"}:
            return f"There is a {name} without its other half {_place(text, at)}"
        if name not in names:
            return (
                f"This message does not know {{{name}}}, {_place(text, at)}. "
                f"It knows {_listed(names)}"
            )
    return None


def _wrong_words(text: str) -> str | None:
    found = NOT_NEUTRAL.search(unicodedata.normalize("NFKC", text))
    if found is None:
        return None
    return f"Leave out “{found[0]}”: others may read this over a shoulder"


def _place(text: str, at: int) -> str:
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return f"at character {column}" + (f" of line {line}" if "\n" in text else "")


def _listed(names: Collection[str], word: str = "and") -> str:
    *most, last = (f"{{{name}}}" for name in names)
    return f"{', '.join(most)} {word} {last}" if most else last
