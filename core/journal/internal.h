/* What the files of this room share; nobody else includes it. */
#ifndef JJ_JOURNAL_INTERNAL_H
#define JJ_JOURNAL_INTERNAL_H

#include "journal/journal.h"
#include "journal/mention.h"

#include <sqlite3.h>

enum jj_statement {
    JJ_SQL_BEGIN,
    JJ_SQL_COMMIT,
    JJ_SQL_ROLLBACK,
    JJ_SQL_KNOWN,
    JJ_SQL_REMEMBER,
    JJ_SQL_APPEND,
    JJ_SQL_SEAL,
    JJ_SQL_COUNT,
    JJ_SQL_NAME,
    JJ_SQL_READ,
    JJ_SQL_READ_HEADS,
    JJ_SQL_RECORDED,
    JJ_SQL_CONSUMER,
    JJ_SQL_CONSUMER_ADD,
    JJ_SQL_CONSUMER_MOVE,
    JJ_SQL_CONSUMER_SEEN,
    JJ_SQL_CONSUMER_TOLD,
    JJ_SQL_CONSUMER_BEHIND,
    JJ_SQL_CONSUMER_SLOWEST,
    JJ_SQL_CONSUMER_LOSE,
    JJ_SQL_CONSUMER_DROP,
    JJ_SQL_CONSUMERS,
    JJ_SQL_STATE_CLEAR,
    JJ_SQL_STATE_PUT,
    JJ_SQL_STATE_DELETE,
    JJ_SQL_STATE_READ,
    JJ_SQL_STATE_DROP,
    JJ_SQL_CONSENT_PUT,
    JJ_SQL_CONSENT,
    JJ_SQL_QUARANTINE,
    JJ_SQL_QUARANTINE_TRIM,
    JJ_SQL_QUARANTINE_SUM,
    JJ_SQL_QUARANTINE_ANY,
    JJ_SQL_QUARANTINE_RETRY,
    JJ_SQL_QUARANTINE_RETRIES,
    JJ_SQL_QUARANTINE_READ,
    JJ_SQL_QUARANTINE_KEPT,
    JJ_SQL_QUARANTINE_DROP,
    JJ_SQL_TRIM,
    JJ_SQL_DELIVER,
    JJ_SQL_DELIVER_MORE,
    JJ_SQL_DELIVERED_LAST,
    JJ_SQL_DELIVERED,
    JJ_SQL_DELIVERIES,
    JJ_SQL_DELIVERY_TRIM,
    JJ_SQL_AUDIT,
    JJ_SQL_AUDIT_NEWEST,
    JJ_SQL_AUDIT_LAST,
    JJ_SQL_AUDIT_MOVE,
    JJ_SQL_AUDIT_READ,
    JJ_SQL_VAULT_READ,
    JJ_SQL_ERASE_READ,
    JJ_SQL_FORGET,
    JJ_SQL_EMPTY,
    JJ_SQL_ERASE_VAULT,
    JJ_SQL_ERASE_CONSENT,
    JJ_SQL_ABOUT,
    JJ_SQL_NODE,
    JJ_SQL_NODES,
    JJ_SQL_NODE_PUT,
    JJ_SQL_NODE_DROP,
    JJ_SQL_MARKS_PUT,
    JJ_SQL_MARKS,
    JJ_SQL_MARKS_DROP,
    JJ_SQL_GAP_PUT,
    JJ_SQL_GAPS,
    JJ_SQL_GAP_DROP,
    JJ_SQL_GAPS_DROP,
    JJ_SQL_REGION_NODE,
    JJ_SQL_REGION_CLAIM,
    JJ_SQL_REGIONS_DROP,
    JJ_SQL_MENTION,
    JJ_SQL_MENTION_PUT,
    JJ_SQL_MENTION_TRIM,
    JJ_SQL_MENTION_BLOCKS,
    JJ_SQL_MENTION_BLOCK_PUT,
    JJ_SQL_MENTION_BLOCK_TRIM,
    JJ_SQL_MENTION_EVENTS,
    JJ_SQL_MENTION_VAULTED,
    JJ_SQL_COUNT_STATEMENTS /* how many there are */
};

/* Texts that recur in every event (types, regions, agencies), stored once and known by number. */
typedef struct jj_journal_names {
    char **list; /* by number; [0] is the empty text */
    size_t count, capacity;
    uint32_t *slots; /* open addressing over list; a power of two */
    size_t slot_count;
} jj_journal_names;

/* An entry of the state of nobody: from which backup, and when, the journal was put back. */
#define JJ_JOURNAL_RESTORED "restored"

/* Agencies whose quarantine may have grown beyond its bound in this transaction. */
#define JJ_GROWN_MAX 8
typedef struct jj_grown {
    char agency[128];
    uint64_t keep_max, bytes_max;
} jj_grown;

/* A person who is to be erased: what came before these two places. */
typedef struct jj_erasure {
    char person[40];
    uint64_t upto;  /* cursor */
    uint64_t vault; /* number of the newest entry */
} jj_erasure;

struct jj_journal {
    char *path;
    int lock; /* descriptor of the lock file */
    sqlite3 *db;
    sqlite3_stmt *statements[JJ_SQL_COUNT_STATEMENTS];
    jj_journal_names names;
    unsigned char secret[16];
    char id[17];

    jj_counts counts;                       /* durable */
    jj_counts staged;                       /* with what the open transaction adds */
    uint64_t tail;                          /* oldest cursor with text */
    uint64_t pushed_out, pushed_out_staged; /* from quarantine */
    jj_grown grown[JJ_GROWN_MAX];
    size_t grown_count;
    jj_erasure *erasures; /* of the open transaction */
    size_t erasure_count, erasure_capacity;
    jj_mentions mentions[JJ_MENTION_KINDS];
    int64_t page_bytes, wal_bytes;
    bool open;           /* a transaction is under way */
    bool consent_failed; /* it could not be read for one of the events of a walk */
    bool failed;         /* a commit failed: no writing until recovery */
    char reason[256];    /* first error of the transaction; empty: none */
};

/* Notes the first failure of the transaction. */
void jj_journal_note(jj_journal *journal, const char *what);

/* Runs a statement that gives no rows, and resets it. */
void jj_journal_run(jj_journal *journal, enum jj_statement statement);

/* The least cursor among the consumers that were heard of at this moment or later; false: none. */
bool jj_journal_slowest(jj_journal *journal, int64_t seen_ms, uint64_t *cursor);
/* Moves all consumers that stand before a cursor there: what they passed is lost to them. visit
 * sees each of them as it was. */
void jj_journal_lose(jj_journal *journal, uint64_t cursor, jj_consumer_visit visit, void *arg);

/* Brings the quarantine of all agencies that grew back into its bounds. */
void jj_journal_bound_quarantine(jj_journal *journal);

/* The number of a text, new ones being stored within the transaction. */
uint32_t jj_journal_name(jj_journal *journal, const char *text);
const char *jj_journal_name_text(const jj_journal *journal, int64_t number);
bool jj_journal_names_add(jj_journal_names *names, const char *text); /* false without memory */
void jj_journal_names_clear(jj_journal_names *names);

/* Opens the database behind a journal whose path is set, or closes it. */
int jj_journal_attach(jj_journal *journal, jj_error *err);
void jj_journal_detach(jj_journal *journal);

/* What the file's header says it is. */
#define JJ_JOURNAL_APPLICATION 0x4a4a5231 /* "JJR1" */
#define JJ_JOURNAL_VERSION     3          /* those before it are brought up to date */

/* JJ_EVERSION unless these are the marks of a journal that this program reads. */
int jj_journal_check_ids(const char *path, int64_t application, int64_t version, jj_error *err);
/* Makes the tables of a new file, or brings those of an older version up to date. Refuses a file
 * that is not ours or that is newer than we are before it changes a byte of it. */
int jj_journal_tables(jj_journal *journal, jj_error *err);
/* The one number that a statement gives; an SQLite code. */
int jj_journal_number(sqlite3 *db, const char *sql, int64_t *value);

/* JJ_EUNAVAILABLE with the reason why SQLite did not do it; that the journal is closed, too. */
int jj_journal_sql_error(const jj_journal *journal, const char *what, jj_error *err);

/* Texts of a statement that are never NULL: "" stands for what is not there. The text must stay
 * until the statement is reset; a column's until its next step. */
void jj_journal_bind(sqlite3_stmt *statement, int at, const char *text);
const char *jj_journal_column(sqlite3_stmt *row, int at);

#endif
