"""jj_subscribe of libjejaring: at least once, in order, over whatever happens to hub and handler."""

import contextlib
import ctypes
import json
import threading

import pytest

from client import Publisher
from conftest import BUILD, PATIENCE, SANITIZED, vacancy

pytestmark = pytest.mark.skipif(SANITIZED, reason="Python cannot load a sanitized library")

NEXT, LAST, AGAIN = 0, 1, 2


class Bytes(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_size_t)]


class Batch(ctypes.Structure):
    _fields_ = [("events", ctypes.POINTER(Bytes)), ("count", ctypes.c_size_t),
                ("cursor", ctypes.c_char_p), ("behind", ctypes.c_uint64),
                ("lost", ctypes.c_uint64)]


class Options(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in
                ("endpoint", "name", "server_key", "public_key", "secret_key", "plain_user",
                 "plain_password")] + [("timeout_ms", ctypes.c_int)]


class Subscription(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("types", ctypes.POINTER(ctypes.c_char_p)),
                ("regions", ctypes.POINTER(ctypes.c_char_p)), ("max_events", ctypes.c_size_t),
                ("stop", ctypes.POINTER(ctypes.c_int)), ("bell", ctypes.c_char_p)]


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("line", ctypes.c_int), ("column", ctypes.c_int),
                ("file", ctypes.c_char * 256), ("field", ctypes.c_char * 128),
                ("text", ctypes.c_char * 512)]


HANDLER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Batch))


def subscribe(endpoint, handle, name="pembaca", types=None, max_events=0, stop=None, timeout=1000,
              bell=None, lost=None):
    """jj_subscribe with handle(events, cursor, behind); returns (code, text). What a batch says to be
    lost is appended to `lost`."""
    library = ctypes.CDLL(str(BUILD / "libjejaring.so"))
    client, error = ctypes.c_void_p(), Error()
    options = Options(endpoint=endpoint.encode(), timeout_ms=timeout)
    assert library.jj_client_open(ctypes.byref(client), ctypes.byref(options),
                                  ctypes.byref(error)) == 0, error.text
    words = (ctypes.c_char_p * (len(types) + 1))(*[t.encode() for t in types], None) \
        if types else None
    what = Subscription(name=name.encode() if name else None, types=words, max_events=max_events,
                        stop=None if stop is None else ctypes.pointer(stop),
                        bell=bell and bell.encode())

    def called(_, batch):
        b = batch.contents
        events = [json.loads(ctypes.string_at(b.events[i].data, b.events[i].size))
                  for i in range(b.count)]
        if lost is not None:
            lost.append(b.lost)
        return handle(events, b.cursor.decode(), b.behind)
    try:
        code = library.jj_subscribe(client, ctypes.byref(what), HANDLER(called), None,
                                    ctypes.byref(error))
        return code, error.text.decode()
    finally:
        library.jj_client_close(client)


def titles(events):
    return [e["data"]["title"] for e in events]


def consumer(n, name="local/pembaca"):
    return {c["name"]: c for c in n.request("STATUS")[1]["consumers"]}[name]


def test_it_catches_up_in_batches_and_then_follows(node):
    n = node().start()
    n.publish([vacancy(str(i)) for i in range(25)])
    batches = []

    def handle(events, cursor, behind):
        batches.append(titles(events))
        if behind == 0 and len(batches) == 3:
            n.publish([vacancy("baru")])
        return LAST if batches[-1] == ["baru"] else NEXT
    assert subscribe(n.endpoint, handle, max_events=10)[0] == 0
    assert [len(b) for b in batches] == [10, 10, 5, 1]
    assert sum(batches, []) == [str(i) for i in range(25)] + ["baru"]
    assert consumer(n)["pending"] == 0 and consumer(n)["delivered"] == 26


def test_only_what_was_handled_is_committed(node):
    n = node().start()
    n.publish([vacancy(str(i)) for i in range(4)])
    seen = []

    def fails_at_third(events, *_):
        seen.extend(titles(events))
        return -5 if len(seen) == 3 else NEXT
    code, text = subscribe(n.endpoint, fails_at_third, max_events=1)
    assert code == -5 and "handler" in text
    seen_again = []

    def rest(events, *_):
        seen_again.extend(titles(events))
        return LAST if seen_again[-1] == "3" else NEXT
    assert subscribe(n.endpoint, rest)[0] == 0
    assert seen == ["0", "1", "2"] and seen_again[-2:] == ["2", "3"]


def test_a_batch_that_cannot_be_handled_now_comes_again(node):
    n = node().start()
    n.publish([vacancy("0"), vacancy("1")])
    calls = []

    def handle(events, *_):
        calls.append(titles(events))
        return AGAIN if len(calls) < 3 else LAST
    assert subscribe(n.endpoint, handle)[0] == 0
    assert calls == [["0", "1"]] * 3
    assert consumer(n)["pending"] == 0


def test_it_stops_when_it_is_told_to(node):
    n = node().start()
    stop, seen, outcome = ctypes.c_int(0), [], []
    thread = threading.Thread(target=lambda: outcome.append(subscribe(
        n.endpoint, lambda events, *_: seen.extend(titles(events)) or NEXT, stop=stop)))
    n.publish([vacancy("satu")])
    thread.start()
    n.wait(lambda: seen, "an event")
    stop.value = 1
    thread.join(PATIENCE)
    assert outcome[0][0] == 0 and seen == ["satu"]
    assert consumer(n)["pending"] == 0


def test_types_are_filtered_and_a_name_is_needed(node):
    n = node().start()
    n.publish([vacancy("satu")])
    assert subscribe(n.endpoint, lambda *_: NEXT, name=None)[0] == -22
    code, text = subscribe(n.endpoint, lambda *_: NEXT, name="tidak sah")
    assert code == -1 and text
    stop, seen = ctypes.c_int(0), []
    thread = threading.Thread(target=subscribe, args=(
        n.endpoint, lambda events, *_: seen.append(events) or NEXT),
        kwargs={"types": ["order.*"], "stop": stop})
    thread.start()
    n.wait(lambda: "local/pembaca" in str(n.request("STATUS")[1]["consumers"]), "the consumer")
    n.wait(lambda: consumer(n)["filtered"] == 1, "the cursor to pass what is not asked for")
    stop.value = 1
    thread.join(PATIENCE)
    assert seen == []


def waiting(n):
    return n.request("STATUS")[1]["waiting"]


@contextlib.contextmanager
def following(n, **how):
    """A subscription on a thread of its own, and the titles that it has seen."""
    stop, seen, outcome = ctypes.c_int(0), [], []
    thread = threading.Thread(target=lambda: outcome.append(subscribe(
        n.endpoint, lambda events, *_: seen.extend(titles(events)) or NEXT, stop=stop, **how)))
    thread.start()
    try:
        yield seen
    finally:
        stop.value = 1
        thread.join(PATIENCE)
        assert outcome and outcome[0][0] == 0, outcome


@pytest.mark.parametrize("types", [None, ["vacancy.opened"], ["vacancy.*"]])
def test_by_the_bell_it_waits_nowhere_at_the_hub(node, types):
    n = node().start()
    n.publish([vacancy("satu")])
    with following(n, bell=n.endpoint.replace("hub.sock", "bell.sock"), types=types) as seen:
        n.wait(lambda: seen == ["satu"] and waiting(n) == 0 and consumer(n)["pending"] == 0,
               "the bell to be heard")
        for title in ["dua", "tiga", "empat"]:
            n.publish([vacancy(title)])
            n.wait(lambda: seen[-1] == title, title)
            assert waiting(n) == 0
        n.wait(lambda: consumer(n)["pending"] == 0, "the commit")
        # It does not ring, but the heartbeat tells that there is something.
        n.publish([vacancy("lima", recipient="kantor")])
        n.wait(lambda: seen[-1] == "lima", "what has a recipient")


def test_a_bell_that_nobody_rings_does_no_harm(node):
    n = node().start()
    n.publish([vacancy("satu")])
    with following(n, bell=f"ipc://{n.folder}/none.sock") as seen:
        n.wait(lambda: seen == ["satu"] and waiting(n) == 1, "a reader who waits at the hub")
        n.publish([vacancy("dua")])
        n.wait(lambda: seen == ["satu", "dua"], "the next event")


def test_the_bell_is_heard_again_after_the_hub_was_killed(node):
    n = node().start()
    with following(n, bell=n.endpoint.replace("hub.sock", "bell.sock")) as seen:
        for title in ["satu", "dua"]:
            n.publish([vacancy(title)])
            n.wait(lambda: seen and seen[-1] == title, title)
            n.wait(lambda: waiting(n) == 0, "the bell to be heard")
            old = n.kill("hub")
            n.wait_restart("hub", old)
        n.publish([vacancy("tiga")])
        n.wait(lambda: seen[-1] == "tiga", "tiga")


@pytest.mark.parametrize("bell", [False, True])
def test_kill_9_of_the_hub_again_and_again_loses_nothing(node, bell):
    n = node().start()
    total, seen, stop = 3000, [], ctypes.c_int(0)
    made = [vacancy(str(i)) for i in range(total)]
    reader = threading.Thread(target=subscribe, args=(
        n.endpoint, lambda events, *_: seen.extend(titles(events)) or NEXT),
        kwargs={"max_events": 50, "stop": stop,
                "bell": n.endpoint.replace("hub.sock", "bell.sock") if bell else None})
    publisher = Publisher(n.endpoint, made.__getitem__)
    reader.start()
    publisher.start()
    for _ in range(6):
        publisher.allow(total // 6)
        n.wait(lambda: len(publisher.acknowledged) >= publisher.allowed - total // 8,
               "some acknowledgements")
        old = n.kill("hub")
        n.wait_restart("hub", old)
    publisher.stop()
    n.wait(lambda: len(set(seen)) == total, "every event")
    stop.value = 1
    reader.join(PATIENCE)
    first_seen = list(dict.fromkeys(seen))
    assert first_seen == titles(n.fetch_all()), "not the order of the journal"
    repeated = len(seen) - total
    assert repeated <= 6 * 2 * 50, f"{repeated} events came again"


def test_what_is_lost_is_told_even_if_nothing_is_left(node):
    n = node(hub={"retention": {"size": "1KiB", "lost_after": "1s"}}).start()
    n.request("FETCH", {"name": "pembaca"})
    n.publish([vacancy() for _ in range(7)])
    n.wait(lambda: consumer(n)["lost"] == 7, "the consumer to be passed")
    lost, got = [], []

    def handle(events, _cursor, _behind):
        got.extend(events)
        return LAST
    assert subscribe(n.endpoint, handle, lost=lost) == (0, "")
    assert (lost, got) == ([7], [])
    n.publish([vacancy("baru")])
    assert subscribe(n.endpoint, handle, lost=lost) == (0, "")
    assert (lost, titles(got)) == ([7, 0], ["baru"]), "told once"
