"""kill -9 of the hub while 5 agencies publish and 10 others subscribe, each with rights of its own:
every subscriber sees every event that it may see, in order, none missing; the warehouse has each
once; the balance adds up after each kill.

JJ_KILLS=50 kills 50 times instead of a few:
    JJ_KILLS=50 pytest tests/system/test_kill_subscribers.py
"""

import os
import threading
import time


from client import CATALOGUE, Connection, Publisher, check_balance, declared, differences, \
    graduated, ids, may_know, nik, pending, seeded, view, write_agency
from conftest import PATIENCE, SANITIZED, event, vacancy

KILLS = int(os.environ.get("JJ_KILLS") or (4 if SANITIZED else 8))
STEP = 60  # events of each publisher between two kills
PROPERTIES = {type_: declared(schema) for type_, schema in CATALOGUE.items()}
PUBLISHERS = [f"penerbit-{number}" for number in range(5)]
REGIONS = ["33.75", "33.26", "15.07"]
SUBSCRIBERS = {
    "blk-kota": (["blk"], ["33.75"]), "blk-jawa": (["blk"], ["33"]), "blk-semua": (["blk"], ["*"]),
    "industri": (["industry"], ["33"]), "industri-jauh": (["industry"], ["15.07"]),
    "bank": (["capital"], ["*"]), "uld": (["disability"], ["33"]), "dinas": (["province"], ["*"]),
    "opd": (["opd", "cooperative"], ["33.26", "15.07"]), "umum": (["public"], ["*"]),
}


def door(node, agency):
    return f"ipc://{node.folder}/run/{agency}.sock"


def load(publisher):
    """The n-th event of a publisher: graduates, of whom each third agrees to be seen by industry and
    banks, vacancies, and reports of employers, in three regions."""
    def make(number):
        common = {"id": f"muatan-{number}", "source": f"/{publisher}",
                  "region": REGIONS[number % 7 % 3]}
        if number % 3 == 0:
            who = nik(PUBLISHERS.index(publisher) * 10000 + number)
            agreed = {"consent": ["industry", "capital"]} if number % 9 == 0 else {}
            return {**graduated(who, **agreed), **common}
        if number % 3 == 1:
            return {**vacancy(f"Juru las {number}"), **common}
        return event("quota.reported", {
            "date": "2024-01-15", "employer": "0f1af257-50e8-873f-a2b7-6174c0be81a1",
            "employer_name": "Bengkel Maju", "headcount": 100 + number, "disabled_headcount": 1,
            "ownership": "private"}, subject="0f1af257-50e8-873f-a2b7-6174c0be81a1", **common)
    return make


class Subscriber(threading.Thread):
    """Fetches by name, notes what it is given, then commits. It keeps nothing itself: after a
    connection without a word it goes on from where the hub says that it was."""

    SILENCE_S = 1  # twice as long each time in vain: a slow hub must not be asked ever more

    def __init__(self, endpoint):
        super().__init__(daemon=True)
        self.endpoint, self.events, self.again, self.trouble = endpoint, {}, 0, None
        self.ending, self.patience_s = threading.Event(), self.SILENCE_S

    def run(self):
        while not self.ending.is_set() and not self.trouble:
            connection = Connection(self.endpoint)
            try:
                while self.step(connection):
                    pass
            except Exception as trouble:
                self.trouble = repr(trouble)
            finally:
                connection.close()

    def ask(self, connection, verb, options):
        connection.send(verb, options)
        end = time.monotonic() + self.patience_s
        while time.monotonic() < end and not self.ending.is_set():
            if connection.socket.poll(50):
                kind, result, events, _ = connection.receive()
                self.patience_s = self.SILENCE_S
                if kind == "ERROR" and result["code"] != "unavailable":
                    self.trouble = result
                return None if kind == "ERROR" else (result, events)
        self.patience_s = min(2 * self.patience_s, 10)
        return None

    def step(self, connection):
        answer = self.ask(connection, "FETCH", {"name": "ikut", "wait_ms": 300, "max_events": 20})
        if not answer:
            return False
        result, events = answer
        for one in events:
            known = self.events.setdefault((one["source"], one["id"]), one)
            self.again += known is not one
        return self.ask(connection, "COMMIT", {"name": "ikut", "cursor": result["cursor"]})

    def stop(self):
        self.ending.set()
        self.join(PATIENCE)
        assert not self.trouble, self.trouble


def expected(agency, stored):
    audiences, regions = SUBSCRIBERS[agency]
    seen = []
    for one in stored:
        covered = any(r in ("*", one["region"]) or one["region"].startswith(r + ".")
                      for r in regions)
        properties, consent = PROPERTIES[one["type"]], set(one["data"].get("consent", []))
        if covered and may_know(properties, audiences, consent):
            shown = {**one, "data": view(properties, one["data"], audiences, consent)}
            if one["type"] == "alumni.graduated" and audiences == ["public"]:
                del shown["subject"]
            seen.append(shown)
    return seen


def test_every_subscriber_sees_everything_in_order_however_often_the_hub_dies(node, database):
    pick = seeded("kills of the hub")
    n = node({"warehouse": {"audiences": ["node"], "regions": ["*"],
                            "options": {"conninfo": database.conninfo}}}, agencies="agencies.d")
    n.write_config(hub={"listen": [{"endpoint": door(n, one), "as": one}
                                   for one in (*PUBLISHERS, *SUBSCRIBERS)]})
    for one in PUBLISHERS:
        write_agency(n, one, ["opd"], regions=["*"],
                     publishes=["alumni.graduated", "vacancy.opened", "quota.reported"])
    for one, (audiences, regions) in SUBSCRIBERS.items():
        write_agency(n, one, audiences, regions=regions)
    n.start()
    publishers = [Publisher(door(n, one), load(one), in_flight=4) for one in PUBLISHERS]
    subscribers = {one: Subscriber(door(n, one)) for one in SUBSCRIBERS}
    for thread in (*publishers, *subscribers.values()):
        thread.start()

    def acknowledged():
        return sum(len(one.acknowledged) for one in publishers)

    kills = 0
    # Some more if none has hit anything in flight: on a busy machine they may come too late.
    while kills < KILLS or (not any(one.resent for one in publishers) and kills < 5 * KILLS):
        kills += 1
        pid = n.pid("hub")
        mark = acknowledged() + pick.randrange(len(publishers) * STEP // 2)
        for one in publishers:
            one.allow(STEP + 40 - (one.allowed - one.sent))
        n.wait(lambda: acknowledged() > mark or any(one.trouble for one in publishers),
               "acknowledgements")
        n.wait_restart("hub", n.kill("hub", pid=pid))
        check_balance(n.request("STATUS")[1], n.log())
    for one in publishers:
        one.stop()

    def all_read():
        status = check_balance(n.request("STATUS")[1], n.log())
        return all(pending(status, one) == 0 for one in (*SUBSCRIBERS, "warehouse"))
    n.wait(lambda: all_read() or any(one.trouble for one in subscribers.values()),
           "everybody to have read everything")
    for one in subscribers.values():
        one.stop()
    stored = n.fetch_all()
    sent = [(e["source"], e["id"]) for one in publishers for e in one.acknowledged]
    problem = differences(sent, [(e["source"], e["id"]) for e in stored])
    assert not problem, f"journal: {problem}\n{n.log()}"
    for agency, subscriber in subscribers.items():
        want, got = expected(agency, stored), list(subscriber.events.values())
        problem = differences(ids(want), ids(got)) if len(want) != len(got) else ""
        assert got == want, f"{agency}: {len(want)} expected, {len(got)} came: {problem}\n{n.log()}"
    assert any(expected(one, stored) for one in SUBSCRIBERS) and sum(
        one.resent for one in publishers) > 0, "no kill has hit anything: this test shows nothing"
    rows = database.psql("SELECT source || ' ' || id FROM jejaring.event").splitlines()
    problem = differences([f"{source} {id_}" for source, id_ in sent], rows)
    assert not problem, f"jejaring.event: {problem}\n{n.log()}"
    print(f"{kills} kills, {len(stored)} events; given again: "
          f"{sum(one.again for one in subscribers.values())}")
