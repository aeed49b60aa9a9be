"""The files of the cooperative agency: businesses of alumni, and orders of government offices."""

from datetime import date, timedelta

from cells import CITY, choose, fill, spread, vocation
from office import Broken, Sheet
from people import Dice

SEED = 6503
# Vocations whose self-employed have registered a business, and what they sell: (KBLI, product).
TRADES = {
    "servis-ac": ("95220", "Servis dan cuci AC"),
    "pastry-bakery": ("10710", "Roti dan kue"),
    "menjahit": ("14111", "Seragam dan pakaian"),
    "tata-boga": ("56210", "Katering"),
}
ORDERS = (
    ("SPK/001/2021", date(2021, 2, 15), "Dinas Kesehatan", "servis-ac",
     "Servis 24 AC puskesmas", 7200000),
    ("SPK/002/2021", date(2021, 2, 22), "Sekretariat Daerah", "pastry-bakery",
     "Kue rapat, 300 kotak", 4500000),
    ("SPK/003/2021", date(2021, 3, 8), "Dinas Pendidikan", "menjahit",
     "Seragam 60 pegawai", 21000000),
)


def businesses(story):
    """(code, person, day, amount needed or "") of the self-employed in these trades, by day. Each
    is older than the answer to the survey by which its owner is self-employed."""
    dice = Dice(SEED)
    found = []
    for person in choose(story.persons, [CITY], [2018, 2019, 2020]):
        last = max(person.evidence, key=lambda e: e.date, default=None)
        if person.course.vocation not in TRADES or not last or last.status != "self_employed":
            continue
        day = person.course.date + timedelta(days=dice.between(30, 170))
        amount = 1000000 * dice.choice([6, 9, 15, 40, 120]) if dice.chance(0.5) else ""
        found.append((day, person.nik, person, amount))
    found.sort(key=lambda f: f[:2])
    return [(f"UMKM-{n:04d}", p, day, amount) for n, (day, _, p, amount) in enumerate(found, 1)]


def registered(story):
    def trade(business):
        return TRADES[business[1].course.vocation]

    columns = [
        ("Kode Usaha", lambda b: b[0]),
        ("NIK", lambda b: b[1].nik),
        ("Nama Usaha", lambda b: f"{trade(b)[1].split()[0]} {b[1].name.split()[0]}"),
        ("Produk/Jasa", lambda b: trade(b)[1]),
        ("Kejuruan", lambda b: vocation(b[1].course.vocation, 0)),
        ("KBLI", lambda b: trade(b)[0]),
        ("KBLI Tahun", lambda b: 2020),
        ("NIB", lambda b: f"91203{int(b[0][-4:]):08d}" if int(b[0][-4:]) % 3 == 0 else ""),
        ("Tanggal Daftar", lambda b: b[2]),
        ("Butuh Modal", lambda b: "Ya" if b[3] else "Tidak"),
        ("Modal yang Dibutuhkan", lambda b: b[3]),
    ]
    return Sheet(
        "cooperative/business.registered/usaha-alumni.csv", [n for n, _ in columns],
        fill(columns, businesses(story)), encoding="utf-8-bom", blank_rows=1)


def orders(story):
    del story
    columns = [
        ("Nomor SPK", lambda o: o[0]),
        ("Tanggal Pesanan", lambda o: o[1]),
        ("Nama OPD", lambda o: o[2]),
        ("Barang/Jasa", lambda o: vocation(o[3], 2)),
        ("Uraian", lambda o: o[4]),
        ("Nilai", lambda o: f"{o[5]:,}".replace(",", ".")),
    ]
    rows = fill(columns, ORDERS)
    caterer = vocation("tata-boga", 0)
    wrong = ["SPK/004/2021", "15/03/2021", "Dinas Sosial", caterer, "Katering", "-3.000.000"]
    return Sheet(
        "cooperative/order.placed/pesanan-opd-2021.csv", [n for n, _ in columns],
        spread(rows, [Broken(wrong, "value", "minimum")]))


def sheets(story):
    yield registered(story)
    yield orders(story)
