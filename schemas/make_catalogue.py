#!/usr/bin/python3
"""Writes what can be told from the schema files into two pages, between their markers: the catalogue
of event types into README.md, and the columns of files into PANDUAN.md, for officials. With --check
it only compares, and exits 1 if a page is out of date."""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
BEGIN, END = "<!-- catalogue: begin -->", "<!-- catalogue: end -->"
NAMES_SHOWN = 4  # other names of a column; the import knows more


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


def all_types():
    for path in sorted((HERE / "events").glob("[!_]*.json")):
        yield path.stem, json.loads(path.read_text(encoding="utf-8"))


def catalogue():
    types = list(all_types())
    lines = ["| type | what it says | said by | subject |", "|---|---|---|---|"]
    for name, schema in types:
        lines.append(f"| [`{name}`](#{name.replace('.', '')}) | {schema['title']} "
                     f"| {', '.join(schema['x-publisher'])} | {schema['x-subject']} |")
    for name, schema in types:
        lines += ["", f"#### {name}", "", schema["description"], "",
                  "| property of `data` | title | class | seen by |", "|---|---|---|---|"]
        lines += rows(schema["properties"], schema.get("required", []))
    return "\n".join(lines)


# ---- Columns of files -----------------------------------------------------------------------------


def resolved(schema, shared):
    """A schema with what its $ref points to; its own words win."""
    while "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = {**shared[name], **{key: schema[key] for key in schema if key != "$ref"}}
    return schema


def what_to_write(schema, shared):
    """In Indonesian, what a cell holds."""
    if schema.get("type") == "array":
        each = what_to_write(resolved(schema["items"], shared), shared)
        return f"satu atau beberapa, dipisah koma: {each}"
    if "enum" in schema:
        spelling = {}
        for written, meant in schema.get("x-values", {}).items():
            spelling.setdefault(meant, written)
        return " / ".join(str(spelling.get(value, value)) for value in schema["enum"])
    if schema.get("title") == "Kejuruan" or schema.get("pattern", "").startswith("^[a-z0-9]+(-"):
        return "nama kejuruan"
    return {"date": "tanggal, mis. 31/12/2019", "nik": "16 angka, sel bertipe teks",
            "region": "kode Kemendagri dengan titik, mis. 33.75",
            "uuid": "kode"}.get(schema.get("format")) or \
        {"integer": "angka", "number": "angka", "boolean": "ya / tidak"}.get(schema["type"], "teks")


def columns(properties, required, shared):
    for name, schema in properties.items():
        schema = resolved(schema, shared)
        if "properties" in schema:
            inner = schema.get("required", []) if name in required else []
            yield from columns(schema["properties"], inner, shared)
        elif schema.get("x-column"):
            title = schema["x-column"][0]
            others = ", ".join(schema["x-column"][1:1 + NAMES_SHOWN])
            yield f"| {title} | {'ya' if name in required or name == 'nik' else ''} " \
                  f"| {what_to_write(schema, shared)} | {others} |"


def guide():
    shared = json.loads((HERE / "events" / "_defs.json").read_text(encoding="utf-8"))["$defs"]
    lines = []
    offices = {"blk": "BLK", "industry": "Industri", "cooperative": "Koperasi dan UMKM",
               "capital": "Bank dan permodalan", "disability": "Unit layanan disabilitas"}
    types = sorted(all_types(), key=lambda each: list(offices).index(each[1]["x-publisher"][0]))
    office = None
    for name, schema in types:
        if office != schema["x-publisher"][0]:
            office = schema["x-publisher"][0]
            lines += [f"### {offices[office]}", ""]
        found = list(columns(schema["properties"], schema.get("required", []), shared))
        lines += [f"#### {schema['title']}", "", f"Folder: `{name}`", "",
                  "| Kolom | Wajib | Isi | Nama lain yang dikenal |", "|---|---|---|---|", *found, ""]
    return "\n".join(lines).rstrip()


def main():
    stale = []
    for name, make in (("README.md", catalogue), ("PANDUAN.md", guide)):
        path = HERE / name
        page = path.read_text(encoding="utf-8")
        head, rest = page.split(BEGIN)
        fresh = f"{head}{BEGIN}\n\n{make()}\n\n{END}{rest.split(END)[1]}"
        if fresh != page and "--check" in sys.argv:
            stale.append(name)
        elif fresh != page:
            path.write_text(fresh, encoding="utf-8")
    if stale:
        sys.exit(f"out of date in schemas/: {', '.join(stale)}; run schemas/make_catalogue.py")


main()
