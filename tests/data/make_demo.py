#!/usr/bin/env python3
"""Makes the sample agencies' files and what a test may expect of them.

    make_demo.py [--inbox DIR] [--expected FILE]     writes them
    make_demo.py --check                             exit 1 if the committed ones differ

The files go to config/demo/inbox/<plugin>/<event type>/, the expectations to expected.json beside
this script. The same bytes come out of every run.
"""

import argparse
import json
import sys
from pathlib import Path

import lives
import sheets_blk
import sheets_cooperative
import sheets_industry
from cells import CITY, ROOT, choose
from office import render

HERE = Path(__file__).resolve().parent


def cohort(persons):
    """The figures of one region and year, as the absorption report must show them."""
    states = [lives.status(p) for p in persons]
    employed = sum(s == "employed" for s, _ in states)
    self_employed = sum(s == "self_employed" for s, _ in states)
    working = [work for s, work in states if s in ("employed", "self_employed")]
    formal = sum(work in ("employer", "employee") for work in working)
    traced = sum(s != "" for s, _ in states)
    latest = [max(p.evidence, key=lambda e: e.date) for p in persons if p.evidence]
    kinds = [{e.kind for e in p.evidence} for p in persons]
    return {
        "graduates": len(persons),
        "traced": traced,
        "employed": employed,
        "self_employed": self_employed,
        "working": len(working),
        "formal": formal,
        "informal": len(working) - formal,
        "placed": sum("started" in k and "ended" not in k for k in kinds),
        "latest_evidence_is_placement": sum(e.kind == "started" for e in latest),
        "rate": round(len(working) / len(persons), 4),
        "employed_rate": round(employed / len(persons), 4),
    }


def candidates(story, vacancy):
    """Graduates whom the matching may propose: consenting, of the skill and region, not at work."""
    return sum(
        "industri" in p.consent
        and p.course.region == vacancy.employer.region
        and (not vacancy.vocations or p.course.vocation in vacancy.vocations)
        and lives.status(p)[0] not in ("employed", "self_employed")
        for p in story.persons
    )


def expectations(story, about):
    regions = {}
    for region in (CITY, "15.07", "35.22"):
        years = sorted({p.course.year for p in story.persons if p.course.region == region})
        regions[region] = {
            str(year): cohort(choose(story.persons, [region], [year])) for year in years
        }
    return {
        "made_by": "tests/data/make_demo.py",
        "regions": regions,
        "good": sum(file["good"] for file in about),
        "broken": sum(file["broken"] for file in about),
        "files": about,
        "free_vacancies": [
            {"code": v.code, "region": v.employer.region, "free": v.free,
             "candidates": candidates(story, v)}
            for v in story.vacancies if v.free
        ],
    }


def make():
    """({path below the inbox: bytes}, text of expected.json)"""
    story = lives.tell()
    files, about = {}, []
    sheets = [sheets_blk, sheets_cooperative, sheets_industry]
    for sheet in (sheet for agency in sheets for sheet in agency.sheets(story)):
        files[sheet.path], description = render(sheet)
        about.append(description)
    expected = expectations(story, about)
    city = expected["regions"][CITY]
    if city["2018"]["rate"] != 0.76 or city["2020"]["employed_rate"] != 0.4211:
        raise SystemExit("the tables in story.py no longer tell the published figures")
    if not all(v["candidates"] for v in expected["free_vacancies"]):
        raise SystemExit("a free vacancy has no candidate")
    return files, json.dumps(expected, indent=2) + "\n"


def differences(inbox, expected, files, text):
    """Names of what is missing, extra or different."""
    there = {str(p.relative_to(inbox)): p.read_bytes() for p in inbox.rglob("*.csv")}
    wrong = [name for name in files.keys() | there.keys() if files.get(name) != there.get(name)]
    if not expected.is_file() or expected.read_text(encoding="utf-8") != text:
        wrong.append(expected.name)
    return sorted(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--inbox", type=Path, default=ROOT / "config/demo/inbox")
    parser.add_argument("--expected", type=Path, default=HERE / "expected.json")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    files, text = make()
    if options.check:
        wrong = differences(options.inbox, options.expected, files, text)
        for name in wrong:
            print(f"{name}: not as make_demo.py makes it", file=sys.stderr)
        return 1 if wrong else 0
    for name, content in files.items():
        path = options.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    options.expected.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
