"""What CalDAV refuses: always in words or by the protocol's own name, never with a 5xx."""

from xml.etree.ElementTree import fromstring

import pytest
from flask.testing import FlaskClient

from practice.calendar.rules.dav.names import D
from tests.integration.calendar.dav_world import Opened, ask, open_account, propfind, query, sync
from tests.integration.calendar.feed_world import World

SPACES = 'xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "ha">' for n in range(10)
)
TIME = '<c:comp-filter name="VEVENT"><c:time-range {}/></c:comp-filter>'

REFUSED: dict[str, tuple[str, str | bytes, str, int, str]] = {
    # name: method, body, depth, status, what it is called
    "no xml": ("REPORT", "hello", "1", 400, ""),
    "nothing": ("REPORT", "", "1", 400, ""),
    "half of it": ("PROPFIND", propfind()[:-5], "0", 400, ""),
    "another thing": ("PROPFIND", f"<sync-collection {SPACES}/>", "0", 400, ""),
    "nothing asked": ("PROPFIND", f"<propfind {SPACES}/>", "0", 400, ""),
    "laughs": ("REPORT", f"<!DOCTYPE x [{LAUGHS}]><x>&l9;</x>", "1", 400, ""),
    "a file": (
        "PROPFIND",
        '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>',
        "0",
        400,
        "",
    ),
    "another encoding": ("REPORT", b'<?xml version="1.0" encoding="utf-32"?><a/>', "1", 400, ""),
    "no encoding": ("REPORT", b'<?xml version="1.0" encoding="nonsense"?><a/>', "1", 400, ""),
    "half a character": ("REPORT", b"<a>\xff</a>", "1", 400, ""),
    "deep": ("REPORT", "<a>" * 200_000, "1", 400, ""),
    "deep and whole": (
        "PROPFIND",
        f"<propfind {SPACES}><prop>{'<a>' * 90_000}{'</a>' * 90_000}</prop></propfind>",
        "0",
        207,
        "",
    ),
    "giant": ("REPORT", "<a>" + " " * 1_000_001, "1", 413, ""),
    "unknown report": ("REPORT", f"<expand-property {SPACES}/>", "0", 403, "supported-report"),
    "busy times": ("REPORT", f"<c:free-busy-query {SPACES}/>", "1", 403, "supported-report"),
    "all the way down": ("PROPFIND", propfind(), "infinity", 403, "propfind-finite-depth"),
    "depth two": ("PROPFIND", propfind(), "2", 400, ""),
    "depth of a report": ("REPORT", query(), "many", 400, ""),
    "sync all the way": ("REPORT", sync(), "infinity", 400, ""),
    "no filter": ("REPORT", f"<c:calendar-query {SPACES}/>", "1", 400, ""),
    "filter of nothing": ("REPORT", query(outer="VEVENT"), "1", 403, "valid-filter"),
    "by title": (
        "REPORT",
        query('<c:comp-filter name="VEVENT"><c:prop-filter name="SUMMARY"/></c:comp-filter>'),
        "1",
        403,
        "supported-filter",
    ),
    "local time": (
        "REPORT",
        query(TIME.format('start="20270310T100000"')),
        "1",
        403,
        "valid-filter",
    ),
    "no such day": (
        "REPORT",
        query(TIME.format('end="20270230T100000Z"')),
        "1",
        403,
        "valid-filter",
    ),
    "no time": ("REPORT", query(TIME.format("")), "1", 403, "valid-filter"),
    "backwards": (
        "REPORT",
        query(TIME.format('start="20270310T100000Z" end="20270310T090000Z"')),
        "1",
        403,
        "valid-filter",
    ),
    "another kind of data": (
        "REPORT",
        query().replace("<c:calendar-data/>", '<c:calendar-data content-type="text/html"/>'),
        "1",
        403,
        "supported-calendar-data",
    ),
    "no addresses": ("REPORT", f"<c:calendar-multiget {SPACES}/>", "1", 400, ""),
    "no token": ("REPORT", f"<sync-collection {SPACES}/>", "0", 400, ""),
    "limit of nothing": (
        "REPORT",
        sync(more="<limit><nresults>0</nresults></limit>"),
        "0",
        400,
        "",
    ),
    "long before": ("REPORT", query(TIME.format('start="00010101T000000Z"')), "1", 207, ""),
    "long after": ("REPORT", query(TIME.format('end="99991231T235959Z"')), "1", 207, ""),
    "odd names": (
        "PROPFIND",
        f'<propfind {SPACES}><prop><a/><b xmlns=""/><xml:c/></prop></propfind>',
        "0",
        207,
        "",
    ),
}


@pytest.mark.database("sqlite")  # all of it is refused before, or read by text
def test_what_cannot_be_answered_is_refused_clearly(world: World, client: FlaskClient) -> None:
    opened = open_account(world)

    answers = {
        name: ask(client, opened, method, body=body, Depth=depth)
        for name, (method, body, depth, *_) in REFUSED.items()
    }

    assert {name: answer.status_code for name, answer in answers.items()} == {
        name: status for name, (*_, status, _) in REFUSED.items()
    }
    called = {name: answers[name] for name, (*_, called) in REFUSED.items() if called}
    assert {
        name: [each.tag.removeprefix("{DAV:}").rpartition("}")[2] for each in fromstring(said.data)]
        for name, said in called.items()
    } == {name: [REFUSED[name][-1], "responsedescription"] for name in called}
    plain = {
        answer.content_type
        for name, answer in answers.items()
        if answer.status_code >= 400 and name not in called
    }
    assert plain == {"text/plain; charset=utf-8"}


@pytest.mark.database("sqlite")
def test_nothing_is_written_over_it(world: World, client: FlaskClient) -> None:
    opened = open_account(world)
    methods = ("PUT", "DELETE", "MKCALENDAR", "MKCOL", "PROPPATCH", "MOVE", "COPY", "LOCK", "POST")
    places = (opened.calendar, f"{opened.calendar}new.ics", f"/dav/{opened.id}/calendars/other/")

    answers = [ask(client, opened, each, place, "x") for each in methods for place in places]

    assert {each.status_code for each in answers} == {403}
    assert {each.text.partition(":")[0] for each in answers} == {"This calendar is read-only"}
    assert {each.headers["Allow"] for each in answers} == {"OPTIONS, GET, HEAD, PROPFIND, REPORT"}


@pytest.mark.database("sqlite")
def test_what_is_nowhere_is_not_there(world: World, client: FlaskClient) -> None:
    opened = open_account(world)
    other = replace_id(opened)
    places = ("/dav/x", "/dav/..", f"{opened.calendar}x.ics", f"{opened.calendar}x/y", other)

    statuses = {
        (method, place): ask(client, opened, method, place, Depth="0").status_code
        for method in ("GET", "PROPFIND")
        for place in places
    }

    assert set(statuses.values()) == {404}
    assert ask(client, opened, "PROPFIND", f"/dav/{opened.id}", Depth="0").status_code == 207
    assert ask(client, opened, "BREW", "/dav/").status_code == 405
    report = ask(client, opened, "REPORT", "/dav/", sync(), Depth="0")
    assert fromstring(report.data)[0].tag == f"{D}supported-report"


def replace_id(opened: Opened) -> str:
    return opened.calendar.replace(str(opened.id), str(opened.user_id))
