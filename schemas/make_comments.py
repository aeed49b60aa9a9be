#!/usr/bin/python3
"""Writes schemas/warehouse/define-85-titles.sql: the Indonesian titles that the schemas of the events give
their types and properties, before the comments of the tables and columns that hold them. With --check it only compares, and exits 1 if the
file is out of date."""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
FILE = HERE / "warehouse" / "define-85-titles.sql"

# Of each table: the event types whose properties its columns hold, with what the columns of a half are
# prefixed by, and the column of the event's date.
TABLES = {
    "alumni": [("alumni.graduated", "", "graduated_on")],
    "certification": [("alumni.certified", "", "certified_on")],
    "batch": [("batch.closed", "", "closed_on")],
    "incubation": [("incubation.selected", "", "selected_on")],
    "outcome": [("outcome.reported", "", "reported_on")],
    "vacancy": [("vacancy.opened", "", "opened_on"), ("vacancy.closed", "close_", "closed_on")],
    "application": [("application.submitted", "", "submitted_on")],
    "placement": [("placement.started", "", "started_on"), ("placement.proposed", "", "proposed_on"),
                  ("placement.ended", "ended_", "ended_on"), ("placement.ended", "end_", None)],
    "business": [("business.registered", "", "registered_on"), ("business.closed", "close_", "closed_on")],
    "membership": [("cooperative.joined", "", "joined_on"), ("cooperative.left", "left_", "left_on")],
    "mentoring": [("mentoring.provided", "", "provided_on")],
    "service_order": [("order.placed", "", "placed_on"), ("order.completed", "completed_", "completed_on")],
    "order_offer": [("order.offered", "", "offered_on")],
    "loan": [("loan.referred", "", "referred_on"), ("loan.referred", "referred_", None),
             ("loan.applied", "applied_", "applied_on"), ("loan.decided", "decided_", "decided_on"),
             ("loan.decided", "", None), ("loan.decided", "decision_", None),
             ("loan.disbursed", "disbursed_", "disbursed_on")],
    "loan_repayment": [("loan.repaid", "", "repaid_on")],
    "accommodation": [("accommodation.assessed", "", "assessed_on"),
                      ("accommodation.provided", "provided_", "provided_on")],
    "referral": [("referral.made", "", "made_on")],
    "quota": [("quota.reported", "", "reported_on"), ("quota.reported", "reported_", None),
              ("quota.shortfall", "", None), ("quota.shortfall", "shortfall_", None)],
}
# Columns that hold one half's version and not what the event says.
OWN = {"source", "region", "time", "event"}
HEAD = """-- The Indonesian titles that the schemas of the events give what these tables and columns hold, before the
-- comment of each. Written by schemas/make_comments.py: change the schema or the comment, and run it.

"""


def schema(name):
    return json.loads((HERE / "events" / f"{name}.json").read_text(encoding="utf-8"))


def comments():
    """{(table, column): comment} of the migrations; of a table itself with the column None."""
    found = {}
    for path in sorted((HERE / "warehouse").glob("[0-9]*.sql")):
        text = path.read_text(encoding="utf-8")
        for table, comment in re.findall(r"COMMENT ON TABLE (\w+) IS '((?:[^']|'')*)'", text):
            found[table, None] = comment
        for table, column, comment in re.findall(r"COMMENT ON COLUMN (\w+)\.(\w+) IS '((?:[^']|'')*)'", text):
            found[table, column] = comment
    return found


def title_of(table, column):
    for name, prefix, date in TABLES[table]:
        properties = schema(name)["properties"]
        if column == date:
            return properties["date"]["title"]
        part = column.removeprefix(prefix)
        if column.startswith(prefix) and part in properties and part not in OWN:
            return properties[part]["title"]
    return None


def quoted(text):
    return text.replace("'", "''")


def statements():
    lines = []
    known = comments()
    for table, types in TABLES.items():
        titles = dict.fromkeys(schema(name)["title"] for name, _, _ in types)
        lines.append(f"COMMENT ON TABLE {table} IS '{quoted('; '.join(titles))}. {known[table, None]}';")
        for (of, column), comment in known.items():
            title = title_of(table, column) if of == table and column else None
            if title and title.lower() != comment.lower():
                lines.append(f"COMMENT ON COLUMN {table}.{column} IS '{quoted(title)}. {comment}';")
        lines.append("")
    return HEAD + "\n".join(lines[:-1]) + "\n"


def main():
    fresh = statements()
    if "--check" in sys.argv:
        if not FILE.is_file() or FILE.read_text(encoding="utf-8") != fresh:
            print(f"{FILE.name} is out of date: run schemas/make_comments.py", file=sys.stderr)
            return 1
        return 0
    FILE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
