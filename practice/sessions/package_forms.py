"""What staff type about packages: what is in them, what they cost, and to whom one is sold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from wtforms import HiddenField, IntegerField, RadioField, StringField
from wtforms.validators import InputRequired, Length, Optional, StopValidation
from wtforms.widgets import HiddenInput

from practice.billing.rules import selling
from practice.billing.rules.prices import LONGEST_WHY, Agreed
from practice.billing.rules.selling import (
    ExpiryRule,
    Item,
    LateRule,
    Part,
    RefundRule,
    from_terms,
)
from practice.billing.sale_models import Package
from practice.billing.service.packages import LONGEST_TITLE, Offered, in_order
from practice.core.errors import Invalid
from practice.core.money import Money
from practice.people.forms import BaseForm, DayField, at_most
from practice.sessions.catalog_forms import PartField, PriceField, WholeField
from practice.sessions.models import Service

PARTS = 4

RULES = {
    RefundRule.AT_LIST.value: "Sessions they had count at their single price",
    RefundRule.PRO_RATA.value: "Sessions they had count at their share of the package price",
}

EXPIRIES = {
    ExpiryRule.FORFEITED.value: "It is lost, and counts as earned",
    ExpiryRule.CREDIT.value: "What was paid for it stays as the client’s credit",
}
LATES = {
    LateRule.UNIT_USED.value: "The session counts as used, where its terms charge all of it",
    LateRule.FEE.value: "The fee is charged instead, and the session is not lost",
}


class ExtendForm(BaseForm):
    """Until when something bought ahead is good from now on, and why."""

    until_on = DayField("Good until", [InputRequired("Enter the new last day")])
    reason = StringField(
        "Reason",
        [InputRequired("Write down the reason"), at_most(LONGEST_WHY)],
    )


class SellForm(BaseForm):
    """Which package is sold. A choice carries the version that the page showed."""

    package = RadioField("Package", validators=[InputRequired("Choose a package")])
    token = HiddenField(validators=[Length(max=64)])
    own_price = PartField("Another price for this client")
    own_why = StringField("Reason", [at_most(LONGEST_WHY)])

    def validate_own_why(self, field: StringField) -> None:
        """Ask why, where another price was agreed on."""
        if self.own_price.part is not None and not (field.data or "").strip():
            raise StopValidation("Write down why this client pays another price")

    @property
    def own(self) -> Agreed | None:
        asked = self.own_price.part
        return Agreed(asked.way, asked.value, (self.own_why.data or "").strip()) if asked else None

    def offer(self, packages: Iterable[Package]) -> None:
        """Let one of these be chosen, each with its price and contents in words."""
        self.package.choices = {f"{each.id}:{each.version}": _in_words(each) for each in packages}

    def validate_package(self, field: RadioField) -> None:
        """Let a version that was changed meanwhile through: the service says so."""

    @property
    def package_id(self) -> UUID:
        return UUID(str(self.package.data).partition(":")[0])

    @property
    def version(self) -> int:
        return int(str(self.package.data).partition(":")[2])


def _in_words(package: Package) -> str:
    words = [f"{package.title}, {package.price}", in_order(from_terms(package.items))]
    if package.expires_days:
        words.append(f"good for {package.expires_days} days")
    if len(package.parts) > 1:
        words.append(f"paid in {len(package.parts)} parts")
    return "; ".join(words)


class PackageForm(BaseForm):
    """A package: rows of a session and how many of it, and up to four instalments.

    ``version`` is the one that the form shows.
    """

    title = StringField(
        "Name",
        [InputRequired("Enter a name, like Six integration sessions"), at_most(LONGEST_TITLE)],
    )
    price = PriceField("Price in dollars", render_kw={"inputmode": "decimal"})
    expires_days = WholeField(
        "Days until it expires", least=1, most=selling.LONGEST_DAYS, optional=True
    )
    rule = RadioField(
        "If it ends early",
        choices=RULES,
        default=RefundRule.AT_LIST.value,
        validators=[InputRequired("Choose what counts when it ends early")],
    )
    expiry_rule = RadioField(
        "What is left when it expires",
        choices=EXPIRIES,
        default=ExpiryRule.FORFEITED.value,
        validators=[InputRequired("Choose what becomes of what is left")],
    )
    late_rule = RadioField(
        "A session missed or cancelled too late",
        choices=LATES,
        default=LateRule.UNIT_USED.value,
        validators=[InputRequired("Choose what it costs")],
    )
    version = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def rows(self) -> list[tuple[WholeField, Service]]:
        """Return the number of each session that can be in it."""
        return [(self[f"count_{each.slug}"], each) for each in self.services]

    services: tuple[Service, ...] = ()

    def parts(self) -> list[tuple[WholeField, WholeField]]:
        return [(self[f"percent_{n}"], self[f"days_{n}"]) for n in range(PARTS)]

    def show(self, package: Package) -> None:
        """Fill the form with a package."""
        minor = package.price.minor
        self.title.data = package.title
        self.price.data = f"{minor // 100}.{minor % 100:02d}"
        self.expires_days.data = str(package.expires_days or "")
        self.rule.data = package.refund_rule.value
        self.expiry_rule.data = package.expiry_rule.value
        self.late_rule.data = package.late_rule.value
        self.version.data = package.version
        counts = {each.what: each.count for each in from_terms(package.items)}
        for field, service in self.rows():
            field.data = str(counts.get(service.slug, ""))
        for (percent, days), part in zip(self.parts(), package.parts, strict=False):
            percent.data, days.data = str(part["percent"]), str(part["days"])

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        if found := list(self._missing()):
            for field, words in found:
                field.errors = [words]
            return False
        try:
            self.offered("USD")
        except Invalid as wrong:
            self.form_errors = [wrong.message.removesuffix(".")]
            return False
        return True

    def _missing(self) -> Iterator[tuple[WholeField, str]]:
        """Name the fields without which the others make no package, each with what to do."""
        counts = [field for field, _ in self.rows()]
        if counts and not any(each.number for each in counts):
            yield counts[0], "Enter how many of at least one kind of session"
        without = [percent for percent, days in self.parts() if days.data and not percent.data]
        yield from ((each, "Enter the percent of this part") for each in without)
        together = sum(percent.number or 0 for percent, _ in self.parts())
        if not without and together not in (0, 100):
            words = f"The parts have to make 100 percent: these make {together}"
            yield self.parts()[0][0], words

    def offered(self, currency: str) -> Offered:
        """Return what was typed.

        Raises:
            Invalid: if it makes no package.
        """
        return Offered(
            title=self.title.data or "",
            items=tuple(
                Item(service.slug, service.label, field.number, service.price.minor)
                for field, service in self.rows()
                if field.number
            ),
            price=Money(self.price.minor, currency),
            parts=tuple(
                Part(percent.number, days=days.number or 0)
                for percent, days in self.parts()
                if percent.number is not None
            )
            or selling.AT_ONCE,
            expires_days=self.expires_days.number,
            rule=RefundRule(self.rule.data),
            expiry_rule=ExpiryRule(self.expiry_rule.data),
            late_rule=LateRule(self.late_rule.data),
        )


def package_form(services: Iterable[Service]) -> PackageForm:
    """Return the form of a package that can hold these services."""
    known = tuple(services)
    fields: dict[str, Any] = {"services": known}
    for each in known:
        fields[f"count_{each.slug}"] = WholeField(
            each.label, least=0, most=selling.MOST_UNITS, optional=True
        )
    for n in range(PARTS):
        fields[f"percent_{n}"] = WholeField(
            f"Part {n + 1}, percent", least=1, most=100, optional=True
        )
        fields[f"days_{n}"] = WholeField(
            f"Part {n + 1}, days after the sale", least=0, most=selling.LONGEST_DAYS, optional=True
        )
    kind: type[PackageForm] = type("PackageFormOf", (PackageForm,), fields)
    return kind()
