"""The story of the sample data in tables: courses and their outcomes, employers, vacancies.

The figures are those that the agencies of Kota Pekalongan published: of the alumni of 2018 76 %
work, in a job or a business of their own; 227 persons took part in batches II and III of 2019; of
the alumni of 2020 42.1 % were employed. The persons and the employers are made up.
"""

from collections import namedtuple
from datetime import date

# What a course's members end up as, in the order of the numbers in COURSES:
# placed by a partner company, placed at the retailer, a job told by survey (formal, informal),
# self-employed, traced and not working, never heard of.
FATES = ("placed", "retail", "formal", "informal", "self", "idle", "silent")

_COURSES = """
33.75 2018 I   2018-04-20 apbn menjahit                   P  4 0 5 1 4 2 1
33.75 2018 I   2018-04-20 apbd mekanik-sepeda-motor       L  4 0 3 2 5 2 1
33.75 2018 I   2018-04-25 apbn las-smaw-3g                L  0 0 1 9 3 2 2
33.75 2018 I   2018-04-25 apbd instalasi-listrik          L  0 0 5 3 4 2 3
33.75 2018 I   2018-04-27 apbd pastry-bakery              P  1 0 1 1 10 2 2
33.75 2018 II  2018-07-27 apbd tata-kecantikan-rambut     P  0 0 1 2 9 3 2
33.75 2018 II  2018-07-27 apbn mekanik-mobil              L  0 0 7 3 3 2 2
33.75 2018 II  2018-07-30 apbn operator-komputer          PL 2 0 8 0 1 3 3
33.75 2018 II  2018-07-30 apbd menjahit                   P  4 0 5 1 4 1 2
33.75 2018 II  2018-07-31 apbn perhotelan                 PL 5 0 7 0 1 2 2
33.75 2018 III 2018-10-26 apbn mekanik-sepeda-motor       L  4 0 2 2 5 1 2
33.75 2018 III 2018-10-26 apbd desain-grafis              PL 0 0 6 2 4 2 2
33.75 2018 III 2018-10-29 apbd tata-rias                  P  0 0 0 2 10 2 2
33.75 2018 III 2018-10-29 apbn tata-boga                  PL 2 0 4 1 5 2 2
33.75 2018 III 2018-10-31 apbn servis-ac                  L  0 0 6 2 4 2 2
33.75 2019 II  2019-07-26 apbd instalasi-listrik          L  0 0 3 2 2 5 5
33.75 2019 II  2019-07-26 apbn mekanik-sepeda-motor       L  5 0 1 1 3 4 3
33.75 2019 II  2019-07-29 apbn las-smaw-3g                L  0 0 0 7 1 4 4
33.75 2019 II  2019-07-29 apbd tata-kecantikan-rambut     P  0 0 1 1 5 4 5
33.75 2019 II  2019-07-30 apbn mekanik-mobil              L  0 0 3 2 1 5 5
33.75 2019 II  2019-07-30 apbd pastry-bakery              P  1 0 1 0 7 3 4
33.75 2019 II  2019-07-31 apbn menjahit                   P  6 0 2 0 3 3 3
33.75 2019 II  2019-07-31 apbd desain-grafis              PL 0 0 3 1 3 4 5
33.75 2019 III 2019-10-28 apbd mengemudi                  L  0 0 4 2 1 4 5
33.75 2019 III 2019-10-28 apbn operator-komputer          PL 1 0 5 0 0 5 5
33.75 2019 III 2019-10-29 apbn operator-mesin-bubut       L  0 0 3 2 1 5 5
33.75 2019 III 2019-10-29 apbd tata-rias                  P  0 0 0 1 6 4 5
33.75 2019 III 2019-10-30 apbd pengolahan-hasil-pertanian PL 0 0 1 1 4 5 5
33.75 2019 III 2019-10-30 apbn teknisi-telepon-seluler    L  0 0 2 1 2 6 5
33.75 2020 I   2020-03-12 apbd mekanik-sepeda-motor       L  12 1 0 0 0 2 2
33.75 2020 I   2020-03-12 apbn menjahit                   P  10 1 0 0 1 2 3
33.75 2020 I   2020-03-13 apbn perhotelan                 PL 9 0 0 0 0 3 5
33.75 2020 I   2020-03-13 apbd pastry-bakery              P  3 0 0 0 4 4 5
33.75 2020 I   2020-03-13 apbd instalasi-listrik          L  0 1 2 1 0 5 7
33.75 2020 II  2020-08-27 apbd mekanik-sepeda-motor       L  12 0 0 0 0 2 3
33.75 2020 II  2020-08-27 apbn menjahit                   P  10 0 0 0 1 2 3
33.75 2020 II  2020-08-28 apbn perhotelan                 PL 8 0 0 0 0 3 5
33.75 2020 II  2020-08-28 apbn las-smaw-3g                L  0 1 0 5 0 4 6
33.75 2020 II  2020-08-28 apbn operator-komputer          PL 0 1 2 0 0 5 8
33.75 2020 III 2020-11-26 apbn menjahit                   P  8 0 1 0 0 3 4
33.75 2020 III 2020-11-26 apbd tata-boga                  PL 2 0 1 0 2 4 7
33.75 2020 III 2020-11-27 apbd desain-grafis              PL 0 1 3 0 0 5 7
33.75 2020 III 2020-11-27 apbd tata-rias                  P  0 0 0 1 5 4 6
15.07 2019 I   2019-06-14 apbn pengolahan-hasil-pertanian PL 0 0 1 3 3 4 5
15.07 2019 I   2019-06-14 apbd mekanik-sepeda-motor       L  2 0 2 2 2 4 4
15.07 2020 I   2020-09-18 apbn menjahit                   P  0 0 2 1 3 4 6
35.22 2019 I   2019-08-16 apbd las-smaw-3g                L  3 0 0 5 1 3 4
35.22 2019 I   2019-08-16 apbd tata-boga                  PL 0 0 2 1 4 4 5
35.22 2020 I   2020-10-09 apbn mekanik-sepeda-motor       L  4 0 2 1 3 3 3
35.22 2020 I   2020-10-09 apbd mebel                      L  0 0 3 3 3 3 4
"""

PROGRAMS = {
    "menjahit": "Menjahit Pakaian Wanita dan Anak",
    "mekanik-sepeda-motor": "Mekanik Junior Sepeda Motor",
    "las-smaw-3g": "Plate Welder SMAW 3G-UP/PF",
    "instalasi-listrik": "Pemasangan Instalasi Listrik Bangunan Sederhana",
    "pastry-bakery": "Pembuatan Roti dan Kue",
    "tata-kecantikan-rambut": "Penata Rambut Junior",
    "mekanik-mobil": "Pemeliharaan Kendaraan Ringan",
    "operator-komputer": "Practical Office Advance",
    "perhotelan": "Room Attendant dan Front Office",
    "desain-grafis": "Desainer Grafis Muda",
    "tata-rias": "Tata Rias Pengantin",
    "tata-boga": "Cook Helper",
    "servis-ac": "Teknisi Refrigerasi Domestik",
    "mengemudi": "Mengemudi Mobil Penumpang",
    "operator-mesin-bubut": "Pengoperasian Mesin Bubut",
    "pengolahan-hasil-pertanian": "Pengolahan Hasil Pertanian",
    "teknisi-telepon-seluler": "Perbaikan Telepon Seluler",
    "mebel": "Pembuatan Mebel",
}

Course = namedtuple("Course", "region year batch date funding vocation sexes fates")
Employer = namedtuple("Employer", "name sector region")

EMPLOYERS = [
    Employer(name, sector, region)
    for sector, region, names in (
        ("motor", "33.75", "Bengkel Motor Sumber Rejeki|Bengkel Motor Jaya Abadi|Mitra Motor Tirto"
         "|Bengkel Pantura Motor|Karya Motor Kauman|Bengkel Motor Langgeng"),
        ("hotel", "33.75", "Hotel Samudra Kencana|Hotel Grha Pesisir|Hotel Taman Kusuma"
         "|Penginapan Jlamprang"),
        ("garment", "33.75", "PT Garmen Pesisir Makmur|CV Busana Nusa Indah|Konveksi Setia Kawan"
         "|PT Sandang Kalimas|UD Jahit Berkah|CV Batik Sekar Laras"),
        ("retail", "33.75", "PT Swalayan Serba Ada Nusantara"),
        ("motor", "15.07", "Bengkel Sabak Motor"),
        ("motor", "35.22", "Bengkel Rajekwesi Motor"),
        ("welding", "35.22", "CV Las Bengawan"),
    )
    for name in names.split("|")
]
SECTORS = {
    "mekanik-sepeda-motor": "motor",
    "menjahit": "garment",
    "perhotelan": "hotel",
    "tata-boga": "hotel",
    "pastry-bakery": "hotel",
    "operator-komputer": "garment",
    "las-smaw-3g": "welding",
}
SECTOR_VOCATIONS = {
    "motor": ("mekanik-sepeda-motor",),
    "garment": ("menjahit",),
    "hotel": ("perhotelan", "tata-boga", "pastry-bakery"),
    "welding": ("las-smaw-3g",),
    "retail": (),
}
TITLES = {
    "motor": "Mekanik Sepeda Motor",
    "garment": "Operator Jahit",
    "hotel": "Staf Hotel",
    "welding": "Juru Las",
    "retail": "Pramuniaga",
}
REQUIREMENTS = {
    "motor": "Usia maks. 35 tahun; bersertifikat lebih disukai",
    "garment": "Bisa menjahit cepat; bersedia lembur",
    "hotel": "Ramah, rapi; bersedia kerja gilir",
    "welding": "Bersertifikat SMAW 3G",
    "retail": "Semua kejuruan; bersedia ditempatkan di semua toko",
}
# Vacancies of 2021, all of whose seats are still free: for the matching.
FREE_SEATS = (
    ("PT Garmen Pesisir Makmur", 6, ("menjahit",), ""),
    ("CV Busana Nusa Indah", 3, ("menjahit",), "friendly"),
    ("Hotel Grha Pesisir", 4, ("perhotelan", "tata-boga"), ""),
    ("Bengkel Pantura Motor", 3, ("mekanik-sepeda-motor",), ""),
    ("Hotel Taman Kusuma", 2, ("pastry-bakery",), "internship"),
    ("PT Swalayan Serba Ada Nusantara", 5, (), "friendly"),
    ("Bengkel Sabak Motor", 2, ("mekanik-sepeda-motor",), ""),
    ("CV Las Bengawan", 3, ("las-smaw-3g",), ""),
)


def courses():
    for line in _COURSES.strip().splitlines():
        region, year, batch, day, funding, vocation, sexes, *counts = line.split()
        fates = dict(zip(FATES, map(int, counts), strict=True))
        when = date.fromisoformat(day)
        yield Course(region, int(year), batch, when, funding, vocation, sexes, fates)
