"""Keeping clients: what is on file, putting one away, making one of two."""

from practice.clients.service.archiving import archive_client, bring_back
from practice.clients.service.diagnoses import (
    end_diagnosis,
    make_primary,
    record_diagnosis,
    write_member_id,
)
from practice.clients.service.on_file import (
    Care,
    ChangedMeanwhile,
    EmergencyContact,
    edit_contact,
    name_emergency_contact,
    record_for_session,
    record_paper,
    seen_care,
    seen_contact,
    seen_emergency,
    withdraw_paper,
    write_care,
)
from practice.clients.service.treatments import Tried, forget_treatment, write_treatment

__all__ = [
    "Care",
    "ChangedMeanwhile",
    "EmergencyContact",
    "Tried",
    "archive_client",
    "bring_back",
    "edit_contact",
    "end_diagnosis",
    "forget_treatment",
    "make_primary",
    "name_emergency_contact",
    "record_diagnosis",
    "record_for_session",
    "record_paper",
    "seen_care",
    "seen_contact",
    "seen_emergency",
    "withdraw_paper",
    "write_care",
    "write_member_id",
    "write_treatment",
]
