/*
 * PostgreSQL: the only room that calls libpq. Connects, runs SQL, copies, commits; each call ends
 * within its time limit, whatever the server or the network does, and every error is classified
 * into what a caller can do about it:
 *
 *   JJ_EUNAVAILABLE  the server is away, restarting, overloaded, or a time limit passed: try again
 *   JJ_EINVALID      it refuses the data (classes 22, 23 and 54): the data is to blame
 *   JJ_ETIMEOUT      only from jj_pg_commit: the outcome is not known
 *   JJ_ESYSTEM       anything else: rights, a missing table, a broken statement; a person must act
 *
 * Error texts never hold a value of the data: PostgreSQL's own messages quote it and are shown only
 * where they cannot. Not here: any knowledge of what is stored.
 */
#ifndef JJ_WAREHOUSE_PG_H
#define JJ_WAREHOUSE_PG_H

#include <jejaring/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct jj_pg jj_pg;
typedef struct jj_pg_rows jj_pg_rows;

typedef struct jj_pg_options {
    const char *conninfo;         /* libpq's connection string or URI; NULL: its environment */
    const char *application;      /* shown in pg_stat_activity */
    int64_t connect_timeout_ms;   /* for the whole connection; at least 1 */
    int64_t statement_timeout_ms; /* 0: no limit, for an administrator's long work */
    int64_t lock_timeout_ms;      /* 0: no limit */
    void (*notice)(void *arg, const char *text); /* notices of the server; NULL: dropped */
    void *arg;
} jj_pg_options;

/* Judges a connection string without connecting. JJ_ECONFIG. */
int jj_pg_conninfo_check(const char *conninfo, jj_error *err);

/* Whether the string, or libpq's environment, says as which role to connect; else it is that of the
 * caller's effective user. */
bool jj_pg_names_role(const char *conninfo);

/* Connects. Anything but a local socket or loopback is asked for sslmode=verify-full unless the
 * connection string or PGSSLMODE says otherwise. options are needed during the call only, but for
 * notice and arg. */
int jj_pg_open(jj_pg **pg, const jj_pg_options *options, jj_error *err);
void jj_pg_close(jj_pg *pg);

/* False once the connection is lost or a time limit on this side has passed: close it. */
bool jj_pg_alive(const jj_pg *pg);

/* SQLSTATE of the last error, "" if there was none or it was not the server's. */
const char *jj_pg_sqlstate(const jj_pg *pg);

/* Runs one or more statements without parameters; rows are dropped. */
int jj_pg_run(jj_pg *pg, const char *sql, jj_error *err);

/* Runs one statement with text parameters $1 ... (NULL: null). rows may be NULL; *rows is new. */
int jj_pg_query(jj_pg *pg, const char *sql, const char *const *params, int param_count,
                jj_pg_rows **rows, jj_error *err);

int jj_pg_rows_count(const jj_pg_rows *rows);
int jj_pg_rows_width(const jj_pg_rows *rows);
const char *jj_pg_rows_name(const jj_pg_rows *rows, int column);
/* Text of a value, borrowed until the rows are freed; NULL for null. */
const char *jj_pg_rows_value(const jj_pg_rows *rows, int row, int column);
void jj_pg_rows_free(jj_pg_rows *rows);

/* COPY ... FROM STDIN: begin, any number of data, end. After an error the COPY is over. */
int jj_pg_copy_begin(jj_pg *pg, const char *sql, jj_error *err);
int jj_pg_copy_data(jj_pg *pg, const void *data, size_t size_bytes, jj_error *err);
int jj_pg_copy_end(jj_pg *pg, jj_error *err);

/* COMMIT. 0 only if the server says that it committed: a COMMIT of a failed transaction is answered
 * with ROLLBACK. JJ_ETIMEOUT: the connection was lost on the way, and nobody knows. */
int jj_pg_commit(jj_pg *pg, jj_error *err);

/* ROLLBACK; errors are of no interest. */
void jj_pg_rollback(jj_pg *pg);

#endif
