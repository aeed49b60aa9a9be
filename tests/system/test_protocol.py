"""The protocol JJ1 as schemas/README.md describes it: each verb, each option, over ipc and loopback
tcp, by a DEALER with many requests under way and by a plain REQ."""

import json
import threading
import time

import pytest
import zmq

from client import check_balance, connected, event_key, free_port, graduated, nik, \
    person_key
from conftest import PATIENCE, vacancy, wait_until

PUBLISHED = {"accepted", "duplicate", "rejected", "cursor"}


@pytest.fixture
def hub(node):
    """A node without plugins that listens on loopback, too."""
    one = node(hub={"listen": [{"endpoint": f"tcp://127.0.0.1:{free_port()}", "as": "local"}],
                    "bell": [f"tcp://127.0.0.1:{free_port()}"]})
    return one.start()


@pytest.fixture(params=["ipc", "tcp"])
def connection(hub, request):
    """A connection by each of the two ways in."""
    tcp = hub.config["hub"]["listen"][0]["endpoint"]
    with connected(hub.endpoint if request.param == "ipc" else tcp) as one:
        yield one


def vacancies(count, **attributes):
    return [vacancy(f"Juru {n}", **attributes) for n in range(count)]


# ---- HELLO


def test_hello_tells_who_one_is_and_what_one_may(connection):
    result = connection.ok("HELLO", {"client": "test/1"})
    assert result["protocol"] == "JJ1"
    assert result["node"] == "uji" and result["region"] == "33.75"
    assert result["agency"] == "local"
    assert result["audiences"] == ["node"] and result["regions"] == ["*"]
    assert "alumni.graduated" in result["may_publish"]
    assert "alumni.graduated" in result["may_fetch"]
    assert result["limits"] == {"frame_bytes": 1048576, "events": 1000, "depth": 64,
                                "message_bytes": 16777216, "options_bytes": 262144, "values": 4096}


# ---- PUBLISH


def test_publish_acknowledges_counts_and_cursor(connection):
    events = vacancies(3)
    result = connection.ok("PUBLISH", {}, events)
    assert set(result) == PUBLISHED
    assert (result["accepted"], result["duplicate"], result["rejected"]) == (3, 0, [])
    assert result["cursor"] == "3"
    assert [e["id"] for e in connection.fetch()] == [e["id"] for e in events]


def test_publish_of_nothing_is_no_error(connection):
    result = connection.ok("PUBLISH")
    assert (result["accepted"], result["duplicate"], result["rejected"]) == (0, 0, [])


def test_the_same_event_again_is_a_duplicate(connection):
    one = vacancy()
    connection.ok("PUBLISH", {}, [one])
    shuffled = dict(reversed(list(one.items())))
    result = connection.ok("PUBLISH", {}, [one, shuffled, vacancy()])
    assert (result["accepted"], result["duplicate"]) == (1, 2)
    twice = vacancy()
    result = connection.ok("PUBLISH", {}, [twice, twice])
    assert (result["accepted"], result["duplicate"]) == (1, 1)


def test_other_content_under_the_same_identity_is_a_conflict(connection):
    one = vacancy()
    connection.ok("PUBLISH", {}, [one])
    other = {**one, "data": {**one["data"], "title": "Lain"}}
    result = connection.ok("PUBLISH", {}, [other])
    assert result["accepted"] == 0
    assert [r["code"] for r in result["rejected"]] == ["conflict"]
    assert connection.fetch() == connection.fetch(types=["vacancy.opened"])
    assert connection.fetch()[0]["data"]["title"] == "Juru las"


def test_a_bad_event_never_blocks_its_neighbours(connection):
    good = vacancies(3)
    bad = [b"not json", {**vacancy(), "type": "vacancy.openned"}, {**vacancy(), "region": "3375"},
           {**vacancy(), "data": {}}]
    mixed = [good[0], bad[0], bad[1], good[1], bad[2], bad[3], good[2]]
    result = connection.ok("PUBLISH", {}, mixed)
    assert result["accepted"] == 3
    rejected = {r["index"]: r for r in result["rejected"]}
    assert {i: r["code"] for i, r in rejected.items()} == {
        1: "malformed", 2: "unknown_type", 4: "invalid", 5: "invalid"}
    assert "vacancy.opened" in rejected[2]["detail"]
    assert rejected[4]["field"] == "/region" and "33.75" in rejected[4]["detail"]
    assert len(rejected[5]["problems"]) > 1
    assert all(p["field"].startswith("/data/") for p in rejected[5]["problems"])
    assert [e["id"] for e in connection.fetch()] == [e["id"] for e in good]


def test_what_is_acknowledged_survives_kill_9(hub):
    with connected(hub.endpoint) as connection:
        events = vacancies(200)
        connection.publish(events)
    old = hub.kill("hub")
    hub.wait_restart("hub", old)
    with connected(hub.endpoint) as connection:
        assert [e["id"] for e in connection.fetch()] == [e["id"] for e in events]
        result = connection.ok("PUBLISH", {}, events)
        assert result["duplicate"] == 200


def test_a_nik_becomes_the_person_key(hub):
    number = nik(1)
    with connected(hub.endpoint) as connection:
        connection.publish([graduated(number, name="Siti")])
        [stored] = connection.fetch()
    assert stored["subject"] == person_key(hub, number)
    assert "nik" not in stored["data"] and "name" not in stored["data"]
    assert stored["recordedtime"]


def test_bytes_of_an_event_are_kept(connection):
    one = vacancy()
    text = json.dumps(one)[:-1] + ',"exact":0.1,"big":1e2,"sign":"\\u00e9"}'
    connection.publish([text.encode()])
    connection.send("FETCH", {"after": "0"})
    stored = connection.receive_raw()[4]
    assert b'"exact":0.1' in stored and b'"big":1e2' in stored and b"\\u00e9" in stored


# ---- FETCH


def test_fetch_pages_through_the_journal_in_order(connection):
    events = vacancies(25)
    connection.publish(events)
    got, after, sizes = [], "0", []
    while True:
        kind, result, page = connection.request("FETCH", {"after": after, "max_events": 10})
        assert kind == "EVENTS"
        assert result["count"] == len(page)
        assert result["behind"] == 25 - int(result["cursor"])
        got += page
        sizes.append(len(page))
        after = result["cursor"]
        if result["behind"] == 0:
            break
    assert sizes == [10, 10, 5]
    assert [e["id"] for e in got] == [e["id"] for e in events]
    kind, result, page = connection.request("FETCH", {"after": after})
    assert (kind, page, result["count"], result["cursor"]) == ("EVENTS", [], 0, "25")


def test_fetch_gives_100_events_unless_asked_for_other(connection):
    connection.publish(vacancies(150))
    assert len(connection.request("FETCH", {"after": "0"})[2]) == 100
    assert len(connection.request("FETCH", {"after": "0", "max_events": 1000})[2]) == 150
    assert len(connection.request("FETCH", {"after": "0", "max_events": 5000})[2]) == 150
    assert len(connection.request("FETCH", {"after": "0", "max_events": 1})[2]) == 1


def test_fetch_ends_where_it_is_told_to(connection):
    events = vacancies(20)
    connection.publish(events)

    def between(after, upto, **options):
        kind, result, page = connection.request("FETCH", {"after": after, "upto": upto, **options})
        assert kind == "EVENTS", result
        return result["cursor"], result["behind"], [e["id"] for e in page]

    ids = [e["id"] for e in events]
    assert between("3", "9") == ("9", 11, ids[3:9])
    assert between("3", "9", max_events=2) == ("5", 15, ids[3:5])
    assert between("18", "25") == ("20", 0, ids[18:])
    # Nothing there is for this reader, but behind it may be something: no reason to wait.
    begun = time.monotonic()
    assert between("3", "9", types=["alumni.graduated"], wait_ms=5000) == ("9", 11, [])
    assert time.monotonic() - begun < 2
    for upto in ("3", "2", "x", 9):
        kind, result, _ = connection.request("FETCH", {"after": "3", "upto": upto})
        assert kind == "ERROR" and "upto" in json.dumps(result), result


def test_fetch_filters_by_type_and_region(connection):
    here, there = vacancies(2), vacancies(3, region="35.22")
    persons = [graduated(nik(n)) for n in range(4)]
    connection.publish(here + persons + there)

    def count(**options):
        return len(connection.fetch(**options))

    assert count(types=["vacancy.opened"]) == 5
    assert count(types=["vacancy.*"]) == 5
    assert count(types=["alumni.graduated", "vacancy.opened"]) == 9
    assert count(types=["loan.*"]) == 0
    assert count(types=[]) == 0
    assert count(regions=["35.22"]) == 3
    assert count(regions=["33"]) == 6
    assert count(regions=["*"]) == 9
    assert count(types=["vacancy.opened"], regions=["33.75"]) == 2
    assert count(types=None, regions=None) == 9


def test_the_cursor_passes_what_was_filtered(connection):
    connection.publish(vacancies(30))
    kind, result, page = connection.request("FETCH", {"after": "0", "types": ["loan.applied"]})
    assert (kind, page, result["cursor"], result["behind"]) == ("EVENTS", [], "30", 0)


def test_fetch_waits_for_the_first_event(connection):
    start = time.monotonic()
    number = connection.send("FETCH", {"wait_ms": 60000})
    assert connection.is_silent(0.1)
    one = vacancy()
    publishing = connection.send("PUBLISH", {}, [one])
    answers = {}
    for _ in range(2):
        kind, result, events, answered = connection.receive()
        answers[answered] = (kind, events)
    assert answers[publishing][0] == "OK"
    assert answers[number][0] == "EVENTS"
    assert [e["id"] for e in answers[number][1]] == [one["id"]]
    assert time.monotonic() - start < 55, "when it was there, not at the end of the wait"


def test_fetch_waits_for_an_event_that_it_wants(connection):
    number = connection.send("FETCH", {"wait_ms": 60000, "types": ["alumni.graduated"]})
    connection.send("PUBLISH", {}, vacancies(3))
    assert connection.receive()[3] != number
    assert connection.is_silent(0.1)
    connection.send("PUBLISH", {}, [graduated(nik(1))])
    kinds = {connection.receive()[0] for _ in range(2)}
    assert kinds == {"OK", "EVENTS"}


def test_fetch_ends_its_wait_in_time(connection):
    start = time.monotonic()
    kind, result, events = connection.request("FETCH", {"wait_ms": 300})
    assert (kind, events, result["cursor"]) == ("EVENTS", [], "0")
    assert 0.29 < time.monotonic() - start < PATIENCE


def test_fetch_beyond_the_newest_event_is_refused(connection):
    connection.publish(vacancies(2))
    kind, result, _ = connection.request("FETCH", {"after": "3"})
    assert (kind, result["code"]) == ("ERROR", "invalid")
    assert "beyond the newest event" in result["detail"]


def test_a_reader_gets_past_what_retention_removed(node):
    """Also when nothing at all is left: it must not ask for the same nothing for ever."""
    hub = node(hub={"retention": {"age": "365d", "size": "1KiB"}}).start()
    with connected(hub.endpoint) as connection:
        connection.publish(vacancies(20))
        hub.wait(lambda: connection.ok("STATUS")["journal"]["tail"] == "21", "retention")
        kind, result, page = connection.request("FETCH", {"after": "0"})
        assert (kind, page) == ("EVENTS", [])
        assert (result["cursor"], result["behind"]) == ("20", 0)
        late = vacancy()
        connection.publish([late])
        [found] = connection.request("FETCH", {"after": "5"})[2]
        assert found["id"] == late["id"]


def test_a_large_page_ends_early_and_goes_on(connection):
    events = [{**vacancy(), "padding": "x" * 900_000} for _ in range(5)]
    for one in events:
        connection.publish([one])
    kind, result, page = connection.request("FETCH", {"after": "0", "max_events": 1000})
    assert kind == "EVENTS" and 1 <= len(page) < 5
    assert result["behind"] == 5 - len(page)
    assert [e["id"] for e in connection.fetch()] == [e["id"] for e in events]


# ---- COMMIT, STATE


def test_a_consumer_resumes_where_it_committed(hub, connection):
    events = vacancies(10)
    connection.publish(events)
    kind, result, page = connection.request("FETCH", {"name": "main", "max_events": 4})
    assert [e["id"] for e in page] == [e["id"] for e in events[:4]]
    # Not committed: the same again.
    assert connection.request("FETCH", {"name": "main", "max_events": 4})[2] == page
    committed = connection.ok("COMMIT", {"name": "main", "cursor": result["cursor"]})
    assert committed == {"cursor": "4", "accepted": 0, "duplicate": 0}
    page = connection.request("FETCH", {"name": "main"})[2]
    assert [e["id"] for e in page] == [e["id"] for e in events[4:]]
    old = hub.kill("hub")
    hub.wait_restart("hub", old)
    with connected(hub.endpoint) as again:
        page = again.request("FETCH", {"name": "main"})[2]
        assert [e["id"] for e in page] == [e["id"] for e in events[4:]]


def test_consumers_do_not_know_each_other(connection):
    connection.publish(vacancies(3))
    connection.ok("COMMIT", {"name": "first", "cursor": "3", "state": {"k": "v"}})
    assert len(connection.request("FETCH", {"name": "second"})[2]) == 3
    assert connection.ok("STATE", {"name": "second"})["state"] == {}
    assert connection.ok("STATE", {"name": "first"})["state"] == {"k": "v"}


def test_a_cursor_behind_the_committed_one_does_not_go_back(connection):
    connection.publish(vacancies(5))
    connection.ok("COMMIT", {"name": "main", "cursor": "5"})
    assert connection.ok("COMMIT", {"name": "main", "cursor": "2"})["cursor"] == "5"
    assert connection.request("FETCH", {"name": "main"})[2] == []


def test_cursor_state_and_events_are_committed_together(connection):
    connection.publish(vacancies(3))
    reaction = vacancy()
    result = connection.ok("COMMIT", {"name": "main", "cursor": "3", "state": {"a": "1"}},
                           [reaction])
    assert result == {"cursor": "3", "accepted": 1, "duplicate": 0}
    # A commit whose answer was lost is sent again: nothing happens twice.
    result = connection.ok("COMMIT", {"name": "main", "cursor": "3", "state": {"a": "1"}},
                           [reaction])
    assert result == {"cursor": "3", "accepted": 0, "duplicate": 1}
    assert len(connection.fetch()) == 4


def test_a_commit_with_one_bad_event_does_nothing(connection):
    connection.publish(vacancies(3))
    connection.ok("COMMIT", {"name": "main", "cursor": "1", "state": {"a": "1"}})
    known = connection.fetch()[0]
    conflicting = {**vacancy(), "id": known["id"], "time": known["time"]}
    for bad, code in [(b"{", "malformed"), ({**vacancy(), "region": "x"}, "invalid"),
                      ({**vacancy(), "type": "x"}, "unknown_type"), (conflicting, "conflict")]:
        kind, result, _ = connection.request(
            "COMMIT", {"name": "main", "cursor": "3", "state": {"a": "2"}}, [vacancy(), bad])
        assert (kind, result["code"]) == ("ERROR", code)
        assert "event 1 of the commit" in result["detail"]
    assert connection.ok("STATE", {"name": "main"}) == {"state": {"a": "1"}, "more": False,
                                                       "cursor": "1"}
    assert len(connection.fetch()) == 3


def test_a_commit_whose_events_contradict_each_other_does_nothing(connection):
    one = vacancy()
    other = {**one, "data": {**one["data"], "title": "Lain"}}
    kind, result, _ = connection.request("COMMIT", {"name": "main", "state": {"a": "1"}},
                                         [vacancy(), one, other])
    assert (kind, result["code"]) == ("ERROR", "conflict")
    assert connection.fetch() == []
    # The same event twice is no contradiction.
    result = connection.ok("COMMIT", {"name": "main"}, [one, vacancy(), one])
    assert (result["accepted"], result["duplicate"]) == (2, 1)


def test_a_commit_that_is_refused_makes_no_consumer(connection):
    connection.request("COMMIT", {"name": "main", "cursor": "7"})
    connection.request("COMMIT", {"name": "main"}, [b"{}"])
    assert connection.ok("STATUS")["consumers"] == []


def test_the_state_of_a_commit_that_lies_behind_is_not_put(connection):
    """It comes from a process that was replaced: the one that goes on has committed more."""
    connection.publish(vacancies(5))
    reaction = vacancy()
    connection.ok("COMMIT", {"name": "main", "cursor": "5", "state": {"sum": "5"}}, [reaction])
    late = connection.ok("COMMIT", {"name": "main", "cursor": "3", "state": {"sum": "3"}},
                         [reaction])
    assert late == {"cursor": "5", "accepted": 0, "duplicate": 1}
    assert connection.ok("STATE", {"name": "main"})["state"] == {"sum": "5"}
    # Sent again with the same cursor, and without one as from a timer: that is put.
    connection.ok("COMMIT", {"name": "main", "cursor": "5", "state": {"sum": "5b"}})
    connection.ok("COMMIT", {"name": "main", "state": {"timer": "1"}})
    assert connection.ok("STATE", {"name": "main"})["state"] == {"sum": "5b", "timer": "1"}


def test_a_page_of_state_fits_into_a_frame(connection):
    small = {f"a{n:03}": "x" * 1000 for n in range(500)}
    connection.ok("COMMIT", {"name": "main", "state": small})
    connection.ok("COMMIT", {"name": "main", "state": {"b": "y" * 900_000, "c": "z"}})
    found, options = {}, {"name": "main"}
    while True:
        connection.send("STATE", options)
        _, kind, _, text = connection.receive_raw()
        assert kind == b"OK" and len(text) <= 1048576
        result = json.loads(text)
        found.update(result["state"])
        if not result["more"]:
            break
        options["after"] = list(result["state"])[-1]
    assert found == {**small, "b": "y" * 900_000, "c": "z"}


def test_a_commit_beyond_the_newest_event_is_refused(connection):
    kind, result, _ = connection.request("COMMIT", {"name": "main", "cursor": "1"})
    assert (kind, result["code"]) == ("ERROR", "invalid")


def test_state_is_put_replaced_deleted_and_paged(connection):
    put = {f"k{n:03}": "x" * 1000 for n in range(600)}
    connection.ok("COMMIT", {"name": "main", "state": put})
    connection.ok("COMMIT", {"name": "main", "state": {"k000": None, "k001": "new", "other": "1"}})
    del put["k000"]
    put.update(k001="new", other="1")
    found, options, pages = {}, {"name": "main"}, 0
    while True:
        result = connection.ok("STATE", options)
        assert list(result["state"]) == sorted(result["state"])
        found.update(result["state"])
        pages += 1
        if not result["more"]:
            break
        options["after"] = list(result["state"])[-1]
    assert found == put and pages > 1
    assert connection.ok("STATE", {"name": "main", "prefix": "oth"})["state"] == {"other": "1"}
    assert connection.ok("STATE", {"name": "main", "prefix": "k00", "after": "k007"})["state"] \
        == {"k008": "x" * 1000, "k009": "x" * 1000}
    assert connection.ok("STATE", {"name": "main", "prefix": "zz"})["state"] == {}


def test_what_a_consumer_could_not_use_goes_to_quarantine(connection):
    one = vacancy()
    connection.publish([one])
    connection.ok("COMMIT", {"name": "main", "cursor": "1", "rejected": [
        {"key": event_key(one), "reason": "no room"}, {"key": "00" * 16, "reason": "unknown"}]})
    [entry] = connection.ok("QUARANTINE")["entries"]
    assert (entry["origin"], entry["detail"], entry["type"]) == ("local/main", "no room",
                                                                "vacancy.opened")


# ---- STATUS


def test_status_tells_the_balance_of_hub_and_consumers(connection):
    connection.publish(vacancies(10))
    connection.ok("PUBLISH", {}, [b"{}", connection.fetch()[0]])
    connection.request("FETCH", {"name": "main", "types": ["vacancy.*"]})
    connection.ok("COMMIT", {"name": "main", "cursor": "6"})
    status = connection.ok("STATUS")
    assert status["balance"] == {"received": 12, "accepted": 10, "duplicate": 1, "rejected": 1,
                                 "adds_up": True}
    [consumer] = status["consumers"]
    assert (consumer["name"], consumer["cursor"]) == ("local/main", "6")
    assert (consumer["delivered"], consumer["filtered"], consumer["pending"]) == (6, 0, 4)
    assert status["quarantine"] == {"kept": 1, "pushed_out": 0}
    assert status["journal"]["head"] == "10" and not status["journal"]["failed"]
    check_balance(status)


# ---- The bell


def subscriber(endpoint, topic):
    socket = zmq.Context.instance().socket(zmq.SUB)
    socket.linger = 0
    socket.subscribe(topic)
    socket.connect(endpoint)
    return socket


@pytest.mark.parametrize("way", ["ipc", "tcp"])
def test_the_bell_rings_for_its_topic_and_says_nothing_personal(hub, way):
    endpoint = hub.config["hub"]["bell"][0] if way == "tcp" else f"ipc://{hub.folder}/run/bell.sock"
    bell = subscriber(endpoint, "alumni.graduated/33.75/")
    heard = []

    def ring():
        with connected(hub.endpoint) as connection:
            connection.publish([vacancy(), graduated(nik(7), name="Siti", region="15.07"),
                                graduated(nik(7), name="Siti", _recipient="blk"),
                                graduated(nik(7), name="Siti")])
        if bell.poll(200):
            heard.append(bell.recv_multipart())
        return heard

    wait_until(ring, "the bell", log=hub.log)
    topic, text = heard[0]
    bell.close()
    told = json.loads(text)
    assert topic == b"alumni.graduated/33.75/"
    assert set(told) == {"specversion", "id", "source", "type", "time", "region", "recordedtime",
                         "cursor"}
    assert told["cursor"].isdigit()


def test_the_heartbeat_tells_the_newest_cursor_every_second(hub):
    beats = subscriber(hub.config["hub"]["bell"][0], "bell/")
    assert beats.poll(PATIENCE * 1000)
    assert beats.recv_multipart() == [b"bell/", b'{"cursor":"0"}']
    with connected(hub.endpoint) as connection:
        connection.publish(vacancies(3))

    def beat():
        assert beats.poll(PATIENCE * 1000)
        return json.loads(beats.recv_multipart()[1])["cursor"] == "3"

    wait_until(beat, "a heartbeat with the newest cursor")
    beats.close()


def test_the_bell_does_not_say_who_was_erased(hub):
    bell, number = subscriber(hub.config["hub"]["bell"][0], "person.erased/"), nik(9)
    with connected(hub.endpoint) as connection:
        connection.publish([graduated(number)])
        key = person_key(hub, number)

        def ring():
            connection.ok("ERASE", {"person": key})
            return bell.poll(200)

        wait_until(ring, "the bell", log=hub.log)
        topic, text = bell.recv_multipart()
        bell.close()
        assert topic == b"person.erased/33.75/"
        assert key.encode() not in text and key[:8].encode() not in text
        assert connection.fetch()[-1]["subject"] == key


# ---- ERASE


def test_erasing_a_person_reaches_what_was_refused_too(connection, hub):
    """Wherever the NIK stood, and whether or not it was JSON."""
    number, other = nik(21), nik(22)
    refused = [graduated(number, _region="3375"),
               f'{{"nik":"{number}", not json'.encode(),
               vacancy(f"hubungi {number}"),
               {**vacancy(), "id": number},
               {**vacancy(), "region": "x", "subject": person_key(hub, number).upper()}]
    others = [graduated(other, _region="3375"), vacancy(region="x")]
    result = connection.ok("PUBLISH", {}, refused + others)
    assert result["accepted"] == 0
    assert len(connection.ok("QUARANTINE")["entries"]) == 7
    connection.ok("ERASE", {"nik": number})
    assert [e["number"] for e in connection.ok("QUARANTINE")["entries"]] == [6, 7]


# ---- Ways to ask


def test_many_requests_may_be_under_way(connection):
    sent = {}
    for n in range(300):
        sent[connection.send("PUBLISH", {}, [vacancy(f"Juru {n}")])] = "OK"
        sent[connection.send("FETCH", {"after": "0", "max_events": 1})] = "EVENTS"
        sent[connection.send("HELLO")] = "OK"
    for _ in range(len(sent)):
        kind, _, _, number = connection.receive()
        assert sent.pop(number) == kind
    assert not sent
    assert len(connection.fetch()) == 300


def test_a_plain_req_is_enough(hub):
    for endpoint in hub.endpoint, hub.config["hub"]["listen"][0]["endpoint"]:
        request = zmq.Context.instance().socket(zmq.REQ)
        request.linger = 0
        request.connect(endpoint)
        for verb, kind in [("HELLO", b"OK"), ("FETCH", b"EVENTS"), ("NONSENSE", b"ERROR"),
                           ("STATUS", b"OK")]:
            request.send_multipart([b"JJ1", verb.encode(), b"7", b"{}"])
            assert request.poll(PATIENCE * 1000), verb
            answer = request.recv_multipart()
            assert answer[:3] == [b"JJ1", kind, b"7"]
        request.send_multipart([b"JJ1", b"PUBLISH", b"", b"{}", json.dumps(vacancy()).encode()])
        assert request.poll(PATIENCE * 1000)
        assert request.recv_multipart()[1:3] == [b"OK", b""]
        request.send_multipart([b"JJ1", b"FETCH", b"w", b'{"after":"999","wait_ms":100}'])
        assert request.poll(PATIENCE * 1000)
        assert request.recv_multipart()[1] == b"ERROR"
        request.close()


def test_a_request_id_comes_back_as_it_was(connection):
    for id_ in b"", b"x", b"\x00\xff", b"x" * 64:
        connection.send_raw(b"JJ1", b"HELLO", id_, b"{}")
        assert connection.receive_raw()[2] == id_


def test_publishers_and_readers_at_once_miss_nothing(hub):
    """Four publishers, three readers that follow with wait_ms: each sees every event in order."""
    everything, threads, failures = [], [], []
    total = 4 * 100

    def publish():
        with connected(hub.endpoint) as connection:
            for _ in range(20):
                events = vacancies(5)
                connection.publish(events)
                everything.extend(e["id"] for e in events)

    def follow(name):
        got = []
        with connected(hub.endpoint) as connection:
            while len(got) < total:
                _, result, page = connection.request("FETCH", {"name": name, "wait_ms": 10000})
                got += [e["id"] for e in page]
                connection.ok("COMMIT", {"name": name, "cursor": result["cursor"]})
        orders.append(got)

    def guarded(work, *arguments):
        try:
            work(*arguments)
        except BaseException as failure:  # shown below
            failures.append(failure)

    orders = []
    for work, arguments in [(publish, ())] * 4 + [(follow, (f"r{n}",)) for n in range(3)]:
        threads.append(threading.Thread(target=guarded, args=(work, *arguments), daemon=True))
        threads[-1].start()
    for thread in threads:
        thread.join(PATIENCE * 2)
    assert not failures, failures
    assert len(orders) == 3 and orders[0] == orders[1] == orders[2]
    assert sorted(orders[0]) == sorted(everything) and len(set(everything)) == total
    with connected(hub.endpoint) as connection:
        check_balance(connection.ok("STATUS"))
