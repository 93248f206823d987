"""Whether what a form showed is still so when it comes back: nobody's change is overwritten unseen.

A form of settings carries a mark of what it showed. A service compares it with what is so when
it writes, and refuses if somebody else was quicker. A form without a mark, as another program
sends it, is taken as it is.
"""

from __future__ import annotations

import json
from typing import Any

from wtforms import HiddenField

from practice.core import tokens
from practice.core.errors import Conflict
from practice.people.forms import BaseForm


class ChangedMeanwhile(Conflict):
    """Somebody else changed the same settings since the form was opened."""


class SeenForm(BaseForm):
    """A form for what somebody else may change meanwhile. ``seen`` marks what it showed."""

    seen = HiddenField()

    @property
    def mark(self) -> str:
        return self.seen.data or ""

    def changed(self, refused: ChangedMeanwhile, now: str) -> None:
        """Say so on the form. Whoever has looked may send theirs again over what is so ``now``."""
        self.form_errors = [refused.message]
        self.seen.data = now


def mark_of(*values: Any) -> str:
    """Return the mark of some values: the same for the same ones, and telling nothing of them."""
    return tokens.digest(json.dumps(values, sort_keys=True, default=str))[:32]


def check(seen: str, now: str) -> None:
    """Refuse to write over what somebody else has changed since a form showed it.

    Raises:
        ChangedMeanwhile: unless both marks are the same, or the form brought none.
    """
    if seen and seen != now:
        raise ChangedMeanwhile(
            "Somebody else has just changed this. What you typed is kept below: compare it with "
            "what is saved now, then save again."
        )
