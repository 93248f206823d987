"""Who bills whom, copied onto a paper when it is issued."""

from __future__ import annotations

from typing import Any

from practice.people.models import Client, Practice


def parties(practice: Practice, client: Client) -> dict[str, Any]:
    """Copy who bills whom. The business address stands on papers, never the sanctuary's."""
    return {
        "business_name": practice.business_name,
        "business_address": practice.business_address,
        "business_email": practice.email,
        "business_phone": practice.phone,
        "tax_id": practice.tax_id,
        "client_name": client.name,
        "client_address": client.address or "",
        "client_email": client.email,
    }
