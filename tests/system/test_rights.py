"""The whole matrix of rights: every agency, verb, type and region, compared cell by cell with what
the agencies' files and the schemas declare. Nothing here is taken from what the hub answers."""

import uuid

import pytest

from client import CATALOGUE, CONSENTABLE, Connection, check_balance, declared, full_event, \
    graduated, may_know, nik, person_key, seeded, view, write_agency
from conftest import Node, event

# id: audiences, regions, types that it may publish
AGENCIES = {
    "blk-kota": (["blk"], ["33.75"], ["alumni.*", "batch.closed", "person.erased"]),
    "industri": (["industry"], ["33"], ["vacancy.*", "placement.*", "consent.granted"]),
    "bank": (["capital"], ["33.75", "15.07"], ["loan.applied"]),
    "uld": (["disability"], ["*"], ["referral.made", "accommodation.*"]),
    "umum": (["public"], ["*"], []),
    "dinas": (["province", "opd"], ["33"], ["*"]),
}
REGIONS = ["33.75", "33.26", "33", "15.07"]
ELSEWHERE = "11.01"  # where the persons say what they agree to: in no cell
AGREED = {"industry", "capital"}
PROPERTIES = {type_: declared(schema) for type_, schema in CATALOGUE.items()}
PERSONAL = {type_ for type_, schema in CATALOGUE.items() if schema["x-subject"] == "person"}
CELLS = [(type_, region) for type_ in CATALOGUE for region in REGIONS]
ADMINISTRATIVE = ["STATUS", "QUARANTINE", "RETRY", "DROP", "FORGET", "TRACE", "ERASE", "AUDIT"]


def covers(regions, region):
    return any(one in ("*", region) or (len(one) == 2 and region.startswith(one + "."))
               for one in regions)


def listed(types, type_):
    return any(one in ("*", type_) or (one.endswith(".*") and type_.startswith(one[:-1]))
               for one in types)


def refusal(agency, type_, region):
    """The field for which an event of this cell is forbidden, or None."""
    _, regions, types = AGENCIES[agency]
    return "/type" if not listed(types, type_) else "/region" if not covers(regions, region) else None


class World:
    """A node with an event of every cell, each about a person of its own who agrees to AGREED."""

    def __init__(self):
        self.node = n = Node(agencies="agencies.d")
        n.write_config(hub={"listen": [{"endpoint": self.door(one), "as": one}
                                       for one in AGENCIES]})
        for one, (audiences, regions, types) in AGENCIES.items():
            write_agency(n, one, audiences, regions=regions, publishes=types)
        self.doors = {}

    def door(self, agency):
        return f"ipc://{self.node.folder}/run/{agency}.sock"

    def go(self):
        n = self.node.start()
        self.doors = {one: Connection(self.door(one)) for one in AGENCIES}
        pick = seeded("the events of the cells")
        self.people = {cell: nik(number) for number, cell in enumerate(CELLS)}
        said = [event(f"consent.{kind}", {"date": "2024-01-01", "nik": who, "audiences": audiences},
                      region=ELSEWHERE)
                for who in self.people.values()
                for kind, audiences in (("granted", sorted(AGREED)),
                                        ("withdrawn", sorted(set(CONSENTABLE) - AGREED)))]
        made = {cell: full_event(cell[0], pick, region=cell[1], subject=self.people[cell])
                for cell in CELLS}
        n.publish(said + list(made.values()))
        self.said = made
        self.stored = {(e["type"], e["region"]): e for e in n.fetch_all()
                       if e["region"] != ELSEWHERE}
        assert set(self.stored) == set(CELLS)
        return self

    def close(self):
        for connection in self.doors.values():
            connection.close()
        self.node.close()

    def consent(self, type_):
        """Whoever is erased is asked anew."""
        return set() if type_ == "person.erased" else AGREED if type_ in PERSONAL else set()

    def ask(self, agency, verb, requests):
        """Many requests under way at a time; their answers in the order of the requests. A refusal
        comes at once, what is to be on disk first comes later."""
        door = self.doors[agency]
        for at in range(0, len(requests), 100):
            sent = [door.send(verb, options, events) for options, events in requests[at:at + 100]]
            answers = {number: answer for *answer, number in (door.receive() for _ in sent)}
            yield from (answers[number] for number in sent)


@pytest.fixture(scope="module")
def world():
    made = World()
    try:
        yield made.go()
    finally:
        made.close()


def shown(world, agency, cell):
    """The event of a cell as this agency may see it; None: it may not know of it."""
    audiences, regions, _ = AGENCIES[agency]
    one, properties, consent = world.stored[cell], PROPERTIES[cell[0]], world.consent(cell[0])
    if not covers(regions, cell[1]) or not may_know(properties, audiences, consent):
        return None
    seen = {**one, "data": view(properties, one["data"], audiences, consent)}
    if cell[0] in PERSONAL and not may_know(properties, set(audiences) - {"public"}, consent):
        del seen["subject"]
    return seen


def contact(world, agency, cell):
    audiences, regions, _ = AGENCIES[agency]
    if cell[0] not in PERSONAL or cell[0] == "person.erased" or not covers(regions, cell[1]):
        return {}
    data, consent = world.said[cell]["data"], world.consent(cell[0])
    return {name: data[name] for name, p in PROPERTIES[cell[0]].items()
            if p.vault and p.shows(audiences, consent)}


def compare(wrong, where, expected, came):
    if expected != came:
        wrong.append(f"{where}:\n  expected {expected}\n  came     {came}")


@pytest.mark.parametrize("agency", AGENCIES)
def test_fetch(world, agency):
    wrong = []
    for cell in CELLS:
        events = world.doors[agency].fetch(types=[cell[0]], regions=[cell[1]])
        # Who asks for a province asks for its regencies, too.
        seen = [shown(world, agency, (cell[0], r)) for r in REGIONS if covers([cell[1]], r)]
        compare(wrong, cell, [one for one in seen if one], events)
    assert not wrong, "\n".join(wrong[:5])


@pytest.mark.parametrize("agency", AGENCIES)
def test_reveal(world, agency):
    wrong, requests = [], []
    for cell in CELLS:
        who = person_key(world.node, world.people[cell]) if cell[0] in PERSONAL \
            else world.stored[cell]["subject"]
        requests.append(({"person": who, "purpose": "uji"}, ()))
    answers = world.ask(agency, "REVEAL", requests)
    for cell, (kind, result, _) in zip(CELLS, answers, strict=True):
        expected = contact(world, agency, cell)
        compare(wrong, cell, ("OK", expected) if expected else ("ERROR", "forbidden"),
                (kind, result.get("contact") or result.get("code")))
    assert not wrong, "\n".join(wrong[:5])


@pytest.mark.parametrize("agency", AGENCIES)
def test_publish_and_commit(world, agency):
    pick, wrong = seeded("what is published"), []
    first = 5000 + 200 * list(AGENCIES).index(agency)
    said = [full_event(t, pick, region=r, subject=nik(first + number))
            for number, (t, r) in enumerate(CELLS)]
    expected = [refusal(agency, *cell) for cell in CELLS]
    (kind, result, _), = world.ask(agency, "PUBLISH", [({}, said)])
    assert kind == "OK"
    assert result["accepted"] == expected.count(None)
    came = {r["index"]: (r["code"], r["field"]) for r in result["rejected"]}
    for index, cell in enumerate(CELLS):
        compare(wrong, f"PUBLISH {cell}", ("forbidden", expected[index]) if expected[index] else None,
                came.get(index))
    # The same by way of a COMMIT, alone each: known already, or forbidden.
    requests = [({"name": "matriks"}, [one]) for one in said]
    for index, (kind, result, _) in enumerate(world.ask(agency, "COMMIT", requests)):
        compare(wrong, f"COMMIT {CELLS[index]}",
                ("ERROR", "forbidden") if expected[index] else ("OK", 1),
                (kind, result.get("code") or result.get("duplicate")))
    assert not wrong, "\n".join(wrong[:5])
    # What was accepted is its own, and it sees all of it; nobody has seen a byte of the rest.
    stored = {e["id"]: e for e in world.node.fetch_all()}
    accepted = {one["id"] for one, field in zip(said, expected) if not field}
    assert {one["id"] for one in said} & set(stored) == accepted
    own = {e["id"] for e in world.doors[agency].fetch()}
    # Of whom it is said that he is erased nothing else stays, not even one's own words.
    assert accepted <= own


@pytest.mark.parametrize("agency", AGENCIES)
def test_hello_and_state(world, agency):
    audiences, regions, types = AGENCIES[agency]
    told = world.doors[agency].ok("HELLO")
    assert (told["agency"], sorted(told["audiences"]), told["regions"]) == \
        (agency, sorted(audiences), regions)
    assert "person_key" not in told
    assert set(told["may_publish"]) == {t for t in CATALOGUE if listed(types, t)}
    assert set(told["may_fetch"]) == {t for t in CATALOGUE if listed(types, t) or
                                      may_know(declared(CATALOGUE[t], addressed=()), audiences, set(CONSENTABLE))}
    world.doors[agency].ok("COMMIT", {"name": "rahasia", "state": {"siapa": agency}})
    for other in AGENCIES:
        state = world.doors[other].ok("STATE", {"name": "rahasia"})["state"]
        assert state.get("siapa") in ({agency} if other == agency else {None, other})


@pytest.mark.parametrize("agency", AGENCIES)
def test_what_is_the_administrators(world, agency):
    options = {"number": 1, "name": f"{agency}/matriks", "nik": nik(1)}
    before = len(world.node.fetch_all())
    for verb in ADMINISTRATIVE:
        kind, result, _ = world.doors[agency].request(verb, options)
        assert (kind, result["code"]) == ("ERROR", "forbidden"), verb
    assert len(world.node.fetch_all()) == before


def test_recipients(world):
    """Who is meant sees it, where its regions and audiences allow; its owner; and nobody else."""
    one = graduated(nik(9000), _recipient="industri", consent=["industry"])
    two = graduated(nik(9001), _recipient="bank", _region="15.07", consent=["capital"])
    marked = {e["id"] for e in (one, two)}
    world.doors["blk-kota"].publish([one])
    world.node.publish([two])
    for agency in AGENCIES:
        seen = {e["id"] for e in world.doors[agency].fetch(types=["alumni.graduated"])} & marked
        properties = PROPERTIES["alumni.graduated"]
        expected = {one["id"]} if agency in ("industri", "blk-kota") else set()
        if agency == "bank" and may_know(properties, ["capital"], {"capital"}):
            expected = {two["id"]}
        assert seen == expected, agency


def test_in_the_end_everything_adds_up(world):
    check_balance(world.node.request("STATUS")[1], world.node.log())
    assert uuid.UUID(world.stored[CELLS[0]]["subject"])
