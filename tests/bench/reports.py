#!/usr/bin/python3
"""How long the reports take over a large warehouse: 1,000,000 alumni with 5,000,000 events unless told
otherwise, made by SQL and projected by the warehouse's own code.

    /usr/bin/python3 tests/bench/reports.py [PERSONS]

In a private PostgreSQL with 1 GB of shared buffers. Takes some ten minutes and 6 GB of disk; not part of
`make bench`. Prints one line a report: the least of three runs in milliseconds, the least processor time of
all processes of the server that took part, and how many rows it has."""

import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))
import pg  # noqa: E402

# `lot` is what fate has in store for a person, so that a loan is of whoever has a business.
PERSONS = """
CREATE TEMPORARY TABLE person AS
SELECT md5(n::text || '-person')::uuid AS person, code AS region, random() AS lot,
    2015 + (random() * 7)::integer AS year
FROM generate_series(1, %(persons)s) n
    JOIN (SELECT code, row_number() OVER (ORDER BY code) - 1 AS r FROM jejaring.region
          WHERE level <> 'province') g ON g.r = n %% 514;
ALTER TABLE person ADD COLUMN day date;
UPDATE person SET day = make_date(year, 3 + (random() * 9)::integer, 1) + (random() * 25)::integer;
"""
VACANCY = "md5((random() * {vacancies})::integer::text)::uuid"
BUSINESS = "'business', md5(person::text)::uuid"
SCHEME = "'scheme', (ARRAY['kur_super_mikro', 'kur_mikro', 'kur_kecil'])[1 + (lot * 66)::integer]"

# Events of persons: who has it, its type, days after graduation, its data.
EVENTS = [
    ("true", "alumni.graduated", "0", """jsonb_build_object('program', 'PBK', 'vocation',
        (ARRAY['menjahit', 'las-smaw-3g', 'tata-boga', 'servis-ac', 'desain-grafis', 'tata-rias'])[1 + (random() * 5)::integer],
        'batch', (ARRAY['I', 'II', 'III'])[1 + (random() * 2)::integer], 'year', year,
        'funding', (ARRAY['apbn', 'apbd'])[1 + (random())::integer], 'sex', (ARRAY['female', 'male'])[1 + random()::integer],
        'extras', CASE WHEN random() < 0.3 THEN '["digital_marketing"]'::jsonb ELSE '[]' END)
        || CASE WHEN lot > 0.97 THEN '{"disability": {"category": "sensory", "needs": ["sign_language"]}}'::jsonb ELSE '{}' END"""),
    ("random() < 0.03", "alumni.graduated", "400", """jsonb_build_object('program', 'PBK', 'vocation', 'barista', 'batch', 'I',
        'year', year + 1, 'funding', 'apbd', 'sex', 'female', 'extras', '[]'::jsonb)"""),
    ("random() < 0.80", "alumni.certified", "random() * 30", """jsonb_build_object('scheme', 'Klaster', 'result',
        (ARRAY['competent', 'competent', 'not_yet'])[1 + (random() * 2)::integer])"""),
    ("random() < 0.50", "placement.proposed", "10 + random() * 300",
     f"jsonb_build_object('vacancy', {VACANCY}, 'rank', 1, 'reasons', '[\"competent\"]'::jsonb)"),
    ("random() < 0.35", "placement.started", "20 + random() * 500", f"""jsonb_build_object('employer', 'PT ' || (random() * 9000)::integer,
        'kind', CASE WHEN random() < 0.1 THEN 'internship' ELSE 'employment' END)
        || CASE WHEN random() < 0.5 THEN jsonb_build_object('vacancy', {VACANCY}) ELSE '{{}}' END"""),
    ("random() < 0.12", "placement.ended", "520 + random() * 500", """jsonb_build_object('reason', 'finished')"""),
    ("lot < 0.12", "business.registered", "30 + random() * 700", f"""jsonb_build_object({BUSINESS}, 'name', 'Usaha ' || (random() * 90000)::integer,
        'kbli', '10710', 'kbli_version', 2020, 'product', 'roti', 'vocation', 'tata-boga', 'needs_capital', random() < 0.5,
        'amount_needed', 5000000, 'needs_marketing', random() < 0.5)"""),
    ("random() < 0.75", "outcome.reported", "160 + random() * 60", """jsonb_build_object('status',
        (ARRAY['employed', 'self_employed', 'unemployed', 'studying'])[1 + (random() * 3)::integer],
        'employment_status', 'employee')"""),
    ("random() < 0.60", "outcome.reported", "340 + random() * 60", """jsonb_build_object('status',
        (ARRAY['employed', 'self_employed', 'unemployed', 'not_seeking'])[1 + (random() * 3)::integer])"""),
    ("random() < 0.25", "application.submitted", "10 + random() * 300", f"jsonb_build_object('vacancy', {VACANCY})"),
    ("random() < 0.11", "mentoring.provided", "30 + random() * 300", """jsonb_build_object('topic', 'capital', 'hours', 2)"""),
    ("lot < 0.12", "consent.granted", "5", """jsonb_build_object('audiences', CASE WHEN lot < 0.04
        THEN '["capital", "opd"]'::jsonb ELSE '["industry", "public"]' END)"""),
    ("lot < 0.03", "loan.referred", "800 + random() * 30", f"""jsonb_build_object({BUSINESS}, {SCHEME},
        'amount', 5000000, 'reasons', '["amount"]'::jsonb)"""),
    ("lot < 0.02", "loan.applied", "840 + random() * 30", f"jsonb_build_object({BUSINESS}, {SCHEME}, 'amount', 5000000)"),
    ("lot < 0.018", "loan.decided", "880 + random() * 30", f"""jsonb_build_object({BUSINESS}, {SCHEME}, 'amount', 5000000,
        'decision', CASE WHEN lot < 0.012 THEN 'approved' ELSE 'refused' END, 'reason', 'alasan ' || (random() * 9)::integer)"""),
    ("lot < 0.012", "loan.disbursed", "920 + random() * 30", f"jsonb_build_object({BUSINESS}, {SCHEME}, 'amount', 5000000)"),
    ("lot < 0.012", "loan.repaid", "980 + random() * 300", f"jsonb_build_object({BUSINESS}, {SCHEME}, 'amount', 500000)"),
    ("lot > 0.98", "accommodation.assessed", "10 + random() * 60", """'{"category": "sensory", "needs": ["sign_language"]}'::jsonb"""),
    ("lot > 0.99", "accommodation.provided", "90 + random() * 60", """'{"category": "sensory", "needs": ["sign_language"]}'::jsonb"""),
    ("lot > 0.98", "referral.made", "3", """'{"to": "uld", "purpose": "assessment"}'::jsonb"""),
]
# Events of other things, of which there is one for so many persons: the subject's kind, its type, data.
ENTITIES = [
    (20, "", "vacancy.opened", """jsonb_build_object('employer', 'PT ' || n, 'title', 'Penjahit', 'headcount', 4,
        'valid_until', day + 90, 'kind', 'employment', 'vocations', '["menjahit"]'::jsonb, 'wage', '{"min": 2000000, "max": 3000000}'::jsonb)"""),
    (60, "", "vacancy.closed", """jsonb_build_object('reason', (ARRAY['filled', 'withdrawn'])[1 + random()::integer])"""),
    (100, "order", "order.placed", """jsonb_build_object('opd', 'Dinas ' || n % 40, 'service', 'servis-ac', 'description', 'AC', 'value', 4000000)"""),
    (150, "order", "order.completed", """jsonb_build_object('value', 3500000, 'person', md5(n::text || '-person')::uuid)"""),
    (50, "employer", "quota.reported", """jsonb_build_object('employer_name', 'PT ' || n, 'headcount', 200, 'disabled_headcount', n % 4,
        'ownership', 'private')"""),
    (100, "employer", "quota.shortfall", """jsonb_build_object('employer_name', 'PT ' || n, 'required', 2, 'employed', 1, 'shortfall', 1,
        'ownership', 'private')"""),
]
# Most is recorded within days, some of it after months.
INSERT = """
INSERT INTO log
SELECT subject, (lpad(to_hex((extract(epoch FROM on_day) * 1000)::bigint), 12, '0') || substr(md5(subject::text || '{number}'), 1, 20))::uuid,
    '{type}', 'bench', '{number}-' || subject, on_day,
    on_day + interval '1 day' * CASE WHEN random() < 0.15 THEN random() * 200 ELSE random() * 10 END,
    region, data || jsonb_build_object('date', on_day::date)
FROM ({events}) e
"""
OF_PERSONS = """SELECT person AS subject, region, day + ({after})::integer + time '00:00' AS on_day, {data} AS data
    FROM person WHERE {who}"""
OF_ENTITIES = """SELECT md5(n::text || '{kind}')::uuid AS subject, code AS region, day + time '00:00' AS on_day, {data} AS data
    FROM (SELECT n, code, make_date(2015, 6, 1) + n * 7 % 3650 + {number} AS day
          FROM generate_series(1, {count}) n JOIN (SELECT code, row_number() OVER (ORDER BY code) - 1 AS r
              FROM jejaring.region WHERE level <> 'province') g ON g.r = n % 514) AS entity"""
STORE = """
INSERT INTO jejaring.event (subject, event_key, type, source, id, time, recordedtime, region, data)
SELECT * FROM log ORDER BY 1, 2
"""

REPORTS = [
    ("absorption by region and year", "absorption()"),
    ("absorption by vocation and funding", "absorption('{vocation,funding}')"),
    ("absorption by region, year and vocation", "absorption('{region,year,vocation}')"),
    ("absorption by six dimensions", "absorption('{region,year,vocation,batch,funding,sex}')"),
    ("absorption of one region", "absorption('{year,sex}', cell => '{\"region\": \"33.75\"}')"),
    ("absorption after 12 months", "absorption('{region,year}', '12m')"),
    ("absorption as of 2021-03-31", "absorption('{region,year}', 'now', '2021-03-31')"),
    ("absorption as of and known at 2021-03-31", "absorption('{region,year}', 'now', '2021-03-31', '2021-03-31')"),
    ("absorption as of and known at 2024-03-31", "absorption('{region,year}', 'now', '2024-03-31', '2024-03-31')"),
    ("absorption today, known at 2024-03-31", "absorption('{region,year}', 'now', NULL, '2024-03-31')"),
    ("absorption today, known at 2020-03-31", "absorption('{region,year}', 'now', NULL, '2020-03-31')"),
    ("list of one cell", """absorption_list('working', '{"region": "33.75", "year": 2020}')"""),
    ("missing regions", "absorption_missing('*')"),
    ("funnel by region and year", "funnel()"),
    ("funnel as of 2021-03-31", "funnel('{region,year}', '2021-03-31')"),
    ("time to work by region and year", "time_to_work()"),
    ("time to work by province and year", "time_to_work('{province,year}')"),
    ("time to work as of 2021-03-31", "time_to_work('{region,year}', '2021-03-31')"),
    ("time to work by region, year and vocation", "time_to_work('{region,year,vocation}')"),
    ("absorption by region, year, vocation, known at 2024-03-31", "absorption('{region,year,vocation}', 'now', NULL, '2024-03-31')"),
    ("absorption by region, year and disability", "absorption_by_disability('{region,year,disability}')"),
    ("funnel by region, year and disability", "funnel_by_disability('{region,year,disability}')"),
    ("time to work by region and disability", "time_to_work_by_disability('{region,disability}')"),
    ("funding by year", "funding()"),
    ("funding by region and year, 12 months", "funding('{region,year}', '12m')"),
    ("tracer", "report_tracer(NULL, NULL, NULL)"),
    ("vacancies", "report_vacancies(false, false, NULL, NULL, NULL)"),
    ("directory", "report_directory('opd', NULL, NULL, NULL)"),
    ("orders", "report_orders(NULL, NULL, NULL, 40)"),
    ("capital", "report_capital(NULL, NULL, NULL, NULL)"),
    ("candidates", "report_candidates(NULL, NULL)"),
    ("inclusion", "report_inclusion(NULL, NULL)"),
    ("completeness of a province", "report_completeness('33', NULL, 10, 1, NULL)"),
    ("completeness of all regencies", "report_completeness(NULL, NULL, 10, 1, NULL)"),
]


def load(cursor, persons):
    cursor.execute("SET search_path = jejaring, pg_catalog; SET work_mem = '256MB'; "
                   "SET maintenance_work_mem = '512MB'; SELECT setseed(0.42)")
    cursor.execute(PERSONS, {"persons": persons})
    cursor.execute("CREATE TEMPORARY TABLE log (subject uuid, event_key uuid, type text, source text, id text, "
                   "time timestamptz, recordedtime timestamptz, region text, data jsonb)")
    for number, (who, type, after, data) in enumerate(EVENTS):
        events = OF_PERSONS.format(who=who, after=after, data=data.replace("{vacancies}", str(persons // 20)))
        cursor.execute(INSERT.format(number=number, type=type, events=events))
    for number, (every, kind, type, data) in enumerate(ENTITIES, start=len(EVENTS)):
        events = OF_ENTITIES.format(kind=kind, count=persons // every, number=number, data=data)
        cursor.execute(INSERT.format(number=number, type=type, events=events))
    cursor.execute(STORE)
    print(f"{cursor.rowcount} events", flush=True)
    cursor.execute("DROP TABLE log; DROP TABLE person; TRUNCATE " +
                   ", ".join(f"jejaring.{name}" for name in projections(cursor)))
    begun = time.monotonic()
    cursor.execute("SELECT jejaring.replay()")
    print(f"projected in {time.monotonic() - begun:.0f} s", flush=True)


def projections(cursor):
    cursor.execute("SELECT unnest(jejaring.projections())")
    return [name for name, in cursor]


def processor_time(*pids):
    """Seconds: of each process and of its children that are gone."""
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(fields[n]) for n in (11, 12, 13, 14))
    return total / os.sysconf("SC_CLK_TCK")


def measure(cursor, server):
    pids = (server, cursor.connection.get_backend_pid())
    for words, report in REPORTS:
        taken, worked = [], []
        for _ in range(3):
            begun, before = time.monotonic(), processor_time(*pids)
            cursor.execute(f"SELECT * FROM jejaring.{report}")
            rows = len(cursor.fetchall())
            taken.append((time.monotonic() - begun) * 1000)
            time.sleep(0.05)  # until the server has seen its workers end
            worked.append(processor_time(*pids) - before)
        print(f"{min(taken):8.0f} ms  {min(worked):6.2f} s  {rows:6} rows  {words}", flush=True)


def main():
    persons = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
    build = pathlib.Path(os.environ.get("B", ROOT / "build"))
    config = build / "reports.yaml"
    config.write_text(f'node: bench\nregion: "33"\nstate: {build}\nrun: {build}\nschemas: {ROOT}/schemas\n')
    with pg.Cluster(settings={"shared_buffers": "1GB", "max_wal_size": "8GB"}) as cluster:
        database = cluster.database()
        subprocess.run([build / "jejaringctl", "-c", config, "warehouse", "migrate"], check=True,
                       env={**os.environ, **database.env})
        connection = database.connect()
        connection.autocommit = True
        with connection.cursor() as cursor:
            load(cursor, persons)
            cursor.execute("VACUUM (FREEZE, ANALYZE)")
            measure(cursor, cluster.postmaster())
        connection.close()


if __name__ == "__main__":
    main()
