"""A regency reports to its province: nothing is lost or counted twice, whatever breaks."""

import uuid

import pytest

from client import graduated, nik, person_key
from conftest import event, vacancy
from province import (attach, enlist, identities, regency, says, status_of, upper, waiting)


@pytest.fixture
def lines():
    nodes = []
    yield nodes
    for one in nodes:
        one.line.close()


@pytest.fixture
def pair(node, lines):
    """A province and a regency that reports to it, both running."""
    p = upper(node).start()
    r = regency(node, p, "33.75", name="pekalongan")
    lines.append(r)
    r.start()
    return p, r


def outcomes(count, first=0, **attributes):
    return [event("outcome.reported", {"nik": nik(first + i), "date": "2024-03-01",
                                       "status": "employed"}, **attributes)
            for i in range(count)]


def arrived(p, r, types=None):
    """Waits until the province has what the regency has; returns what the province has."""
    r.wait(lambda: waiting(r) == 0, "the regency's uplink to be done")
    return p.fetch_all(types)


def test_events_arrive_with_their_identity_and_origin(pair):
    p, r = pair
    r.publish([graduated(nik(1), _time="2019-07-31T08:00:00+07:00"), *outcomes(3)])
    here, there = r.fetch_all(), arrived(p, r)
    assert identities(here) == identities(there)
    for place, (mine, theirs) in enumerate(zip(here, there), 1):
        assert (theirs["origin"], theirs["originsequence"]) == ("pekalongan", str(place))
        for name in ("source", "id", "time", "region", "subject", "recordedtime"):
            assert theirs[name] == mine[name], name
        assert "origin" not in mine
    assert there[0]["subject"] == person_key(p, nik(1)) and "nik" not in there[0]["data"]
    known = status_of(p, "pekalongan")
    assert (known["sequence"], known["accepted"], known["gaps"], known["problem"]) == \
        ("4", 4, [], None)
    assert says(r) == "reports to node jateng"


def test_what_the_province_may_not_see_stays(pair):
    p, r = pair
    r.publish([event("referral.made", {"date": "2024-01-01", "to": "uld", "purpose": "kerja",
                                       "nik": nik(1)}),
               event("accommodation.assessed", {"date": "2024-01-01", "category": "mobility",
                                                "needs": ["ramp"], "nik": nik(1)})])
    there = arrived(p, r)
    assert [e["type"] for e in there] == ["accommodation.assessed"]
    assert "needs" not in there[0]["data"]
    assert there[0]["originsequence"] == "2" and status_of(p, "pekalongan")["gaps"] == []


def test_a_line_that_was_down_is_caught_up(pair):
    p, r = pair
    r.publish(outcomes(2))
    arrived(p, r)
    r.line.cut()
    for at in range(0, 3000, 500):
        r.publish(outcomes(500, 10 + at))
    assert waiting(r) > 0
    r.line.mend()
    assert identities(arrived(p, r)) == identities(r.fetch_all())
    assert status_of(p, "pekalongan")["gaps"] == []
    assert p.request("STATUS")[1]["adds_up"] and r.request("STATUS")[1]["adds_up"]


def test_kills_on_both_sides_lose_and_double_nothing(pair):
    p, r = pair
    for round_ in range(3):
        r.publish(outcomes(400, round_ * 1000))
        old = r.kill("uplink")
        r.publish(outcomes(400, round_ * 1000 + 400))
        hub = p.kill("hub")
        r.line.cut()
        p.wait_restart("hub", hub)
        r.wait_restart("uplink", old)
        local = r.kill("hub")
        r.line.mend()
        r.wait_restart("hub", local)
    there = arrived(p, r)
    assert identities(there) == identities(r.fetch_all()) and len(there) == 2400
    known = status_of(p, "pekalongan")
    assert (known["gaps"], known["blocked"]) == ([], False)


def test_an_outage_is_shown_and_ends_by_itself(node, lines):
    p = upper(node)
    bundle = enlist(p, "pekalongan", "33.75")
    r = attach(node({}, node="pekalongan"), p, bundle)
    lines.append(r)
    r.start()
    r.publish(outcomes(1))
    r.wait_for_log("does not answer; events wait in the journal")
    assert "does not answer" in says(r)
    p.start()
    assert len(arrived(p, r)) == 1
    r.wait(lambda: says(r) == "reports to node jateng", "the good news in the status")
