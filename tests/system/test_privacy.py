"""What a person can count on: contact is shown to whom the schema, the region and the person allow,
and each time it is written down; who received what can be told; consent that is withdrawn holds for
old events, too; the chain of records cannot be altered unnoticed."""

import json
import re
import sqlite3

import pytest

from client import AUDIENCES, CATALOGUE, CONSENTABLE, connected, contains_any, declared, \
    graduated, nik, person_key, write_agency
from conftest import event, vacancy
from privacy import CONTACT, WHO, audit, consent, door, fetch, names_of, privacy_office, reveal, \
    said_by


@pytest.fixture
def office(node):
    return privacy_office(node)


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
