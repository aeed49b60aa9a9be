"""The warehouse's part of the benchmark: waiting for rows, and what psql makes of the same rows."""

import os
import subprocess
import time

COLUMNS = ("event_key, type, source, id, time, recordedtime, region, subject, recipient, cause, "
           "data, extra")

# As the plugin does (plugins/warehouse: load.c, store.c).
SESSION = """\\set ON_ERROR_STOP on
SET temp_buffers = '32MB';
SELECT jejaring.open_stage();
SELECT extract(epoch FROM clock_timestamp());
"""
BATCH = """BEGIN;
SELECT cursor FROM jejaring.consumer_cursor WHERE node = 'psql' FOR UPDATE;
\\copy pg_temp.stage ({columns}) FROM '{file}'
SELECT jejaring.ingest();
UPDATE jejaring.consumer_cursor SET cursor = {cursor}, moved_at = now() WHERE node = 'psql';
COMMIT;
"""


def wait_until(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds} s for {what}")
        time.sleep(0.01)


class Warehouse:
    """A database that the plugin fills, watched from outside."""

    def __init__(self, database):
        self.database = database
        self.connection = database.connect()
        self.connection.autocommit = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.database.drop()

    def value(self, sql):
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            row = cursor.fetchone()
            return row[0] if row else None

    def wait_connected(self):
        wait_until(lambda: self.value(
            "SELECT true FROM pg_stat_activity WHERE application_name = 'jejaring warehouse' "
            "AND datname = current_database() AND state = 'idle'"), "the warehouse worker")

    def cursor(self):
        return self.value("SELECT cursor FROM jejaring.consumer_cursor WHERE node = 'bench'") or 0

    def wait_stored(self, count, seconds=180):
        """Until so many events are committed. Returns the cursors that were seen on the way: the
        ends of the batches."""
        seen = []

        def stored():
            at = self.cursor()
            if at and (not seen or at > seen[-1]):
                seen.append(at)
            return at >= count

        wait_until(stored, f"{count} events in the warehouse", seconds)
        rows = self.value("SELECT count(*) FROM jejaring.event")
        if rows != count:
            raise RuntimeError(f"{rows} events in the warehouse, {count} were published")
        return seen

    def save_rows(self, folder, events):
        """The rows of jejaring.event as COPY text, in the order in which they were published. One
        file; returns its lines."""
        lines = {}
        path = folder / "rows"
        with open(path, "wb") as out, self.connection.cursor() as cursor:
            cursor.copy_expert(f"COPY (SELECT {COLUMNS} FROM jejaring.event) TO STDOUT", out)
        with open(path, "rb") as rows:
            for line in rows:
                lines[line.split(b"\t", 4)[3]] = line
        path.unlink()
        with open(events, "rb") as file:
            return [lines[event.split(b'"id":"', 1)[1].split(b'"', 1)[0]] for event in file]


def write_script(folder, rows, ends):
    """A psql script that stores the rows in batches with these ends. Returns its path."""
    script = [SESSION, "INSERT INTO jejaring.consumer_cursor VALUES ('psql', 'psql', 0);\n"]
    start = 0
    for number, end in enumerate(ends):
        file = folder / f"batch{number}"
        file.write_bytes(b"".join(rows[start:end]))
        script.append(BATCH.format(columns=COLUMNS, file=file, cursor=end))
        start = end
    script.append("SELECT extract(epoch FROM clock_timestamp());\n")
    path = folder / "limit.sql"
    path.write_text("".join(script))
    return path


def run_limit(database, script, count):
    """Seconds that psql needs for the script, in one session."""
    done = subprocess.run(["psql", "-XAtq", "-f", script], text=True, check=False,
                          env=dict(os.environ, **database.env), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise RuntimeError(f"psql: {done.stderr}")
    stamps = [float(line) for line in done.stdout.splitlines() if "." in line]
    stored = int(database.psql("SELECT count(*) FROM jejaring.event"))
    if stored != count:
        raise RuntimeError(f"psql stored {stored} of {count} rows")
    return stamps[-1] - stamps[0]

