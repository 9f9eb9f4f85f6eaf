"""The outbox: real mails to a real server, pushes to a real service, and both of them failing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app import create_app
from app.core import clock, jobs
from app.core.db import db, unit_of_work
from app.members.models import Member
from app.notices import service, webpush
from app.notices.models import Notice, Outgoing, PushDevice
from app.notices.rules import BACK_OFF, KEPT, PAUSE, Channel
from tests.conftest import make_config
from tests.factories import People, csrf
from tests.live import free_port
from tests.notices.outside import Browser, Post, Service, mail_server, push_service, verified

FROM = "learn@example.org"


@pytest.fixture
def service_of_push() -> Iterator[Service]:
    with push_service() as running:
        yield running


@pytest.fixture
def config(tmp_path, service_of_push: Service):
    return make_config(
        tmp_path,
        organisation="Bank\r\nBcc: x@example.org",
        base_url="http://learn.example.org",
        smtp_host="127.0.0.1",
        smtp_port=free_port(),
        smtp_security="none",
        smtp_from=FROM,
        push_services=service_of_push.url,
    )


@pytest.fixture
def post(config) -> Iterator[Post]:
    with mail_server(config.smtp_port) as running:
        yield running


def tell(app: Flask, *members: int, key: str = "k", **words: object) -> None:
    with app.app_context(), unit_of_work():
        service.tell(
            members,
            **{
                "kind": "exam",
                "title": "Your result is there",
                "body": "You have passed.",
                "address": "/exams/7",
                "once_key": key,
                **words,
            },
        )


def outbox(app: Flask) -> list[tuple[str, int, str]]:
    with app.app_context():
        rows = db.session.scalars(select(Outgoing).order_by(Outgoing.id)).all()
        found = [(row.state, row.tries, row.reason) for row in rows]
        db.session.rollback()
    return found


@contextmanager
def later(by: timedelta) -> Iterator[None]:
    moment = clock.now() + by
    with clock.use(lambda: moment):
        yield


def look_again(app: Flask) -> None:
    """What the worker does every minute."""
    with app.app_context(), unit_of_work():
        jobs.enqueue("notices.send", key="notices.send")
    jobs.run_pending(app)


# --- mail -------------------------------------------------------------------------------------


def test_a_mail_says_what_the_notice_says_in_the_members_language(
    app: Flask, people: People, post: Post
) -> None:
    member = people.member(email="li.na@example.org", language="zh_Hans")
    tell(app, member, title="成绩\r\nBcc: all@example.org", body="您已通过。")
    jobs.run_pending(app)
    [mail] = post.mails
    assert post.recipients == [["li.na@example.org"]]
    assert mail["Subject"] == "成绩 Bcc: all@example.org"
    assert mail["To"] == "li.na@example.org"
    assert mail["From"].addresses[0].addr_spec == FROM
    assert mail["From"].addresses[0].display_name == "Bank Bcc: x@example.org"
    assert "Bcc" not in mail
    assert mail["Content-Language"] == "zh-Hans"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    assert "您已通过。" in text
    assert "http://learn.example.org/exams/7" in text
    assert "http://learn.example.org/me/notices" in text
    assert outbox(app) == [("sent", 1, "")]


def test_what_comes_soon_after_a_mail_goes_in_one_mail(
    app: Flask, people: People, post: Post
) -> None:
    member = people.member(email="a@example.org")
    tell(app, member, key="1")
    jobs.run_pending(app)
    tell(app, member, key="2", kind="points", title="Points were corrected")
    tell(app, member, key="3", kind="assignment", title="Due in three days")
    look_again(app)
    assert len(post.mails) == 1
    with later(PAUSE[Channel.MAIL]):
        look_again(app)
    assert [mail["Subject"] for mail in post.mails] == ["Your result is there", "2 notices"]
    text = post.mails[1].get_content()
    assert "Points were corrected" in text
    assert "Due in three days" in text


def test_only_who_wants_a_mail_and_can_get_one_is_sent_one(
    app: Flask, people: People, post: Post
) -> None:
    wants, not_this, no_address = (
        people.member(email="a@example.org"),
        people.member(email="b@example.org"),
        people.member(),
    )
    client = people.client(not_this)
    client.post("/me/notices", data={"mail": ["points"]}, headers=csrf(client))
    tell(app, wants, not_this, no_address)
    jobs.run_pending(app)
    assert post.recipients == [["a@example.org"]]


def test_who_was_disabled_meanwhile_gets_nothing(app: Flask, people: People, post: Post) -> None:
    member = people.member(email="a@example.org")
    tell(app, member)
    with app.app_context(), unit_of_work() as session:
        session.get_one(Member, member).is_active = False
    jobs.run_pending(app)
    assert post.mails == []
    assert outbox(app) == [("dropped", 0, "the member is disabled")]


def test_a_mail_server_that_is_down_is_tried_again_until_it_is_back(
    app: Flask, people: People, config
) -> None:
    members = [people.member(email=f"m{n}@example.org") for n in range(3)]
    tell(app, *members)
    jobs.run_pending(app)
    assert [(state, tries) for state, tries, _ in outbox(app)] == [("queued", 1)] * 3
    look_again(app)  # nothing is due: it is not tried again at once
    assert {tries for _, tries, _ in outbox(app)} == {1}
    with mail_server(config.smtp_port) as post, later(BACK_OFF[0]):
        look_again(app)
    assert sorted(post.recipients) == [[f"m{n}@example.org"] for n in range(3)]
    assert {(state, tries) for state, tries, _ in outbox(app)} == {("sent", 2)}


def test_a_mail_fails_with_its_reason_after_the_last_try(app: Flask, people: People) -> None:
    tell(app, people.member(email="a@example.org"))
    jobs.run_pending(app)
    for n in range(len(BACK_OFF)):
        assert outbox(app)[0][:2] == ("queued", n + 1)
        with later(sum(BACK_OFF[: n + 1], timedelta(minutes=1))):
            look_again(app)
    [(state, tries, reason)] = outbox(app)
    assert (state, tries) == ("failed", len(BACK_OFF) + 1)
    assert "Refused" in reason
    with later(timedelta(days=20)):
        look_again(app)
    assert outbox(app)[0][1] == len(BACK_OFF) + 1


def test_one_refused_address_keeps_nobody_else_waiting(
    app: Flask, people: People, post: Post
) -> None:
    post.answers = {"gone@example.org": "550 No such user", "full@example.org": "452 Full"}
    names = ("gone", "full", "fine")
    tell(app, *[people.member(email=f"{name}@example.org") for name in names])
    jobs.run_pending(app)
    assert post.recipients == [["fine@example.org"]]
    assert outbox(app) == [
        ("failed", 1, "550 No such user"),
        ("queued", 1, "452 Full"),
        ("sent", 1, ""),
    ]


@pytest.mark.parametrize("odd", ["no address", "a@b@c", "x\r\nBcc: y@z.example", "李@example.org"])
def test_an_address_that_is_none_fails_with_its_reason(
    app: Flask, people: People, post: Post, odd: str
) -> None:
    tell(app, people.member(email=odd), people.member(email="fine@example.org"))
    jobs.run_pending(app)
    assert [state for state, _, _ in outbox(app)] == ["failed", "sent"]
    assert post.recipients == [["fine@example.org"]]


def test_a_request_never_waits_for_the_mail_server(app: Flask, people: People) -> None:
    """Telling only writes rows: with the server down it works like with the server up."""
    member = people.member(email="a@example.org")
    tell(app, member)
    assert outbox(app) == [("queued", 0, "")]
    assert "Your result is there" in people.client(member).get("/notices").get_data(as_text=True)


def test_a_worker_that_dies_while_sending_leaves_the_mail_to_the_next(
    app: Flask, people: People, post: Post
) -> None:
    tell(app, people.member(email="a@example.org"))
    with app.app_context(), unit_of_work():
        assert len(service.take_parcels()) == 1
    with app.app_context(), unit_of_work():
        assert service.take_parcels() == []  # it is held
    with later(service.sending.HELD):
        look_again(app)
    assert len(post.mails) == 1


def test_without_a_mail_server_nothing_waits_in_the_outbox(tmp_path, migrated) -> None:
    config = make_config(tmp_path / "other")
    config.instance_dir.mkdir(parents=True)
    (config.instance_dir / "weike.sqlite").write_bytes(migrated.read_bytes())
    app = create_app(config)
    tell(app, People(app).member(email="a@example.org"))
    assert outbox(app) == []
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def test_the_operator_can_try_mail_and_see_what_failed(
    app: Flask, people: People, config, post: Post
) -> None:
    run = app.test_cli_runner().invoke
    tried = run(args=["notices", "test-mail", "me@example.org"])
    assert tried.exit_code == 0
    assert post.recipients == [["me@example.org"]]
    post.answers["gone@example.org"] = "550 No such user"
    refused = run(args=["notices", "test-mail", "gone@example.org"])
    assert refused.exit_code == 1
    assert "550 No such user" in refused.output
    tell(app, people.member(email="gone@example.org"))
    jobs.run_pending(app)
    told = run(args=["notices", "outbox"]).output
    assert re.search(r"mail +failed +1", told)
    assert "550 No such user" in told


# --- push -------------------------------------------------------------------------------------


def subscribe(people: People, member: int, browser: Browser, endpoint: str):
    client = people.client(member)
    answer = client.post(
        "/me/push",
        data={"endpoint": endpoint, "key": browser.key, "secret": browser.secret},
        headers=csrf(client),
    )
    return client, answer.status_code


def test_the_example_of_rfc_8291_is_encrypted_to_its_bytes() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    def private(text: str):
        return ec.derive_private_key(int.from_bytes(webpush.decoded(text), "big"), ec.SECP256R1())

    browser = Browser(
        private("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"),
        webpush.decoded("BTBZMqHH6r4Tts7J_aSIgg"),
    )
    plain = b"When I grow up, I want to be a watermelon"
    body = webpush.encrypt(
        plain,
        key=browser.key,
        secret=browser.secret,
        own=private("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        salt=webpush.decoded("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert webpush.encoded(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWA"
        "mS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxs"
        "j_Qulcy4a-fN"
    )
    assert browser.read(body) == plain


def test_a_push_can_be_read_by_the_browser_alone_and_says_who_sends_it(
    app: Flask, people: People, service_of_push: Service, config
) -> None:
    member, browser = people.member(language="zh_Hans"), Browser()
    _, status = subscribe(people, member, browser, f"{service_of_push.url}/to/1?x=y")
    assert status == 204
    tell(app, member, body="长" * 2000)
    jobs.run_pending(app)
    [(path, headers, body)] = service_of_push.came
    assert path == "/to/1?x=y"
    assert len(body) < 4096
    assert headers["Content-Encoding"] == "aes128gcm"
    assert headers["TTL"] == "86400"
    token, key = re.fullmatch(r"vapid t=(\S+), k=(\S+)", headers["Authorization"]).groups()
    claims = verified(token, key)
    assert claims["aud"] == service_of_push.url
    assert claims["sub"] == f"mailto:{FROM}"
    assert key == webpush.public_key(config.vapid_path)
    [told] = service_of_push.told(browser)
    assert (told["title"], told["address"], told["lang"]) == (
        "Your result is there",
        "/exams/7",
        "zh-Hans",
    )
    assert told["body"] == "长" * 299 + "…"


def test_our_key_is_made_once_and_kept_private(config) -> None:
    config.instance_dir.mkdir()
    first = webpush.public_key(config.vapid_path)
    webpush.own_key.cache_clear()
    assert webpush.public_key(config.vapid_path) == first
    assert config.vapid_path.stat().st_mode & 0o077 == 0
    assert [path.name for path in config.instance_dir.iterdir()] == ["vapid.pem"]


def test_a_browser_that_no_longer_listens_is_forgotten(
    app: Flask, people: People, service_of_push: Service
) -> None:
    member = people.member()
    subscribe(people, member, Browser(), f"{service_of_push.url}/gone")
    subscribe(people, member, Browser(), f"{service_of_push.url}/there")
    service_of_push.status["/gone"] = 410
    tell(app, member)
    jobs.run_pending(app)
    assert sorted(path for path, _, _ in service_of_push.came) == ["/gone", "/there"]
    with app.app_context():
        left = db.session.scalars(select(PushDevice.endpoint)).all()
        db.session.rollback()
    assert left == [f"{service_of_push.url}/there"]
    assert outbox(app) == [("sent", 1, "")]


@pytest.mark.parametrize(
    ("status", "state"), [(503, "queued"), (429, "queued"), (400, "failed"), (307, "failed")]
)
def test_a_push_service_that_is_busy_is_tried_again_and_a_refusal_is_not(
    app: Flask, people: People, service_of_push: Service, status: int, state: str
) -> None:
    member = people.member()
    subscribe(people, member, Browser(), f"{service_of_push.url}/x")
    service_of_push.status["/x"] = status
    tell(app, member)
    jobs.run_pending(app)
    assert outbox(app)[0][:2] == (state, 1)
    service_of_push.status.clear()
    with later(BACK_OFF[0]):
        look_again(app)
    assert outbox(app)[0][0] == ("sent" if state == "queued" else "failed")


def test_signing_out_ends_what_the_device_is_told(
    app: Flask, people: People, service_of_push: Service
) -> None:
    member = people.member()
    client, _ = subscribe(people, member, Browser(), f"{service_of_push.url}/x")
    tell(app, member, key="before")
    client.post("/sign-out", headers=csrf(client))
    tell(app, member, key="after")
    jobs.run_pending(app)
    assert service_of_push.came == []
    assert outbox(app) == [("dropped", 0, "the device was signed out")]


def test_a_device_belongs_to_who_subscribed_last(
    app: Flask, people: People, service_of_push: Service
) -> None:
    first, second, browser = people.member(), people.member(), Browser()
    subscribe(people, first, browser, f"{service_of_push.url}/shared")
    tell(app, first, title="For the first")
    subscribe(people, second, browser, f"{service_of_push.url}/shared")
    tell(app, second, title="For the second")
    jobs.run_pending(app)
    assert [told["title"] for told in service_of_push.told(browser)] == ["For the second"]


def test_a_device_can_be_put_to_sleep_by_its_owner_alone(
    app: Flask, people: People, service_of_push: Service
) -> None:
    member, stranger, endpoint = people.member(), people.member(), f"{service_of_push.url}/x"
    client, _ = subscribe(people, member, Browser(), endpoint)
    other = people.client(stranger)
    for who, left in ((other, 1), (client, 0)):
        who.post("/me/push/end", data={"endpoint": endpoint}, headers=csrf(who))
        with app.app_context():
            assert len(db.session.scalars(select(PushDevice.id)).all()) == left
            db.session.rollback()


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:1/x",
        "http://169.254.169.254/latest",
        "https://fcm.googleapis.com.evil.example/x",
        "file:///etc/passwd",
        "{here}.evil.example/x",
        "http://user:pw@{bare}/x",
        "{here}/x\r\nHost: evil",
        "{here}/" + "x" * 1000,
        "",
    ],
)
def test_a_browser_cannot_send_us_anywhere_but_to_a_known_push_service(
    app: Flask, people: People, service_of_push: Service, endpoint: str
) -> None:
    here = service_of_push.url
    endpoint = endpoint.replace("{here}", here).replace("{bare}", here.removeprefix("http://"))
    member, browser = people.member(), Browser()
    assert subscribe(people, member, browser, endpoint)[1] == 422
    assert subscribe(people, member, browser, f"{here}/fine")[1] == 204


def test_keys_that_are_none_are_refused(people: People, service_of_push: Service) -> None:
    member, good = people.member(), Browser()
    for key, secret in (("", good.secret), (good.key, ""), ("BAAA", good.secret), ("键", "密")):
        bad = Browser()
        bad.key, bad.secret = key, secret
        assert subscribe(people, member, bad, f"{service_of_push.url}/x")[1] == 422


def test_known_services_are_told_by_origin() -> None:
    services = "https://fcm.googleapis.com https://*.push.apple.com"
    assert webpush.is_known("https://fcm.googleapis.com/fcm/send/abc:DEF", services)
    assert webpush.is_known("https://web.push.apple.com/QAbc", services)
    for bad in (
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://push.apple.com/x",
        "https://evilpush.apple.com.example/x",
    ):
        assert not webpush.is_known(bad, services)


# --- tidying ----------------------------------------------------------------------------------


def test_old_notices_are_removed_with_what_was_sent(app: Flask, people: People, post: Post) -> None:
    member = people.member(email="a@example.org")
    for n in range(5):  # the last two join the third
        tell(app, member, key=str(n))
    jobs.run_pending(app)
    with later(KEPT + timedelta(days=1)):
        tell(app, member, key="new")
        with app.app_context(), unit_of_work():
            service.tidy()
    with app.app_context():
        assert db.session.scalars(select(Notice.once_key)).all() == ["new"]
        db.session.rollback()
    assert len(outbox(app)) == 1
