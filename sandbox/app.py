"""One sandbox, put together: the world, its API, its pages and its controls."""

from flask import Flask, Response, request

from sandbox import api, clockpage, control, dashboard, onboarding, pages
from sandbox.recorder import Recorder
from sandbox.store import World
from sandbox.webhooks import Courier


def create_app(world: World, courier: Courier, recorder: Recorder, hooks: control.Hooks) -> Flask:
    """Return the WSGI application. ``hooks`` are the endpoints that a reset brings back."""
    app = Flask(__name__)
    app.extensions.update(world=world, courier=courier, recorder=recorder, hooks=hooks)
    for blueprint in (api.bp, pages.bp, onboarding.bp, clockpage.bp, control.bp, dashboard.bp):
        app.register_blueprint(blueprint)

    @app.after_request
    def keep(response: Response) -> Response:
        if request.method != "GET":
            world.touch()
        return response

    return app
