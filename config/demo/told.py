#!/usr/bin/env python3
"""Tells what the plugins made of the files, a few lines each. Reads events as `jejaringctl fetch
--json` writes them.   told.py proposals|incubation|orders|loans < events"""

import json
import sys
from collections import defaultdict

events = defaultdict(list)
for line in sys.stdin:
    event = json.loads(line)
    events[event["type"]].append(event)


def person(event):
    """A person key, short enough for a line. Nobody's name leaves the vault."""
    return event["subject"][:8]


def rupiah(amount):
    return f"Rp {amount:,}".replace(",", ".")


def proposals():
    by_vacancy = defaultdict(list)
    for event in events["placement.proposed"]:
        by_vacancy[event["data"]["vacancy"]].append(event["data"])
    closed = {event["subject"] for event in events["vacancy.closed"]}
    total = sum(map(len, by_vacancy.values()))
    print(f"{total} proposals for {len(by_vacancy)} vacancies; {len(closed)} vacancies are closed")
    for event in events["vacancy.opened"]:
        data, found = event["data"], by_vacancy[event["subject"]]
        if event["subject"] not in closed and found:
            able = sum("competent" in one["reasons"] for one in found)
            print(f"  {data['employer']}, {data['title']}: {data['headcount']} seats,"
                  f" {len(found)} proposed, {able} of them certified as competent")


def incubation():
    batches = defaultdict(list)
    for event in events["incubation.selected"]:
        batches[event["cause"]].append(event)
    print(f"{len(events['incubation.selected'])} selected from {len(events['batch.closed'])} batches")
    for event in events["batch.closed"][:3]:
        data, best = event["data"], batches[event["id"]]
        best = ", ".join(f"{one['data']['rank']}. {person(one)}" for one in best)
        print(f"  {data['program']}, {data['name']}/{data['year']}: {best}")


def orders():
    offers = defaultdict(list)
    for event in events["order.offered"]:
        offers[event["data"]["order"]].append(event)
    trade = {event["subject"]: event["data"]["product"] for event in events["business.registered"]}
    for event in events["order.placed"]:
        data = event["data"]
        print(f"  {data['opd']}, {data['description']} ({rupiah(data['value'])}):")
        for offer in offers[event["subject"]]:
            print(f"    offered to {person(offer)}, {trade[offer['subject']]}"
                  f" ({', '.join(offer['data']['reasons'])})")


def loans():
    needy = [e for e in events["business.registered"] if e["data"].get("needs_capital")]
    trade = {event["data"]["business"]: event["data"]["product"] for event in needy}
    print(f"{len(needy)} businesses need capital; the owners of {len(events['loan.referred'])}"
          " let banks know")
    for event in events["loan.referred"]:
        data = event["data"]
        print(f"  {trade[data['business']]}, {rupiah(data['amount'])}: referred to {data['scheme']}"
              f" ({', '.join(data['reasons'])})")


{"proposals": proposals, "incubation": incubation, "orders": orders, "loans": loans}[sys.argv[1]]()
