"""What was refused is kept where nobody reads it, until somebody decides."""

import json

import pytest

from client import check_balance, connected, contains_any, event_key, graduated, person_key, \
    write_agency
from conftest import event
from privacy import CONTACT, WHO, door, fetch, privacy_office, said_by


@pytest.fixture
def office(node):
    return privacy_office(node)


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
    for nonsense in ([{"key": "bukan kunci"}], [{}], [7], {}, [{"key": "00" * 16, "reason": 7}]):
        kind, result, _ = n.request("COMMIT", {"name": "pembaca", "cursor": "1", "rejected": nonsense})
        assert (kind, result["code"]) == ("ERROR", "malformed"), nonsense
    n.request("COMMIT", {"name": "pembaca", "cursor": "1", "rejected": [
        {"key": event_key(one), "reason": "tidak dapat dibaca"}, {"key": "00" * 16, "reason": "x"}]})
    entry, = quarantine(n)
    assert (entry["agency"], entry["origin"], entry["detail"], entry["type"]) == \
        ("local", "local/pembaca", "tidak dapat dibaca", "alumni.graduated")
    n.request("RETRY", {"number": entry["number"]})
    assert len(n.fetch_all()) == 1
    check_balance(n.request("STATUS")[1], n.log())
