"""What the settings page lists. A room with a page to add puts one line into the table."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from practice.people.access import may
from practice.people.rules import Permission


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the settings page, shown where its page exists and the role allows it."""

    endpoint: str
    label: str
    words: str
    permission: Permission = Permission.PRACTICE_MANAGE


SETTINGS = (
    Entry("sessions.set_up", "Set-up", "The six steps until clients can book, where you left off"),
    Entry("people.practice_settings", "Practice", "Names, contact, and what stands on invoices"),
    Entry("sessions.places", "Places", "The address clients get, and what they need to arrive"),
    Entry("sessions.calendars", "Calendars", "What clients’ calendars are told, and by mail"),
    Entry("sessions.zone", "Time zone", "Whose clock your hours and your pages follow"),
    Entry("people.look", "Look", "One color of your own on the pages for clients"),
    Entry("sessions.hours", "Hours", "When people and rooms are there", Permission.HOURS_OWN),
    Entry(
        "imported.calendars",
        "Calendars that block time",
        "What stands in your other calendars keeps clients away",
        Permission.HOURS_OWN,
    ),
    Entry("sessions.services_list", "Services", "What you offer, how long, and for how much"),
    Entry("sessions.packages_list", "Packages", "Sessions that are sold together"),
    Entry("sessions.promo_list", "Codes", "Codes for a lower price, and how often each was used"),
    Entry(
        "sessions.course_templates",
        "Courses",
        "The sessions of a whole course, and how far apart they lie",
        Permission.COURSE_TEMPLATE_VIEW,
    ),
    Entry("sessions.policies", "Terms", "What cancelling late or not coming costs"),
    Entry("sessions.own_words", "Is this right for me?", "Your own words on the public page"),
    Entry("sessions.booking_button", "Booking button", "A way in from your own website"),
    Entry("messages.messages", "Messages", "Every mail, in your own words"),
    Entry("messages.outbox", "Outbox", "What became of each mail"),
    Entry("people.team_settings", "Team", "Who works here and what they may do; invitations"),
    Entry("sessions.payment_settings", "Payments", "Whether cards are on, and what banks see"),
    Entry(
        "api_settings.api_tokens",
        "Other programs",
        "Tokens and webhooks for your website and tools",
    ),
    Entry("moving.imports", "Bring over", "Clients, courses and balances from another program"),
    Entry("moving.export", "Take away", "Everything the practice keeps, as one file"),
    Entry("people.account", "Security", "Where you are signed in", Permission.WORK),
)


def entries() -> list[Entry]:
    """Return what whoever is signed in can go to from the settings page, in order."""
    return [
        entry
        for entry in SETTINGS
        if entry.endpoint in current_app.view_functions and may(entry.permission)
    ]
