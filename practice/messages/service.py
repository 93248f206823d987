"""Writing the practice's own words, and putting them into mails."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from flask import current_app

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.core import clock
from practice.core.db import db, take_turns
from practice.core.errors import Conflict, NotFound
from practice.core.settings import settings
from practice.messages import queries
from practice.messages.kinds import KINDS, Kind, Made
from practice.messages.models import Wording
from practice.messages.rules.wording import fill, names_in, paragraphs
from practice.outbox import mail
from practice.outbox import service as outbox
from practice.outbox.mail import Letter
from practice.people.models import User
from practice.people.queries import get_practice

PRINTED = re.compile(r"\{\{\s*(.+?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Own:
    """What a practice says in a mail in words of its own, with everything filled in."""

    subject: str | None = None
    paragraphs: tuple[str, ...] = ()


class ChangedMeanwhile(Conflict):
    """Somebody else wrote other words since the form was opened."""


def get_kind(name: str) -> Kind:
    """Return what is known of one mail.

    Raises:
        NotFound: if there is no such mail.
    """
    if name not in KINDS:
        raise NotFound("There is no such message.")
    return KINDS[name]


def shipped_subject(kind: Kind) -> str:
    """Return the subject that the house ships, with names in braces: ``Booked: {when}``."""
    named = {expression: name for name, expression in kind.names.items()}
    env = current_app.jinja_env
    if env.loader is None:
        raise RuntimeError("the mails have no place that they are read from")
    source, _, _ = env.loader.get_source(env, f"email/{kind.name}/subject.txt")
    return PRINTED.sub(lambda found: f"{{{named[found[1]]}}}", source).strip()


def put_into_words(name: str, context: Mapping[str, Any]) -> Own:
    """Return what a practice says in this mail in words of its own. At most one statement."""
    wording = queries.wording_of(name) if name in KINDS else None
    if wording is None:
        return Own()
    return filled(KINDS[name], wording.subject, wording.text, context)


def filled(kind: Kind, subject: str | None, text: str, context: Mapping[str, Any]) -> Own:
    """Put what a mail is handed in the place of the names in a practice's words."""
    used = {name for name, _ in names_in(f"{subject or ''}\n{text}")}
    values = _values(kind, used & kind.names.keys(), context)
    return Own(
        fill(subject, values) if subject else None,
        tuple(fill(paragraph, values) for paragraph in paragraphs(text)),
    )


def _values(kind: Kind, names: Collection[str], context: Mapping[str, Any]) -> dict[str, str]:
    compiled = current_app.jinja_env.compile_expression
    return {
        name: str(compiled(kind.names[name], undefined_to_none=False)(**context)) for name in names
    }


def made_up(name: str) -> Mapping[str, Any]:
    """Return what an example of a mail is handed. Nothing in it is anybody's."""
    practice = get_practice()
    page = f"{settings().base_url}/p/{practice.slug}/"
    return KINDS[name].example(Made(clock.now(), practice.time_zone, page, practice.currency))


def example(kind: Kind, subject: str | None, text: str) -> Letter:
    """Draw a mail with these words and an example's facts, as it would be sent."""
    context = {"practice": get_practice(), "posted_at": clock.now(), **made_up(kind.name)}
    return mail.draw(kind.name, context, filled(kind, subject, text, context))


def write(kind: Kind, subject: str | None, text: str, *, seen: int, by: Actor) -> None:
    """Use these words from now on. Call inside ``transaction()``.

    ``seen`` is the version that the form showed; ``None`` and no text are the shipped words.

    Raises:
        ChangedMeanwhile: if there is a newer version.
    """
    take_turns(f"wording:{kind.name}")
    before = queries.wording_of(kind.name)
    version = before.version if before else 0
    if version != seen:
        raise ChangedMeanwhile("Somebody else has just changed these words. Look at them again.")
    kept = (before.subject, before.text) if before else (None, "")
    if by.id is None or kept == (subject, text):
        return
    row = Wording(
        id=uuid4(),
        name=kind.name,
        version=version + 1,
        subject=subject,
        text=text,
        written_at=clock.now(),
        written_by=by.id,
    )
    db.session.add(row)
    db.session.flush()
    audit.record("wording:write", by=by, subject_id=row.id, mail=kind.name, version=row.version)


def send_test(kind: Kind, to: User, *, form_token: str) -> None:
    """Mail an example to a member of staff, in the words in use. Inside ``transaction()``."""
    outbox.post(
        kind.name, key=f"test:{form_token}", to=to.email, about_id=to.id, facts={"is_test": True}
    )


def names_with_examples(kind: Kind) -> dict[str, str]:
    """Return the names that may be used in a mail, with what each becomes in the example."""
    context = {"practice": get_practice(), "posted_at": clock.now(), **made_up(kind.name)}
    return _values(kind, kind.names, context)
