"""The reports that are lists and sums: what each counts, and how every format shows it."""

import csv
import datetime
import io
import json
import os
import pty
import subprocess
import zipfile

import pytest

import pg
from report_office import BUILD, Office, event, graduated, key

TODAY = None  # in Jakarta, when the test begins


@pytest.fixture(autouse=True)
def today():
    """Not when the file is read: minutes lie between, and at times a midnight."""
    global TODAY
    TODAY = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=7)).date()


def ago(days):
    return str(TODAY - datetime.timedelta(days=days))


@pytest.fixture
def office(cluster, empty, tmp_path):
    return Office(tmp_path, cluster.database(empty.database), migrated=True)


@pytest.fixture(scope="module")
def empty(cluster, tmp_path_factory):
    return Office(tmp_path_factory.mktemp("empty"), cluster.database())


REPORTS = ["tracer", "vacancies", "directory", "orders", "capital", "candidates"]


# ---- Every report

@pytest.mark.parametrize("name", REPORTS)
def test_no_data_is_said_in_a_line_and_is_no_failure(empty, name):
    assert empty.run("report", name).startswith("Tidak ada ")
    assert empty.rows("report", name) == []
    assert len(empty.run("report", name, "--format", "csv").splitlines()) == 1


@pytest.mark.parametrize("name", REPORTS)
def test_a_database_that_is_not_there(tmp_path, name):
    assert "/nowhere" in Office(tmp_path, None).run("report", name, code=1)


@pytest.mark.parametrize("words, said", [
    (["tracer", "--wave", "6"], "did you mean 6m?"), (["tracer", "--as-of", "31/01/2026"], "not a date"),
    (["vacancies", "--region", "3375"], "written 33.75"), (["vacancies", "--from", "2026-02-30"], "not a date"),
    (["orders", "--year", "now"], "whole number"), (["capital", "--scheme", "kur_mikr"], "did you mean kur_mikro?"),
    (["vacancies", "--opne"], "did you mean --open?"), (["orders", "--format", "xls"], "did you mean xlsx?"),
    (["directory", "--audience", "bank"], "unknown word"), (["candidates", "surplus"], "too many")])
def test_wrong_words_are_explained(empty, words, said):
    assert said in empty.run("report", *words, code=2)


def nasty_vacancy(number=1, **data):
    vacancy = key("vacancy", number)
    return event("vacancy.opened", vacancy, {
        "date": ago(20), "vacancy": vacancy, "employer": "=1+1", "title": "Juru \x1b[31mlas; \"3G\"\n√",
        "headcount": 1200, "kind": "employment", "wage": {"min": 2500000}, "requirements": "-\tusia 18",
        "location": "0285", **data})


def test_csv_is_made_for_an_indonesian_excel(office):
    office.load([nasty_vacancy()])
    text = office.run("report", "vacancies", "--format", "csv", text=False).decode()
    assert text.startswith("\ufeffKode wilayah;") and text.endswith("\r\n")
    row, = csv.DictReader(io.StringIO(text[1:]), delimiter=";")
    assert row["Pemberi kerja"] == "'=1+1" and row["Persyaratan"] == "'-\tusia 18"
    assert row["Kode wilayah"] == "'33.75" and row["Lokasi kerja"] == "'0285"
    assert row["Jabatan"] == "Juru \x1b[31mlas; \"3G\"\n√"
    assert row["Upah terendah"] == "2500000" and row["Keadaan"] == "terbuka" and row["Upah tertinggi"] == ""


def test_no_control_character_reaches_a_terminal(office):
    office.load([nasty_vacancy(title="a\x1b[2J\u202eb\u0007\nc")])
    text = office.run("report", "vacancies")
    assert "a [2J b  c" in text and "1.200" in text


def test_a_workbook_goes_to_a_file_and_not_to_a_terminal(office, tmp_path):
    office.load([nasty_vacancy()])
    file = tmp_path / "lowongan.xlsx"
    assert office.run("report", "vacancies", "-o", str(file)) == ""
    assert file.stat().st_mode & 0o777 == 0o600
    sheet = zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml").decode()
    assert "<v>2500000</v>" in sheet and ">33.75</t>" in sheet and "<f" not in sheet and "\x1b" not in sheet
    piped = office.run("report", "vacancies", "--format", "xlsx", text=False)
    assert piped == file.read_bytes()
    leader, follower = pty.openpty()
    done = subprocess.run([BUILD / "jejaringctl", "report", "vacancies", "--format", "xlsx", "-c", office.config],
                          stdout=follower, stderr=subprocess.PIPE, text=True)
    os.close(follower)
    os.close(leader)
    assert done.returncode == 2 and "-o FILE.xlsx" in done.stderr


def test_a_file_that_cannot_be_written_is_named(office, tmp_path):
    assert "/nowhere/a.csv" in office.run("report", "vacancies", "-o", "/nowhere/a.csv", code=1)
    assert json.loads(office.run("report", "vacancies", "-o", "/dev/stdout", "--format", "json")) == []


def test_a_narrow_terminal_shortens_text_and_a_very_narrow_one_gets_records(office):
    office.load([nasty_vacancy(employer="Perusahaan Tekstil dan Garmen Nusantara Jaya Abadi")])
    wide = office.run("report", "vacancies").splitlines()
    assert "Nusantara Jaya Abadi" in wide[1]
    narrow = office.run("report", "vacancies", COLUMNS="110").splitlines()
    assert all(len(line) <= 110 for line in narrow[:2]) and "…" in narrow[1]
    assert "Dibutuhkan      1.200" in office.run("report", "vacancies", COLUMNS="40")


def test_a_reader_gets_the_rows_of_its_regions(office):
    regions = ["33.75", "35.22"]
    for n, region in enumerate(regions):
        order = key("order", n)
        office.load([graduated(n, ago(100), region), {**nasty_vacancy(n), "region": region},
                     event("order.placed", order, {"date": ago(9), "order": order, "opd": "A", "service": "roti-kue",
                                                   "value": 5}, region=region),
                     *loans(n, region=region, applied=(9, 5))])
    functions = ["tracer(NULL, NULL, NULL)", "tracer_due(NULL, NULL, NULL)", "capital(NULL, NULL, NULL, NULL)",
                 "vacancies(NULL, NULL, NULL, NULL, NULL)", "orders(NULL, NULL, NULL, 40)"]
    with office.database.connect() as connection, connection.cursor() as cursor:
        def seen(function):
            cursor.execute(f"SELECT region FROM jejaring.report_{function} ORDER BY region")
            return [region for region, in cursor]

        for function in functions:
            assert seen(function) == regions
        cursor.execute("INSERT INTO jejaring.access_region VALUES ('jejaring_reader', '35'); SET ROLE jejaring_reader")
        for function in functions:
            assert seen(function) == ["35.22"]
    connection.close()


# ---- Tracer

def due(office, *words):
    return {row["person"]: row for row in office.rows("report", "tracer", "--due", *words)}


def test_who_is_due_at_one_six_and_twelve_months(office):
    office.load([graduated("new", ago(20)), graduated("one", ago(40)), graduated("six", ago(200)),
                 graduated("twelve", ago(400)), graduated("later", ago(-30))])
    rows = due(office)
    assert {row["due_wave"] for row in rows.values()} == {"1m", "6m", "12m"} and len(rows) == 3
    twelve = rows[key("person", "twelve")]
    assert twelve["days_overdue"] == (TODAY - datetime.date.fromisoformat(twelve["due_on"])).days > 30
    assert list(due(office, "--wave", "6m")) == [key("person", "six")]
    summary, = office.rows("report", "tracer")
    assert [summary[name] for name in ("due", "due_1m", "due_6m", "due_12m")] == [3, 1, 1, 1]


def test_months_differ_in_length(office):
    office.load([graduated("end of month", "2024-08-31"), graduated("leap day", "2024-02-29")])

    def waves(day):
        return {row["due_wave"]: row["days_overdue"] for row in due(office, "--as-of", day).values()}

    assert waves("2024-09-29") == {"6m": 31}
    assert waves("2024-09-30") == {"1m": 0, "6m": 32}
    assert waves("2025-02-27") == {"1m": 150, "6m": 182}
    assert waves("2025-02-28") == {"6m": 0, "12m": 0}


def test_any_evidence_takes_a_person_off_the_list(office):
    persons = [key("person", n) for n in range(6)]
    business, order, loan = key("business", 1), key("order", 1), key("loan", 1)
    office.load([graduated(n, ago(300)) for n in range(6)])
    assert set(due(office)) == set(persons)
    office.load([
        event("placement.started", persons[0], {"date": ago(100), "employer": "PT A", "kind": "employment"}),
        event("business.registered", persons[1], {"date": ago(5), "business": business}),
        event("order.completed", order, {"date": ago(5), "order": order, "person": persons[2], "value": 1}),
        event("outcome.reported", persons[3], {"date": ago(1), "status": "unemployed"}),
        event("loan.disbursed", persons[4], {"date": ago(5), "loan": loan, "scheme": "kur_mikro", "amount": 1})])
    assert set(due(office)) == {persons[5]}
    assert set(due(office, "--as-of", ago(6))) == set(persons[1:])
    office.load([event("person.erased", persons[5], {"date": ago(0)})])
    assert office.run("report", "tracer", "--due").startswith("Tidak ada lulusan")


def test_evidence_from_before_graduation_is_none_and_a_person_is_listed_once(office):
    person = key("person", 1)
    office.load([graduated(1, "2020-06-30", batch="I"), graduated(1, "2023-06-30", batch="II", region="33.26"),
                 event("outcome.reported", person, {"date": "2021-01-01", "status": "unemployed"})])
    assert [row["batch"] for row in office.rows("report", "tracer", "--due")] == ["II"]
    assert due(office, "--region", "33.75") == {} and set(due(office, "--region", "33")) == {person}
    office.load([event("outcome.reported", person, {"date": "2023-07-30", "status": "studying"})])
    assert due(office) == {}


# ---- Vacancies

def test_every_state_of_a_vacancy(office):
    states = {}

    def vacancy(name, opened=30, **data):
        states[name] = key("vacancy", name)
        return event("vacancy.opened", states[name], {
            "date": ago(opened), "vacancy": states[name], "employer": "PT A", "title": name, "headcount": 2,
            "kind": "employment", "vocations": ["las-smaw-3g", "menjahit"], **data})

    def starts(name, person, days):
        return event("placement.started", key("person", person), {
            "date": ago(days), "vacancy": key("vacancy", name), "employer": "PT A", "kind": "employment"})

    def closed(name, reason):
        return event("vacancy.closed", key("vacancy", name), {
            "date": ago(3), "vacancy": key("vacancy", name), "reason": reason})

    office.load([
        vacancy("open"), starts("open", 1, 9), vacancy("full"), starts("full", 1, 9), starts("full", 2, 8),
        starts("full", 3, 7), vacancy("over", valid_until=ago(1)), vacancy("drawn"), closed("drawn", "withdrawn"),
        vacancy("said"), closed("said", "filled"), vacancy("again", 2), closed("again", "filled"),
        closed("unknown", "filled"), vacancy("future", -2),
        # Said with what had come by then; a start that comes late changes both the day and the reason.
        vacancy("late"), starts("late", 1, 9), closed("late", "filled"), starts("late", 2, 6),
        vacancy("later"), closed("later", "expired"), starts("later", 1, 5), starts("later", 2, 4),
        vacancy("left"), closed("left", "withdrawn"), starts("left", 1, 5), starts("left", 2, 4),
        vacancy("begun"), closed("begun", "withdrawn"), starts("begun", 1, 5), starts("begun", 2, 2)])
    rows = {row["title"]: row for row in office.rows("report", "vacancies")}
    assert {name: (row["status"], row["filled"], row["status_on"]) for name, row in rows.items()} == {
        "open": ("open", 1, ago(30)), "full": ("filled", 3, ago(8)), "over": ("expired", 0, ago(0)),
        "drawn": ("withdrawn", 0, ago(3)), "said": ("filled", 0, ago(3)), "again": ("open", 0, ago(2)),
        "late": ("filled", 2, ago(6)), "later": ("filled", 2, ago(4)), "left": ("filled", 2, ago(4)),
        "begun": ("withdrawn", 2, ago(3))}
    assert rows["open"]["vocations"] == "las-smaw-3g, menjahit"

    def titles(*words):
        return {row["title"] for row in office.rows("report", "vacancies", *words)}

    assert titles("--open") == {"open", "again"} and titles("--filled") == {"full", "said", "late", "later", "left"}
    assert titles("--open", "--filled") == {"open", "again", "full", "said", "late", "later", "left"}
    assert titles("--from", ago(4)) == {"over", "drawn", "said", "again", "later", "left", "begun"}
    assert titles("--from", ago(9), "--to", ago(5)) == {"full", "late"} and titles("--region", "35") == set()


# ---- Directory

def test_the_directory_holds_open_businesses_of_those_who_consent(office):
    def business(n, consent, **data):
        return [graduated(n, consent=consent),
                event("business.registered", key("person", n), {
                    "date": ago(50), "business": key("business", n), "name": f"Usaha {n}", "nib": "1234567890123",
                    "product": "Roti & kue", "vocation": "roti-kue", "needs_marketing": True, **data})]

    office.load(business("offices", ["opd"]) + business("all", ["public"], vocation="menjahit", product="Kebaya") +
                business("none", ["capital", "cooperative"]) + business("closed", ["opd"]) + business("took back", ["opd"]) + [
        event("business.closed", key("person", "closed"), {"date": ago(9), "business": key("business", "closed")}),
        event("consent.withdrawn", key("person", "took back"), {"date": ago(9), "audiences": ["opd"]})])

    def names(*words):
        return [row["name"] for row in office.rows("report", "directory", *words)]

    assert names() == ["Usaha all", "Usaha offices"]
    assert names("--audience", "public") == ["Usaha all"]
    assert names("--vocation", "roti-kue") == names("--product", "KUE") == ["Usaha offices"]
    assert names("--product", "%") == names("--region", "35.22") == []
    row, = office.rows("report", "directory", "--audience", "public")
    assert row["person"] is None and row["needs_marketing"] is None
    text = office.run("report", "directory") + office.run("report", "directory", "--format", "csv")
    assert "1234567890123" not in text
    schema = json.loads((pg.ROOT / "schemas/events/business.registered.json").read_text())["properties"]
    envelope = {"region", "region_name", "person", "registered_on"}
    for row in office.rows("report", "directory"):
        assert all("opd" in schema[name]["x-audience"] for name in set(row) - envelope)
    for row in office.rows("report", "directory", "--audience", "public"):
        told = {name for name, value in row.items() if value is not None} - envelope
        assert told and all("public" in schema[name]["x-audience"] for name in told)
    office.load([event("consent.granted", key("person", "took back"), {"date": ago(1), "audiences": ["opd"]})])
    assert len(names()) == 3


# ---- Orders

def test_the_share_of_alumni_against_the_rule(office):
    def order(n, opd, value, done=None, person=None, date="2026-03-01", region="33.75"):
        placed = event("order.placed", key("order", n), {
            "date": date, "order": key("order", n), "opd": opd, "service": "roti-kue", "value": value}, region=region)
        if done is None:
            return [placed]
        data = {"date": "2026-04-01", "order": key("order", n), "value": done}
        if person:
            data["person"] = key("person", person)
        return [placed, event("order.completed", key("order", n), data)]

    office.load(order(1, "Dinas Kesehatan", 1000000, 2000000, person=1) + order(2, "Dinas Kesehatan", 3000000) +
                order(3, "Dinas Kesehatan", 1000000, 1000000) + order(4, "Bappeda", 500, 500, person=1) +
                order(5, "Bappeda", 700, date="2025-12-31") + order(6, "Dinas Kesehatan", 0, region="33.26") +
                [event("order.completed", key("order", 9), {"date": "2026-04-01", "order": key("order", 9), "value": 9})])
    rows = {(row["opd"], row["region"], row["year"]): row for row in office.rows("report", "orders")}
    health = rows["Dinas Kesehatan", "33.75", 2026]
    assert (health["orders"], health["completed"], health["alumni_orders"]) == (3, 2, 1)
    assert (health["value"], health["alumni_value"], health["missing"]) == (6000000, 2000000, 400000)
    assert health["alumni_share"] == pytest.approx(1 / 3) and health["target"] == 0.4 and health["met"] is False
    assert rows["Bappeda", "33.75", 2026]["met"] is True and rows["Bappeda", "33.75", 2025]["alumni_value"] == 0
    assert rows["Dinas Kesehatan", "33.26", 2026]["alumni_share"] is None and len(rows) == 4
    table = office.run("report", "orders", "--opd", "kesehatan", "--year", "2026", "--region", "33.75")
    assert "Rp6.000.000" in table and "33,3%" in table and "40,0%" in table and "tidak" in table


def test_the_rule_is_a_setting(cluster, empty, tmp_path):
    office = Office(tmp_path, cluster.database(empty.database), migrated=True, reports={"small_share": 30})
    office.load([event("order.placed", key("order", 1), {
        "date": "2026-03-01", "order": key("order", 1), "opd": "A", "service": "roti-kue", "value": 100})])
    assert office.rows("report", "orders")[0]["missing"] == 30


# ---- Capital

def loans(n, scheme="kur_mikro", region="33.75", **steps):
    """steps: applied=(days ago, amount), refused=(days ago, amount, reason) ..."""
    events = []
    for step, (days, amount, *reason) in steps.items():
        data = {"date": ago(days), "loan": key("loan", n), "business": key("business", n), "scheme": scheme,
                "amount": amount}
        if step in ("approved", "refused"):
            data["decision"] = step
            data.update(zip(["reason"], reason))
        name = "decided" if step in ("approved", "refused") else step
        events.append(event(f"loan.{name}", key("person", n), data, region=region))
    return events


def test_loans_by_scheme_and_region(office):
    office.load(
        loans(1, applied=(30, 20), approved=(20, 15), disbursed=(10, 15), repaid=(5, 4)) +
        loans(2, applied=(30, 50), refused=(20, 50, "agunan kurang")) +
        loans(3, applied=(400, 7), refused=(390, 7, "agunan kurang")) + loans(4, refused=(9, 1)) +
        loans(5, "kur_kecil", "33.26", applied=(30, 100)) + loans(6, "other", "33.26", repaid=(3, 2)))
    rows = {(row["region"], row["scheme"]): row for row in office.rows("report", "capital")}
    assert list(rows) == [("33.26", "kur_kecil"), ("33.26", "other"), ("33.75", "kur_mikro")]
    row = rows["33.75", "kur_mikro"]
    counts = ("applied", "applied_amount", "approved", "approved_amount", "refused", "refused_amount", "disbursed",
              "disbursed_amount", "repaid_amount")
    assert [row[name] for name in counts] == [3, 77, 1, 15, 3, 58, 1, 15, 4]
    assert row["refusal_reasons"] == "agunan kurang (2), tanpa alasan (1)"
    assert rows["33.26", "other"]["repaid_amount"] == 2
    recent, = office.rows("report", "capital", "--from", ago(25), "--to", ago(15), "--region", "33.75")
    assert [recent[name] for name in counts] == [0, 0, 1, 15, 1, 50, 0, 0, 0]
    assert [row["scheme"] for row in office.rows("report", "capital", "--scheme", "kur_kecil")] == ["kur_kecil"]


def test_the_candidate_file_holds_the_consenting_and_what_a_bank_may_see(office):
    def candidate(n, consent=("capital",), needs=True):
        return [graduated(n, consent=list(consent)),
                event("business.registered", key("person", n), {
                    "date": ago(60), "business": key("business", n), "name": f"Usaha {n}", "nib": "1234567890123",
                    "needs_capital": needs, "amount_needed": 9000000}),
                event("loan.referred", key("person", n), {
                    "date": ago(50), "business": key("business", n), "scheme": "kur_super_mikro", "amount": 9000000,
                    "reasons": ["amount", "first_time"]})]

    office.load(candidate(1) + candidate(2, ["opd"]) + candidate(3) + candidate(4) + candidate(5, needs=False) + [
        event("loan.applied", key("person", 3), {
            "date": ago(40), "business": key("business", 3), "loan": key("loan", 3), "scheme": "kur_mikro", "amount": 1}),
        event("business.closed", key("person", 4), {"date": ago(40), "business": key("business", 4)})])
    row, = office.rows("report", "candidates")
    assert row["name"] == "Usaha 1" and row["person"] == key("person", 1) and row["reasons"] == "amount, first_time"
    assert "sesuai jumlah, pertama kali" in office.run("report", "candidates", "--format", "csv")
    schema = {}
    for name in ("loan.referred", "business.registered"):
        schema.update(json.loads((pg.ROOT / f"schemas/events/{name}.json").read_text())["properties"])
    named = {"region", "region_name", "person"}  # of the envelope
    dates = {"referred_on", "registered_on"}
    for column in set(row) - named - dates:
        assert "capital" in schema[column]["x-audience"], column
    office.load([event("consent.withdrawn", key("person", 1), {"date": ago(1), "audiences": ["capital"]})])
    assert office.run("report", "candidates").startswith("Tidak ada calon debitur")
