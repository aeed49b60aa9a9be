"""The rules of schemas/warehouse/README.md once more, in plain Python, one person at a time: what the
SQL is compared with. Slow and simple on purpose."""

import datetime

FORMAL = {"employee": True, "employer": True}
CONFIRMED = {"employer", "cooperative", "bank", "opd"}


def day(text):
    return datetime.date.fromisoformat(text)


def months_later(date, months):
    year, month = date.year + (date.month - 1 + months) // 12, (date.month - 1 + months) % 12 + 1
    for last in (date.day, 30, 29, 28):
        try:
            return datetime.date(year, month, min(date.day, last))
        except ValueError:
            continue
    raise ValueError(date)


def name_key(name):
    return None if name is None else "".join(c for c in name.lower() if c not in " .,-_/\\&()'\"\t")


def version(event):
    return (event["time"], event["key"])


def claims_of(person, events, known_at):
    """The facts that count: of each the version known last. Orders are looked at over all persons."""
    facts = {}
    for event in events:
        data, type = event["data"], event["type"]
        if event["recordedtime"] > known_at:
            continue
        if type == "order.completed":
            pass
        elif event["subject"] != person:
            continue
        on = day(data["date"])
        claim = {"on": on, "version": version(event), "ends": False, "spell": False, "post": None,
                 "employer": None, "status": None, "formal": None, "track": "none"}
        if type == "outcome.reported":
            status = data["status"]
            work = data.get("employment_status")
            formal = FORMAL.get(work, False) if work else None
            if status == "self_employed" and formal is None:
                formal = False
            claim.update(status=status, witness="self",
                         formal=formal if status in ("employed", "self_employed") else None,
                         track={"employed": "employment", "self_employed": "business"}.get(status, "none"))
            fact = ("survey", on, event["source"])
        elif type in ("placement.started", "placement.ended"):
            post, employer = data.get("vacancy"), name_key(data.get("employer"))
            claim.update(witness="employer", track="employment", post=post, employer=employer)
            if type == "placement.ended":
                claim.update(ends=True)
                fact = ("ended", on, post, employer)
            else:
                work = data.get("employment_status")
                intern = data["kind"] == "internship"
                claim.update(spell=True, status="studying" if intern else "employed",
                             formal=None if intern else FORMAL.get(work, False) if work else True)
                fact = ("placement", event["source"], data["placement"]) if "placement" in data \
                    else ("started", on, post, employer)
        elif type == "business.registered":
            claim.update(status="self_employed", formal=False, witness="cooperative", track="business",
                         spell=True, post=data["business"])
            fact = ("registered", data["business"])
        elif type == "business.closed":
            claim.update(ends=True, witness="cooperative", track="business", post=data["business"])
            fact = ("closed", data["business"])
        elif type == "loan.disbursed":
            claim.update(status="self_employed", formal=False, witness="bank", track="business")
            loan = data.get("loan") or (data.get("business"), data["scheme"])
            fact = ("disbursed", loan, on)
        elif type == "order.completed":
            mine = data.get("person") == person
            claim.update(status="self_employed" if mine else None, formal=False if mine else None,
                         witness="opd", track="business")
            fact = ("order", event["subject"])
        else:
            continue
        if fact not in facts or facts[fact]["version"] < claim["version"]:
            facts[fact] = claim
    return [claim for claim in facts.values() if claim["status"] or claim["ends"]]


def match(start, end):
    if start["post"] and end["post"]:
        return 3 if start["post"] == end["post"] else 0
    if start["employer"] and end["employer"]:
        return 2 if start["employer"] == end["employer"] else 0
    return 1


def take_back(claims):
    """Sets `until` of each claim: the first day on which an end takes it back."""
    for claim in claims:
        claim["until"] = None
    for end in (c for c in claims if c["ends"]):
        starts = [c for c in claims if c["spell"] and c["track"] == end["track"] and c["on"] <= end["on"]]
        ranks = [(match(s, end), s["on"] < end["on"]) for s in starts if match(s, end)]
        hit = [s for s in starts if ranks and (match(s, end), s["on"] < end["on"]) == max(ranks)]
        hit += [c for c in claims if not c["spell"] and c["status"] and c["track"] == end["track"]
                and c["on"] <= end["on"]]
        for claim in hit:
            claim["until"] = min(claim["until"] or end["on"], end["on"])


def status(person, graduated_on, events, at, known_at="9999"):
    """(status, formal, witness, placed) on the day `at` after a graduation."""
    claims = claims_of(person, events, known_at)
    take_back(claims)
    seen = [c for c in claims if c["on"] <= at and
            (c["on"] >= graduated_on or (c["spell"] and (not c["until"] or c["until"] > graduated_on)))]
    placed = any(c["status"] == "employed" and c["witness"] == "employer" for c in seen)
    holding = [c for c in seen if c["status"] and (not c["until"] or c["until"] > at)]
    if holding:
        last = max(holding, key=lambda c: (c["on"], c["witness"] in CONFIRMED, c["version"]))
        return last["status"], last["formal"], last["witness"], placed
    return ("unemployed" if seen else None), None, None, placed
