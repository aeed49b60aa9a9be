#include "journal/backup.h"

#include "journal/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_SIZE    100
#define AT_PAGE_SIZE   16 /* of the SQLite file format, chapter 1.3; big-endian */
#define AT_PAGES       28
#define AT_VERSION     60
#define AT_APPLICATION 68
#define BUSY_MS        10000

int jj_journal_check_ids(const char *path, int64_t application, int64_t version, jj_error *err)
{
    if (application != JJ_JOURNAL_APPLICATION) {
        return jj_fail(err, JJ_EVERSION, "%s is not a journal of ours", path);
    }
    if (version < 1 || version > JJ_JOURNAL_VERSION) {
        return jj_fail(err, JJ_EVERSION, "%s is of version %lld, this program reads up to %d", path,
                       (long long)version, JJ_JOURNAL_VERSION);
    }
    return 0;
}

static uint32_t number_at(const unsigned char *header, size_t at)
{
    return (uint32_t)header[at] << 24 | (uint32_t)header[at + 1] << 16 |
           (uint32_t)header[at + 2] << 8 | header[at + 3];
}

/* Whether the file is smaller than it says. Not asked while pages may still be in the write-ahead
 * log, or on their way from it. */
static bool is_cut_short(const char *path, const unsigned char *header)
{
    char log[4096];
    struct stat st;
    uint64_t page = number_at(header, AT_PAGE_SIZE) >> 16;

    snprintf(log, sizeof log, "%s-wal", path);
    if ((stat(log, &st) == 0 && st.st_size > 0) || jj_journal_is_held(path) || stat(path, &st)) {
        return false;
    }
    return (uint64_t)st.st_size < (page == 1 ? 65536 : page) * number_at(header, AT_PAGES);
}

int jj_journal_judge(const char *path, jj_error *err)
{
    unsigned char header[HEADER_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? 0 : jj_fail_errno(err, JJ_ESYSTEM, "cannot read %s", path);
    }
    ssize_t got = pread(fd, header, sizeof header, 0);
    close(fd);
    /* Shorter: all of it is still in the write-ahead log of a hub that has just made it. */
    if (got >= 0 && got < HEADER_SIZE) {
        return 0;
    }
    if (got < 0) {
        return jj_fail_errno(err, JJ_ESYSTEM, "cannot read %s", path);
    }
    uint32_t application = number_at(header, AT_APPLICATION);
    if (memcmp(header, "SQLite format 3", 16) == 0 && application == 0) {
        return 0; /* as above */
    }
    if (memcmp(header, "SQLite format 3", 16) == 0 && is_cut_short(path, header)) {
        return jj_fail(err, JJ_EVERSION, "%s is cut short: a part of it is missing", path);
    }
    return jj_journal_check_ids(path, application, number_at(header, AT_VERSION), err);
}

/* The lock file's descriptor, -1 if there is none or it cannot be opened. */
static int open_lock(const char *path, int flags)
{
    char lock[4096];
    snprintf(lock, sizeof lock, "%s.lock", path);
    return open(lock, O_RDWR | O_CLOEXEC | flags, 0600);
}

bool jj_journal_is_held(const char *path)
{
    int fd = open_lock(path, 0);
    bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
    if (fd >= 0) {
        close(fd);
    }
    return held;
}

int jj_journal_hold(const char *path, jj_error *err)
{
    int fd = open_lock(path, O_CREAT);
    if (fd < 0) {
        return jj_fail_errno(err, JJ_ESYSTEM, "cannot open %s.lock", path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        close(fd);
        return jj_fail(err, JJ_ECONFLICT, "a hub is running on %s: stop the daemon first", path);
    }
    return fd;
}

static int sql_error(sqlite3 *db, const char *path, const char *what, jj_error *err)
{
    return jj_fail(err, JJ_EUNAVAILABLE, "%s: %s: %s", path, what,
                   db ? sqlite3_errmsg(db) : "out of memory");
}

static int open_file(sqlite3 **db, const char *path, jj_error *err)
{
    if (sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ||
        sqlite3_busy_timeout(*db, BUSY_MS)) {
        return sql_error(*db, path, "cannot be opened", err);
    }
    return 0;
}

/* All pages in one step: one read transaction, which a writer elsewhere cannot disturb. */
static int copy(sqlite3 *from, sqlite3 *to, const char *path, jj_error *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup) {
        return sql_error(to, path, "cannot be copied to", err);
    }
    int step = sqlite3_backup_step(backup, -1);
    int end = sqlite3_backup_finish(backup);
    if (step != SQLITE_DONE || end != SQLITE_OK) {
        return jj_fail(err, JJ_EUNAVAILABLE, "%s: cannot be copied to: %s", path,
                       sqlite3_errstr(end ? end : step));
    }
    /* One file without a write-ahead log beside it. */
    return sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL)
               ? sql_error(to, path, "cannot be finished", err)
               : 0;
}

static int make_file(const char *path, jj_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno == EEXIST ? jj_fail(err, JJ_ECONFIG, "%s is there already", path)
                               : jj_fail_errno(err, JJ_ESYSTEM, "cannot make %s", path);
    }
    close(fd);
    return 0;
}

int jj_journal_backup(const char *from, const char *to, jj_error *err)
{
    sqlite3 *source = NULL, *target = NULL;
    int rc = access(from, R_OK) ? jj_fail_errno(err, JJ_ESYSTEM, "cannot read %s", from)
                                : jj_journal_judge(from, err);
    rc = rc ? rc : make_file(to, err);
    if (rc) {
        return rc;
    }
    rc = open_file(&source, from, err);
    rc = rc ? rc : open_file(&target, to, err);
    rc = rc ? rc : copy(source, target, to, err);
    sqlite3_close(target);
    sqlite3_close(source);
    if (rc) {
        unlink(to);
    }
    return rc;
}

static int read_facts(sqlite3 *db, jj_journal_facts *facts)
{
    static const char sql[] =
        "SELECT accepted, (SELECT ifnull(min(cursor), accepted + 1) FROM event),"
        " received, accepted, duplicate, rejected, (SELECT count(*) FROM vault),"
        " (SELECT count(*) FROM audit) FROM totals";
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &row, NULL);
    if (rc == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW) {
        uint64_t *const all[] = {&facts->head,     &facts->tail,      &facts->received,
                                 &facts->accepted, &facts->duplicate, &facts->rejected,
                                 &facts->vault,    &facts->audit};
        for (int i = 0; i < 8; i++) {
            *all[i] = (uint64_t)sqlite3_column_int64(row, i);
        }
    } else {
        rc = rc ? rc : SQLITE_ERROR;
    }
    sqlite3_finalize(row);
    return rc;
}

/* SQLite's own word on whether every page is what it should be. */
static bool is_whole(sqlite3 *db)
{
    sqlite3_stmt *row = NULL;
    bool whole = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &row, NULL) == SQLITE_OK &&
                 sqlite3_step(row) == SQLITE_ROW &&
                 strcmp((const char *)sqlite3_column_text(row, 0), "ok") == 0;
    sqlite3_finalize(row);
    return whole;
}

int jj_journal_examine(const char *path, jj_journal_facts *facts, jj_error *err)
{
    sqlite3 *db = NULL;
    int rc = jj_journal_judge(path, err);
    rc = rc ? rc : open_file(&db, path, err);
    if (rc == 0 && (!is_whole(db) || read_facts(db, facts))) {
        rc = jj_fail(err, JJ_EUNAVAILABLE, "%s is damaged", path);
    }
    sqlite3_close(db);
    return rc;
}

int jj_journal_mark(const char *path, const char *const *consumers, const char *key,
                    const char *value, jj_error *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO state SELECT id, ?2, ?3 FROM consumer"
                              " WHERE name = ?1";
    static const char renew[] =
        "INSERT OR REPLACE INTO state VALUES (0, '" JJ_JOURNAL_RESTORED "', hex(randomblob(8)))";
    sqlite3 *db = NULL;
    int rc = open_file(&db, path, err);
    if (rc == 0 && sqlite3_exec(db, renew, NULL, NULL, NULL)) {
        rc = sql_error(db, path, "cannot be changed", err);
    }
    for (size_t i = 0; rc == 0 && consumers[i]; i++) {
        sqlite3_stmt *statement = NULL;
        if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) ||
            sqlite3_bind_text(statement, 1, consumers[i], -1, SQLITE_STATIC) ||
            sqlite3_bind_text(statement, 2, key, -1, SQLITE_STATIC) ||
            sqlite3_bind_text(statement, 3, value, -1, SQLITE_STATIC) ||
            sqlite3_step(statement) != SQLITE_DONE) {
            rc = sql_error(db, path, "cannot be changed", err);
        }
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
    return rc;
}
