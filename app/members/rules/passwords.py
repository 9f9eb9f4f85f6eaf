"""Which passwords are good enough: long, and not among those that everybody tries first."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal

SHORTEST = 10
LONGEST = 128
LEAST_DIFFERENT = 5  # different characters
LONGEST_TAIL = 8  # digits and marks behind a common word that make it no better
LEAST_BESIDE_CONTEXT = 8  # characters that must remain beside a name everybody knows


class BadPassword(Refusal):
    """The base of what is wrong with a new password."""


class PasswordTooShort(BadPassword):
    sentence = _l(
        "The password needs at least %(least)s characters. Three or four words are a good one."
    )


class PasswordTooLong(BadPassword):
    sentence = _l("The password may have at most %(most)s characters.")


class PasswordTooCommon(BadPassword):
    sentence = _l(
        "This password is one of those that are tried first. Three or four words are a good one."
    )


class PasswordTellsWho(BadPassword):
    sentence = _l("The password must not be built from your own name or the organisation's.")


# Written down here by kind; the list is every combination of these that people make.
_WORDS = """
password passwort passw0rd welcome admin administrator root master letmein login access secret
iloveyou princess sunshine dragon monkey football baseball superman batman michael jessica charlie
shadow jordan hunter freedom whatever trustno1 starwars computer internet samsung google apple
facebook qwerty qwertyuiop asdfgh asdfghjkl zxcvbn zxcvbnm abc abcd abcdef abcdefg changeme default
guest user test testing temp system server oracle cisco linux windows company office school student
teacher manager service support summer winter spring autumn january monday friday love forever
lovely angel family mother father baby flower happy lucky money success power king queen star
woaini woaiwojia woaizhongguo wobuzhidao nihao zhongguo beijing shanghai guangzhou shenzhen
zhang wang li liu chen yang huang zhao zhou wu xiao zhangwei wangwei lihua xiaoming mima denglu
dangyuan dangzhibu zhibu weike xuexi xuexiqiangguo qiangguo gongchandang renmin jiefang caonima
aini aiwojia baobao laopo laogong mama baba taobao tencent alipay weixin huawei xiaomi
"""
_ENDINGS = """
1 11 111 12 123 1234 12345 123456 1234567 12345678 123456789 1234567890 0 00 000 01 007 10 100 101
2 3 321 4321 54321 654321 88 888 8888 66 666 6666 168 520 521 1314 5201314 1314520 999 99 77 777
! !! !!! @ # . 1! 12! 123! 1234! @1 @12 @123 @1234 #1 #123 _123 a abc qwe 2020 2021 2022 2023 2024
2025 2026 2027 1980 1985 1990 1995 2000 2008 1949 1921
"""
_PIECES = """
123 1234 12345 123456 1234567 12345678 123456789 1234567890 0123456789 9876543210 987654321
147258369 147258 159357 123654 112233 11223344 1122334455 123123 123321 1234321 12344321
1234554321 520 521 1314 5201314 1314520 520520 1314521 666666 888888 000000 111111 qwe qwer qwert
qwerty qwertyuiop asd asdf asdfg asdfgh asdfghjkl zxc zxcv zxcvbn zxcvbnm qaz wsx edc qazwsx
qazwsxedc 1qaz 2wsx 3edc 1qaz2wsx 1qaz2wsx3edc 1q2w3e 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3
q1w2e3r4 q1w2e3r4t5 zaq1 xsw2 zaq12wsx abc aaa abcd abcde abcdef a1b2c3 a1b2c3d4 a1b2c3d4e5 aa11
aa123 woaini mima admin root pass
"""
_WALKS = (
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "147258369",
    "159357",
)
_STEM_AND_TAIL = re.compile(r"(.*?)([\d\W_]*)", re.DOTALL)
# A day of a life, with a few letters before or behind it.
_DATE = re.compile(r"[a-z]{0,4}(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])[a-z]{0,4}")
_DISGUISES = str.maketrans("@$0134578!", "asoleastbi")


def normalised(password: str) -> str:
    """What is hashed: full-width and half-width letters of one keyboard are the same password."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, *, context: Iterable[str] = ()) -> None:
    """Raise a BadPassword when the password is too short, too long, common, or tells who.

    `context` holds what everybody knows about the member: user name, name, the organisation.
    """
    password = normalised(password)
    if len(password) < SHORTEST:
        raise PasswordTooShort(least=SHORTEST)
    if len(password) > LONGEST:
        raise PasswordTooLong(most=LONGEST)
    if is_common(password):
        raise PasswordTooCommon
    plain = password.casefold()
    for word in context:
        known = normalised(word).casefold().strip()
        if len(known) < (3 if known.isascii() else 2) or known not in plain:
            continue
        rest = plain.replace(known, "")
        if len(rest) < LEAST_BESIDE_CONTEXT or is_common(rest):
            raise PasswordTellsWho


def is_common(password: str) -> bool:
    """Whether a password is on our list, a walk over the keyboard, a date, or signs repeated."""
    plain = normalised(password).casefold()
    half = plain[: len(plain) // 2]
    return (
        len(set(plain)) < LEAST_DIFFERENT
        or plain in common_passwords()
        or _is_a_word_with_a_tail(plain)
        or (half * 2 == plain and (half in common_passwords() or len(half) < 6))
        or _DATE.fullmatch(plain) is not None
        or _is_a_walk(plain)
    )


def _is_a_word_with_a_tail(plain: str) -> bool:
    """“P@ssword2026!!” is “password” with digits and marks behind it, and so many others."""
    stem, tail = _STEM_AND_TAIL.fullmatch(plain).groups()  # type: ignore[union-attr]
    return len(tail) <= LONGEST_TAIL and stem.translate(_DISGUISES) in _words()


def _is_a_walk(plain: str) -> bool:
    """Whether the text is made of at most three runs along rows of keys, there or back."""
    at = pieces = 0
    while at < len(plain):
        length = _longest_run(plain, at)
        if length < 3:
            return False
        at, pieces = at + length, pieces + 1
    return pieces <= 3


def _longest_run(plain: str, at: int) -> int:
    end = at
    while end < len(plain) and any(
        plain[at : end + 1] in row for walk in _WALKS for row in (walk * 2, walk[::-1] * 2)
    ):
        end += 1
    return end - at


@cache
def _words() -> frozenset[str]:
    return frozenset(_WORDS.split())


@cache
def common_passwords() -> frozenset[str]:
    """The list: several thousand passwords, and the words that make many more."""
    return frozenset(_combined())


def _combined() -> Iterator[str]:
    words, endings, pieces = _WORDS.split(), _ENDINGS.split(), _PIECES.split()
    yield from words
    yield from (word + ending for word, ending in product(words, endings))
    yield from (ending + word for ending, word in product(endings[:30], words))
    yield from (one + other for one, other in product(pieces, pieces))
    yield from (word * 2 for word in words)


def words_of(text: str) -> list[str]:
    """The words of a name, for `context`: “Zhang San, Head office” → zhang, san, head, office."""
    whole = re.sub(r"\s+", "", text)
    return [whole, *re.findall(r"\w{3,}", text)]
