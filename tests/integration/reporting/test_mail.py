"""Mail from a published week to a real SMTP server, once; and what happens when it bounces."""

import json
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import AnyHttpUrl
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from kokemus.errors import Unavailable
from kokemus.migrations import migrate
from kokemus.telemetry import Meters
from reporting.addresses import Addresses
from reporting.composing import Composer
from reporting.correspondence import Correspondence
from reporting.domain.alerts import Finding, Rule, Series
from reporting.domain.audit import Sought
from reporting.domain.drafting import Tree
from reporting.domain.embeds import Wanted
from reporting.domain.releases import Content, Period, State, Step
from reporting.domain.returns import Round
from reporting.domain.sessions import Signer
from reporting.domain.weekly_drafting import draft_week
from reporting.embed_mail import EmbedMail
from reporting.mail_transports import transport_of
from reporting.metrics_client import MetricsClient
from reporting.notifying import Notifier
from reporting.people_file import People
from reporting.postman import Postman
from reporting.rendering import Templates
from reporting.settings import ReportingSettings
from reporting.storage import MIGRATIONS
from reporting.storage.alerts import AlertStore
from reporting.storage.audit import AuditStore
from reporting.storage.embeds import EmbedStore
from reporting.storage.mail import Key, MailStore
from reporting.storage.meters import MeterStore
from reporting.storage.releases import ReleaseStore
from reporting.storage.returns import ReturnStore
from reporting.texts import Texts
from reporting.watching import packaged_policy
from reporting.weekly import WeeklyMail
from support import mail_server, reporting_service
from support.fake_metrics_api import KEY, FakeMetricsApi, entity
from support.fake_time import FakeTime
from support.mail_server import MailServer, report
from support.release_builders import content, live
from support.release_builders import entity as live_entity
from support.reporting_service import PASSWORDS, Reporting, enter

NOON = datetime(2026, 11, 23, 10, tzinfo=UTC)
WEEK = (date(2026, 11, 16), date(2026, 11, 22))
RULE = Rule("index-60", "low_index", 60, 7, 30, ["unit"])
TEXTS = Texts()
PEOPLE = [
    ("minna", ["unit_manager"], ["kallio"], "minna@terveys.invalid", "fi"),
    ("maria", ["unit_manager"], ["kallio"], "maria@terveys.invalid", "sv"),
    ("matti", ["unit_manager"], ["kallio"], "", "fi"),
    ("sanna", ["division_contact"], ["sote"], "sanna@sote.invalid", "fi"),
    ("ilona", ["administrator"], None, "ilona@kaupunki.invalid", "en"),
]


@dataclass
class Office:
    """All that writes and carries mail, with a clock of a test's own."""

    settings: ReportingSettings
    engine: AsyncEngine
    metrics: MetricsClient
    meters: Meters
    time: FakeTime

    def __post_init__(self) -> None:
        self.signer = Signer(b"k" * 32)
        self.people = People(self.settings.people_file)
        self.mail = MailStore(self.engine)
        self.alerts = AlertStore(self.engine)
        self.returns = ReturnStore(self.engine)
        self.steps = MeterStore(self.engine)
        self.releases = ReleaseStore(self.engine)
        self.embeds = EmbedStore(self.engine)
        base_url = self.settings.base_url
        composer = Composer(
            Templates(TEXTS.languages, {}, base_url, "helsinki"),
            TEXTS.languages,
            self.signer,
            base_url,
        )
        timing = self.time.timing
        self.letters = Correspondence(self.mail, composer, self.people, TEXTS.languages, timing)
        self.notifier = Notifier(
            self.letters,
            self.metrics,
            self.alerts,
            self.returns,
            self.steps,
            packaged_policy(),
            self.settings.time_zone,
        )
        self.weekly = WeeklyMail(self.releases, self.letters)
        transport = transport_of(self.settings)
        assert transport is not None
        self.postman = Postman(
            self.mail,
            transport,
            Addresses(self.people, self.embeds),
            self.signer,
            self.settings,
            self.meters,
            timing,
            self.notifier.undeliverable,
        )

    async def publish(self, content: Content) -> str:
        """Publishes a content."""
        id_ = await self.releases.keep_draft(content, "system:schedule", NOON)
        states: tuple[State, ...] = ("checked", "approved", "published")
        for state in states:
            await self.releases.take_step(id_, Step(state, "aino", NOON))
        return id_

    async def publish_week(self) -> str:
        """Publishes a release of the week."""
        period = Period(*WEEK, "week")
        tree = Tree([live_entity("kallio"), live_entity("aaninen")], ())
        figures = [live("happy_index", 81, n=212, period=period)]
        return await self.publish(draft_week(figures, tree, TEXTS.glossary, WEEK, WEEK[1]))


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server.running() as started:
        yield started


@pytest.fixture
async def office(
    database_url: str, metrics_api: FakeMetricsApi, server: MailServer, tmp_path: Path
) -> AsyncIterator[Office]:
    people = [
        {"user": user, "password_hash": "x", "roles": roles, "entities": entities, "mail": mail,
         "language": language}
        for user, roles, entities, mail, language in PEOPLE
    ]  # fmt: skip
    (tmp_path / "people.json").write_text(json.dumps(people))
    (tmp_path / "key").write_text(KEY)
    address = database_url.replace("postgresql://", "postgresql+psycopg://")
    migrate(address, MIGRATIONS)
    engine = create_async_engine(address)
    settings = ReportingSettings(
        kafka_bootstrap="127.0.0.1:1",
        database_url=address,
        metrics_url=AnyHttpUrl(metrics_api.url),
        metrics_key_file=tmp_path / "key",
        feedback_url=AnyHttpUrl("http://127.0.0.1:1"),
        feedback_key_file=tmp_path / "key",
        people_file=tmp_path / "people.json",
        session_key_file=tmp_path / "key",
        public_base_url=AnyHttpUrl("https://kokemus.example"),
        mail_host="127.0.0.1",
        mail_port=server.port,
        mail_starttls=False,
        mail_from="Kokemus <kokemus@kaupunki.invalid>",
        mail_bounce_address="reports@kaupunki.invalid",
        mail_bounce_folder=tmp_path / "reports",
    )
    async with httpx.AsyncClient(base_url=metrics_api.url) as http:
        metrics = MetricsClient(http, tmp_path / "key")
        yield Office(settings, engine, metrics, Meters(), FakeTime(NOON))
    await engine.dispose()


async def test_each_manager_gets_the_week_once_in_the_own_language(
    office: Office, server: MailServer, capfd: pytest.CaptureFixture[str]
) -> None:
    await office.weekly.write()
    assert await office.mail.waiting() == 0, "nothing is published"
    await office.publish_week()
    for _ in range(2):
        await office.weekly.write()
        await office.postman.deliver()
        office.time.pass_by(hours=1)
    by_address = {one["To"]: one for one in server.taken}
    assert len(server.taken) == len(by_address) == 2
    finnish, swedish = by_address["minna@terveys.invalid"], by_address["maria@terveys.invalid"]
    assert (finnish["Subject"], swedish["Subject"]) == (
        "Viikon 47 palaute",
        "Respons för vecka 47",
    )
    assert finnish["From"] == "Kokemus <kokemus@kaupunki.invalid>"
    assert finnish["Auto-Submitted"] == "auto-generated"
    assert server.envelopes[0][0] == "reports@kaupunki.invalid"
    number = office.signer.mail_number(finnish["Message-ID"])
    assert number is not None
    assert await office.mail.key_of(number) == Key("minna", "weekly", "2026-W47")
    assert "@terveys.invalid" not in "".join(capfd.readouterr()), "no address in any log"


async def test_mail_about_a_release_that_is_withdrawn_meanwhile_does_not_go_out(
    office: Office, server: MailServer
) -> None:
    id_ = await office.publish_week()
    await office.weekly.write()
    await office.releases.take_step(id_, Step("withdrawn", "aino", NOON, "pieni solu"))
    await office.postman.deliver()
    assert server.taken == []
    assert await office.mail.waiting() == 0


async def test_a_server_that_is_away_is_tried_again_ever_more_rarely_until_the_news_is_old(
    office: Office, server: MailServer
) -> None:
    await office.publish_week()
    await office.weekly.write()
    server.answers = {"minna@terveys.invalid": "451 later", "maria@terveys.invalid": "451 later"}
    errors = []
    for _ in range(60):
        office.time.pass_by(minutes=1)
        try:
            await office.postman.deliver()
        except Unavailable as error:
            errors.append(str(error))
    assert 4 <= len(errors) <= 7
    assert "terveys.invalid" not in "".join(errors)
    server.answers.pop("minna@terveys.invalid")
    office.time.pass_by(hours=5)
    with pytest.raises(Unavailable):
        await office.postman.deliver()
    assert [one["To"] for one in server.taken] == ["minna@terveys.invalid"]
    office.time.pass_by(days=3)
    await office.postman.deliver()
    assert await office.mail.waiting() == 0
    assert len(server.taken) == 1


async def test_an_address_refused_for_good_gets_no_more_and_administrators_are_told(
    office: Office, server: MailServer, capfd: pytest.CaptureFixture[str]
) -> None:
    await office.publish_week()
    await office.weekly.write()
    server.answers = {"minna@terveys.invalid": "550 no such user"}
    await office.postman.deliver()
    await office.postman.deliver()
    assert {one["To"] for one in server.taken} == {
        "maria@terveys.invalid",
        "ilona@kaupunki.invalid",
    }
    assert not await office.mail.wants(Key("minna", "weekly", "2026-W48"))
    (told,) = [one for one in server.taken if one["To"] == "ilona@kaupunki.invalid"]
    assert told["Subject"] == "Messages do not arrive"
    assert "terveys.invalid" not in str(told)
    assert "terveys.invalid" not in "".join(capfd.readouterr())
    audit = await AuditStore(office.engine).rows(Sought(), office.settings.time_zone, 10)
    assert ("minna", "mail.bounced", "weekly") in {
        (one.actor, one.action, one.subject) for one in audit
    }


async def test_a_report_of_a_permanent_failure_stops_the_mail_and_a_forged_one_does_not(
    office: Office, server: MailServer
) -> None:
    await office.publish_week()
    await office.weekly.write()
    await office.postman.deliver()
    ids = {one["To"]: one["Message-ID"] for one in server.taken}
    await office.postman.read_reports()  # makes the mailbox
    new = Path(str(office.settings.mail_bounce_folder)) / "new"
    (new / "1").write_bytes(report("<1.forged@kaupunki.invalid>"))
    (new / "2").write_bytes(report(ids["maria@terveys.invalid"], "4.2.2"))
    (new / "3").write_bytes(b"\xff no report")
    (new / "4").write_bytes(report(ids["minna@terveys.invalid"]))
    await office.postman.read_reports()
    assert list(new.iterdir()) == []
    assert not await office.mail.wants(Key("minna", "weekly", "2026-W48"))
    assert await office.mail.wants(Key("maria", "weekly", "2026-W48"))
    await office.postman.read_reports()
    await office.postman.deliver()
    assert [one["To"] for one in server.taken].count("ilona@kaupunki.invalid") == 1
    assert await office.mail.resume("minna", "weekly")
    assert not await office.mail.resume("minna", "weekly")
    assert await office.mail.wants(Key("minna", "weekly", "2026-W48"))


async def test_alerts_are_told_once_to_whom_they_concern_and_not_at_night(
    office: Office, server: MailServer
) -> None:
    low = Finding(Series("index-60", "kallio", "kiosk", "smiley4"), True, 41, 90)
    await office.alerts.take(RULE, [low], WEEK[1], NOON)
    office.time.pass_by(hours=10)  # 22 in Helsinki
    await office.notifier.tell_of_alerts()
    await office.postman.deliver()
    assert server.taken == []
    office.time.pass_by(hours=10)
    for _ in range(2):
        await office.notifier.tell_of_alerts()
        await office.postman.deliver()
    assert {one["To"] for one in server.taken} == {
        "minna@terveys.invalid",
        "maria@terveys.invalid",
        "sanna@sote.invalid",
    }
    assert len(server.taken) == 3
    body = server.taken[0].get_body(("plain",))
    assert body is not None
    assert "41" in body.get_content()


async def test_whoever_has_not_returned_is_reminded_once_a_term(
    office: Office, server: MailServer, metrics_api: FakeMetricsApi
) -> None:
    metrics_api.entities.append(entity("nuoriso", "service_entity", "sote", *["Nuoriso"] * 3))
    await office.returns.keep_round(Round(2026, date(2026, 10, 10), date(2026, 11, 30)), "ilona")
    for _ in range(24):
        await office.notifier.remind()
        await office.postman.deliver()
        office.time.pass_by(hours=12)
    own = [one for one in server.taken if one["To"] == "sanna@sote.invalid"]
    assert len(own) == 3, "a week before, a day before, and the day after"
    body = own[0].get_body(("plain",))
    assert body is not None
    assert "Terveyspalvelut: puuttuu" in body.get_content()


async def test_administrators_are_reminded_of_steps_that_a_meter_has_not_taken(
    office: Office, server: MailServer
) -> None:
    await office.returns.keep_round(Round(2026, date(2026, 10, 10), date(2027, 10, 10)), "ilona")
    await office.steps.move(2026, {"slides": date(2026, 11, 24)}, "ilona")
    await office.steps.take(2026, "participation", "slides", "ilona", done=True)
    await office.notifier.remind()
    await office.notifier.remind()
    await office.postman.deliver()
    slides = [one for one in server.taken if "24 November 2026" in one["Subject"]]
    assert [one["To"] for one in slides] == ["ilona@kaupunki.invalid"]
    body = slides[0].get_body(("plain",))
    assert body is not None
    assert body.get_content().count("missing") == 1, "the other meter has its slide"
    await office.steps.take(2026, "experience", "slides", "ilona", done=True)
    office.time.pass_by(days=2)
    await office.notifier.remind()
    await office.postman.deliver()
    assert len([one for one in server.taken if "24 November 2026" in one["Subject"]]) == 1


def test_one_click_ends_a_kind_of_mail_and_following_the_link_only_asks(
    reporting: Reporting,
) -> None:
    secret = Path(reporting.environment["KOKEMUS_SESSION_KEY_FILE"]).read_bytes().strip()
    address = f"{reporting.url}/unsubscribe/{Signer(secret).stop_token('reeta', 'weekly')}"
    with httpx.Client() as client:
        asked = client.get(address)
        assert asked.status_code == 200
        assert "Peru viestit" in asked.text
        assert "meddelanden" in client.get(address, params={"lang": "sv"}).text
        done = client.post(address, data={"List-Unsubscribe": "One-Click"})
        assert (done.status_code, "peruttu" in done.text) == (200, True)
        assert client.post(address).status_code == 200, "a second click changes nothing"
        for wrong in (address[:-1] + "_", f"{reporting.url}/unsubscribe/x"):
            assert (client.get(wrong).status_code, client.post(wrong).status_code) == (404, 404)


async def test_a_laptop_gets_mail_as_files(office: Office, tmp_path: Path) -> None:
    await office.publish_week()
    await office.weekly.write()
    folder = tmp_path / "mail"
    office.settings = office.settings.model_copy(update={"mail_host": None, "mail_folder": folder})
    office.__post_init__()
    await office.postman.deliver()
    assert sorted(one.name for one in folder.iterdir()) == ["1.eml", "2.eml"]


async def test_mail_never_goes_over_a_connection_that_is_not_encrypted(
    office: Office, server: MailServer
) -> None:
    office.settings = office.settings.model_copy(update={"mail_starttls": True})
    office.__post_init__()
    await office.publish_week()
    await office.weekly.write()
    with pytest.raises(Unavailable):
        await office.postman.deliver()
    assert server.taken == []


async def test_editors_are_told_once_when_what_they_embed_has_ended(
    office: Office, server: MailServer
) -> None:
    ended = live_entity("kallio", valid_to=date(2026, 6, 30))
    for id_, path, mail in (
        ("kallio", "a", "no..address@terveys.invalid"),
        ("kallio", "b", "nor:this@terveys.invalid"),
        ("kallio", "", "web@terveys.invalid"),
        ("aaninen", "", "web@sote.invalid"),
    ):
        wanted = Wanted(f"https://sivu.example/{path}", id_, "sv", mail)
        await office.embeds.keep(wanted, "reeta", NOON)
    await office.publish(content(live(), entities=(ended, live_entity("aaninen"))))
    editors = EmbedMail(office.releases, office.embeds, office.letters)
    for _ in range(2):
        await editors.write()
        await office.postman.deliver()
    (told,) = server.taken
    assert (told["To"], told["Subject"]) == ("web@terveys.invalid", "Inbäddat innehåll har upphört")


@pytest.mark.parametrize(("password", "taken"), [("oikea", 2), ("vaara", 0)])
async def test_a_server_that_wants_encryption_and_a_login_gets_both(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str, taken: int
) -> None:
    certificate = tmp_path / "certificate"
    mail_server.certificate_for_this_machine(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    (tmp_path / "password").write_text(f"{password}\n")
    await office.publish_week()
    await office.weekly.write()
    async with mail_server.running(certificate, ("kokemus", "oikea")) as guarded:
        changes = {
            "mail_port": guarded.port,
            "mail_starttls": True,
            "mail_user": "kokemus",
            "mail_password_file": tmp_path / "password",
        }
        office.settings = office.settings.model_copy(update=changes)
        office.__post_init__()
        with nullcontext() if taken else pytest.raises(Unavailable):
            await office.postman.deliver()
        assert len(guarded.taken) == taken


async def test_the_worker_writes_and_sends_by_itself_and_logs_no_address(
    environment: dict[str, str], office: Office, tmp_path: Path
) -> None:
    await office.publish_week()
    folder, log = tmp_path / "mail", tmp_path / "log"
    people = str(office.settings.people_file)
    own = {"KOKEMUS_MAIL_FOLDER": str(folder), "KOKEMUS_PEOPLE_FILE": people}
    with reporting_service.working(environment | own, log):
        async for _ in reporting_service.attempts(40):
            if folder.is_dir() and len(list(folder.iterdir())) == 2:
                break
    told = [(folder / name).read_text() for name in ("1.eml", "2.eml")]
    assert any("To: minna@terveys.invalid" in one for one in told)
    assert ".invalid" not in log.read_text()


async def test_the_release_of_a_week_is_for_the_house_only(
    office: Office, reporting: Reporting
) -> None:
    """Both fixtures share the test's database."""
    id_ = await office.publish_week()
    async with httpx.AsyncClient(base_url=reporting.url) as client:
        assert (await client.get("/v1/releases")).json() == {"releases": []}
        assert (await client.get(f"/v1/releases/{id_}")).status_code == 404
    assert "16.11." in on_the_desk(reporting, f"/desk/releases/{id_}")


def on_the_desk(reporting: Reporting, path: str) -> str:
    """A page of the desk as an approver sees it."""
    with httpx.Client(base_url=reporting.url) as client:
        enter(client, "aino", PASSWORDS["aino"])
        answer = client.get(path)
        assert answer.status_code == 200
        return answer.text
