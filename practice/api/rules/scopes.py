"""What a token may be good for."""

from enum import StrEnum


class Scope(StrEnum):
    PRACTICE_READ = "practice:read"
    SERVICES_READ = "services:read"
    TIMES_READ = "times:read"
    BOOKINGS_READ = "bookings:read"
    BOOKINGS_WRITE = "bookings:write"
    CLIENTS_READ = "clients:read"
    CLIENTS_WRITE = "clients:write"
    INVOICES_READ = "invoices:read"
    PAYMENTS_READ = "payments:read"
    WEBHOOKS_MANAGE = "webhooks:manage"


S = Scope
WORDS: dict[Scope, str] = {
    S.PRACTICE_READ: "Read who the practice is",
    S.SERVICES_READ: "Read services and prices",
    S.TIMES_READ: "Read free times",
    S.BOOKINGS_READ: "Read bookings",
    S.BOOKINGS_WRITE: "Hold, book, move and cancel",
    S.CLIENTS_READ: "Read how clients are reached",
    S.CLIENTS_WRITE: "Add clients and change how they are reached",
    S.INVOICES_READ: "Read invoices",
    S.PAYMENTS_READ: "Read payments",
    S.WEBHOOKS_MANAGE: "Say which addresses get news",
}
"""What each scope is called on the page where tokens are made."""
