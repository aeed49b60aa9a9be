"""Whatever arrives at the hub gets an ERROR that its author can use, never silence and never a
crash; and in the end the hub still works, holds what was accepted, and adds up.
"""

import json
import os
import random
import signal
import socket
import struct

import pytest

from client import Connection, Curve, check_balance, connected, free_port, graduated, nik, \
    write_agency
from conftest import PATIENCE, event, vacancy, wait_until

SEED = int(os.environ.get("SEED", "20190731"))
MIB = 1 << 20


@pytest.fixture(scope="module")
def world():
    """One hub for all of it: that it survives everything is the point."""
    from conftest import Node
    port = free_port()
    one = Node(hub={"listen": [{"endpoint": f"tcp://127.0.0.1:{port}", "as": "local"}],
                    "quarantine": 100})
    one.start()
    one.port, one.first_pid = port, one.pid("hub")
    yield one
    one.close()


@pytest.fixture
def connection(world):
    with connected(world.endpoint) as one:
        yield one
    with connected(world.endpoint) as another:
        assert another.ok("HELLO")["protocol"] == "JJ1"
    assert world.pid("hub") == world.first_pid, world.log()


def assert_error(connection, code, detail="", id_=b"1", field=None):
    version, kind, answered, result, *events = connection.receive_raw()
    assert (version, kind, answered, events) == (b"JJ1", b"ERROR", id_, [])
    result = json.loads(result)
    assert result["code"] == code and detail in result["detail"], result
    assert result.get("field") == field, result
    return result


# ---- Frames


@pytest.mark.parametrize("frames, id_", [
    ([b"x"], b""),
    ([b"JJ1"], b""),
    ([b"JJ1", b"HELLO"], b""),
    ([b"JJ1", b"HELLO", b"1"], b"1"),
    ([b"HELLO", b"1", b"{}"], b"{}"),
])
def test_missing_frames(connection, frames, id_):
    connection.send_raw(*frames)
    assert_error(connection, "malformed", "a request has the frames", id_)


@pytest.mark.parametrize("frames", [[b""], [b"", b""], [b"", b"", b""], [b"", b"", b"", b""],
                                    [b"", b"", b"", b"", b""], [b"", b"", b"", b"", b"", b""]])
def test_empty_frames(connection, frames):
    connection.send_raw(*frames)
    answer = connection.receive_raw()
    # One empty frame is the delimiter of a REQ, and comes back as it was.
    assert answer[0] == b"" and answer[1:3] == [b"JJ1", b"ERROR"]
    assert json.loads(answer[4])["code"] == "malformed"


@pytest.mark.parametrize("version", [b"JJ2", b"jj1", b"JJ", b"JJ10", b"JJ1\0", b"\xff\xff\xff"])
def test_a_wrong_version(connection, version):
    connection.send_raw(version, b"HELLO", b"1", b"{}")
    assert_error(connection, "malformed", "the only version spoken here")


@pytest.mark.parametrize("verb", [b"", b"hello", b"HELLO ", b"NONSENSE", b"HELLO\0", b"\xff\xfe",
                                  b"V" * 100000])
def test_an_unknown_verb(connection, verb):
    connection.send_raw(b"JJ1", verb, b"1", b"{}")
    assert_error(connection, "malformed", "there are HELLO, PUBLISH")


def test_a_request_id_that_is_too_long(connection):
    connection.send_raw(b"JJ1", b"HELLO", b"x" * 65, b"{}")
    assert_error(connection, "malformed", "longer than 64 bytes", b"")


@pytest.mark.parametrize("options, detail", [
    (b"", "too early"), (b"{", "too early"), (b"[]", "not a JSON object"),
    (b"null", "not a JSON object"), (b'"x"', "not a JSON object"), (b"{} {}", "follows"),
    (b"{'a':1}", "not valid JSON"), (b'{"a":1,"a":2}', "same member twice"),
    (b'{"a":"\xff"}', "UTF-8"), (b'{"a":"\\ud800"}', ""), (b'{"a\\u0000":1}', "NUL"),
    (b'{"a":1e999}', "out of range"), (b"\xef\xbb\xbf{}", ""), (b"{}\0", ""),
])
def test_options_that_are_no_json_object(connection, options, detail):
    connection.send_raw(b"JJ1", b"FETCH", b"1", options)
    assert_error(connection, "malformed", detail)


def test_options_that_are_too_deep_or_too_large(connection):
    connection.send_raw(b"JJ1", b"FETCH", b"1", b'{"a":' + b"[" * 64 + b"]" * 64 + b"}")
    assert_error(connection, "too_large", "64 levels")
    connection.send_raw(b"JJ1", b"FETCH", b"1", b'{"a":"' + b"x" * MIB + b'"}')
    assert_error(connection, "too_large", "bytes")


# ---- Options of the verbs


@pytest.mark.parametrize("verb, options, detail, field", [
    ("FETCH", {"after": 1}, "a cursor is expected", "/after"),
    ("FETCH", {"after": "-1"}, "a cursor is expected", "/after"),
    ("FETCH", {"after": ""}, "a cursor is expected", "/after"),
    ("FETCH", {"after": "1.5"}, "a cursor is expected", "/after"),
    ("FETCH", {"after": "99999999999999999999"}, "a cursor is expected", "/after"),
    ("FETCH", {"after": "9223372036854775808"}, "a cursor is expected", "/after"),
    ("FETCH", {"max_events": -1}, "a whole number", "/max_events"),
    ("FETCH", {"max_events": "10"}, "a whole number", "/max_events"),
    ("FETCH", {"max_events": 1.5}, "a whole number", "/max_events"),
    ("FETCH", {"wait_ms": -1}, "a whole number", "/wait_ms"),
    ("FETCH", {"wait_ms": None}, "a whole number", "/wait_ms"),
    ("FETCH", {"types": "vacancy.opened"}, "types", None),
    ("FETCH", {"types": [1]}, "types", None),
    ("FETCH", {"types": ["x"] * 257}, "types", None),
    ("FETCH", {"regions": {"a": 1}}, "regions", None),
    ("FETCH", {"name": ""}, "consumer's name", "/name"),
    ("FETCH", {"name": "a/b"}, "consumer's name", "/name"),
    ("FETCH", {"name": "x" * 65}, "consumer's name", "/name"),
    ("FETCH", {"name": 7}, "consumer's name", "/name"),
    ("COMMIT", {}, "consumer's name", "/name"),
    ("COMMIT", {"name": "c", "cursor": 0}, "a cursor is expected", "/cursor"),
    ("COMMIT", {"name": "c", "state": []}, "state", None),
    ("COMMIT", {"name": "c", "state": {"": "x"}}, "state", None),
    ("COMMIT", {"name": "c", "state": {"k": 1}}, "state", None),
    ("COMMIT", {"name": "c", "state": {"k" * 256: "x"}}, "state", None),
    ("STATE", {}, "consumer's name", "/name"),
    ("REVEAL", {}, "person", None),
    ("REVEAL", {"person": "x", "purpose": "y"}, "person", None),
])
def test_options_of_the_wrong_kind(connection, verb, options, detail, field):
    connection.send_raw(b"JJ1", verb.encode(), b"1", json.dumps(options).encode())
    assert_error(connection, "malformed", detail, field=field)


# ---- Too much


def test_a_frame_of_1_mib_is_taken_and_one_byte_more_is_refused(connection):
    def padded(size):
        one = vacancy()
        one["padding"] = ""
        one["padding"] = "x" * (size - len(json.dumps(one)))
        return json.dumps(one).encode()

    # The hub adds subject and recordedtime to what it stores.
    result = connection.ok("PUBLISH", {}, [padded(MIB - 200)])
    assert result["accepted"] == 1
    for size in MIB, MIB + 1, 2 * MIB - 100:
        result = connection.ok("PUBLISH", {}, [vacancy(), padded(size), vacancy()])
        assert result["accepted"] == 2
        assert [r["code"] for r in result["rejected"]] == ["too_large"]


def test_a_frame_beyond_all_measure_ends_the_connection_only(connection, world):
    with connected(world.endpoint) as rude:
        rude.send_raw(b"JJ1", b"PUBLISH", b"1", b"{}", b"x" * (2 * MIB + 1))
        assert connection.ok("HELLO")
        assert rude.is_silent(0.2)
        # It comes back by itself, and is welcome.
        wait_until(lambda: rude.send("HELLO") and rude.socket.poll(200), "a new connection")


def test_1001_events(connection):
    connection.send("PUBLISH", {}, [b"{}"] * 1001)
    assert_error(connection, "too_large", "more than 1000 events")
    assert connection.ok("PUBLISH", {}, [b"{}"] * 1000)["accepted"] == 0


def test_10000_frames(connection):
    connection.send_raw(b"JJ1", b"PUBLISH", b"1", b"{}", *[b"x"] * 10000)
    assert_error(connection, "too_large", "more than 1000 events")
    connection.send_raw(*[b""] * 10000)
    answer = connection.receive_raw()
    assert json.loads(answer[-1])["code"] == "too_large"
    connection.send_raw(*[b"x"] * 10000)
    assert_error(connection, "too_large", id_=b"x")


def test_a_flood_of_refused_events_keeps_quarantine_bounded(connection):
    for _ in range(3):
        result = connection.ok("PUBLISH", {}, [b"{}"] * 500)
        assert len(result["rejected"]) == 500
    status = connection.ok("STATUS")
    assert status["quarantine"]["kept"] == 100
    assert status["quarantine"]["pushed_out"] >= 1400
    check_balance(status)


def test_a_flood_of_refused_events_keeps_nobody_else_waiting(connection, world):
    bad = json.dumps(vacancy(region="x")).encode()
    with connected(world.endpoint) as rude:
        for _ in range(300):
            rude.send("PUBLISH", {}, [bad] * 1000)
        for _ in range(5):
            connection.send("PUBLISH", {}, [vacancy()])
            kind, result, _, _ = connection.receive(10)
            assert (kind, result["accepted"]) == ("OK", 1)
        # By now most of the flood is still waiting at its sender.
        assert int(connection.ok("STATUS")["balance"]["rejected"]) < 250_000


# ---- What nobody meant


def random_frames(rng):
    """Requests in which nothing, something or everything is random."""
    words = [b"JJ1", b"HELLO", b"PUBLISH", b"FETCH", b"COMMIT", b"STATE", b"STATUS", b"REVEAL",
             b"QUARANTINE", b"RETRY", b"DROP", b"TRACE", b"AUDIT", b"{}", b"", b"1", b"[]",
             b'{"name":"fuzz"}', b'{"after":"0"}', b'{"after":"1","max_events":2}',
             b'{"name":"fuzz","cursor":"1","state":{"k":"v"}}', b'{"number":1}', b"null"]
    frames = [b"JJ1", rng.choice(words[1:13]), b"%d" % rng.randrange(100), rng.choice(words[13:])]
    for _ in range(rng.randrange(4)):
        frames.append(json.dumps(vacancy()).encode() if rng.random() < 0.3 else
                      rng.randbytes(rng.randrange(200)))
    for _ in range(rng.randrange(4)):
        at, how = rng.randrange(len(frames)), rng.randrange(5)
        if how == 0:
            frames[at] = rng.randbytes(rng.randrange(50))
        elif how == 1:
            frames[at] = rng.choice(words)
        elif how == 2 and len(frames) > 1:
            del frames[at]
        elif how == 3:
            frames.insert(at, rng.choice(words))
        elif frames[at]:
            cut = rng.randrange(len(frames[at]))
            frames[at] = frames[at][:cut] + rng.randbytes(1) + frames[at][cut + 1:]
    return frames


def test_thousands_of_random_messages_are_each_answered(connection, world):
    rng, count = random.Random(SEED), 3000
    for start in range(0, count, 100):
        sent = [random_frames(rng) for _ in range(100)]
        for frames in sent:
            connection.send_raw(*frames)
        for n in range(100):
            if not connection.socket.poll(PATIENCE * 1000):
                pytest.fail(f"seed {SEED}: only {start + n} answers; the last hundred requests were "
                            f"{sent}\n{world.log()}")
            answer = connection.socket.recv_multipart()
            head = 1 if answer[0] == b"" else 0
            assert answer[head] == b"JJ1" and answer[head + 1] in (b"OK", b"EVENTS", b"ERROR")
            json.loads(answer[head + 3])
    check_balance(connection.ok("STATUS"))


GREETING = b"\xff" + b"\0" * 8 + b"\x7f"


@pytest.mark.parametrize("garbage", [
    b"",
    b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
    b"\0" * 10000,
    b"\xff" * 10000,
    GREETING,
    GREETING + b"\x03\x00" + b"NULL" + b"\0" * 16 + b"\0" + b"\0" * 31,
    GREETING + b"\x03\x00" + b"NULL" + b"\0" * 16 + b"\0" + b"\0" * 31 + b"\x04\xff" * 100,
    GREETING + b"\x03\x00" + b"PLAIN" + b"\0" * 15 + b"\0" + b"\0" * 31,
    GREETING + b"\x03\x00" + b"CURVE" + b"\0" * 15 + b"\0" + b"\0" * 31,
    GREETING + b"\x63\x00" + b"NULL" + b"\0" * 16 + b"\0" + b"\0" * 31,
    # A frame that says it is of 2^63 bytes.
    GREETING + b"\x03\x00" + b"NULL" + b"\0" * 16 + b"\0" + b"\0" * 31 +
    b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER" +
    b"\x02" + struct.pack(">Q", 1 << 63),
])
def test_raw_bytes_at_the_door(connection, world, garbage):
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", world.port)) as raw:
            raw.sendall(garbage)
    assert connection.ok("HELLO")


def test_random_bytes_at_the_door(connection, world):
    rng = random.Random(SEED)
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", world.port)) as raw:
            try:
                raw.sendall((GREETING if rng.random() < 0.5 else b"") +
                            rng.randbytes(rng.randrange(1, 2000)))
            except (BrokenPipeError, ConnectionResetError):
                pass  # the hub has seen enough
    assert connection.ok("HELLO")


def test_clients_that_leave_without_their_answers(connection, world):
    for n in range(50):
        with connected(world.endpoint) as gone:
            for _ in range(20):
                gone.send("FETCH", {"after": "0", "wait_ms": 60000 if n % 2 else 0})
                gone.send("PUBLISH", {}, [vacancy()])
    assert connection.ok("HELLO")
    check_balance(connection.ok("STATUS"))


def test_a_client_that_never_reads(connection, world):
    rude = Connection(world.endpoint)
    rude.socket.rcvhwm = 1
    connection.publish([{**vacancy(), "padding": "x" * 1000} for _ in range(100)])
    for _ in range(3000):
        rude.send("FETCH", {"after": "0", "max_events": 100})
    for _ in range(20):
        assert connection.ok("PUBLISH", {}, [vacancy()])["accepted"] == 1
    rude.close()


# ---- Every code


@pytest.fixture
def office(node):
    """A node with a door for agencies, and one agency that may publish vacancies of its region."""
    server, agency = Curve(), Curve()
    one = node(hub={"listen": [{"endpoint": f"tcp://127.0.0.1:{free_port()}"}]},
               agencies="agencies.d", server_key="hub.key")
    key = one.folder / "hub.key"
    key.touch(0o600)
    key.write_text(server.secret + "\n")
    write_agency(one, "industri", ["industry"], publishes=["vacancy.opened"],
                 public_key=agency.public)
    one.start()
    one.server, one.agency = server, agency
    one.door = one.config["hub"]["listen"][0]["endpoint"]
    return one


def test_every_code_that_an_agency_can_earn(office):
    codes = set()
    with connected(office.door, curve=office.agency.towards(office.server)) as agency:
        def ask(verb, options=None, events=()):
            kind, result, _ = agency.request(verb, options, events)
            codes.update([result["code"]] if kind == "ERROR" else
                         [r["code"] for r in result.get("rejected", [])])

        known = vacancy()
        agency.publish([known])
        ask("NONSENSE")
        ask("STATUS")
        ask("PUBLISH", {}, [graduated(nik(1)), vacancy(region="35.22")])
        ask("PUBLISH", {}, [event("vacancy.openned", {})])
        ask("PUBLISH", {}, [event("vacancy.opened", {})])
        ask("PUBLISH", {}, [{**known, "data": {**known["data"], "title": "Lain"}}])
        ask("PUBLISH", {}, [b"{}"] * 1001)
        assert codes == {"malformed", "forbidden", "unknown_type", "invalid", "conflict",
                         "too_large"}
        # Revoked while it is connected: out at its next request.
        write_agency(office, "industri", ["industry"], publishes=["vacancy.opened"],
                     public_key=office.agency.public, revoked=True)
        office.reload()
        wait_until(lambda: agency.request("HELLO")[1].get("code") == "unauthorised",
                   "the revocation", log=office.log)


@pytest.mark.parametrize("verb", ["STATUS", "QUARANTINE", "RETRY", "DROP", "TRACE", "ERASE",
                                  "AUDIT"])
def test_what_is_the_administrators_is_forbidden_to_agencies(office, verb):
    with connected(office.door, curve=office.agency.towards(office.server)) as agency:
        kind, result, _ = agency.request(verb, {"number": 1, "nik": nik(1)})
        assert (kind, result["code"]) == ("ERROR", "forbidden")


def test_a_stranger_gets_not_even_an_answer(office):
    with connected(office.door, curve=Curve().towards(office.server)) as stranger:
        stranger.send("HELLO")
        assert stranger.is_silent(0.5)
    with connected(office.door) as unencrypted:
        unencrypted.send("HELLO")
        assert unencrypted.is_silent(0.5)


def test_a_plugin_door_without_a_password(world):
    with connected(f"ipc://{world.folder}/run/plugins.sock") as nobody:
        nobody.send("HELLO")
        assert nobody.is_silent(0.3)
    with connected(f"ipc://{world.folder}/run/plugins.sock",
                   plain=(b"warehouse", b"guess")) as guesser:
        guesser.send("HELLO")
        assert guesser.is_silent(0.3)


def test_too_many_readers_at_once_are_told_that_the_hub_is_busy(connection):
    for _ in range(4200):
        connection.send("FETCH", {"wait_ms": 60000, "types": ["loan.applied"]})
    kind, result, _, _ = connection.receive()
    assert (kind, result["code"]) == ("ERROR", "busy")


# ---- After all of it


def test_in_the_end_everything_adds_up(connection, world):
    check_balance(connection.ok("STATUS"))
    events = connection.fetch()
    assert len({e["id"] for e in events}) == len(events)
    os.kill(world.process.pid, signal.SIGTERM)
    assert world.process.wait(PATIENCE) == 0
    world.start()
    world.first_pid = world.pid("hub")
    with connected(world.endpoint) as again:
        assert [e["id"] for e in again.fetch()] == [e["id"] for e in events]
