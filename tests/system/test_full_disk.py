"""A disk that is full: intake stops with `unavailable`, nothing that was acknowledged is lost, and
when there is room again the hub goes on by itself. Needs root, for a small disk of its own."""

import os
import re
import subprocess

import pytest

from client import check_balance, connected
from conftest import vacancy

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


@pytest.fixture
def full(node):
    """A node whose state is on a disk of 8 MiB with 5 MiB of ballast that a test can take away."""
    one = node()
    state = one.folder / "state"
    state.mkdir(0o700)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", state],
                      check=False).returncode:
        pytest.skip("no disk can be mounted here")
    (state / "ballast").write_bytes(b"x" * (5 << 20))
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
