"""Synthetic people: names, addresses and valid, unique NIKs that belong to nobody.

A NIK ends in a serial that counts the births registered on one day in one district, from 0001. The
serials here begin at 9000, which no district reaches, so that no number is a real person's. The
telephone numbers begin with 0810, which is no operator's, and the e-mail domain is reserved.
"""

import random
from dataclasses import dataclass, field

MALE = """Agus Ahmad Andi Anton Arif Bagus Bambang Bayu Budi Dani Dedi Dimas Eko Fajar Farid Galih
Gilang Hadi Hendra Heru Ilham Imam Indra Irfan Joko Khoirul Lukman Mahfud Muhammad Nanang Nurul
Prasetyo Rahmat Rian Rizky Rudi Saiful Slamet Sugeng Surya Teguh Tri Untung Wahyu Wawan Yoga Yusuf
Zaenal""".split()
FEMALE = """Aisyah Anisa Ayu Dewi Diah Dian Dina Eka Endah Erna Fitri Hani Hesti Ika Indah Intan
Khotimah Kurnia Laila Lestari Lina Maya Mega Mutia Nadia Nia Novi Nur Putri Rani Ratna Retno Rina
Rini Rosita Sari Siti Sri Sulastri Suryani Tika Titik Tuti Umi Vina Wati Winda Wulan Yanti
Yuliana""".split()
LAST_MALE = """Adi Ardianto Aziz Cahyono Fauzi Firmansyah Ghofur Hakim Hidayat Ismail Kurniawan
Maulana Mubarok Nugroho Pratama Purnomo Rahman Rohman Rosyid Saputra Setiawan Sholeh Subekti
Sulistyo Susanto Susilo Syafii Wibowo Widodo Wijaya Yulianto""".split()
LAST_FEMALE = """Amalia Anggraini Apriliani Astuti Fauziah Fitriani Handayani Hapsari Hidayah
Kartika Kusumawati Lestari Maharani Mulyani Ningsih Nurjanah Oktaviani Permata Puspita Rahayu Rahmawati
Safitri Setyaningsih Susanti Susilowati Utami Wahyuni Widyastuti Wulandari""".split()
# As word processors write them: the apostrophe is U+2019, one byte in Windows-1252.
CURLY_MALE = ["Ma’ruf", "Rif’an", "Sya’roni", "Mas’ud"]
CURLY_FEMALE = ["Nur’aini", "Ma’rifah", "Rif’ah", "Jum’iyah"]

# region: districts of first registration (most of one's own regency, some of neighbours), places
HOMES = {
    "33.75": (
        ["337501", "337502", "337503", "337504", "337501", "337502", "332614", "332516"],
        ["Medono", "Podosugih", "Tirto", "Kauman", "Klego", "Krapyak", "Jenggot", "Banyurip"],
        "Pekalongan",
    ),
    "15.07": (
        ["150701", "150702", "150707", "150710"],
        ["Muara Sabak", "Nipah Panjang", "Geragai", "Rantau Rasau"],
        "Tanjung Jabung Timur",
    ),
    "35.22": (
        ["352215", "352206", "352214", "352216"],
        ["Dander", "Kapas", "Kalitidu", "Sumberrejo"],
        "Bojonegoro",
    ),
}
STREETS = ["Melati", "Kenanga", "Flamboyan", "Merak", "Bahari", "Teratai", "Cendana", "Pelita"]
SCHOOLS = ["SMK", "SMK", "SMK", "SMA", "SMA", "SMP", "SMP", "SD", "D3", "S1"]


class Dice:
    """Random choices that are the same in every version of Python.

    Only random() is promised to give the same sequence for the same seed for ever.
    """

    def __init__(self, seed):
        self._random = random.Random(seed)

    def below(self, count):
        return int(self._random.random() * count)

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def choice(self, items):
        return items[self.below(len(items))]

    def chance(self, probability):
        return self._random.random() < probability

    def shuffle(self, items):
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]


@dataclass
class Person:
    nik: str
    name: str
    sex: str  # L or P, as in the files
    birth_year: int
    education: str
    address: str
    phone: str
    email: str
    course: object = None
    intent: str = ""
    consent: tuple = ()  # of audience names in Indonesian
    disability: str = ""
    needs: str = ""
    evidence: list = field(default_factory=list)


class People:
    """Makes persons, no two with the same NIK."""

    def __init__(self, dice):
        self._dice = dice
        self._niks = set()

    def make(self, region, sex, year, curly=False):
        """A person of that region and sex who is 17 to 38 years old in that year."""
        districts, places, town = HOMES[region]
        dice = self._dice
        birth_year = year - dice.between(17, 38)
        nik = self._nik(dice.choice(districts), sex, birth_year)
        name = self._name(sex, curly)
        street = f"Jl. {dice.choice(STREETS)} No. {dice.between(1, 120)}"
        handle = "".join(c for c in name.lower() if "a" <= c <= "z")
        return Person(
            nik=nik,
            name=name,
            sex=sex,
            birth_year=birth_year,
            education=dice.choice(SCHOOLS),
            address=f"{street}, {dice.choice(places)}, {town}",
            phone=f"0810-{dice.between(1000, 9999)}-{dice.between(1000, 9999)}",
            email=f"{handle}{dice.between(10, 99)}@contoh.example",
        )

    def _name(self, sex, curly):
        dice = self._dice
        first, last, odd = MALE, LAST_MALE, CURLY_MALE
        if sex == "P":
            first, last, odd = FEMALE, LAST_FEMALE, CURLY_FEMALE
        if curly and dice.chance(0.3):
            first = odd
        return f"{dice.choice(first)} {dice.choice(last)}"

    def _nik(self, district, sex, birth_year):
        dice = self._dice
        while True:
            day = dice.between(1, 28) + (40 if sex == "P" else 0)
            birth = f"{day:02d}{dice.between(1, 12):02d}{birth_year % 100:02d}"
            nik = f"{district}{birth}{dice.between(9000, 9999)}"
            if nik not in self._niks:
                self._niks.add(nik)
                return nik
