"""Mixed events of every type, made from a seed: lives of graduates with all that an honest log has,
corrections, ends before starts, halves without the other half, equal times, erasures.

An event is a dict in the form of a CloudEvent. `line(event)` is what the loader's harness and the
bench read: one event a line, JSON, with `key` (the 16-byte event key in hexadecimal) added.
"""

import datetime
import hashlib
import json
import os
import pathlib
import random
import subprocess
import uuid

EPOCH = datetime.date(1970, 1, 1)
REGIONS = ["33.75", "33.26", "33.25", "15.07", "35.22"]
VOCATIONS = ["las-smaw-3g", "menjahit", "tata-rias", "roti-kue", "sepeda-motor", "desain-grafis"]
EMPLOYERS = ["PT Batik Jaya", "Bengkel Maju", "CV. Garmen Utama", "Hotel Samudra", "cv garmen utama"]
AUDIENCES = ["industry", "cooperative", "capital", "disability", "opd", "public"]
STATUSES = ["employed", "self_employed", "unemployed", "studying", "not_seeking"]
WORK = ["own_account", "own_account_assisted", "employer", "employee", "casual_non_agriculture", "unpaid"]
NAMESPACE = uuid.UUID("6b1d7d0e-1111-4a4a-8c8c-000000000001")


def key_of(time_ms, source, id):
    digest = hashlib.blake2b(f"{source}\0{id}".encode(), digest_size=16).digest()
    return (max(time_ms, 0).to_bytes(6, "big") + digest[:10]).hex()


def rfc3339(time_ms):
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=time_ms)
    return moment.isoformat(timespec="milliseconds") + "Z"


def entity(kind, code):
    return str(uuid.uuid5(NAMESPACE, f"{kind}:{code}"))


def line(event):
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False)


def simulated(folder, *words):
    """Events of `jejaringctl sim` (plausible lives in the order of time), as a hub would have stored them:
    named by person key, recorded an hour later."""
    root = pathlib.Path(__file__).resolve().parents[2]
    build = pathlib.Path(os.environ.get("B", root / "build"))
    (folder / "sim.yaml").write_text(json.dumps({"node": "uji", "region": "33", "schemas": str(root / "schemas")}))
    (folder / "person.key").write_text("07" * 32)
    (folder / "person.key").chmod(0o600)
    done = subprocess.run([build / "jejaringctl", "-c", folder / "sim.yaml", "sim", "--print", "--person-key",
                           folder / "person.key", *words], stdout=subprocess.PIPE, text=True, check=True)
    events = []
    for text in done.stdout.splitlines():
        event = json.loads(text)
        time_ms = (datetime.datetime.fromisoformat(event["time"][:-1]) - datetime.datetime(1970, 1, 1)) \
            // datetime.timedelta(milliseconds=1)
        data = event["data"]
        nik = data.pop("nik", None)
        for name in ("name", "phone"):  # of contact; businesses have names, too
            if nik:
                data.pop(name, None)
        if nik:
            digest = hashlib.blake2b(nik.encode(), key=bytes([7] * 32), digest_size=16).digest()
            event["subject"] = str(uuid.UUID(bytes=digest[:6] + bytes([digest[6] & 15 | 128, digest[7],
                                                                       digest[8] & 63 | 128]) + digest[9:]))
        event.update(recordedtime=rfc3339(time_ms + 3600000), key=key_of(time_ms, event["source"], event["id"]))
        events.append(event)
    return events


class Maker:
    """Makes events. With full=False only the types that `make bench` loads."""

    def __init__(self, seed, persons=200, first_year=2017, years=4):
        self.random = random.Random(seed)
        self.persons = [str(uuid.UUID(int=self.random.getrandbits(128), version=4))
                        for _ in range(persons)]
        self.first = (datetime.date(first_year, 1, 1) - EPOCH).days
        self.days = 365 * years
        self.count = 0
        self.vacancies = [entity("vacancy", n) for n in range(max(4, persons // 20))]
        self.orders = [entity("order", n) for n in range(max(4, persons // 20))]
        self.employer_keys = [entity("employer", n) for n in range(max(3, persons // 40))]
        self.batches = [entity("batch", n) for n in range(max(3, persons // 20))]

    # -- the envelope

    def event(self, type, subject, data, day=None, source=None, region=None, id=None, extra_ms=0,
              **attributes):
        pick = self.random
        self.count += 1
        day = self.day() if day is None else day
        time_ms = day * 86400000 + extra_ms
        source = source or pick.choice(["blk.pekalongan", "industri.jateng", "koperasi.33"])
        id = id or f"{type}-{self.count}"
        # What is recorded late was told late; now and then before its own day (plans).
        recorded = time_ms + pick.choice([3600000, 86400000 * 2, 86400000 * 40, -86400000 * 5])
        event = {"specversion": "1.0", "id": id, "source": source, "type": type,
                 "time": rfc3339(time_ms), "subject": subject, "region": region or pick.choice(REGIONS),
                 "recordedtime": rfc3339(recorded), "key": key_of(time_ms, source, id)}
        event.update(attributes)
        event["data"] = {"date": str(EPOCH + datetime.timedelta(days=day)), **data}
        return event

    def day(self):
        return self.first + self.random.randrange(self.days)

    def maybe(self, chance=0.5):
        return self.random.random() < chance

    def some(self, values, most=3):
        return self.random.sample(values, self.random.randrange(0, min(most, len(values)) + 1))

    # -- one event of a type; `person` is whom it is about

    def graduated(self, person):
        pick = self.random
        data = {"program": "Pelatihan Berbasis Kompetensi", "vocation": pick.choice(VOCATIONS),
                "batch": pick.choice(["I", "II", "III"]), "year": pick.choice([2017, 2018, 2019, 2020]),
                "funding": pick.choice(["apbn", "apbd", "other"]), "sex": pick.choice(["female", "male"]),
                "extras": self.some(["digital_marketing", "english", "soft_skills"]),
                "intent": pick.choice(["employment", "self_employment", "undecided"]),
                "birth_year": pick.randrange(1980, 2003), "education": pick.choice(["smp", "sma", "smk"])}
        if self.maybe(0.1):
            data["disability"] = {"category": "physical", "needs": self.some(["ramp", "kursi roda"])}
        if self.maybe():
            data["consent"] = self.some(AUDIENCES)
        return self.event("alumni.graduated", person, data)

    def certified(self, person):
        data = {"scheme": self.random.choice(["Las SMAW 3G", "Menjahit"]),
                "result": self.random.choice(["competent", "not_yet"]), "score": self.random.randrange(40, 101),
                "valid_until": "2025-01-31", "lsp": "LSP P2"}
        return self.event("alumni.certified", person, data)

    def outcome(self, person):
        status = self.random.choice(STATUSES)
        data = {"status": status, "method": "whatsapp", "wave": self.random.choice(["1m", "6m", "12m"])}
        if status in ("employed", "self_employed") and self.maybe(0.7):
            data["employment_status"] = self.random.choice(WORK)
        return self.event("outcome.reported", person, data)

    def placement(self, person):
        kind = self.random.choice(["employment", "employment", "internship"])
        data = {"employer": self.random.choice(EMPLOYERS), "kind": kind}
        if self.maybe():
            data["vacancy"] = self.random.choice(self.vacancies)
        if self.maybe(0.3):
            data["placement"] = f"P{self.random.randrange(30)}"
        if kind == "internship":
            data["agreement_ref"] = "PKS/1"
        elif self.maybe(0.4):
            data["employment_status"] = self.random.choice(WORK)
        return self.event("placement.started", person, data)

    def placement_ended(self, person):
        data = {"reason": self.random.choice(["finished", "resigned", "dismissed"])}
        if self.maybe():
            data["vacancy"] = self.random.choice(self.vacancies)
        if self.maybe():
            data["employer"] = self.random.choice(EMPLOYERS)
        return self.event("placement.ended", person, data)

    def proposed(self, person):
        return self.event("placement.proposed", person, {
            "vacancy": self.random.choice(self.vacancies), "rank": self.random.randrange(1, 5),
            "reasons": ["competent", "same_region"]})

    def application(self, person):
        return self.event("application.submitted", person, {"vacancy": self.random.choice(self.vacancies)})

    def business(self, person):
        data = {"business": entity("business", person[:6] + str(self.random.randrange(2))),
                "name": "Roti \"Enak\" \\ 'Sedap'\t√", "kbli": "10710", "kbli_version": 2020,
                "needs_capital": self.maybe(), "amount_needed": self.random.randrange(1, 50) * 1000000}
        return self.event("business.registered", person, data)

    def business_closed(self, person):
        return self.event("business.closed", person, {
            "business": entity("business", person[:6] + str(self.random.randrange(2))), "reason": "pindah"})

    def membership(self, person):
        type = self.random.choice(["cooperative.joined", "cooperative.left"])
        return self.event(type, person, {"cooperative": entity("cooperative", self.random.randrange(3)),
                                         "name": "Koperasi Sejahtera"})

    def mentoring(self, person):
        return self.event("mentoring.provided", person, {
            "topic": self.random.choice(["technical", "capital"]), "hours": self.random.choice([1, 1.5, 2])})

    def loan(self, person):
        step = self.random.choice(["referred", "applied", "decided", "disbursed", "repaid"])
        data = {"scheme": self.random.choice(["kur_super_mikro", "kur_mikro"]),
                "amount": self.random.randrange(1, 90) * 500000}
        if step == "referred" or self.maybe():
            data["business"] = entity("business", person[:6] + str(self.random.randrange(2)))
        if step != "referred" and self.maybe():
            data["loan"] = entity("loan", person[:6])
        if step == "referred":
            data["reasons"] = ["amount"]
        if step == "decided":
            data["decision"] = self.random.choice(["approved", "refused"])
        if step == "repaid":
            data["collectability"] = self.random.randrange(1, 6)
        return self.event(f"loan.{step}", person, data)

    def accommodation(self, person):
        type = self.random.choice(["accommodation.assessed", "accommodation.provided"])
        return self.event(type, person, {"category": self.random.choice(["mobility", "vision"]),
                                         "needs": self.some(["ramp", "braille"])})

    def referral(self, person):
        return self.event("referral.made", person, {"to": "ULD Jawa Tengah", "purpose": "assessment"})

    def incubation(self, person):
        return self.event("incubation.selected", person, {
            "vocation": self.random.choice(VOCATIONS), "batch": "II", "year": 2019,
            "rank": self.random.randrange(1, 4), "funder": "APBD"})

    def consent(self, person):
        type = self.random.choice(["consent.granted", "consent.withdrawn"])
        return self.event(type, person, {"audiences": self.random.sample(AUDIENCES, 2)})

    def offered(self, person):
        return self.event("order.offered", person, {"order": self.random.choice(self.orders),
                                                    "rank": self.random.randrange(1, 4), "reasons": ["rotation"]})

    def order(self, person):
        order = self.random.choice(self.orders)
        if self.maybe(0.4):
            return self.event("order.placed", order, {
                "order": order, "opd": "Dinas Pendidikan", "service": "roti-kue", "value": 5000000,
                "needed_by": "2020-01-31"})
        data = {"order": order, "value": self.random.randrange(1, 9) * 1000000}
        if self.maybe(0.9):
            data["person"] = person
        return self.event("order.completed", order, data)

    def vacancy(self, _):
        vacancy = self.random.choice(self.vacancies)
        if self.maybe(0.4):
            return self.event("vacancy.closed", vacancy, {
                "vacancy": vacancy, "reason": self.random.choice(["filled", "expired", "withdrawn"])})
        data = {"vacancy": vacancy, "employer": self.random.choice(EMPLOYERS), "title": "Penjahit",
                "headcount": self.random.randrange(1, 9), "kind": "employment",
                "vocations": self.some(VOCATIONS), "wage": {"min": 2000000, "max": 3000000}}
        return self.event("vacancy.opened", vacancy, data)

    def batch(self, _):
        batch = self.random.choice(self.batches)
        return self.event("batch.closed", batch, {
            "batch": batch, "name": "II", "program": "PBK", "vocation": self.random.choice(VOCATIONS),
            "year": 2019, "participants": 16, "graduates": self.random.randrange(10, 17)})

    def quota(self, _):
        employer = self.random.choice(self.employer_keys)
        day = self.first + self.random.randrange(10)
        data = {"employer": employer, "employer_name": "PT Batik Jaya", "ownership": "private"}
        if self.maybe():
            return self.event("quota.reported", employer, {**data, "headcount": 200, "disabled_headcount": 1},
                              day=day)
        return self.event("quota.shortfall", employer, {**data, "required": 2, "employed": 1, "shortfall": 1},
                          day=day)

    def erased(self, person):
        return self.event("person.erased", person, {})

    def correction(self, event):
        """The same id, a little later, with the word of another event of the same kind."""
        other = dict(event)
        data = dict(event["data"])
        for name, values in (("status", STATUSES), ("funding", ["apbn", "apbd"]), ("rank", [1, 2]),
                             ("result", ["competent", "not_yet"]), ("employer", EMPLOYERS),
                             ("person", self.persons)):
            if name in data and event["type"] != "quota.reported" and event["type"] != "quota.shortfall":
                data[name] = self.random.choice(values)
        moment = datetime.datetime.fromisoformat(event["time"][:-1]) - datetime.datetime(1970, 1, 1)
        time_ms = moment // datetime.timedelta(milliseconds=1) + self.random.randrange(1, 4)
        other.update(time=rfc3339(time_ms), key=key_of(time_ms, event["source"], event["id"]), data=data)
        if self.maybe(0.2):
            other["region"] = self.random.choice(REGIONS)
        return other

    def mixed(self, count, erasures=3):
        """count events of all types, corrections among them."""
        weighted = [(self.graduated, 20), (self.outcome, 20), (self.placement, 12), (self.placement_ended, 6),
                    (self.business, 5), (self.business_closed, 3), (self.certified, 5), (self.proposed, 3),
                    (self.application, 3), (self.membership, 3), (self.mentoring, 3), (self.loan, 6),
                    (self.accommodation, 2), (self.referral, 2), (self.incubation, 2), (self.consent, 4),
                    (self.offered, 2), (self.order, 4), (self.vacancy, 3), (self.batch, 2), (self.quota, 2)]
        makers = [maker for maker, _ in weighted]
        weights = [weight for _, weight in weighted]
        made = []
        while len(made) < count - erasures:
            person = self.random.choice(self.persons)
            event = self.random.choices(makers, weights)[0](person)
            made.append(event)
            if self.maybe(0.1):
                made.append(self.correction(event))
        made += [self.erased(self.random.choice(self.persons)) for _ in range(erasures)]
        return made
