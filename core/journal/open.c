#include "journal/internal.h"

#include "base/id.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONSUMER_COLUMNS "id, name, cursor, delivered, filtered, updated_ms, lost, untold, seen_ms"

static const char *const texts[JJ_SQL_COUNT_STATEMENTS] = {
    [JJ_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [JJ_SQL_COMMIT] = "COMMIT",
    [JJ_SQL_ROLLBACK] = "ROLLBACK",
    [JJ_SQL_KNOWN] = "SELECT digest, cursor FROM known WHERE key = ?1",
    [JJ_SQL_REMEMBER] = "INSERT INTO known VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    [JJ_SQL_APPEND] = "INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [JJ_SQL_SEAL] = "INSERT INTO vault (number, subject, type, region, owner, sealed)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [JJ_SQL_COUNT] = "UPDATE totals SET received = ?1, accepted = ?2, duplicate = ?3,"
                     " rejected = ?4, pushed_out = ?5",
    [JJ_SQL_NAME] = "INSERT INTO name VALUES (?1, ?2)",
    [JJ_SQL_READ] = "SELECT cursor, time_ms, type, region, owner, recipient, subject, text"
                    " FROM event WHERE cursor > ?1 AND cursor <= ?2 ORDER BY cursor",
    [JJ_SQL_READ_HEADS] = "SELECT cursor, time_ms, type, region, owner, recipient, subject"
                          " FROM event WHERE cursor > ?1 AND cursor <= ?2 ORDER BY cursor",
    [JJ_SQL_RECORDED] = "SELECT recorded_ms FROM event WHERE cursor > ?1 ORDER BY cursor LIMIT 1",
    [JJ_SQL_CONSUMER] = "SELECT " CONSUMER_COLUMNS " FROM consumer WHERE name = ?1",
    [JJ_SQL_CONSUMER_ADD] = "INSERT INTO consumer (name, cursor, delivered, filtered, updated_ms,"
                            " seen_ms) VALUES (?1, ?2, 0, ?2, ?3, ?3)",
    [JJ_SQL_CONSUMER_MOVE] = "UPDATE consumer SET cursor = ?2, delivered = ?3, filtered = ?4,"
                             " updated_ms = ?5, seen_ms = ?5 WHERE id = ?1",
    [JJ_SQL_CONSUMER_SEEN] = "UPDATE consumer SET seen_ms = ?2 WHERE id = ?1",
    [JJ_SQL_CONSUMER_TOLD] = "UPDATE consumer SET untold = 0 WHERE id = ?1",
    [JJ_SQL_CONSUMER_BEHIND] = "SELECT " CONSUMER_COLUMNS " FROM consumer WHERE cursor < ?1"
                               " ORDER BY name",
    [JJ_SQL_CONSUMER_SLOWEST] = "SELECT min(cursor) FROM consumer"
                                " WHERE max(seen_ms, updated_ms) >= ?1",
    [JJ_SQL_CONSUMER_LOSE] = "UPDATE consumer SET lost = lost + ?1 - cursor,"
                             " untold = untold + ?1 - cursor, cursor = ?1 WHERE cursor < ?1",
    [JJ_SQL_CONSUMER_DROP] = "DELETE FROM consumer WHERE name = ?1",
    [JJ_SQL_STATE_CLEAR] = "DELETE FROM state WHERE consumer = (SELECT id FROM consumer"
                           " WHERE name = ?1)",
    [JJ_SQL_CONSUMERS] = "SELECT " CONSUMER_COLUMNS " FROM consumer ORDER BY name",
    [JJ_SQL_STATE_PUT] = "INSERT OR REPLACE INTO state VALUES (?1, ?2, ?3)",
    [JJ_SQL_STATE_DELETE] = "DELETE FROM state WHERE consumer = ?1 AND key = ?2",
    [JJ_SQL_STATE_DROP] = "DELETE FROM state WHERE consumer ="
                          " (SELECT id FROM consumer WHERE name = ?1)",
    [JJ_SQL_STATE_READ] = "SELECT key, value FROM state WHERE consumer = ?1 AND key > ?2"
                          " ORDER BY key",
    [JJ_SQL_CONSENT_PUT] =
        "INSERT INTO consent VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (subject, audience) DO UPDATE"
        " SET granted = excluded.granted, time_ms = excluded.time_ms, key = excluded.key"
        " WHERE (excluded.time_ms, NOT excluded.granted, excluded.key) > (time_ms, NOT granted, "
        "key)",
    [JJ_SQL_CONSENT] = "SELECT audience FROM consent WHERE subject = ?1 AND granted",
    [JJ_SQL_QUARANTINE] =
        "INSERT INTO quarantine (at_ms, agency, origin, code, field, detail,"
        " type, sealed, size) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, length(?8))",
    [JJ_SQL_QUARANTINE_TRIM] =
        "DELETE FROM quarantine WHERE agency = ?1 AND number <= (SELECT max(number) FROM"
        " (SELECT number, row_number() OVER w AS place, sum(size) OVER w AS bytes FROM quarantine"
        "  WHERE agency = ?1 WINDOW w AS (ORDER BY number DESC))"
        " WHERE place > ?2 OR (?3 > 0 AND bytes > ?3))",
    [JJ_SQL_QUARANTINE_SUM] = "SELECT count(*), sum(size) FROM quarantine WHERE agency = ?1",
    [JJ_SQL_QUARANTINE_ANY] = "SELECT 1 FROM quarantine WHERE agency = ?1 LIMIT 1",
    [JJ_SQL_QUARANTINE_RETRY] = "UPDATE quarantine SET retry = ?2 WHERE number = ?1",
    [JJ_SQL_QUARANTINE_RETRIES] = "SELECT number, origin FROM quarantine WHERE retry ORDER BY"
                                  " number",
    [JJ_SQL_QUARANTINE_READ] = "SELECT number, at_ms, agency, origin, code, field, detail, type,"
                               " sealed, retry FROM quarantine WHERE number > ?1 ORDER BY number",
    [JJ_SQL_QUARANTINE_KEPT] = "SELECT count(*) FROM quarantine",
    [JJ_SQL_QUARANTINE_DROP] = "DELETE FROM quarantine WHERE number = ?1",
    [JJ_SQL_DELIVER] = "INSERT INTO delivery (at_ms, agency, consumer, after, upto, bits)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [JJ_SQL_DELIVERIES] = "SELECT at_ms, agency, consumer, after, upto, bits FROM delivery"
                          " WHERE after < ?1 AND upto >= ?1 ORDER BY number",
    [JJ_SQL_DELIVER_MORE] = "UPDATE delivery SET upto = ?2, bits = ?3 WHERE number = ?1",
    [JJ_SQL_DELIVERED_LAST] = "SELECT number, at_ms, after, upto, bits FROM delivery WHERE agency"
                              " = ?1 AND consumer = ?2 ORDER BY upto DESC LIMIT 1",
    [JJ_SQL_DELIVERED] = "SELECT number, at_ms, after, upto, bits FROM delivery WHERE agency = ?1"
                         " AND consumer = ?2 AND upto > ?3",
    [JJ_SQL_DELIVERY_TRIM] = "DELETE FROM delivery WHERE upto <= ?1",
    [JJ_SQL_AUDIT] = "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [JJ_SQL_AUDIT_NEWEST] = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1",
    [JJ_SQL_AUDIT_LAST] = "SELECT number, hash FROM audit_last",
    [JJ_SQL_AUDIT_MOVE] = "UPDATE audit_last SET number = ?1, hash = ?2",
    [JJ_SQL_AUDIT_READ] = "SELECT number, at_ms, action, agency, person, detail, hash FROM audit"
                          " ORDER BY number",
    [JJ_SQL_VAULT_READ] = "SELECT type, region, owner, sealed FROM vault WHERE number = ?1"
                          " AND subject = ?2",
    [JJ_SQL_ERASE_READ] = "SELECT type, region, subject, text FROM event WHERE cursor = ?1",
    [JJ_SQL_FORGET] = "UPDATE event SET text = ?2 WHERE cursor = ?1",
    /* Type 0 is the empty name: no reader wants it. */
    [JJ_SQL_EMPTY] = "UPDATE event SET type = 0, subject = NULL, text = x'' WHERE cursor = ?1",
    [JJ_SQL_ERASE_VAULT] = "DELETE FROM vault WHERE number = ?1 AND subject = ?2",
    [JJ_SQL_ERASE_CONSENT] = "DELETE FROM consent WHERE subject = ?1",
    [JJ_SQL_ABOUT] = "SELECT time_ms, type, region, owner FROM event WHERE cursor = ?1"
                     " AND subject = ?2",
    [JJ_SQL_NODE] = "SELECT name, agency, sequence, contact_ms, reported_ms, accepted, duplicate,"
                    " rejected, problem_ms, problem, blocked FROM node WHERE name = ?1",
    [JJ_SQL_NODES] = "SELECT name, agency, sequence, contact_ms, reported_ms, accepted, duplicate,"
                     " rejected, problem_ms, problem, blocked FROM node ORDER BY name",
    [JJ_SQL_NODE_PUT] = "INSERT OR REPLACE INTO node (name, agency, sequence, contact_ms,"
                        " reported_ms, accepted, duplicate, rejected, problem_ms, problem, blocked)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [JJ_SQL_NODE_DROP] = "DELETE FROM node WHERE name = ?1",
    [JJ_SQL_MARKS_PUT] = "INSERT OR REPLACE INTO node_mark (node, after, upto, marks)"
                         " VALUES (?1, ?2, ?3, ?4)",
    [JJ_SQL_MARKS] = "SELECT marks FROM node_mark WHERE node = ?1 AND upto > ?2 AND after < ?3",
    [JJ_SQL_MARKS_DROP] = "DELETE FROM node_mark WHERE node = ?1",
    [JJ_SQL_GAP_PUT] = "INSERT OR REPLACE INTO node_gap (node, after, upto) VALUES (?1, ?2, ?3)",
    [JJ_SQL_GAPS] = "SELECT after, upto FROM node_gap WHERE node = ?1 ORDER BY after",
    [JJ_SQL_GAP_DROP] = "DELETE FROM node_gap WHERE node = ?1 AND after = ?2",
    [JJ_SQL_GAPS_DROP] = "DELETE FROM node_gap WHERE node = ?1",
    [JJ_SQL_REGION_NODE] = "SELECT node FROM node_region WHERE region = ?1",
    [JJ_SQL_REGION_CLAIM] = "INSERT INTO node_region VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    [JJ_SQL_REGIONS_DROP] = "DELETE FROM node_region WHERE node = ?1",
    [JJ_SQL_MENTION] = "SELECT entries FROM mention WHERE number = ?1",
    [JJ_SQL_MENTION_PUT] = "INSERT OR REPLACE INTO mention VALUES (?1, ?2)",
    [JJ_SQL_MENTION_TRIM] = "DELETE FROM mention WHERE number >= ?1 AND number < ?2",
    [JJ_SQL_MENTION_BLOCKS] = "SELECT kind, upto, after FROM mention_block ORDER BY kind, upto",
    [JJ_SQL_MENTION_BLOCK_PUT] = "INSERT INTO mention_block VALUES (?1, ?2, ?3)",
    [JJ_SQL_MENTION_BLOCK_TRIM] = "DELETE FROM mention_block WHERE kind = ?1 AND upto <= ?2",
    [JJ_SQL_MENTION_EVENTS] = "SELECT cursor, subject, text FROM event WHERE cursor > ?1"
                              " AND cursor <= ?2 ORDER BY cursor",
    [JJ_SQL_MENTION_VAULTED] = "SELECT number, subject, NULL FROM vault WHERE number > ?1"
                               " AND number <= ?2 ORDER BY number",
    [JJ_SQL_TRIM] = "DELETE FROM event WHERE cursor <= ?1",
};

int jj_journal_sql_error(const jj_journal *journal, const char *what, jj_error *err)
{
    if (!journal->db) {
        return jj_fail(err, JJ_EUNAVAILABLE, "the journal is closed after a failure");
    }
    int code = sqlite3_extended_errcode(journal->db) & 0xff;
    const char *why = code == SQLITE_FULL ? "the disk is full" : sqlite3_errmsg(journal->db);
    jj_fail(err, JJ_EUNAVAILABLE, "%s: %s", what, why);
    if (err) {
        snprintf(err->file, sizeof err->file, "%s", journal->path);
    }
    return JJ_EUNAVAILABLE;
}

void jj_journal_bind(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text ? text : "", -1, SQLITE_STATIC);
}

const char *jj_journal_column(sqlite3_stmt *row, int at)
{
    const char *text = (const char *)sqlite3_column_text(row, at);
    return text ? text : "";
}

static int prepare(jj_journal *journal, jj_error *err)
{
    for (size_t i = 0; i < JJ_SQL_COUNT_STATEMENTS; i++) {
        if (sqlite3_prepare_v3(journal->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &journal->statements[i], NULL)) {
            return jj_journal_sql_error(journal, "the journal's tables are damaged", err);
        }
    }
    return 0;
}

static int load_names(jj_journal *journal, jj_error *err)
{
    sqlite3_stmt *statement = NULL;
    int rc = 0, step = SQLITE_DONE;
    if (!jj_journal_names_add(&journal->names, "")) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    if (sqlite3_prepare_v2(journal->db, "SELECT number, text FROM name ORDER BY number", -1,
                           &statement, NULL)) {
        return jj_journal_sql_error(journal, "cannot read the journal", err);
    }
    while (rc == 0 && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        if ((size_t)sqlite3_column_int64(statement, 0) != journal->names.count ||
            !jj_journal_names_add(&journal->names,
                                  (const char *)sqlite3_column_text(statement, 1))) {
            rc = jj_fail(err, JJ_EUNAVAILABLE, "%s: the table of names is damaged", journal->path);
        }
    }
    if (rc == 0 && step != SQLITE_DONE) {
        rc = jj_journal_sql_error(journal, "cannot read the journal", err);
    }
    sqlite3_finalize(statement);
    return rc;
}

static int load_totals(jj_journal *journal, jj_error *err)
{
    sqlite3_stmt *statement = NULL;
    int64_t first = 0, last = 0;
    bool read = sqlite3_prepare_v2(journal->db, "SELECT * FROM totals", -1, &statement, NULL) ==
                    SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_bytes(statement, 6) == 16;
    if (read) {
        journal->counts = (jj_counts){(uint64_t)sqlite3_column_int64(statement, 1),
                                      (uint64_t)sqlite3_column_int64(statement, 2),
                                      (uint64_t)sqlite3_column_int64(statement, 3),
                                      (uint64_t)sqlite3_column_int64(statement, 4)};
        journal->pushed_out = (uint64_t)sqlite3_column_int64(statement, 5);
        memcpy(journal->secret, sqlite3_column_blob(statement, 6), 16);
    }
    sqlite3_finalize(statement);
    if (!read ||
        jj_journal_number(journal->db, "SELECT ifnull(min(cursor), 0) FROM event", &first) ||
        jj_journal_number(journal->db, "SELECT ifnull(max(cursor), 0) FROM event", &last)) {
        return jj_journal_sql_error(journal, "cannot read the journal", err);
    }
    journal->staged = journal->counts;
    journal->pushed_out_staged = journal->pushed_out;
    uint64_t head = journal->counts.accepted;
    journal->tail = first ? (uint64_t)first : head + 1;
    if (last && (uint64_t)last != head) {
        return jj_fail(err, JJ_EUNAVAILABLE,
                       "%s is damaged: its last event is %lld, but %llu were accepted; restore a "
                       "backup",
                       journal->path, (long long)last, (unsigned long long)head);
    }
    return 0;
}

static const char node_note[] = "SELECT value FROM state WHERE consumer = 0 AND key = ?1";

void jj_journal_peek(const char *path, const char *key, char *value, size_t size)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;
    char *uri = sqlite3_mprintf("file:%s?immutable=1", path);
    value[0] = '\0';
    if (uri && sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) == 0 &&
        sqlite3_prepare_v2(db, node_note, -1, &row, NULL) == SQLITE_OK &&
        sqlite3_bind_text(row, 1, key, -1, SQLITE_STATIC) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW && sqlite3_column_text(row, 0)) {
        snprintf(value, size, "%s", (const char *)sqlite3_column_text(row, 0));
    }
    sqlite3_finalize(row);
    sqlite3_close(db);
    sqlite3_free(uri);
}

/* The secret itself is for nobody's eyes. */
static int make_id(jj_journal *journal, jj_error *err)
{
    sqlite3_stmt *row = NULL;
    int step =
        sqlite3_prepare_v2(journal->db, node_note, -1, &row, NULL) == SQLITE_OK &&
                sqlite3_bind_text(row, 1, JJ_JOURNAL_RESTORED, -1, SQLITE_STATIC) == SQLITE_OK
            ? sqlite3_step(row)
            : SQLITE_ERROR;
    const char *restored = step == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : NULL;
    restored = restored ? restored : "";
    snprintf(journal->id, sizeof journal->id, "%016llx",
             (unsigned long long)jj_siphash(journal->secret, restored, strlen(restored)));
    sqlite3_finalize(row);
    return step == SQLITE_ROW || step == SQLITE_DONE
               ? 0
               : jj_journal_sql_error(journal, "cannot read the journal", err);
}

/* Called by SQLite after each commit with the length of the write-ahead log. */
static int note_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
    jj_journal *journal = arg;
    (void)db;
    (void)name;
    journal->wal_bytes = pages * journal->page_bytes;
    return SQLITE_OK;
}

int jj_journal_attach(jj_journal *journal, jj_error *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    /* SQLite gives the write-ahead log the mode of the database. */
    int fd = open(journal->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return jj_fail_errno(err, JJ_EUNAVAILABLE, "cannot open the journal %s", journal->path);
    }
    close(fd);
    if (sqlite3_open_v2(journal->path, &journal->db, flags, NULL) ||
        sqlite3_extended_result_codes(journal->db, 1) || sqlite3_busy_timeout(journal->db, 5000)) {
        return jj_journal_sql_error(journal, "cannot open the journal", err);
    }
    int rc = jj_journal_tables(journal, err);
    if (rc == 0 && jj_journal_number(journal->db, "PRAGMA page_size", &journal->page_bytes)) {
        rc = jj_journal_sql_error(journal, "cannot read the journal", err);
    }
    /* Behind the setup, whose wal_autocheckpoint takes the hook away. */
    sqlite3_wal_hook(journal->db, note_wal, journal);
    rc = rc ? rc : prepare(journal, err);
    rc = rc ? rc : load_names(journal, err);
    rc = rc ? rc : load_totals(journal, err);
    rc = rc ? rc : make_id(journal, err);
    return rc ? rc : jj_mentions_load(journal, err);
}

void jj_journal_detach(jj_journal *journal)
{
    for (size_t i = 0; i < JJ_SQL_COUNT_STATEMENTS; i++) {
        sqlite3_finalize(journal->statements[i]);
        journal->statements[i] = NULL;
    }
    sqlite3_close(journal->db);
    journal->db = NULL;
    jj_journal_names_clear(&journal->names);
    jj_mentions_clear(journal);
}

/* A lock file of our own: SQLite would let a second hub write between our transactions. */
static int take_lock(jj_journal *journal, jj_error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s.lock", journal->path);
    journal->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (journal->lock < 0) {
        return jj_fail_errno(err, JJ_EUNAVAILABLE, "cannot open %s", path);
    }
    if (flock(journal->lock, LOCK_EX | LOCK_NB)) {
        return jj_fail(err, JJ_EUNAVAILABLE,
                       "another hub has %s open: stop the other daemon (`fuser %s` names it)",
                       journal->path, path);
    }
    return 0;
}

int jj_journal_open(jj_journal **journal, const char *path, jj_error *err)
{
    /* Nobody reads SQLite's statistics of memory, which cost a lock for each allocation. Refused,
     * without harm, where SQLite is at work already. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    jj_journal *new = calloc(1, sizeof *new);
    if (!new || !(new->path = strdup(path))) {
        free(new);
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    new->lock = -1;
    int rc = take_lock(new, err);
    rc = rc ? rc : jj_journal_attach(new, err);
    if (rc) {
        jj_journal_close(new);
        return rc;
    }
    *journal = new;
    return 0;
}

void jj_journal_close(jj_journal *journal)
{
    if (journal) {
        jj_journal_detach(journal);
        if (journal->lock >= 0) {
            close(journal->lock);
        }
        free(journal->erasures);
        free(journal->path);
        free(journal);
    }
}

int jj_journal_recover(jj_journal *journal, jj_error *err)
{
    jj_journal_detach(journal);
    journal->open = false;
    journal->reason[0] = '\0';
    int rc = jj_journal_attach(journal, err);
    if (rc == 0) {
        /* A write that reaches the disk, not only a read from the cache. */
        rc = sqlite3_exec(journal->db, "BEGIN IMMEDIATE; UPDATE totals SET one = 1; COMMIT", NULL,
                          NULL, NULL)
                 ? jj_journal_sql_error(journal, "cannot write the journal", err)
                 : 0;
    }
    journal->failed = rc != 0;
    return rc;
}

bool jj_journal_failed(const jj_journal *journal)
{
    return journal->failed;
}
