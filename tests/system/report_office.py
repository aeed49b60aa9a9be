"""An office with a warehouse and a configuration, for tests of `jejaringctl report ...`.

    office = Office(folder, cluster.database())
    office.load([event("alumni.graduated", person, {...}), ...])
    rows = office.rows("report", "tracer", "--due")     # JSON
    text = office.run("report", "tracer")               # what an official sees

Events are staged and ingested by the same SQL that the warehouse plugin calls; that the plugin calls
it is tested elsewhere.
"""

import json
import os
import subprocess

import psycopg2.extras

import pg
import warehouse_events

BUILD = pg.ROOT / os.environ.get("B", "build")


def key(kind, code):
    return warehouse_events.entity(kind, str(code))


def event(type_, subject, data, region="33.75", source="/test", ms=0):
    """An event that happened at noon of the day in its data, ms later. Told once, with one id."""
    day = (warehouse_events.datetime.date.fromisoformat(data["date"]) - warehouse_events.EPOCH).days
    time_ms = day * 86400000 + 43200000 + ms
    id = f"{type_}:{subject}:{json.dumps(data, sort_keys=True)}"
    return {"id": id, "source": source, "type": type_, "subject": subject, "region": region,
            "time": warehouse_events.rfc3339(time_ms), "recordedtime": warehouse_events.rfc3339(time_ms),
            "key": warehouse_events.key_of(time_ms, source, id), "data": data}


def graduated(n, date="2024-01-31", region="33.75", **data):
    year = int(date[:4])
    return event("alumni.graduated", key("person", n), {
        "date": date, "program": "PBK", "vocation": "las-smaw-3g", "batch": "I", "year": year,
        "funding": "apbd", **data}, region=region)


class Office:
    def __init__(self, folder, database, migrated=False, **config):
        self.folder, self.database = folder, database
        self.config = folder / "jejaringd.yaml"
        conninfo = database.conninfo if database else "host=/nowhere"
        self.config.write_text(json.dumps({
            "node": "uji", "region": "33.75", "state": f"{folder}/state", "run": f"{folder}/r",
            "schemas": f"{pg.ROOT}/schemas",
            "plugins": {"warehouse": {"audiences": ["node"], "options": {"conninfo": conninfo}}},
            **config}))
        if database and not migrated:
            self.run("warehouse", "migrate")

    def load(self, events):
        with self.database.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET search_path = jejaring, pg_catalog; SELECT open_stage()")
            psycopg2.extras.execute_values(
                cursor,
                "INSERT INTO stage (event_key, type, source, id, time, recordedtime, region, subject, cause, data)"
                " VALUES %s",
                [(e["key"], e["type"], e["source"], e["id"], e["time"], e["recordedtime"], e["region"],
                  e["subject"], e.get("cause"), json.dumps(e["data"])) for e in events],
                template="(%s::uuid, %s, %s, %s, %s, %s, %s, %s::uuid, %s, %s)")
            cursor.execute("SELECT jejaring.ingest()")
        connection.close()

    def run(self, *words, code=0, text=True, **env):
        """stdout; stderr if another exit code than 0 is expected."""
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("PG") and name != "COLUMNS"}
        environment.update(env)
        done = subprocess.run([BUILD / "jejaringctl", *words, "-c", self.config], text=text,
                              env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done.stderr if code else done.stdout

    def rows(self, *words):
        return json.loads(self.run(*words, "--json"))
