"""Funnel, time to work and funding: examples, and a comparison with plain Python over the same rows; and
that no report's plan reads the log."""

import datetime
import random
import uuid

import pytest

import warehouse_events
import warehouse_oracle
from warehouse_host import fill, warehouse

WORKING = ("employed", "self_employed")


@pytest.fixture()
def database(cluster):
    database = warehouse(cluster)
    yield database
    database.drop()


@pytest.fixture(scope="module")
def mixed(cluster):
    """A warehouse of random lives, and the events it was made of."""
    database = warehouse(cluster)
    events = warehouse_events.Maker(41, persons=120).mixed(3000, erasures=0)
    fill(database, events)
    database.psql("ANALYZE")
    yield database, events
    database.drop()


def query(database, sql, *values):
    with database.connect(options="-c search_path=jejaring,pg_catalog") as connection, \
            connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


class Story:
    """Events of a few graduates, with dates."""

    def __init__(self):
        self.maker = warehouse_events.Maker(1)
        self.events = []

    def add(self, person, date, type, **data):
        day = (datetime.date.fromisoformat(date) - warehouse_events.EPOCH).days
        self.events.append(self.maker.event(type, person, data, day=day, region="33.75", source="kantor",
                                            id=str(uuid.uuid4())))

    def graduate(self, date="2019-01-01", **data):
        person = str(uuid.uuid4())
        self.add(person, date, "alumni.graduated", **{
            "program": "PBK", "vocation": "menjahit", "batch": "I", "year": int(date[:4]), "funding": "apbd",
            "extras": [], **data})
        return person

    def works(self, person, date):
        self.add(person, date, "placement.started", employer="PT Garmen", kind="employment")


# ---- Funnel ------------------------------------------------------------------------------------


def test_the_steps_of_the_funnel(database):
    story = Story()
    vacancy = warehouse_events.entity("vacancy", 1)
    everything = story.graduate()
    story.add(everything, "2018-12-20", "alumni.certified", scheme="A", result="competent", vocation="menjahit")
    story.add(everything, "2019-02-01", "placement.proposed", vacancy=vacancy, rank=1, reasons=["competent"])
    story.works(everything, "2019-03-01")
    other_trade = story.graduate()
    story.add(other_trade, "2019-01-20", "alumni.certified", scheme="B", result="competent", vocation="las-smaw-3g")
    story.add(other_trade, "2018-12-01", "placement.proposed", vacancy=vacancy, rank=1, reasons=["competent"])
    failed = story.graduate()
    story.add(failed, "2019-01-20", "alumni.certified", scheme="A", result="not_yet")
    story.works(failed, "2019-03-01")
    story.add(failed, "2019-06-01", "placement.ended", reason="resigned")
    late = story.graduate()
    story.add(late, "2019-08-01", "business.registered", business=warehouse_events.entity("business", 1), name="Roti",
              kbli="10710", kbli_version=2020, needs_capital=False)
    fill(database, story.events)

    def funnel(as_of):
        return query(database, "SELECT graduates, certified, proposed, started, due, lasting FROM funnel('{region}', %s)",
                     as_of)

    assert funnel("2018-12-31") == []
    assert funnel("2019-01-31") == [(4, 1, 0, 0, 0, 0)]
    assert funnel("2019-08-31") == [(4, 1, 1, 3, 0, 0)]  # nobody has worked for 6 months yet
    assert funnel("2019-09-01") == [(4, 1, 1, 3, 2, 1)]  # one still does, one left
    assert funnel("2020-09-01") == [(4, 1, 1, 3, 3, 2)]


def test_a_certificate_that_comes_alone_moves_the_funnel(database):
    story = Story()
    person = story.graduate()
    fill(database, story.events)
    story.events.clear()
    story.add(person, "2019-02-01", "alumni.certified", scheme="A", result="competent")
    fill(database, story.events)
    assert query(database, "SELECT graduates, certified FROM funnel('{}')") == [(1, 1)]


def test_no_certificate_outlives_an_erasure(database):
    """The graduation is told again with the news of the erasure, of the same day: the row stays, a step goes."""
    story = Story()
    person = story.graduate()
    story.add(person, "2019-02-01", "alumni.certified", scheme="A", result="competent")
    story.add(person, "2019-02-01", "placement.proposed", vacancy=warehouse_events.entity("vacancy", 1), rank=1,
              reasons=["competent"])
    fill(database, story.events)
    assert query(database, "SELECT certified, proposed FROM funnel('{}')") == [(1, 1)]
    graduation = story.events[0]["data"]
    story.events.clear()
    story.add(person, "2020-01-01", "person.erased")
    story.add(person, "2021-01-01", "alumni.graduated")
    story.events[1].update(data=graduation, recordedtime="2021-02-01T00:00:00.000Z")
    fill(database, story.events)
    assert query(database, "SELECT graduates, certified, proposed FROM funnel('{}')") == [(1, 0, 0)]


# ---- Time to work ------------------------------------------------------------------------------


def test_those_who_wait_are_counted_for_as_long_as_they_wait(database):
    """By hand: of 4, one begins after 10 days, one after 30; one waits since 20 days, one since 100."""
    story = Story()
    for graduated, works in (("2019-01-01", "2019-01-11"), ("2019-01-01", "2019-01-31"), ("2019-03-22", None),
                             ("2019-01-01", None)):
        person = story.graduate(graduated)
        if works:
            story.works(person, works)
        else:
            story.add(person, graduated, "outcome.reported", status="unemployed")
    fill(database, story.events)
    report = "SELECT graduates, started, waiting, untraced, first_quarter, median, last_quarter FROM time_to_work('{}', %s)"
    # 1 of 4 after 10 days: 3/4 wait. The third leaves at 20. 1 of 2 after 30 days: 3/8 wait.
    assert query(database, report, "2019-04-11") == [(4, 2, 2, 0, 10, 30, None)]
    # Of those who have begun alone it would be 10 days: too good to be true.
    assert query(database, report, "2019-01-30") == [(3, 1, 1, 1, 10, None, None)]


def test_the_untraced_wait_or_are_left_out(database):
    story = Story()
    for n in range(4):
        person = story.graduate()
        if n < 2:
            story.works(person, f"2019-01-{11 + n}")
    fill(database, story.events)
    report = "SELECT waiting, untraced, median, median_traced FROM time_to_work('{}', '2019-12-31')"
    assert query(database, report) == [(0, 2, 11, 10)]


def kaplan_meier(waits, share):
    """waits: (days, began). The first day on which no more than that share is still waiting."""
    waiting = 1.0
    for day in sorted({days for days, began in waits if began}):
        risk = sum(days >= day for days, _ in waits)
        waiting *= 1 - sum(days == day and began for days, began in waits) / risk
        if waiting <= share + 1e-9:
            return day
    return None


def cohorts(database, dimensions, as_of):
    """{values: rows of standing}, each person once, with the last graduation."""
    rows = query(database, f"SELECT {dimensions}, person, graduated_on, vocation, batch, worked_on, certified_on, "
                 "proposed_on, entry_day(history[1]) FROM standing WHERE graduated_on <= %s "
                 "ORDER BY graduated_on DESC, vocation, batch", as_of)
    count = dimensions.count(",") + 1
    result = {}
    for row in rows:
        result.setdefault(row[:count], {}).setdefault(row[count], row[count + 1:])
    return result


@pytest.mark.parametrize("dimensions", ["region, year", "sex", "vocation, batch, funding"])
def test_the_median_is_that_of_kaplan_and_meier(mixed, dimensions):
    database, _ = mixed
    for as_of in (datetime.date(2018, 7, 1), datetime.date(2020, 1, 1), datetime.date(2026, 1, 1)):
        found = query(database, f"SELECT {dimensions}, graduates, started, waiting, untraced, first_quarter, median, "
                      "last_quarter, median_traced FROM time_to_work(%s, %s)",
                      "{" + dimensions.replace(" ", "") + "}", as_of)
        expected = []
        for values, persons in cohorts(database, dimensions, as_of).items():
            waits = [((min(worked or as_of, as_of) - graduated).days, bool(worked and worked <= as_of),
                      bool(told and told <= as_of)) for graduated, _, _, worked, _, _, told in persons.values()]
            every, traced = [wait[:2] for wait in waits], [wait[:2] for wait in waits if wait[2]]
            began = sum(wait[1] for wait in waits)
            expected.append((*values, len(waits), began, len(traced) - began, len(waits) - len(traced),
                             kaplan_meier(every, 0.75), kaplan_meier(every, 0.5), kaplan_meier(every, 0.25),
                             kaplan_meier(traced, 0.5)))
        assert sorted(found, key=str) == sorted(expected, key=str) and found


@pytest.mark.parametrize("dimensions", ["region, year", "sex, disability"])
def test_the_funnel_agrees_with_a_count_person_by_person(mixed, dimensions):
    database, events = mixed
    for as_of in (datetime.date(2018, 7, 1), datetime.date(2020, 6, 1)):
        found = query(database, f"SELECT {dimensions}, graduates, certified, proposed, started, due, lasting "
                      "FROM funnel(%s, %s)", "{" + dimensions.replace(" ", "") + "}", as_of)
        expected = []
        for values, persons in cohorts(database, dimensions, as_of).items():
            counts = [0] * 6
            for person, (graduated, _, _, worked, certified, proposed, _) in persons.items():
                judged = warehouse_oracle.months_later(worked, 6) if worked else None
                due = bool(judged and judged <= as_of)
                lasting = due and warehouse_oracle.status(person, graduated, events, judged)[0] in WORKING
                for n, step in enumerate((True, certified and certified <= as_of, proposed and proposed <= as_of,
                                          worked and worked <= as_of, due, lasting)):
                    counts[n] += bool(step)
            expected.append((*values, *counts))
        assert sorted(found, key=str) == sorted(expected, key=str) and found


# ---- Funding -----------------------------------------------------------------------------------


def test_two_halves_stand_side_by_side_with_what_weakens_them(database):
    story = Story()
    for funding, count, working, idle in (("apbn", 40, 30, 10), ("apbd", 40, 8, 31), ("other", 5, 5, 0)):
        for n in range(count):
            person = story.graduate(funding=funding, extras=["digital_marketing"] if funding == "apbn" and n < 20 else [])
            if n < working + idle:
                story.add(person, "2019-07-01", "outcome.reported", status="employed" if n < working else "unemployed")
    fill(database, story.events)
    rows = {row[0]: row[1:] for row in query(
        database, "SELECT compared, graduates, rate::float8, coverage::float8, other_graduates, other_rate::float8, "
        "other_coverage::float8, difference::float8, warnings FROM funding('{year}', 'now', '2020-01-01')")}
    assert rows["funding"] == (40, 0.75, 1.0, 40, 0.2, 0.975, pytest.approx(0.55), [])
    digital = rows["digital_marketing"]
    assert digital[:2] == (20, 1.0) and digital[3] == 65 and digital[-1] == ["few"]
    # After 6 months nothing was known yet: nobody in sight, so nothing to be said.
    early = query(database, "SELECT graduates, rate::float8, warnings FROM funding('{}', 'now', '2019-02-01')")
    assert early == [(40, 0.0, ["untraced"]), (20, 0.0, ["few", "untraced"])]


def test_a_half_that_is_empty_is_missing(database):
    story = Story()
    story.graduate(funding="apbn")
    fill(database, story.events)
    assert query(database, "SELECT compared, graduates, other_graduates, difference, warnings FROM funding('{region}')") == [
        ("funding", 1, None, None, ["missing", "few"]), ("digital_marketing", None, 1, None, ["missing", "few"])]


def test_what_is_compared_is_no_dimension(database):
    with pytest.raises(RuntimeError, match="are what is compared"):
        database.psql("SELECT * FROM jejaring.funding('{funding}')")


# ---- Lists and what explains -------------------------------------------------------------------


@pytest.mark.parametrize("as_of, known_at", [(None, None), ("2019-06-30", None), ("2019-06-30", "2019-06-30")])
def test_a_list_has_as_many_persons_as_its_figure(mixed, as_of, known_at):
    database, _ = mixed
    pick = random.Random(4)
    counters = ["graduates", "traced", "employed", "self_employed", "working", "formal", "informal", "placed",
                "by_employer", "by_cooperative", "by_bank", "by_opd", "by_self"]
    rows = query(database, f"SELECT region, year, {', '.join(counters)} FROM absorption('{{region,year}}', 'now', %s, %s)",
                 as_of, known_at)
    assert rows
    for region, year, *figures in pick.sample(rows, 5):
        for counter, figure in zip(counters, figures):
            cell = f'{{"region": "{region}", "year": {year}}}'
            found = query(database, "SELECT count(*), count(DISTINCT person) FROM absorption_list(%s, %s, 'now', %s, %s)",
                          counter, cell, as_of, known_at)
            assert found == [(figure, figure)], (counter, cell)


def test_the_three_definitions_are_sums_of_what_explains_them(mixed):
    database, _ = mixed
    for arguments in ("", "'{vocation,sex}', '12m'", "'{}', 'now', '2019-06-30', '2019-06-30'"):
        assert query(database, f"""
            SELECT count(*) > 0, bool_and(
                a.working = e.self_employed + e.unplaced + e.placed_still
                AND a.employed = e.unplaced + e.placed_still AND a.placed = e.placed_still + e.placed_before
                AND a.graduates = a.working + e.not_working + e.untraced)
            FROM absorption({arguments}) WITH ORDINALITY a
                JOIN absorption_explained({arguments}) WITH ORDINALITY e USING (ordinality)""") == [(True, True)]


# ---- Plans -------------------------------------------------------------------------------------

REPORTS = ["absorption()", "absorption('{vocation,funding,sex}', '12m')", "absorption('{region}', 'now', '2019-03-31')",
           "absorption('{region,year}', '6m', '2019-03-31', '2019-03-31')", "absorption_explained()", "funnel()",
           "absorption_list('working', '{\"year\": 2018}', 'now', '2019-03-31', '2019-03-31')", "time_to_work()",
           "funding('{region,year}')", "absorption_missing('33')"]


@pytest.mark.parametrize("report", REPORTS)
def test_no_plan_of_a_report_reads_the_log(mixed, report):
    """auto_explain shows the plan of every statement behind the report, nested ones, too."""
    database, _ = mixed
    plans = []
    with database.connect(options="-c search_path=jejaring,pg_catalog") as connection, connection.cursor() as cursor:
        cursor.execute("LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET client_min_messages = log; "
                       "SET auto_explain.log_nested_statements = on")
        cursor.execute(f"SELECT * FROM {report}")
        plans = "".join(connection.notices)
    assert "standing" in plans or "absorption_cell" in plans
    assert not [line for line in plans.splitlines() if " on event" in line]
