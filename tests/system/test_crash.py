"""kill -9 of anything, at any moment, under load: what was acknowledged is in the journal and in
the warehouse, once, and the balance adds up. So are the rows of a file whose import was cut off,
and the reactions of a plugin that was killed while it reacted."""

import collections
import re
import subprocess

import pytest

from client import Publisher, check_balance, differences, graduated, ids, nik, pending, \
    person_key, seeded
from conftest import BUILD, PATIENCE, SANITIZED, event, vacancy

KILLS = 5 if SANITIZED else 20
STEP = 300      # events between two kills
IN_FLIGHT = 80  # 8 messages of 10 events


# ---- Load: four types, so that four projections have to be right


def person(number):
    return nik(number)


def load(number):
    """The n-th event: a graduate, then what becomes of that graduate, then a vacancy."""
    kind, number = number % 4, number // 4
    who = {"nik": person(number)}
    id_ = f"muatan-{number}-{kind}"
    if kind == 0:
        return graduated(person(number), _id=id_, name=f"Alumnus {number}", phone="0812000")
    if kind == 1:
        return event("outcome.reported", {"date": "2020-02-01", "status": "employed", **who},
                     id=id_)
    if kind == 2:
        return event("placement.started", {"date": "2020-01-15", "employer": "Bengkel Maju",
                                           "kind": "employment", **who}, id=id_)
    return vacancy(f"Juru las {number}", id=id_)


PROJECTIONS = {"alumni.graduated": "alumni", "outcome.reported": "outcome",
               "placement.started": "placement", "vacancy.opened": "vacancy"}


class Journal:
    """Everything in the journal so far, read on from where it was read last, as administrator."""

    def __init__(self, node):
        self.node, self.cursor, self.events = node, "0", []

    def read(self):
        while True:
            kind, result, events = self.node.request("FETCH", {"after": self.cursor,
                                                               "max_events": 1000})
            assert kind == "EVENTS", result
            self.events += events
            self.cursor = result["cursor"]
            if result["behind"] == 0:
                return self.events


def check_journal(journal, publisher, whole):
    """No acknowledged event is missing and none is there twice; in the end everything that was
    sent is acknowledged, so that the journal holds just that."""
    acknowledged = ids(list(publisher.acknowledged))
    found = ids(journal.read())
    under_way = set() if whole else set(found) - set(acknowledged)
    problem = differences(set(acknowledged) | under_way, found)
    assert not problem, f"{len(acknowledged)} acknowledged, {len(found)} in the journal: " \
        f"{problem}\n{journal.node.log()}"


def check_warehouse(node, database, expected):
    """Each of these events is in jejaring.event once, and each in its projection."""
    rows = database.psql("SELECT id FROM jejaring.event").split()
    problem = differences(ids(expected), rows)
    assert not problem, f"jejaring.event: {problem}\n{node.log()}"
    for type_, count in collections.Counter(e["type"] for e in expected).items():
        if type_ in PROJECTIONS:
            found = int(database.psql(f"SELECT count(*) FROM jejaring.{PROJECTIONS[type_]}"))
            assert found == count, f"{PROJECTIONS[type_]}: expected {count} rows, found {found}"
    verified = subprocess.run([BUILD / "jejaringctl", "-c", node.file, "warehouse", "verify"],
                              capture_output=True, text=True, env=dict(database.env),
                              timeout=PATIENCE, check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def wait_for_warehouse(node):
    def caught_up():
        status = node.request("STATUS")[1]
        return pending(status, "warehouse") == 0 and status
    return node.wait(caught_up, "the warehouse to have everything")


class Stored:
    """How far the warehouse has come, asked over a connection that stays."""

    def __init__(self, database):
        self.connection = database.connect()
        self.connection.autocommit = True

    def cursor(self):
        with self.connection.cursor() as statement:
            statement.execute("SELECT to_regclass('jejaring.consumer_cursor')")
            if statement.fetchone()[0] is None:
                return 0  # not migrated yet
            statement.execute("SELECT coalesce(max(cursor), 0) FROM jejaring.consumer_cursor")
            return statement.fetchone()[0]


@pytest.mark.parametrize("victim", ["hub", "warehouse", "everything"])
def test_no_acknowledged_event_is_lost_or_doubled(node, database, victim):
    pick = seeded(f"kills of {victim}")
    n = node({"warehouse": {"audiences": ["node"], "regions": ["*"],
                            "options": {"conninfo": database.conninfo}}}).start()
    publisher, journal, stored = Publisher(n.endpoint, load), Journal(n), Stored(database)
    publisher.start()
    kills = 0
    # Some more if none has hit anything in flight: on a busy machine they may come too late.
    while kills < KILLS or (victim != "warehouse" and not publisher.resent and kills < 5 * KILLS):
        kills += 1
        # Somewhere in the flow: so many acknowledgements later, when more is under way; for the
        # worker not before it has stored something since it was killed last.
        mark, before = len(publisher.acknowledged) + pick.randrange(STEP), stored.cursor()
        pid = None if victim == "everything" else n.pid(victim)
        publisher.allow(STEP + IN_FLIGHT - (publisher.allowed - publisher.sent))
        n.wait(lambda: publisher.trouble or len(publisher.acknowledged) > mark, "acknowledgements")
        if victim == "warehouse":
            n.wait(lambda: stored.cursor() > before, "the warehouse to go on")
        if victim == "everything":
            n.kill_all()
            n.start()
        else:
            n.wait_restart(victim, n.kill(victim, pid=pid))
        check_balance(n.request("STATUS")[1], n.log())
        check_journal(journal, publisher, whole=False)
    publisher.stop()
    check_journal(journal, publisher, whole=True)
    status = check_balance(wait_for_warehouse(n), n.log())
    assert status["balance"]["rejected"] == 0
    assert status["balance"]["accepted"] == len(publisher.acknowledged) == publisher.sent
    check_warehouse(n, database, publisher.acknowledged)
    print(f"{kills} kills, {publisher.sent} events, {publisher.resent} messages sent again")
    if victim != "warehouse":
        assert publisher.resent > 0, "no kill hit anything in flight: this test has shown nothing"


# ---- Files


HEADER = "NIK;Nama;Tanggal Lulus;Program;Kejuruan;Angkatan;Tahun;Sumber Dana"
ROWS, BAD = (1500, 7) if SANITIZED else (6000, 25)


def table(rows, bad):
    """A file of graduates, with rows in between whose NIK is too short."""
    lines = [HEADER]
    for number in range(rows):
        lines.append(f"{person(number)};Alumnus {number};31/07/2019;PBK;Las SMAW 3G;II;2019;APBD")
        if number % (rows // bad) == 0:
            lines.append(f"3375;Keliru {number};31/07/2019;PBK;Las SMAW 3G;II;2019;APBD")
    return "\n".join(lines) + "\n"


def cut_off(n, victim, rows, bad):
    """Drops a file into the inbox and kills while it is read; returns how often."""
    folder = n.folder / "inbox" / "alumni.graduated"
    n.wait(folder.exists, "the inbox")
    (folder / ".alumni.csv").write_text(table(rows, bad))
    (folder / ".alumni.csv").rename(folder / "alumni.csv")

    def head():
        return int(n.request("STATUS")[1]["journal"]["head"])

    kills = 0
    for share in (0.1, 0.3, 0.5, 0.7):
        n.wait(lambda: head() > rows * share, "the import to go on")
        if not (folder / "alumni.csv").exists():
            break
        kills += 1
        if victim == "everything":
            n.kill_all()
            n.start()
        else:
            n.wait_restart(victim, n.kill(victim))
    n.wait(lambda: (folder / "done" / "alumni.csv").exists(), "the file in done/")
    return kills


@pytest.mark.parametrize("victim", ["hub", "blk", "everything"])
def test_an_import_that_is_cut_off_doubles_and_forgets_no_row(node, victim):
    # Once more with a longer file if it was over too soon: on a busy machine who kills may be late.
    for times in (1, 2, 4, 8):
        rows, bad = ROWS * times, BAD * times
        n = node({"blk": {"audiences": ["blk"], "inbox": "inbox"}}).start()
        kills = cut_off(n, victim, rows, bad)
        if kills >= 2:
            break
        n.stop()
    assert kills >= 2, "the import was over too soon: this test has shown nothing"

    found = n.fetch_all()
    expected = [person_key(n, person(number)) for number in range(rows)]
    problem = differences(expected, [e["subject"] for e in found])
    assert not problem, f"persons: {problem}\n{n.log()}"
    folder = n.folder / "inbox" / "alumni.graduated"
    rejected = list((folder / "rejected").iterdir())
    assert [path.name for path in rejected] == ["alumni.ditolak.csv"], rejected
    names = re.findall(r"Keliru (\d+)", rejected[0].read_text(encoding="utf-8-sig"))
    problem = differences(re.findall(r"Keliru (\d+)", table(rows, bad)), names)
    assert not problem, f"rejected rows: {problem}"
    left = {path.name for path in folder.iterdir()}
    assert left == {"done", "rejected"}, f"left behind: {left}"
    assert (folder / "done" / "alumni.csv").read_text() == table(rows, bad)
    check_balance(n.request("STATUS")[1], n.log())


# ---- Reactions


def applicants(vocations, each):
    """Vacancies, each for a vocation of its own with a seat for every one of its graduates: who is
    proposed where does not depend on the order in which anything happens."""
    opened, graduates, expected = [], [], set()
    for trade in range(vocations):
        one = vacancy(f"Lowongan {trade}", id=f"lowongan-{trade}")
        one["data"].update(headcount=each, vocations=[f"kejuruan-{trade}"])
        opened.append(one)
        for number in range(each):
            who = person(trade * each + number)
            graduates.append(graduated(who, vocation=f"kejuruan-{trade}", consent=["industry"],
                                       _id=f"lulus-{trade}-{number}"))
            expected.add((who, one["subject"]))
    return opened, graduates, expected


@pytest.mark.parametrize("victim", ["industry", "hub", "everything"])
def test_a_reaction_that_is_cut_off_happens_once(node, victim):
    pick = seeded(f"kills of {victim} in a reaction")
    vocations, each = (20, 8) if SANITIZED else (60, 12)
    opened, graduates, expected = applicants(vocations, each)
    n = node({"industry": {"audiences": ["industry", "blk"]}}).start()
    publisher_input = opened + graduates
    pick.shuffle(publisher_input)
    publisher = Publisher(n.endpoint, publisher_input.__getitem__, in_flight=2,
                          allowed=len(publisher_input))
    publisher.start()
    for share in (0.1, 0.2, 0.35, 0.5, 0.65, 0.8):
        n.wait(lambda: publisher.trouble or
               len(n.fetch_all(["placement.proposed"])) >= share * len(expected), "proposals")
        if victim == "everything":
            n.kill_all()
            n.start()
        else:
            n.wait_restart(victim, n.kill(victim))
        check_balance(n.request("STATUS")[1], n.log())
    publisher.stop()
    n.wait(lambda: pending(n.request("STATUS")[1], "industry") == 0 and
           len(n.fetch_all(["placement.proposed"])) >= len(expected), "all proposals")
    found = [(e["subject"], e["data"]["vacancy"]) for e in n.fetch_all(["placement.proposed"])]
    problem = differences({(person_key(n, who), where) for who, where in expected}, found)
    assert not problem, f"proposals: {problem}\n{n.log()}"
    check_balance(n.request("STATUS")[1], n.log())
