"""Names have one form, passwords are judged, codes are read back."""

from __future__ import annotations

import pytest

from app.members.rules import Reader, codes, names, passwords

# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("Anna", "anna"),
        ("  ＡＮＮＡ１ ", "anna1"),
        ("Straße", "strasse"),
        ("张三", "张三"),
        ("zhang\u200bsan", "zhangsan"),
        ("00042", "00042"),
        ("a.b-c_d", "a.b-c_d"),
    ],
)
def test_a_user_name_has_one_form(given: str, stored: str) -> None:
    assert names.username(given) == stored
    assert names.username(stored) == stored


@pytest.mark.parametrize("given", ["", "a", "a b", "a@b", "-anna", "a/b", "x" * 65, "=1+1", "a\0b"])
def test_what_is_no_user_name_is_refused(given: str) -> None:
    with pytest.raises(names.BadUsername):
        names.username(given)


@pytest.mark.parametrize(
    "given",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "+86 138 0013 8000",
        "(+86)13800138000",
        "0086 138 0013 8000",
        "8613800138000",
        "１３８００１３８０００",
    ],
)
def test_a_phone_number_has_one_form(given: str) -> None:
    assert names.phone(given) == "+8613800138000"
    assert names.phone_shown(names.phone(given)) == "138 0013 8000"


@pytest.mark.parametrize(
    ("given", "stored"),
    [("010-12345678", "+861012345678"), ("+852 2345 6789", "+85223456789"), ("", None)],
)
def test_other_phone_numbers_are_understood(given: str, stored: str | None) -> None:
    assert names.phone(given) == stored


@pytest.mark.parametrize("given", ["12345", "1.38E+10", "phone", "138001380001", "+", "110"])
def test_what_is_no_phone_number_is_refused(given: str) -> None:
    with pytest.raises(names.BadPhone):
        names.phone(given)


def test_an_email_has_one_form() -> None:
    assert names.email(" Anna@Example.ORG ") == "anna@example.org"
    assert names.email("") is None
    for wrong in (
        "anna",
        "anna@",
        "@example.org",
        "a b@example.org",
        "a@b@c",
        "x" * 250 + "@x.org",
    ):
        with pytest.raises(names.BadEmail):
            names.email(wrong)


def test_a_name_is_shown_without_tricks() -> None:
    assert names.person("  张\u202e三  \n ") == "张三"
    assert names.person("Anna\tMüller") == "Anna Müller"
    for wrong in ("", " ", "\u200b", "x" * 81):
        with pytest.raises(names.BadName):
            names.person(wrong)


def test_a_branch_path_is_read_from_the_top_down() -> None:
    assert names.branch_path("总部/一支部") == ("总部", "一支部")
    assert names.branch_path("总部／一支部 / ") == ("总部", "一支部")
    assert names.branch_path("") == ()


LOCAL = ["/", "/courses?q=1&page=2", "/courses/消防", "/search?q=a%26b", "/x#part"]
FOREIGN = [
    "",
    "courses",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "/%0d%0aLocation:%20https://evil.example",
    "/%250d%250aX:1",
    "/%2f/evil.example",
    "/%2fevil.example",
    "/%5cevil.example",
    "/%255cevil.example",
    "/\u2028evil",
    "/a\u202egnp",
    "/\x00",
    "/" + "x" * 3000,
]


@pytest.mark.parametrize("path", LOCAL)
def test_a_path_on_this_site_is_local(path: str) -> None:
    assert names.local_path(path) == path


@pytest.mark.parametrize("path", FOREIGN)
def test_anything_else_is_not_local(path: str) -> None:
    assert names.local_path(path) is None


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel) Chrome/120.0 Mobile Safari/537.36",
            "Chrome, Android",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) MicroMessenger/8.0", "WeChat, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/120 Safari/537 Edg/120", "Edge, Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14) Version/17 Safari/605", "Safari, Mac"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_a_device_is_named_as_its_owner_knows_it(agent: str, name: str) -> None:
    assert names.device(agent) == name


# --- passwords ------------------------------------------------------------------------------------

GOOD = [
    "correct horse battery",
    "四川火锅配冰豆浆真好吃",
    "x9#Lq2!mZw",
    "ąćęłńóśźż1",
    "             a b c d",
    "tab\tand\nnewline ok",
    "🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵",
    "p" * 60 + "qrstu vwxyz 19",
    "x" * 100 + "abcdefgh ijklmnopqr stuvwx1",
]
COMMON = [
    "1234567890",
    "0987654321",
    "qwertyuiop",
    "password123",
    "P@ssword2026!",
    "Passw0rd!!",
    "1q2w3e4r5t",
    "aaaaaaaaaa",
    "1212121212",
    "iloveyou520",
    "woaini1314520",
    "admin12345",
    "Administrator",
    "adminadmin",
    "abc1234567",
    "19900101wang",
    "qazwsxedc123",
    "5201314520",
    "ｐａｓｓｗｏｒｄ１２３",
]


@pytest.mark.parametrize("password", GOOD)
def test_any_characters_make_a_password(password: str) -> None:
    passwords.check(password, context=["anna", "Sunshine Bank"])


@pytest.mark.parametrize("password", COMMON)
def test_what_everybody_tries_first_is_refused(password: str) -> None:
    with pytest.raises(passwords.PasswordTooCommon):
        passwords.check(password)


def test_the_list_is_long_and_every_long_entry_is_refused() -> None:
    listed = [p for p in passwords.common_passwords() if len(p) >= passwords.SHORTEST]
    assert len(listed) > 10_000
    assert all(passwords.is_common(p) for p in listed[:3000])


@pytest.mark.parametrize("password", ["", "a", "123456789", "九个字的密码不够长", "\u200b" * 3])
def test_a_short_password_is_refused(password: str) -> None:
    with pytest.raises(passwords.PasswordTooShort):
        passwords.check(password)


def test_129_characters_are_too_many_and_128_are_not() -> None:
    passwords.check("a b c d e " * 12 + "f" * 8)
    with pytest.raises(passwords.PasswordTooLong):
        passwords.check("a b c d e " * 12 + "f" * 9)


@pytest.mark.parametrize(
    ("password", "context"),
    [
        ("zhangsan2026", ["zhangsan"]),
        ("ZhangSan!!1", ["zhangsan"]),
        ("sunshinebank1", ["sunshinebank"]),
        ("阳光银行阳光银行一二三", ["阳光银行"]),
        ("13685247901", ["+8613685247901", "13685247901"]),
    ],
)
def test_a_password_made_of_a_known_name_is_refused(password: str, context: list[str]) -> None:
    with pytest.raises(passwords.PasswordTellsWho):
        passwords.check(password, context=context)


def test_a_known_name_inside_a_long_password_is_fine() -> None:
    passwords.check("anna drinks green tea", context=["anna"])


# --- activation codes -----------------------------------------------------------------------------


def test_a_code_is_read_back_however_it_is_typed() -> None:
    assert codes.on_paper("ABCDEFGH2345") == "ABCD-EFGH-2345"
    for typed in (
        "ABCD-EFGH-2345",
        "abcd efgh 2345",
        " ａｂｃｄｅｆｇｈ２３４５",
        "ABCD–EFGH—2345",
    ):
        assert codes.read_back(typed) == "ABCDEFGH2345"


@pytest.mark.parametrize("typed", ["", "ABCD", "ABCD-EFGH-2340", "ABCDEFGH23456", "x" * 100_000])
def test_what_cannot_be_a_code_is_nothing(typed: str) -> None:
    assert codes.read_back(typed) == ""


def test_codes_hold_nothing_that_is_mixed_up_on_paper() -> None:
    assert not set("01OIL") & set(codes.ALPHABET)
    assert len(codes.ALPHABET) ** codes.LENGTH > 2**59


# --- who may manage whom --------------------------------------------------------------------------


def test_an_organizer_manages_plain_members_of_the_own_subtree() -> None:
    organizer = Reader(1, "O", 4, (1, 4), organizes=((1, 4),))
    assert organizer.may_manage((1, 4), ())
    assert organizer.may_manage((1, 4, 9), ())
    assert not organizer.may_manage((1, 4, 9), ("trainer",))
    assert not organizer.may_manage((1, 5), ())
    assert not organizer.may_manage((1,), ())
    administrator = Reader(2, "A", 1, (1,), is_administrator=True)
    assert administrator.may_manage((1, 5), ("administrator",))
