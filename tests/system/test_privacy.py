"""What a person can count on: contact is shown to whom the schema, the region and the person allow,
and each time it is written down; who received what can be told; consent that is withdrawn holds for
old events, too; what is erased is gone from every byte; the chain of records cannot be altered
unnoticed. And what was refused is kept where nobody reads it, until somebody decides."""

import json
import re
import sqlite3
import subprocess
import uuid

import pytest

import pg
from client import AUDIENCES, CATALOGUE, CONSENTABLE, check_balance, connected, \
    contains_any, declared, event_key, files_below, graduated, nik, person_key, write_agency
from conftest import event, vacancy

CONTACT = {"name": "Sekar Melati", "phone": "081212345678", "email": "sekar@contoh.id",
           "address": "Jalan Anggrek Bulan 12"}
WHO = nik(77, woman=True)


def door(node, agency):
    return f"ipc://{node.folder}/run/{agency}.sock"


@pytest.fixture
def office(node):
    """A node with a training centre `blk`, its twin in another region, and readers."""
    agencies = {"blk": (["blk"], ["33.75"]), "blk-jauh": (["blk"], ["15.07"]),
                **{f"baca-{one}": ([one], ["33.75"]) for one in AUDIENCES},
                "jauh": (["industry"], ["15.07"])}
    n = node(agencies="agencies.d")
    n.write_config(hub={"listen": [{"endpoint": door(n, one), "as": one} for one in agencies],
                        "quarantine": 5})
    for one, (audiences, regions) in agencies.items():
        write_agency(n, one, audiences, regions=regions,
                     publishes=["alumni.*", "consent.*", "outcome.*"] if "blk" in one else [])
    return n.start()


def consent(kind, audiences, date, who=WHO):
    return event(f"consent.{kind}", {"date": date, "nik": who, "audiences": list(audiences)})


def said_by(n, agency, *events):
    with connected(door(n, agency)) as connection:
        connection.publish(list(events))


def reveal(n, agency, who=WHO, purpose="menawarkan pekerjaan", **options):
    """The contact, or the code of the refusal."""
    with connected(door(n, agency)) as connection:
        kind, result, _ = connection.request(
            "REVEAL", {"person": person_key(n, who), "purpose": purpose, **options})
        return result["contact"] if kind == "OK" else result["code"]


def fetch(n, agency, **options):
    with connected(door(n, agency)) as connection:
        return connection.fetch(**options)


def audit(n):
    return n.request("AUDIT")[1]


# ---- REVEAL


@pytest.mark.parametrize("agreed", [(), *[(one,) for one in CONSENTABLE], tuple(CONSENTABLE)])
def test_contact_is_revealed_to_whom_the_schema_and_the_person_allow(office, agreed):
    n = office
    said_by(n, "blk", graduated(WHO, consent=list(agreed), **CONTACT))
    vault = {name: p for name, p in declared(CATALOGUE["alumni.graduated"]).items() if p.vault}
    for audience in AUDIENCES:
        expected = {name: CONTACT[name] for name, p in vault.items()
                    if name != "nik" and p.shows({audience}, set(agreed))}
        assert reveal(n, f"baca-{audience}") == (expected or "forbidden"), audience
    assert reveal(n, "blk") == {**CONTACT, "nik": WHO}, "its owner sees what it said"
    for agency in ("jauh", "blk-jauh"):
        assert reveal(n, agency) == "forbidden", "another region"


def test_nobody_is_revealed_who_is_not_known_and_nothing_without_a_purpose(office):
    n = office
    said_by(n, "blk", graduated(WHO, **CONTACT))
    assert reveal(n, "blk", who=nik(1)) == "forbidden"
    for purpose in ("", None, 7, "x" * 201, f"tentang {nik(5)}"):
        assert reveal(n, "blk", purpose=purpose) == "malformed", purpose
    for person in (WHO, "", None, "3375", {"a": 1}):
        assert reveal(n, "blk", person=person) == "malformed", person
    kind, result, _ = n.request("REVEAL", {"person": person_key(n, WHO), "purpose": "melihat"})
    assert (kind, result["code"]) == ("ERROR", "forbidden"), "the administrator is no audience"
    assert audit(n) == {"intact": True, "records": 0, "detail": ""}, "nothing was shown"


def test_a_reveal_is_written_down_with_who_what_when_and_why(office):
    n = office
    said_by(n, "blk", graduated(WHO, consent=["industry"], **CONTACT))
    reveal(n, "baca-industry", purpose="menawarkan pekerjaan di bengkel")
    n.wait_restart("hub", n.kill("hub"))  # it is on disk before the answer leaves
    trace = n.request("TRACE", {"nik": WHO})[1]
    action, = trace["actions"]
    assert (action["action"], action["agency"]) == ("reveal", "baca-industry")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", action["at"])
    assert action["detail"].startswith("menawarkan pekerjaan di bengkel:")
    assert set(action["detail"].split(":")[1].split()) == {"name", "phone", "email"}
    assert not contains_any(json.dumps(trace).encode(), [WHO, *CONTACT.values()])
    assert audit(n) == {"intact": True, "records": 1, "detail": ""}


def test_the_newest_contact_counts(office):
    n = office
    said_by(n, "blk", graduated(WHO, **CONTACT))
    said_by(n, "blk", graduated(WHO, **{**CONTACT, "phone": "085700000001"}, date="2020-01-01"))
    assert reveal(n, "baca-blk") == {**CONTACT, "phone": "085700000001"}
    # Each owner sees its own NIK only; the region of each entry counts by itself.
    said_by(n, "blk-jauh", graduated(WHO, name="Sekar M.", _region="15.07"))
    assert reveal(n, "blk-jauh") == {"name": "Sekar M.", "nik": WHO}


# ---- TRACE


def test_trace_tells_who_received_what(office):
    n = office
    other = nik(78)
    said_by(n, "blk", graduated(other, consent=["industry"]),
            graduated(WHO, consent=["industry"]), graduated(other, _region="33.75", batch="IV"),
            event("outcome.reported", {"date": "2020-02-01", "status": "employed", "nik": WHO}))
    assert n.request("TRACE", {"nik": WHO})[1]["deliveries"] == []
    fetch(n, "baca-industry", name="pencocokan")
    fetch(n, "baca-province", types=["outcome.*"])
    fetch(n, "baca-capital")  # is shown nothing
    fetch(n, "jauh")          # another region
    n.fetch_all(["outcome.*"])
    trace = n.request("TRACE", {"person": person_key(n, WHO)})[1]
    assert trace == n.request("TRACE", {"nik": WHO})[1]
    assert trace["events"] == 2
    told = sorted((d["agency"], d["consumer"], d["type"], d["cursor"]) for d in trace["deliveries"])
    assert told == [("baca-industry", "pencocokan", "alumni.graduated", "2"),
                    ("baca-industry", "pencocokan", "outcome.reported", "4"),
                    ("baca-province", "", "outcome.reported", "4"),
                    ("local", "", "outcome.reported", "4")], "the administrator's looks as well"
    n.wait_restart("hub", n.kill("hub"))
    assert n.request("TRACE", {"nik": WHO})[1] == trace
    assert n.request("TRACE", {"nik": nik(5)})[1]["events"] == 0
    for options in ({}, {"nik": "3375"}, {"person": "x"}, {"nik": 7}):
        kind, result, _ = n.request("TRACE", options)
        assert (kind, result["code"]) == ("ERROR", "malformed"), options


# ---- Consent


def names_of(events):
    return [e["type"] for e in events if e["subject"]]


def test_withdrawn_consent_holds_for_old_events_too(office):
    n = office
    said_by(n, "blk", consent("granted", ["industry", "capital"], "2019-08-01"),
            graduated(WHO, **CONTACT),
            event("outcome.reported", {"date": "2020-02-01", "status": "employed", "nik": WHO}))
    before = ["consent.granted", "alumni.graduated", "outcome.reported"]
    assert names_of(fetch(n, "baca-industry")) == before
    assert reveal(n, "baca-industry")["name"] == CONTACT["name"]

    said_by(n, "blk", consent("withdrawn", ["industry"], "2020-03-01"))
    assert names_of(fetch(n, "baca-industry")) == ["consent.withdrawn"], "told, and no more"
    assert reveal(n, "baca-industry") == "forbidden"
    assert reveal(n, "baca-capital")["name"] == CONTACT["name"], "the others keep theirs"
    assert names_of(fetch(n, "baca-province")) == [*before, "consent.withdrawn"], "a duty of law"
    n.wait_restart("hub", n.kill("hub"))
    assert names_of(fetch(n, "baca-industry")) == ["consent.withdrawn"]

    said_by(n, "blk", consent("granted", ["industry"], "2020-04-01"))
    assert names_of(fetch(n, "baca-industry")) == [*before, "consent.withdrawn", "consent.granted"]


def test_the_latest_word_counts_however_late_the_earlier_one_arrives(office):
    n = office
    said_by(n, "blk", consent("withdrawn", ["industry"], "2020-03-01"), graduated(WHO))
    said_by(n, "blk", consent("granted", ["industry"], "2020-02-01"))
    said_by(n, "blk", graduated(WHO, consent=["industry"], date="2020-01-15", batch="IX"))
    assert names_of(fetch(n, "baca-industry")) == ["consent.withdrawn"]
    said_by(n, "blk", graduated(WHO, consent=["industry"], date="2020-05-01", batch="X"))
    assert len(fetch(n, "baca-industry")) == 5, "all but nothing: everything about this person"


def test_a_reader_who_is_behind_is_not_given_what_was_withdrawn_meanwhile(office):
    n = office
    said_by(n, "blk", *[graduated(who, consent=["industry"]) for who in (WHO, nik(78))])
    with connected(door(n, "baca-industry")) as reader:
        first = reader.request("FETCH", {"name": "pelan", "max_events": 1})
        assert len(first[2]) == 1
        said_by(n, "blk", consent("withdrawn", ["industry"], "2020-03-01", who=nik(78)))
        # The cursor was not committed: the first is given again, the second not any more.
        seen = reader.fetch(name="pelan", after="0")
        assert [(e["type"], e["subject"] == person_key(n, WHO)) for e in seen] == \
            [("alumni.graduated", True), ("consent.withdrawn", False)]


def test_nobody_else_can_give_a_persons_consent(office):
    n = office
    write_agency(n, "baca-industry", ["industry"], publishes=["vacancy.*", "placement.*"])
    n.reload()
    n.wait_for_log(r"read the agencies again")
    said_by(n, "blk", graduated(WHO, **CONTACT))
    with connected(door(n, "baca-industry")) as greedy:
        person = person_key(n, WHO)
        one = vacancy(consent=True)
        one["data"]["consent"] = ["industry"]
        one["data"]["audiences"] = ["industry"]
        mine = event("placement.started", {"date": "2020-01-01", "employer": "x",
                                           "kind": "employment", "consent": ["industry"]},
                     subject=person)
        result = greedy.ok("PUBLISH", {}, [{**one, "subject": person}, mine, {
            **consent("granted", ["industry"], "2021-01-01"), "subject": person}])
        assert [r["code"] for r in result["rejected"]] == ["forbidden"]
    assert reveal(n, "baca-industry") == "forbidden"
    assert "alumni.graduated" not in names_of(fetch(n, "baca-industry"))


# ---- ERASE

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


# ---- The chain of records


def with_three_reveals(n):
    said_by(n, "blk", graduated(WHO, **CONTACT))
    for purpose in ("pertama", "kedua", "ketiga"):
        reveal(n, "blk", purpose=purpose)
    assert audit(n) == {"intact": True, "records": 3, "detail": ""}


LAST = "UPDATE audit_last SET number = 2, hash = (SELECT hash FROM audit WHERE number = 2)"
TAMPERED = {
    "another purpose": "UPDATE audit SET detail = 'lain: name' WHERE number = 2",
    "another agency": "UPDATE audit SET agency = 'baca-blk' WHERE number = 1",
    "another person": "UPDATE audit SET person = '00000000-0000-8000-8000-000000000000'",
    "another time": "UPDATE audit SET at_ms = at_ms - 86400000 WHERE number = 3",
    "another action": "UPDATE audit SET action = 'erase' WHERE number = 3",
    "another hash": "UPDATE audit SET hash = randomblob(32) WHERE number = 2",
    "one removed": "DELETE FROM audit WHERE number = 2",
    "one removed and the rest moved up": "DELETE FROM audit WHERE number = 2; "
                                         "UPDATE audit SET number = 2 WHERE number = 3",
    "the first removed": "DELETE FROM audit WHERE number = 1",
    "the last removed": "DELETE FROM audit WHERE number = 3",
    "the last removed, and its mark set back": f"DELETE FROM audit WHERE number = 3; {LAST}",
    "all removed": "DELETE FROM audit",
    "all removed, and their mark set back": "DELETE FROM audit; UPDATE audit_last SET number = 0, "
                                            "hash = zeroblob(32)",
    "all removed with their mark": "DELETE FROM audit; DELETE FROM audit_last",
    "one added": "INSERT INTO audit SELECT 4, at_ms, action, agency, person, detail, hash "
                 "FROM audit WHERE number = 3",
    "one added, and its mark": "INSERT INTO audit SELECT 4, at_ms, action, agency, person, detail, "
                               "hash FROM audit WHERE number = 3; UPDATE audit_last SET number = 4",
    "two exchanged": "UPDATE audit SET number = 9 WHERE number = 1; UPDATE audit SET number = 1 "
                     "WHERE number = 2; UPDATE audit SET number = 2 WHERE number = 9",
    "letters moved between fields": "UPDATE audit SET action = action || 'b', "
                                    "agency = substr(agency, 2) WHERE number = 1",
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_chain_that_was_tampered_with_is_found(office, how):
    n = office
    with_three_reveals(n)
    assert n.stop() == 0
    with sqlite3.connect(n.folder / "state" / "journal.db") as journal:
        journal.executescript(TAMPERED[how])
    n.start()
    found = audit(n)
    assert found["intact"] is False, "nothing was noticed"
    assert re.search(r"record", found["detail"])


def test_an_untouched_chain_is_intact_after_a_restart_and_goes_on(office):
    n = office
    with_three_reveals(n)
    assert n.stop() == 0
    n.start()
    assert audit(n) == {"intact": True, "records": 3, "detail": ""}
    reveal(n, "blk", purpose="keempat")
    assert audit(n) == {"intact": True, "records": 4, "detail": ""}


# ---- QUARANTINE


def quarantine(n, **options):
    return n.request("QUARANTINE", options)[1]["entries"]


def refused(n, agency, *events):
    with connected(door(n, agency)) as connection:
        result = connection.ok("PUBLISH", {}, list(events))
        assert len(result["rejected"]) == len(events), result
        return result["rejected"]


def test_quarantine_shows_the_reason_and_masks_the_person(office):
    n = office
    broken = graduated(WHO, funding="sumbangan", **CONTACT)
    refused(n, "blk", broken)
    entry, = quarantine(n)
    assert (entry["agency"], entry["origin"], entry["code"], entry["field"], entry["type"]) == \
        ("blk", "publish", "invalid", "/data/funding", "alumni.graduated")
    assert "apbn" in entry["detail"], "it says what was expected"
    shown = entry["event"]
    assert {name: shown[name] for name in ("id", "source", "type", "time", "region")} == \
        {name: broken[name] for name in ("id", "source", "type", "time", "region")}
    assert set(shown["data"].values()) == {"***"}, "every member is personal here"
    assert not contains_any(json.dumps(entry).encode(), [WHO, *CONTACT.values(), "sumbangan"])
    assert quarantine(n, number=entry["number"]) == [entry]
    assert quarantine(n, number=entry["number"] + 1) == []
    assert quarantine(n, after=entry["number"]) == []


def test_retry_takes_what_has_become_right_and_nothing_else(office):
    n = office
    good = event("placement.started", {"date": "2020-01-01", "employer": "Bengkel", "nik": WHO,
                                       "kind": "employment"})
    refused(n, "blk", good, graduated(WHO, funding="sumbangan"))
    first, second = quarantine(n)
    assert first["code"] == "forbidden"
    for entry, code in ((first, "forbidden"), (second, "invalid")):
        kind, result, _ = n.request("RETRY", {"number": entry["number"]})
        assert (kind, result["code"]) == ("ERROR", code)
    assert len(quarantine(n)) == 2 and n.fetch_all() == [], "nothing has changed"

    write_agency(n, "blk", ["blk"], publishes=["alumni.*", "consent.*", "placement.started"])
    n.reload()
    n.wait_for_log(r"read the agencies again")
    kind, result, _ = n.request("RETRY", {"number": first["number"]})
    assert (kind, result["accepted"], result["duplicate"]) == ("OK", 1, 0)
    stored, = n.fetch_all()
    assert (stored["id"], stored["subject"]) == (good["id"], person_key(n, WHO))
    assert quarantine(n) == [second]
    assert [e["id"] for e in fetch(n, "blk")] == [good["id"]], "it belongs to whoever said it"
    kind, result, _ = n.request("RETRY", {"number": first["number"]})
    assert (kind, result["code"]) == ("ERROR", "invalid"), "once"
    check_balance(n.request("STATUS")[1], n.log())


def test_retry_of_what_was_sent_again_meanwhile_is_a_duplicate(office):
    n = office
    good = event("placement.started", {"date": "2020-01-01", "employer": "Bengkel", "nik": WHO,
                                       "kind": "employment"})
    refused(n, "blk", good)
    write_agency(n, "blk", ["blk"], publishes=["placement.started"])
    n.reload()
    n.wait_for_log(r"read the agencies again")
    said_by(n, "blk", good)
    kind, result, _ = n.request("RETRY", {"number": quarantine(n)[0]["number"]})
    assert (kind, result["accepted"], result["duplicate"]) == ("OK", 0, 1)
    assert quarantine(n) == [] and len(n.fetch_all()) == 1
    check_balance(n.request("STATUS")[1], n.log())


def test_drop_removes_one_entry(office):
    n = office
    refused(n, "blk", graduated(WHO, year="x", **CONTACT), graduated(WHO, year="y", **CONTACT))
    first, second = quarantine(n)
    assert n.request("DROP", {"number": first["number"]})[0] == "OK"
    assert quarantine(n) == [second]
    for verb in ("DROP", "RETRY"):
        for number in (first["number"], 0, 999):
            kind, result, _ = n.request(verb, {"number": number})
            assert (kind, result["code"]) == ("ERROR", "invalid"), (verb, number)
        kind, result, _ = n.request(verb, {"number": "x"})
        assert (kind, result["code"]) == ("ERROR", "malformed")
    check_balance(n.request("STATUS")[1], n.log())


def test_quarantine_is_bounded_for_each_agency_and_counts_what_it_pushes_out(office):
    n = office
    refused(n, "blk-jauh", graduated(WHO))  # another region: forbidden
    for number in range(12):
        refused(n, "blk", graduated(WHO, year=f"x{number}", _id=f"ke-{number}"))
    entries = quarantine(n)
    assert [e["event"]["id"] for e in entries if e["agency"] == "blk"] == \
        [f"ke-{number}" for number in range(7, 12)], "the newest five"
    assert len([e for e in entries if e["agency"] == "blk-jauh"]) == 1, "nobody pushes others out"
    status = check_balance(n.request("STATUS")[1], n.log())
    assert status["quarantine"] == {"kept": 6, "pushed_out": 7}
    assert status["balance"]["rejected"] == 13
    n.wait_restart("hub", n.kill("hub"))
    assert n.request("STATUS")[1]["quarantine"] == {"kept": 6, "pushed_out": 7}
    assert quarantine(n) == entries


def test_what_a_consumer_puts_aside_is_kept_and_not_said_again(office):
    """It is in the journal already: to try it again gives it to that consumer once more."""
    n = office
    one = graduated(WHO, **CONTACT)
    said_by(n, "blk", one)
    n.request("COMMIT", {"name": "pembaca", "cursor": "1", "rejected": [
        {"key": event_key(one), "reason": "tidak dapat dibaca"}, {"key": "00" * 16, "reason": "x"},
        {"key": "bukan kunci"}, {}, 7]})
    entry, = quarantine(n)
    assert (entry["agency"], entry["origin"], entry["detail"], entry["type"]) == \
        ("local", "local/pembaca", "tidak dapat dibaca", "alumni.graduated")
    n.request("RETRY", {"number": entry["number"]})
    assert len(n.fetch_all()) == 1
    check_balance(n.request("STATUS")[1], n.log())
