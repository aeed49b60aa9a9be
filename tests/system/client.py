"""What the tests of a whole node share: people with marked data, keys made as schemas/README.md
says, agencies, connections that many requests share, and what the schemas declare.

Everything here is written from the contract (schemas/README.md, schemas/events/), not from the
code that it is compared with.
"""

import contextlib
import datetime
import hashlib
import json
import pathlib
import random
import socket
import threading
import time
import uuid

import zmq
from zmq.utils.monitor import recv_monitor_message

from conftest import PATIENCE, ROOT, event

SCHEMAS = ROOT / "schemas" / "events"
AUDIENCES = ["blk", "industry", "cooperative", "capital", "disability", "opd", "province", "public"]
CONSENTABLE = ["industry", "cooperative", "capital", "disability", "opd", "public"]


# ---- People and keys


def nik(number, woman=False, region="337502"):
    """A valid NIK, another one for each number."""
    day = datetime.date(1970, 1, 1) + datetime.timedelta(days=number % 12000)
    serial = number // 12000 + 1
    assert serial < 10000
    return f"{region}{day.day + (40 if woman else 0):02}{day:%m%y}{serial:04}"


def person_key(node, number):
    """The person key of a NIK: a UUID of version 8 over BLAKE2b-128, keyed with the person key."""
    file = node.folder / node.config.get("person_key", "state/person.key")
    secret = bytes.fromhex(file.read_text().strip())
    digest = bytearray(hashlib.blake2b(number.encode(), key=secret, digest_size=16).digest())
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))


def graduated(nik_or_none, subject=None, **data):
    """An alumni.graduated event. data may add or replace members; attributes begin with `_`."""
    attributes = {name[1:]: data.pop(name) for name in list(data) if name.startswith("_")}
    whole = {"date": "2019-07-31", "program": "PBK", "vocation": "las-smaw-3g", "batch": "II",
             "year": 2019, "funding": "apbd", **data}
    if nik_or_none:
        whole["nik"] = nik_or_none
    return event("alumni.graduated", whole, subject=subject, **attributes)


def event_key(one):
    """The key of an event in hexadecimal: its time in milliseconds, then 80 bits of BLAKE2b-128
    over source and id."""
    hash_ = hashlib.blake2b(digest_size=16)
    for part in (one["source"].encode(), one["id"].encode()):
        hash_.update(len(part).to_bytes(8, "little") + part)
    moment = datetime.datetime.fromisoformat(one["time"].replace("Z", "+00:00"))
    return int(moment.timestamp() * 1000).to_bytes(6, "big").hex() + hash_.digest()[:10].hex()


# ---- Connections


def free_port():
    """A port that nobody has now, and that nobody is given by chance: the kernel takes the near end of
    every connection from a range of its own, and one who knocks again and again where nobody listens
    for a moment may be given the very port, and answer himself."""
    low = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for _ in range(1000):
        port = random.SystemRandom().randrange(10000, low) if low > 12000 else 0
        with contextlib.closing(socket.socket()) as probe, contextlib.suppress(OSError):
            probe.bind(("0.0.0.0", port))
            return probe.getsockname()[1]
    raise RuntimeError("there is no free port")


class Connection:
    """A DEALER with whatever options; requests may be raw bytes, for all that can go wrong."""

    def __init__(self, endpoint, curve=None, plain=None, routing_id=None):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.sndtimeo = 20000  # one who is not let in must not wait for ever
        self.socket.reconnect_ivl = 10
        if curve:  # (server's public key, own public key, own secret key)
            self.socket.curve_serverkey, self.socket.curve_publickey, \
                self.socket.curve_secretkey = curve
        if plain:
            self.socket.plain_username, self.socket.plain_password = plain
        if routing_id is not None:
            self.socket.routing_id = routing_id
        self.socket.connect(endpoint)
        self.number = 0

    def send_raw(self, *frames):
        self.socket.send_multipart(list(frames))

    def send(self, verb, options=None, events=()):
        self.number += 1
        body = [e if isinstance(e, bytes) else json.dumps(e).encode() for e in events]
        self.send_raw(b"JJ1", verb.encode(), str(self.number).encode(),
                      json.dumps(options or {}).encode(), *body)
        return str(self.number).encode()

    def receive_raw(self, seconds=PATIENCE):
        assert self.socket.poll(seconds * 1000), f"no answer within {seconds} s"
        return self.socket.recv_multipart()

    def receive(self, seconds=PATIENCE):
        _, kind, number, result, *events = self.receive_raw(seconds)
        return kind.decode(), json.loads(result), [json.loads(e) for e in events], number

    def knock(self):
        """A HELLO, if it can be sent at all: one who is refused may have no connection."""
        with contextlib.suppress(zmq.Again):
            self.socket.send_multipart([b"JJ1", b"HELLO", b"0", b"{}"], zmq.NOBLOCK)

    def request(self, verb, options=None, events=()):
        number = self.send(verb, options, events)
        kind, result, events, answered = self.receive()
        assert answered == number, f"expected the answer to {number}, got that to {answered}"
        return kind, result, events

    def ok(self, verb, options=None, events=()):
        kind, result, _ = self.request(verb, options, events)
        assert kind == "OK", f"expected OK to {verb}, got {kind} {result}"
        return result

    def publish(self, events):
        """Every event must be accepted, or be known."""
        for at in range(0, len(events), 500):
            result = self.ok("PUBLISH", {}, events[at:at + 500])
            assert not result["rejected"], result["rejected"][:3]

    def fetch(self, **options):
        """Everything that this reader may see, to the end of the journal."""
        got = []
        options = {"after": "0", "max_events": 1000, **options}
        while True:
            kind, result, events = self.request("FETCH", options)
            assert kind == "EVENTS", result
            got += events
            options["after"] = result["cursor"]
            if result["behind"] == 0:
                return got

    def is_silent(self, seconds):
        """True if nothing at all comes within so long."""
        return not self.socket.poll(seconds * 1000)

    def close(self):
        self.socket.close(0)


@contextlib.contextmanager
def connected(endpoint, **options):
    connection = Connection(endpoint, **options)
    try:
        yield connection
    finally:
        connection.close()


REFUSED = {zmq.EVENT_HANDSHAKE_FAILED_AUTH, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
           zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, zmq.EVENT_DISCONNECTED, zmq.EVENT_CLOSED}


def is_let_in(endpoint, curve=None, plain=None, seconds=PATIENCE):
    """Knocks, and says whether the handshake succeeded or was refused."""
    socket_ = zmq.Context.instance().socket(zmq.DEALER)
    monitor = socket_.get_monitor_socket(
        zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH |
        zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL |
        zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED)
    socket_.linger = 0
    socket_.handshake_ivl = seconds * 1000  # it is the hub that ends it
    if curve:
        socket_.curve_serverkey, socket_.curve_publickey, socket_.curve_secretkey = curve
    if plain:
        socket_.plain_username, socket_.plain_password = plain
    try:
        socket_.connect(endpoint)
        assert monitor.poll(seconds * 1000), f"{endpoint} neither lets in nor refuses"
        told = recv_monitor_message(monitor)["event"]
        assert told == zmq.EVENT_HANDSHAKE_SUCCEEDED or told in REFUSED, told
        return told == zmq.EVENT_HANDSHAKE_SUCCEEDED
    finally:
        socket_.disable_monitor()
        socket_.close(0)


# ---- A publisher that never gives up


class Publisher(threading.Thread):
    """Publishes many messages at a time, and sends again what was not acknowledged: a client that
    cannot know what became of it when a hub dies. `make(n)` gives the n-th event; `allow(n)` lets
    it go on for n events more, so that a slow machine is not given more than a fast one.
    """

    RETRY_S = 0.25  # twice as long each time in vain: a slow hub must not be asked ever more

    def __init__(self, endpoint, make, in_flight=8, per_message=10, allowed=0):
        super().__init__(daemon=True)
        self.endpoint, self.make = endpoint, make
        self.in_flight, self.per_message, self.allowed = in_flight, per_message, allowed
        self.acknowledged = []  # events, in the order of their acknowledgements
        self.sent = 0           # events made so far
        self.resent = 0         # messages sent once more
        self.trouble = None     # what went wrong that must not
        self.ending = threading.Event()

    def allow(self, more):
        self.allowed += more

    def run(self):
        try:
            self._run()
        except BaseException as trouble:  # shown by the test that joins
            self.trouble = self.trouble or repr(trouble)

    def _run(self):
        waiting = {}  # number of the request: events
        connection, heard, patience = Connection(self.endpoint), time.monotonic(), self.RETRY_S
        while not self.trouble and (waiting or not self.ending.is_set() or self._may_send()):
            while len(waiting) < self.in_flight and self._may_send():
                events = self._next()
                waiting[connection.send("PUBLISH", {}, events)] = events
            if connection.socket.poll(20):
                heard, patience = time.monotonic(), self.RETRY_S
                self._take(waiting, connection)
            elif not waiting:
                heard = time.monotonic()
            elif time.monotonic() - heard > patience:
                # Not a word: whatever is under way may be lost. All of it again, over a new
                # connection, so that no late answer is taken for another's.
                connection.close()
                connection, heard = Connection(self.endpoint), time.monotonic()
                patience = min(2 * patience, 5)
                again, waiting = list(waiting.values()), {}
                for events in again:
                    waiting[connection.send("PUBLISH", {}, events)] = events
                self.resent += len(again)
        connection.close()

    def _may_send(self):
        return self.sent < self.allowed

    def _next(self):
        count = min(self.per_message, self.allowed - self.sent)
        events = [self.make(self.sent + i) for i in range(count)]
        self.sent += count
        return events

    def _take(self, waiting, connection):
        kind, result, _, number = connection.receive()
        events = waiting.pop(number)
        if kind == "OK" and not result["rejected"]:
            self.acknowledged += events
        elif kind == "ERROR" and result["code"] == "unavailable":
            waiting[connection.send("PUBLISH", {}, events)] = events
        else:
            self.trouble = f"{kind} {result}"

    def stop(self):
        """Waits until everything that it is allowed to send is sent and acknowledged."""
        self.ending.set()
        self.join(PATIENCE)
        assert not self.trouble, self.trouble
        assert not self.is_alive(), "the publisher still waits for acknowledgements"


# ---- Agencies


def write_agency(node, id_, audiences, regions=("33.75",), publishes=(), public_key=None,
                 revoked=False):
    """The agency's file; it counts from the next start or SIGHUP on. JSON is YAML."""
    folder = node.folder / "agencies.d"
    folder.mkdir(exist_ok=True)
    whole = {"id": id_, "name": f"Instansi {id_}", "audiences": list(audiences),
             "regions": list(regions), "publishes": list(publishes)}
    if public_key:
        whole["public_key"] = public_key
    if revoked:
        whole["revoked"] = True
    (folder / f"{id_}.yaml").write_text(json.dumps(whole) + "\n")


class Curve:
    """A CURVE pair."""

    def __init__(self):
        public, secret = zmq.curve_keypair()
        self.public, self.secret = public.decode(), secret.decode()

    def towards(self, server):
        return server.public.encode(), self.public.encode(), self.secret.encode()


# ---- What the schemas declare


def schema_files():
    return {path.stem: json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.json"))
            if not path.name.startswith("_")}


CATALOGUE = schema_files()
DEFINITIONS = json.loads((SCHEMAS / "_defs.json").read_text())["$defs"]


def resolved(schema):
    """A schema with its $ref, if it has one, laid under what stands beside it."""
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rsplit("/", 1)[1]
    return {**resolved(DEFINITIONS[name]), **schema}


class Declared:
    """What the schema says of one property: who sees it, and who needs consent for that."""

    def __init__(self, path, schema, addressed):
        schema = resolved(schema)
        self.path = path
        self.visible = "x-class" in schema
        self.audiences = set(schema.get("x-audience", [])) - set(addressed)
        consent = schema.get("x-consent", False)
        if consent is True:
            consent = self.audiences - {"owner"}
        self.consent = set(consent or [])
        self.vault = schema.get("x-vault", False)
        self.members = declared(schema, path, addressed) if schema.get("properties") else {}

    def shows(self, audiences, consented):
        """True if a reader with any of these audiences (`owner` among them, if it is) sees it."""
        return self.visible and any(
            audience in self.audiences and
            (audience == "owner" or audience not in self.consent or audience in consented)
            for audience in audiences)


def declared(schema, path=(), addressed=None):
    """The properties of a type, as those see them to whom the event is not addressed; addressed=(): as
    its recipient does."""
    if addressed is None:
        addressed = schema.get("x-addressed", [])
    return {name: Declared((*path, name), property_, addressed)
            for name, property_ in schema.get("properties", {}).items()}


def view(properties, data, audiences, consented):
    """`data` as a reader may see it by the schema; vault members are not in it for anybody."""
    shown = {}
    for name, value in data.items():
        property_ = properties.get(name)
        if not property_ or property_.vault or not property_.shows(audiences, consented):
            continue
        if property_.members and isinstance(value, dict):
            value = view(property_.members, value, audiences, consented)
        shown[name] = value
    return shown


def may_know(properties, audiences, consented):
    """True if the schema shows such a reader anything at all of the type."""
    return any(p.shows(audiences, consented) for p in properties.values())


# ---- Events made from the schemas

PATTERNS = {"^[a-z0-9]+(-[a-z0-9]+)*$": "las-smaw-3g", "^[0-9]{5}$": "10710",
            "^[0-9]{13}$": "1234567890123"}
FORMATS = {"date": "2019-07-31", "date-time": "2019-07-31T00:00:00Z", "region": "33.75"}


def instance(schema, pick):
    """A value that the schema accepts, with every property that it knows."""
    schema = resolved(schema)
    if "enum" in schema:
        return pick.choice(schema["enum"])
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: instance(property_, pick)
                for name, property_ in schema.get("properties", {}).items()}
    if kind == "array":
        wanted = max(1, schema.get("minItems", 1))
        return [instance(schema["items"], pick) for _ in range(wanted)]
    if kind == "string":
        return text(schema, pick)
    if kind == "boolean":
        return True
    low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    return low + pick.randrange(min(schema.get("maximum", low + 90) - low, 90) + 1)


def text(schema, pick):
    if schema.get("format") == "uuid":
        return str(uuid.UUID(int=pick.getrandbits(128), version=4))
    if schema.get("format") == "nik":
        return nik(pick.randrange(100000))
    if "format" in schema:
        return FORMATS[schema["format"]]
    if "pattern" in schema:
        return PATTERNS[schema["pattern"]]
    word = f"isi {pick.getrandbits(32):08x}"
    return word[:schema.get("maxLength", len(word))]


def full_event(type_, pick, subject=None, **attributes):
    """An event of the type with every property of its data. For a person's event `subject` is a
    NIK; else the entity key that the data carry is the subject, and whoever is named beside it is
    named by a key."""
    schema = CATALOGUE[type_]
    data = instance({**schema, "type": "object"}, pick)
    if schema["x-subject"] == "person":
        if subject:
            data["nik"] = subject
        return event(type_, data, id=str(uuid.UUID(int=pick.getrandbits(128), version=4)),
                     **attributes)
    data.pop("nik", None)
    entity = data[schema["x-subject"]]
    return event(type_, data, subject=entity,
                 id=str(uuid.UUID(int=pick.getrandbits(128), version=4)), **attributes)


# ---- Balance


def check_balance(status, log=""):
    """What must be true at any time, worked out again from the parts that STATUS shows."""
    hub = status["balance"]
    head = int(status["journal"]["head"])
    assert status["adds_up"] is True, f"STATUS does not add up: {status}\n{log}"
    assert hub["received"] == hub["accepted"] + hub["duplicate"] + hub["rejected"], hub
    assert hub["accepted"] == head, f"accepted {hub['accepted']}, newest cursor {head}"
    for consumer in status["consumers"]:
        known = sum(consumer[part] for part in ("delivered", "filtered", "lost", "pending"))
        assert known == head, f"{consumer['name']}: {known} of {head} events accounted for"
        passed = consumer["delivered"] + consumer["filtered"] + consumer["lost"]
        assert int(consumer["cursor"]) == passed, consumer
    return status


def pending(status, name):
    """How many events a plugin's consumer is behind; None if there is no such consumer yet."""
    found = [c["pending"] for c in status["consumers"] if c["name"].split("/")[0] == name]
    return found[0] if found else None


def ids(events):
    return [e["id"] for e in events]


def differences(expected, found, limit=5):
    """What is missing, what is too much and what is there twice, in a few words."""
    expected, seen, twice = set(expected), set(), []
    for one in found:
        if one in seen:
            twice.append(one)
        seen.add(one)
    problems = []
    for what, list_ in (("missing", expected - seen), ("surplus", seen - expected),
                        ("twice", twice)):
        if list_:
            problems.append(f"{len(list_)} {what}, e.g. {sorted(list_)[:limit]}")
    return "; ".join(problems)


def contains_any(text_bytes, marks):
    """Which of the marks (in any of the usual encodings) are among the bytes."""
    return [mark for mark in marks for encoded in encodings(mark) if encoded in text_bytes]


def files_below(folder):
    """(name, bytes) of every file below a folder. One that goes away meanwhile, as one does that is
    written beside another and then renamed, is none."""
    for path in sorted(folder.rglob("*")):
        try:
            found = path.is_file() and (str(path.relative_to(folder)), path.read_bytes())
        except FileNotFoundError:
            continue
        if found:
            yield found


def encodings(mark):
    return {mark.encode(), mark.encode("utf-16-le"), mark.encode("utf-16-be"),
            mark.encode().hex().encode(), mark.encode().hex().upper().encode()}


def seeded(name):
    """A random generator with a seed of its own that a failing test shows."""
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed of {name}: {seed}")
    return random.Random(seed)
