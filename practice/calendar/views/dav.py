"""Calendars in the accounts of calendar programs: CalDAV, for reading alone.

No cookie and no sign-in: a program brings its user name and app password with every request.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from xml.etree.ElementTree import Element

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from practice.calendar import accounts
from practice.calendar.accounts import Account, Member
from practice.calendar.rules.dav import asking, steps, telling
from practice.calendar.rules.dav.asking import Multiget, Query, Refused, Sync
from practice.calendar.rules.dav.names import FINITE_DEPTH, KNOWN_REPORT, VALID_TOKEN
from practice.calendar.rules.dav.places import Addresses, Kind, Place, place_of
from practice.calendar.rules.dav.telling import Here, Session
from practice.calendar.service import feeds
from practice.calendar.views.feeds import program_named, tags
from practice.core.db import Busy, in_transaction, transaction
from practice.core.errors import Malformed, NotFound
from practice.people.access import public
from practice.people.rules import Attempt, network_of
from practice.people.signing_in import spend

bp = Blueprint("dav", __name__)

READING = ("OPTIONS", "GET", "HEAD", "PROPFIND", "REPORT")
CHANGING = (
    *("PUT", "DELETE", "POST", "PATCH", "PROPPATCH", "MKCALENDAR", "MKCOL"),
    *("MOVE", "COPY", "LOCK", "UNLOCK", "ACL"),
)
ONLY_READ = "This calendar is read-only: sessions are booked, moved and cancelled on the website.\n"
SIGN_IN = "Enter the user name and the app password that Calendar links showed you.\n"
FOR_PROGRAMS = "This address is for calendar programs: add it there as a CalDAV account.\n"
NOTHING = "There is nothing at this address."
TEXT = {"Content-Type": "text/plain; charset=utf-8"}
XML = {"Content-Type": "application/xml; charset=utf-8"}
ASK = {"WWW-Authenticate": 'Basic realm="Calendar", charset="UTF-8"'}
ZONES = version("tzdata")
"""Zones stand beside each session, so that its mark must change when they do."""

OFFERS = {"DAV": "1, 3, calendar-access", "Allow": ", ".join(READING)}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a program that was let in."""

    account: Account
    here: Here
    place: Place


@bp.route(
    "/.well-known/caldav",
    methods=["GET", "HEAD", "OPTIONS", "PROPFIND"],
    provide_automatic_options=False,
)
@public
def well_known() -> ResponseReturnValue:
    """Lead programs that know only the host to where calendars are (RFC 6764)."""
    return redirect(url_for(".calendars"), 301)


@bp.route(
    "/dav/",
    defaults={"path": ""},
    methods=[*READING, *CHANGING],
    provide_automatic_options=False,
)
@bp.route("/dav/<path:path>", methods=[*READING, *CHANGING], provide_automatic_options=False)
@public
def calendars(path: str) -> ResponseReturnValue:
    """Answer a calendar program."""
    if request.method == "OPTIONS":
        return Response(status=200, headers=OFFERS)
    account = _let_in()
    if account is None:
        return SIGN_IN, 401, {**TEXT, **ASK}
    if request.method in CHANGING:
        return ONLY_READ, 403, {**TEXT, **OFFERS}
    place = place_of(path)
    if place is None or place.account_id not in (None, account.subscription_id):
        raise NotFound(NOTHING)
    at = Addresses(url_for(".calendars"), account.subscription_id)
    token = steps.Step(account.version, account.version)
    asked = Asked(account, Here(at, account.name, str(token)), place)
    try:
        answer = ANSWERS[request.method](asked)
    except Refused as refused:
        body = telling.error(refused.condition, refused.message)
        answer = Response(body, 403, headers=XML)
    answer.headers.extend(OFFERS)
    answer.headers["X-Robots-Tag"] = "noindex"
    if feeds.is_worth_remembering(account.fetched_at, account.changed_at):
        with contextlib.suppress(Busy), transaction():
            feeds.remember_fetch(
                account.subscription_id,
                program=program_named(request.headers.get("User-Agent", "")),
                status=answer.status_code,
            )
    return answer


def _let_in() -> Account | None:
    """Return whose account the request names; count what opens nothing.

    Raises:
        TooMany: if this name or network must wait before it may be wrong once more.
    """
    given = request.authorization
    if given is None or given.type != "basic":
        return None
    name, password = given.username or "", given.password or ""
    account = accounts.find(name, password)
    if account is None:
        network = network_of(request.remote_addr)
        tries = ((Attempt.APP_PASSWORD, name.lower()), (Attempt.APP_NETWORK, network))
        in_transaction(partial(spend, tries))
    return account


# Reading one session ----------------------------------------------------------------------------


def _get(asked: Asked) -> Response:
    """Answer with a session as a file, or say what the rest is for."""
    if asked.place.kind is not Kind.SESSION:
        return Response(FOR_PROGRAMS, headers=TEXT)
    session = _session_at(asked)
    headers = {
        "ETag": f'"{session.etag}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization",
    }
    if session.etag in tags(request.headers.get("If-None-Match", "")):
        return Response(status=304, headers=headers)
    headers["Content-Type"] = telling.CONTENT_TYPE
    return Response(session.written(), headers=headers)


def _session_at(asked: Asked) -> Session:
    wanted = asked.place.session_id
    found = accounts.members(asked.account, ids=[wanted]) if wanted else []
    if not found:
        raise NotFound(NOTHING)
    return _session(asked.account, found[0])


def _session(account: Account, member: Member) -> Session:
    etag = telling.etag_of(member.text, account.alarm_minutes, account.zone, ZONES)
    return Session(member.session_id, etag, partial(accounts.text_of, account, member))


# PROPFIND ---------------------------------------------------------------------------------------


def _propfind(asked: Asked) -> Response:
    depth = asking.depth(request.headers.get("Depth")) or "infinity"
    wanted = asking.propfind(request.get_data())
    if depth == "infinity":
        raise Refused(FINITE_DEPTH, "Ask with Depth 0 or 1.")
    kind = asked.place.kind
    if kind is Kind.SESSION:
        return _multistatus([telling.of_session(_session_at(asked), asked.here, wanted)])
    answers = [telling.of_place(kind, asked.here, wanted)]
    if depth == "1" and kind in telling.BELOW:
        answers.append(telling.of_place(telling.BELOW[kind], asked.here, wanted))
    elif depth == "1":
        answers += _of_members(asked, accounts.members(asked.account), wanted)
    return _multistatus(answers)


def _of_members(asked: Asked, members: Iterable[Member], wanted: asking.Wanted) -> list[Element]:
    return [
        telling.of_session(_session(asked.account, each), asked.here, wanted) for each in members
    ]


def _multistatus(answers: list[Element], token: str = "") -> Response:
    return Response(telling.multistatus(answers, token=token), 207, headers=XML)


# REPORT -----------------------------------------------------------------------------------------


def _report(asked: Asked) -> Response:
    depth = asking.depth(request.headers.get("Depth"))
    report = asking.report(request.get_data())
    if asked.place.kind is not Kind.CALENDAR:
        raise Refused(KNOWN_REPORT, "Reports are made of the calendar itself.")
    if isinstance(report, Query):
        return _query(asked, report, depth)
    if isinstance(report, Multiget):  # whatever its depth is (RFC 4791, 7.9)
        return _multiget(asked, report)
    if depth == "infinity":
        raise Malformed("Ask for a sync-collection with Depth 0.")
    return _sync(asked, report)


def _query(asked: Asked, query: Query, depth: str | None) -> Response:
    """Tell of the sessions in some time.

    With Depth 0 it would be asked of the calendar alone, which is no session. Who says nothing
    means the sessions, whatever the letter says.
    """
    if not query.matches or depth == "0":
        return _multistatus([])
    found = accounts.members(asked.account, after=query.starts_at, before=query.ends_at)
    return _multistatus(_of_members(asked, found, query.wanted))


def _multiget(asked: Asked, multiget: Multiget) -> Response:
    named = {each: asked.here.at.session_at(each) for each in multiget.addresses}
    ids = {each for each in named.values() if each is not None}
    found = {each.session_id: each for each in accounts.members(asked.account, ids=ids)}
    answers = []
    for address, session_id in named.items():
        member = found.get(session_id) if session_id else None
        if member is None:
            answers.append(telling.gone(address))
        else:
            answers += _of_members(asked, [member], multiget.wanted)
    return _multistatus(answers)


def _sync(asked: Asked, sync: Sync) -> Response:
    account, here = asked.account, asked.here
    step = steps.read(sync.token) if sync.token else steps.first(account.version)
    if step is None or not step.is_good(version=account.version, forgotten=account.forgotten):
        raise Refused(VALID_TOKEN, "This token is too old or none of ours: begin without one.")
    at_most = None if sync.limit is None else sync.limit + 1
    rows = accounts.changes(account, step.known, at_most=at_most)
    told, after = steps.cut(step, rows, sync.limit, account.version)
    answers = []
    for each in told:
        if each.member is None:
            answers.append(telling.gone(here.at.session(each.session_id)))
        else:
            answers += _of_members(asked, [each.member], sync.wanted)
    if len(told) < len(rows):
        answers.append(telling.cut_short(here))
    return _multistatus(answers, str(after))


ANSWERS: Mapping[str, Callable[[Asked], Response]] = {
    "GET": _get,
    "HEAD": _get,
    "PROPFIND": _propfind,
    "REPORT": _report,
}
