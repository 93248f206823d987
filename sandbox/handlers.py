"""How an operation of the specification is tied to the function that carries it out."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.errors import unmodelled
from sandbox.forms import leaves
from sandbox.store import Json

_EVERYWHERE = ("expand", "limit", "starting_after", "ending_before")


@dataclass(frozen=True)
class Handler:
    """``run(context, params, *ids)`` answers; the ids are those of the path, in its order.

    ``models`` lists the parameters that it takes into account, dotted and without positions
    (``line_items.quantity``). A name covers everything beneath it.
    """

    run: Callable[..., Json]
    models: tuple[str, ...] = ()

    def check_modelled(self, params: Json) -> None:
        """Raise ``ApiError`` 501 naming the first parameter that would go unheeded."""
        known = (*self.models, *_EVERYWHERE)
        for dotted, spelled in leaves(params):
            if not any(dotted == name or dotted.startswith(f"{name}.") for name in known):
                raise unmodelled(f"the parameter {spelled}")
