"""Making practices and staff, and keeping clients' details. Call inside ``transaction()``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import available_timezones

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.core import clock
from practice.core.db import db, require_practice_id
from practice.core.errors import Conflict, Invalid
from practice.outbox.service import assign, look_at_calendars
from practice.people import doors, passwords, ports, queries, signing_in
from practice.people.models import Client, Practice, User
from practice.people.rules import SEES_CLIENTS, ClientDetails, DoorKind, Role, is_slug

MERGE_WITHIN = timedelta(days=7)

CONTACT_WORDS = {
    "first_name": "first name",
    "last_name": "last name",
    "email": "email",
    "phone": "mobile number",
    "birth_on": "birth date",
    "address": "home address",
}
"""What the history calls the parts of a client's contact details; their values it never holds."""


@dataclass(frozen=True, slots=True)
class PracticeFacts:
    """What a new practice says of itself. The business address is the one on papers."""

    name: str
    slug: str
    time_zone: str
    locality: str
    email: str
    phone: str
    neutral_name: str = ""  # for mail, calendars and bank lines; the name if empty
    about: str = ""
    currency: str = "USD"
    business_name: str = ""  # the name if empty
    business_address: str = ""  # lines, newline between
    tax_id: str = ""


def create_practice(facts: PracticeFacts, *, by: Actor) -> Practice:
    """Make the practice of the current scope: a new id that the edge entered.

    Raises:
        Invalid: for a name in addresses or a time zone that cannot be one.
        Conflict: if another practice has that name in addresses.
    """
    return open_practice(write_practice(facts), by=by)


def write_practice(facts: PracticeFacts) -> Practice:
    """Write down a practice of the current scope that nobody can find yet.

    Raises:
        Invalid: for a name in addresses or a time zone that cannot be one.
        Conflict: if another practice has that name in addresses.
    """
    check_facts(facts)
    practice = Practice(
        id=require_practice_id(),
        slug=facts.slug,
        name=facts.name,
        neutral_name=facts.neutral_name or facts.name[:60],
        about=facts.about,
        locality=facts.locality,
        time_zone=facts.time_zone,
        currency=facts.currency,
        email=facts.email,
        phone=facts.phone,
        business_name=facts.business_name or facts.name,
        business_address=facts.business_address,
        tax_id=facts.tax_id,
        created_at=clock.now(),
    )
    db.session.add(practice)
    db.session.flush()
    return practice


def check_facts(facts: PracticeFacts) -> None:
    """Raise what ``write_practice`` raises."""
    if not is_slug(facts.slug):
        raise Invalid("The name in addresses has small letters, digits and single hyphens only.")
    check_zone(facts.time_zone)
    if doors.find(DoorKind.PRACTICE, facts.slug):
        raise Conflict(_taken(facts.slug))


def open_practice(practice: Practice, *, by: Actor) -> Practice:
    """Let a practice be found by its name in addresses, and give it what is shipped.

    Raises:
        Conflict: if another practice has that name.
    """
    doors.take(DoorKind.PRACTICE, practice.slug, practice.id, taken=_taken(practice.slug))
    record("practice:create", by=by, subject_id=practice.id)
    ports.practice_created(practice, by)
    return practice


def _taken(slug: str) -> str:
    return f"There is a practice at /p/{slug}/ already."


def check_zone(name: str) -> None:
    """Raise ``Invalid`` unless ``name`` says whose clock counts."""
    # EST5EDT and its like do not say whose clock; names are matched in their exact case.
    if "/" not in name or name not in available_timezones():
        raise Invalid("Name a time zone as Area/City, such as America/New_York.")


def create_user(
    *,
    name: str,
    email: str,
    password: str,
    roles: Iterable[Role],
    by: Actor,
    in_calendar: bool = True,
) -> User:
    """Make a member of staff. ``email`` is in lower case.

    Whoever sees clients gets time in the calendar, unless ``in_calendar`` says that the caller
    gives it.

    Raises:
        Invalid: without a role, or for a password that is not good enough.
        Conflict: if somebody in this installation signs in with that address already.
    """
    check_password(password, email)
    user = write_user(
        name=name, email=email, password_hash=passwords.hash_of(password), roles=roles
    )
    return admit(user, by=by, in_calendar=in_calendar)


def write_user(*, name: str, email: str, password_hash: str, roles: Iterable[Role]) -> User:
    """Write down a member of staff who cannot sign in yet.

    Raises:
        Invalid: without a role.
    """
    user = User(
        name=name,
        email=email,
        password_hash=password_hash,
        roles=in_order(roles),
        created_at=clock.now(),
    )
    db.session.add(user)
    db.session.flush()
    return user


def in_order(roles: Iterable[Role]) -> list[str]:
    """Return roles as they are kept, each once.

    Raises:
        Invalid: if there is none.
    """
    wanted = set(roles)
    chosen = [role.value for role in Role if role in wanted]
    if not chosen:
        raise Invalid("Give at least one role.")
    return chosen


def admit(user: User, *, by: Actor, in_calendar: bool = True) -> User:
    """Let a member of staff sign in, and give whoever sees clients time in the calendar.

    Raises:
        Conflict: if somebody in this installation signs in with that address already.
    """
    doors.take(
        DoorKind.USER_EMAIL,
        user.email,
        user.id,
        taken="Somebody signs in with that email address already.",
    )
    record("user:create", by=by, subject_id=user.id, roles=user.roles)
    if in_calendar and SEES_CLIENTS & user.role_set:
        ports.member_created(user, by)
    return user


def set_password(user: User, password: str, *, by: Actor) -> None:
    """Give somebody a new password, and end every sign-in of theirs.

    Raises:
        Invalid: if it is not good enough.
    """
    check_password(password, user.email)
    user.password_hash = passwords.hash_of(password)
    record("user:set_password", by=by, subject_id=user.id)
    for sign_in in queries.open_sign_ins(user.id, now=clock.now()):
        signing_in.end(user.id, sign_in.id, by=by)


def check_password(password: str, email: str) -> None:
    """Raise ``Invalid``, in words, unless a new password is good enough."""
    refused = passwords.why_refused(password, email=email)
    if refused:
        raise Invalid(refused)


# Clients ---------------------------------------------------------------------------------------


def add_client(details: ClientDetails, *, by: Actor) -> Client:
    """Make a client. One with the same e-mail address is never overwritten: a person merges."""
    before = queries.find_client_by_email(details.email)
    client = Client(created_at=clock.now())
    _write(client, details)
    db.session.add(client)
    db.session.flush()
    record("client:add", by=by, subject_id=client.id)
    if before is not None:
        _ask_to_merge(client, before)
    return client


def import_clients(many: Sequence[ClientDetails], *, by: Actor) -> list[Client]:
    """Make many clients at once, whom another program knew.

    The caller has seen to it that nobody of them is on file.
    """
    now = clock.now()
    made = [Client(created_at=now) for _ in many]
    for client, details in zip(made, many, strict=True):
        _write(client, details)
    db.session.add_all(made)
    db.session.flush()
    for client in made:
        record("client:import", by=by, subject_id=client.id)
    return made


def edit_client(client: Client, details: ClientDetails, *, by: Actor) -> Client:
    """Change how a client is reached."""
    moved = client.email != details.email
    before = queries.find_client_by_email(details.email) if moved else None
    was = {name: getattr(client, name) or "" for name in CONTACT_WORDS}
    _write(client, details)
    now = {name: getattr(client, name) or "" for name in CONTACT_WORDS}
    changed = [words for name, words in CONTACT_WORDS.items() if now[name] != was[name]]
    db.session.flush()
    record("client:edit", by=by, subject_id=client.id, changed=changed)
    if {CONTACT_WORDS["first_name"], CONTACT_WORDS["last_name"]}.intersection(changed):
        look_at_calendars()
    if before is not None:
        _ask_to_merge(client, before)
    return client


def invite(client: Client, *, wants: bool | None, by: Actor) -> None:
    """Say whether a client is invited to each session by mail; ``None``: as the practice does."""
    client.is_invited = wants
    db.session.flush()
    record("client:invite", by=by, subject_id=client.id)


def _write(client: Client, details: ClientDetails) -> None:
    client.first_name = details.first_name
    client.last_name = details.last_name
    client.email = details.email
    client.phone = details.phone
    if details.birth_on is not None:
        client.birth_on = details.birth_on.isoformat()
    if details.address is not None:
        client.address = details.address
    if details.is_adult_said_on is not None:
        client.is_adult_said_on = details.is_adult_said_on


def _ask_to_merge(client: Client, before: Client) -> None:
    assign(
        "merge-clients",
        key=f"merge-clients:{client.id}:{before.id}",
        what="Two clients have the same email address. Are they one person?",
        due_at=clock.now() + MERGE_WITHIN,
        client_id=client.id,
        about_id=before.id,
    )
