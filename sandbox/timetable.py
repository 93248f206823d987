"""What happens by itself when its time has come."""

from collections.abc import Callable

from sandbox.resources import balance_transactions, checkout, disputes, payouts, refunds
from sandbox.store import Context, World


def _expire_session(context: Context, wanted: str) -> None:
    checkout.end(context, context.account.get("checkout.session", wanted))


HAPPENINGS: dict[str, Callable[[Context, str], object]] = {
    "session.expire": _expire_session,
    "refund.settle": refunds.settle,
    "dispute.begin": disputes.begin_by_card,
    "payout.arrive": payouts.arrive,
    "funds.available": balance_transactions.become_available,
}


def catch_up(world: World) -> None:
    """Let everything happen that is due by the sandbox's clock."""
    with world.lock:
        for entry in world.due():
            context = Context(world, world.account(entry.account), entry.at)
            HAPPENINGS[entry.what](context, entry.subject)
            world.touch()
