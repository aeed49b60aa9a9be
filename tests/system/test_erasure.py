"""What is erased is gone from every byte, for every reader, at once and for good."""

import json
import re
import sqlite3
import subprocess
import uuid

import pytest

import pg
from client import CONSENTABLE, check_balance, connected, contains_any, files_below, graduated, \
    nik, person_key
from conftest import event, vacancy
from privacy import CONTACT, WHO, audit, consent, door, fetch, names_of, privacy_office, reveal, \
    said_by


@pytest.fixture
def office(node):
    return privacy_office(node)


PLUGINS = {"blk": {"audiences": ["blk"]}, "industry": {"audiences": ["industry", "blk"]},
           "cooperative": {"audiences": ["cooperative", "blk"]},
           "capital": {"audiences": ["capital", "province"]},
           "disability": {"audiences": ["disability", "province"]}}
# What only this person's events say, each in a place of its own.
MARKS = ["Program Wijaya Kusuma", "Angkatan Cempaka", "Pabrik Flamboyan", "Skema Bougenvil",
         "Usaha Kamboja Putih", "kursi roda merah jambu", "Sertifikat-Teratai-44",
         "Alasan Sedap Malam"]
VOCATION = "merangkai-bunga"


def life(who):
    """Everything that can be said of a person, with marks in it."""
    about = {"nik": who}
    business, loan = str(uuid.uuid4()), str(uuid.uuid4())
    program, batch, factory, scheme, company, need, certificate, reason = MARKS
    return [
        graduated(who, program=program, vocation=VOCATION, batch=batch, consent=CONSENTABLE,
                  disability={"category": "physical", "needs": [need]}, intent="employment",
                  **CONTACT),
        event("alumni.certified", {"date": "2019-08-10", "scheme": scheme, "result": "competent",
                                   "certificate": certificate, "vocation": VOCATION, **about}),
        consent("granted", CONSENTABLE, "2019-08-11", who),
        event("outcome.reported", {"date": "2020-01-01", "status": "employed", "employer": factory,
                                   **about}),
        event("placement.started", {"date": "2020-01-02", "employer": factory, "kind": "employment",
                                    **about}),
        event("placement.ended", {"date": "2020-06-01", "employer": factory, "reason": "resigned",
                                  **about}),
        event("business.registered", {"date": "2020-07-01", "business": business, "name": company,
                                      "vocation": VOCATION, "needs_capital": True,
                                      "amount_needed": 8000000, **about}),
        event("loan.applied", {"date": "2020-08-01", "business": business, "loan": loan,
                               "scheme": "kur_mikro", "amount": 8765432, **about}),
        event("loan.decided", {"date": "2020-08-02", "business": business, "loan": loan,
                               "scheme": "kur_mikro", "amount": 8765432, "decision": "refused",
                               "reason": reason, **about}),
        event("accommodation.assessed", {"date": "2020-08-03", "category": "mobility",
                                         "needs": [need], **about}),
        event("cooperative.joined", {"date": "2020-08-04", "cooperative": str(uuid.uuid4()),
                                     "name": company, **about}),
        # Planned, and said beforehand.
        event("mentoring.provided", {"date": "2031-01-01", "topic": "capital", "hours": 3,
                                     **about}),
    ]


def work():
    """What the plugins react to: a vacancy, an order, a business in need."""
    opened = vacancy("Juru rangkai")
    opened["data"].update(vocations=[VOCATION], headcount=3)
    key = str(uuid.uuid4())
    placed = event("order.placed", {"date": "2020-09-01", "order": key, "opd": "Dinas",
                                    "service": VOCATION, "value": 500000}, subject=key)
    return opened, placed


def settle(n):
    return check_balance(n.settle(), n.log())


def node_bytes(n):
    return dict(files_below(n.folder))


def where_found(pieces, marks):
    return [f"{mark!r} in {name}" for name, content in pieces.items()
            for mark in contains_any(content, marks)]


def state_of(n):
    """The plugins' state as it stands in the journal."""
    with sqlite3.connect(f"file:{n.folder}/state/journal.db?mode=ro", uri=True) as journal:
        return {"state": json.dumps(journal.execute("SELECT key, value FROM state").fetchall())
                .encode()}


def dump(database):
    return subprocess.run([pg.bin_dir() / "pg_dump", "--inserts", database.conninfo],
                          capture_output=True, check=True).stdout


def test_what_is_erased_is_gone_from_every_byte(node, cluster):
    database = cluster.database()
    n = node({**PLUGINS, "warehouse": {"audiences": ["node"], "regions": ["*"],
                                       "options": {"conninfo": database.conninfo}}},
             hub={"time_ahead": "0s"}).start()
    other = nik(501)
    n.publish([graduated(other, name="Orang Lain", consent=["industry"])])
    opened, placed = work()
    n.publish([opened, placed])
    spoken = life(WHO)
    for one in spoken:  # one by one: so that it lies in many pages
        # Who has work already is not proposed any more, who has applied already not referred.
        if one["type"] in ("outcome.reported", "loan.applied"):
            settle(n)
        n.publish([one])
    settle(n)
    person = person_key(n, WHO)
    n.publish([event("order.completed", {"date": "2020-10-01", "order": placed["subject"],
                                         "nik": WHO, "value": 450000}, subject=placed["subject"])])
    # Refused, and kept in quarantine: as it came, by NIK and by key.
    for broken in ({**graduated(WHO, **CONTACT), "region": "3375"},
                   event("outcome.reported", {"date": "2020-01-01", "status": MARKS[3]},
                         subject=person)):
        assert n.request("PUBLISH", {}, [broken])[1]["rejected"]
    # Somebody has received it, and somebody has seen the contact.
    settle(n)
    before = n.fetch_all()
    said = {e["type"] for e in before if e["subject"] == person} - {e["type"] for e in spoken}
    assert said == {"placement.proposed", "order.offered", "loan.referred", "referral.made"}, \
        f"the plugins have reacted with {said}"
    assert where_found({"journal": json.dumps(before).encode()}, MARKS), "nothing to be erased"
    assert where_found(state_of(n), [person, MARKS[1], MARKS[5]]), "no plugin knows anything"

    kind, result, _ = n.request("ERASE", {"nik": WHO})
    assert kind == "OK", result
    assert result["person"] == person
    settle(n)

    # It is gone: from the journal, its log, the vault, the state, the quarantine ...
    gone = [WHO, *CONTACT.values(), *MARKS]
    n.wait(lambda: not where_found(node_bytes(n), gone), f"the end of {gone}") \
        if where_found(node_bytes(n), gone) else None
    assert not where_found(state_of(n), [person])
    # ... and from the warehouse.
    assert not where_found({"dump": dump(database)}, gone)
    assert not re.search(rf"INSERT INTO jejaring\.(?!event |erasure )\w+ [^\n]*{person}",
                         dump(database).decode()), "the person key is still in a projection"

    # Nothing about this person is told any more, but that it was erased.
    after = n.fetch_all()
    about = [e for e in after if person in json.dumps(e)]
    assert [e["type"] for e in about] == ["person.erased"], about
    assert set(about[0]["data"]) == {"date"}
    assert [e for e in after if e["type"] != "person.erased"] == \
        [forget(e, person) for e in before if e["subject"] != person], "the others are as before"
    entries = n.request("QUARANTINE")[1]["entries"]
    assert entries == []

    # The books still close.
    check_balance(n.request("STATUS")[1], n.log())
    assert audit(n) == {"intact": True, "records": 1, "detail": ""}
    trace = n.request("TRACE", {"nik": WHO})[1]
    assert [a["action"] for a in trace["actions"]] == ["erase"]
    assert trace["events"] == 1, "person.erased itself"

    # What was said is not taken in again when a publisher sends it once more.
    kind, result, _ = n.request("PUBLISH", {}, spoken)
    assert (result["accepted"], result["duplicate"]) == (0, len(spoken)), result
    # It stays so over a restart, when the write-ahead log goes into the database.
    assert n.stop() == 0
    assert not where_found(node_bytes(n), gone)
    n.start()
    settle(n)
    assert not where_found({**node_bytes(n), "dump": dump(database)}, gone)
    assert audit(n)["intact"]


def forget(one, person):
    """An event about something else that names the person: it does not any more."""
    data = {name: value for name, value in one["data"].items() if value != person}
    return {**one, "data": data}


def test_consumers_are_told_of_an_erasure_in_every_region_where_it_matters(office):
    n = office
    said_by(n, "blk", graduated(WHO, consent=["industry"]))
    said_by(n, "blk-jauh", graduated(WHO, consent=["industry"], _region="15.07"))
    with connected(door(n, "baca-industry")) as reader, connected(door(n, "jauh")) as far:
        for one in (reader, far):
            seen = one.request("FETCH", {"name": "hafal"})
            assert names_of(seen[2]) == ["alumni.graduated"]
            one.ok("COMMIT", {"name": "hafal", "cursor": seen[1]["cursor"]})
        assert n.request("ERASE", {"person": person_key(n, WHO)})[0] == "OK"
        for one in (reader, far):
            _, result, events = one.request("FETCH", {"name": "hafal"})
            assert [(e["type"], e["subject"]) for e in events] == \
                [("person.erased", person_key(n, WHO))]
            one.ok("COMMIT", {"name": "hafal", "cursor": result["cursor"]})
            assert names_of(one.fetch()) == ["person.erased"], "not even from the beginning"
    assert reveal(n, "blk") == "forbidden"
    status = check_balance(n.request("STATUS")[1], n.log())
    assert status["journal"]["head"] == "4", "two erased, two that say so"
    # A consumer that had not come so far passes the gaps.
    assert names_of(fetch(n, "baca-blk", name="baru")) == ["person.erased"]
    check_balance(n.request("STATUS")[1], n.log())


def test_erasing_twice_or_somebody_unknown_harms_nobody(office):
    n = office
    said_by(n, "blk", graduated(nik(78), **CONTACT))
    for who in (WHO, WHO):
        assert n.request("ERASE", {"nik": who})[0] == "OK"
    assert reveal(n, "blk", who=nik(78))["name"] == CONTACT["name"]
    assert len([e for e in n.fetch_all() if e["type"] == "alumni.graduated"]) == 1
    for options in ({}, {"nik": "3375"}, {"nik": None, "person": "x"}):
        kind, result, _ = n.request("ERASE", options)
        assert (kind, result["code"]) == ("ERROR", "malformed"), options
    check_balance(n.request("STATUS")[1], n.log())
    assert audit(n) == {"intact": True, "records": 3, "detail": ""}, "one was the reveal"


def test_what_is_about_something_else_forgets_the_person(node):
    """However it names the person: a member is cut out, what cannot be cut is emptied whole."""
    n = node().start()
    person, other = str(uuid.uuid4()), str(uuid.uuid4())

    def completed(by, **more):
        key = str(uuid.uuid4())
        return event("order.completed", {"date": "2020-01-01", "order": key, "person": by,
                                         "value": 1.5e6, **more}, subject=key)

    done = [completed(person), completed(person.upper()), completed(other),
            completed(other, catatan={"oleh": [person]})]
    n.publish(done)
    assert n.request("ERASE", {"person": person})[1]["events"] == 0
    stored = n.fetch_all(["order.completed"])
    assert [e["id"] for e in stored] == [e["id"] for e in done[:3]]
    assert ["person" in e["data"] for e in stored] == [False, False, True]
    for one, was in zip(stored, done):
        assert {**one["data"], "person": was["data"]["person"]} == was["data"], "and nothing else"
    assert not [name for name, content in node_bytes(n).items()
                if person.upper().encode() in content], "not in the database's pages either"
    check_balance(n.request("STATUS")[1], n.log())


def test_a_person_who_comes_back_begins_anew(office):
    n = office
    said_by(n, "blk", graduated(WHO, consent=["industry"], **CONTACT))
    n.request("ERASE", {"nik": WHO})
    said_by(n, "blk", graduated(WHO, date="2024-01-01", batch="baru", name="Sekar Baru"))
    assert reveal(n, "blk") == {"name": "Sekar Baru", "nik": WHO}
    assert names_of(fetch(n, "baca-industry")) == ["person.erased"], "nor is the consent there"


def test_a_reader_sees_an_erasure_whole_or_not_at_all(office):
    """Also one who asks before it is durable: what may still fail is not shown as done."""
    n, count = office, 30
    n.publish([graduated(nik(number)) for number in range(count)])
    people = {person_key(n, nik(number)) for number in range(count)}
    with connected(n.endpoint) as connection:
        for number in range(count):
            connection.send("ERASE", {"nik": nik(number)})
            connection.send("FETCH", {"after": "0", "max_events": 1000})
        pages = [events for kind, _, events, _ in
                 (connection.receive() for _ in range(2 * count)) if kind == "EVENTS"]
    assert len(pages) == count
    for seen in pages:
        assert len(seen) == count and {e["subject"] for e in seen} == people, \
            "a person is neither there nor erased"
    assert {e["type"] for e in pages[-1]} == {"person.erased"}


def test_a_kill_in_the_middle_of_an_erasure_leaves_all_or_nothing(office):
    n = office
    for number in range(40):
        said_by(n, "blk", graduated(nik(number), **{**CONTACT, "name": f"Nama-Ke-{number}-Orang"}))
    answered = 0
    with connected(n.endpoint) as connection:
        for number in range(40):
            connection.send("ERASE", {"nik": nik(number)})
            if number == 20:
                n.wait_restart("hub", n.kill("hub"))
        # What is stored behind them is answered after them.
        last = connection.send("PUBLISH", {}, [vacancy()])
        while (answer := connection.receive())[3] != last:
            assert answer[0] == "OK"
            answered += 1
    stored = n.fetch_all()
    erased = {e["subject"] for e in stored if e["type"] == "person.erased"}
    left = {e["subject"] for e in stored if e["type"] == "alumni.graduated"}
    assert len(erased) >= answered and not erased & left and len(erased | left) == 40
    for number in range(40):
        found = reveal(n, "blk", who=nik(number))
        if person_key(n, nik(number)) in erased:
            assert found == "forbidden"
        else:
            assert found["name"] == f"Nama-Ke-{number}-Orang"
    check_balance(n.request("STATUS")[1], n.log())
    assert audit(n)["intact"] and audit(n)["records"] >= len(erased)
