"""The application as it is served, with a bare Flask application beside it for comparison.

One server process answers both, so that a ratio of the two says what ours adds.
"""

from dataclasses import replace

from flask import Flask
from flask.typing import ResponseReturnValue
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from practice.core.db import db
from practice.people.rules import LIMITS, Often
from wsgi import app as sanctuary

bare = Flask("bare", static_folder=None)

for what in (Often.FEED, Often.FEEDS_OF_A_NETWORK):  # counted as ever, but nobody is sent away
    LIMITS[what] = replace(LIMITS[what], most=10**9)

with sanctuary.app_context():
    engine = db.engine


@bare.get("/hello")
def hello() -> ResponseReturnValue:
    return "hello"


@bare.get("/query")
def query() -> ResponseReturnValue:
    with engine.connect() as connection:
        return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())


app = DispatcherMiddleware(sanctuary, {"/bare": bare})
