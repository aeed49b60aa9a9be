"""`make bench`: what the daemon reaches, beside what its parts could reach bare on this machine.

Every figure is measured in each of several rounds, the daemon and its bare counterpart one right
after the other; a ratio is the median of the rounds' ratios, a figure the median of the figures.
"""

import argparse
import collections
import contextlib
import itertools
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import doors
import pg
from node import BUILD, ROOT, Node, make_person_key, work_folder
from warehouse import Warehouse, run_limit, wait_until, write_script

BATCH = 500     # events in one PUBLISH
WINDOW = 16     # PUBLISH requests in flight
TARGETS = {"limit_ratio": ("at least", 0.4), "parse_ratio": ("at least", 0.4),
           "ack_p50_ratio": ("at most", 2.0), "ack_p99_ratio": None,
           "curve_ratio": ("at least", 0.75)}
WAREHOUSE = {"warehouse": {"audiences": ["node"], "regions": ["*"]}}
IDLE = {"blk": {"audiences": ["blk"]}, "industry": {"audiences": ["industry"]},
        "cooperative": {"audiences": ["cooperative"]}, **WAREHOUSE}


def arguments():
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--quick", action="store_true", help="a smoke test: the figures mean little")
    parser.add_argument("--events", type=int, help="default: 200000")
    parser.add_argument("--rounds", type=int, help="default: 3")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="intake,warehouse,curve,fanout,idle,crowd,attack",
                        help="parts, with commas")
    options = parser.parse_args()
    options.events = options.events or (10000 if options.quick else 200000)
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.samples = 200 if options.quick else 1500
    options.deliveries = 100 if options.quick else 500
    options.idle_s = 2 if options.quick else 10
    options.fanout = 4000 if options.quick else 20000
    options.attack_samples = 200 if options.quick else 1000
    return options


def tool(name, *words, environment=None):
    """Runs one of the benchmark's programs; what it prints is a JSON object."""
    done = subprocess.run([BUILD / "bench" / name, *map(str, words)], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, **(environment or {})})
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)


def simulated(folder, person_key, count, seed):
    """Lines of `jejaringctl sim`. Without its few erasures: each is work for a whole person, and what
    is measured here is the work for an event."""
    config = folder / "sim.yaml"
    config.write_text(json.dumps({"node": "bench", "region": "33", "schemas": str(ROOT / "schemas")}))
    done = subprocess.run([BUILD / "jejaringctl", "-c", config, "sim", "--print", "--regions", "33", "--events",
                           str(count + count // 100 + 100), "--seed", str(seed), "--person-key", person_key],
                          check=True, stdout=subprocess.PIPE)
    lines = (line for line in done.stdout.splitlines(keepends=True) if b'"person.erased"' not in line)
    return list(itertools.islice(lines, count))


def checkpoint(cluster):
    """So that nobody pays for the writes of the one before. A server that is not ours may refuse."""
    with contextlib.suppress(RuntimeError):
        cluster.execute("CHECKPOINT")


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.person_key = folder / "person.key"
        self.events = folder / "events.jsonl"
        self.events_small = folder / "small.jsonl"
        self.rounds = []
        self.script = None  # of the limit, once there are rows
        self.ends = []      # of the batches that the warehouse made
        make_person_key(self.person_key)
        self.summary = self.make_events()

    def make_events(self):
        """Those for the bulk, and behind them in a file of their own those for latency."""
        bulk, options = self.options.events, self.options
        single = max((options.samples + options.deliveries) * options.rounds,
                     4 * options.attack_samples)
        lines = simulated(self.folder, self.person_key, bulk + single, options.seed)
        self.events.write_bytes(b"".join(lines[:bulk]))
        (self.folder / "single.jsonl").write_bytes(b"".join(lines[bulk:]))
        self.events_small.write_bytes(b"".join(lines[:min(bulk, 20000)]))
        types = collections.Counter(re.search(rb'"type":"([^"]*)"', line)[1].decode()
                                    for line in lines[:bulk])
        size = sum(map(len, lines[:bulk])) - bulk
        with_nik = sum(b'"nik":' in line for line in lines[:bulk])
        return {"count": bulk, "mean_bytes": round(size / bulk, 1), "seed": options.seed,
                "share_with_nik_and_contact": round(with_nik / bulk, 3), "batch": BATCH,
                "window": WINDOW, "types": dict(types.most_common())}

    def node(self, plugins=None, environment=None):
        return Node(self.folder, self.person_key, plugins, environment)

    def publish(self, node):
        return tool("bench_client", "publish", node.endpoint, self.events, BATCH, WINDOW)

    # -- the parts, each for one round

    def intake(self, figures, number):
        """Durable acknowledged intake, between two runs of the parse loop; then, on the node that
        now holds all these events, single events, between two runs of their bare parts."""
        parse = [tool("bench_bare", "parse", self.events)["events_per_s"]]
        with self.node() as node:
            before = node.cpu_seconds()
            figures["intake_per_s"] = self.publish(node)["events_per_s"]
            figures["intake_cpu_us"] = (node.cpu_seconds() - before) * 1e6 / self.options.events
            parse.append(tool("bench_bare", "parse", self.events)["events_per_s"])
            figures["parse_per_s"] = statistics.mean(parse)
            figures["parse_ratio"] = figures["intake_per_s"] / figures["parse_per_s"]
            node.settle()
            self.ack(figures, node, number)

    def ack(self, figures, node, number):
        samples = self.options.samples
        bare = [tool("bench_bare", "floor", self.events, self.folder, samples)]
        single, deliveries = self.folder / "single.jsonl", self.options.deliveries
        first = number * (samples + deliveries)
        ours = tool("bench_client", "latency", node.endpoint, single, first, samples)["ack"]
        delivered = tool("bench_client", "deliver", node.endpoint, single, first + samples,
                         deliveries)["delivered"]
        bare.append(tool("bench_bare", "floor", self.events, self.folder, samples))
        for part in ("round_trip", "fdatasync", "both"):
            for point in ("p50_us", "p99_us"):
                figures[f"{part}_{point}"] = statistics.mean(run[part][point] for run in bare)
        for point in ("p50", "p99"):
            figures[f"ack_{point}_us"] = ours[f"{point}_us"]
            figures[f"delivered_{point}_us"] = delivered[f"{point}_us"]
            figures[f"ack_{point}_ratio"] = ours[f"{point}_us"] / figures[f"both_{point}_us"]

    def warehouse(self, figures, cluster, template):
        """From a publishing client to committed rows, and psql's COPY and the same SQL alone."""
        count = self.options.events
        checkpoint(cluster)
        with Warehouse(cluster.database(template)) as warehouse:
            with self.node(WAREHOUSE, warehouse.database.env) as node:
                warehouse.wait_connected()
                start = time.monotonic()
                client = subprocess.Popen(
                    [BUILD / "bench" / "bench_client", "publish", node.endpoint, self.events,
                     str(BATCH), str(WINDOW)], stdout=subprocess.PIPE)
                try:
                    ends = warehouse.wait_stored(count)
                    seconds = time.monotonic() - start
                    told = json.loads(client.communicate(timeout=60)[0] or "{}")
                except (RuntimeError, ValueError, subprocess.TimeoutExpired) as error:
                    raise RuntimeError(f"{error}\n{node.words()}") from error
                finally:
                    client.kill()
                for role in ("hub", "worker"):
                    figures[f"stored_{role}_cpu_us"] = node.cpu_seconds(role) * 1e6 / count
                figures["intake_meanwhile_per_s"] = told["events_per_s"]
            if not self.script:
                self.ends = ends
                self.script = write_script(self.folder, warehouse.save_rows(self.folder,
                                                                            self.events), ends)
        figures["stored_per_s"] = count / seconds
        checkpoint(cluster)
        database = cluster.database(template)
        figures["limit_per_s"] = count / run_limit(database, self.script, count)
        database.drop()
        figures["limit_ratio"] = figures["stored_per_s"] / figures["limit_per_s"]

    def make_template(self, cluster):
        """A database in which the warehouse has made its tables."""
        database = cluster.database()
        with self.node(WAREHOUSE, database.env) as node:
            watched = Warehouse(database)
            try:
                watched.wait_connected()
            except RuntimeError as error:
                raise RuntimeError(f"{error}\n{node.words()}") from error
            wait_until(lambda: watched.value(
                "SELECT cursor FROM jejaring.consumer_cursor WHERE node = 'bench'") is not None,
                "the warehouse's tables")
            watched.connection.close()
        return database

    def idle(self, cluster):
        plugins = {name: entry for name, entry in IDLE.items()
                   if (BUILD / "plugins" / f"{name}.so").exists()}
        database = cluster.database()
        with self.node(plugins, database.env) as node:
            figures = node.idle(self.options.idle_s)
        figures["plugins"] = sorted(plugins)
        return figures

    def schema(self):
        """What validating costs beside parsing, of a program of its own."""
        done = subprocess.run([BUILD / "bench" / "bench_schema"], cwd=ROOT, text=True, check=False,
                              stdout=subprocess.PIPE)
        found = re.search(r"parse (\d+) ns, validate (\d+) ns", done.stdout)
        return {"parse_ns": int(found[1]), "validate_ns": int(found[2]),
                "ratio": round(int(found[2]) / int(found[1]), 3)} if found else None

    def run(self):
        parts = self.options.only.split(",")
        result = {}
        with pg.Cluster(fsync=True, folder=self.folder) as cluster:
            template = self.make_template(cluster) if "warehouse" in parts else None
            for number in range(self.options.rounds):
                figures = {}
                if "intake" in parts:
                    self.intake(figures, number)
                if "warehouse" in parts:
                    self.warehouse(figures, cluster, template)
                if "curve" in parts:
                    doors.curve(self, tool, figures)
                if "fanout" in parts:
                    doors.fanout(self, tool, figures)
                self.rounds.append(figures)
                say(f"round {number + 1} of {self.options.rounds}: " + ", ".join(
                    f"{name} {figures[name]:.2f}" for name in TARGETS if name in figures))
            if "idle" in parts:
                result["idle"] = self.idle(cluster)
            if "crowd" in parts:
                result["crowd"] = doors.crowd(self, self.options.idle_s)
            if "attack" in parts:
                result["attack"] = doors.attack(self, tool, say)
            if "intake" in parts:
                result["schema"] = self.schema()
        middle = {name: statistics.median(figures[name] for figures in self.rounds)
                  for name in self.rounds[0]}
        ratios = {name: round(middle.pop(name), 3) for name in TARGETS if name in middle}
        sizes = [b - a for a, b in zip([0, *self.ends], self.ends)]
        return {**ratios, "figures": {name: round(value, 1) for name, value in middle.items()},
                **result, "rounds": [{name: round(value, 3) for name, value in figures.items()}
                                     for figures in self.rounds],
                "events": {**self.summary, "warehouse_batches": sizes}, "machine": machine()}


# ---- What it says -----------------------------------------------------------------------------

def say(text):
    print(text, file=sys.stderr, flush=True)


def words_of(*command):
    try:
        return subprocess.run(command, text=True, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, cwd=ROOT).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    libraries = {name: words_of("pkg-config", "--modversion", package) for name, package in (
        ("libzmq", "libzmq"), ("sqlite", "sqlite3"), ("jansson", "jansson"),
        ("libsodium", "libsodium"))}
    return {"cpu": model[1] if model else platform.machine(), "cpus": os.cpu_count(),
            "load": os.getloadavg()[0], "kernel": platform.release(),
            "jejaring": words_of(str(BUILD / "jejaringd"), "--version"),
            "commit": words_of("git", "describe", "--always", "--dirty"),
            "postgresql": words_of("psql", "--version"), **libraries}


# What is shown: ours, its figure, the bare counterpart, its figure, the ratio (or the limit of
# ours), the unit.
ROWS = (
    ("published to committed rows", "stored_per_s", "psql \\copy + same SQL", "limit_per_s",
     "limit_ratio", "events/s"),
    ("durable acknowledged intake", "intake_per_s", "jansson parse loop", "parse_per_s",
     "parse_ratio", "events/s"),
    ("publish to ack, p50", "ack_p50_us", "fdatasync + round trip", "both_p50_us",
     "ack_p50_ratio", "us"),
    ("publish to ack, p99", "ack_p99_us", "fdatasync + round trip", "both_p99_us",
     "ack_p99_ratio", "us"),
    ("intake over CURVE", "curve_intake_per_s", "the same without", "plain_intake_per_s",
     "curve_ratio", "events/s"),
    ("publish to delivered, p50", "delivered_p50_us", "fdatasync", "fdatasync_p50_us", 5000, "us"),
    ("publish to delivered, p99", "delivered_p99_us", "fdatasync", "fdatasync_p99_us", 25000,
     "us"),
)


def target_of(ratio):
    if not isinstance(ratio, str):
        return f"at most {ratio:,}"
    return "%s %g" % TARGETS[ratio] if TARGETS[ratio] else "-"


def print_table(result, options):
    figures, events = result["figures"], result["events"]
    print(f"\n{events['count']:,} events of {events['mean_bytes']:.0f} bytes, seed "
          f"{events['seed']}, {events['share_with_nik_and_contact']:.0%} with NIK and contact; "
          f"median of {options.rounds} round{'s'[:options.rounds > 1]}\n")
    print(f"{'jejaring':40}   {'bare, on this machine':35}   ratio   target")
    for ours, name, bare, bare_name, ratio, unit in ROWS:
        if name in figures:
            shown = result.get(ratio, figures[name] / figures[bare_name])
            print(f"{ours:28}{figures[name]:12,.0f}   {bare:23}{figures[bare_name]:12,.0f}   "
                  f"{shown:5.2f}   {target_of(ratio):17} {unit}")
    if result.get("schema"):
        schema = result["schema"]
        print(f"{'validate alumni.graduated':28}{schema['validate_ns']:12,.0f}   "
              f"{'jansson parse':23}{schema['parse_ns']:12,.0f}   {schema['ratio']:5.2f}   "
              f"{'at most 0.33':17} ns")
    if "fanout_lag_ms" in figures:
        print(f"\nfan-out to {doors.SUBSCRIBERS} subscribers of different rights at "
              f"{figures['fanout_published_per_s']:,.0f} events/s (asked for: "
              f"{doors.FANOUT_PER_S:,}): {figures['fanout_delivered_per_s']:,.0f} delivered/s, "
              f"the last one {figures['fanout_lag_ms']:.0f} ms behind (at most 1,000), hub "
              f"{figures['fanout_hub_cpu_percent']:.0f} % CPU")
    if "crowd" in result:
        crowd = result["crowd"]
        print(f"{crowd['agencies']} connected agencies, idle: hub {crowd['hub_rss_mib']:.1f} MiB "
              f"(at most 100), {crowd['hub_cpu_percent']:.2f} % CPU (at most 3)")
    for name, told in result.get("attack", {}).items():
        limit = 5 if name in doors.CROWDS else 2
        print(f"attack {name:10} ack p99 {told['quiet_p99_us']:8,.0f} us, meanwhile "
              f"{told['p99_us']:8,.0f} us: {told['p99_ratio']:5.2f} (at most {limit}); hub memory "
              f"{told['memory_percent']:+5.1f} % (at most 10)")
    if "idle" in result:
        idle = result["idle"]
        print(f"\nidle with {len(idle['plugins'])} plugins, {idle['processes']} processes: "
              f"{idle['rss_mib']:.1f} MiB resident ({idle['pss_mib']:.1f} MiB, shared pages "
              f"counted once; at most 60), {idle['cpu_percent']:.2f} % CPU (at most 1)")


def carry_out(name, work, show):
    """Does the work in a folder that is gone afterwards, shows what came of it, and writes it down."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended all the same
    folder = work_folder()
    folder.chmod(0o755)
    try:
        result = work(folder)
    except (RuntimeError, subprocess.CalledProcessError) as error:
        say(f"{name}: {error}")
        sys.exit(1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    show(result)
    path = BUILD / f"{name}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(f"\nwritten: {os.path.relpath(path)}")


def main():
    options = arguments()
    carry_out("bench", lambda folder: Bench(options, folder).run(), lambda result: print_table(result, options))


if __name__ == "__main__":
    main()
