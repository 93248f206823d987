"""What the name of a business tells a bank. It stands on statements that others read."""

from __future__ import annotations

import re

TELLING = (
    "addict",
    "anxiety",
    "bipolar",
    "depress",
    "detox",
    "drug",
    "esketamine",
    "infusion",
    "ketamine",
    "ketamin",
    "lsd",
    "mdma",
    "opioid",
    "psilocybin",
    "psychedelic",
    "ptsd",
    "spravato",
    "substance",
    "suicid",
    "trauma",
)
"""How words for a medicine or a diagnosis begin."""


def telling_words(*names: str) -> list[str]:
    """Return the words in ``names`` that name a medicine or a diagnosis, as they are written."""
    found = {
        word: None
        for name in names
        for word in re.findall(r"[\w’'-]+", name)
        if any(part.startswith(TELLING) for part in re.split(r"[^a-z]+", word.lower()))
    }
    return list(found)
