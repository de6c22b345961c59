"""The data are the company's, and the person's: taken along, brought in, erased, kept no longer than needed."""

import csv
import json
import stat
import time
from pathlib import Path

import pytest

from db import conversations, drafts, messages, notes, search, users
from db.clock import utc_text
from db.drafts import Draft
from db.search_index import tokens
from handlers import upkeep
from manage.database import transaction
from tests.conftest import Desk
from tests.pages.fill import add_messages, add_people
from tests.service import manage

pytestmark = pytest.mark.gen_test


def done(*arguments: str, stdin: str = "") -> str:
    """The output of a command that must succeed."""
    ended = manage(*arguments, stdin=stdin)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def refused(*arguments: str, stdin: str = "") -> str:
    """What a command says that must fail."""
    ended = manage(*arguments, stdin=stdin)
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    return ended.stderr


# Export


def test_messages_are_exported_for_programs_spreadsheets_and_paper(database_url: str, tmp_path: Path) -> None:
    ids, option = add_people(database_url), f"--database={database_url}"
    add_messages(database_url, "anna", 1_001)
    hostile = '=1+1 <script>alert("x")</script>\n"ё", & it'
    with transaction(database_url) as connection:
        boris = users.find_by_name(connection, "boris")
        assert boris
        drafts.add(connection, Draft(boris, boris.id, hostile))
        notes.add(connection, boris.id, "olga", "a <b>note</b>", None)
    lines, table, page = (tmp_path / f"all.{ending}" for ending in ("jsonl", "csv", "html"))
    assert "wrote 1002 messages" in done("export", str(lines), option)
    read = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [one["message_id"] for one in read] == list(range(1, 1_003))
    assert (read[-1]["message_text"], read[-1]["user_name"], read[-1]["user_id"]) == (hostile, "boris", ids["boris"])
    assert read[1]["invader_name"] == "olga"
    done("export", str(table), option)
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1_002
    assert rows[-1]["message_text"] == "'" + hostile
    assert rows[-1]["created"] == utc_text(read[-1]["created"])
    done("export", str(page), "--user=boris", option)
    drawn = page.read_text()
    assert "=1+1 &lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;\n&quot;ё&quot;, &amp; it" in drawn
    assert "Note · olga" in drawn
    assert "a &lt;b&gt;note&lt;/b&gt;" in drawn
    assert "<script" not in drawn
    assert "Message 1" not in drawn
    assert {stat.S_IMODE(file.stat().st_mode) for file in (lines, table, page)} == {0o600}
    assert "wrote 1 messages" in done("export", str(lines), "--user=boris", "--yes", option)


def test_an_export_that_can_not_be_changes_no_file(database_url: str, tmp_path: Path) -> None:
    add_people(database_url)
    option, file = f"--database={database_url}", tmp_path / "all.jsonl"
    file.write_text("mine")
    assert "Aborted" in refused("export", str(file), option)
    assert "there is no user nobody" in refused("export", str(file), "--yes", "--user=nobody", option)
    assert "name the customer with --user=" in refused("export", f"{tmp_path}/x.html", option)
    assert "end in .jsonl, .csv or .html" in refused("export", f"{tmp_path}/x.txt", option)
    assert file.read_text() == "mine"
    assert list(tmp_path.glob("*.part")) == []


# Import


def test_users_are_imported_all_or_none_with_a_line_for_each_row(database_url: str, tmp_path: Path) -> None:
    option, file = f"--database={database_url}", tmp_path / "staff.csv"
    file.write_text(
        "name,password,role\nolga,a secret,operator\nboris,,\nanna,a secret,boss\nolga,another one,\n"
        f"vera,a secret\n{'x' * 256},a secret,\n"
    )
    told = refused("user", "import", str(file), option)
    for line in (
        "line 3: a password has at least 8 characters",
        "line 4: the role is customer or operator, not boss",
        "line 5: there is a user olga already",
        "line 6: it has not as many cells as the first line",
        "line 7: a name has 1 to 255 characters",
        "nobody was added",
    ):
        assert line in told
    assert done("user", "list", option) == ""
    file.write_bytes('\ufeffname;password;role\r\nolga;"a;b;c;d;";operator\r\n\r\nАнна Ё;a secret;\r\n'.encode())
    told = done("user", "import", str(file), option)
    assert "line 2: added the operator olga, id 1" in told
    assert "line 4: added the customer Анна Ё, id 2" in told
    assert "line 2: there is a user olga already" in refused("user", "import", str(file), option)
    assert "the first line must name the columns" in refused("user", "import", "-", option, stdin="olga,secret\n")
    file.write_bytes("name,password\nАнна,secret\n".encode("cp1251"))
    assert "is no CSV file in UTF-8" in refused("user", "import", str(file), option)


# Erasing


def test_an_erased_customer_is_counted_and_nobody(database_url: str) -> None:
    ids, option = add_people(database_url), f"--database={database_url}"
    add_messages(database_url, "boris", 2)
    add_messages(database_url, "anna", 431)
    with transaction(database_url) as connection:
        notes.add(connection, ids["anna"], "olga", "anna pays late", "key")
        users.ensure_key(connection, ids["anna"])
    done_before = manage("user", "list", option).stdout
    assert "Aborted" in refused("user", "erase", "anna", option, stdin="n\n")
    assert manage("user", "list", option).stdout == done_before
    assert "431 messages have no text" in done("user", "erase", "anna", "--yes", option)
    other = f"erased {ids['anna']}"
    with transaction(database_url) as connection:
        assert users.find_by_name(connection, "anna") is None
        erased = users.find_by_name(connection, other)
        assert erased
        assert (erased.id, erased.user_password) == (ids["anna"], "")
        assert messages.count(connection, erased.id) == 431
        assert {message.message_text for message in messages.iterate(connection, erased.id)} == {""}
        assert [note.text for note in notes.list_all(connection, erased.id)] == [""]
        conversation = conversations.get(connection, erased.id)
        assert (conversation.is_closed, conversation.waiting_id) == (True, None)
        assert [one.user_name for one in search.find(connection, "message 1", 2**62, 10)] == ["boris"]
        assert len(list(messages.iterate(connection, ids["boris"]))) == 2
    assert "there is no user anna" in refused("user", "erase", "anna", "--yes", option)


async def test_what_was_erased_leaves_the_search_index(desk: Desk, database_url: str) -> None:
    anna = await desk.enter("anna")
    for number in range(5):
        await anna.call("message.send", f"secret {number}")
    await upkeep.index_messages(desk.database)
    done("user", "erase", "anna", "--yes", f"--database={database_url}")
    with transaction(database_url) as connection:
        index, pair = connection.search, tokens("se")
        found = connection.execute(index.find, (index.match([pair], [pair]), 2**31, 10)).fetchall()
        assert list(found) == []
    done("user", "remove", f"erased {desk.ids['anna']}", "--yes", f"--database={database_url}")


def test_an_erased_operators_answers_and_notes_stay_under_another_name(database_url: str) -> None:
    ids, option = add_people(database_url), f"--database={database_url}"
    add_messages(database_url, "anna", 4)
    add_messages(database_url, "anna", 2, operator="oleg")
    with transaction(database_url) as connection:
        notes.add(connection, ids["anna"], "olga", "a note", "key")
    assert "3 answers and notes are under" in done("user", "erase", "olga", "--yes", option)
    other = f"erased {ids['olga']}"
    with transaction(database_url) as connection:
        found = list(messages.iterate(connection, ids["anna"]))
        assert [one.invader_name for one in found] == ["", other, "", other, "", "oleg"]
        assert found[1].message_text == "Message 2"
        assert [note.operator_name for note in notes.list_all(connection, ids["anna"])] == [other]
        assert conversations.get(connection, ids["anna"]).operator_id is None
    done("user", "remove", "oleg", "--yes", option)
    assert "1 answers and notes are under erased" in done("user", "erase", "oleg", "--yes", option)


# Retention


def let_age(url: str, *conditions: str) -> None:
    """Make messages or notes forty days old."""
    with transaction(url) as connection:
        for condition in conditions:
            table, _, where = condition.partition(" ")
            sql = f"UPDATE {table} SET created = ? WHERE {where}"  # noqa: S608  # the tests' own
            connection.execute(sql, (utc_text(int(time.time()) - 40 * 86_400),))


async def test_old_messages_and_notes_go_and_conversations_stay_true(desk: Desk, database_url: str) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    await olga.call("events.subscribe", ["conversation"])
    for number in range(70):
        await anna.call("message.send", f"question {number}")
    await olga.call("note.add", desk.ids["anna"], "an old note")
    await olga.call("note.add", desk.ids["anna"], "a new note")
    await upkeep.index_messages(desk.database)
    let_age(database_url, "messages id <= 60", "notes id = 1")
    await olga.heard("conversation")
    await upkeep.purge_old(desk.database, desk.presence, 30)
    opened = await olga.call("conversation.open", desk.ids["anna"])
    assert [message["message_id"] for message in opened["messages"]] == list(range(61, 71))
    assert [note["text"] for note in opened["notes"]] == ["a new note"]
    assert (opened["conversation"]["unread"], opened["conversation"]["status"]) == (10, "open")
    assert opened["conversation"]["waiting_since"] == opened["messages"][0]["created"]
    told = (await olga.heard("conversation"))[-1]
    assert (told["version"], told["unread"]) == (opened["conversation"]["version"], 10)
    assert (await olga.call("message.search", "question 5"))["messages"] == []
    assert len((await olga.call("message.search", "question 6"))["messages"]) == 10
    assert (await anna.call("message.send", "the next"))["message"]["message_id"] == 71


async def test_a_conversation_without_messages_is_closed_until_the_next_one(desk: Desk, database_url: str) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    await anna.call("message.send", "a question")
    await olga.call("message.operatorSend", "an answer", desk.ids["anna"])
    let_age(database_url, "messages id <= 2")
    await upkeep.purge_old(desk.database, desk.presence, 30)
    listed = await olga.call("conversation.list", "closed")
    (conversation,) = listed["conversations"]
    assert (conversation["last_message"], conversation["unread"]) == (None, 0)
    assert (await desk.enter("anna")).frames[0]["result"]["messages"] is None
    await anna.call("message.send", "again")
    assert (await olga.call("conversation.list", "waiting"))["counts"]["waiting"] == 1


async def test_what_is_young_enough_stays(desk: Desk) -> None:
    anna = await desk.enter("anna")
    await anna.call("message.send", "a question")
    await upkeep.purge_old(desk.database, desk.presence, 30)
    assert len((await anna.call("message.history"))["messages"]) == 1
