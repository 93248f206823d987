"""Who can be said to have done something, and what deeds are called on a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID


class ActorKind(StrEnum):
    STAFF = "staff"
    CLIENT = "client"  # whoever holds a client's link
    API = "api"  # another program, by one of the practice's tokens
    PROGRAM = "program"  # a job, a command, the payment processor's news


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a member of staff, a client, another program, or this one."""

    kind: ActorKind
    id: UUID | None = None


PROGRAM = Actor(ActorKind.PROGRAM)
VISITOR = Actor(ActorKind.CLIENT)

IN_WORDS: dict[str, str] = {
    "account:link": "Stripe account linked",
    "account:stand": "Stripe account changed its standing",
    "appointment:approve": "Request approved",
    "appointment:arrived": "Client arrived",
    "appointment:ask": "Client asks for a call",
    "appointment:ask_to_pay": "Link to pay mailed",
    "appointment:book": "Session booked",
    "appointment:cancel": "Session cancelled",
    "appointment:code": "Code used for a lower price",
    "appointment:completed": "Session completed",
    "appointment:confirm": "Session confirmed",
    "appointment:decline": "Request declined",
    "appointment:give-back": "Held time given back",
    "appointment:held_clinical": "Session held for a clinical reason",
    "appointment:in_session": "Session begun",
    "appointment:move": "Session moved",
    "appointment:no_show": "Session missed",
    "appointment:note": "Note written",
    "appointment:override": "Limits of the course passed, with a reason",
    "appointment:price": "Price of a session changed",
    "appointment:record": "Record of this session put on file",
    "appointment:release": "Held time let go",
    "appointment:renew": "Time held longer",
    "appointment:request": "Time asked for",
    "appointment:unconfirm": "Session no longer confirmed",
    "appointment:undo": "The last change was undone",
    "appointment:wait": "Waits for what is missing",
    "appointment:waive": "Fee waived",
    "books:export": "File of the books taken away",
    "books:lock": "Month locked",
    "books:unlock": "Locked month opened again",
    "books:ways": "How exports are written changed",
    "card:agree": "Agreed to later charges of a card",
    "card:forget": "Card forgotten by the payment processor",
    "card:remove": "Card taken off file",
    "card:save": "Card put on file",
    "care:write": "Reason for care written down",
    "client:add": "Taken on as a client",
    "client:price": "Own price agreed",
    "client:price_end": "Own price ended",
    "client:archive": "Archived",
    "client:bring_back": "Brought back from the archive",
    "client:edit": "Contact details changed",
    "client:import": "Brought over from another program",
    "client:invite": "Invitations by mail changed",
    "client:merge": "Merged with another client",
    "client:merge_away": "Merged into another client",
    "client:take_back": "Import undone",
    "client:unmerge": "Merge undone",
    "course:attach": "Session made part of the course",
    "course:begin": "Course begun",
    "course:book": "Sessions of a course booked",
    "course:change": "Course changed for one client, with a reason",
    "course:complete": "Course completed",
    "course:date": "Date of a visit elsewhere written down",
    "course:lapse": "Course lapsed",
    "course:leave_out": "Step of a course left out",
    "course:move": "Sessions of a course moved together",
    "course:offer": "Client may choose among the plans of a course",
    "course:propose": "Course proposed",
    "course:resume": "Course goes on after its lapse",
    "course:review": "Decided at a review of a course",
    "course:stop": "Course stopped",
    "course:wish": "Wishes for a course changed",
    "course:withdraw": "Plans of a course withdrawn from the client",
    "course_template:add": "New course offered",
    "course_template:bring_back": "Course offered again",
    "course_template:change": "Course template changed",
    "course_template:retire": "Course no longer offered",
    "diagnosis:end": "Diagnosis ended",
    "diagnosis:make_primary": "Another diagnosis is the primary one",
    "diagnosis:record": "Diagnosis recorded",
    "dispute:asked": "Bank asked about a card payment",
    "dispute:asked_answered": "Question of a bank answered",
    "dispute:asked_closed": "Question of a bank closed",
    "dispute:evidence": "Evidence for a dispute put together",
    "dispute:lost": "Dispute lost",
    "dispute:needs_answer": "Card payment disputed",
    "dispute:under_review": "Dispute answered",
    "dispute:won": "Dispute won",
    "emergency_contact:write": "Emergency contact written down",
    "estimate:download": "Estimate downloaded",
    "estimate:issue": "Good faith estimate issued",
    "fee:decide": "Fee for a late change or a missed session",
    "feed:open_account": "App password for a calendar made",
    "feed:renew": "Calendar link given a new address",
    "feed:revoke": "Calendar link ended",
    "feed:subscribe": "Calendar link made",
    "gate:end_override": "Passing without proof ended",
    "gate:override": "Passed without its proof, with a reason",
    "invitation:accept": "Invitation accepted",
    "invitation:send": "Somebody invited to the team",
    "invitation:withdraw": "Invitation withdrawn",
    "opening_balance:bring": "Balance brought over from another program",
    "opening_balance:take_back": "Balance that was brought over taken back",
    "member_id:write": "Member id of the insurer written down",
    "paper:record": "Paper put on file",
    "paper:withdraw": "Paper withdrawn",
    "payment:ask": "Card payment asked for",
    "package:add": "New package offered",
    "package:bring_back": "Package sold again",
    "package:change": "Package changed",
    "package:retire": "Package no longer sold",
    "payment:charge": "Card on file charged",
    "payment:expired": "Card payment ran out",
    "payment:failed": "Card payment failed",
    "payment:give_back": "Payment given back by hand",
    "payment:pay": "Card payment came in",
    "payment:record": "Payment taken at the visit",
    "promo:end": "Code ended",
    "promo:make": "Code offered",
    "practice:create": "Practice started",
    "practice:edit": "What the practice says of itself changed",
    "practice:frame_origins": "Websites that may show the booking page changed",
    "practice:furnish": "Services, rules and rooms put in",
    "practice:keep_calendars": "What clients’ calendars are told changed",
    "practice:keep_places": "Address or arrival notes changed",
    "practice:keep_policies": "Policies changed",
    "practice:move_zone": "Practice moved to another time zone",
    "practice:own_words": "Own words on the public page changed",
    "practice:paint": "Color of the client pages changed",
    "practice:set_up": "A step of the set-up ended",
    "practice:switch_cards": "Cards switched on or off",
    "resource:employ": "Time in the calendar given",
    "resource:end_override": "Other hours of one day taken back",
    "resource:keep_hours": "Weekly hours changed",
    "resource:keep_video_room": "Video room changed",
    "resource:override": "Other hours for one day",
    "course:price": "Another price agreed on for a course",
    "sale:expire": "What was bought ahead expired",
    "sale:extend": "What was bought ahead extended",
    "sale:end": "What was bought ahead ended",
    "sale:make": "Package or course sold",
    "sale:use": "Session of a package used",
    "service:add": "New service offered",
    "service:approval": "Whether a person must approve changed",
    "service:bring_back": "Service offered again",
    "service:change": "Service changed",
    "service:codes": "Codes of a service changed",
    "service:retire": "Service no longer offered",
    "service:set_policy": "Terms of cancelling changed",
    "sessions:bring": "Sessions held elsewhere written down",
    "sessions:take_back": "Sessions held elsewhere taken back",
    "statement:download": "Statement downloaded",
    "statement:issue": "Statement issued",
    "superbill:download": "Superbill downloaded",
    "superbill:issue": "Superbill issued",
    "superbill:view": "Superbill looked at",
    "treatment:forget": "Treatment tried before taken off the list",
    "treatment:write": "Treatment tried before written down",
    "user:change_roles": "Roles changed",
    "user:create": "Joined the team",
    "user:describe": "What insurers ask of somebody changed",
    "user:end": "Access ended",
    "user:return": "Came back to the team",
    "user:set_password": "Password set anew",
}
"""What the history of a client or a session calls a deed."""


def in_words(verb: str, detail: Mapping[str, Any]) -> str:
    """Return what a history says of a deed, with the names of the fields that it changed."""
    said = IN_WORDS.get(verb, verb)
    changed = ", ".join(str(name).replace("_", " ") for name in detail.get("changed", ()))
    return f"{said}: {changed}" if changed else said
