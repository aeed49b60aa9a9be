"""`make bench-scale`: whether a warehouse stays fast while it grows.

`jejaringctl sim` fills the journal of a node, then the warehouse worker stores it all, alone. What is
compared is the end of that with the end of small warehouses, each a database of its own with the same
years in it: the same kinds of events about persons of whom as much is known, so that the size alone makes
the difference. (The beginning of the large one is no measure: its first events are of one month, hardly
anything but graduations and certificates. Its rates are shown by tenths.) Then reports are asked for.
PostgreSQL is a private one with the settings that schemas/warehouse/OPERATIONS.md asks for, or PGHOST's.
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import pg
from bench import carry_out, machine, say
from node import BUILD, Node, make_person_key
from warehouse import Warehouse

SMALL = 125_000  # events of a small warehouse; its rate is that of the last MEASURED,
MEASURED = 50_000  # the large one's the median of all stretches of that length in its last tenth
SMALL_ONES = 4   # before the large one, and as many behind it; the median of all counts
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
    """Those of OPERATIONS.md, for this machine."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {"shared_buffers": f"{min(pages * size // 4 // 2**20, 8192)}MB", "max_wal_size": "8GB",
            "checkpoint_timeout": "15min", "wal_compression": "lz4"}


def fill(node, events, seed):
    """Publishes everything; returns what the tool said."""
    done = subprocess.run(
        [BUILD / "jejaringctl", "--endpoint", node.endpoint, "-c", node.folder / "jejaringd.yaml", "--json",
         "--timeout", "600s", "sim", "--events", str(events), "--seed", str(seed),
         "--person-key", node.config["person_key"]],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"sim: {done.stderr}\n{node.words()}")
    return json.loads(done.stdout)


def store(node, warehouse, count):
    """Until everything is stored. Returns (seconds, cursor) of each batch that was seen."""
    seen, moved = [], time.monotonic()
    while not seen or seen[-1][1] < count:
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


@contextlib.contextmanager
def filled(cluster, folder, options, events, seed):
    """A warehouse of its own that holds so many events: (warehouse, intake, what store() has seen)."""
    plugin = {"audiences": ["node"], "regions": ["*"],
              "options": {"partitioned": "month"} if options.partitioned else {}}
    with Warehouse(cluster.database()) as warehouse:
        node = Node(folder, folder / "person.key", {}, warehouse.database.env)
        node.config["hub"] = {"retention": {"age": "0s", "size": "0"}}
        with node:
            intake = fill(node, events, seed)
            node.stop()
            node.config["plugins"] = {"warehouse": plugin}
            node.start()
            yield warehouse, intake, store(node, warehouse, events)


def small_rates(cluster, folder, options):
    """Events a second at the end of each small warehouse."""
    found = []
    for number in range(SMALL_ONES):
        with filled(cluster, folder, options, SMALL, options.seed + 1 + number) as (_, _, seen):
            found.append(rate(seen, SMALL - MEASURED, SMALL))
    return found


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


def large_figures(cluster, folder, options):
    """The same at the end of the large one, and what is asked of it then."""
    with filled(cluster, folder, options, options.events, options.seed) as (warehouse, intake, seen):
        tenths = [rate(seen, options.events * n // 10, options.events * (n + 1) // 10) for n in range(10)]
        with contextlib.suppress(Exception):
            cluster.execute("CHECKPOINT")
        stored = warehouse.value("SELECT count(*) FROM jejaring.event")
        if stored < options.events * 0.9:  # erasures take some away
            raise RuntimeError(f"{stored} of {options.events} events are in the warehouse")
        last = [rate(seen, low, low + MEASURED) for low in range(options.events * 9 // 10, options.events, MEASURED)]
        figures = {"intake_per_s": intake["events_per_s"], "large_per_s": statistics.median(last), **ask(warehouse)}
        return {**{name: round(value, 3) for name, value in figures.items()}, "rows": stored,
                "tenths_per_s": [round(value) for value in tenths], "sizes": sizes(warehouse)}


def run(options, folder):
    make_person_key(folder / "person.key")
    with pg.Cluster(fsync=True, folder=folder, settings=settings()) as cluster:
        say(f"{SMALL_ONES} warehouses of {SMALL:,} events, one of {options.events:,}, and {SMALL_ONES} small ones more")
        small = small_rates(cluster, folder, options)
        large = large_figures(cluster, folder, options)
        small += small_rates(cluster, folder, options)
        middle = statistics.median(small)
        return {**large, "small_per_s": round(middle), "ratio": round(large["large_per_s"] / middle, 3),
                "all_small_per_s": [round(value) for value in small], "events": options.events, "seed": options.seed,
                "layout": "months" if options.partitioned else "one table",
                "postgresql": settings(), "machine": machine()}


def print_table(result):
    def row(what, value, unit, target=""):
        print(f"{what:48}{value:>12}  {unit:10}{target}")

    print(f"\n{result['events']:,} events, seed {result['seed']}, the log in {result['layout']}\n")
    row("intake at the hub", f"{result['intake_per_s']:,.0f}", "events/s")
    row(f"stored, up to {SMALL:,} events", f"{result['small_per_s']:,.0f}", "events/s",
        " ".join(f"{value:,}" for value in result["all_small_per_s"]))
    row(f"stored, up to {result['events']:,}", f"{result['large_per_s']:,.0f}", "events/s")
    row("large beside small", f"{result['ratio']:.2f}", "", f"at least {TARGETS['ratio']}")
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
