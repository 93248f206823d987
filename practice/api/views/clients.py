"""Clients, as far as they are reached: nothing clinical goes over the wire."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from practice.api import paging, queries, schemas
from practice.api.operations import operation
from practice.api.rules.scopes import Scope
from practice.api.views.asking import this_program, write
from practice.api.views.blueprint import bp
from practice.people.models import Client
from practice.people.queries import get_client
from practice.people.rules import ClientDetails
from practice.people.service import add_client, edit_client

CLIENTS = "Clients"


@bp.get("/clients")
@operation(schemas.Clients, scope=Scope.CLIENTS_READ, about=CLIENTS)
def clients(query: schemas.ClientsAsked) -> schemas.Clients:
    """List clients in the order in which they came."""
    page = queries.clients(paging.read(query.cursor, CLIENTS), query.limit, email=query.email)
    return schemas.Clients(
        items=[schemas.Client.model_validate(each) for each in page.rows],
        next_cursor=paging.written(page.next, CLIENTS) if page.next else None,
    )


@bp.get("/clients/<uuid:client_id>")
@operation(schemas.Client, scope=Scope.CLIENTS_READ, about=CLIENTS)
def client(client_id: UUID) -> schemas.Client:
    """Read how one client is reached."""
    return schemas.Client.model_validate(get_client(client_id))


@bp.post("/clients")
@operation(schemas.Client, scope=Scope.CLIENTS_WRITE, about=CLIENTS, status=201)
def create_client(json: schemas.ClientSent) -> Response:
    """Add a client. One with the same email address is never overwritten: a person merges."""

    def work() -> schemas.Client:
        made = add_client(ClientDetails(**json.model_dump()), by=this_program())
        return schemas.Client.model_validate(made)

    return write(work, status=201)


@bp.patch("/clients/<uuid:client_id>")
@operation(schemas.Client, scope=Scope.CLIENTS_WRITE, about=CLIENTS)
def change_client(client_id: UUID, json: schemas.ClientChanged) -> Response:
    """Change how a client is reached; what is not sent stays."""

    def work() -> schemas.Client:
        found = get_client(client_id)
        details = ClientDetails(
            first_name=json.first_name or found.first_name,
            last_name=json.last_name or found.last_name,
            email=json.email or found.email,
            phone=json.phone or found.phone,
        )
        return schemas.Client.model_validate(_edited(found, details))

    return write(work)


def _edited(found: Client, details: ClientDetails) -> Client:
    return edit_client(found, details, by=this_program())
