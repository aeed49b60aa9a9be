"""The worker: batches, commits, and what a plugin can do wrong in them."""

import json
import os
import pathlib
import random
import re
import sqlite3

import pytest

from client import graduated, nik, pending
from conftest import BUILD, SANITIZED, vacancy

SAMPLES = str(BUILD / "tests" / "plugins")


def probe(**options):
    return {"module": f"{SAMPLES}/probe.so", "audiences": ["industry"], "options": options}


def reactions(n):
    return n.fetch_all(["vacancy.closed"])


def wait_for_reactions(n, count):
    return n.wait(lambda: (lambda got: got if len(got) >= count else None)(reactions(n)),
                  f"{count} reactions")


def quarantine(n):
    """What the hub keeps as rejected: (agency, origin, code, detail)."""
    with sqlite3.connect(f"file:{n.folder}/state/journal.db?mode=ro", uri=True) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(quarantine)")]
        rows = [dict(zip(columns, row)) for row in db.execute("SELECT * FROM quarantine")]
    return rows


def test_a_reaction_is_an_event_with_a_deterministic_identity(node):
    n = node({"probe": probe()}).start()
    opened = vacancy(region="33.75")
    n.publish([opened])
    closed, = wait_for_reactions(n, 1)
    assert closed["specversion"] == "1.0"
    assert closed["source"] == "/uji/probe"
    assert closed["type"] == "vacancy.closed"
    assert closed["subject"] == opened["subject"]
    assert closed["cause"] == opened["id"]
    assert closed["time"] == opened["time"]
    assert closed["region"] == opened["region"]
    assert closed["data"] == {"date": "2024-02-02", "vacancy": opened["data"]["vacancy"],
                              "reason": "withdrawn"}
    assert "recordedtime" in closed
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}",
                        closed["id"])


def test_state_outlives_the_process(node):
    n = node({"probe": probe()}).start()
    n.publish([vacancy() for _ in range(5)])
    wait_for_reactions(n, 5)
    n.wait_restart("probe", n.kill("probe"))
    n.wait_for_log(r"begins with a count of 5")
    assert n.stop() == 0
    n.start()
    n.wait_for_log(r"begins with a count of 5", 2)


def test_later_undoes_what_was_staged_and_delivers_again(node):
    n = node({"probe": probe()}).start()
    n.publish([vacancy(), vacancy("later 3"), vacancy("shout")])
    closed = wait_for_reactions(n, 3)
    assert len(closed) == 3
    assert len(n.wait_for_log(r"later, for the \d. time")) == 3
    # The count would be higher if what had been counted before "later" had been kept.
    n.wait_for_log(r"the word is none, the count is 3")


def test_a_crash_in_a_batch_does_it_again_and_once(node):
    n = node({"probe": probe(scar="scar")}).start()
    n.publish([vacancy(), vacancy("crash"), vacancy("shout")])
    assert len(wait_for_reactions(n, 3)) == 3
    n.wait_for_log(r"probe was ended by SIGABRT \(Aborted\); starting it again in 0\.1 s")
    n.wait_for_log(r"the word is none, the count is 3")


def test_a_hang_in_a_batch_does_it_again_and_once(node):
    n = node({"probe": probe(scar="scar")}, hang_timeout="2s").start()
    n.publish([vacancy(), vacancy("hang"), vacancy("shout")])
    assert len(wait_for_reactions(n, 3)) == 3
    n.wait_for_log(r"probe has given no sign of life")
    n.wait_for_log(r"the word is none, the count is 3")


def test_a_rejected_event_goes_to_quarantine_with_its_reason(node):
    n = node({"probe": probe()}).start()
    n.publish([vacancy(), vacancy("reject"), vacancy("shout")])
    n.wait_for_log(r"the word is none, the count is 2")
    assert len(wait_for_reactions(n, 2)) == 2
    kept = n.wait(lambda: quarantine(n), "the quarantined event")
    assert len(kept) == 1
    assert "the title says so" in json.dumps([str(v) for v in kept[0].values()])


def test_the_one_event_whose_reaction_is_invalid_is_found_and_put_aside(node):
    n = node({"probe": probe()}).start()
    titles = ["Juru las"] * 100
    titles[37] = "invalid"
    n.publish([vacancy(title) for title in titles])
    n.publish([vacancy("shout")])
    n.wait_for_log(r"the word is none, the count is 100")
    assert len(wait_for_reactions(n, 100)) == 100
    kept = quarantine(n)
    assert len(kept) == 1
    assert "what probe made of it was refused" in json.dumps([str(v) for v in kept[0].values()])
    n.wait_for_log(r"an event of type vacancy\.opened goes to quarantine")


def test_a_batch_that_publishes_too_much_is_divided(node):
    n = node({"probe": probe()}).start()
    n.publish([vacancy("many 300") for _ in range(20)] + [vacancy("shout")])
    n.wait_for_log(r"the word is none, the count is 21")
    assert len(wait_for_reactions(n, 6001)) == 6001


def test_one_event_that_makes_more_than_a_commit_can_carry_is_put_aside(node):
    n = node({"probe": probe()}).start()
    n.publish([vacancy("many 1001"), vacancy("shout")])
    n.wait_for_log(r"the word is none, the count is 1")
    assert len(wait_for_reactions(n, 1)) == 1
    assert len(quarantine(n)) == 1


def test_an_undeclared_type_cannot_be_published(node):
    n = node({"u": {"module": f"{SAMPLES}/undeclared.so", "audiences": ["blk"]}}).start()
    n.wait_for_log(r"publishing alumni\.graduated was answered with forbidden")
    assert n.fetch_all() == []


def test_a_timer_commits_what_it_puts_into_the_state(node):
    n = node({"probe": probe(tick="50ms")}).start()
    n.wait_for_log(r"tick 3 of timer 3")
    n.wait_restart("probe", n.kill("probe"))
    ticks = n.wait_for_log(r"tick (\d+) of timer 3", 6)
    numbers = [int(m.group(1)) for m in ticks]
    # Each was committed before the next: at most the last one before the kill is done again.
    assert sorted(set(numbers)) == list(range(1, max(numbers) + 1))
    assert len(numbers) - len(set(numbers)) <= 1


def test_consumers_that_want_nothing_do_not_hold_up_the_journal(node):
    n = node({"u": {"module": f"{SAMPLES}/undeclared.so", "audiences": ["blk"]}}).start()
    n.publish([vacancy() for _ in range(50)])

    def cursor():
        with sqlite3.connect(f"file:{n.folder}/state/journal.db?mode=ro", uri=True) as db:
            return [row[0] for row in
                    db.execute("SELECT cursor FROM consumer WHERE name = 'u/main'")]

    n.wait(lambda: cursor() == [50], "the cursor of u to follow")


@pytest.mark.parametrize("victim", ["probe", "hub"])
def test_kill_under_load_loses_and_doubles_nothing(node, victim):
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print("seed", seed)
    chance = random.Random(seed)
    n = node({"probe": probe()}).start()
    sent = 0
    for _ in range(8):
        events = [vacancy() for _ in range(chance.randrange(50, 400))]
        n.publish(events)
        sent += len(events)
        n.wait_restart(victim, n.kill(victim))
    n.publish([vacancy("shout")])
    sent += 1
    closed = wait_for_reactions(n, sent)
    n.wait_for_log(rf"the word is none, the count is {sent}\b")
    assert len(closed) == sent
    assert len({one["cause"] for one in closed}) == sent


# ---- Inbox


def drop(n, name, text, type_="vacancy.closed"):
    """Puts a file into the inbox as an office does: under another name first, then renamed."""
    folder = n.folder / "inbox" / type_
    n.wait(folder.is_dir, "the folder")
    (n.folder / name).write_text(text)
    (n.folder / name).rename(folder / name)
    return folder


def with_inbox():
    return {"probe": {**probe(), "inbox": "inbox"}}


def rows(count):
    return "Tanggal;Kode Lowongan;Alasan\n" + "".join(f"15/01/2024;L-{i};kedaluwarsa\n"
                                                      for i in range(count))


def test_what_a_timer_says_that_no_hub_takes_is_put_aside_and_stops_nothing(node):
    n = node({"stuck": {"module": f"{SAMPLES}/stuck.so", "audiences": ["industry"]}}).start()
    for round_ in range(1, 4):
        n.publish([vacancy()])
        assert len(wait_for_reactions(n, round_)) == round_
        n.wait(lambda: len(quarantine(n)) >= round_, "the other to be put aside")
    # Each was said once, and is not said again: nothing is left to be done.
    assert len(quarantine(n)) == 3 and {row["agency"] for row in quarantine(n)} == {"stuck"}
    with sqlite3.connect(f"file:{n.folder}/state/journal.db?mode=ro", uri=True) as db:
        n.wait(lambda: db.execute("SELECT count(*) FROM state WHERE key LIKE 'todo/%'").fetchone()[0] == 0,
               "nothing to be left")
    assert re.search(r"1 of 2 events that the plugin said by itself were refused and are in quarantine, "
                     r"the first with invalid at /data/reason", n.log())
    assert n.request("STATUS")[1]["adds_up"]


def test_files_dropped_into_the_inbox_become_events(node):
    n = node(with_inbox()).start()
    folder = drop(n, "tutup.csv", rows(1200) + "15/01/2024;L-x;entah\n")
    n.wait((folder / "done" / "tutup.csv").exists, "the file in done/")
    closed = reactions(n)
    assert len(closed) == 1200
    assert {one["source"] for one in closed} == {"/uji/probe"}
    assert {one["region"] for one in closed} == {"33.75"}
    rejected = list((folder / "rejected").iterdir())
    assert len(rejected) == 1 and "L-x" in rejected[0].read_text(encoding="utf-8-sig")


def test_a_file_that_was_interrupted_is_read_again_and_doubles_nothing(node):
    n = node(with_inbox()).start()
    folder = drop(n, "tutup.csv", rows(20000))
    n.wait(lambda: n.request("FETCH", {"after": "0"})[2], "the first rows")
    n.kill("probe")
    n.kill("hub")
    n.wait((folder / "done" / "tutup.csv").exists, "the file in done/")
    assert len(reactions(n)) == 20000


def test_a_file_beside_the_folders_is_spoken_of_and_stays(node):
    n = node(with_inbox()).start()
    stray = n.folder / "inbox" / "tutup.csv"
    stray.write_text(rows(1))
    [told] = n.wait_for_log(r"a file that lies beside the folders is left alone; put it into the "
                            r"one of its type, e.g. (\S+)")
    stray = stray.rename(pathlib.Path(told[1]) / "tutup.csv")
    n.wait((stray.parent / "done" / "tutup.csv").exists, "the file in done/")
    assert len(n.wait_for_log("beside the folders")) == 1


def test_files_that_came_while_the_node_was_down_are_taken(node):
    n = node(with_inbox()).start()
    folder = n.folder / "inbox" / "vacancy.closed"
    assert n.stop() == 0
    drop(n, "tutup.csv", rows(10))
    n.start()
    n.wait((folder / "done" / "tutup.csv").exists, "the file in done/")


# ---- Plugins with a cursor of their own


def sink(**options):
    return {"module": f"{SAMPLES}/sink.so", "audiences": ["node"], "regions": ["*"],
            "options": {"file": "sink.cursor", **options}}


def sink_report(n, count=1):
    got = n.wait_for_log(r"saw (\d+) events up to (\d+), the largest batch had (\d+), "
                         r"stumbled (\d+) times", count)[-1]
    assert "BROKEN" not in n.log()
    return [int(one) for one in got.groups()]


def test_a_plugin_with_its_own_cursor_gets_everything_once_and_in_large_batches(node):
    n = node().start()
    n.publish([vacancy() for _ in range(12499)] + [vacancy("report")])
    n.config["plugins"] = {"sink": sink()}
    n.write_config()
    n.reload()
    events, cursor, largest, _ = sink_report(n)
    assert (events, cursor) == (12500, 12500)
    # How many pages come as one batch depends on which of the two is faster; never half a one.
    assert largest >= 1000


def test_places_that_an_erasure_has_emptied_do_not_make_batches_small(node):
    n = node().start()
    for who in range(6):
        n.publish([vacancy() for _ in range(1999)] + [graduated(nik(who))])
        assert n.request("ERASE", {"nik": nik(who)})[0] == "OK"
    n.publish([vacancy("report")])
    n.config["plugins"] = {"sink": sink(slow_ms=200)}
    n.write_config()
    n.reload()
    events, cursor, largest, _ = sink_report(n)
    assert (events, cursor) == (6 * 2000 + 1, 6 * 2001 + 1)
    assert largest > 8000, "what is there when a batch is done comes as one"


def test_more_is_put_aside_of_a_batch_than_one_commit_can_tell(node):
    n = node(hub={"quarantine": 20000}).start()
    n.publish([vacancy() for _ in range(9999)] + [vacancy("report")])
    n.config["plugins"] = {"sink": sink(slow_ms=200, refuse=True)}
    n.write_config()
    n.reload()
    _, _, largest, _ = sink_report(n)
    assert largest > 8000, "the test needs a large batch"
    n.wait(lambda: pending(n.request("STATUS")[1], "sink") == 0, "the cursor in the hub")
    assert len(quarantine(n)) == 10000
    assert "dropped" not in n.log()


def test_the_hub_follows_the_cursor_that_the_plugin_keeps(node):
    n = node({"sink": sink()}).start()
    n.publish([vacancy() for _ in range(20)])

    def cursor():
        with sqlite3.connect(f"file:{n.folder}/state/journal.db?mode=ro", uri=True) as db:
            return [row[0] for row in
                    db.execute("SELECT cursor FROM consumer WHERE name = 'sink/main'")]

    n.wait(lambda: cursor() == [20], "the cursor in the hub")


@pytest.mark.parametrize("victim", ["sink", "hub"])
def test_stumbling_and_kills_neither_lose_nor_double_for_a_cursor_of_its_own(node, victim):
    n = node({"sink": sink(stumble=3)}).start()
    sent = 0
    for _ in range(6):
        n.publish([vacancy() for _ in range(700)])
        sent += 700
        n.wait_restart(victim, n.kill(victim))
    n.publish([vacancy("report")])
    events, cursor, _, _ = sink_report(n)
    assert (events, cursor) == (sent + 1, sent + 1)


@pytest.mark.skipif(SANITIZED, reason="a sanitizer keeps memory that was freed")
def test_an_inbox_with_nothing_in_it_costs_nothing_and_wakes_up_for_a_file(node):
    """What is never read, and stays, is nothing."""
    n = node(with_inbox())
    inbox = n.folder / "inbox" / "vacancy.closed"
    inbox.mkdir(parents=True)
    (inbox / "Thumbs.db").write_text("gambar")
    (inbox / "lain.csv").symlink_to("/dev/null")
    n.start()

    def memory():
        status = pathlib.Path(f"/proc/{n.pid('probe')}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", status).group(1))

    for name in ("satu", "dua"):
        n.wait(lambda: memory() < 1500, "the schemas to be forgotten")
        folder = drop(n, f"{name}.csv", rows(10))
        n.wait(lambda: memory() > 1700, "the schemas to be read")
        n.wait((folder / "done" / f"{name}.csv").exists, "the file in done/")
    assert n.log().count("is no regular file") == 2, "it was opened for the two files alone"
    assert len(reactions(n)) == 10
