"""What counts as work, since when and until when: examples that read like the definition, and a
comparison of the SQL with an independent model on random lives."""

import datetime
import random
import uuid

import pytest

import warehouse_events
import warehouse_oracle
from warehouse_host import fill, warehouse

GRADUATED = "2018-06-30"


@pytest.fixture()
def database(cluster):
    database = warehouse(cluster)
    yield database
    database.drop()


class Life:
    """One graduate's events, written with dates."""

    def __init__(self):
        self.maker = warehouse_events.Maker(1)
        self.person = str(uuid.uuid4())
        self.events = []

    def add(self, date, type, recorded=None, **data):
        day = (datetime.date.fromisoformat(date) - warehouse_events.EPOCH).days
        event = self.maker.event(type, data.pop("subject", self.person), data, day=day, region="33.75",
                                 source=data.pop("source", "kantor"), id=str(uuid.uuid4()))
        event["recordedtime"] = (recorded or date) + "T01:00:00Z"
        self.events.append(event)
        return self

    def graduated(self, date=GRADUATED, recorded=None, **data):
        return self.add(date, "alumni.graduated", recorded, **{
            "program": "PBK", "vocation": "menjahit", "batch": "I", "year": int(date[:4]),
            "funding": "apbd", **data})

    def survey(self, date, status, **data):
        return self.add(date, "outcome.reported", status=status, **data)

    def hired(self, date, employer="PT Garmen", kind="employment", **data):
        return self.add(date, "placement.started", employer=employer, kind=kind, **data)

    def left(self, date, **data):
        return self.add(date, "placement.ended", **data)

    def opened(self, date, business="a", **data):
        return self.add(date, "business.registered",
                        business=warehouse_events.entity("business", business), **data)

    def shut(self, date, business="a"):
        return self.add(date, "business.closed", business=warehouse_events.entity("business", business))


VACANCY = warehouse_events.entity("vacancy", "v")

# (what it shows, the life, the day, status, formal, witness)
EXAMPLES = [
    ("nothing known: untraced", Life().graduated(), "2020-01-01", None, None, None),
    ("a survey is evidence", Life().graduated().survey("2018-12-01", "employed", employment_status="employee"),
     "2020-01-01", "employed", True, "self"),
    ("BPS: a casual worker works informally",
     Life().graduated().survey("2018-12-01", "employed", employment_status="casual_non_agriculture"),
     "2020-01-01", "employed", False, "self"),
    ("an employer with permanent workers works formally",
     Life().graduated().survey("2018-12-01", "self_employed", employment_status="employer"),
     "2020-01-01", "self_employed", True, "self"),
    ("own account is informal", Life().graduated().survey("2018-12-01", "self_employed"),
     "2020-01-01", "self_employed", False, "self"),
    ("employed and nothing told: neither formal nor informal",
     Life().graduated().survey("2018-12-01", "employed"), "2020-01-01", "employed", None, "self"),
    ("a placement at a company counts as employee", Life().graduated().hired("2018-08-01"),
     "2020-01-01", "employed", True, "employer"),
    ("a placement with a status of its own", Life().graduated().hired("2018-08-01", employment_status="casual_agriculture"),
     "2020-01-01", "employed", False, "employer"),
    ("an internship is training", Life().graduated().hired("2018-08-01", kind="internship", agreement_ref="1"),
     "2020-01-01", "studying", None, "employer"),
    ("evidence from the future is not evidence yet", Life().graduated().hired("2018-08-01"),
     "2018-07-31", None, None, None),
    ("a job that ended leaves the person traced and unemployed",
     Life().graduated().hired("2018-08-01").left("2019-01-31", employer="pt. garmen"),
     "2020-01-01", "unemployed", None, None),
    ("before it ended the person worked",
     Life().graduated().hired("2018-08-01").left("2019-01-31", employer="PT Garmen"),
     "2019-01-30", "employed", True, "employer"),
    ("an end at another employer does not end this job",
     Life().graduated().hired("2018-08-01").left("2019-01-31", employer="Hotel"),
     "2020-01-01", "employed", True, "employer"),
    ("an end by vacancy ends the job of that vacancy",
     Life().graduated().hired("2018-08-01", vacancy=VACANCY).left("2019-01-31", vacancy=VACANCY),
     "2020-01-01", "unemployed", None, None),
    ("an end without a name ends what there is", Life().graduated().hired("2018-08-01").left("2019-01-31"),
     "2020-01-01", "unemployed", None, None),
    ("a new job on the day the old one ends is not ended by it",
     Life().graduated().hired("2018-08-01").left("2019-02-01", employer="PT Garmen").hired("2019-02-01"),
     "2020-01-01", "employed", True, "employer"),
    ("an end before the start ends nothing",
     Life().graduated().left("2018-07-15", employer="PT Garmen").hired("2018-08-01"),
     "2020-01-01", "employed", True, "employer"),
    ("after a job ended an older business still counts",
     Life().graduated().opened("2018-07-15").hired("2018-08-01").left("2019-01-31"),
     "2020-01-01", "self_employed", False, "cooperative"),
    ("a closed business", Life().graduated().opened("2018-07-15").shut("2019-01-01"),
     "2020-01-01", "unemployed", None, None),
    ("one of two businesses closed", Life().graduated().opened("2018-07-15").opened("2018-07-16", "b").shut("2019-01-01", "b"),
     "2020-01-01", "self_employed", False, "cooperative"),
    ("a registration after the closing opens it again",
     Life().graduated().opened("2018-07-15").shut("2019-01-01").opened("2019-06-01"),
     "2020-01-01", "self_employed", False, "cooperative"),
    ("the later survey wins over the older job", Life().graduated().hired("2018-08-01").survey("2019-01-01", "unemployed"),
     "2020-01-01", "unemployed", None, "self"),
    ("a job after the survey wins over it", Life().graduated().survey("2018-08-01", "unemployed").hired("2019-01-01"),
     "2020-01-01", "employed", True, "employer"),
    ("on the same day the employer's word goes before the graduate's",
     Life().graduated().hired("2018-08-01").survey("2018-08-01", "unemployed"),
     "2020-01-01", "employed", True, "employer"),
    ("a job's end takes back the survey that told of it",
     Life().graduated().hired("2018-08-01").survey("2018-10-01", "employed").left("2019-01-31"),
     "2020-01-01", "unemployed", None, None),
    ("a survey from before the graduation says nothing", Life().survey("2018-01-01", "employed").graduated(),
     "2020-01-01", None, None, None),
    ("a business from before the graduation that still runs counts", Life().opened("2016-01-01").graduated(),
     "2020-01-01", "self_employed", False, "cooperative"),
    ("one that was closed before does not", Life().opened("2016-01-01").shut("2017-01-01").graduated(),
     "2020-01-01", None, None, None),
    ("a loan paid out shows a running business",
     Life().graduated().add("2018-09-01", "loan.disbursed", scheme="kur_mikro", amount=5000000),
     "2020-01-01", "self_employed", False, "bank"),
    ("a loan applied for shows nothing",
     Life().graduated().add("2018-09-01", "loan.applied", scheme="kur_mikro", amount=5000000),
     "2020-01-01", None, None, None),
]


def test_the_examples_of_the_definition(database):
    fill(database, [event for _, life, *_ in EXAMPLES for event in life.events])
    wrong = []
    with database.connect(options="-c search_path=jejaring,pg_catalog") as connection, \
            connection.cursor() as cursor:
        for words, life, at, *expected in EXAMPLES:
            cursor.execute("SELECT state_status(state), state_formal(state), state_witness(state) "
                           "FROM evaluate(%s::uuid[], %s, 'infinity')",
                           ([life.person], at))
            found = list(cursor.fetchone())
            if found != expected:
                wrong.append(f"{words}: expected {expected}, found {found}")
    assert not wrong, "\n".join(wrong)


def test_an_order_completed_is_evidence_for_whom_it_names_last(database):
    life, other = Life().graduated(), Life().graduated()
    order = warehouse_events.entity("order", "1")
    life.add("2018-09-01", "order.completed", subject=order, order=order, value=1, person=life.person)
    fill(database, life.events + other.events)

    def statuses():
        rows = database.psql("SELECT person, status FROM jejaring.standing")
        return dict(line.split("|") for line in rows.split())

    assert statuses() == {life.person: "self_employed", other.person: ""}
    corrected = dict(life.events[-1], time="2018-09-01T00:00:00.001Z")
    corrected["data"] = dict(corrected["data"], person=other.person)
    corrected["key"] = warehouse_events.key_of(1535760000001, corrected["source"], corrected["id"])
    fill(database, [corrected])
    assert statuses() == {life.person: "", other.person: "self_employed"}


def test_horizons_look_at_six_and_twelve_months(database):
    life = Life().graduated().hired("2018-12-30").left("2019-03-01")
    late = Life().graduated("2026-01-10")
    fill(database, life.events + late.events)
    rows = database.psql("SELECT jejaring.state_status(state_6m), jejaring.state_status(state_12m), status, worked_on "
                         "FROM jejaring.standing "
                         f"WHERE person = '{life.person}'")
    assert rows.split() == ["employed|unemployed|unemployed|2018-12-30"]
    # Who has not reached the horizon yet is not in the cohort.
    for horizon, graduates in (("now", 2), ("6m", 1), ("12m", 1)):
        count = database.psql("SELECT sum(graduates) FROM jejaring.absorption('{region,year}', "
                              f"'{horizon}', '2026-03-01')")
        assert int(count) == graduates, horizon


def test_a_report_of_the_past_can_be_told_again(database):
    life = Life().graduated(recorded="2018-07-01").hired("2018-08-01")
    fill(database, life.events)
    report = ("SELECT year, funding, graduates, traced, employed FROM "
              "jejaring.absorption('{year,funding}', 'now', '2018-12-31', '2018-12-31Z')")
    before = database.psql(report)
    assert before.split() == ["2018|apbd|1|1|1"]
    # Later: the job turns out to have ended in October, and the funding was another one.
    life.events.clear()
    life.add("2018-10-01", "placement.ended", recorded="2019-05-01", employer="PT Garmen")
    life.graduated(recorded="2019-06-01", funding="apbn")
    life.events[-1].update(time="2018-06-30T00:00:00.001Z")
    life.events[-1]["key"] = warehouse_events.key_of(1530316800001, "kantor", life.events[-1]["id"])
    fill(database, life.events)
    assert database.psql(report) == before
    assert database.psql(report.replace("2018-12-31Z", "2019-05-31Z")).split() == ["2018|apbd|1|1|0"]
    assert database.psql(report.replace(", '2018-12-31Z'", "")).split() == ["2018|apbn|1|1|0"]


def test_a_person_counts_once_in_a_cohort(database):
    life = Life().graduated("2018-03-01").graduated("2018-09-01", batch="II").graduated("2019-09-01", batch="I")
    fill(database, life.hired("2019-10-01").events)

    def graduates(dimensions):
        rows = database.psql(f"SELECT graduates FROM jejaring.absorption('{dimensions}')")
        return [int(row) for row in rows.split()]

    assert graduates("{region,year}") == [1, 1]
    assert graduates("{year,batch}") == [1, 1, 1]
    assert graduates("{region}") == [1]
    assert graduates("{}") == [1]


def test_what_lies_ahead_is_left_out_until_its_day(database):
    life = Life().graduated(recorded="2018-07-01")
    life.add("2031-01-01", "placement.started", recorded="2018-07-02", employer="PT Garmen", kind="employment")
    fill(database, life.events)
    assert database.psql("SELECT ahead, status FROM jejaring.standing").split() == ["t|employed"]
    assert database.psql("SELECT graduates, traced, employed FROM jejaring.absorption").split() == ["1|0|0"]
    assert database.psql("SELECT graduates, traced, employed FROM "
                         "jejaring.absorption('{region}', 'now', '2031-01-01')").split() == ["1|1|1"]


def test_unknown_dimensions_are_refused(database):
    fill(database, Life().graduated().events)
    with pytest.raises(RuntimeError, match="unknown dimension"):
        database.psql("SELECT * FROM jejaring.absorption('{region,\"1; DROP TABLE x\"}')")


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_the_sql_agrees_with_an_independent_model(database, seed):
    events = warehouse_events.Maker(seed, persons=60).mixed(2500, erasures=0)
    fill(database, events)
    pick = random.Random(seed)
    with database.connect(options="-c search_path=jejaring,pg_catalog") as connection, \
            connection.cursor() as cursor:
        cursor.execute("SELECT person, year, vocation, batch, graduated_on FROM alumni")
        alumni = cursor.fetchall()
        days = [datetime.date(2017, 1, 1) + datetime.timedelta(days=pick.randrange(1500)) for _ in range(4)]
        for at in days:
            cursor.execute(
                "SELECT person, year, vocation, batch, state_status(state), state_formal(state), "
                "state_witness(state), state_placed(state), state_status(state_6m), state_formal(state_6m), "
                "state_witness(state_6m), state_placed(state_6m) "
                "FROM evaluate(ARRAY(SELECT person FROM alumni), %s, 'infinity')", (at,))
            found = {row[:4]: (row[4:8], row[8:]) for row in cursor}
            for person, year, vocation, batch, graduated_on in alumni:
                if graduated_on > at:
                    assert (person, year, vocation, batch) not in found
                    continue
                expected = (
                    warehouse_oracle.status(person, graduated_on, events, at),
                    warehouse_oracle.status(person, graduated_on, events,
                                            min(at, warehouse_oracle.months_later(graduated_on, 6))))
                assert found[person, year, vocation, batch] == expected, (seed, at, person)


@pytest.mark.parametrize("seed", [21, 22])
def test_every_way_to_count_gives_the_same_figures(database, seed):
    """The counters, the stored standings and an evaluation of everything."""
    events = warehouse_events.Maker(seed, persons=80).mixed(1500)
    fill(database, events)
    columns = ("region, year, graduates, traced, employed, self_employed, working, formal, informal, placed, "
               "by_employer, by_cooperative, by_bank, by_opd, by_self")
    counters = database.psql(f"SELECT {columns} FROM jejaring.absorption() ORDER BY 1, 2")
    stored = database.psql(f"SELECT {columns} FROM jejaring.absorption('{{region,year}}', 'now', "
                           "jejaring.today()) ORDER BY 1, 2")
    assert counters == stored
    assert int(counters.split("|")[2]) > 0


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_what_is_stored_tells_the_past_as_an_evaluation_of_everything_does(database, seed):
    """Any day, any moment of knowing, any horizon: from the stored histories where they hold."""
    events = warehouse_events.Maker(seed, persons=80).mixed(1500)
    fill(database, events)
    pick = random.Random(seed)

    def moment():
        return str(datetime.date(2017, 1, 1) + datetime.timedelta(days=pick.randrange(1800)))

    reports = []
    for _ in range(8):
        as_of, known_at = moment(), moment()
        known_at = pick.choice([known_at, as_of, "9999-01-01"])
        reports.append(f"SELECT * FROM jejaring.absorption('{pick.choice(['{region,year}', '{sex,funding}', '{}'])}', "
                       f"'{pick.choice(['now', '6m', '12m'])}', '{as_of}', '{known_at}')")
    without = [report.replace(", '9999-01-01')", ")") for report in reports]
    stored = [database.psql(report) for report in without]
    # As if of everybody something about any day had become known after any moment.
    database.psql("UPDATE jejaring.standing SET known_from = '-infinity', learnt_at = '{infinity}', "
                  "learnt_of = '{-infinity}', jumbled = '{true}', history = '{}', state = NULL, state_6m = NULL, state_12m = NULL")
    assert stored == [database.psql(report) for report in reports]
    assert sum(text.count("\n") for text in stored) > 20
