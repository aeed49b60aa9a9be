#!/usr/bin/python3
"""Writes the catalogue of event types into schemas/README.md, between its two markers, from the
schema files themselves. With --check it only compares, and exits 1 if the page is out of date."""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE / "README.md"
BEGIN, END = "<!-- catalogue: begin -->", "<!-- catalogue: end -->"


def who_sees(schema):
    """Audience lists of a property, the ones that need consent marked with *."""
    consent = schema.get("x-consent", False)
    if schema.get("x-vault"):
        return "vault: " + who(schema, consent)
    return who(schema, consent)


def who(schema, consent):
    names = []
    for name in schema.get("x-audience", []):
        needs = name != "owner" and (consent is True or (consent and name in consent))
        names.append(name + ("*" if needs else ""))
    return ", ".join(names) or "nobody"


def rows(properties, required, prefix=""):
    for name, schema in properties.items():
        mark = "" if name in required else "?"
        yield f"| `{prefix}{name}`{mark} | {schema.get('title', '')} | {schema.get('x-class', '-')} " \
              f"| {who_sees(schema)} |"
        if "properties" in schema:
            yield from rows(schema["properties"], schema.get("required", []), f"{prefix}{name}.")


def catalogue():
    types = []
    for path in sorted((HERE / "events").glob("[!_]*.json")):
        types.append((path.stem, json.loads(path.read_text(encoding="utf-8"))))
    lines = ["| type | what it says | said by | subject |", "|---|---|---|---|"]
    for name, schema in types:
        lines.append(f"| [`{name}`](#{name.replace('.', '')}) | {schema['title']} "
                     f"| {', '.join(schema['x-publisher'])} | {schema['x-subject']} |")
    for name, schema in types:
        lines += ["", f"#### {name}", "", schema["description"], "",
                  "| property of `data` | title | class | seen by |", "|---|---|---|---|"]
        lines += rows(schema["properties"], schema.get("required", []))
    return "\n".join(lines)


def main():
    page = PAGE.read_text(encoding="utf-8")
    head, rest = page.split(BEGIN)
    tail = rest.split(END)[1]
    fresh = f"{head}{BEGIN}\n\n{catalogue()}\n\n{END}{tail}"
    if "--check" in sys.argv:
        if fresh != page:
            sys.exit("schemas/README.md is out of date: run schemas/make_catalogue.py")
    else:
        PAGE.write_text(fresh, encoding="utf-8")


main()
