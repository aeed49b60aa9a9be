#!/usr/bin/python3
"""Writes inputs for fuzz_schema to the folder given: each case of the suite of schemas, and of the
events' schemas each with an empty object."""
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
here = pathlib.Path(__file__).resolve().parents[2]
count = 0


def write(schema, value):
    global count
    text = json.dumps(schema) + "\n" + json.dumps(value)
    (folder / f"{count:04}").write_text(text)
    count += 1


for path in sorted((here / "tests/data/schema-suite").glob("*.json")):
    for group in json.loads(path.read_text()):
        for test in group.get("tests", [{"data": {"a": 1}}]):
            write(group["schema"], test["data"])
for path in sorted((here / "schemas/events").glob("*.json")):
    write(json.loads(path.read_text()), {})
print(count, "inputs")
