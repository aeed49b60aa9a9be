"""What a province has to expect of dozens of nodes: restored from a backup, newer than itself, wrong
for weeks. It is found, told in log and status, and nothing is lost."""

import json
import shutil

import pytest

from client import graduated, nik
from conftest import ROOT, event, vacancy
from province import identities, regency, says, status_of, upper, waiting
from test_ctl import ctl, result


@pytest.fixture
def lines():
    nodes = []
    yield nodes
    for one in nodes:
        one.line.close()


@pytest.fixture
def pair(node, lines):
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
    r.wait(lambda: waiting(r) == 0, "the regency's uplink to be done")
    return p.fetch_all(types)


def begin_again(n):
    n.start()
    n.client = None


# ---- Restored


def test_a_restored_regency_is_found_at_once_and_gets_back_what_had_come_down(pair):
    p, r = pair
    r.publish(outcomes(3))
    arrived(p, r)
    backup = r.folder / "backup"
    assert ctl("backup", str(backup), node=r).returncode == 0
    r.publish(outcomes(4, 10))
    p.publish([vacancy("Juru ukur", region="33")])
    r.wait(lambda: r.fetch_all(["vacancy.*"]), "the vacancy to come down")
    arrived(p, r)
    journal = r.request("HELLO")[1]["journal"]
    r.stop()
    assert ctl("restore", "--force", str(backup), node=r).returncode == 0
    begin_again(r)
    assert r.request("HELLO")[1]["journal"] != journal, "who keeps a cursor can tell"
    # Nothing new is there yet: only that the journal is shorter than it was.
    p.wait_for_log("ends at 3, and has reported up to")
    r.wait(lambda: "refused by the node above: conflict" in says(r), "the status there")
    told = ctl("status", node=p)
    assert told.returncode == 1 and "restored from an older copy" in told.stderr
    assert len(p.fetch_all()) == 8, "what is there stays"
    assert ctl("node", "forget", "pekalongan", node=p).returncode == 0
    r.publish(outcomes(5, 20))
    there = arrived(p, r)
    assert len(there) == 13 and len(set(identities(there))) == 13
    r.wait(lambda: r.fetch_all(["vacancy.*"]), "the vacancy to come down once more")
    assert status_of(p, "pekalongan")["gaps"] == []


def test_a_restored_province_gives_and_takes_what_it_has_lost(pair):
    p, r = pair
    r.publish(outcomes(2))
    arrived(p, r)
    p.publish([vacancy("Juru ukur", region="33")])
    r.wait(lambda: len(r.fetch_all(["vacancy.*"])) == 1, "the vacancy to come down")
    backup = p.folder / "backup"
    assert ctl("backup", str(backup), node=p).returncode == 0
    r.publish(outcomes(6, 10))
    arrived(p, r)
    p.stop()
    assert ctl("restore", "--force", str(backup), node=p).returncode == 0
    begin_again(p)
    p.publish([vacancy("Juru masak", region="33")])  # where one of the regency's stood
    r.kill("uplink")  # it would look by itself within half a minute
    r.wait(lambda: len(r.fetch_all(["vacancy.*"])) == 2, "what is new above to come down")
    p.wait(lambda: len(p.fetch_all(["outcome.reported"])) == 8, "what it had lost")
    assert status_of(p, "pekalongan")["gaps"] == []
