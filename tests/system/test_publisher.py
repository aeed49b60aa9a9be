"""The publisher of libjejaring (jejaring/publish.h): every event once, whatever is cut or killed."""

import json
import pathlib
import subprocess
import sys

import pytest

from client import check_balance
from conftest import BUILD, PATIENCE, SANITIZED, vacancy
from cutting_proxy import CuttingWire
from test_ctl import CTL

LINES = pathlib.Path(__file__).with_name("publish_lines.py")
TOTAL = 3000


def by_library(endpoint, file):
    return [sys.executable, LINES, BUILD / "libjejaring.so", endpoint, file, "/uji/berkas"]


def by_ctl(endpoint, file):
    return [CTL, "publish", "--endpoint", endpoint, "--timeout", "30s", str(file)]


def write_lines(file, complete, total=TOTAL):
    """Events by line; the library's have no id and no source of their own."""
    events = [vacancy(str(i)) for i in range(total)]
    if not complete:
        for one in events:
            del one["id"], one["source"]
    file.write_text("".join(json.dumps(e) + "\n" for e in events))
    return events


@pytest.fixture(params=["library", "ctl"])
def program(request):
    """What publishes a file, and whether its events must be complete."""
    if request.param == "library" and SANITIZED:
        pytest.skip("Python cannot load a sanitized library")
    return (by_library, False) if request.param == "library" else (by_ctl, True)


@pytest.fixture
def wire(node):
    """A node, and a way to it that is cut again and again."""
    n = node().start()
    wire = CuttingWire(n.folder / "cut.sock", n.folder / "run" / "hub.sock", seed=5)
    yield n, wire
    wire.close()


def titles(n):
    return [e["data"]["title"] for e in n.fetch_all()]


def wait_for_more(n, events, process):
    """Until so many events more are in the journal, or the process has ended."""
    def head():
        return int(n.request("STATUS")[1]["journal"]["head"])
    goal = min(head() + events, TOTAL)
    n.wait(lambda: head() >= goal or process.poll() is not None, "events to arrive")


def test_a_publisher_that_is_killed_doubles_and_loses_nothing(wire, program):
    n, way = wire
    command, complete = program
    file = n.folder / "peristiwa.jsonl"
    write_lines(file, complete)
    usual, way.most = way.most, way.least  # first in the very first answers, for certain
    for turn in range(5):
        process = subprocess.Popen(command(way.endpoint, file), stdout=subprocess.DEVNULL)
        if turn == 0:
            n.wait(lambda: way.cuts > 0, "a connection to be cut")
            way.most = usual
        else:
            wait_for_more(n, 300, process)
        process.kill()
        process.wait()
        if turn % 2 == 0:
            old = n.kill("hub")
            n.wait_restart("hub", old)
    way.calm = True
    done = subprocess.run(command(way.endpoint, file), capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    assert titles(n) == [str(i) for i in range(TOTAL)], "not each once, and in order"
    check_balance(n.request("STATUS")[1])


def test_cut_connections_and_a_killed_hub_are_outlived(wire, program):
    n, way = wire
    command, complete = program
    file = n.folder / "peristiwa.jsonl"
    write_lines(file, complete)
    process = subprocess.Popen(command(way.endpoint, file), stdout=subprocess.PIPE, text=True)
    for _ in range(3):
        wait_for_more(n, 500, process)
        old = n.kill("hub")
        n.wait_restart("hub", old)
    way.calm = True
    told, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, told
    assert titles(n) == [str(i) for i in range(TOTAL)]


@pytest.mark.skipif(SANITIZED, reason="Python cannot load a sanitized library")
def test_events_are_stamped_and_refusals_told(node):
    n = node().start()
    file = n.folder / "peristiwa.jsonl"
    events = write_lines(file, complete=False, total=5)
    events[2]["region"] = "3375"
    events[4]["id"] = "sendiri"
    file.write_text("".join(json.dumps(e) + "\n" for e in events))
    done = subprocess.run(by_library(n.endpoint, file), capture_output=True, text=True,
                          timeout=PATIENCE, check=True)
    assert done.stdout.splitlines() == ["refused 3 -5 /region", "done 4 0 1 0"]
    assert [(e["source"], e["sequence"], e["id"]) for e in n.fetch_all()] == [
        ("/uji/berkas", "1", "0-000000001"), ("/uji/berkas", "2", "0-000000002"),
        ("/uji/berkas", "4", "0-000000004"), ("/uji/berkas", "5", "sendiri")]
    pathlib.Path(f"{file}.settled").unlink()
    again = subprocess.run(by_library(n.endpoint, file), capture_output=True, text=True,
                           timeout=PATIENCE, check=True)
    assert again.stdout.splitlines()[-1] == "done 0 4 1 0"
    assert len(n.fetch_all()) == 4
