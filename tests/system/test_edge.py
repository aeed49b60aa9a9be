"""The edge node of config/edge.yaml: what it is made of, how little it needs, and that its clock may
jump."""

import pathlib
import re
import time

import pytest

from conftest import ROOT, SANITIZED, event
from client import nik
from province import attach, enlist, identities, upper, waiting

FAKETIME = next(iter(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)


def outcomes(first, count):
    return [event("outcome.reported", {"nik": nik(first + i), "date": "2024-03-01",
                                       "status": "employed"}) for i in range(count)]


@pytest.fixture
def edge(node):
    """A node of the file as it stands, but for its paths, and the province above it."""
    p = upper(node).start()
    bundle = enlist(p, "pekalongan", "33.75")
    n = attach(node({"blk": {"audiences": ["blk"]}}, node="pekalongan"), p, bundle)
    text = (ROOT / "config" / "edge.yaml").read_text()
    for path, here in (("/etc/jejaring/person.key", "person.key"),
                       ("/etc/jejaring/province", "pekalongan"),
                       ("/var/spool/jejaring/blk", "inbox")):
        assert path in text
        text = text.replace(path, here)
    own = {name: n.config[name] for name in ("state", "run", "schemas", "plugin_path")}
    n.file.write_text(text + "".join(f"{name}: {value}\n" for name, value in own.items()))
    yield p, n
    n.line.close()


def processes(n):
    return {**n.children(), "supervisor": n.process.pid}


def figures(n):
    """KiB resident, two ways: shared pages counted once, and as often as processes map them (the
    plain sum, which can only be more than what the node takes)."""
    own, shared, plain = 0, {}, 0
    for pid in processes(n).values():
        path = None
        for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
            words = line.split()
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                path = words[5] + words[2] if len(words) > 5 else None
            elif words[0] == "Rss:":
                rss = int(words[1])
                plain += rss
            elif words[0] == "Anonymous:":
                own += int(words[1])
                if path:
                    shared.setdefault(path, {}).setdefault(pid, 0)
                    shared[path][pid] += rss - int(words[1])
    return own + sum(max(each.values()) for each in shared.values()), plain


def test_an_edge_node_is_small_and_reports(edge):
    p, n = edge
    begun = time.monotonic()
    n.start()
    print(f"ready after {1000 * (time.monotonic() - begun):.0f} ms")
    n.publish(outcomes(0, 20))
    n.wait(lambda: waiting(n) == 0, "the report to the province")
    assert identities(p.fetch_all()) == identities(n.fetch_all())
    assert set(processes(n)) == {"supervisor", "hub", "blk", "uplink"}
    for name, pid in processes(n).items():
        assert "libpq" not in pathlib.Path(f"/proc/{pid}/maps").read_text(), name
    once, plain = figures(n)
    print(f"{once} KiB resident, shared pages once; {plain} KiB as a plain sum")
    assert SANITIZED or once <= plain < 25 * 1024, f"{once} KiB, {plain} KiB as a plain sum"


@pytest.mark.skipif(not FAKETIME or SANITIZED, reason="libfaketime is not there, or would not do")
def test_a_clock_that_jumps_a_day_loses_and_reorders_nothing(edge):
    p, n = edge
    clock = n.folder / "clock"
    clock.write_text("+0\n")
    n.environment = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock),
                     "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                     "DONT_FAKE_MONOTONIC": "1"}
    n.start()
    sent = []
    for number, offset in enumerate(("+0", "+1d", "-1d", "+0")):
        clock.write_text(offset + "\n")
        events = outcomes(100 * number, 30)
        n.publish(events)
        sent += [e["id"] for e in events]
        if number == 1:
            n.kill("uplink")
    n.wait(lambda: waiting(n) == 0, "the report to the province")
    there = p.fetch_all()
    assert [e["id"] for e in there] == sent
    assert [int(e["originsequence"]) for e in there] == list(range(1, 121))
    recorded = [e["recordedtime"][:10] for e in there[::30]]
    assert len(set(recorded)) == 3 and recorded[0] == recorded[3], "the clock did jump"
