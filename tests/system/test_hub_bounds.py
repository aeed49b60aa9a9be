"""What the hub bounds, tells and gives back: erasure that an event asks for, what a consumer put
aside and is given again, what retention took from somebody, how much of the hub one agency can
hold for itself, and what an answer says of a bad event."""

import datetime
import json
import sqlite3
import time

import pytest
import zmq

from client import Connection, check_balance, connected, event_key, graduated, nik, person_key, \
    write_agency
from conftest import SANITIZED, event, fresh_id, vacancy

WHO, OTHER = nik(77, woman=True), nik(78)
CONTACT = {"name": "Sekar Melati", "phone": "081212345678"}


def door(node, agency):
    return f"ipc://{node.folder}/run/{agency}.sock"


def agencies(node, config=None, **hub):
    """A node with agencies of its own: name: (audiences, regions, types)."""
    config = config or {"blk": (["blk"], ["33"], ["alumni.*", "person.erased", "consent.*"]),
                        "bank": (["capital"], ["33.75"], ["vacancy.opened"]),
                        "industri": (["industry"], ["33"], ["vacancy.opened"])}
    n = node(agencies="agencies.d")
    n.write_config(hub={"listen": [{"endpoint": door(n, one), "as": one} for one in config], **hub})
    for one, (audiences, regions, types) in config.items():
        write_agency(n, one, audiences, regions=regions, publishes=types)
    return n.start()


@pytest.fixture
def office(node):
    return agencies(node)


def consumer(n, name):
    return [c for c in check_balance(n.request("STATUS")[1])["consumers"] if c["name"] == name][0]


def erased(who=None, **attributes):
    data = {"date": "2024-02-01"}
    if who:
        data["nik"] = who
    return event("person.erased", data, **attributes)


# ---- Erasure that an event asks for


def test_a_published_erasure_empties_journal_vault_and_quarantine(office):
    n = office
    person = person_key(n, WHO)
    with connected(door(n, "blk")) as blk, connected(door(n, "industri")) as industry:
        blk.publish([graduated(WHO, consent=["industry"], **CONTACT), graduated(OTHER, **CONTACT),
                     graduated(WHO, _region="33.26", **CONTACT)])
        rejected = blk.ok("PUBLISH", {}, [graduated(WHO, _region="3375", **CONTACT)])["rejected"]
        assert len(rejected) == 1 and len(n.request("QUARANTINE")[1]["entries"]) == 1
        shown = industry.request("REVEAL", {"person": person, "purpose": "uji"})
        assert shown[0] == "OK" and shown[1]["contact"]["name"] == CONTACT["name"]
        blk.publish([erased(WHO)])
        kind, result, _ = industry.request("REVEAL", {"person": person, "purpose": "uji"})
        assert (kind, result["code"]) == ("ERROR", "forbidden")
        assert n.request("QUARANTINE")[1]["entries"] == []
        told = industry.fetch()
        assert {(e["type"], e["region"], e["subject"]) for e in told} == \
            {("person.erased", "33.75", person), ("person.erased", "33.26", person)}
        assert len(told) == 2, "once in each region where the person's events lay"
        # Whoever says it again says it to nobody who has not heard it.
        blk.publish([erased(WHO)])
        assert len(industry.fetch()) == 3
    assert [e["subject"] for e in n.fetch_all(["alumni.graduated"])] == [person_key(n, OTHER)]
    actions = n.request("TRACE", {"person": person})[1]["actions"]
    assert [(a["action"], a["agency"]) for a in actions] == \
        [("reveal", "industri"), ("erase", "blk"), ("erase", "blk")]
    assert n.request("AUDIT")[1]["intact"]
    check_balance(n.request("STATUS")[1], n.log())
    journal = sqlite3.connect(f"file:{n.folder}/state/journal.db?mode=ro", uri=True)
    assert journal.execute("SELECT count(*) FROM vault").fetchone() == (1,)
    journal.close()


def test_what_is_said_behind_an_erasure_in_the_same_message_stays(office):
    n = office
    with connected(door(n, "blk")) as blk:
        blk.publish([graduated(WHO, **CONTACT), erased(WHO),
                     graduated(WHO, consent=["industry"], name="Sekar Kembali")])
    assert [e["type"] for e in n.fetch_all()] == ["person.erased", "alumni.graduated"]
    with connected(door(n, "industri")) as industry:
        told = industry.ok("REVEAL", {"person": person_key(n, WHO), "purpose": "uji"})
    assert told["contact"]["name"] == "Sekar Kembali"


def test_who_may_not_say_it_erases_nobody(office):
    n = office
    with connected(door(n, "blk")) as blk, connected(door(n, "bank")) as bank:
        blk.publish([graduated(WHO, consent=["industry"], **CONTACT)])
        result = bank.ok("PUBLISH", {}, [erased(WHO)])
        assert [r["code"] for r in result["rejected"]] == ["forbidden"]
        assert len(n.fetch_all()) == 1


def test_hundreds_are_erased_in_one_message(office):
    """One pass over the journal, not one for each: the hub goes on."""
    n = office
    people = [nik(number) for number in range(100, 100 + (60 if SANITIZED else 300))]
    with connected(door(n, "blk")) as blk:
        blk.publish([graduated(who, **CONTACT) for who in people])
        blk.publish([erased(who) for who in people])
    assert {e["type"] for e in n.fetch_all()} == {"person.erased"}
    check_balance(n.request("STATUS")[1], n.log())


# ---- What was put aside, once more


def test_what_a_consumer_put_aside_is_given_to_it_once_more(office):
    n = office
    one, two = graduated(WHO, consent=["industry"]), vacancy()
    n.publish([one, two])
    with connected(door(n, "industri")) as reader:
        _, result, first = reader.request("FETCH", {"name": "baca"})
        key = event_key(one)
        reader.ok("COMMIT", {"name": "baca", "cursor": result["cursor"],
                             "rejected": [{"key": key, "reason": "belum bisa"}]})
        entry, = n.request("QUARANTINE")[1]["entries"]
        before = consumer(n, "industri/baca")
        waiting = reader.send("FETCH", {"name": "baca", "wait_ms": 60000})
        n.wait(lambda: n.request("STATUS")[1]["waiting"] == 1, "the reader to wait")
        kind, told, _ = n.request("RETRY", {"number": entry["number"]})
        assert (kind, told["again"]) == ("OK", "industri/baca")
        kind, told, events, number = reader.receive()  # who waits is asked to come again
        assert (kind, told["count"], number) == ("EVENTS", 0, waiting)
        kind, told, events = reader.request("FETCH", {"name": "baca", "wait_ms": 60000})
        assert (kind, told["again"], told["cursor"]) == ("EVENTS", True, result["cursor"])
        assert events == [e for e in first if e["id"] == one["id"]], "as it may see it"
        # It cannot use it yet: it is put aside again, with what it says now.
        reader.ok("COMMIT", {"name": "baca", "cursor": told["cursor"],
                             "rejected": [{"key": key, "reason": "masih belum"}]})
        entry, = n.request("QUARANTINE")[1]["entries"]
        assert entry["detail"] == "masih belum"
        n.request("RETRY", {"number": entry["number"]})
        n.wait_restart("hub", n.kill("hub"))  # what an administrator wanted is not forgotten
    with connected(door(n, "industri")) as reader:
        _, told, events = reader.request("FETCH", {"name": "baca"})
        assert told["again"] and len(events) == 1
        reader.ok("COMMIT", {"name": "baca", "cursor": told["cursor"]})
        _, told, events = reader.request("FETCH", {"name": "baca"})
        assert "again" not in told and events == []
    assert n.request("QUARANTINE")[1]["entries"] == []
    after = consumer(n, "industri/baca")
    assert {k: after[k] for k in ("cursor", "delivered", "filtered")} == \
        {k: before[k] for k in ("cursor", "delivered", "filtered")}, "counted once"


def test_one_answer_at_a_time_is_given_once_more(office):
    """A COMMIT does not say for which it is: what is asked for ahead of it has to wait for it."""
    n = office
    pair = [graduated(nik(number), consent=["industry"]) for number in (71, 72)]
    n.publish(pair)
    with connected(door(n, "industri")) as reader:
        _, result, _ = reader.request("FETCH", {"name": "baca"})
        done = {"name": "baca", "cursor": result["cursor"]}
        reader.ok("COMMIT", {**done, "rejected": [{"key": event_key(one), "reason": "belum"} for one in pair]})
        first, second = n.request("QUARANTINE")[1]["entries"]
        n.request("RETRY", {"number": first["number"]})
        _, told, events = reader.request("FETCH", {"name": "baca"})
        assert told["again"] and [e["id"] for e in events] == [pair[0]["id"]]
        n.request("RETRY", {"number": second["number"]})
        ahead = reader.send("FETCH", {"name": "baca", "wait_ms": 60000})
        n.wait(lambda: n.request("STATUS")[1]["waiting"] == 1, "the reader to wait")
        commit = reader.send("COMMIT", done)
        answers = {number: (kind, told) for kind, told, _, number in (reader.receive(), reader.receive())}
        assert answers[commit][0] == "OK"
        assert (answers[ahead][0], answers[ahead][1]["count"]) == ("EVENTS", 0), "asked to come again"
        assert n.request("QUARANTINE")[1]["entries"] == [second]
        _, told, events = reader.request("FETCH", {"name": "baca"})
        assert told["again"] and [e["id"] for e in events] == [pair[1]["id"]]
        reader.ok("COMMIT", done)
    assert n.request("QUARANTINE")[1]["entries"] == []


def test_the_warehouse_stores_what_it_could_not_store_before(node, database):
    n = node({"warehouse": {"audiences": ["node"], "regions": ["*"],
                            "options": {"conninfo": database.conninfo}}}).start()

    def pending():
        return [c["pending"] for c in check_balance(n.request("STATUS")[1])["consumers"]]
    n.publish([vacancy()])
    n.wait(lambda: pending() == [0], "the first event to be stored")
    database.psql("""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'no'; END $$; CREATE TRIGGER refuse BEFORE INSERT ON
        jejaring.event FOR EACH ROW WHEN (NEW.id = 'sulit') EXECUTE FUNCTION refuse()""")
    n.publish([vacancy(), vacancy(id="sulit"), vacancy()])
    n.wait(lambda: n.request("QUARANTINE")[1]["entries"], "the event to be put aside")
    entry, = n.request("QUARANTINE")[1]["entries"]
    assert entry["origin"] == "warehouse/main"
    database.psql("DROP TRIGGER refuse ON jejaring.event")
    assert n.request("RETRY", {"number": entry["number"]})[1]["again"] == "warehouse/main"
    n.wait(lambda: not n.request("QUARANTINE")[1]["entries"], "the event to be stored")
    stored = database.psql("SELECT count(*), count(*) FILTER (WHERE id = 'sulit') FROM "
                           "jejaring.event").strip()
    assert stored == "4|1"
    n.publish([vacancy()])
    n.wait(lambda: pending() == [0], "what comes next")
    assert database.psql("SELECT count(*) FROM jejaring.event").strip() == "5"


def test_an_entry_whose_consumer_is_gone_can_be_dropped_only(office):
    n = office
    one = graduated(WHO, consent=["industry"])
    n.publish([one])
    with connected(door(n, "industri")) as reader:
        reader.ok("COMMIT", {"name": "baca", "cursor": "1",
                             "rejected": [{"key": event_key(one), "reason": "x"}]})
    entry, = n.request("QUARANTINE")[1]["entries"]
    assert n.request("FORGET", {"name": "industri/baca"})[0] == "OK"
    kind, result, _ = n.request("RETRY", {"number": entry["number"]})
    assert (kind, result["code"]) == ("ERROR", "invalid")
    assert n.request("DROP", {"number": entry["number"]})[0] == "OK"


# ---- What retention took from somebody


def test_a_reader_that_starts_before_the_oldest_event_is_told_how_much_it_missed(node):
    n = agencies(node, retention={"size": "1KiB"})
    n.publish([vacancy() for _ in range(20)])
    n.wait(lambda: n.request("STATUS")[1]["journal"]["tail"] == "21", "retention")
    with connected(door(n, "bank")) as bank:
        kind, result, _ = bank.request("FETCH", {"after": "5", "wait_ms": 60000})
        assert (kind, result["lost"], result["cursor"]) == ("EVENTS", 15, "20")
        assert "lost" not in bank.request("FETCH", {"after": "20"})[1]
        assert "lost" not in bank.request("FETCH", {})[1], "who asks for what there is loses nothing"


def test_a_silent_consumer_is_passed_told_logged_and_counted(node):
    n = agencies(node, retention={"size": "1KiB", "lost_after": "1s"})
    with connected(door(n, "bank")) as bank:
        bank.request("FETCH", {"name": "lama"})
        n.publish([vacancy() for _ in range(20)])
        n.wait(lambda: consumer(n, "bank/lama")["lost"] == 20, "the consumer to be passed")
        n.wait_for_log("the consumer bank/lama was silent for longer")
        n.publish([vacancy(), vacancy()])
        n.wait(lambda: consumer(n, "bank/lama")["lost"] == 22, "the rest")
        assert n.log().count("bank/lama was silent") == 1, "said once"
        one = consumer(n, "bank/lama")
        assert (one["delivered"], one["filtered"], one["pending"]) == (0, 0, 0)
        n.wait_restart("hub", n.kill("hub"))
    with connected(door(n, "bank")) as bank:
        kind, result, _ = bank.request("FETCH", {"name": "lama", "wait_ms": 60000})
        assert (kind, result["lost"], result["cursor"]) == ("EVENTS", 22, "22")
        bank.ok("COMMIT", {"name": "lama", "cursor": result["cursor"]})
        assert "lost" not in bank.request("FETCH", {"name": "lama"})[1], "and told once"
        assert consumer(n, "bank/lama")["lost"] == 22


def test_who_asks_again_and_again_is_not_lost(node):
    n = agencies(node, retention={"size": "1KiB", "lost_after": "2s"})
    for attempt in range(5):
        n.publish([vacancy()])
        with connected(door(n, "bank")) as bank:
            slowest, start = 0, time.monotonic()
            while time.monotonic() - start < 3:  # reads, and has nothing done yet
                before = time.monotonic()
                told = bank.request("FETCH", {"name": f"pelan-{attempt}"})[1]
                slowest = max(slowest, time.monotonic() - before)
        if slowest < 0.5:
            assert "lost" not in told and told["count"] == 1
            assert consumer(n, f"bank/pelan-{attempt}")["lost"] == 0
            return
    pytest.skip("this machine stands still for longer than a consumer may be silent")


# ---- How much of the hub one agency can hold for itself


def test_one_agency_cannot_take_the_places_of_all_who_wait(office):
    n = office
    with connected(door(n, "bank")) as greedy, connected(door(n, "industri")) as honest:
        for _ in range(300):
            greedy.send("FETCH", {"wait_ms": 60000, "types": ["loan.applied"]})
        told = [greedy.receive()[:2] for _ in range(300 - 256)]
        assert {(kind, result["code"]) for kind, result in told} == {("ERROR", "busy")}
        assert "256 requests of this agency are waiting" in told[0][1]["detail"]
        waiting = honest.send("FETCH", {"wait_ms": 60000})
        n.publish([vacancy()])
        kind, result, _, number = honest.receive()
        assert (kind, result["count"], number) == ("EVENTS", 1, waiting)


def memory_kib(pid):
    with open(f"/proc/{pid}/status") as file:
        return int([line.split()[1] for line in file if line.startswith("VmRSS")][0])


def test_who_never_reads_its_answers_is_given_no_more_of_them(office):
    n = office
    n.publish([{**vacancy(), "padding": "x" * 2000} for _ in range(1000)])
    with connected(door(n, "industri")) as honest:
        for _ in range(5):  # what an honest reader costs belongs to the quiet value
            honest.fetch()
        quiet = memory_kib(n.pid("hub"))
        rude = []
        for _ in range(5):
            rude.append(Connection(door(n, "bank")))
            rude[-1].socket.rcvhwm = 1
            for _ in range(200):
                rude[-1].send("FETCH", {"after": "0", "max_events": 1000})
        for _ in range(10):
            assert honest.ok("PUBLISH", {}, [vacancy()])["accepted"] == 1
            assert len(honest.fetch(types=["vacancy.opened"], max_events=100)) > 1000
        grown = memory_kib(n.pid("hub")) - quiet
        # 1,000 answers of half a mebibyte each were asked for.
        assert grown < (200000 if SANITIZED else 16000), f"{grown} KiB more"
        for one in rude:
            one.close()
        n.wait(lambda: n.request("STATUS")[1]["waiting"] == 0, "everything to be as before")
    with connected(door(n, "bank")) as again:
        assert len(again.fetch()) > 1000


def test_a_flood_of_bad_events_is_not_judged_any_more(office):
    n = office
    with connected(door(n, "bank")) as flooding, connected(door(n, "industri")) as honest:
        refused = 0
        for _ in range(20):
            kind, result, _ = flooding.request("PUBLISH", {}, [{"no": "event"}] * 500)
            if kind == "ERROR":
                break
            refused += len(result["rejected"])
        assert (kind, result["code"]) == ("ERROR", "busy") and 2000 <= refused <= 4000
        assert honest.ok("PUBLISH", {}, [vacancy()])["accepted"] == 1, "nobody else pays for it"

        def is_let_in_again():
            return flooding.request("PUBLISH", {}, [vacancy()])[0] == "OK"
        n.wait(is_let_in_again, "the flood to be forgotten")
    check_balance(n.request("STATUS")[1], n.log())


def test_who_costs_much_is_served_behind_who_costs_little(office):
    """Whatever one agency has sent ahead, another's events are taken before that is done; and what
    goes beyond all bounds meanwhile is `busy`."""
    n = office
    known = [json.dumps(vacancy()).encode() for _ in range(500)]
    told = []

    def read(flooding):
        while flooding.socket.poll(0):
            told.append(flooding.receive()[:2])
        return len(told)

    def is_refused():
        read(flooding)
        told.clear()
        for _ in range(150):
            flooding.send("PUBLISH", {}, known)
        for _ in range(5):
            assert honest.ok("PUBLISH", {}, [vacancy()])["accepted"] == 1
        assert read(flooding) < 150, "the flood was over before"
        n.wait(lambda: read(flooding) == 150, "the end of the flood")
        assert {kind for kind, _ in told} <= {"OK", "ERROR"}
        return any("are waiting already" in result.get("detail", "") for _, result in told)

    with connected(door(n, "bank")) as flooding, connected(door(n, "industri")) as honest:
        flooding.ok("PUBLISH", {}, known)
        n.wait(is_refused, "a refusal")
    assert n.request("STATUS")[1]["balance"]["accepted"] % 5 == 0
    check_balance(n.request("STATUS")[1], n.log())


def test_a_message_that_is_too_large_as_a_whole_is_refused(office):
    n = office
    with connected(door(n, "bank")) as bank:
        bank.send("PUBLISH", {}, [b" " * (1 << 20)] * 17)
        kind, result, _, _ = bank.receive()
        assert (kind, result["code"]) == ("ERROR", "too_large") and "bytes" in result["detail"]
        # What costs the hub much to read, it does not.
        wide = b'{"data":[' + b"1," * 5000 + b"1" * 10000 + b"]}"
        result = bank.ok("PUBLISH", {}, [wide])
        assert [(r["code"], r["detail"]) for r in result["rejected"]] == \
            [("too_large", "more than 4096 values")]
        for options, code in (({"x": list(range(10000))}, "too_large"),
                              ({"x": "x" * 300000}, "too_large"),
                              ({"types": ["x" * 200 + ".*"]}, "malformed"),
                              # No beginning of names: it would be served nothing, for ever.
                              ({"types": ["vacancy*"]}, "unknown_type"),
                              ({"types": [".*"]}, "unknown_type")):
            kind, result, _ = bank.request("FETCH", options)
            assert (kind, result["code"]) == ("ERROR", code), options


def test_what_one_commit_passes_is_counted_however_much_it_is(office):
    n = office
    for _ in range(3):
        n.publish([vacancy() for _ in range(700)] + [graduated(nik(number))
                                                      for number in range(300)])
    with connected(door(n, "bank")) as bank:
        bank.request("FETCH", {"name": "sekali", "types": ["vacancy.*"], "max_events": 1})
        told = bank.ok("COMMIT", {"name": "sekali", "cursor": "3000", "state": {"k": "v"}})
        assert told["cursor"] == "3000"
        assert bank.ok("STATE", {"name": "sekali"})["state"] == {"k": "v"}
    one = consumer(n, "bank/sekali")
    assert (one["delivered"], one["filtered"], one["pending"]) == (2100, 900, 0)


def test_the_state_of_an_agencys_consumer_has_an_end(office):
    n = office
    with connected(door(n, "bank")) as bank:
        bank.request("FETCH", {"name": "a"})
        page = {"name": "a", "cursor": "0"}
        for number in range(20):
            bank.ok("COMMIT", {**page, "state": {f"k{number:02}": "x" * 200000}})
        kind, result, _ = bank.request("COMMIT", {**page, "state": {"k20": "x" * 200000}})
        assert (kind, result["code"]) == ("ERROR", "too_large") and "4 MiB" in result["detail"]
        bank.ok("COMMIT", {**page, "state": {"k00": None, "k01": None}})
        bank.ok("COMMIT", {**page, "state": {"k20": "x" * 200000}})
    check_balance(n.request("STATUS")[1])


def test_an_agency_has_a_hundred_consumers_at_most(office):
    n = office
    with connected(door(n, "bank")) as bank:
        for number in range(100):
            assert bank.request("FETCH", {"name": f"k{number}"})[0] == "EVENTS"
        kind, result, _ = bank.request("FETCH", {"name": "satu-lagi"})
        assert (kind, result["code"]) == ("ERROR", "forbidden")
        assert bank.request("FETCH", {"name": "k7"})[0] == "EVENTS"
    n.request("FORGET", {"name": "bank/k7"})
    with connected(door(n, "bank")) as bank:
        assert bank.request("FETCH", {"name": "satu-lagi"})[0] == "EVENTS"


def test_who_asks_the_bell_for_very_much_is_cut_off_and_nobody_else(office):
    """Each topic costs the hub memory for as long as its connection lasts."""
    n = office
    endpoint = f"ipc://{n.folder}/run/bell.sock"
    context = zmq.Context.instance()
    quiet = memory_kib(n.pid("hub"))
    with context.socket(zmq.SUB) as honest, context.socket(zmq.SUB) as greedy:
        honest.linger = greedy.linger = greedy.sndhwm = 0
        monitor = greedy.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        for one in (honest, greedy):
            one.connect(endpoint)
        honest.subscribe("vacancy.opened/33.75/")
        for number in range(20000):
            greedy.subscribe(f"{number}/" + "x" * 200)
        assert monitor.poll(30000), "it was not cut off"
        grown = memory_kib(n.pid("hub")) - quiet

        def rings():
            n.publish([vacancy()])
            return honest.poll(200)
        n.wait(rings, "the honest one to hear the bell")
        monitor.close()
        greedy.disable_monitor()
    # All of it would be 200 MiB.
    assert grown < (400000 if SANITIZED else 60000), f"{grown} KiB more"


# ---- What is said of a bad event


def test_every_problem_of_an_event_is_told(office):
    n = office
    bad = vacancy(region="3375", time="kemarin")
    bad["data"].update(headcount="dua", kind="magang")
    with connected(door(n, "industri")) as industry:
        rejected, = industry.ok("PUBLISH", {}, [bad])["rejected"]
    assert (rejected["code"], rejected["field"]) == ("invalid", "/region")
    assert [p["field"] for p in rejected["problems"]] == \
        ["/region", "/time", "/data/headcount", "/data/kind"]


def test_a_time_far_ahead_is_refused(node):
    n = agencies(node, time_ahead="1h")
    soon = datetime.datetime.now(datetime.timezone.utc)
    late = (soon + datetime.timedelta(hours=2)).isoformat()
    with connected(door(n, "industri")) as industry:
        result = industry.ok("PUBLISH", {}, [vacancy(time=soon.isoformat()), vacancy(time=late)])
    assert [(r["index"], r["code"], r["field"]) for r in result["rejected"]] == \
        [(1, "invalid", "/time")]


def test_what_is_too_large_is_kept_by_its_beginning(office):
    n = office
    large = json.dumps({**vacancy(id=fresh_id()), "padding": "x" * (1 << 20)})
    with connected(door(n, "industri")) as industry:
        rejected, = industry.ok("PUBLISH", {}, [large.encode()])["rejected"]
        assert rejected["code"] == "too_large"
    entry, = n.request("QUARANTINE")[1]["entries"]
    assert (entry["code"], entry["size_bytes"], entry["event"]) == ("too_large", 4096, None)
    kind, result, _ = n.request("RETRY", {"number": entry["number"]})
    assert (kind, result["code"]) == ("ERROR", "too_large")
