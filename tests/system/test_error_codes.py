"""Every code that a hub can answer with: how a client earns it, from outside, and that the contract
tells a client's author what to do about it. The list of codes is the public header's."""

import re
import sqlite3

import pytest

from client import graduated, nik
from conftest import ROOT, event, vacancy
from test_agency import add, came_in, open_node

CODES = [name.lower() for name, number in
         re.findall(r"JJ_E(\w+) = -(\d+),", (ROOT / "core/include/jejaring/error.h").read_text())
         if int(number) < 10]


@pytest.fixture
def office(node):
    """A node, and an agency that may publish vacancies of one region."""
    n = open_node(node).start()
    n.bundle = add(n, "kantor", "--publish", "vacancy.opened", audience="industry")
    n.reload()
    with came_in(n.bundle) as n.agency:
        yield n


def refusal(n, one):
    """The entry of `rejected` for one event."""
    kind, result, _ = n.agency.request("PUBLISH", {}, [one])
    assert kind == "OK" and result["accepted"] == 0, result
    return result["rejected"][0]


def malformed(n):
    return n.agency.request("FETCH", {"after": 7})[1]


def unauthorised(n):
    file = n.folder / "agencies.d" / "kantor.yaml"
    assert n.agency.ok("HELLO")
    file.write_text(file.read_text() + "revoked: true\n")
    n.reload()
    return n.agency.request("HELLO")[1]


def forbidden(n):
    return refusal(n, graduated(nik(1)))


def unknown_type(n):
    return refusal(n, event("vacancy.openned", {}))


def invalid(n):
    return refusal(n, vacancy(region="3375"))


def conflict(n):
    one = vacancy()
    n.agency.publish([one])
    return refusal(n, {**one, "data": {**one["data"], "title": "Lain"}})


def too_large(n):
    return refusal(n, b'{"id": "' + b"x" * (1 << 20) + b'"}')


def busy(n):
    """More readers that wait than one agency may have."""
    with came_in(n.bundle) as many:
        for _ in range(300):
            many.send("FETCH", {"wait_ms": 60000})
        kind, result, _, _ = many.receive()
        assert kind == "ERROR"
        return result


def unavailable(n):
    """The journal cannot be written: somebody else holds its lock."""
    journal = sqlite3.connect(n.folder / "state" / "journal.db", isolation_level=None)
    journal.execute("BEGIN IMMEDIATE")
    try:
        kind, result, _ = n.agency.request("PUBLISH", {}, [vacancy()])
        assert kind == "ERROR"
    finally:
        journal.execute("ROLLBACK")
        journal.close()
    n.wait(lambda: n.agency.request("PUBLISH", {}, [vacancy()])[0] == "OK", "it to pass by itself")
    return result


PROVOKED = [malformed, unauthorised, forbidden, unknown_type, invalid, conflict, too_large, busy,
            unavailable]


def test_every_code_is_provoked_here():
    assert len(CODES) == 9
    assert sorted(CODES) == sorted(provoke.__name__ for provoke in PROVOKED)


@pytest.mark.parametrize("provoke", PROVOKED, ids=lambda provoke: provoke.__name__)
def test_a_client_earns_each_code(office, provoke):
    told = provoke(office)
    assert told["code"] == provoke.__name__
    assert len(told["detail"]) > 10, "no word about why"


def test_the_contract_says_what_to_do_about_each():
    contract = (ROOT / "schemas" / "README.md").read_text()
    errors = contract.split("### Errors")[1].split("\n#")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", errors, re.MULTILINE))
    assert sorted(rows) == sorted(CODES)
    for code in CODES:
        assert len(rows.get(code, "").strip()) > 10, f"{code}: nothing to do"
