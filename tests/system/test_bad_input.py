"""What comes wrong or in the wrong order has a defined result, in the plugin that it is for and in the
warehouse: the table "What comes wrong or early" of plugins/README.md, cell by cell."""

import pytest

from agencies import (
    PLUGINS, batch_closed, business, certified, graduate, key, order, publish, said, say, started,
    vacancy,
)

CONSENT = ["industry", "capital"]
NEED = {"needs_capital": True, "amount_needed": 8000000}


@pytest.fixture
def office(node, cluster):
    """A node with the named plugins and a warehouse; n.rows(SQL) asks the warehouse."""
    database = cluster.database()

    def make(*names, **inboxes):
        plugins = {name: {**PLUGINS[name], **inboxes.get(name, {})} for name in names}
        plugins["warehouse"] = {"audiences": ["node"], "regions": ["*"],
                                "options": {"conninfo": database.conninfo}}
        n = node(plugins).start()
        n.rows = rows
        return n

    def rows(sql, *values):
        with database.connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            found = cursor.fetchall()
        connection.close()
        return found

    yield make


def loan(step, owner, date, **data):
    return say(f"loan.{step}", owner, date,
               **{"business": key(f"usaha {owner}"), "scheme": "kur_super_mikro", "amount": 5000000,
                  **data})


def ended(person, date, place=None, **data):
    more = {"vacancy": key(place)} if place else {}
    return say("placement.ended", person, date, **more, **data)


def test_a_placement_for_an_unknown_vacancy_is_kept_and_joined(office):
    n = office("industry")
    placement = """SELECT p.employer, v.title FROM jejaring.placement p
                   LEFT JOIN jejaring.vacancy v USING (vacancy)"""
    publish(n, graduate("ani"), graduate("budi"), started("ani", "v1"))
    assert said(n, "vacancy.closed") == []
    assert n.rows(placement) == [("Bengkel", None)]
    assert n.rows("SELECT status FROM jejaring.standing ORDER BY 1") == [("employed",), (None,)]
    publish(n, vacancy("v1"))  # its one seat is taken
    assert [e["data"]["reason"] for e in said(n, "vacancy.closed")] == ["filled"]
    assert said(n, "placement.proposed") == []
    assert n.rows(placement) == [("Bengkel", "Juru las")]


def test_a_loan_for_an_unknown_business_is_kept_and_joined(office):
    n = office("capital")
    loans = """SELECT l.disbursed_amount, b.vocation FROM jejaring.loan l
               LEFT JOIN jejaring.business b ON b.business = l.disbursed_business"""
    publish(n, graduate("ani", consent=CONSENT), loan("disbursed", "ani", "2019-08-15"))
    assert n.rows(loans) == [(5000000, None)]
    assert n.rows("SELECT status FROM jejaring.standing") == [("self_employed",)]
    publish(n, business("ani", "2019-09-01", **NEED))  # no newcomer any more
    assert [e["data"]["scheme"] for e in said(n, "loan.referred")] == ["kur_mikro"]
    assert n.rows(loans + " WHERE l.disbursed_on IS NOT NULL") == [(5000000, "teknik-pendingin")]


def test_a_certificate_before_the_graduation_counts_once_that_comes(office):
    n = office("blk", "industry")
    publish(n, certified("ani"), batch_closed(), vacancy("v1"))
    assert said(n, "incubation.selected") == said(n, "placement.proposed") == []
    assert n.rows("SELECT count(*), min(score) FROM jejaring.certification") == [(1, 80)]
    assert n.rows("SELECT count(*) FROM jejaring.standing") == [(0,)]
    publish(n, graduate("ani", "2019-08-31"))  # dated after the test, too
    assert [e["subject"] for e in said(n, "incubation.selected")] == [key("ani")]
    assert [e["data"]["reasons"] for e in said(n, "placement.proposed")] == \
        [["vocation", "region", "competent"]]
    assert n.rows("""SELECT c.result FROM jejaring.alumni a
                     JOIN jejaring.certification c USING (person)""") == [("competent",)]


def test_the_end_of_a_placement_that_comes_before_its_start_ends_it(office):
    n = office("industry", "disability")
    publish(n, graduate("ani", consent=[*CONSENT, "disability"]),
            ended("ani", "2020-06-30", employer="Bengkel"),
            say("accommodation.assessed", "ani", "2019-09-01", category="hearing", needs=["lift"]))
    assert n.rows("SELECT count(*) FROM jejaring.placement_spell") == [(0,)]
    publish(n, started("ani"), vacancy("v1", "2020-07-01"))
    assert [e["subject"] for e in said(n, "placement.proposed")] == [key("ani")]
    assert said(n, "accommodation.provided") == []
    assert n.rows("SELECT ended_on::text FROM jejaring.placement_spell") == [("2020-06-30",)]
    assert n.rows("SELECT status FROM jejaring.standing") == [("unemployed",)]


def test_the_end_of_a_placement_dated_before_its_start_ends_nothing(office):
    n = office("industry", "disability")
    publish(n, graduate("ani", consent=[*CONSENT, "disability"]))
    publish(n, started("ani"), ended("ani", "2020-01-15", employer="Bengkel"),
            say("accommodation.assessed", "ani", "2019-09-01", category="hearing", needs=["lift"]),
            vacancy("v1", "2020-07-01"))
    assert said(n, "placement.proposed") == []
    assert [e["subject"] for e in said(n, "accommodation.provided")] == [key("ani")]
    assert n.rows("SELECT ended_on FROM jejaring.placement_spell") == [(None,)]
    assert n.rows("SELECT status FROM jejaring.standing") == [("employed",)]


def test_a_correction_of_a_start_that_is_said_after_the_end_begins_nothing(office):
    n = office("industry")
    publish(n, graduate("ani"), started("ani"), ended("ani", "2020-06-30", employer="Bengkel"))
    late = started("ani")
    late.update(id="corrected", time="2020-09-01T00:00:00Z")
    late["data"]["occupation"] = "Juru las"
    publish(n, late, vacancy("v1", "2020-10-01"))
    assert [e["subject"] for e in said(n, "placement.proposed")] == [key("ani")]
    assert n.rows("SELECT occupation, ended_on::text FROM jejaring.placement_spell") == \
        [("Juru las", "2020-06-30")]
    assert n.rows("SELECT status FROM jejaring.standing") == [("unemployed",)]


def test_what_begins_and_ends_on_one_day_of_a_file_has_ended(office):
    n = office("industry", "cooperative", "capital")
    people = [f"alumnus {i}" for i in range(8)]  # of each pair either event may have the greater key
    for i, name in enumerate(people):
        two = [[graduate(name, consent=CONSENT + ["opd"]),
                say("consent.withdrawn", name, "2019-07-31", audiences=CONSENT + ["opd"])],
               [vacancy(name), say("vacancy.closed", name, "2020-01-01", vacancy=key(name), reason="withdrawn")],
               [business(name, **NEED), say("business.closed", name, "2019-09-01", business=key(f"usaha {name}"))]]
        publish(n, *(one for pair in two for one in (pair if i % 2 else reversed(pair))))
    publish(n, graduate("ani"), order("o1"))
    assert said(n, "placement.proposed") == said(n, "order.offered") == said(n, "loan.referred") == []
    assert n.rows("SELECT count(*) FROM jejaring.consent WHERE given AND audience <> 'industry'") == [(0,)]
    assert n.rows("SELECT count(*) FROM jejaring.consent WHERE given") == [(1,)]
    assert n.rows("SELECT count(*) FROM jejaring.vacancy WHERE open") == [(0,)]
    assert n.rows("""SELECT count(*) FROM jejaring.standing s JOIN jejaring.business USING (person)
                     WHERE s.status <> 'unemployed'""") == [(0,)]


def test_a_business_closed_before_it_is_registered_is_closed(office):
    n = office("cooperative", "capital")
    closed = say("business.closed", "ani", "2019-12-01", business=key("usaha ani"))
    early = say("business.closed", "budi", "2019-06-01", business=key("usaha budi"))
    publish(n, graduate("ani", consent=CONSENT), graduate("budi", consent=CONSENT), closed, early)
    publish(n, business("ani", **NEED), business("budi", **NEED), order("o1"))
    # Who registers after a closing has opened again.
    assert [e["subject"] for e in said(n, "order.offered")] == [key("budi")]
    assert [e["subject"] for e in said(n, "loan.referred")] == [key("budi")]
    assert n.rows("""SELECT registered_on::text, closed_on::text FROM jejaring.business
                     ORDER BY closed_on""") == \
        [("2019-09-01", "2019-06-01"), ("2019-09-01", "2019-12-01")]
    assert n.rows("""SELECT status FROM jejaring.standing s JOIN jejaring.business b USING (person)
                     ORDER BY closed_on""") == [("self_employed",), ("unemployed",)]


def test_an_order_completed_before_it_is_placed_is_offered_to_nobody(office):
    n = office("cooperative")
    publish(n, business("ani"), say("order.completed", "o1", "2020-02-01", order=key("o1"),
                                    value=500000, person=key("ani")))
    publish(n, order("o1"), order("o2"))
    assert [e["data"]["order"] for e in said(n, "order.offered")] == [key("o2")]
    assert n.rows("""SELECT value, completed_value FROM jejaring.service_order
                     WHERE completed_on IS NOT NULL""") == [(500000, 500000)]


def test_a_loan_repaid_before_it_was_paid_out_is_history(office):
    n = office("capital")
    publish(n, graduate("ani", consent=CONSENT),
            loan("repaid", "ani", "2019-08-20", collectability=5, amount=100000))
    publish(n, loan("disbursed", "ani", "2019-08-01"), business("ani", **NEED))
    assert said(n, "loan.referred") == []  # who does not repay is referred nowhere
    assert n.rows("""SELECT l.disbursed_amount, r.amount FROM jejaring.loan l
                     JOIN jejaring.loan_repayment r USING (person, loan)""") == [(5000000, 100000)]


@pytest.mark.parametrize("value", [-500000, 0])
def test_an_amount_of_nothing_or_less_is_refused(office, value):
    n = office("cooperative", "capital")
    wrong = [order("o1", value=value), loan("disbursed", "ani", "2019-08-01", amount=value),
             business("ani", needs_capital=True, amount_needed=value)]
    _, result, _ = n.request("PUBLISH", {}, [graduate("ani", consent=CONSENT), *wrong])
    assert (result["accepted"], len(result["rejected"])) == (1, 3)
    assert {(r["code"], r["field"]) for r in result["rejected"]} == \
        {("invalid", "/data/value"), ("invalid", "/data/amount"), ("invalid", "/data/amount_needed")}
    assert n.request("STATUS")[1]["quarantine"]["kept"] == 3
    n.wait(lambda: n.rows("SELECT count(*) FROM jejaring.event") == [(1,)], "the graduate")
    assert said(n, "order.offered") == said(n, "loan.referred") == []
    assert n.rows("""SELECT (SELECT count(*) FROM jejaring.service_order),
                            (SELECT count(*) FROM jejaring.loan),
                            (SELECT count(*) FROM jejaring.business)""") == [(0, 0, 0)]


def test_a_negative_amount_in_a_file_comes_back_with_the_reason(office):
    n = office("cooperative", cooperative={"inbox": "inbox"})
    folder = n.folder / "inbox" / "order.placed"
    n.wait(folder.is_dir, "the inbox")
    (n.folder / "orders.csv").write_text(
        "Kode Pesanan;Tanggal Pesanan;OPD;Jasa;Nilai\r\n"
        "SPK-1;2020-01-06;Dinas Kesehatan;Servis AC;750000\r\n"
        "SPK-2;2020-01-06;Dinas Kesehatan;Servis AC;-750000\r\n")
    (n.folder / "orders.csv").rename(folder / "orders.csv")
    found = n.wait(lambda: list((n.folder / "inbox").rglob("rejected/**/*.csv")), "the rejected row")
    text = found[0].read_text("utf-8-sig")
    assert "SPK-2" in text and "SPK-1" not in text
    assert "Nilai: tidak boleh kurang dari 1" in text
    n.wait(lambda: n.rows("SELECT count(*) FROM jejaring.service_order") == [(1,)], "the good row")
    assert n.rows("SELECT service, value FROM jejaring.service_order") == [("servis-ac", 750000)]


def test_a_batch_closed_twice_selects_once_and_counts_with_its_latest_text(office):
    n = office("blk")
    publish(n, graduate("ani"), certified("ani"), batch_closed())
    data = {**batch_closed()["data"], "graduates": 15}
    del data["date"]
    publish(n, say("batch.closed", "angkatan", "2019-09-15", **data))
    publish(n, batch_closed())  # the first once more: known already
    assert [(e["subject"], e["data"]["rank"]) for e in said(n, "incubation.selected")] == \
        [(key("ani"), 1)]
    assert n.rows("SELECT graduates, closed_on::text FROM jejaring.batch") == [(15, "2019-09-15")]
    assert n.rows("SELECT count(*) FROM jejaring.incubation") == [(1,)]
