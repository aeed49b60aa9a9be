"""A province and its regencies on this machine: how fast what waited arrives, and that nothing is
lost or counted twice whatever is killed and cut meanwhile.

    tests/bench/uplink.py [--nodes 38] [--events 20000] [--kills 10] [--cuts 10] [--warehouse]

Half of each node's events wait in its journal while its line is down; then all lines come back at
once, and the time is taken until the province has everything. The other half comes while processes
of both sides are killed with -9 and lines are cut, at random by the seed. In the end the province's
journal (and, with --warehouse, its PostgreSQL) must hold just the union. Prints one JSON object;
exit code 1 if anything differs.
"""

import argparse
import contextlib
import hashlib
import itertools
import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import conftest
import pg
import province
from conftest import BUILD, wait_until

conftest.PATIENCE = 120
REGIONS = [f"35.{n:02}" for n in range(1, 30)] + [f"35.{n}" for n in range(71, 80)]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nodes", type=int, default=38)
    parser.add_argument("--events", type=int, default=20_000, help="of each node")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--cuts", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--warehouse", action="store_true")
    return parser.parse_args()


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def sim(n, events, seed, *more):
    """Events of this regency, into its hub."""
    subprocess.run([BUILD / "jejaringctl", "-c", n.file, "sim", "--events", str(events), "--seed",
                    str(seed), "--regions", n.config["region"], *more], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def cpu_seconds(n):
    """Of the hub: on a machine that others use, too, it tells more than the time that went by."""
    fields = pathlib.Path(f"/proc/{n.pid('hub')}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def direct_rate(make, person_key, events):
    """Events a second that a hub takes from one client on this machine, and its work for each in
    microseconds of a processor."""
    n = make({}, node="langsung", region="35", person_key=str(person_key)).start()
    lines = subprocess.run([BUILD / "jejaringctl", "-c", n.file, "sim", "--print", "--events", str(events),
                            "--regions", "35", "--person-key", person_key], check=True,
                           capture_output=True).stdout
    file = n.folder / "events"
    file.write_bytes(lines)
    begun = cpu_seconds(n)
    told = subprocess.run([BUILD / "bench" / "bench_client", "publish", n.endpoint, file, "500", "4"],
                          check=True, capture_output=True, text=True).stdout
    work = cpu_seconds(n) - begun
    n.stop()
    return round(json.loads(told)["events_per_s"]), round(work * 1e6 / events, 1)


def head(n):
    return int(n.request("STATUS")[1]["journal"]["head"])


def resident(n, line="VmRSS"):
    """KiB of the hub and of the uplink; with VmHWM the most that they have had."""
    found = {}
    for name in ("hub", "uplink"):
        status = pathlib.Path(f"/proc/{n.pid(name)}/status").read_text()
        found[name] = int(status.split(f"{line}:")[1].split()[0])
    return found


class Trouble(threading.Thread):
    """Kills and cuts, spread over the time in which the others are at work."""

    def __init__(self, above, below, options):
        super().__init__(daemon=True)
        self.random = random.Random(options.seed)
        self.above, self.below = above, below
        self.acts = ["kill"] * options.kills + ["cut"] * options.cuts
        self.random.shuffle(self.acts)
        self.done = {"kills": 0, "cuts": 0}
        self.cut = None

    def run(self):
        for act in self.acts:
            time.sleep(self.random.uniform(0.05, 0.4))
            n = self.random.choice(self.below)
            if act == "cut":
                n.line.cut()
                time.sleep(self.random.uniform(0.1, 0.5))
                n.line.mend()
                self.done["cuts"] += 1
                continue
            victim = self.random.choice([(n, "uplink"), (n, "hub"), (self.above, "hub")])
            with contextlib.suppress(ProcessLookupError):
                victim[0].kill(victim[1])
                self.done["kills"] += 1


def publish_all(below, events, seed):
    """Into each hub; one that is killed meanwhile is asked again, which does nothing twice."""
    for n in below:
        for attempt in range(20):
            with contextlib.suppress(subprocess.CalledProcessError):
                sim(n, events, seed)
                break
        else:
            raise RuntimeError(f"{n.config['node']} takes nothing\n{n.log()}")


def wait_for_all(above, below, seconds):
    for n in below:
        wait_until(lambda n=n: province.waiting(n) == 0, f"{n.config['node']} to be done", seconds,
                   lambda: n.log()[-2000:] + above.log()[-2000:])


def each_event(n, types=None):
    """Every event of a journal, a page at a time: there may be millions."""
    after, behind = "0", 1
    while behind:
        kind, told, events = n.request("FETCH", {"after": after, "max_events": 1000,
                                                 **({"types": types} if types else {})})
        assert kind == "EVENTS", told
        yield from events
        behind = told["behind"] if told["cursor"] != after else 0
        after = told["cursor"]


def digest(source, name):
    """Of an event's identity: few bytes for each of millions."""
    return hashlib.blake2b(f"{source}\0{name}".encode(), digest_size=12).digest()


def identities(events):
    return sorted(digest(event["source"], event["id"]) for event in events)


def measure(options, make, nodes, database):
    plugins = {"warehouse": {"audiences": ["node"], "regions": ["*"],
                             "options": {"conninfo": database.conninfo}}} if database else {}
    above = province.upper(make, "jatim", "35", plugins)
    result = {"nodes": options.nodes, "events_each": options.events,
              "processors": os.cpu_count()}
    half = options.events // 2
    result["direct_per_s"], result["direct_cpu_us"] = direct_rate(
        make, above.folder / "person.key", min(half * options.nodes, 200_000))
    say(f"direct intake: {result['direct_per_s']} events/s")
    above.start()
    for i in range(options.nodes):
        n = province.regency(make, above, REGIONS[i], name=f"kab{i:02}", down=[])
        n.line.cut()
        nodes.append(n.start())
    say(f"{len(nodes)} nodes are up; filling their journals")
    result["resident_empty_kib"] = resident(nodes[0])
    publish_all(nodes, half, options.seed)
    result["resident_full_kib"] = resident(nodes[0])

    total = sum(head(n) for n in nodes)
    begun = time.monotonic()
    for n in nodes:
        n.line.mend()
    wait_until(lambda: head(above) > 0, "the first event")
    already, first, work = head(above), time.monotonic(), cpu_seconds(above)
    wait_for_all(above, nodes, 3600)
    arrived = head(above)
    result["arrived"], result["journaled"] = arrived, total
    result["catch_up_s"] = round(time.monotonic() - begun, 2)
    result["catch_up_per_s"] = round((arrived - already) / (time.monotonic() - first))
    result["catch_up_cpu_us"] = round((cpu_seconds(above) - work) * 1e6 / (arrived - already), 1)
    result["ratio"] = round(result["catch_up_per_s"] / result["direct_per_s"], 2)
    result["resident_after_kib"] = resident(nodes[0])
    result["resident_peak_kib"] = resident(nodes[0], "VmHWM")
    say(f"catch-up: {result['catch_up_per_s']} events/s, {result['ratio']} of direct; work of the hub above "
        f"{result['catch_up_cpu_us']} us an event, direct {result['direct_cpu_us']}")

    trouble = Trouble(above, nodes, options)
    trouble.start()
    publish_all(nodes, half, options.seed + 1)
    trouble.join()
    wait_for_all(above, nodes, 3600)
    result.update(trouble.done)

    say("comparing")
    own = [identities(e for e in each_event(n) if "origin" not in e) for n in nodes]
    here, there = sorted(itertools.chain(*own)), identities(each_event(above))
    seen = above.request("STATUS")[1]
    # What the province may not see (referral.made) stays below.
    referred = sorted(itertools.chain(*(identities(each_event(n, ["referral.made"])) for n in nodes)))
    expected = len(here) - len(referred)
    result["union"], result["province"] = expected, len(there)
    result["equal"] = sorted(there + referred) == here and len(set(here)) == len(here)
    result["gaps"] = sum(len(n["gaps"]) for n in seen["nodes"])
    result["blocked"] = [n["name"] for n in seen["nodes"] if n["blocked"]]
    result["adds_up"] = seen["adds_up"]
    if database:
        above.wait(lambda: all(c["pending"] == 0 for c in above.request("STATUS")[1]["consumers"]
                               if c["name"] == "warehouse/main"), "the warehouse", 3600)
        with database.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT source, id FROM jejaring.event")
            result["warehouse_equal"] = sorted(digest(*row) for row in cursor) == there
    return result


def main():
    options = arguments()
    nodes, made = [], []

    def make(plugins=None, **config):
        made.append(conftest.Node(plugins, log="notice", **config))
        return made[-1]

    with contextlib.ExitStack() as stack:
        database = None
        if options.warehouse:
            database = stack.enter_context(pg.Cluster()).database()
        try:
            result = measure(options, make, nodes, database)
        finally:
            for n in nodes:
                n.line.close()
            for n in made[::-1]:
                with contextlib.suppress(Exception):
                    n.close()
    print(json.dumps(result, indent=1))
    good = (result["equal"] and result["adds_up"] and not result["gaps"] and
            not result["blocked"] and result.get("warehouse_equal", True))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
