"""The diagnoses that this kind of care is for: billable codes of ICD-10-CM with their words.

ICD-10-CM is public. A code that others are below says too little for a bill, and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from practice.core.errors import Invalid

WORDS: dict[str, str] = {
    "F32.0": "Major depressive disorder, single episode, mild",
    "F32.1": "Major depressive disorder, single episode, moderate",
    "F32.2": "Major depressive disorder, single episode, severe without psychotic features",
    "F32.3": "Major depressive disorder, single episode, severe with psychotic features",
    "F32.4": "Major depressive disorder, single episode, in partial remission",
    "F32.5": "Major depressive disorder, single episode, in full remission",
    "F32.A": "Depression, unspecified",
    "F33.0": "Major depressive disorder, recurrent, mild",
    "F33.1": "Major depressive disorder, recurrent, moderate",
    "F33.2": "Major depressive disorder, recurrent, severe without psychotic features",
    "F33.3": "Major depressive disorder, recurrent, severe with psychotic symptoms",
    "F33.40": "Major depressive disorder, recurrent, in remission, unspecified",
    "F33.41": "Major depressive disorder, recurrent, in partial remission",
    "F33.42": "Major depressive disorder, recurrent, in full remission",
    "F33.9": "Major depressive disorder, recurrent, unspecified",
    "F34.1": "Dysthymic disorder",
    "F40.10": "Social phobia, unspecified",
    "F41.0": "Panic disorder",
    "F41.1": "Generalized anxiety disorder",
    "F41.9": "Anxiety disorder, unspecified",
    "F42.2": "Mixed obsessional thoughts and acts",
    "F42.9": "Obsessive-compulsive disorder, unspecified",
    "F43.10": "Post-traumatic stress disorder, unspecified",
    "F43.11": "Post-traumatic stress disorder, acute",
    "F43.12": "Post-traumatic stress disorder, chronic",
    "F43.20": "Adjustment disorder, unspecified",
    "F43.21": "Adjustment disorder with depressed mood",
    "F43.22": "Adjustment disorder with anxiety",
    "F43.23": "Adjustment disorder with mixed anxiety and depressed mood",
    "F43.24": "Adjustment disorder with disturbance of conduct",
    "F43.25": "Adjustment disorder with mixed disturbance of emotions and conduct",
    "F43.81": "Prolonged grief disorder",
}

MOST = 12
"""How many diagnoses a bill can point to."""

POINTERS = "ABCDEFGHIJKL"


def code_of(text: str) -> str:
    """Return a billable code, however it was typed: ``f331`` is ``F33.1``.

    Raises:
        Invalid: in words for the person who typed it.
    """
    plain = re.sub(r"[ .]", "", text).upper()
    code = plain if len(plain) <= 3 else f"{plain[:3]}.{plain[3:]}"
    if code in WORDS:
        return code
    below = [each for each in WORDS if code and each.startswith(code)]
    if below and re.fullmatch(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]+)?", code):
        raise Invalid(f"{code} alone cannot be billed. Choose one below it, like {below[0]}")
    raise Invalid("Enter one of the codes of the list, like F33.1")


def in_order(codes: Iterable[tuple[str, bool]]) -> list[str]:
    """Return the codes of a client in the order of a bill: the primary first, then as given."""
    return [code for code, _ in sorted(codes, key=lambda each: not each[1])]
