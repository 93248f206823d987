"""How news goes up: a lower room declares a port, ``app.py`` binds it to a higher one."""

from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Port(Generic[P, T]):
    """A callable that somebody above supplies.

    >>> settled: Port[[UUID], None] = Port("billing.settled")   # in billing
    >>> settled.bind(booking.confirm_paid)                      # in app.py
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._call: Callable[P, T] | None = None

    def bind(self, call: Callable[P, T]) -> None:
        """Say who answers. The last one to say so counts."""
        self._call = call

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._call is None:
            raise RuntimeError(f"nobody is bound to {self.name}: see app.py")
        return self._call(*args, **kwargs)
