#include "journal/internal.h"

#include "base/fs.h"
#include "base/id.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* What every connection to a journal of ours needs. Pages of 8 KiB: an event of the usual size is
 * stored with an eighth less work than in pages of 4 KiB. FULL: one fsync for each commit, and a
 * commit that returned is on disk. Checkpoints are made by jj_journal_checkpoint, when nobody
 * waits. secure_delete: erased data is overwritten. */
static const char setup[] = "PRAGMA page_size = 8192;"
                            "PRAGMA journal_mode = WAL;"
                            "PRAGMA synchronous = FULL;"
                            "PRAGMA wal_autocheckpoint = 0;"
                            "PRAGMA secure_delete = ON;"
                            "PRAGMA temp_store = MEMORY;"
                            "PRAGMA cache_size = -4096;";

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE event (cursor INTEGER PRIMARY KEY, recorded_ms INTEGER, time_ms INTEGER,"
    "  type INTEGER, region INTEGER, owner INTEGER, recipient INTEGER, subject TEXT, text BLOB);"
    /* Keys begin with the event's time, so that this index grows at its end. */
    "CREATE TABLE known (key BLOB PRIMARY KEY, digest INTEGER, cursor INTEGER) WITHOUT ROWID;"
    "CREATE TABLE name (number INTEGER PRIMARY KEY, text TEXT NOT NULL);"
    "CREATE TABLE vault (number INTEGER PRIMARY KEY, subject TEXT, type INTEGER,"
    "  region INTEGER, owner INTEGER, sealed BLOB);"
    "CREATE TABLE consumer (id INTEGER PRIMARY KEY, name TEXT UNIQUE, cursor INTEGER,"
    "  delivered INTEGER, filtered INTEGER, updated_ms INTEGER);"
    "CREATE TABLE state (consumer INTEGER, key TEXT, value TEXT, PRIMARY KEY (consumer, key))"
    "  WITHOUT ROWID;"
    "CREATE TABLE consent (subject BLOB, audience INTEGER, granted INTEGER, time_ms INTEGER,"
    "  key BLOB, PRIMARY KEY (subject, audience)) WITHOUT ROWID;"
    "CREATE TABLE quarantine (number INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER,"
    "  agency TEXT, origin TEXT, code TEXT, field TEXT, detail TEXT, type TEXT, sealed BLOB);"
    "CREATE INDEX quarantine_agency ON quarantine (agency, number);"
    "CREATE TABLE delivery (number INTEGER PRIMARY KEY, at_ms INTEGER, agency TEXT,"
    "  consumer TEXT, after INTEGER, upto INTEGER, bits BLOB);"
    "CREATE TABLE audit (number INTEGER PRIMARY KEY, at_ms INTEGER, action TEXT, agency TEXT,"
    "  person TEXT, detail TEXT, hash BLOB);"
    "CREATE TABLE audit_last (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER,"
    "  hash BLOB);"
    "INSERT INTO audit_last VALUES (1, 0, zeroblob(32));"
    "CREATE TABLE totals (one INTEGER PRIMARY KEY CHECK (one = 1), received INTEGER,"
    "  accepted INTEGER, duplicate INTEGER, rejected INTEGER, pushed_out INTEGER, secret BLOB);"
    "INSERT INTO totals VALUES (1, 0, 0, 0, 0, 0, randomblob(16));"
    "PRAGMA application_id = 1246384689;" /* JJ_JOURNAL_APPLICATION */
    "PRAGMA user_version = 1;"
    "COMMIT;";

static const char *const texts[JJ_SQL_COUNT_STATEMENTS] = {
    [JJ_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [JJ_SQL_COMMIT] = "COMMIT",
    [JJ_SQL_ROLLBACK] = "ROLLBACK",
    [JJ_SQL_KNOWN] = "SELECT digest, cursor FROM known WHERE key = ?1",
    [JJ_SQL_REMEMBER] = "INSERT INTO known VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    [JJ_SQL_APPEND] = "INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [JJ_SQL_SEAL] = "INSERT INTO vault (subject, type, region, owner, sealed)"
                    " VALUES (?1, ?2, ?3, ?4, ?5)",
    [JJ_SQL_COUNT] = "UPDATE totals SET received = ?1, accepted = ?2, duplicate = ?3,"
                     " rejected = ?4, pushed_out = ?5",
    [JJ_SQL_NAME] = "INSERT INTO name VALUES (?1, ?2)",
    [JJ_SQL_READ] = "SELECT cursor, time_ms, type, region, owner, recipient, subject, text"
                    " FROM event WHERE cursor > ?1 AND cursor <= ?2 ORDER BY cursor",
    [JJ_SQL_READ_HEADS] = "SELECT cursor, time_ms, type, region, owner, recipient, subject"
                          " FROM event WHERE cursor > ?1 AND cursor <= ?2 ORDER BY cursor",
    [JJ_SQL_CONSUMER] = "SELECT id, name, cursor, delivered, filtered, updated_ms FROM consumer"
                        " WHERE name = ?1",
    [JJ_SQL_CONSUMER_ADD] = "INSERT INTO consumer (name, cursor, delivered, filtered, updated_ms)"
                            " VALUES (?1, ?2, 0, ?2, ?3)",
    [JJ_SQL_CONSUMER_MOVE] = "UPDATE consumer SET cursor = ?2, delivered = ?3, filtered = ?4,"
                             " updated_ms = ?5 WHERE id = ?1",
    [JJ_SQL_CONSUMER_DROP] = "DELETE FROM consumer WHERE name = ?1",
    [JJ_SQL_STATE_CLEAR] = "DELETE FROM state WHERE consumer = (SELECT id FROM consumer"
                           " WHERE name = ?1)",
    [JJ_SQL_CONSUMERS] = "SELECT id, name, cursor, delivered, filtered, updated_ms FROM consumer"
                         " ORDER BY name",
    [JJ_SQL_STATE_PUT] = "INSERT OR REPLACE INTO state VALUES (?1, ?2, ?3)",
    [JJ_SQL_STATE_DELETE] = "DELETE FROM state WHERE consumer = ?1 AND key = ?2",
    [JJ_SQL_STATE_DROP] = "DELETE FROM state WHERE consumer ="
                          " (SELECT id FROM consumer WHERE name = ?1)",
    [JJ_SQL_STATE_READ] = "SELECT key, value FROM state WHERE consumer = ?1 AND key > ?2"
                          " ORDER BY key",
    [JJ_SQL_CONSENT_PUT] =
        "INSERT INTO consent VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (subject, audience) DO UPDATE"
        " SET granted = excluded.granted, time_ms = excluded.time_ms, key = excluded.key"
        " WHERE (excluded.time_ms, excluded.key, NOT excluded.granted) > (time_ms, key, NOT "
        "granted)",
    [JJ_SQL_CONSENT] = "SELECT audience FROM consent WHERE subject = ?1 AND granted",
    [JJ_SQL_QUARANTINE] = "INSERT INTO quarantine (at_ms, agency, origin, code, field, detail,"
                          " type, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [JJ_SQL_QUARANTINE_TRIM] =
        "DELETE FROM quarantine WHERE agency = ?1 AND number <= (SELECT number FROM quarantine"
        " WHERE agency = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
    [JJ_SQL_QUARANTINE_READ] = "SELECT number, at_ms, agency, origin, code, field, detail, type,"
                               " sealed FROM quarantine WHERE number > ?1 ORDER BY number",
    [JJ_SQL_QUARANTINE_KEPT] = "SELECT count(*) FROM quarantine",
    [JJ_SQL_QUARANTINE_DROP] = "DELETE FROM quarantine WHERE number = ?1",
    [JJ_SQL_DELIVER] = "INSERT INTO delivery (at_ms, agency, consumer, after, upto, bits)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [JJ_SQL_DELIVERIES] = "SELECT at_ms, agency, consumer, after, upto, bits FROM delivery"
                          " WHERE after < ?1 AND upto >= ?1 ORDER BY number",
    [JJ_SQL_AUDIT] = "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [JJ_SQL_AUDIT_NEWEST] = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1",
    [JJ_SQL_AUDIT_LAST] = "SELECT number, hash FROM audit_last",
    [JJ_SQL_AUDIT_MOVE] = "UPDATE audit_last SET number = ?1, hash = ?2",
    [JJ_SQL_AUDIT_READ] = "SELECT number, at_ms, action, agency, person, detail, hash FROM audit"
                          " ORDER BY number",
    [JJ_SQL_VAULT_READ] = "SELECT type, region, owner, sealed FROM vault WHERE subject = ?1"
                          " ORDER BY number",
    /* Type 0 is the empty name: no reader wants it. */
    [JJ_SQL_ERASE] = "UPDATE event SET type = 0, subject = NULL, text = x'' WHERE subject = ?1"
                     " AND cursor < ?2",
    [JJ_SQL_MENTIONS] = "SELECT cursor, text FROM event WHERE cursor > ?1 AND cursor < ?2"
                        " AND subject IS NOT ?3 AND instr(lower(text), ?3) ORDER BY cursor LIMIT 1",
    [JJ_SQL_FORGET] = "UPDATE event SET text = ?2 WHERE cursor = ?1",
    [JJ_SQL_EMPTY] = "UPDATE event SET type = 0, subject = NULL, text = x'' WHERE cursor = ?1",
    [JJ_SQL_ERASE_VAULT] = "DELETE FROM vault WHERE subject = ?1",
    [JJ_SQL_ERASE_CONSENT] = "DELETE FROM consent WHERE subject = ?1",
    [JJ_SQL_ABOUT] = "SELECT cursor, time_ms, type, region, owner FROM event WHERE subject = ?1"
                     " ORDER BY cursor",
    [JJ_SQL_TRIM] = "DELETE FROM event WHERE cursor <= ?1",
};

int jj_journal_sql_error(const jj_journal *journal, const char *what, jj_error *err)
{
    int code = sqlite3_extended_errcode(journal->db) & 0xff;
    const char *why = code == SQLITE_FULL ? "the disk is full" : sqlite3_errmsg(journal->db);
    jj_fail(err, JJ_EUNAVAILABLE, "%s: %s", what, why);
    if (err) {
        snprintf(err->file, sizeof err->file, "%s", journal->path);
    }
    return JJ_EUNAVAILABLE;
}

static int read_number(sqlite3 *db, const char *sql, int64_t *value)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
        *value = sqlite3_column_int64(statement, 0);
    } else {
        rc = rc == SQLITE_OK ? SQLITE_ERROR : rc;
    }
    sqlite3_finalize(statement);
    return rc;
}

static int configure(jj_journal *journal, jj_error *err)
{
    return sqlite3_exec(journal->db, setup, NULL, NULL, NULL)
               ? jj_journal_sql_error(journal, "cannot open the journal", err)
               : 0;
}

/* Makes a new file's tables, and its entry in the folder durable. */
static int make_tables(jj_journal *journal, jj_error *err)
{
    char *folder = jj_path_dir(journal->path);
    int rc = folder ? configure(journal, err) : jj_fail(err, JJ_EMEMORY, "out of memory");
    if (rc == 0 && sqlite3_exec(journal->db, schema, NULL, NULL, NULL)) {
        rc = jj_journal_sql_error(journal, "cannot make the journal's tables", err);
    }
    rc = rc ? rc : jj_dir_sync(folder, err);
    free(folder);
    return rc;
}

/* Refuses a file that is not ours or that is newer than we are before it changes a byte of it. */
static int check_version(jj_journal *journal, jj_error *err)
{
    int64_t application = 0, version = 0, tables = 0;
    if (read_number(journal->db, "PRAGMA application_id", &application) ||
        read_number(journal->db, "PRAGMA user_version", &version) ||
        read_number(journal->db, "SELECT count(*) FROM sqlite_master", &tables)) {
        return jj_journal_sql_error(journal, "cannot read the journal", err);
    }
    if (tables == 0 && application == 0) {
        return make_tables(journal, err);
    }
    int rc = jj_journal_check_ids(journal->path, application, version, err);
    return rc ? rc : configure(journal, err);
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
    if (!read || read_number(journal->db, "SELECT ifnull(min(cursor), 0) FROM event", &first) ||
        read_number(journal->db, "SELECT ifnull(max(cursor), 0) FROM event", &last)) {
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
    int rc = check_version(journal, err);
    if (rc == 0 && read_number(journal->db, "PRAGMA page_size", &journal->page_bytes)) {
        rc = jj_journal_sql_error(journal, "cannot read the journal", err);
    }
    /* Behind the setup, whose wal_autocheckpoint takes the hook away. */
    sqlite3_wal_hook(journal->db, note_wal, journal);
    rc = rc ? rc : prepare(journal, err);
    rc = rc ? rc : load_names(journal, err);
    return rc ? rc : load_totals(journal, err);
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
