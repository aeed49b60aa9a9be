"""jejaringctl: what it prints where, and with which exit code."""

import csv
import json
import os
import pty
import re
import signal
import stat
import subprocess
import time

import pytest

from conftest import BUILD, PATIENCE, ROOT, event, vacancy

CTL = str(BUILD / "jejaringctl")


def ctl(*words, node=None, text=None, **options):
    """Runs jejaringctl to its end. A node: with its configuration."""
    where = ["-c", str(node.file)] if node else []
    environment = {k: v for k, v in os.environ.items() if k != "JEJARING_CONFIG"}
    environment.update({"NO_COLOR": "1", **options.pop("env", {})})
    return subprocess.run([CTL, *where, *words], input=text, capture_output=True, text=True,
                          timeout=PATIENCE, env=environment, **options)


def result(*words, node=None, text=None, code=0):
    """What a command prints with --json."""
    done = ctl(*words, "--json", node=node, text=text)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def lines(events):
    return "".join(json.dumps(e) + "\n" for e in events)


# ---- Words on the command line


@pytest.mark.parametrize("words, message", [
    ([], "a command is needed"),
    (["stauts"], 'there is no command "stauts"; did you mean "status"?'),
    (["keys"], '"keys" needs one of: new, pair, curve'),
    (["keys", "nwe", "x"], 'there is no command "keys nwe"; did you mean "keys new"?'),
    (["frobnicate"], 'there is no command "frobnicate"'),
    (["fetch", "--tpye", "x"], "there is no option --tpye here; did you mean --type?"),
    (["fetch", "--count"], "--count needs a value: NUMBER"),
    (["fetch", "--count", "many"], "--count: a whole number is expected"),
    (["status", "--json=yes"], "--json takes no value"),
    (["status", "-x"], "there is no option -x"),
    (["status", "extra"], '"extra" is one word too many'),
    (["import", "alumni.graduated"], "import needs TYPE FILE..."),
    (["status", "--timeout", "soon"], "--timeout: a duration such as 500ms, 30s or 5m is expected"),
    (["status", "--endpoint", "here"], "--endpoint: ipc:///path or tcp://host:port is expected"),
    (["quarantine", "show", "last"], '"last": the number of an entry is expected'),
    (["help", "stauts"], 'there is no command "stauts"; did you mean "status"?'),
])
def test_a_mistake_is_told_with_what_was_meant(words, message):
    done = ctl(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert "see: jejaringctl help" in done.stderr


def test_help_lists_every_command_and_each_has_its_own():
    listed = re.findall(r"^  ([a-z]+(?: [a-z]+)?) +[\[A-Z]?.*  .*$", ctl("help").stdout, re.M)
    assert len(listed) >= 20
    for command in ["status", "publish", "import", "keys new", "schema validate"]:
        assert command in listed
        own = ctl("help", *command.split())
        assert own.returncode == 0 and own.stdout.startswith(f"jejaringctl {command}")
        assert ctl(*command.split(), "--help").stdout == own.stdout


def test_options_may_stand_anywhere(node):
    n = node().start()
    first = ctl("-c", str(n.file), "--json", "status")
    last = ctl("status", "--json", f"--config={n.file}")
    assert first.returncode == last.returncode == 0
    assert json.loads(first.stdout)["node"] == json.loads(last.stdout)["node"] == "uji"


def test_version():
    assert re.match(r"jejaringctl \d+\.\d+\.\d+, protocol JJ1\n", ctl("version").stdout)
    assert result("version")["protocol"] == "JJ1"


# ---- Where the daemon is


def test_the_configuration_may_come_from_the_environment(node):
    n = node().start()
    done = ctl("status", env={"JEJARING_CONFIG": str(n.file)})
    assert done.returncode == 0 and "uji" in done.stdout


def test_a_missing_configuration_is_78_and_says_so(tmp_path):
    done = ctl("-c", str(tmp_path / "none.yaml"), "status")
    assert done.returncode == 78
    assert "none.yaml" in done.stderr and "next:" in done.stderr


def test_a_wrong_configuration_is_78_with_its_place(tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text('node: uji\nregion: "33.75"\npluggins: {}\n')
    done = ctl("-c", str(file), "status")
    assert done.returncode == 78
    assert re.search(r"bad\.yaml:3:1: error: .*plugins", done.stderr)


def test_an_absent_daemon_is_4_at_once(node):
    n = node()
    started = time.monotonic()
    done = ctl("status", "--timeout", "50s", node=n)
    assert done.returncode == 4
    assert "nobody listens at" in done.stderr and "is jejaringd running?" in done.stderr
    assert time.monotonic() - started < 30, "it has waited for its time limit"


def test_a_silent_daemon_is_4_after_the_time_limit():
    done = ctl("--endpoint", "tcp://127.0.0.1:1", "--timeout", "300ms", "status")
    assert done.returncode == 4


# ---- Publish


def test_publish_counts_what_became_of_each_line(node):
    n = node().start()
    good = [vacancy() for _ in range(1234)]
    done = ctl("publish", node=n, text=lines(good))
    assert (done.returncode, done.stdout) == (0, "accepted 1,234, duplicate 0, rejected 0\n")
    done = ctl("publish", node=n, text=lines(good[:1200]))
    assert (done.returncode, done.stdout) == (0, "accepted 0, duplicate 1,200, rejected 0\n")
    assert len(n.fetch_all(["vacancy.opened"])) == 1234


def test_publish_names_each_refused_line_and_takes_its_neighbours(node):
    n = node().start()
    events = [vacancy() for _ in range(1200)]
    events[0]["data"]["headcount"] = 0
    del events[700]["region"]
    text = lines(events[:900]) + "\n  \n{not json\n" + lines(events[900:])
    done = ctl("publish", node=n, text=text)
    assert done.returncode == 3
    assert done.stdout == "accepted 1,198, duplicate 0, rejected 3\n"
    told = done.stderr.splitlines()
    assert [line.split(":")[0] for line in told] == ["line 1", "line 701", "line 903"]
    assert "invalid at /data/headcount" in told[0]
    assert "malformed" in told[2] and "not json" not in done.stderr


def test_publish_tells_it_in_json(node):
    n = node().start()
    bad = vacancy()
    bad["type"] = "vacancy.opend"
    told = result("publish", node=n, text=lines([vacancy(), bad]), code=3)
    assert (told["accepted"], told["duplicate"], told["rejected"]) == (1, 0, 1)
    assert told["reasons"][0]["line"] == 2 and told["reasons"][0]["code"] == "unknown_type"


def test_publish_refuses_a_line_that_no_frame_holds(node):
    n = node().start()
    huge = vacancy(title="x" * (1024 * 1024 + 1))
    done = ctl("publish", node=n, text=lines([vacancy(), huge, vacancy()]))
    assert done.returncode == 3
    assert done.stdout == "accepted 2, duplicate 0, rejected 1\n"
    assert re.search(r"^line 2: too_large: \d+ bytes, at most 1048576 are allowed$", done.stderr,
                     re.M)


def test_publish_reads_a_file(node):
    n = node().start()
    file = n.folder / "events.jsonl"
    file.write_text(lines([vacancy()]).rstrip("\n"))  # no newline at the end
    assert ctl("publish", str(file), node=n).stdout == "accepted 1, duplicate 0, rejected 0\n"
    done = ctl("publish", str(n.folder / "none"), node=n)
    assert done.returncode == 1 and "cannot be read" in done.stderr


def test_publish_survives_a_restart_of_the_hub(node):
    n = node().start()
    events = [vacancy() for _ in range(20000)]
    publishing = subprocess.Popen([CTL, "-c", str(n.file), "publish", "--timeout", "60s"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
    publishing.stdin.write(lines(events[:10000]))
    publishing.stdin.flush()
    old = n.kill("hub")
    publishing.stdin.write(lines(events[10000:]))
    out, err = publishing.communicate(timeout=PATIENCE)
    assert publishing.returncode == 0, err
    counts = [int(c.replace(",", "")) for c in re.findall(r"[\d,]*\d", out)]
    assert counts[0] + counts[1] == 20000 and counts[2] == 0
    n.wait_restart("hub", old)
    assert len(n.fetch_all(["vacancy.opened"])) == 20000


def test_publish_shows_its_progress_on_a_terminal_only(node):
    n = node().start()
    file = n.folder / "events.jsonl"
    file.write_text(lines([vacancy() for _ in range(60000)]))
    piped = ctl("publish", str(file), node=n)
    assert piped.returncode == 0 and piped.stderr == ""
    master, slave = pty.openpty()
    process = subprocess.Popen([CTL, "-c", str(n.file), "publish", str(file)], stderr=slave,
                               stdout=subprocess.DEVNULL)
    os.close(slave)
    drawn = b""
    try:  # while it runs: a terminal that nobody reads holds its writer up
        while chunk := os.read(master, 65536):
            drawn += chunk
    except OSError:
        pass
    os.close(master)
    assert process.wait(PATIENCE) == 0
    if drawn:  # a fast machine is done before a bar would help anybody
        assert re.search(rb"\r\x1b\[K\[[#.]{30}\] +\d+ % [\d,]+ events, [\d,]+/s", drawn)
        assert drawn.endswith(b"\r\x1b[K")


# ---- Fetch and tap


def test_fetch_prints_events_as_they_are(node):
    n = node().start()
    sent = [vacancy(), vacancy(region="33.26"), vacancy(region="15.07")]
    closed = event("vacancy.closed", {"date": "2024-02-01", "vacancy": sent[0]["subject"],
                                      "reason": "filled"}, subject=sent[0]["subject"])
    n.publish([*sent, closed])

    def ids(*words):
        done = ctl("fetch", "--json", *words, node=n)
        assert done.returncode == 0, done.stderr
        return [json.loads(line)["id"] for line in done.stdout.splitlines()]

    every = [e["id"] for e in [*sent, closed]]
    assert ids() == every
    assert ids("--type", "vacancy.closed") == every[3:]
    assert ids("--type", "vacancy.opened,vacancy.closed") == every
    assert ids("--type", "vacancy.opened", "--type", "vacancy.closed") == every
    assert ids("--region", "33") == [every[0], every[1], every[3]]
    assert ids("--from", "2") == every[2:]
    assert ids("--count", "2") == every[:2]
    assert ids("--count", "0") == []
    done = ctl("fetch", "--count", "3", node=n)
    assert "3 events; go on with --from 3" in done.stderr
    assert "vacancy.opened" in done.stdout and sent[0]["subject"] in done.stdout


def test_fetch_reads_more_than_one_page(node):
    n = node().start()
    n.publish([vacancy() for _ in range(2500)])
    done = ctl("fetch", "--json", node=n)
    assert len(done.stdout.splitlines()) == 2500


def test_fetch_beyond_the_end_says_so(node):
    n = node().start()
    done = ctl("fetch", "--from", "99", node=n)
    assert done.returncode == 1 and "beyond the newest event" in done.stderr


def tapping(n, *words):
    return subprocess.Popen([CTL, "-c", str(n.file), "tap", "--json", *words],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def waiting(n):
    return n.request("STATUS")[1]["waiting"]


def test_tap_follows_what_is_new_until_it_is_interrupted(node):
    n = node().start()
    n.publish([vacancy(), vacancy()])
    tap = tapping(n)
    n.wait(lambda: waiting(n) == 1, "tap to wait")
    new = vacancy()
    n.publish([new])
    assert json.loads(tap.stdout.readline())["id"] == new["id"]
    tap.send_signal(signal.SIGINT)
    out, err = tap.communicate(timeout=PATIENCE)
    assert (tap.returncode, out) == (0, "")
    assert "1 events; go on with --from 3" in err


def test_tap_ends_after_count_and_may_begin_earlier(node):
    n = node().start()
    sent = [vacancy(), vacancy(), vacancy()]
    n.publish(sent)
    tap = tapping(n, "--from", "1", "--count", "2")
    out, _ = tap.communicate(timeout=PATIENCE)
    assert [json.loads(line)["id"] for line in out.splitlines()] == [e["id"] for e in sent[1:]]


def test_tap_outlives_a_restart_of_the_hub(node):
    n = node().start()
    tap = tapping(n, "--timeout", "1s")
    n.wait(lambda: waiting(n) == 1, "tap to wait")
    old = n.kill("hub")
    n.wait_restart("hub", old)
    new = vacancy()
    n.publish([new])
    assert json.loads(tap.stdout.readline())["id"] == new["id"]
    tap.send_signal(signal.SIGTERM)
    tap.communicate(timeout=PATIENCE)
    assert tap.returncode == 0


# ---- Status and balance


def test_a_reader_that_will_not_come_back_is_forgotten(node):
    n = node().start()
    n.publish([vacancy()])
    n.request("FETCH", {"name": "tamu"})
    assert [c["name"] for c in result("balance", node=n)["consumers"]] == ["local/tamu"]
    done = ctl("consumer", "drop", "local/tamu", node=n)
    assert done.returncode == 0 and "local/tamu is forgotten" in done.stderr
    assert result("balance", node=n)["consumers"] == []
    assert ctl("consumer", "drop", "local/tamu", node=n).returncode == 1


def test_a_type_or_region_that_does_not_exist_is_refused_when_reading(node):
    n = node().start()
    done = ctl("fetch", "--type", "outcome.reprted", node=n)
    assert done.returncode != 0 and "did you mean outcome.reported?" in done.stderr
    done = ctl("fetch", "--region", "3375", node=n)
    assert done.returncode != 0 and "33.75" in done.stderr


def test_status_and_balance_add_up(node):
    n = node({"blk": {"audiences": ["blk"]}}).start()
    n.publish([vacancy() for _ in range(3)])
    ctl("publish", node=n, text="{}\n")
    n.wait(lambda: result("balance", node=n)["consumers"], "a consumer")
    n.wait(lambda: not any(c["pending"] for c in result("balance", node=n)["consumers"]),
           "nothing pending")
    told = result("balance", node=n)
    assert told["adds_up"] is True
    assert told["hub"]["received"] == 4 and told["hub"]["rejected"] == 1
    done = ctl("balance", node=n)
    assert done.returncode == 0
    assert "hub: 4 received = 3 accepted + 0 duplicate + 1 rejected: adds up\n" in done.stdout
    assert re.search(r"blk/main: 3 accepted = \d delivered \+ \d filtered \+ 0 pending: adds up",
                     done.stdout)
    status = ctl("status", node=n).stdout
    assert "node        uji, region 33.75" in status
    assert "4 received: 3 accepted, 0 duplicate, 1 rejected" in status
    assert "blk/main" in status


# ---- Import


ALUMNI = """NIK;Nama;Program;Kejuruan;Angkatan;Tahun;Tanggal Lulus;Sumber Dana
3375015508990001;Ani;PBK;Las SMAW 3G;II;2019;31/07/2019;APBD
3375010101990002;Budi;PBK;Las SMAW 3G;II;2019;31/07/2019;APBD
"""
BROKEN = "12345;Citra;PBK;Las SMAW 3G;II;2019;31/07/2019;APBD\n"


def key_node(node):
    """A node with a person key that jejaringctl can read."""
    n = node({"blk": {"audiences": ["blk"], "inbox": "inbox/blk"}})
    assert ctl("keys", "new", str(n.folder / "person.key")).returncode == 0
    n.write_config(person_key="person.key")
    return n.start()


def test_import_sends_a_file_and_gives_failed_rows_back(node):
    n = key_node(node)
    file = n.folder / "alumni.csv"
    file.write_text(ALUMNI + BROKEN)
    done = ctl("import", "alumni.graduated", str(file), node=n)
    assert done.returncode == 3, done.stderr
    assert done.stdout == "3 rows: accepted 2, duplicate 0, rejected 1\n"
    assert "12345" not in done.stderr and "Citra" not in done.stderr
    rejects = n.folder / "alumni.ditolak.csv"
    assert str(rejects) in done.stderr
    rows = list(csv.reader(rejects.open(encoding="utf-8-sig"), delimiter=";"))
    assert len(rows) == 2 and "Citra" in rows[1]

    corrected = rejects.read_text(encoding="utf-8-sig").replace("12345;", "3375014101990003;")
    rejects.write_text(corrected)
    done = ctl("import", "alumni.graduated", str(rejects), node=n)
    assert (done.returncode, done.stdout) == (0, "1 rows: accepted 1, duplicate 0, rejected 0\n")
    assert len(n.fetch_all(["alumni.graduated"])) == 3


def test_import_twice_or_beside_the_inbox_doubles_nothing(node):
    n = key_node(node)
    file = n.folder / "alumni.csv"
    file.write_text(ALUMNI)
    assert result("import", "alumni.graduated", str(file), node=n)["accepted"] == 2
    assert result("import", "alumni.graduated", str(file), node=n)["duplicate"] == 2
    inbox = n.folder / "inbox" / "blk" / "alumni.graduated"
    (inbox / ".alumni.csv").write_text(ALUMNI)
    (inbox / ".alumni.csv").rename(inbox / "alumni.csv")
    n.wait_for_log("alumni.csv: 2 rows: 0 accepted, 2 duplicate")
    assert len(n.fetch_all(["alumni.graduated"])) == 2


def test_a_dry_run_shows_the_columns_and_sends_nothing(node):
    n = key_node(node)
    file = n.folder / "alumni.csv"
    file.write_text(ALUMNI + BROKEN)
    done = ctl("import", "alumni.graduated", str(file), "--dry-run", node=n)
    assert done.returncode == 3
    assert "dry run, nothing was sent: 3 rows" in done.stdout
    assert 'column "Kejuruan": vocation' in done.stderr
    told = result("import", "alumni.graduated", str(file), "--dry-run", node=n, code=3)
    assert told["dry_run"] is True and told["rejected"] == 1
    assert {"title": "NIK", "target": "nik", "spare": False} in told["columns"]
    assert n.fetch_all() == []
    assert not (n.folder / "alumni.ditolak.csv").exists()


def test_a_file_that_is_not_understood_is_refused_whole(node):
    n = key_node(node)
    file = n.folder / "wrong.csv"
    file.write_text("Apa;Ini\n1;2\n")
    done = ctl("import", "alumni.graduated", str(file), node=n)
    assert done.returncode == 3
    assert "was refused as a whole" in done.stderr and "next:" in done.stderr
    assert n.fetch_all() == []


def test_import_knows_its_types_and_files(node):
    n = key_node(node)
    done = ctl("import", "alumni.graduate", str(n.file), node=n)
    assert done.returncode == 2
    assert "did you mean alumni.graduated?" in done.stderr
    done = ctl("import", "alumni.graduated", str(n.folder / "none.csv"), node=n)
    assert done.returncode == 1 and "none.csv" in done.stderr


# ---- Keys


def test_keys_new_makes_a_private_key_and_never_overwrites_one(tmp_path):
    file = tmp_path / "person.key"
    done = ctl("keys", "new", str(file))
    assert (done.returncode, done.stdout) == (0, f"{file}\n")
    assert re.fullmatch(r"[0-9a-f]{64}\n?", file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    done = ctl("keys", "new", str(file))
    assert done.returncode != 0 and file.read_text() == before
    assert before.strip() not in done.stderr + done.stdout
    other = tmp_path / "other.key"
    ctl("keys", "new", str(other))
    assert other.read_text() != before


def test_keys_pair_prints_the_public_half(tmp_path):
    file = tmp_path / "agency.secret"
    done = ctl("keys", "pair", str(file))
    assert done.returncode == 0
    public, secret = done.stdout.strip(), file.read_text().strip()
    assert len(public) == len(secret) == 40 and public != secret
    assert secret not in done.stdout + done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ctl("keys", "pair", str(file)).returncode == 1
    assert file.read_text().strip() == secret


# ---- Schemas


def test_schema_check_accepts_the_houses_own():
    files = sorted((ROOT / "schemas" / "events").glob("[a-z]*.json"))
    done = ctl("schema", "check", *map(str, files))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": good\n") == len(files)


def test_schema_check_refuses_with_file_and_place(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text('{"properties": {"a": {"frobnicate": 1}}}')
    broken = tmp_path / "broken.json"
    broken.write_text('{"type": ')
    done = ctl("schema", "check", str(bad), str(broken))
    assert done.returncode == 78
    assert "bad.json" in done.stderr and "/properties/a/frobnicate" in done.stderr
    assert "broken.json" in done.stderr
    told = result("schema", "check", str(bad), code=78)
    assert told[0]["good"] is False and told[0]["pointer"] == "/properties/a/frobnicate"


@pytest.mark.parametrize("instance, code", [("5", 0), ("-1", 3), ('"x"', 3), ("{", 3), ("", 3)])
def test_schema_validate_judges_a_value(tmp_path, instance, code):
    schema = tmp_path / "count.json"
    schema.write_text('{"type": "integer", "minimum": 0}')
    assert ctl("schema", "validate", str(schema), text=instance).returncode == code
    file = tmp_path / "instance.json"
    file.write_text(instance)
    assert ctl("schema", "validate", str(schema), str(file)).returncode == code


def test_schema_validate_gives_every_reason(tmp_path):
    schema = tmp_path / "s.json"
    schema.write_text('{"required": ["a"], "properties": {"b": {"type": "string"}}}')
    done = ctl("schema", "validate", str(schema), text='{"b": 12345}')
    assert done.returncode == 3
    assert len(done.stdout.splitlines()) == 2 and "12345" not in done.stdout
    told = result("schema", "validate", str(schema), text='{"b": 12345}', code=3)
    assert told["valid"] is False and len(told["problems"]) == 2
    schema.write_text('{"frobnicate": 1}')
    assert ctl("schema", "validate", str(schema), text="1").returncode == 78


# ---- Quarantine, persons, audit


def test_quarantine_is_listed_shown_and_dropped(node):
    n = node().start()
    assert ctl("quarantine", "list", node=n).stderr == "The quarantine is empty.\n"
    bad = event("alumni.graduated", {"date": "2019-07-31", "nik": "3375015508990001",
                                     "name": "Ani Rahmawati"})
    assert ctl("publish", node=n, text=lines([bad])).returncode == 3
    entries = result("quarantine", "list", node=n)
    assert len(entries) == 1 and entries[0]["code"] == "invalid"
    number = str(entries[0]["number"])
    shown = ctl("quarantine", "show", number, node=n)
    assert shown.returncode == 0
    assert "Rahmawati" not in shown.stdout and "3375015508990001" not in shown.stdout
    done = ctl("quarantine", "retry", number, node=n)
    assert done.returncode == 1 and "next:" in done.stderr
    assert ctl("quarantine", "drop", number, node=n).returncode == 0
    assert result("quarantine", "list", node=n) == []
    assert ctl("quarantine", "show", number, node=n).returncode == 1


def test_a_person_is_traced_and_erased(node):
    n = node().start()
    nik = "3375015508990001"
    n.publish([event("alumni.graduated", {
        "date": "2019-07-31", "nik": nik, "name": "Ani", "program": "PBK",
        "vocation": "las-smaw-3g", "batch": "II", "year": 2019, "funding": "apbd"})])
    traced = result("trace", "-", node=n, text=nik + "\n")
    assert traced["events"] == 1
    person = traced["person"]
    assert ctl("trace", person, node=n).stdout.startswith(f"person {person}: 1 events\n")
    refused = ctl("erase", person, node=n, text="")
    assert refused.returncode == 2 and "--yes" in refused.stderr
    done = ctl("erase", person, "--yes", node=n)
    assert done.returncode == 0 and "1 events emptied" in done.stdout
    assert [e["type"] for e in n.fetch_all()] == ["person.erased"]
    assert result("audit", "verify", node=n)["intact"] is True
    done = ctl("trace", "12345", node=n)
    assert done.returncode == 2 and "12345" not in done.stderr


# ---- What the words promise


def test_a_full_disk_under_stdout_is_a_failure(node):
    n = node().start()
    with open("/dev/full", "w") as full:
        done = subprocess.run([CTL, "-c", str(n.file), "status"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and "cannot be written" in done.stderr


def test_colours_only_on_a_terminal_and_not_with_no_color():
    for no_color, expected in (("", True), ("1", False)):
        master, slave = pty.openpty()
        environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        if no_color:
            environment["NO_COLOR"] = no_color
        process = subprocess.Popen([CTL, "nothing"], stderr=slave, env=environment)
        process.wait(PATIENCE)
        os.close(slave)
        text = os.read(master, 4096)
        os.close(master)
        assert (b"\x1b[31m" in text) is expected
    assert "\x1b" not in ctl("nothing").stderr
