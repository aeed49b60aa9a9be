/* The tables of a journal, of each version that there has been. */
#include "journal/internal.h"

#include "base/fs.h"

#include <stdlib.h>

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

/* Nodes that report to this one, see node.h. */
#define NODE_TABLES                                                                                \
    "CREATE TABLE node (name TEXT PRIMARY KEY, agency TEXT, sequence INTEGER,"                     \
    "  contact_ms INTEGER, reported_ms INTEGER, accepted INTEGER, duplicate INTEGER,"              \
    "  rejected INTEGER, problem_ms INTEGER, problem TEXT, blocked INTEGER) WITHOUT ROWID;"        \
    "CREATE TABLE node_mark (node TEXT, upto INTEGER, after INTEGER, marks BLOB,"                  \
    "  PRIMARY KEY (node, upto, after));"                                                          \
    "CREATE TABLE node_gap (node TEXT, after INTEGER, upto INTEGER,"                               \
    "  PRIMARY KEY (node, after)) WITHOUT ROWID;"                                                  \
    "CREATE TABLE node_region (region TEXT PRIMARY KEY, node TEXT) WITHOUT ROWID;"

/* Who is mentioned where, see mention.h. */
#define MENTION_TABLES                                                                             \
    "CREATE TABLE mention (number INTEGER PRIMARY KEY, entries BLOB);"                             \
    "CREATE TABLE mention_block (kind INTEGER, upto INTEGER, after INTEGER,"                       \
    "  PRIMARY KEY (kind, upto)) WITHOUT ROWID;"

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
    "  delivered INTEGER, filtered INTEGER, updated_ms INTEGER, lost INTEGER DEFAULT 0,"
    "  untold INTEGER DEFAULT 0, seen_ms INTEGER DEFAULT 0);"
    "CREATE TABLE state (consumer INTEGER, key TEXT, value TEXT, PRIMARY KEY (consumer, key))"
    "  WITHOUT ROWID;"
    "CREATE TABLE consent (subject BLOB, audience INTEGER, granted INTEGER, time_ms INTEGER,"
    "  key BLOB, PRIMARY KEY (subject, audience)) WITHOUT ROWID;"
    "CREATE TABLE quarantine (number INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER,"
    "  agency TEXT, origin TEXT, code TEXT, field TEXT, detail TEXT, type TEXT, sealed BLOB,"
    "  size INTEGER DEFAULT 0, retry INTEGER DEFAULT 0);"
    "CREATE INDEX quarantine_size ON quarantine (agency, number, size);"
    "CREATE TABLE delivery (number INTEGER PRIMARY KEY, at_ms INTEGER, agency TEXT,"
    "  consumer TEXT, after INTEGER, upto INTEGER, bits BLOB);"
    "CREATE INDEX delivery_reader ON delivery (agency, consumer, upto);"
    "CREATE INDEX delivery_upto ON delivery (upto);"
    "CREATE TABLE audit (number INTEGER PRIMARY KEY, at_ms INTEGER, action TEXT, agency TEXT,"
    "  person TEXT, detail TEXT, hash BLOB);"
    "CREATE TABLE audit_last (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER,"
    "  hash BLOB);"
    "INSERT INTO audit_last VALUES (1, 0, zeroblob(32));"
    "CREATE TABLE totals (one INTEGER PRIMARY KEY CHECK (one = 1), received INTEGER,"
    "  accepted INTEGER, duplicate INTEGER, rejected INTEGER, pushed_out INTEGER, secret BLOB);"
    "INSERT INTO totals VALUES (1, 0, 0, 0, 0, 0, randomblob(16));" NODE_TABLES MENTION_TABLES
    "PRAGMA application_id = 1246384689;" /* JJ_JOURNAL_APPLICATION */
    "PRAGMA user_version = 3;"
    "COMMIT;";

/* What makes a journal of each older version one of the next. */
static const char *const upgrades[JJ_JOURNAL_VERSION] = {
    [1] = "BEGIN IMMEDIATE;"
          "ALTER TABLE consumer ADD COLUMN lost INTEGER DEFAULT 0;"
          "ALTER TABLE consumer ADD COLUMN untold INTEGER DEFAULT 0;"
          "ALTER TABLE consumer ADD COLUMN seen_ms INTEGER DEFAULT 0;"
          "ALTER TABLE quarantine ADD COLUMN size INTEGER DEFAULT 0;"
          "ALTER TABLE quarantine ADD COLUMN retry INTEGER DEFAULT 0;"
          "UPDATE quarantine SET size = length(sealed);"
          "DROP INDEX quarantine_agency;"
          "CREATE INDEX quarantine_size ON quarantine (agency, number, size);"
          "CREATE INDEX delivery_reader ON delivery (agency, consumer, upto);"
          "CREATE INDEX delivery_upto ON delivery (upto);" NODE_TABLES "PRAGMA user_version = 2;"
          "COMMIT;",
    [2] = "BEGIN IMMEDIATE;" MENTION_TABLES "PRAGMA user_version = 3;"
          "COMMIT;",
};

int jj_journal_number(sqlite3 *db, const char *sql, int64_t *value)
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

static int upgrade(jj_journal *journal, int64_t version, jj_error *err)
{
    for (; version < JJ_JOURNAL_VERSION; version++) {
        if (sqlite3_exec(journal->db, upgrades[version], NULL, NULL, NULL)) {
            int rc = jj_journal_sql_error(journal, "cannot bring the journal up to date", err);
            sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL);
            return rc;
        }
    }
    return 0;
}

/* Refuses a file that is not ours or that is newer than we are before it changes a byte of it. */
int jj_journal_tables(jj_journal *journal, jj_error *err)
{
    int64_t application = 0, version = 0, tables = 0;
    if (jj_journal_number(journal->db, "PRAGMA application_id", &application) ||
        jj_journal_number(journal->db, "PRAGMA user_version", &version) ||
        jj_journal_number(journal->db, "SELECT count(*) FROM sqlite_master", &tables)) {
        return jj_journal_sql_error(journal, "cannot read the journal", err);
    }
    if (tables == 0 && application == 0) {
        return make_tables(journal, err);
    }
    int rc = jj_journal_check_ids(journal->path, application, version, err);
    rc = rc ? rc : configure(journal, err);
    return rc ? rc : upgrade(journal, version, err);
}
