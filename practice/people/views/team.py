"""Who works here: the list, invitations, roles, and the end of somebody's access."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.core import clock
from practice.core.db import in_transaction, practice_scope
from practice.core.errors import Conflict, NotFound
from practice.people import ports, queries, team
from practice.people.access import current_member, current_staff, public, requires
from practice.people.forms import PlainForm
from practice.people.models import User
from practice.people.providers import describe, mark_of_provider, provider_of
from practice.people.rules import Permission
from practice.people.seen import ChangedMeanwhile, mark_of
from practice.people.settings_forms import InviteForm, JoinForm, ProviderForm, RolesForm
from practice.people.views.blueprint import bp

TEAM = "people/team.html"


@bp.get("/settings/team")
@requires(Permission.PRACTICE_MANAGE)
def team_settings() -> ResponseReturnValue:
    """List who works here and who is invited."""
    return render_template(
        TEAM,
        members=queries.staff(),
        me=current_member().id,
        invitations=team.open_invitations(),
        form=PlainForm(),
    )


@bp.route("/settings/team/invite", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def invite() -> ResponseReturnValue:
    """Ask somebody by mail to join the staff."""
    form, page = InviteForm(), "people/invite.html"
    if not form.is_submitted():
        return render_template(page, form=form)
    if not form.validate():
        return render_template(page, form=form), 422
    try:
        in_transaction(
            lambda: team.invite(
                form.email.data or "",
                form.roles.roles,
                by=current_staff(),
                made_by=current_member().id,
            )
        )
    except Conflict as known:
        form.email.errors = [known.message]
        return render_template(page, form=form), 409
    flash(f"An invitation is on its way to {form.email.data}.")
    return redirect(url_for(".team_settings"), 303)


@bp.post("/settings/team/invitations/<uuid:invitation_id>/withdraw")
@requires(Permission.PRACTICE_MANAGE)
def withdraw_invitation(invitation_id: UUID) -> ResponseReturnValue:
    """End an invitation before it was accepted."""
    in_transaction(lambda: team.withdraw(team.get_invitation(invitation_id), by=current_staff()))
    flash("The invitation is withdrawn. Its link opens nothing any more.")
    return redirect(url_for(".team_settings"), 303)


@bp.route("/settings/team/<uuid:user_id>", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def member(user_id: UUID) -> ResponseReturnValue:
    """Change what a member of staff does."""
    user = _member(user_id)
    form, page = RolesForm(data={"roles": user.roles}), "people/member.html"
    if not form.is_submitted():
        form.seen.data = mark_of(user.roles)
        return render_template(page, form=form, member=user)
    if not form.validate():
        return render_template(page, form=form, member=user), 422
    try:
        in_transaction(
            lambda: team.change_roles(
                queries.get_member(user_id), form.roles.roles, seen=form.mark, by=current_staff()
            )
        )
    except ChangedMeanwhile as changed:
        user = _member(user_id)
        form.changed(changed, mark_of(user.roles))
        return render_template(page, form=form, member=user), 409
    except Conflict as refused:
        form.roles.errors = [refused.message]
        return render_template(page, form=form, member=_member(user_id)), 409
    flash(f"The roles of {user.name} are saved.")
    return redirect(url_for(".team_settings"), 303)


@bp.route("/settings/team/<uuid:user_id>/provider", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def provider(user_id: UUID) -> ResponseReturnValue:
    """Write down what insurers ask of a member of staff: NPI, license, credentials."""
    user, known = _member(user_id), provider_of(user_id)
    form, page = ProviderForm(obj=known), "people/provider.html"
    if not form.is_submitted():
        form.seen.data = mark_of_provider(known)
        return render_template(page, form=form, member=user)
    if not form.validate():
        return render_template(page, form=form, member=user), 422
    try:
        in_transaction(
            lambda: describe(user_id, form.provider(), seen=form.mark, by=current_staff())
        )
    except ChangedMeanwhile as changed:
        form.changed(changed, mark_of_provider(provider_of(user_id)))
        return render_template(page, form=form, member=_member(user_id)), 409
    flash(f"What insurers ask of {user.name} is saved.")
    return redirect(url_for(".team_settings"), 303)


@bp.route("/settings/team/<uuid:user_id>/end", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def end_access(user_id: UUID) -> ResponseReturnValue:
    """Say what ends with somebody's access, then end it."""
    user = _member(user_id)
    form, page = PlainForm(), "people/end_access.html"
    shown = {
        "form": form,
        "member": user,
        "sign_ins": len(queries.open_sign_ins(user_id, now=clock.now())),
        "ahead": ports.sessions_ahead(user_id),
    }
    if not form.validate_on_submit():
        return render_template(page, **shown)
    try:
        in_transaction(lambda: team.end_access(queries.get_member(user_id), by=current_staff()))
    except Conflict as refused:
        form.form_errors = [refused.message]
        return render_template(page, **shown), 409
    flash(f"{user.name} cannot sign in any more. Their browsers and calendar links are ended.")
    return redirect(url_for(".team_settings"), 303)


def _member(user_id: UUID) -> User:
    user = queries.get_member(user_id)
    if user.ended_at is not None:
        raise NotFound("There is no such member of staff.")
    return user


# Joining ---------------------------------------------------------------------------------------


@bp.route("/join/<token>", methods=["GET", "POST"])
@public
def join(token: str) -> ResponseReturnValue:
    """Let somebody who was invited say who they are, and choose a password."""
    asked = team.asked_by(token)
    form, page = JoinForm(), "people/join.html"
    form.email_typed = asked.invitation.email
    if not form.is_submitted():
        return render_template(page, form=form, asked=asked)
    if not form.validate():
        return render_template(page, form=form, asked=asked), 422
    try:
        with practice_scope(asked.practice.id):
            in_transaction(
                lambda: team.join(
                    token,
                    asked.invitation.id,
                    name=form.name.data or "",
                    password=form.password.data or "",
                )
            )
    except Conflict as elsewhere:
        form.form_errors = [elsewhere.message]
        return render_template(page, form=form, asked=asked), 409
    flash("Welcome. Sign in with the password that you just chose.")
    return redirect(url_for(".sign_in"), 303)
