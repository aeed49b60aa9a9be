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

# Of the list of types in define-10-project.sql: type, table, half, key, facts.
FACT = re.compile(r"\('(\w+\.\w+)', '(\w+)', '(\w*)', '([^']*)',\s+(?:'([^']*)'|(\w+))\)")
CONSTANT = re.compile(r"(\w+) CONSTANT text := \$\$(.*?)\$\$", re.DOTALL)
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


def facts():
    """(table, type, {column: member that it holds}) of each type."""
    text = (HERE / "warehouse" / "define-10-project.sql").read_text(encoding="utf-8")
    constants = dict(CONSTANT.findall(text))
    for type_, table, _, key, told, constant in FACT.findall(text):
        items = re.split(r",\s+(?![^()]*\))", f"{key}, {told or constants[constant]}")
        columns = {}
        for item in items:
            column, path, _ = re.fullmatch(r"(\w+)(?: = ([\w.]+)| := (.+))?", item).groups()
            columns[column] = path or ("date" if column.endswith("_on") else column)
        yield table, type_, columns


def title_of(type_, path):
    member = schema(type_)
    for part in path.split("."):
        member = member.get("properties", {}).get(part, {})
    return member.get("title")


def quoted(text):
    return text.replace("'", "''")


def statements():
    tables = {}  # {table: ({title of a type: None}, {column: title})}
    for table, type_, columns in facts():
        types, titles = tables.setdefault(table, ({}, {}))
        types[schema(type_)["title"]] = None
        for column, path in columns.items():
            titles[column] = titles.get(column) or title_of(type_, path)
    lines = []
    known = comments()
    for table, (types, titles) in tables.items():
        lines.append(f"COMMENT ON TABLE {table} IS '{quoted('; '.join(types))}. {known[table, None]}';")
        for (of, column), comment in known.items():
            title = titles.get(column) if of == table else None
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
