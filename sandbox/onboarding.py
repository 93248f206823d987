"""The page on which the owner of a connected account fills in who they are. No scripts on it."""

from flask import Blueprint, current_app, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.pages import harden
from sandbox.resources import accounts
from sandbox.store import PLATFORM, Json, World

bp = Blueprint("onboarding", __name__, url_prefix="/connect")
bp.after_request(harden)

LONGEST_NAME = 100


@bp.get("/onboarding/<wanted>")
def show(wanted: str) -> AnyResponse | tuple[str, int] | str:
    """Show the form, once; an address that was used or is too old leads to where a new one is."""
    world = _world()
    with world.lock:
        link = world.account(PLATFORM).find("sandbox.account_link", wanted)
        if link is None:
            return render_template("missing.html"), 404
        if link["is_used"] or link["expires_at"] <= world.clock():
            return redirect(link["refresh_url"], 303)
        link["is_used"] = True
        world.touch()
        return _page(link)


@bp.post("/onboarding/<wanted>")
def submit(wanted: str) -> AnyResponse | tuple[str, int]:
    """Take the form. Whoever leaves it for later is led back as well, with nothing done."""
    world = _world()
    with world.lock:
        link = world.account(PLATFORM).find("sandbox.account_link", wanted)
        if link is None:
            return render_template("missing.html"), 404
        if request.form.get("outcome") == "complete":
            name = request.form.get("name", "").strip()
            if not 0 < len(name) <= LONGEST_NAME:
                return _page(link, wrong=True), 422
            accounts.onboard(world, link["account"], name=name)
        return redirect(link["return_url"], 303)


def _page(link: Json, *, wrong: bool = False) -> str:
    return render_template("onboarding.html", link=link, wrong=wrong)


def _world() -> World:
    world: World = current_app.extensions["world"]
    return world
