"""The application, put together: extensions, rooms, upward wiring, commands."""

import logging

from flask import Flask
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf import CSRFProtect

from config import Config
from practice import doctor, guards, health, web
from practice.api import models as _api  # noqa: F401
from practice.api import views as api
from practice.api.service import answers, delivering
from practice.api.service import webhooks as news
from practice.api.views import asking
from practice.audit import models as _audit  # noqa: F401
from practice.audit import ports as audit_ports
from practice.billing import book_models as _books  # noqa: F401
from practice.billing import card_models as _cards  # noqa: F401
from practice.billing import cli as billing_cli
from practice.billing import document_models as _documents  # noqa: F401
from practice.billing import export_models as _exports  # noqa: F401
from practice.billing import fee_models as _fees  # noqa: F401
from practice.billing import give_back_models as _given  # noqa: F401
from practice.billing import linked_models as _linked  # noqa: F401
from practice.billing import mails as billing_mails
from practice.billing import models as _billing  # noqa: F401
from practice.billing import pdf, webhooks
from practice.billing import ports as billing_ports
from practice.billing import promo_models as _promos  # noqa: F401
from practice.billing import sale_models as _sales  # noqa: F401
from practice.billing import views as billing
from practice.billing.service import (
    card_keeping,
    card_on_file,
    charging,
    checkout,
    comparing,
    ending,
    fees,
    inbox,
    instalments,
    reconcile,
    refunds,
    verifying,
)
from practice.calendar import account_models as _accounts  # noqa: F401
from practice.calendar import mails as calendar_mails
from practice.calendar import ports as calendar_ports
from practice.calendar import views as calendar
from practice.calendar.service import accounts, feeds, invitations, inviting, refreshing
from practice.calendar.service import imported as imported_calendars
from practice.calendar.views import unchanged
from practice.clients import models as _clients  # noqa: F401
from practice.clients import ports as clients_ports
from practice.clients import views as clients
from practice.core import db as database
from practice.core.settings import KEY
from practice.demo import cli as demo_cli
from practice.messages import service as messages_service
from practice.messages import views as messages
from practice.moving import models as _moving  # noqa: F401
from practice.moving import views as moving
from practice.moving.service import exporting, importing
from practice.outbox import cli as outbox_cli
from practice.outbox import jobs, mail, periods
from practice.outbox import ports as outbox_ports
from practice.outbox.rules import CALENDARS_JOB
from practice.people import (
    access,
    client_views,
    doors,
    enquiries,
    letting_in,
    signing_in,
    signing_up,
)
from practice.people import cli as people_cli
from practice.people import mails as people_mails
from practice.people import ports as people_ports
from practice.people import queries as people_queries
from practice.people import views as people
from practice.sessions import in_calendars, on_clients_courses, on_clients_page
from practice.sessions import mails as sessions_mails
from practice.sessions import models as _sessions  # noqa: F401
from practice.sessions import views as sessions
from practice.sessions.queries import covered, delivered
from practice.sessions.service import (
    attending,
    booking,
    calendars,
    course_watch,
    estimates,
    giving_back,
    paying,
    reaching,
    readiness,
    reminding,
    setup,
    staffing,
    taking,
    telling,
)

csrf = CSRFProtect()
login = LoginManager()
migrate = Migrate()


def create_app(config: Config) -> Flask:
    """Make the application. It reads nothing but ``config``."""
    app = Flask(__name__, template_folder="../templates", static_folder="static")
    app.extensions[KEY] = config
    logging.getLogger("practice").setLevel(config.log_level)

    unchanged.init_app(app, web.headers_for(config))  # before web, which looks through proxies
    web.init_app(app, config)
    database.init_app(app, config.database_url)
    migrate.init_app(app, database.db)
    csrf.init_app(app)
    access.init_app(app, login)

    bind_ports()
    _name_the_work()
    _name_what_comes_round()
    _name_the_mails()
    _open_the_rooms(app)
    return app


def bind_ports() -> None:
    """Say who answers what the lower rooms ask of the higher ones."""
    audit_ports.recorded.bind(news.happened)
    people_ports.token_asked.bind(asking.admit)
    people_ports.practice_created.bind(setup.furnish)
    people_ports.member_created.bind(setup.employ)
    people_ports.member_changed.bind(staffing.reassign)
    people_ports.member_left.bind(staffing.dismiss)
    people_ports.sessions_ahead.bind(staffing.sessions_ahead)
    outbox_ports.every_practice.bind(doors.every_practice)
    outbox_ports.sender.bind(people_queries.get_practice)
    outbox_ports.own_words.bind(messages_service.put_into_words)
    outbox_ports.made_up.bind(messages_service.made_up)
    billing_ports.paid.bind(booking.paid)
    billing_ports.checkout_ended.bind(booking.checkout_ended)
    billing_ports.due_days.bind(covered.due_days)
    billing_ports.days_to_join.bind(covered.days_to_join)
    billing_ports.delivered.bind(delivered.delivered)
    billing_ports.sale_paid.bind(paying.sale_paid)
    billing_ports.visit_paid_for.bind(attending.visit)
    clients_ports.papers_changed.bind(readiness.reconsider)
    clients_ports.sessions_of.bind(on_clients_page.sessions_of)
    clients_ports.next_sessions.bind(on_clients_page.next_sessions)
    clients_ports.sessions_to_come.bind(on_clients_page.sessions_to_come)
    clients_ports.courses_of.bind(on_clients_courses.courses_of)
    clients_ports.course_positions.bind(on_clients_courses.positions_of)
    clients_ports.overrides_of.bind(on_clients_page.overrides_of)
    clients_ports.left_over.bind(on_clients_page.left_over)
    clients_ports.sessions_changed_hands.bind(calendars.show_again)
    clients_ports.never_changed.bind(lambda: guards.FROZEN)
    calendar_ports.sessions_between.bind(in_calendars.week_events)
    calendar_ports.entries_of.bind(in_calendars.entries_of)
    calendar_ports.session_now.bind(calendars.session_now)
    calendar_ports.let_go.bind(taking.let_go)


def _name_the_work() -> None:
    """Say which function does each kind of job."""
    jobs.handle("mail", mail.deliver)
    jobs.handle("settle-payment", checkout.settle)
    jobs.handle("make-invoice-pdf", pdf.make_invoice)
    jobs.handle("make-receipt-pdf", pdf.make_receipt)
    jobs.handle("make-document-pdf", pdf.make_document)
    jobs.handle("refund", refunds.carry_out)
    jobs.handle("processor-event", inbox.handle)
    jobs.handle(card_on_file.CHARGE_JOB, card_on_file.carry_out)
    jobs.handle(card_on_file.SETTLE_JOB, card_on_file.settle_setup)
    jobs.handle(fees.FALL_DUE_JOB, fees.fall_due)
    jobs.handle(card_keeping.DETACH_JOB, card_keeping.detach)
    jobs.handle("release-hold", booking.release_at_end)
    jobs.handle(giving_back.GIVE_BACK_JOB, giving_back.give_back_later)
    jobs.handle("tell-of-booking", telling.tell_of_booking)
    jobs.handle(imported_calendars.JOB, refreshing.refresh)
    jobs.handle(inviting.STAFF_JOB, invitations.tell_staff)
    jobs.handle(inviting.CLIENT_JOB, invitations.tell_client)
    jobs.handle(CALENDARS_JOB, calendars.look_at_all)
    jobs.handle(importing.JOB, importing.carry_out)
    jobs.handle(exporting.JOB, exporting.carry_out)
    jobs.handle(news.DELIVER_JOB, delivering.deliver)
    jobs.handle(letting_in.MAIL_LINK_JOB, letting_in.mail_link)


def _name_what_comes_round() -> None:
    """Say what is done for every practice once in each hour or day."""
    periods.every(periods.HOUR // 4, "release-addresses", calendars.release_addresses)
    periods.every(periods.HOUR, "look-at-conflicts", imported_calendars.look_at_conflicts)
    periods.every(periods.DAY, "end-unused-feeds", feeds.end_unused)
    periods.every(periods.DAY, "keep-accounts-short", accounts.keep_short)
    periods.every(periods.DAY, "tidy-api-answers", answers.tidy)
    periods.every(periods.DAY, "tidy-deliveries", delivering.tidy)
    periods.every(periods.DAY, "tidy-jobs", periods.tidy)
    periods.every(periods.DAY, "watch-courses", course_watch.watch)
    periods.every(periods.HOUR, "tidy-exports", exporting.tidy)
    periods.every(periods.DAY, "look-at-gates", readiness.look_at_all)
    periods.every(periods.HOUR // 4, "look-a-day-before", readiness.look_a_day_before)
    periods.every(periods.DAY, "tidy-sign-ins", signing_in.tidy)
    periods.every(periods.DAY, "tidy-sign-in-links", letting_in.tidy)
    periods.every(periods.DAY, "tidy-enquiries", enquiries.tidy)
    periods.every(periods.DAY, "tidy-sign-ups", signing_up.tidy)
    periods.every(periods.HOUR, "collect-instalments", instalments.collect)
    periods.every(periods.DAY, "end-packages", ending.expire_due)
    periods.every(periods.HOUR // 4, "reconcile-payments", reconcile.run_here)
    periods.every(periods.DAY, "compare-books", comparing.compare_here)
    periods.every(periods.DAY, "verify-books", verifying.look_here)
    periods.every(periods.HOUR // 4, "remind-clients", reminding.remind)
    periods.every(periods.DAY, "look-ahead-for-courses", reaching.look_ahead)
    periods.every(periods.HOUR, "write-estimates", estimates.write_due)


def _name_the_mails() -> None:
    """Say which function tells each mail its facts."""
    mail.compose("receipt", billing_mails.receipt)
    mail.compose("refunded", billing_mails.refunded)
    mail.compose(instalments.MAIL, billing_mails.instalment)
    mail.compose(ending.MAIL, billing_mails.package_ends)
    mail.compose(charging.MAIL, billing_mails.card_not_charged)
    mail.compose("sign-in", letting_in.compose)
    mail.compose("staff-call-back", enquiries.compose)
    for composers in (people_mails, calendar_mails, sessions_mails):
        for name, composer in composers.COMPOSERS.items():
            mail.compose(name, composer)
    mail.compose("payment-needs-attention", billing_mails.payment_needs_attention)


def _open_the_rooms(app: Flask) -> None:
    """Register the pages and the commands of every room."""
    app.register_blueprint(health.bp)
    app.register_blueprint(people.bp)
    app.register_blueprint(client_views.bp)
    app.register_blueprint(calendar.bp)
    app.register_blueprint(calendar.settings)
    app.register_blueprint(calendar.dav)
    csrf.exempt(calendar.dav)  # no cookie lets anybody in there
    app.register_blueprint(messages.bp)
    app.register_blueprint(billing.bp)
    app.register_blueprint(webhooks.bp)
    csrf.exempt(webhooks.bp)  # what Stripe sends is signed
    app.register_blueprint(clients.bp)
    app.register_blueprint(moving.bp)
    app.register_blueprint(sessions.staff)
    app.register_blueprint(sessions.public)
    csrf.exempt(sessions.public)  # its forms look at their token themselves, and keep the answers
    for blueprint in (api.bp, api.openly, api.settings):
        app.register_blueprint(blueprint)
    csrf.exempt(api.bp)  # no cookie lets anybody in there
    csrf.exempt(api.openly)
    app.cli.add_command(doctor.doctor)
    app.cli.add_command(people_cli.practice)
    app.cli.add_command(people_cli.user)
    app.cli.add_command(outbox_cli.worker)
    app.cli.add_command(outbox_cli.drain)
    app.cli.add_command(billing_cli.reconcile)
    app.cli.add_command(billing_cli.invoices)
    app.cli.add_command(billing_cli.verify)
    app.cli.add_command(demo_cli.demo)
