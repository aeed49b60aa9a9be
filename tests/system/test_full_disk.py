"""A disk that is full: intake stops with `unavailable`, nothing that was acknowledged is lost, and
when there is room again the hub goes on by itself. Needs root, for a small disk of its own."""

import os
import re
import subprocess
import threading

import pytest

from client import Curve, check_balance, connected, free_port, write_agency
from conftest import PATIENCE, vacancy

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


@pytest.fixture
def full(node):
    """A node whose state is on a disk of 8 MiB with 5 MiB of ballast that a test can take away."""
    port = free_port()
    server, reader = Curve(), Curve()
    one = node(hub={"listen": [{"endpoint": f"tcp://127.0.0.1:{port}"}]}, agencies="agencies.d",
               server_key="hub.key")
    state = one.folder / "state"
    state.mkdir(0o700)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", state],
                      check=False).returncode:
        pytest.skip("no disk can be mounted here")
    (state / "ballast").write_bytes(b"x" * (5 << 20))
    key = one.folder / "hub.key"
    key.touch(0o600)
    key.write_text(server.secret + "\n")
    write_agency(one, "industri", ["industry"], public_key=reader.public)
    one.server, one.reader, one.door = server, reader, f"tcp://127.0.0.1:{port}"
    one.start()
    yield one
    one.stop()
    subprocess.run(["umount", state], check=True)


def fill_up(connection):
    """Publishes until the disk is full; returns the ids of what was acknowledged."""
    acknowledged = []
    for _ in range(2000):
        events = [{**vacancy(), "padding": "x" * 2000} for _ in range(10)]
        kind, result, _ = connection.request("PUBLISH", {}, events)
        if kind == "ERROR":
            assert result["code"] == "unavailable", result
            return acknowledged
        assert result["accepted"] == 10
        acknowledged += [e["id"] for e in events]
    pytest.fail("the disk is never full")


def make_room(node):
    (node.folder / "state" / "ballast").unlink()


def wait_accepting(node, connection):
    node.wait(lambda: connection.request("PUBLISH", {}, [vacancy()])[0] == "OK",
              "the hub to accept events again")


def test_a_full_disk_stops_intake_and_nothing_else(full):
    with connected(full.endpoint) as connection:
        acknowledged = fill_up(connection)
        assert len(acknowledged) > 100
        assert connection.ok("HELLO")
        assert connection.ok("STATUS")["journal"]["failed"] is True
        # Who received what is recorded before it leaves, which is not possible now.
        for verb, options in [("PUBLISH", {}), ("COMMIT", {"name": "new", "state": {"a": "1"}}),
                              ("FETCH", {"after": "0"})]:
            kind, result, _ = connection.request(verb, options, [vacancy()])
            assert (kind, result["code"]) == ("ERROR", "unavailable")
        kind, result, _ = connection.request("FETCH", {"after": str(len(acknowledged))})
        assert (kind, result["behind"]) == ("EVENTS", 0)
        make_room(full)
        wait_accepting(full, connection)
        assert [e["id"] for e in connection.fetch()][:len(acknowledged)] == acknowledged
        check_balance(connection.ok("STATUS"))
    assert len(re.findall("nothing more is accepted", full.log())) < 10, full.log()
    full.wait_for_log("accepting events")


def test_a_kill_on_a_full_disk_loses_nothing(full):
    with connected(full.endpoint) as connection:
        acknowledged = fill_up(connection)
    old = full.kill("hub")
    make_room(full)
    full.wait_restart("hub", old)
    with connected(full.endpoint) as connection:
        wait_accepting(full, connection)
        found = [e["id"] for e in connection.fetch()]
        assert found[:len(acknowledged)] == acknowledged
        assert len(found) == len(set(found))
        check_balance(connection.ok("STATUS"))


def test_readers_who_go_on_asking_do_not_put_off_the_recovery(full):
    """What an agency receives is recorded, which a full disk refuses: its FETCH, too, is answered,
    with `unavailable`, however often it asks."""
    ending, answers = threading.Event(), []

    def ask():
        with connected(full.door, curve=full.reader.towards(full.server)) as reader:
            while not ending.is_set():
                kind, result, _ = reader.request("FETCH", {"after": "0", "max_events": 1})
                answers.append(kind if kind == "EVENTS" else result["code"])
                ending.wait(0.05)

    with connected(full.endpoint) as connection:
        fill_up(connection)
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        full.wait(lambda: len(answers) > 5, "answers to the reader")
        make_room(full)
        try:
            wait_accepting(full, connection)
        finally:
            ending.set()
            asking.join(PATIENCE)
    assert set(answers) <= {"EVENTS", "unavailable"}, set(answers)
