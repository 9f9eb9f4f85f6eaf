"""Certificates: earned by exams and courses, checked by anybody, revoked, issued anew, signed."""

from __future__ import annotations

import base64
import io
import json
import re
import unicodedata
from datetime import UTC, datetime, timedelta

import pypdfium2
import pytest
from flask import Flask
from PIL import Image

from app.certificates import openbadges, rules
from app.certificates.models import Certificate
from app.core import clock
from app.core.db import db, unit_of_work
from app.core.jobs import run_pending
from app.exams import service as exams
from app.learning import service as learning
from app.learning.models import LessonProgress
from app.notices import queries as notices
from tests.exams.examiner import QUESTIONS, Candidate, Desk, make_exam
from tests.exams.sheets import said_in_words
from tests.factories import People, csrf
from tests.learning.lessons import Made, make_course

NOW = datetime(2026, 3, 31, 8, tzinfo=UTC)


class Office:
    """An administrator who says what is certified."""

    def __init__(self, people: People) -> None:
        self.app = people.app
        self.member = people.member("Chief", role="administrator")
        self.client = people.client(self.member)
        self.headers = csrf(self.client)

    def post(self, path: str, **fields: object):
        answer = self.client.post(path, data=fields, headers=self.headers)
        answer.request.environ["wsgi.input"].close()  # a large form is in a file
        return answer

    def template(self, **fields: object):
        values = {
            "name": "Plain",
            "title_zh_Hans": "结业证书",
            "text_zh_Hans": "兹证明 {name}\n完成《{what}》\n成绩 {score}",
            "title_en": "Certificate",
            "text_en": "{name} finished {what}\nScore {score}",
            "signature_en": "{organisation}",
            "colour": "#a61b24",
        }
        return self.post("/admin/certificates/templates", **(values | fields))

    def certify(self, what: str, months: int | str = "") -> None:
        assert self.template().status_code == 303
        answer = self.post("/admin/certificates", what=what, template="1", months=months)
        assert answer.status_code == 303, answer.get_data(as_text=True)
        run_pending(self.app)


@pytest.fixture
def office(people: People) -> Office:
    return Office(people)


def all_of(app: Flask, member: int) -> list[Certificate]:
    with app.app_context():
        rows = db.session.query(Certificate).filter_by(member_id=member)
        found = rows.order_by(Certificate.id).all()
        db.session.expunge_all()
        db.session.rollback()
    return found


@pytest.fixture
def passed(app: Flask, people: People, office: Office) -> Candidate:
    """A member who has passed a certified exam."""
    exam = make_exam(app, people.member(role="trainer"), title="消防安全考试")
    office.certify(f"exam:{exam.id}", months=12)
    candidate = Candidate(people, exam, people.member("王小明"))
    candidate.start()
    candidate.submit(candidate.right())
    return candidate


def test_passing_a_certified_exam_gives_a_certificate_with_its_score(
    app: Flask, passed: Candidate
) -> None:
    (found,) = all_of(app, passed.member)
    assert (found.holder, found.title, found.facts) == (
        *("王小明", "消防安全考试"),
        {"score": "100 %"},
    )
    page = passed.client.get("/certificates").get_data(as_text=True)
    assert found.number in page


def test_the_paper_says_it_in_the_members_language_with_the_font_inside(
    app: Flask, passed: Candidate
) -> None:
    (found,) = all_of(app, passed.member)
    for language, title in (("zh-CN", "结业证书"), ("en", "Certificate"), ("zh-TW", "结业证书")):
        answer = passed.client.get(
            f"/certificates/{found.number}.pdf", headers={"Accept-Language": language}
        )
        assert answer.mimetype == "application/pdf"
        assert b"/FontFile2" in answer.data
        document = pypdfium2.PdfDocument(answer.data)
        assert len(document) == 1
        text = document[0].get_textpage().get_text_range()
        for word in (title, "王小明", "消防安全考试", "100 %", found.number):
            assert word in text, (language, word, text)


def test_failing_gives_none_and_nothing_is_given_for_what_is_not_certified(
    app: Flask, people: People, office: Office
) -> None:
    exam = make_exam(app, people.member(role="trainer"))
    plain = make_exam(app, people.member(role="trainer"))
    office.certify(f"exam:{exam.id}")
    loser, other = Candidate(people, exam), Candidate(people, plain)
    loser.start()
    loser.submit(loser.wrong())
    other.start()
    other.submit(other.right())
    assert all_of(app, loser.member) == all_of(app, other.member) == []


def test_who_passed_before_it_was_certified_gets_one_too_and_only_one(
    app: Flask, people: People, office: Office
) -> None:
    exam = make_exam(app, people.member(role="trainer"))
    candidate = Candidate(people, exam)
    candidate.start()
    candidate.submit(candidate.right())
    office.certify(f"exam:{exam.id}")
    assert len(all_of(app, candidate.member)) == 1
    office.post("/admin/certificates", what=f"exam:{exam.id}", template="1")
    run_pending(app)
    assert len(all_of(app, candidate.member)) == 1


def test_a_course_done_gives_one_and_taken_back_revokes_it(
    app: Flask, people: People, office: Office
) -> None:
    quiz = [{"kind": "truefalse", "stem": "So?", "answer": True, "explanation": ""}]
    course = make_course(app, people.member(role="trainer"), [("reading", 1000)], quiz)
    member = people.member()
    office.certify(f"course:{course.id}")
    with app.app_context(), unit_of_work():
        done(member, course)
        now = clock.now()
        learning.quiz_passed(member_id=member, course_id=course.id, at=now)
    assert [row.state for row in all_of(app, member)] == ["live"]
    with app.app_context(), unit_of_work():
        learning.quiz_taken_back(
            member_id=member, course_id=course.id, actor_id=office.member, reason="Key was wrong"
        )
    assert [row.state for row in all_of(app, member)] == ["revoked"]
    with app.app_context(), unit_of_work():
        learning.quiz_passed(member_id=member, course_id=course.id, at=clock.now())
    assert [row.state for row in all_of(app, member)] == ["revoked", "live"]


def test_anybody_may_check_a_number_however_it_is_typed(
    app: Flask, people: People, passed: Candidate
) -> None:
    (found,) = all_of(app, passed.member)
    visitor = people.client()
    answer = visitor.get("/verify", query_string={"number": f" {found.number.lower()} "})
    page = visitor.get(answer.headers["Location"])
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "Genuine and valid" in text
    assert "王小明" in text
    assert "消防安全考试" in text
    assert visitor.get("/verify/2026-AAAA-BBBB-CCCC").status_code == 404


def test_expired_and_revoked_say_so_on_the_public_page(
    app: Flask, people: People, office: Office, passed: Candidate
) -> None:
    (found,) = all_of(app, passed.member)
    visitor = people.client()
    later = clock.now() + timedelta(days=400)
    with clock.use(lambda: later):
        assert "expired" in visitor.get(f"/verify/{found.number}").get_data(as_text=True)
    bare = office.post(f"/organizer/certificates/{found.id}", what="revoke", reason="  ")
    assert bare.status_code == 422
    office.post(f"/organizer/certificates/{found.id}", what="revoke", reason="Copied answers")
    text = visitor.get(f"/verify/{found.number}").get_data(as_text=True)
    assert "Revoked" in text
    assert "Copied answers" not in text
    listed = visitor.get("/verify/revoked.json").get_json()
    assert [each["id"].rsplit("/", 1)[1] for each in listed["revokedCredential"]] == [found.number]
    assert "Copied answers" in passed.client.get("/certificates").get_data(as_text=True)


def test_what_a_person_revoked_is_not_given_again_by_a_rule(
    app: Flask, office: Office, passed: Candidate
) -> None:
    (found,) = all_of(app, passed.member)
    office.post(f"/organizer/certificates/{found.id}", what="revoke", reason="Copied answers")
    with app.app_context(), unit_of_work():
        exams.reward_due(passed.exam.id)
    assert [row.state for row in all_of(app, passed.member)] == ["revoked"]
    office.post(f"/organizer/certificates/{found.id}", what="reissue", reason="It was a mistake")
    assert [row.state for row in all_of(app, passed.member)] == ["replaced", "live"]
    assert told(app, passed.member)[:2] == [
        ("certificate", "Your certificate for “消防安全考试” was issued anew", "It was a mistake"),
        (
            "certificate",
            "Your certificate for “消防安全考试” does not hold any more",
            "Copied answers",
        ),
    ]


def test_issued_anew_it_has_the_new_name_and_the_old_number_points_to_it(
    app: Flask, people: People, office: Office, passed: Candidate
) -> None:
    (old,) = all_of(app, passed.member)
    with app.app_context(), unit_of_work() as session:
        from app.members.models import Member

        session.get_one(Member, passed.member).name = "王晓明"
    office.post(f"/organizer/certificates/{old.id}", what="reissue", reason="Name corrected")
    old, new = all_of(app, passed.member)
    assert (old.holder, new.holder) == ("王小明", "王晓明")
    assert old.expires_at == new.expires_at
    assert new.number in people.client().get(f"/verify/{old.number}").get_data(as_text=True)
    again = office.post(f"/organizer/certificates/{old.id}", what="reissue", reason="Once more")
    assert again.status_code == 422


def test_a_regrade_revokes_and_its_undoing_gives_a_new_one(
    app: Flask, people: People, office: Office, passed: Candidate
) -> None:
    with app.app_context(), unit_of_work():
        from app.exams.models import Attempt

        attempt = db.session.get_one(Attempt, passed.attempt)
        attempt.passed = False
        exams.take_back(attempt, actor_id=office.member, reason="Key was wrong")
    assert [(r.state, r.reason) for r in all_of(app, passed.member)] == [
        ("revoked", "Key was wrong")
    ]
    with app.app_context(), unit_of_work():
        attempt = db.session.get_one(Attempt, passed.attempt)
        attempt.passed = True
        exams.reward(attempt)
    assert [r.state for r in all_of(app, passed.member)] == ["revoked", "live"]


def told(app: Flask, member: int) -> list[tuple[str, str, str]]:
    with app.app_context():
        found = notices.notices_of(member, page=1).rows
        db.session.rollback()
    return [(row.kind, row.title, row.body) for row in found if row.kind == "certificate"]


def test_a_real_regrade_takes_a_certificate_back_gives_it_again_and_tells_both(
    app: Flask, people: People, office: Office
) -> None:
    author = people.member(role="trainer")
    exam = make_exam(app, author, [QUESTIONS[1]], title="Fire")
    office.certify(f"exam:{exam.id}")
    taker = Candidate(people, exam)
    taker.start()
    taker.submit(taker.right())
    given = ("certificate", "You have a certificate for “Fire”", "")
    assert told(app, taker.member) == [given]
    desk = Desk(people, author)
    with app.app_context(), unit_of_work():
        from app.questions import service as bank
        from app.questions.queries import question

        question_id = exam.questions[0]
        body = question(question_id).plain
        for option in body["options"]:
            option["fraction"] = "1" if option["text"] == "000" else "0"
        bank.revise(question_id, body, author)
    path = f"/{exam.id}/regrade/{question_id}"
    assert "Fail now" in desk.get(path)
    assert desk.post(path, action="new_key", reason="The key was wrong").status_code == 303
    assert [row.state for row in all_of(app, taker.member)] == ["revoked"]
    ended = "Your certificate for “Fire” does not hold any more"
    assert told(app, taker.member) == [("certificate", ended, "The key was wrong"), given]
    assert desk.post(f"/{exam.id}/regrades/1/undo").status_code == 303
    assert [row.state for row in all_of(app, taker.member)] == ["revoked", "live"]
    assert told(app, taker.member)[0] == given


def test_a_path_done_gives_a_certificate_and_a_course_undone_takes_it_back(
    app: Flask, people: People, office: Office
) -> None:
    trainer, member = people.member(role="trainer"), people.member()
    quiz = [{"kind": "truefalse", "stem": "So?", "answer": True, "explanation": ""}]
    courses = [make_course(app, trainer, [("reading", 1000)], quiz, title=title) for title in "AB"]
    with app.app_context(), unit_of_work():
        path = learning.make_path(title="First month", branch_id=people.root, author_id=trainer)
        for course in courses:
            learning.add_step(path, course.id)
        learning.publish_path(path)
    office.certify(f"path:{path}")
    for course in courses:
        assert all_of(app, member) == []
        with app.app_context(), unit_of_work():
            done(member, course)
            learning.quiz_passed(member_id=member, course_id=course.id, at=clock.now())
    assert [(row.kind, row.title, row.state) for row in all_of(app, member)] == [
        ("path", "First month", "live")
    ]
    assert told(app, member) == [("certificate", "You have a certificate for “First month”", "")]
    with app.app_context(), unit_of_work():
        learning.quiz_taken_back(
            member_id=member,
            course_id=courses[0].id,
            actor_id=office.member,
            reason="Key was wrong",
        )
    assert [row.state for row in all_of(app, member)] == ["revoked"]
    assert told(app, member)[0][1] == ("Your certificate for “First month” does not hold any more")


def done(member: int, course: Made) -> None:
    """The lesson of a course is done; within a unit of work."""
    now = clock.now()
    db.session.add(
        LessonProgress(
            member_id=member,
            lesson_id=course.lesson,
            course_id=course.id,
            length_ms=1000,
            started_at=now,
            heard_at=now,
            completed_at=now,
        )
    )


def test_papers_and_badges_of_others_are_not_there(
    app: Flask, people: People, passed: Candidate
) -> None:
    (found,) = all_of(app, passed.member)
    far, near = people.branch(), people.branch()
    stranger = people.client(people.member())
    elsewhere = people.client(people.member(organizes=far))
    above = people.client(people.member(organizes=people.root, branch=near))
    for ending, status in ((".pdf", 200), (".jwt", 200)):
        url = f"/certificates/{found.number}{ending}"
        assert stranger.get(url).status_code == elsewhere.get(url).status_code == 404
        assert above.get(url).status_code == status
    one = f"/organizer/certificates/{found.id}"
    assert elsewhere.get(one).status_code == 404
    assert "王小明" not in elsewhere.get("/organizer/certificates").get_data(as_text=True)
    assert "王小明" in above.get("/organizer/certificates").get_data(as_text=True)
    for client, status in ((elsewhere, 404), (above, 303)):
        answer = client.post(one, data={"what": "revoke", "reason": "x"}, headers=csrf(client))
        assert answer.status_code == status


def test_a_badge_is_checked_without_the_site_and_any_change_is_found(
    app: Flask, tmp_path, passed: Candidate
) -> None:
    (found,) = all_of(app, passed.member)
    badge = passed.client.get(f"/certificates/{found.number}.jwt").get_data(as_text=True)
    checked = openbadges.check(badge, clock.now())
    assert checked.number == found.number
    assert checked.payload["credentialSubject"]["achievement"]["name"] == "消防安全考试"
    assert checked.payload["type"] == ["VerifiableCredential", "AchievementCredential"]
    assert openbadges.check(badge, clock.now() + timedelta(days=400)).is_expired
    runner = app.test_cli_runner()
    file = tmp_path / "badge.jwt"
    file.write_text(badge)
    good = runner.invoke(args=["certificates", "verify", str(file)])
    assert (good.exit_code, "State: valid" in good.output) == (0, True), good.output
    head, body, signature = badge.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["name"] = "Something greater"
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    file.write_text(f"{head}.{forged}.{signature}")
    bad = runner.invoke(args=["certificates", "verify", str(file)])
    assert (bad.exit_code, "Not genuine" in bad.output) == (1, True)


def test_a_revoked_badge_is_no_longer_given_and_the_command_knows(
    app: Flask, tmp_path, office: Office, passed: Candidate
) -> None:
    (found,) = all_of(app, passed.member)
    url = f"/certificates/{found.number}.jwt"
    file = tmp_path / "badge.jwt"
    file.write_text(passed.client.get(url).get_data(as_text=True))
    office.post(f"/organizer/certificates/{found.id}", what="revoke", reason="Copied answers")
    assert passed.client.get(url).status_code == 404
    told = app.test_cli_runner().invoke(args=["certificates", "verify", str(file)])
    assert (told.exit_code, "State: revoked" in told.output) == (1, True)


def _b64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_badges_with_another_algorithm_or_a_key_of_their_own_are_refused(tmp_path) -> None:
    ours = openbadges.key_in(tmp_path)
    assert openbadges.key_in(tmp_path).private_bytes_raw() == ours.private_bytes_raw()
    assert (tmp_path / "badges.key").stat().st_mode & 0o077 == 0
    other = tmp_path / "other"
    other.mkdir()
    theirs = openbadges.key_in(other)
    did = openbadges.did_of(ours.public_key())
    claims = {"type": ["AchievementCredential"], "iss": did, "issuer": {"id": did}, "id": "x/1"}
    own = {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}
    for header in ({"alg": "none"}, {"alg": "HS256"}, {"alg": "EdDSA", "jwk": own}):
        signed = f"{_b64(header)}.{_b64(claims)}"
        mark = base64.urlsafe_b64encode(theirs.sign(signed.encode())).rstrip(b"=").decode()
        for signature in (mark, ""):
            with pytest.raises(openbadges.BadBadge):
                openbadges.check(f"{signed}.{signature}", NOW)
    for nonsense in ("", "a.b", "a.b.c", "é.é.é", "." * 9, "e30.W10.AA", "e30.e30.e30"):
        with pytest.raises(openbadges.BadBadge):
            openbadges.check(nonsense, NOW)


def test_the_key_of_a_did_is_found_again(tmp_path) -> None:
    key = openbadges.key_in(tmp_path).public_key()
    did = openbadges.did_of(key)
    assert did.startswith("did:key:z6Mk")
    assert openbadges.public_of(did).public_bytes_raw() == key.public_bytes_raw()
    for bad in (
        "did:web:x",
        "did:key:z",
        "did:key:z0",
        did[:-1],
        did + "1",
        f"did:key:z{'z' * 99}",
    ):
        with pytest.raises(openbadges.BadBadge):
            openbadges.public_of(bad)


def test_the_editor_shows_the_paper_before_it_is_saved(app: Flask, office: Office) -> None:
    shown = office.template(look="1", show="zh_Hans")
    text = shown.get_data(as_text=True)
    picture = base64.b64decode(re.search(r"data:image/png;base64,([^\"]+)", text).group(1))
    assert Image.open(io.BytesIO(picture)).width >= 900
    assert "First a template" in office.client.get("/admin/certificates").get_data(as_text=True)
    for wrong in (
        {"text_en": "{nmae} did it"},
        {"colour": "red"},
        {"title_zh_Hans": "", "title_en": ""},
        {"picture": (io.BytesIO(b"<svg onload=alert(1)>"), "x.png")},
        {"name": " "},
    ):
        answer = office.template(**wrong)
        assert answer.status_code == 422, wrong
    picture = io.BytesIO()
    Image.new("RGB", (3000, 900), "red").save(picture, "JPEG")
    picture.seek(0)
    assert office.template(picture=(picture, "seal.jpg")).status_code == 303
    with app.app_context():
        from app.certificates.models import CertificatePicture

        kept = db.session.query(CertificatePicture).one().content
        db.session.rollback()
    assert Image.open(io.BytesIO(kept)).size == (600, 180)
    assert office.client.get("/admin/certificates/templates/1").status_code == 200


def test_a_template_in_use_cannot_be_removed(app: Flask, office: Office, people: People) -> None:
    exam = make_exam(app, people.member(role="trainer"))
    office.template()
    office.certify(f"exam:{exam.id}")
    assert office.post("/admin/certificates/templates/1/drop").status_code >= 400
    assert office.post("/admin/certificates/templates/2/drop").status_code == 303


@pytest.mark.parametrize(
    ("moment", "months", "expected"),
    [
        (datetime(2026, 1, 31, tzinfo=UTC), 1, datetime(2026, 2, 28, tzinfo=UTC)),
        (datetime(2024, 2, 29, tzinfo=UTC), 12, datetime(2025, 2, 28, tzinfo=UTC)),
        (datetime(2026, 12, 5, tzinfo=UTC), 1, datetime(2027, 1, 5, tzinfo=UTC)),
        (datetime(2026, 5, 31, tzinfo=UTC), 240, datetime(2046, 5, 31, tzinfo=UTC)),
    ],
)
def test_months_later(moment: datetime, months: int, expected: datetime) -> None:
    assert rules.later(moment, months) == expected


def test_texts_are_filled_once_and_lines_of_nothing_are_left_out() -> None:
    facts = {"name": "{what} <b>", "what": "X", "score": ""}
    assert rules.filled("{name}\nScore: {score}\nend", facts) == "{what} <b>\nend"


def test_an_expired_certificate_is_replaced_when_it_is_earned_again(
    app: Flask, people: People, office: Office, passed: Candidate
) -> None:
    from app.certificates import service

    later = clock.now() + timedelta(days=400)
    with clock.use(lambda: later), app.app_context(), unit_of_work():
        number = service.award(
            member_id=passed.member,
            kind="exam",
            subject_id=passed.exam.id,
            title="消防安全考试",
            earned_at=later,
        )
    old, new = all_of(app, passed.member)
    assert (old.state, new.state, new.number) == ("replaced", "live", number)


NAMES = (
    *("Γιώργος Παπαδόπουλος", "Дмитрий Қожахметов", "Nguyễn Thị Hồng", "Łukasz Þór"),
    *("王𠮷㛃", "བསྟན་འཛིན་རྒྱ་མཚོ།", "مۇھەممەت", "김철수", "王ᠮ", "小明😀", "๑३"),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_can_be_read_from_its_certificate_or_its_letters_are_told(name: str) -> None:
    from app.certificates.sheet import Sheet, pdf
    from app.core import letters

    document = pdf(
        Sheet(
            title="结业证书",
            text=f"{name}\n已完成《消防安全》",
            signature="培训部",
            day="2026年11月28日",
            foot="2026-ABCD",
            url="https://example.org/verify/2026-ABCD",
            colour="#aa2222",
            language="zh_Hans",
        )
    )
    opened = pypdfium2.PdfDocument(document)
    text = opened[0].get_textpage().get_text_range()
    opened.close()
    text += "\n".join(said_in_words(document))
    lost = letters.unprintable(name)
    assert (name in text) == (lost == ""), (text, lost)
    assert "已完成《消防安全》" in text
    words = re.sub(r"\s", "", text)
    for letter in lost:
        assert re.sub(r"\s", "", unicodedata.name(letter).lower()) in words
    assert letters.known(letters.known(name)) == letters.known(name)
    assert letters.unprintable("王小明 Łukasz Дмитрий Γιώργος 2026·①") == ""


def test_an_organizer_is_told_of_letters_that_cannot_be_printed(
    app: Flask, people: People, office: Office, passed: Candidate
) -> None:
    (found,) = all_of(app, passed.member)
    one = f"/organizer/certificates/{found.id}"
    assert "No font here can print" not in office.client.get(one).get_data(as_text=True)
    with app.app_context(), unit_of_work() as session:
        session.get_one(Certificate, found.id).holder = "王ᠮ"
    assert "No font here can print ᠮ" in office.client.get(one).get_data(as_text=True)
    assert "cannot be printed in full" in office.client.get("/organizer/certificates").text


def test_a_picture_that_was_looked_at_need_not_be_chosen_again(app: Flask, office: Office) -> None:
    picture, nothing = io.BytesIO(), (io.BytesIO(), "")
    noise = [Image.effect_noise((900, 600), 200) for _band in "RGB"]
    Image.merge("RGB", noise).save(picture, "PNG")
    assert 2**20 < picture.tell() < rules.LARGEST_PICTURE  # more than other forms may bring
    picture.seek(0)
    shown = office.template(look="1", picture=(picture, "seal.png")).text
    kept = re.search(r'name="kept"[^>]* value="([^"]+)"', shown).group(1)
    assert len(kept) > 500 * 1024
    again = office.template(look="1", kept=kept, picture=nothing).text  # in parts, as browsers do
    assert re.search(r'name="kept"[^>]* value="([^"]+)"', again).group(1) == kept
    for bad in ("%%%", base64.b64encode(b"<svg onload=alert(1)>").decode()):
        assert office.template(kept=bad).status_code == 422
    nothing = (io.BytesIO(), "")
    assert office.template(kept=kept, picture=nothing).status_code == 303
    with app.app_context():
        from app.certificates.models import CertificatePicture

        content = db.session.query(CertificatePicture).one().content
        db.session.rollback()
    assert Image.open(io.BytesIO(content)).size == (600, 400)
    shown = office.client.get("/admin/certificates/templates/1").text
    assert re.search(r'name="kept"[^>]* value="([^"]+)"', shown) is None
