"""A marked person goes into a node by every way in, rightly and wrongly: as an event that is good,
wrong, forbidden, too large or no event at all, in files of every kind, by the command line, as an
option, a name or an id. Then every byte that the node has written is looked through. The NIK, the
name, the telephone number and the address stand in the officials' own files and nowhere else; what
the hub keeps of them is sealed."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import zipfile

import pytest
import zmq

import pg
from client import Connection, check_balance, contains_any, event_key, files_below, person_key, \
    write_agency
from conftest import BUILD, PATIENCE, SANITIZED, Node, event, vacancy

NIK = "3375021708917731"
WRONG_NIK = "3375029913917732"  # there is no such day
SHORT_NIK = "337502190588664"   # one digit was forgotten
NAME = "Zubaedah Rengganis"
PHONE = "081298765431"
EMAIL = "zubaedah.rengganis@contoh.id"
ADDRESS = "Jalan Kenanga Wungu 77"
MARKS = [NIK, WRONG_NIK, SHORT_NIK, NAME, PHONE, EMAIL, ADDRESS]

WHO = {"nik": NIK, "name": NAME, "phone": PHONE, "email": EMAIL, "address": ADDRESS}
COURSE = {"date": "2019-07-31", "program": "PBK", "vocation": "las-smaw-3g", "batch": "II",
          "year": 2019, "funding": "apbd"}


def person(**changes):
    """A good alumni.graduated with everything that must be sealed; None takes a member out."""
    data = {**COURSE, **WHO, **changes}
    return event("alumni.graduated", {k: v for k, v in data.items() if v is not None})


def about(**attributes):
    """The same with other attributes of the envelope."""
    return {**person(), **attributes}


def text(event_):
    return json.dumps(event_).encode()


def escaped(string):
    """A JSON string in which every character is an escape."""
    return '"' + "".join(f"\\u{ord(c):04x}" for c in string) + '"'


# ---- Ways in over ZeroMQ: one event each, and the code with which it is refused (None: accepted)

EVENTS = {
    "good": (None, person()),
    "good, with escapes": (None, text(person()).replace(f'"{NIK}"'.encode(), escaped(NIK).encode())
                           .replace(f'"{NAME}"'.encode(), escaped(NAME).encode())
                           .replace(b'"phone"', b'"ph\\u006fne"')),
    "good, unknown members beside": (None, person(koordinat={"lintang": 1})),
    "a required member is missing": ("invalid", person(year=None)),
    "a member is of another kind": ("invalid", person(year=NAME)),
    "an unknown value of a list": ("invalid", person(funding=ADDRESS)),
    "a text that is too long": ("invalid", person(batch=(NAME + " ") * 20)),
    "the NIK as a number": ("invalid", person(nik=int(NIK))),
    "a NIK that cannot be": ("invalid", person(nik=WRONG_NIK)),
    "a NIK that is too short": ("invalid", person(nik=SHORT_NIK)),
    "the name where the NIK belongs": ("invalid", person(nik=NAME)),
    "the name as an object": ("invalid", person(name={NAME: PHONE})),
    "the name in a list": ("invalid", person(extras=[NAME, PHONE])),
    "too many of them": ("invalid", person(disability={"category": NAME, "needs": [ADDRESS] * 20})),
    "the NIK in another member": ("invalid", person(program=f"PBK {NIK}")),
    "the NIK in another member, escaped": ("invalid", text(person(program="PBK")).replace(
        b'"PBK"', escaped(NIK).encode())),
    "the NIK as a member's name": ("invalid", person(**{NIK: 1})),
    "the NIK deep within": ("invalid", person(lain={"a": [{"b": f"x{NIK}x"}]})),
    "the NIK as a number deep within": ("invalid", person(lain=[int(NIK)])),
    "the NIK in an event about something else": ("invalid", {
        **vacancy(f"Hubungi {NIK}"), "type": "vacancy.opened"}),
    "the NIK as the id": ("invalid", about(id=NIK)),
    "the NIK in the source": ("invalid", about(source=f"/blk/{NIK}")),
    "the NIK as the type": ("unknown_type", about(type=f"alumni.{NIK}")),
    "the name as the type": ("unknown_type", about(type=NAME)),
    "the NIK as the region": ("invalid", about(region=NIK)),
    "the name as the time": ("invalid", about(time=NAME)),
    "the NIK as the subject": ("invalid", about(subject=NIK)),
    "the NIK as the cause": ("invalid", about(cause=NIK)),
    "the NIK as the recipient": ("invalid", about(recipient=NIK)),
    "the name as the sequence": ("invalid", about(sequence=NAME)),
    "the NIK as the sequence": ("invalid", about(sequence=NIK)),
    "the NIK as an attribute": ("invalid", about(ktp=NIK)),
    "the NIK as an attribute's name": ("invalid", about(**{NIK: "1"})),
    "the name where this type has none": ("invalid", event("alumni.certified", {
        "date": "2019-08-10", "scheme": "Las", "result": "competent", "nik": NIK, "Nama": NAME})),
    "the telephone number deep within": ("invalid", person(lain=[{"no_hp": PHONE}])),
    "the address as an attribute": ("invalid", about(alamat=ADDRESS)),
    "the name as an attribute's name": ("invalid", about(**{NAME: "1"})),
    "the name as an attribute that is no plain value": ("invalid", about(nama={"x": NAME})),
    "the data as base64": ("invalid", {**about(), "data_base64": "WnViYWVkYWg="}),
    "no data but a text": ("invalid", about(data=f"{NAME} {NIK}")),
    "another version": ("invalid", about(specversion=NAME)),
    "of another region": ("forbidden", about(region="15.07")),
    "of a type that this agency may not say": ("forbidden", event("person.erased", {
        "date": "2024-01-01", **WHO})),
    "not an object": ("malformed", [NIK, NAME, PHONE, ADDRESS]),
    "a text": ("malformed", text(NAME + NIK)),
    "cut off": ("malformed", text(person())[:-9]),
    "with bytes behind it": ("malformed", text(person()) + NAME.encode()),
    "not JSON": ("malformed", f"nik={NIK}&nama={NAME}&hp={PHONE}".encode()),
    "not UTF-8": ("malformed", text(person()).replace(b'"PBK"', b'"\xff\xfe"')),
    "in UTF-16": ("malformed", text(person()).decode().encode("utf-16")),
    "with a NUL": ("malformed", text(person()).replace(b'"PBK"', b'"a\\u0000b"')),
    "a member twice": ("malformed", text(person()).replace(
        b'"batch"', f'"name": "{NAME}", "batch"'.encode())),
    "too deep": ("too_large", text(person()).replace(
        b'"PBK"', b"[" * 70 + text(NAME) + b"]" * 70)),
    "a lone surrogate": ("malformed", text(person()).replace(b'"PBK"', b'"\\ud800"')),
    "a frame without anything": ("malformed", b""),
}
# The same twice, with other content: the second is refused.
CLASH = event("alumni.graduated", {**COURSE, **WHO}, id="berubah")


# ---- Files of the officials

ROW = ["", NAME, PHONE, EMAIL, ADDRESS, "31/07/2019", "PBK", "Las SMAW 3G", "II", "2019", "APBD"]
TITLES = ["NIK", "Nama", "No HP", "Email", "Alamat", "Tanggal Lulus", "Program", "Kejuruan",
          "Angkatan", "Tahun", "Sumber Dana"]


def row(nik, **changes):
    return [changes.get(title, cell) for title, cell in zip(TITLES, [nik, *ROW[1:]])]


GOOD = row(NIK)
BAD = [row(WRONG_NIK), row(SHORT_NIK), row(NIK, Tahun=NAME), row(NIK, Angkatan=""),
       row(NIK, **{"Tanggal Lulus": ADDRESS}), row(NIK, Kejuruan=f"{NAME} {NIK}"), row(NAME),
       row(""), row(NIK, Program=f"PBK {NIK}"), [*row(NIK), "", PHONE]]


def csv(rows, separator=";"):
    return "".join(separator.join(f'"{cell}"' for cell in cells) + "\n" for cells in rows)


def workbook(path, rows):
    """A spreadsheet of text cells, as small as one can be."""
    parts = "http://schemas.openxmlformats.org"
    cells = "".join("<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>'
                                      for cell in cells) + "</row>" for cells in rows)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", f"""<Types xmlns="{parts}/package/2006/content-types">
            <Default Extension="xml" ContentType="application/xml"/><Default Extension="rels"
            ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>""")
        file.writestr("_rels/.rels", f"""<Relationships
            xmlns="{parts}/package/2006/relationships"><Relationship Id="r1"
            Target="xl/workbook.xml"
            Type="{parts}/officeDocument/2006/relationships/officeDocument"/></Relationships>""")
        file.writestr("xl/workbook.xml", f"""<workbook xmlns="{parts}/spreadsheetml/2006/main"
            xmlns:r="{parts}/officeDocument/2006/relationships"><sheets>
            <sheet name="{NAME}" sheetId="1" r:id="r1"/></sheets></workbook>""")
        file.writestr("xl/_rels/workbook.xml.rels", f"""<Relationships
            xmlns="{parts}/package/2006/relationships"><Relationship Id="r1"
            Target="worksheets/sheet1.xml"
            Type="{parts}/officeDocument/2006/relationships/worksheet"/></Relationships>""")
        file.writestr("xl/worksheets/sheet1.xml", f"""<worksheet
            xmlns="{parts}/spreadsheetml/2006/main"><sheetData>{cells}</sheetData></worksheet>""")


def json_lines(datas):
    return "".join(json.dumps(data) + "\n" for data in datas)


def write_files(folder):
    """Every kind of file, good, bad and senseless."""
    folder.mkdir(parents=True, exist_ok=True)
    table = csv([TITLES, GOOD, *BAD])
    (folder / "baik.csv").write_text(csv([TITLES, GOOD]))
    (folder / "buruk.csv").write_text(table)
    (folder / "buruk-utf16.csv").write_bytes(table.encode("utf-16"))
    (folder / "buruk-koma.csv").write_bytes(b"\xef\xbb\xbf" + csv([TITLES, *BAD], ",").encode())
    (folder / "tanpa-judul.csv").write_text(csv([GOOD, GOOD, *BAD]))
    (folder / "judul-lain.csv").write_text(csv([[NAME, NIK, PHONE, ADDRESS], GOOD]))
    (folder / "satu-kolom.csv").write_text(f"NIK\n{NIK}\n{NAME}\n")
    (folder / "kutip-terbuka.csv").write_text(csv([TITLES, GOOD]) + f'"{NIK};{NAME};{PHONE}\n')
    (folder / "sel-panjang.csv").write_text(csv([TITLES, row(NIK, Program=(NAME + " ") * 5000)]))
    (folder / "nol.csv").write_bytes(csv([TITLES, GOOD]).encode() + b"\0" * 40 + NAME.encode())
    (folder / f"nik-{NIK}.csv").write_text(csv([TITLES, *BAD]))
    workbook(folder / "baik.xlsx", [TITLES, GOOD])
    workbook(folder / "buruk.xlsx", [TITLES, GOOD, *BAD])
    workbook(folder / "tanpa-judul.xlsx", [GOOD, *BAD])
    (folder / "rusak.xlsx").write_bytes((folder / "buruk.xlsx").read_bytes()[:-60])
    (folder / "bukan.xlsx").write_text(table)
    (folder / "baris.jsonl").write_text(
        json_lines([{**COURSE, **WHO}, {**COURSE, **WHO, "year": NAME}, {**COURSE, NIK: NAME},
                    [NIK, NAME], NAME]) + f'{{"nik": "{NIK}", "name": "{NAME}"\n')
    return sorted(path for path in folder.iterdir() if path.is_file())


# ---- Everything, once


class World:
    """One node and all that came out of it."""

    def __init__(self, cluster):
        self.database = cluster.database()
        self.outcome = {}  # of each event: the code, or None
        self.heard = []    # (where, bytes): replies, bells, what commands printed
        self.node = n = Node({
            "blk": {"audiences": ["blk"], "inbox": "inbox"},
            "industry": {"audiences": ["industry", "blk"]},
            "warehouse": {"audiences": ["node"], "regions": ["*"],
                          "options": {"conninfo": self.database.conninfo}}},
            agencies="agencies.d", log="debug")
        self.door = f"ipc://{n.folder}/run/kantor.sock"
        n.write_config(person_key="person.key", hub={
            "listen": [{"endpoint": self.door, "as": "kantor"}]})
        write_agency(n, "kantor", ["blk", "industry"],
                     publishes=["alumni.*", "vacancy.opened"])
        (n.folder / "temporary").mkdir()
        n.environment = {"TMPDIR": str(n.folder / "temporary")}
        self.ctl("keys", "new", n.folder / "person.key")

    def hear(self, where, *pieces):
        self.heard += [(where, piece) for piece in pieces]

    def ctl(self, *words, text_=None):
        done = subprocess.run([BUILD / "jejaringctl", "-c", self.node.file, *words],
                              input=text_, capture_output=True, timeout=PATIENCE, check=False)
        self.hear(f"jejaringctl {words[0]}", done.stdout, done.stderr)
        return done

    def go(self):
        self.node.start()
        bell = zmq.Context.instance().socket(zmq.SUB)
        bell.connect(f"ipc://{self.node.folder}/run/bell.sock")
        bell.subscribe(b"")
        # The heartbeat: from here on nothing is missed.
        self.node.wait(lambda: bell.poll(0), "the bell")
        self.send_events()
        self.send_requests()
        self.drop_files()
        self.run_commands()
        self.node.settle()
        while bell.poll(0):
            self.hear("bell", *bell.recv_multipart())
        bell.close()
        return self

    def send_events(self):
        agency = Connection(self.door)
        for name, (_, one) in EVENTS.items():
            body = one if isinstance(one, bytes) else text(one)
            agency.send_raw(b"JJ1", b"PUBLISH", b"1", b"{}", body)
            frames = agency.receive_raw()
            self.hear(f"the reply to an event: {name}", *frames)
            result = json.loads(frames[3])
            self.outcome[name] = (result["rejected"][0]["code"] if result["rejected"] else None) \
                if frames[1] == b"OK" else result["code"]
        for one in (CLASH, {**CLASH, "data": {**CLASH["data"], "year": 2020}}):
            agency.send_raw(b"JJ1", b"PUBLISH", b"1", b"{}", text(one))
            frames = agency.receive_raw()
            self.hear("the reply to a conflict", *frames)
        self.outcome["a conflict"] = json.loads(frames[3])["rejected"][0]["code"]
        self.node.request("COMMIT", {"name": "sisihkan"})
        agency.close()

    def send_requests(self):
        """Where there is no event at all: heads, options, names."""
        both = json.dumps({"client": f"{NAME} {NIK}", "name": NAME, "after": NIK, "types": [NAME],
                           "cursor": PHONE, "purpose": f"{NIK}", "person": NIK, "nik": NAME,
                           "number": NIK, "max_events": NAME, "regions": NIK}).encode()
        verbs = [b"HELLO", b"PUBLISH", b"FETCH", b"COMMIT", b"STATE", b"REVEAL", b"TRACE", b"ERASE",
                 b"AUDIT", b"QUARANTINE", b"RETRY", b"DROP", b"STATUS", NAME.encode(), NIK.encode()]
        odd = [(b"JJ1", verb, b"1", options, *more) for verb in verbs
               for options in (both, NAME.encode(), b"{" + NAME.encode(), text([NIK]), text(NAME))
               for more in ((), (text(person(year=None)),))]
        odd += [(NAME.encode(),), (NAME.encode(), b"HELLO", b"1", b"{}"), (b"JJ1",),
                (b"JJ1", b"HELLO"), (b"JJ1", b"HELLO", (NIK * 5).encode(), b"{}"), (b"", b"", b""),
                (b"JJ1", b"PUBLISH", b"1", b"{}", *[text(person())] * 1001),
                (b"JJ1", b"COMMIT", b"1", text({"name": "x", "state": {"kunci": [NAME, NIK]}})),
                (b"JJ1", b"COMMIT", b"1", text({"name": "x", "state": {NIK: "1"}})),
                (b"JJ1", b"COMMIT", b"1", text({"name": "x", "state": {"kunci": f"a {NIK}"}})),
                (b"JJ1", b"COMMIT", b"1", text({"name": "x"}), text(person(year=NAME))),
                (b"JJ1", b"COMMIT", b"1", text({"name": "x"}), text(person()), text(NAME)),
                (b"JJ1", b"FETCH", b"1", text({"name": NIK})),
                *[(b"JJ1", b"FETCH", b"1", text({option: [mark]}))
                  for option in ("types", "regions") for mark in (NAME, NIK, ADDRESS)],
                (b"JJ1", b"STATE", b"1", text({"name": NIK})),
                (b"JJ1", b"COMMIT", b"1", text({"name": NIK}))]
        for endpoint in (self.door, self.node.endpoint):
            connection = Connection(endpoint)
            for frames in odd:
                connection.send_raw(*frames)
                self.hear(f"the reply to {frames[1][:9] if len(frames) > 1 else frames}",
                          *connection.receive_raw())
            connection.close()
        self.quarantine_by_key()
        too_large = Connection(self.door)
        too_large.send_raw(b"JJ1", b"PUBLISH", b"1", b"{}",
                           text(person(address=(ADDRESS + " ") * 60000)))
        too_large.send_raw(b"JJ1", b"HELLO", b"2", b"{}")
        too_large.close()

    def quarantine_by_key(self):
        """A consumer puts an event aside and gives a reason that it should not."""
        one = vacancy("Juru las")
        self.node.publish([one])
        self.node.request("COMMIT", {"name": "sisih", "rejected": [
            {"key": event_key(one), "reason": f"nik {NIK}"}]})

    def drop_files(self):
        inbox = self.node.folder / "inbox" / "alumni.graduated"
        files = write_files(self.node.folder / "berkas")
        for path in files:
            shutil.copy(path, inbox / ("." + path.name))
            (inbox / ("." + path.name)).rename(inbox / path.name)
        self.node.wait(lambda: not any(path.is_file() for path in inbox.iterdir()),
                       "all files to be read", 120)

    def run_commands(self):
        # Whoever names a file on the command line is told its name.
        files = [str(path) for path in write_files(self.node.folder / "berkas")
                 if NIK not in path.name]
        lines = b"".join((one if isinstance(one, bytes) else text(one)) + b"\n"
                         for _, one in EVENTS.values())
        self.ctl("publish", text_=lines)
        self.ctl("publish", "--json", text_=lines)
        for file in files:
            # Its columns are shown to whoever has the file in his hands; not its rows.
            self.ctl("import", "alumni.graduated", file, "--dry-run")
            self.ctl("import", "alumni.graduated", file)
            self.ctl("import", "alumni.graduated", file, "--json")
        for words in (["status"], ["balance"], ["quarantine", "list"], ["fetch"], ["trace", NIK],
                      ["trace", WRONG_NIK], ["erase", "--yes", WRONG_NIK], ["audit", "verify"],
                      ["quarantine", "show", "1"], ["quarantine", "list", "--json"],
                      ["trace", NAME], ["quarantine", "retry", "3"], ["fetch", "--json"],
                      ["fetch", "--type", NAME]):
            self.ctl(*words)

    # What it has written

    def files(self):
        """Every file of the node but those that the officials made or are given back."""
        for name, content in files_below(self.node.folder):
            if name.split("/")[0] not in ("inbox", "berkas"):
                yield name, content

    def descriptors(self):
        """What its processes hold open, be it deleted or in memory only."""
        for name, pid in {"supervisor": self.node.process.pid, **self.node.children()}.items():
            for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                try:
                    if fd.is_file() and "/inbox/" not in os.readlink(fd):
                        yield f"{name}: {os.readlink(fd)}", fd.read_bytes()
                except OSError:
                    continue  # closed meanwhile

    def dump(self):
        done = subprocess.run([pg.bin_dir() / "pg_dump", "--inserts", self.database.conninfo],
                              capture_output=True, check=True)
        yield "pg_dump", done.stdout
        if self.database.cluster.folder:
            yield "PostgreSQL's log", (self.database.cluster.folder / "log").read_bytes()


@pytest.fixture(scope="module")
def world():
    with pg.Cluster() as cluster:
        made = World(cluster)
        try:
            yield made.go()
        finally:
            made.node.close()


def assert_clean(pieces, marks=MARKS):
    found, looked_at = [], 0
    for where, content in pieces:
        looked_at += len(content)
        for mark in contains_any(content, marks):
            at = content.find(mark.encode())
            found.append(f"{mark!r} in {where}: ...{content[max(0, at - 60):at + 40]!r}...")
    assert not found, "\n".join(dict.fromkeys(found))
    assert looked_at > 0, "nothing was looked at: this test has shown nothing"


# ---- Every event meets its fate


@pytest.mark.parametrize("name", [*EVENTS, "a conflict"])
def test_the_event_is_judged_as_it_should_be(world, name):
    expected = EVENTS[name][0] if name in EVENTS else "conflict"
    assert world.outcome[name] == expected


def test_what_was_good_is_in_the_vault(world):
    """Were it not, nothing could have leaked."""
    agency = Connection(world.door)
    contact = agency.ok("REVEAL", {"person": person_key(world.node, NIK), "purpose": "uji"})
    agency.close()
    assert contact["contact"] == WHO


def test_the_files_were_read_and_their_bad_rows_given_back(world):
    folder = world.node.folder / "inbox" / "alumni.graduated"
    rejected = b"".join(path.read_bytes() for path in (folder / "rejected").iterdir())
    for mark in (WRONG_NIK, SHORT_NIK, NAME, PHONE, ADDRESS):
        assert mark.encode() in rejected, "an official gets his rows back as they were"
    assert sum("done" in path.parts for path in folder.rglob("*.xlsx")) >= 2


# ---- And what is written holds none of it


def test_no_file_of_the_node_holds_a_mark(world):
    """Journal, write-ahead log, shared memory, log, sockets' folder, temporary files, keys."""
    names = {name for name, _ in world.files()}
    assert {"state/journal.db", "state/journal.db-wal", "log"} <= names
    assert_clean(world.files())


def test_no_open_descriptor_holds_a_mark(world):
    assert_clean(world.descriptors())


def test_no_temporary_file_was_left(world):
    assert list((world.node.folder / "temporary").iterdir()) == []


def test_the_warehouse_holds_no_mark(world):
    assert int(world.database.psql("SELECT count(*) FROM jejaring.alumni")) > 0
    assert_clean(world.dump())


def test_no_reply_bell_or_command_holds_a_mark(world):
    # `trace NIK` shows the purpose and the person key; nobody has revealed anything yet when it
    # runs. A request id comes back as it was given, and none here was a mark.
    kinds = {where.split(":")[0] for where, _ in world.heard}
    assert {"the reply to an event", "bell", "jejaringctl import", "jejaringctl status"} <= kinds
    assert_clean(world.heard)


def test_the_balance_adds_up_after_all_that(world):
    status = check_balance(world.node.request("STATUS")[1])
    assert status["quarantine"]["kept"] == status["balance"]["rejected"] + 1  # one by a consumer


def test_the_hub_survived_all_of_it(world):
    assert "was ended by" not in world.node.log()
    assert not re.search(r"Sanitizer|runtime error", world.node.log())


@pytest.mark.skipif(SANITIZED, reason="a sanitizer sets limits of its own")
def test_no_process_leaves_a_core_dump(world):
    limits = {}
    for name, pid in {"supervisor": world.node.process.pid, **world.node.children()}.items():
        line = re.search(r"Max core file size\s+(\S+)\s+(\S+)",
                         pathlib.Path(f"/proc/{pid}/limits").read_text())
        limits[name] = line.groups()
    assert set(limits.values()) == {("0", "0")}, limits


def test_after_the_stop_the_journal_still_holds_no_mark(world):
    """The write-ahead log has gone into the database by then. The last test: the node is down."""
    assert world.node.stop() == 0
    assert_clean(world.files())
