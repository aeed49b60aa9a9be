"""What became of each graduate: persons with their evidence, and vacancies with their takers.

A person's status is the latest evidence: a placement until it ends, or the answer to a survey.
"""

from collections import namedtuple
from dataclasses import dataclass, field
from datetime import date, timedelta

from people import Dice, People
from story import EMPLOYERS, FATES, FREE_SEATS, SECTOR_VOCATIONS, SECTORS, courses

SEED = 3375

# kind: survey, started or ended; status: of the survey; work: BPS status in employment
Evidence = namedtuple(
    "Evidence",
    "date kind status work employer vacancy internship wave reason",
    defaults=("", "", "", "", False, "", ""),
)


@dataclass
class Vacancy:
    code: str
    employer: object  # story.Employer
    opened: date
    headcount: int = 0
    valid_until: object = ""
    vocations: tuple = ()
    kind: str = ""  # "", "internship" or "friendly" (to persons with a disability)
    taken: int = 0

    @property
    def free(self):
        return 0 if self.valid_until else self.headcount - self.taken


@dataclass
class Story:
    persons: list = field(default_factory=list)
    vacancies: list = field(default_factory=list)


class Seats:
    """The partner companies, who take graduates in turn; in 2020 each by a vacancy."""

    def __init__(self):
        self.vacancies = {}
        self._turns = {}
        for number, e in enumerate(EMPLOYERS, 1):
            self.vacancies[e.name] = Vacancy(
                code=f"LWK-2020-{number:03d}",
                employer=e,
                opened=date(2020, 2, 3 + number),
                vocations=SECTOR_VOCATIONS[e.sector],
            )

    def partners(self, course):
        sector = SECTORS.get(course.vocation)
        return [e.name for e in EMPLOYERS if (e.sector, e.region) == (sector, course.region)]

    def take(self, course, retail=False):
        """(employer, code of the vacancy or "") of the next seat for a member of that course."""
        names = self.partners(course)
        if retail:
            names = [e.name for e in EMPLOYERS if e.sector == "retail"]
        turn = (names[0], course.year)
        self._turns[turn] = self._turns.get(turn, -1) + 1
        name = names[self._turns[turn] % len(names)]
        if course.year != 2020:
            return name, ""
        self.vacancies[name].taken += 1
        return name, self.vacancies[name].code

    def settle(self):
        """Every third vacancy had more seats than takers and ran out of time; the rest are full."""
        for number, vacancy in enumerate(self.vacancies.values()):
            vacancy.headcount = vacancy.taken
            if number % 3 == 2 or not vacancy.taken:
                vacancy.headcount += 2
                vacancy.valid_until = date(2021, 3, 31)


class Fates:
    """Writes a person's evidence so that the latest of it is the given fate."""

    def __init__(self, dice, seats):
        self._dice = dice
        self._seats = seats

    def write(self, person, fate):
        getattr(self, "_" + fate)(person)
        days = [e.date for e in person.evidence]
        if len(set(days)) != len(days):
            raise ValueError("two pieces of evidence on one day: which is the latest?")

    def _silent(self, person):
        """Never heard of."""

    def _placed(self, person, retail=False):
        employer, vacancy = self._seats.take(person.course, retail)
        start = self._after(person.course.date, 20, 110)
        person.evidence.append(Evidence(start, "started", "", "employee", employer, vacancy))
        if self._dice.chance(0.2):
            self._survey(person, 12, "employed", "employee")

    def _retail(self, person):
        self._placed(person, retail=True)

    def _formal(self, person):
        if self._dice.chance(0.15):
            self._internship(person)
        elif self._dice.chance(0.3):
            self._survey(person, 6, "unemployed")
        self._survey(person, 12, "employed", "employee")

    def _informal(self, person):
        farming = person.course.vocation == "pengolahan-hasil-pertanian"
        work = "casual_agriculture" if farming else "casual_non_agriculture"
        if self._dice.chance(0.1):
            work = "unpaid"
        self._survey(person, self._dice.choice([6, 12]), "employed", work)

    def _self(self, person):
        if self._dice.chance(0.25):
            self._survey(person, 6, self._dice.choice(["unemployed", "studying"]))
        kinds = ["own_account"] * 6 + ["own_account_assisted"] * 3 + ["employer"]
        self._survey(person, 12, "self_employed", self._dice.choice(kinds))

    def _idle(self, person):
        """Traced and not working: most say so, a few had a job that ended."""
        if self._seats.partners(person.course) and self._dice.chance(0.2):
            self._job_that_ended(person)
            return
        result = self._dice.choice(["unemployed"] * 7 + ["studying"] * 2 + ["not_seeking"])
        self._survey(person, self._dice.choice([6, 12]), result)

    def _job_that_ended(self, person):
        employer, vacancy = self._seats.take(person.course)
        start = self._after(person.course.date, 20, 110)
        end = self._after(start, 60, 150)
        reason = self._dice.choice(["finished", "resigned", "dismissed"])
        person.evidence += [
            Evidence(start, "started", "", "employee", employer, vacancy),
            Evidence(end, "ended", "", "", employer, vacancy, reason=reason),
        ]

    def _internship(self, person):
        start = self._after(person.course.date, 10, 30)
        end = start + timedelta(days=90)
        firm = "Mitra Magang BLK"
        person.evidence += [
            Evidence(start, "started", "", "", firm, internship=True),
            Evidence(end, "ended", "", "", firm, internship=True, reason="finished"),
        ]

    def _survey(self, person, months, result, work=""):
        """A tracer survey so many months after graduation. Two waves never share a day."""
        when = self._after(person.course.date, months * 30 + 2, months * 30 + 24)
        place = {"self_employed": "Usaha sendiri"}.get(result, "")
        if result == "employed":
            place = self._dice.choice(["Usaha kecil setempat", "Toko di kota", "Pabrik luar kota"])
            if work == "casual_non_agriculture" and person.course.vocation == "las-smaw-3g":
                place = "Bengkel las kecil"
        person.evidence.append(Evidence(when, "survey", result, work, place, wave=f"{months}m"))

    def _after(self, start, low, high):
        return start + timedelta(days=self._dice.between(low, high))


def tell():
    """The whole story. The same on every call."""
    dice = Dice(SEED)
    people = People(dice)
    seats = Seats()
    lives = Fates(dice, seats)
    story = Story()
    for course in courses():
        fates = [fate for fate in FATES for _ in range(course.fates[fate])]
        dice.shuffle(fates)
        for number, fate in enumerate(fates):
            sex = course.sexes[number % len(course.sexes)]
            person = people.make(course.region, sex, course.year, curly=course.region == "15.07")
            person.course = course
            _wishes(dice, person, fate)
            lives.write(person, fate)
            story.persons.append(person)
    seats.settle()
    story.vacancies = list(seats.vacancies.values()) + _free_vacancies()
    return story


def spare_persons(count, region, year):
    """Persons for rows that will be refused: drawn apart, so that they change nobody else."""
    people = People(Dice(SEED + year))
    return [people.make(region, "LP"[i % 2], year) for i in range(count)]


def status(person):
    """(status, BPS status in employment) by the latest evidence; ("", "") if there is none."""
    if not person.evidence:
        return "", ""
    last = max(person.evidence, key=lambda e: e.date)
    if last.kind == "survey":
        return last.status, last.work
    return ("employed", last.work) if last.kind == "started" else ("unemployed", "")


def _wishes(dice, person, fate):
    person.intent = "self_employment" if fate == "self" else "employment"
    if dice.chance(0.08):
        person.intent = "undecided"
    if dice.chance(0.04):
        person.disability, person.needs = dice.choice([
            ("rungu", "juru bahasa isyarat"),
            ("fisik", "jalan landai; meja yang bisa diatur"),
            ("netra", "pembaca layar"),
            ("daksa", ""),
        ])
    person.consent = tuple(
        audience
        for audience, chance in (("industri", 0.6), ("koperasi", 0.3), ("bank", 0.2))
        if dice.chance(chance)
    )
    if person.disability and dice.chance(0.75):
        person.consent += ("disabilitas",)


def _free_vacancies():
    employers = {e.name: e for e in EMPLOYERS}
    return [
        Vacancy(f"LWK-2021-{number:03d}", employers[name], date(2021, 2, number), seats,
                vocations=vocations, kind=kind)
        for number, (name, seats, vocations, kind) in enumerate(FREE_SEATS, 1)
    ]
