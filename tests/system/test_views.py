"""Who sees what: one full event of every type, about people who agree to nothing, to one audience
or to all of them, read by every audience, and compared property by property with what the schema
files declare. Then regions, recipients, and who is let in at all."""

import json
import pathlib

import pytest

from client import AUDIENCES, CATALOGUE, CONSENTABLE, Connection, Curve, check_balance, \
    connected, declared, free_port, full_event, graduated, is_let_in, may_know, nik, person_key, \
    seeded, view, write_agency
from conftest import BUILD, Node, vacancy

SAMPLES = str(BUILD / "tests" / "plugins")
PROPERTIES = {type_: declared(schema) for type_, schema in CATALOGUE.items()}
PERSONAL = [type_ for type_, schema in CATALOGUE.items() if schema["x-subject"] == "person"]
# Whom the people agree to share with: nobody, one audience each, everybody.
CONSENTS = [(), *[(one,) for one in CONSENTABLE], tuple(CONSENTABLE)]

# Each audience, and what more than one of them sees together.
READERS = {**{f"baca-{one}": [one] for one in AUDIENCES},
           "baca-beberapa": ["industry", "capital", "disability"], "pemilik": ["public"]}


def door(node, agency):
    return f"ipc://{node.folder}/run/{agency}.sock"


class World:
    """A node on which `pemilik` says everything and an agency of each audience listens."""

    def __init__(self):
        self.node = n = Node(agencies="agencies.d")
        n.write_config(hub={"listen": [{"endpoint": door(n, one), "as": one} for one in READERS]})
        for one, audiences in READERS.items():
            write_agency(n, one, audiences,
                         publishes=["*"] if one == "pemilik" else [],
                         regions=["*"] if one == "pemilik" else ["33.75"])
        self.connections = {}
        self.consent = {}  # person key: audiences

    def go(self):
        self.node.start()
        self.connections = {one: Connection(door(self.node, one)) for one in READERS}
        self.connections["pemilik"].publish(self.events())
        self.stored = self.node.fetch_all()
        return self

    def events(self):
        pick = seeded("the full events")
        made = [full_event(type_, pick) for type_ in CATALOGUE if type_ not in PERSONAL]
        for number, consent in enumerate(CONSENTS):
            who = nik(number)
            self.consent[person_key(self.node, who)] = set(consent)
            for type_ in PERSONAL:
                # Of whom it is said that he is erased, nothing else is left: a person of his own.
                erased = type_ == "person.erased"
                one = full_event(type_, pick, subject=nik(1000 + number) if erased else who)
                # What these say of consent is part of what they are: in the end it is the same.
                # Nobody's is granted and later withdrawn; everybody's was withdrawn before.
                if type_ == "alumni.graduated":
                    one["data"]["consent"] = list(consent)
                elif type_ == "consent.granted":
                    one["data"]["audiences"] = list(consent) or ["industry"]
                elif type_ == "consent.withdrawn":
                    one["data"]["audiences"] = [a for a in CONSENTABLE if a not in consent] or \
                        ["industry"]
                    one["time"] = "2019-06-30T00:00:00Z" if consent else "2019-08-31T00:00:00Z"
                made.append(one)
        return made

    def expected(self, reader, stored=None):
        """What the schemas let this reader see of what is stored."""
        seen = []
        for one in self.stored if stored is None else stored:
            audiences = set(READERS[reader]) | ({"owner"} if reader == "pemilik" else set())
            consented = self.consent.get(one["subject"], set())
            properties = PROPERTIES[one["type"]]
            if "owner" in audiences or may_know(properties, audiences, consented):
                shown = {**one, "data": view(properties, one["data"], audiences, consented)}
                if one["type"] in PERSONAL and \
                        not may_know(properties, audiences - {"public"}, consented):
                    del shown["subject"]  # a person key is never for the public
                seen.append(shown)
        return seen


@pytest.fixture(scope="module")
def world():
    made = World()
    try:
        yield made.go()
    finally:
        for connection in made.connections.values():
            connection.close()
        made.node.close()


# ---- Every property, every audience, every consent


def paths(value, before=()):
    """The members of an object at any depth."""
    found = set()
    for name, inner in value.items():
        found.add((*before, name))
        if isinstance(inner, dict):
            found |= paths(inner, (*before, name))
    return found


def declared_paths(properties):
    found = set()
    for property_ in properties.values():
        found |= {property_.path} | declared_paths(property_.members)
    return found


def vault(properties):
    return {p.path for p in properties.values() if p.vault}


@pytest.mark.parametrize("type_", CATALOGUE)
def test_each_audience_sees_what_the_schema_declares_and_no_byte_more(world, type_):
    stored = [one for one in world.stored if one["type"] == type_]
    assert len(stored) == (len(CONSENTS) if type_ in PERSONAL else 1)
    for one in stored:
        properties = PROPERTIES[type_]
        missing = declared_paths(properties) - vault(properties) - paths(one["data"])
        assert not missing, f"the event that is looked at lacks {missing}"
        assert not paths(one["data"]) & vault(properties), "contact is journaled"
    wrong = []
    for reader, connection in world.connections.items():
        found = {one["id"]: one for one in connection.fetch(types=[type_])}
        expected = {one["id"]: one for one in world.expected(reader, stored)}
        for one in stored:
            want, got = expected.get(one["id"]), found.get(one["id"])
            if want != got:
                consent = sorted(world.consent.get(one["subject"], []))
                wrong.append(f"{reader}, person agrees to {consent}:\n  expected {want}\n"
                             f"  came     {got}")
    assert not wrong, "\n".join(wrong)


def test_readers_get_everything_in_the_order_of_the_journal(world):
    for reader, connection in world.connections.items():
        assert connection.fetch() == world.expected(reader), reader


def test_the_public_is_given_no_person_key(world):
    """Said once more without the schemas' help: the public sees that somebody was erased, not who."""
    seen = world.connections["baca-public"].fetch()
    assert "person.erased" in {one["type"] for one in seen}
    for one in seen:
        assert ("subject" in one) == (one["type"] not in PERSONAL), one
    told = world.connections["baca-industry"].fetch(types=["person.erased"])
    assert all("subject" in one for one in told), "who may hold the person's data must know"


def test_the_local_administrator_sees_the_stored_text(world):
    """Audience node: no projection, and no contact either, for that is not stored."""
    assert len(world.stored) == len(PERSONAL) * len(CONSENTS) + len(CATALOGUE) - len(PERSONAL)
    text = json.dumps(world.stored)
    assert not any(nik(number) in text for number in range(len(CONSENTS)))


def test_disability_and_loans_reach_those_who_are_named_only(world):
    """What must never be widened by mistake, said once more without the schemas' help."""
    everywhere = {"owner", "province", "disability"}
    for type_ in ("accommodation.assessed", "referral.made"):
        for property_ in PROPERTIES[type_].values():
            assert property_.audiences <= everywhere, property_.path
            assert "disability" not in property_.audiences or \
                "disability" in property_.consent, property_.path
    for type_ in (one for one in CATALOGUE if one.startswith("loan.")):
        for property_ in PROPERTIES[type_].values():
            assert property_.audiences <= {"owner", "capital", "province"}, property_.path
    for reader in ("baca-blk", "baca-industry", "baca-cooperative", "baca-opd", "baca-public"):
        seen = json.dumps(world.connections[reader].fetch())
        assert "accommodation.assessed" not in seen and "referral.made" not in seen, reader
        assert '"disability":' not in seen or reader == "baca-disability", reader
        assert '"loan.' not in seen, reader


def test_hello_tells_each_reader_what_it_may(world):
    for reader, connection in world.connections.items():
        told = connection.ok("HELLO", {"client": "uji"})
        assert told["agency"] == reader
        assert sorted(told["audiences"]) == sorted(READERS[reader])
        readable = [type_ for type_, schema in CATALOGUE.items() if reader == "pemilik" or
                    may_know(declared(schema, addressed=()), set(READERS[reader]), set(CONSENTABLE))]
        assert sorted(told["may_fetch"]) == sorted(readable), reader
        assert sorted(told["may_publish"]) == (sorted(CATALOGUE) if reader == "pemilik" else [])


def test_what_a_consumer_was_given_and_what_not_adds_up(world):
    for reader, connection in world.connections.items():
        options = {"name": "hitung", "max_events": 37}
        delivered = 0
        while True:
            kind, result, events = connection.request("FETCH", options)
            assert kind == "EVENTS", result
            delivered += len(events)
            connection.ok("COMMIT", {"name": "hitung", "cursor": result["cursor"]})
            if result["behind"] == 0:
                break
        assert delivered == len(world.expected(reader))
        status = check_balance(world.node.request("STATUS")[1])
        counted = [c for c in status["consumers"] if c["name"] == f"{reader}/hitung"][0]
        assert counted["delivered"] == delivered, reader
        assert counted["filtered"] == len(world.stored) - delivered, reader


# ---- Regions, recipients


READER_REGIONS = {"kota": ["33.75"], "provinsi": ["33"], "lain": ["15.07", "35.22"], "semua": ["*"]}


@pytest.fixture
def regional(node):
    """Readers of one audience in several regions, and one publisher for all of Indonesia."""
    n = node(agencies="agencies.d")
    n.write_config(hub={"listen": [{"endpoint": door(n, one), "as": one}
                                   for one in (*READER_REGIONS, "pemilik")]})
    for one, regions in READER_REGIONS.items():
        write_agency(n, one, ["blk"], regions=regions)
    write_agency(n, "pemilik", ["opd"], regions=["33"], publishes=["alumni.*", "vacancy.opened"])
    return n.start()


def read(n, agency, **options):
    with connected(door(n, agency)) as connection:
        return connection.fetch(**options)


def test_a_reader_sees_its_regions_only(regional):
    n = regional
    places = ["33.75", "33.26", "33", "15.07", "35.22", "11.01"]
    n.publish([graduated(nik(i), _region=place, _id=place) for i, place in enumerate(places)])
    seen = {one: {e["id"] for e in read(n, one)} for one in READER_REGIONS}
    assert seen == {"kota": {"33.75"}, "provinsi": {"33.75", "33.26", "33"},
                    "lain": {"15.07", "35.22"}, "semua": set(places)}
    # A filter narrows what one sees, and never widens it.
    assert {e["id"] for e in read(n, "semua", regions=["33"])} == {"33.75", "33.26", "33"}
    assert read(n, "kota", regions=["33", "15.07", "*"]) == read(n, "kota")
    assert [e["id"] for e in read(n, "kota", types=["alumni.*"])] == ["33.75"]
    assert read(n, "kota", types=["loan.*", "no.*"]) == []


def test_an_event_for_one_recipient_is_for_that_one_and_its_owner(regional):
    n = regional
    with connected(door(n, "pemilik")) as owner:
        owner.publish([graduated(nik(1), _id="untuk-kota", _recipient="kota"),
                       graduated(nik(2), _id="untuk-lain", _recipient="lain"),
                       graduated(nik(3), _id="untuk-orang-asing", _recipient="tidak-ada"),
                       graduated(nik(4), _id="untuk-semua")])
        assert len(owner.fetch()) == 4, "its owner sees it whoever it is for"
    assert {e["id"] for e in read(n, "kota")} == {"untuk-kota", "untuk-semua"}
    assert {e["id"] for e in read(n, "semua")} == {"untuk-semua"}
    # Being meant does not widen the regions.
    assert read(n, "lain") == []
    assert len(n.fetch_all()) == 4


def test_an_owner_sees_its_own_wherever_and_whatever(regional):
    """What it said itself, in its own words but for what was sealed."""
    n = regional
    mine = graduated(nik(1), _region="33.26", name="Sealed", sex="female",
                     disability={"category": "visual", "needs": ["pembaca"]})
    with connected(door(n, "pemilik")) as owner:
        owner.publish([mine])
        seen, = owner.fetch()
    assert seen["data"] == {k: v for k, v in mine["data"].items() if k not in ("nik", "name")}


def test_nobody_publishes_beyond_his_types_and_regions(regional):
    with connected(door(regional, "pemilik")) as owner:
        result = owner.ok("PUBLISH", {}, [
            graduated(nik(1)), vacancy(), graduated(nik(2), _region="15.07"),
            {**graduated(nik(3)), "type": "consent.granted",
             "data": {"date": "2024-01-01", "nik": nik(3), "audiences": ["industry"]}}])
    assert [(r["index"], r["code"], r["field"]) for r in result["rejected"]] == \
        [(2, "forbidden", "/region"), (3, "forbidden", "/type")]
    with connected(door(regional, "kota")) as reader:
        result = reader.ok("PUBLISH", {}, [graduated(nik(1))])
        assert [r["code"] for r in result["rejected"]] == ["forbidden"]
        kind, result, _ = reader.request("COMMIT", {"name": "x"}, [graduated(nik(1))])
        assert (kind, result["code"]) == ("ERROR", "forbidden"), "nor by way of a COMMIT"


# ---- Verbs


ADMINISTRATIVE = {"STATUS": {}, "TRACE": {"nik": nik(1)}, "ERASE": {"nik": nik(1)}, "AUDIT": {},
                  "QUARANTINE": {}, "RETRY": {"number": 1}, "DROP": {"number": 1}}


@pytest.mark.parametrize("verb", ADMINISTRATIVE)
def test_what_is_the_administrators_is_forbidden_to_others(regional, verb):
    n = regional
    n.publish([graduated(nik(1), name="Tetap Ada")])
    n.request("PUBLISH", {}, [{"not": "an event"}])
    before = n.request("QUARANTINE")[1], n.fetch_all()
    with connected(door(n, "semua")) as agency:
        kind, result, _ = agency.request(verb, {**ADMINISTRATIVE[verb], "agency": "local"})
    assert (kind, result["code"]) == ("ERROR", "forbidden")
    assert (n.request("QUARANTINE")[1], n.fetch_all()) == before
    assert n.request(verb, ADMINISTRATIVE[verb])[0] == "OK" or verb == "RETRY"


def test_consumers_and_their_state_belong_to_one_agency(regional):
    n = regional
    n.publish([graduated(nik(1))])
    with connected(door(n, "kota")) as one, connected(door(n, "semua")) as other:
        one.ok("COMMIT", {"name": "sama", "cursor": "1", "state": {"rahasia": "kota"}})
        assert other.ok("STATE", {"name": "sama"})["state"] == {}
        assert other.request("FETCH", {"name": "sama"})[1]["count"] == 1, "nor is its cursor moved"
        other.ok("COMMIT", {"name": "sama", "state": {"rahasia": None}})
        assert one.ok("STATE", {"name": "sama"})["state"] == {"rahasia": "kota"}
        kind, result, _ = other.request("STATE", {"name": "kota/sama"})
        assert (kind, result["code"]) == ("ERROR", "malformed")


# ---- Who is let in


class Secure:
    """A node with a CURVE door and two agencies that have keys."""

    def __init__(self, node):
        self.server, self.bank, self.office = Curve(), Curve(), Curve()
        self.endpoint = f"tcp://127.0.0.1:{free_port()}"
        probe = {"module": f"{SAMPLES}/probe.so", "audiences": ["industry"]}
        self.node = n = node({"probe": probe}, agencies="agencies.d", server_key="server.key",
                             hub={"listen": [{"endpoint": self.endpoint}]})
        (n.folder / "server.key").touch(0o600)
        (n.folder / "server.key").write_text(self.server.secret + "\n")
        write_agency(n, "bank", ["capital"], public_key=self.bank.public)
        write_agency(n, "dinas", ["blk"], public_key=self.office.public, publishes=["alumni.*"])
        n.start()

    def knock(self, pair):
        return is_let_in(self.endpoint, curve=pair.towards(self.server))

    def connect(self, pair, **options):
        return connected(self.endpoint, curve=pair.towards(self.server), **options)


@pytest.fixture
def secure(node):
    return Secure(node)


def test_an_agency_is_its_key(secure):
    for pair, name in ((secure.bank, "bank"), (secure.office, "dinas")):
        with secure.connect(pair) as connection:
            assert connection.ok("HELLO", {"agency": "local", "client": "local"})["agency"] == name


def test_an_unknown_key_no_key_and_a_wrong_server_are_not_let_in(secure):
    assert secure.knock(secure.bank)
    assert not secure.knock(Curve()), "a key that nobody knows"
    assert not is_let_in(secure.endpoint), "no key at all"
    assert not is_let_in(secure.endpoint, plain=(b"bank", b"bank")), "a password"
    assert not is_let_in(secure.endpoint, curve=secure.bank.towards(Curve())), "another server"
    stolen = Curve()
    stolen.public = secure.bank.public
    assert not secure.knock(stolen), "a public key is not enough"
    assert not is_let_in(f"ipc://{secure.node.folder}/run/plugins.sock",
                         curve=secure.bank.towards(secure.server)), "nor is it a plugin"


def test_a_routing_id_is_nobodys_identity(secure):
    """The id of another agency, of a plugin, of the administrator, or one that is in use."""
    with secure.connect(secure.office, routing_id=b"dinas") as office, \
            secure.connect(secure.bank, routing_id=b"local") as bank:
        assert office.ok("HELLO")["agency"] == "dinas"
        assert bank.ok("HELLO")["agency"] == "bank"
        with secure.connect(secure.bank, routing_id=b"dinas") as thief:
            thief.knock()
            for _ in range(50):
                assert office.ok("HELLO")["agency"] == "dinas", "the first keeps its connection"
            assert thief.is_silent(0) or thief.receive()[1]["agency"] == "bank"
        kind, result, _ = bank.request("STATUS")
        assert (kind, result["code"]) == ("ERROR", "forbidden")


def test_a_revoked_agency_is_out_at_its_next_request_and_nobody_else_notices(secure):
    n = secure.node
    with secure.connect(secure.bank) as bank, secure.connect(secure.office) as office:
        assert bank.ok("HELLO")["agency"] == "bank"
        office.ok("HELLO")
        waiting = bank.send("FETCH", {"wait_ms": 60000})
        write_agency(n, "bank", ["capital"], public_key=secure.bank.public, revoked=True)
        n.reload()
        n.wait_for_log(r"hub\[\d+\] notice: read the agencies again")
        kind, _, events, number = bank.receive()
        assert (kind, events, number) == ("EVENTS", [], waiting), "who waits is sent away"
        for verb in ("HELLO", "FETCH", "PUBLISH", "REVEAL", "COMMIT"):
            kind, result, _ = bank.request(verb, {"name": "x"})
            assert (kind, result["code"]) == ("ERROR", "unauthorised"), verb
        assert not secure.knock(secure.bank)
        assert office.ok("HELLO")["agency"] == "dinas"
        office.publish([graduated(nik(1))])
    # And back again, with another key: the old one stays out.
    new = Curve()
    write_agency(n, "bank", ["capital"], public_key=new.public)
    n.reload()
    n.wait_for_log(r"hub\[\d+\] notice: read the agencies again", 2)
    assert secure.knock(new)
    assert not secure.knock(secure.bank)
    assert "was ended" not in n.log() and "started again" not in n.log()


def test_rights_that_change_hold_from_the_next_request_on(secure):
    n = secure.node
    with secure.connect(secure.office) as office:
        office.publish([graduated(nik(1))])
        assert len(office.fetch()) == 1
        write_agency(n, "dinas", ["capital"], public_key=secure.office.public, regions=["15.07"])
        n.reload()
        n.wait_for_log(r"hub\[\d+\] notice: read the agencies again")
        assert office.ok("HELLO")["audiences"] == ["capital"]
        result = office.ok("PUBLISH", {}, [graduated(nik(2))])
        assert [r["code"] for r in result["rejected"]] == ["forbidden"]
        n.publish([graduated(nik(3))])
        assert len(office.fetch()) == 1, "its own, and nothing else"


def test_a_file_of_an_agency_that_is_wrong_lets_nobody_in_by_mistake(secure):
    n = secure.node
    file = n.folder / "agencies.d" / "bank.yaml"
    file.write_text(file.read_text().replace('"capital"', '"node"'))
    n.reload()
    n.wait_for_log(r"an agency is left out: .*bank\.yaml:\d+:\d+: .*\"node\" is for plugins")
    assert not secure.knock(secure.bank)
    assert secure.knock(secure.office)


# ---- Plugins


def token_of(n, plugin):
    return json.loads(pathlib.Path(f"/proc/{n.pid(plugin)}/fd/4").read_text())[plugin]["token"]


def test_a_plugin_comes_in_with_its_password_only(secure):
    n = secure.node
    endpoint = f"ipc://{n.folder}/run/plugins.sock"
    token = token_of(n, "probe").encode()
    assert is_let_in(endpoint, plain=(b"probe", token))
    for plain in ((b"probe", b"wrong"), (b"probe", token[:-1]), (b"probe", token + b"0"),
                  (b"bank", token), (b"local", token), (b"hub", token), (b"probe\0", token)):
        assert not is_let_in(endpoint, plain=plain), plain
    assert not is_let_in(endpoint), "no password at all"


def test_a_plugin_has_the_rights_of_its_configuration_and_declaration(secure):
    n = secure.node
    n.publish([graduated(nik(1), sex="female", funding="apbd", consent=["industry"])])
    with connected(f"ipc://{n.folder}/run/plugins.sock",
                   plain=(b"probe", token_of(n, "probe").encode())) as plugin:
        told = plugin.ok("HELLO")
        assert (told["agency"], told["audiences"], told["regions"]) == \
            ("probe", ["industry"], ["33.75"])
        seen, = plugin.fetch(types=["alumni.graduated"])
        assert "program" in seen["data"], "what industry may see with consent"
        assert not {"sex", "funding", "consent"} & set(seen["data"]), "and not what it may not"
        result = plugin.ok("PUBLISH", {}, [graduated(nik(2))])
        assert [r["code"] for r in result["rejected"]] == ["forbidden"], "not in its descriptor"
        kind, result, _ = plugin.request("STATUS")
        assert (kind, result["code"]) == ("ERROR", "forbidden")
