"""Who is in the demo: a bank's Party committee with branches, its members, four accounts."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from app.core import clock
from app.core.db import unit_of_work
from app.members import service as members
from app.members.rules import Role

# The bank does not exist. Each branch names the one above it.
ROOT = "远山银行机关党委"
BRANCHES = {
    "办公室党支部": ROOT,
    "信息科技部党总支": ROOT,
    "开发中心党支部": "信息科技部党总支",
    "运行中心党支部": "信息科技部党总支",
    "运营管理部党支部": ROOT,
    "零售金融部党支部": ROOT,
    "城东分行党委": ROOT,
    "城东分行营业部党支部": "城东分行党委",
    "滨河支行党支部": "城东分行党委",
    "机关工会": ROOT,
}


@dataclass(frozen=True)
class Person:
    """One member; `eager` is how much this person learns, from 0 (nothing) to 3 (everything)."""

    username: str
    name: str
    branch: str
    eager: int


ACCOUNTS = {
    "admin": "administrator",
    "trainer": "trainer: makes courses",
    "organizer": "organizer of 信息科技部党总支",
    "member": "member",
}
PEOPLE = (
    Person("admin", "系统管理员", ROOT, 0),
    Person("trainer", "陈静", "办公室党支部", 1),
    Person("organizer", "王建国", "信息科技部党总支", 2),
    Person("member", "李明", "开发中心党支部", 0),  # history.py has a story of its own for him
    Person("zhoumin", "周敏", "办公室党支部", 3),
    Person("zhaolihua", "赵丽华", "办公室党支部", 2),
    Person("sunhao", "孙浩", "办公室党支部", 1),
    Person("zhangwei", "张伟", "开发中心党支部", 3),
    Person("liuyang", "刘洋", "开发中心党支部", 2),
    Person("huanglei", "黄磊", "开发中心党支部", 1),
    Person("xuting", "徐婷", "开发中心党支部", 3),
    Person("wuqiang", "吴强", "运行中心党支部", 2),
    Person("zhengxiaodong", "郑晓东", "运行中心党支部", 1),
    Person("fengxue", "冯雪", "运行中心党支部", 3),
    Person("hefang", "何芳", "运营管理部党支部", 2),
    Person("gaozhiyuan", "高志远", "运营管理部党支部", 1),
    Person("linxiaoyan", "林小燕", "运营管理部党支部", 0),
    Person("majunjie", "马俊杰", "零售金融部党支部", 2),
    Person("luoyumei", "罗玉梅", "零售金融部党支部", 3),
    Person("xiewenbo", "谢文博", "零售金融部党支部", 0),
    Person("tanghui", "唐慧", "城东分行营业部党支部", 3),
    Person("hanbing", "韩冰", "城东分行营业部党支部", 1),
    Person("caoyang", "曹阳", "滨河支行党支部", 2),
    Person("dengjia", "邓佳", "滨河支行党支部", 3),
    Person("jiangyunfei", "蒋云飞", "机关工会", 1),
)


def settle(accounts_file: Path, *, note: Callable[[dict[str, int]], None]) -> None:
    """Make the branches and the members, and `note` member ids by user name before the commit.

    The four accounts get random passwords, which are written to `accounts_file` and nowhere else.
    """
    passwords = {username: new_password() for username in ACCOUNTS}
    # Hashing takes its time, so it is done before the transaction.
    hashes = {name: members.password_hash(word) for name, word in passwords.items()}
    # The file first: accounts whose passwords nobody knows would be of no use.
    write_accounts(accounts_file, passwords)
    long_ago = clock.now() - timedelta(days=60)
    ids: dict[str, int] = {}
    with clock.use(lambda: long_ago), unit_of_work():
        branches = {ROOT: members.make_root(ROOT)}
        for name, above in BRANCHES.items():
            branches[name] = members.add_branch(name, parent_id=branches[above])
        for person in PEOPLE:
            branch = branches[person.branch]
            if person.username == "admin":
                ids["admin"] = members.make_administrator(
                    username="admin",
                    name=person.name,
                    branch_id=branch,
                    stored_hash=hashes["admin"],
                )
                continue
            ids[person.username] = members.add(
                username=person.username, name=person.name, branch_id=branch
            )
            if person.username in hashes:
                code = members.issue_codes([ids[person.username]])[ids[person.username]]
                members.activate(code, new_hash=hashes[person.username])
        members.grant(ids["trainer"], Role.TRAINER)
        members.grant(ids["organizer"], Role.ORGANIZER, branch_id=branches["信息科技部党总支"])
        note(ids)


def new_password() -> str:
    """Four made-up words that can be typed on a phone: about 53 bits."""

    def word() -> str:
        return "".join(secrets.choice("bdfghjklmnprstvz") + secrets.choice("aeiou") for _ in "12")

    return "-".join(word() for _ in range(4)) + f"-{secrets.randbelow(90) + 10}"


def write_accounts(path: Path, passwords: dict[str, str]) -> None:
    """Note the accounts in a file that only its owner can read."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    lines = [
        "Demo accounts of this installation, as they were made. Change or disable them before",
        "anybody else can reach it.",
        "",
        *(f"  {name:<10} {passwords[name]:<24} {ACCOUNTS[name]}" for name in ACCOUNTS),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
