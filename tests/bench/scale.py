"""`make bench-scale`: whether a warehouse stays fast while it grows.

First `jejaringctl sim` fills the journal of a node, then the warehouse worker stores it all, alone: what
is compared is its rate while the warehouse is small and at its end. Then reports are asked for.
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

EARLY = 100_000  # where the rate is measured first, and over how many events
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
            "checkpoint_timeout": "15min", "wal_compression": "on"}


def fill(node, options):
    """Publishes everything; returns what the tool said."""
    done = subprocess.run(
        [BUILD / "jejaringctl", "--endpoint", node.endpoint, "-c", node.folder / "jejaringd.yaml", "--json",
         "--timeout", "600s", "sim", "--events", str(options.events), "--seed", str(options.seed),
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


def rates(seen, count):
    width = min(EARLY, count // 4)
    early = (width // 2, width // 2 + width)
    steps = [rate(seen, count * n // 10, count * (n + 1) // 10) for n in range(10)]
    return {"early_per_s": rate(seen, *early), "late_per_s": rate(seen, count - width, count),
            "all_per_s": count / (seen[-1][0] - seen[0][0]), "tenths_per_s": [round(step) for step in steps]}


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


def run(options, folder):
    key = folder / "person.key"
    make_person_key(key)
    plugin = {"audiences": ["node"], "regions": ["*"],
              "options": {"partitioned": "month"} if options.partitioned else {}}
    with pg.Cluster(fsync=True, folder=folder, settings=settings()) as cluster:
        with Warehouse(cluster.database()) as warehouse:
            node = Node(folder, key, {}, warehouse.database.env)
            node.config["hub"] = {"retention": {"age": "0s", "size": "0"}}
            with node:
                say(f"publishing {options.events:,} events")
                intake = fill(node, options)
                node.stop()
                node.config["plugins"] = {"warehouse": plugin}
                node.start()
                seen = store(node, warehouse, options.events)
                with contextlib.suppress(Exception):
                    cluster.execute("CHECKPOINT")
                figures = {"intake_per_s": intake["events_per_s"], **rates(seen, options.events), **ask(warehouse)}
                stored = warehouse.value("SELECT count(*) FROM jejaring.event")
                figures["rows"] = stored
                figures["ratio"] = figures["late_per_s"] / figures["early_per_s"]
                if stored < options.events * 0.9:  # erasures take some away
                    raise RuntimeError(f"{stored} of {options.events} events are in the warehouse")
                return {**{name: value if isinstance(value, (int, list)) else round(value, 3)
                           for name, value in figures.items()},
                        "events": options.events, "seed": options.seed,
                        "layout": "months" if options.partitioned else "one table", "sizes": sizes(warehouse),
                        "postgresql": settings(), "machine": machine()}


def print_table(result):
    def row(what, value, unit, target=""):
        print(f"{what:48}{value:>12}  {unit:10}{target}")

    print(f"\n{result['events']:,} events, seed {result['seed']}, the log in {result['layout']}\n")
    row("intake at the hub", f"{result['intake_per_s']:,.0f}", "events/s")
    row(f"stored, around {min(EARLY, result['events'] // 4):,} events", f"{result['early_per_s']:,.0f}", "events/s")
    row("stored, at the end", f"{result['late_per_s']:,.0f}", "events/s")
    row("end beside beginning", f"{result['ratio']:.2f}", "", f"at least {TARGETS['ratio']}")
    row("by tenths", "", "", " ".join(f"{step:,}" for step in result["tenths_per_s"]))
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
