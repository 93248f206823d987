"""The page that moves the clock of the demo: web, worker and sandbox together."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from sandbox import clock
from sandbox.pages import harden

bp = Blueprint("clock", __name__)
bp.after_request(harden)

DEMO_ZONE = ZoneInfo("America/New_York")
"""Of the demo's first practice: a morning there is what one wants to move to."""

MORNING = time(9)


def tomorrow_morning(now: datetime) -> datetime:
    """Return 9:00 on the next local day of the demo, as an instant in UTC."""
    tomorrow = now.astimezone(DEMO_ZONE).date() + timedelta(days=1)
    return datetime.combine(tomorrow, MORNING, DEMO_ZONE).astimezone(UTC)


MOVES: dict[str, tuple[str, Callable[[datetime], datetime]]] = {
    "hour": ("+1 hour", lambda now: now + timedelta(hours=1)),
    "day": ("+1 day", lambda now: now + timedelta(days=1)),
    "week": ("+1 week", lambda now: now + timedelta(weeks=1)),
    "morning": ("To tomorrow, 9 AM", tomorrow_morning),
}
"""What each button says, and the instant that it moves to."""

BACK = "real"


@bp.get("/clock")
def show() -> str:
    """Show what time it is in the demo, and the buttons that move it."""
    file = clock.file()
    seconds = clock.seconds_ahead(file)
    now = datetime.now(UTC) + timedelta(seconds=seconds)
    return render_template(
        "clock.html",
        there=now.astimezone(DEMO_ZONE),
        now=now,
        ahead=_in_words(seconds),
        moves=[(name, label) for name, (label, _) in MOVES.items()],
        back=BACK,
        can_move=file is not None,
    )


@bp.post("/clock")
def move() -> AnyResponse:
    """Move on as the pressed button, ``move``, says; or back to real time."""
    file, wanted = clock.file(), request.form.get("move", "")
    if file is None or wanted not in {*MOVES, BACK}:
        abort(HTTPStatus.NOT_FOUND)
    real = datetime.now(UTC)
    if wanted == BACK:
        clock.set_ahead(file, 0)
    else:
        _, target = MOVES[wanted]
        shown = real + timedelta(seconds=clock.seconds_ahead(file))
        clock.set_ahead(file, (target(shown) - real).total_seconds())
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


def _in_words(seconds: float) -> str:
    """Say how far a clock is ahead, to the minute: ``8 days, 1 hour``. Empty for real time."""
    minutes = round(seconds / 60)
    days, rest = divmod(minutes, 24 * 60)
    counts = {"day": days, "hour": rest // 60, "minute": rest % 60}
    return ", ".join(
        f"{count} {unit}{'s' if count != 1 else ''}" for unit, count in counts.items() if count
    )
