"""`make bench-scale`: whether a warehouse stays fast while it grows.

The events of `jejaringctl sim`, in the order of time, fill the journal of a node, and the warehouse worker
stores them. Then the same events are stored in the large warehouse and in a small one, as waiting ones, in as
large batches, so that what the warehouse holds makes the difference. The time is what the worker says that
its batches took. Twice:

- 100,000 events of other seeds, about persons whom neither knows, in the large one and in an empty one. That is
  the rate at 100,000 events, and what is asked for.
- The last events of the stream itself, in the large warehouse and in a small one that holds what happened to
  the same persons before. That is harder: all that the large one looks up lies scattered, what the small one
  looks up lies in the caches of the processor.

(The beginning of the stream is no measure: its first events are of one month, hardly anything but graduations
and certificates.) Then reports are asked for. PostgreSQL is a private one with the settings that
schemas/warehouse/OPERATIONS.md asks for, or PGHOST's.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import pg
from bench import carry_out, machine, say
from node import BUILD, ROOT, Node, make_person_key
from warehouse import Warehouse

NEW = 100_000     # events about persons whom nobody knows
KNOWN = 50_000    # events about persons who are known: a small warehouse holds some 70,000 to 120,000 of them
TIMES = 5         # of each, every time into a small warehouse of its own; the median counts
TARGETS = {"ratio": 0.8, "absorption_ms": 300}
REPORTS = {
    "absorption_ms": "SELECT * FROM jejaring.absorption",
    "absorption_by_four_ms": "SELECT * FROM jejaring.absorption('{region,year,vocation,sex}', '12m')",
    "completeness_ms": "SELECT * FROM jejaring.completeness",
}


def arguments():
    parser = argparse.ArgumentParser(prog="make bench-scale")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--partitioned", action="store_true", help="the log in months")
    return parser.parse_args()


def settings():
    """Those of OPERATIONS.md, for this machine, with huge pages if it has enough of them to spare."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    buffers = min(memory // 4, 8192)
    info = dict(line.split(":") for line in pathlib.Path("/proc/meminfo").read_text().splitlines())
    huge = int(info["HugePages_Free"]) * int(info["Hugepagesize"].split()[0]) // 2**10 if "HugePages_Free" in info else 0
    return {"shared_buffers": f"{buffers}MB", "huge_pages": "on" if huge > 1.1 * buffers else "off",
            "max_wal_size": "32GB", "checkpoint_timeout": "30min", "wal_compression": "lz4"}


class Stream:
    """The events that `sim` makes, as lines, in the order of time."""

    def __init__(self, folder, events, seed):
        self.count = events
        self.base = max(events - TIMES * KNOWN, 0)  # those before the stretches
        config = folder / "sim.yaml"
        config.write_text(json.dumps({"node": "sim", "region": "33", "state": str(folder), "run": str(folder),
                                      "schemas": str(ROOT / "schemas")}))
        self.command = [BUILD / "jejaringctl", "-c", config, "sim", "--print", "--events", str(events),
                        "--seed", str(seed), "--person-key", folder / "person.key"]

    def lines(self):
        with subprocess.Popen(self.command, stdout=subprocess.PIPE) as process:
            yield from process.stdout
        if process.returncode != 0:
            raise RuntimeError("sim has failed")


def subject(line):
    """Whom an event is about: a key, or the NIK that becomes one."""
    for mark, length in ((b'"subject":"', 36), (b'"nik":"', 16)):
        at = line.find(mark)
        if at >= 0:
            return line[at:at + len(mark) + length]
    return None


class Stretch:
    """Events one after the other, and what a small warehouse knows of those that they are about."""

    def __init__(self, events):
        self.events = events
        self.subjects = {subject(line) for line in events}
        self.history = []


def of_known_persons(stream):
    """The last of the stream; fill() sees what happened before."""
    last = collections.deque(stream.lines(), stream.count - stream.base)
    return [Stretch([last.popleft() for _ in range(min(KNOWN, len(last)))]) for _ in range(TIMES)]


def of_new_persons(folder, seed):
    return [Stretch(list(Stream(folder, NEW, seed + 1 + n).lines())) for n in range(TIMES)]


@contextlib.contextmanager
def publishing(node):
    """Something to write lines to, which are all in the journal at the end."""
    with subprocess.Popen(
            [BUILD / "jejaringctl", "--endpoint", node.endpoint, "-c", node.folder / "jejaringd.yaml",
             "--timeout", "600s", "publish"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        yield process.stdin
        process.stdin.close()
    if process.returncode != 0:
        raise RuntimeError(f"publish has failed\n{node.words()}")


def fill(node, stream, parts):
    """Publishes what is before the stretches, and sees what of it they need. Events a second."""
    wanted = collections.defaultdict(list)
    for part in parts:
        for key in part.subjects:
            wanted[key].append(part)
    begun = time.monotonic()
    with publishing(node) as out:
        for number, line in enumerate(stream.lines()):
            if number < stream.base:
                out.write(line)
                for part in wanted.get(subject(line), ()):
                    part.history.append(line)
    for number, part in enumerate(parts):
        for later in parts[number + 1:]:
            later.history += [line for line in part.events if subject(line) in later.subjects]
    return stream.base / (time.monotonic() - begun)


def store(node, warehouse, count):
    """Until everything is stored. Returns (seconds, cursor) of each batch that was seen."""
    seen, moved = [], time.monotonic()
    while count > (seen[-1][1] if seen else 0):
        cursor, now = warehouse.cursor(), time.monotonic()
        if cursor and (not seen or cursor > seen[-1][1]):
            if len(seen) % 200 == 0:
                say(f"  {cursor:,} of {count:,} stored")
            seen.append((now, cursor))
            moved = now
        elif now - moved > 120:
            raise RuntimeError(f"nothing was stored for two minutes\n{node.words()}")
        time.sleep(0.05)
    return seen


def rate(seen, low, high):
    """Events a second between two cursors, as near as they were seen."""
    first = next(point for point in seen if point[1] >= low)
    last = next((point for point in seen if point[1] >= high), seen[-1])
    return (last[1] - first[1]) / (last[0] - first[0])


class Filled:
    """A node and the warehouse that its worker fills, from the beginning."""

    def __init__(self, cluster, folder, options):
        folder.mkdir()
        self.warehouse = Warehouse(cluster.database())
        self.node = Node(folder, folder.parent / "person.key", {}, self.warehouse.database.env)
        self.node.config["hub"] = {"retention": {"age": "0s", "size": "0"}}
        self.node.config["log"] = "debug"
        self.plugin = {"audiences": ["node"], "regions": ["*"],
                       "options": {"partitioned": "month"} if options.partitioned else {}}
        self.count = 0  # of events that are stored

    def __enter__(self):
        self.warehouse.__enter__()
        self.node.__enter__()
        return self

    def __exit__(self, *what):
        self.node.__exit__(*what)
        self.warehouse.__exit__(*what)

    def store(self, count):
        """What has been published; what store() has seen."""
        self.node.stop()
        self.node.config["plugins"] = {"warehouse": self.plugin}
        self.node.start()
        self.warehouse.wait_connected()
        self.count = count
        return store(self.node, self.warehouse, count)

    def worker(self):
        return next(pid for pid in self.node.pids()
                    if b"warehouse" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"))

    def rate(self, events):
        """Of these, which come while the worker is held, so that they are all there when it goes on."""
        worker, before = self.worker(), self.node.log.stat().st_size
        os.kill(worker, signal.SIGSTOP)
        with publishing(self.node) as out:
            out.writelines(events)
        os.kill(worker, signal.SIGCONT)
        self.count += len(events)
        store(self.node, self.warehouse, self.count)
        time.sleep(0.2)  # for the last word of the log
        with open(self.node.log, encoding="utf-8", errors="replace") as log:
            log.seek(before)
            took = [(int(n), int(us)) for n, us in re.findall(r"(\d+) events took (\d+) us: done", log.read())]
        stored = sum(n for n, _ in took)
        if stored < 0.95 * len(events):  # erasures take some away
            raise RuntimeError(f"{stored} of {len(events)} events were stored\n{self.node.words()}")
        return stored / sum(us for _, us in took) * 1e6


def ask(warehouse):
    """Each report: the median of five, in milliseconds."""
    figures = {}
    for name, query in REPORTS.items():
        times = []
        for _ in range(5):
            start = time.monotonic()
            with warehouse.connection.cursor() as cursor:
                cursor.execute(query)
                figures[name.replace("_ms", "_rows")] = len(cursor.fetchall())
            times.append((time.monotonic() - start) * 1000)
        figures[name] = statistics.median(times)
    return figures


def sizes(warehouse):
    with warehouse.connection.cursor() as cursor:
        cursor.execute("""
            SELECT coalesce(parent.relname, c.relname), sum(pg_table_size(c.oid)) / 2^20, sum(pg_indexes_size(c.oid)) / 2^20
            FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
                LEFT JOIN pg_class parent ON parent.oid = i.inhparent
            WHERE c.relkind = 'r' AND c.relnamespace = 'jejaring'::regnamespace
            GROUP BY 1 ORDER BY 2 DESC LIMIT 6""")
        return {name: {"table_mib": round(table), "indexes_mib": round(indexes)} for name, table, indexes in cursor}


def compare(cluster, folder, options, large, parts):
    """Each stretch stored in a small warehouse and in the large one: (small, large) events a second. The small
    ones are dropped at the end: that makes a checkpoint, after which the large one would be slow for a while."""
    rates = []
    with contextlib.ExitStack() as later:
        for part in parts:
            small = later.enter_context(Filled(cluster, folder / f"small{large.count}", options))
            with publishing(small.node) as out:
                out.writelines(part.history)
            small.store(len(part.history))
            rates.append((small.rate(part.events), large.rate(part.events)))
            small.node.stop()
            say(f"  {rates[-1][0]:,.0f} events/s beside {len(part.history):,} events, "
                f"{rates[-1][1]:,.0f} beside {large.count - len(part.events):,}")
    return rates


def figures_of(prefix, rates):
    """Medians, and each ratio."""
    ratios = [large / small for small, large in rates]
    return {prefix + "small_per_s": round(statistics.median(small for small, _ in rates)),
            prefix + "large_per_s": round(statistics.median(large for _, large in rates)),
            prefix + "ratio": round(statistics.median(ratios), 3),
            prefix + "ratios": [round(ratio, 2) for ratio in ratios]}


def run(options, folder):
    make_person_key(folder / "person.key")
    stream, server = Stream(folder, options.events, options.seed), settings()
    with pg.Cluster(fsync=True, folder=folder, settings=server) as cluster, \
            Filled(cluster, folder / "large", options) as large:
        known, new = of_known_persons(stream), of_new_persons(folder, options.seed)
        intake = fill(large.node, stream, known)
        seen = large.store(stream.base)
        tenths = [rate(seen, stream.base * n // 10, stream.base * (n + 1) // 10) for n in range(10)]
        rates = {prefix: compare(cluster, folder, options, large, parts) for prefix, parts in (("known_", known), ("", new))}
        with contextlib.suppress(Exception):
            cluster.execute("CHECKPOINT")
        stored = large.warehouse.value("SELECT count(*) FROM jejaring.event")
        if stored < large.count * 0.9:  # erasures take some away
            raise RuntimeError(f"{stored} of {large.count} events are in the warehouse")
        figures = {"intake_per_s": intake, **ask(large.warehouse)}
        return {**{name: round(value, 3) for name, value in figures.items()}, "rows": stored,
                **figures_of("", rates[""]), **figures_of("known_", rates["known_"]),
                "tenths_per_s": [round(value) for value in tenths],
                "known_small_events": round(statistics.median(len(part.history) for part in known)),
                "sizes": sizes(large.warehouse), "events": options.events, "seed": options.seed,
                "layout": "months" if options.partitioned else "one table",
                "postgresql": server, "machine": machine()}


def print_table(result):
    def row(what, value, unit, target=""):
        print(f"{what:48}{value:>12}  {unit:10}{target}")

    print(f"\n{result['events']:,} events, seed {result['seed']}, the log in {result['layout']}; PostgreSQL: "
          + ", ".join(f"{name} {value}" for name, value in result["postgresql"].items()) + "\n")
    row("intake at the hub", f"{result['intake_per_s']:,.0f}", "events/s")
    row(f"{NEW:,} events into an empty warehouse", f"{result['small_per_s']:,}", "events/s")
    row(f"the same into that of {result['events']:,}", f"{result['large_per_s']:,}", "events/s")
    row("large beside empty", f"{result['ratio']:.2f}", "", f"at least {TARGETS['ratio']}: "
        + " ".join(str(ratio) for ratio in result["ratios"]))
    row(f"of known persons, beside {result['known_small_events']:,} events", f"{result['known_small_per_s']:,}", "events/s")
    row(f"the same beside {result['events']:,}", f"{result['known_large_per_s']:,}", "events/s")
    row("large beside small", f"{result['known_ratio']:.2f}", "", " ".join(str(ratio) for ratio in result["known_ratios"]))
    row("large, by tenths", "", "", " ".join(f"{step:,}" for step in result["tenths_per_s"]))
    row("absorption by region and year", f"{result['absorption_ms']:.1f}", "ms",
        f"at most {TARGETS['absorption_ms']} ({result['absorption_rows']:,} rows)")
    row("absorption by four dimensions, after 12 months", f"{result['absorption_by_four_ms']:.1f}", "ms",
        f"({result['absorption_by_four_rows']:,} rows)")
    row("completeness", f"{result['completeness_ms']:.1f}", "ms", f"({result['completeness_rows']:,} rows)")
    for name, size in result["sizes"].items():
        row(f"  jejaring.{name}", f"{size['table_mib']:,}", "MiB", f"and {size['indexes_mib']:,} of indexes")


def main():
    options = arguments()
    carry_out("bench-scale", lambda folder: run(options, folder), print_table)


if __name__ == "__main__":
    main()
