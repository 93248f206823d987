"""Puts cards on the payer's file in tests, and has them charged."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from practice.audit.rules import Actor, ActorKind
from practice.billing import cards
from practice.billing.models import Payment
from practice.billing.rules.cards import USES, OnFile, SetupState, Use
from practice.billing.rules.payments import Label
from practice.billing.service import card_on_file
from practice.core import clock
from practice.core.db import in_transaction, read_again
from practice.core.money import Money
from tests.integration.billing.till import Till
from tests.stripe_sandbox import GOOD_CARD, Sandbox

SAVED_BUT_DECLINED = "4000 0000 0000 0341"
MASTERCARD = "5555 5555 5555 4444"
FEE = Money(9_000, "USD")
FROM = "192.0.2.7"


@dataclass
class Wallet:
    """Puts cards on the payer's file, and has them charged."""

    till: Till
    sandbox: Sandbox

    def ask(self, uses: tuple[Use, ...] = USES) -> UUID:
        here, setup_id = f"{self.till.address}/me", uuid4()
        return in_transaction(
            lambda: card_on_file.ask_to_save(
                self.till.payer,
                setup_id=setup_id,
                uses=uses,
                address=FROM,
                ends_at=clock.now() + timedelta(minutes=31),
                success_url=f"{here}/cards/{setup_id}/waiting",
                cancel_url=f"{here}/money",
                by=Actor(ActorKind.CLIENT, self.till.payer.id),
            )
        ).id

    def put(self, card: str = GOOD_CARD, uses: tuple[Use, ...] = USES) -> UUID:
        """Save a card on the processor's page, without telling us."""
        setup_id = self.ask(uses)
        answer = self.sandbox.pay(card_on_file.start(setup_id), card=card)
        if "authenticate" in answer.headers.get("Location", ""):
            self.sandbox.answer_bank(answer.headers["Location"])
        return setup_id

    def save(self, card: str = GOOD_CARD, uses: tuple[Use, ...] = USES) -> OnFile:
        setup = card_on_file.sync_setup(self.put(card, uses))
        assert setup.state is SetupState.SAVED
        found = self.on_file()
        assert found is not None
        return found

    def on_file(self) -> OnFile | None:
        read_again()
        return cards.on_file(self.till.payer.id)

    def decide(self, key: str = "fee:1:1", for_id: UUID | None = None) -> UUID:
        for_id = for_id or uuid4()
        return in_transaction(
            lambda: card_on_file.charge(
                self.till.payer.id,
                for_id=for_id,
                amount=FEE,
                label=Label.CANCELLATION,
                use=Use.FEE,
                key=key,
                page=f"{self.till.address}/bookings/a-token-of-the-booking/",
            )
        ).id

    def charge(self, key: str = "fee:1:1", for_id: UUID | None = None) -> Payment:
        payment_id = self.decide(key, for_id)
        card_on_file.carry_out(payment_id)
        return self.till.see(payment_id)
