#include "pg.h"

#include "pg_error.h"

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How much longer than the server's own limit this side waits for its word on it. */
#define GRACE_MS 2000

struct jj_pg {
    PGconn *connection;
    int64_t patience_ms; /* for one answer; 0: for ever */
    bool lost;
    char sqlstate[6];
    void (*notice)(void *arg, const char *text);
    void *arg;
};

/* ---- Waiting ------------------------------------------------------------------------------ */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until the socket is ready for events; false when the time is up. until_ms 0: for ever. */
static bool wait_socket(const PGconn *connection, short events, int64_t until_ms)
{
    struct pollfd item = {.fd = PQsocket(connection), .events = events};

    for (;;) {
        int64_t left_ms = until_ms ? until_ms - now_ms() : 60000;
        if (item.fd < 0 || left_ms <= 0) {
            return false;
        }
        int ready = poll(&item, 1, left_ms < 60000 ? (int)left_ms : 60000);
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            return false;
        }
    }
}

static int lost(jj_pg *pg, const char *why, jj_error *err)
{
    pg->lost = true;
    return jj_fail(err, JJ_EUNAVAILABLE, "PostgreSQL: %s", why);
}

static int64_t limit(const jj_pg *pg)
{
    return pg->patience_ms ? now_ms() + pg->patience_ms : 0;
}

/* Sends what libpq still holds back. */
static int flush(jj_pg *pg, int64_t until_ms, jj_error *err)
{
    int rest;

    while ((rest = PQflush(pg->connection)) == 1) {
        if (!wait_socket(pg->connection, POLLIN | POLLOUT, until_ms)) {
            return lost(pg, "no answer in time", err);
        }
        if (!PQconsumeInput(pg->connection)) {
            return lost(pg, "the connection was lost", err);
        }
    }
    return rest < 0 ? lost(pg, "the connection was lost", err) : 0;
}

/* The next result, or *result NULL when there are no more. */
static int next_result(jj_pg *pg, int64_t until_ms, PGresult **result, jj_error *err)
{
    while (PQisBusy(pg->connection)) {
        if (!wait_socket(pg->connection, POLLIN, until_ms)) {
            return lost(pg, "no answer in time", err);
        }
        if (!PQconsumeInput(pg->connection)) {
            return lost(pg, "the connection was lost", err);
        }
    }
    *result = PQgetResult(pg->connection);
    return 0;
}

static bool is_failure(ExecStatusType status)
{
    return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE ||
           status == PGRES_NONFATAL_ERROR;
}

/* Keeps what a failed result says; the first failure is the one that counts. */
static int note_failure(jj_pg *pg, const PGresult *result, jj_error *err)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    snprintf(pg->sqlstate, sizeof pg->sqlstate, "%s", sqlstate ? sqlstate : "");
    if (PQstatus(pg->connection) != CONNECTION_OK) {
        pg->lost = true;
    }
    return jj_pg_error_of(result, err);
}

/* Reads every result up to the end, as libpq demands. *last (may be NULL) is the last good one. A
 * COPY that waits for data ends the reading: *last tells. */
static int drain(jj_pg *pg, PGresult **last, jj_error *err)
{
    int64_t until_ms = limit(pg);
    PGresult *kept = NULL, *result = NULL;
    int rc = flush(pg, until_ms, err);

    while (!pg->lost) {
        jj_error later = {0};
        int failed = next_result(pg, until_ms, &result, rc ? &later : err);
        if (failed) {
            rc = rc ? rc : failed;
            break;
        }
        if (!result) {
            break;
        }
        if (is_failure(PQresultStatus(result))) {
            rc = rc ? rc : note_failure(pg, result, err);
            PQclear(result);
            continue;
        }
        PQclear(kept);
        kept = result;
        if (PQresultStatus(result) == PGRES_COPY_IN) {
            break;
        }
    }
    if (PQstatus(pg->connection) == CONNECTION_BAD) {
        pg->lost = true;
    }
    if (rc == 0 && last) {
        *last = kept;
        return 0;
    }
    PQclear(kept);
    return rc;
}

/* ---- Connecting --------------------------------------------------------------------------- */

int jj_pg_conninfo_check(const char *conninfo, jj_error *err)
{
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &message);

    /* libpq's message may quote a part of the string, and that may be the password. */
    int rc = options ? 0
                     : jj_fail(err, JJ_ECONFIG,
                               "not a connection string of PostgreSQL (key=value ... or "
                               "postgresql://...)");
    PQfreemem(message);
    PQconninfoFree(options);
    return rc;
}

static bool is_local(const char *host)
{
    return !*host || *host == '/' || *host == '@' || strcmp(host, "localhost") == 0 ||
           strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

static const char *option_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options && options->keyword; options++) {
        if (strcmp(options->keyword, keyword) == 0) {
            return options->val ? options->val : "";
        }
    }
    return "";
}

/* The sslmode to be asked for where nobody has said one; NULL: leave it to libpq. */
static const char *default_sslmode(const char *conninfo)
{
    PQconninfoOption *options = conninfo ? PQconninfoParse(conninfo, NULL) : NULL;
    const char *environment = getenv("PGHOST");
    const char *address = option_of(options, "hostaddr");
    const char *host = *address ? address : option_of(options, "host");
    const char *mode = NULL;

    if (!*host && environment) {
        host = environment;
    }
    /* libpq's own default, prefer, would go on in the clear with anybody who answers. */
    if (!is_local(host) && !*option_of(options, "sslmode") && !getenv("PGSSLMODE")) {
        mode = "verify-full";
    }
    PQconninfoFree(options);
    return mode;
}

bool jj_pg_names_role(const char *conninfo)
{
    PQconninfoOption *options = conninfo ? PQconninfoParse(conninfo, NULL) : NULL;
    bool named = *option_of(options, "user") || *option_of(options, "service") ||
                 getenv("PGUSER") || getenv("PGSERVICE");

    PQconninfoFree(options);
    return named;
}

static PGconn *start_connection(const jj_pg_options *options)
{
    const char *keys[8] = {0}, *values[8] = {0};
    const char *mode = default_sslmode(options->conninfo);
    char tcp_ms[24];
    int n = 0;

    snprintf(tcp_ms, sizeof tcp_ms, "%" PRId64,
             options->statement_timeout_ms ? options->statement_timeout_ms : 60000);
    keys[n] = "client_encoding", values[n++] = "UTF8";
    keys[n] = "fallback_application_name", values[n++] = options->application;
    keys[n] = "tcp_user_timeout", values[n++] = tcp_ms;
    if (mode) {
        keys[n] = "sslmode", values[n++] = mode;
    }
    if (options->conninfo && *options->conninfo) {
        keys[n] = "dbname", values[n++] = options->conninfo; /* what it says goes before ours */
    }
    return PQconnectStartParams(keys, values, 1);
}

static int finish_connection(PGconn *connection, int64_t until_ms, jj_error *err)
{
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;

    while (PQstatus(connection) != CONNECTION_BAD && step != PGRES_POLLING_OK) {
        if (!wait_socket(connection, step == PGRES_POLLING_READING ? POLLIN : POLLOUT, until_ms)) {
            return jj_fail(err, JJ_EUNAVAILABLE, "PostgreSQL: no connection in time");
        }
        step = PQconnectPoll(connection);
        if (step == PGRES_POLLING_FAILED) {
            break;
        }
    }
    if (PQstatus(connection) == CONNECTION_OK) {
        return 0;
    }
    char text[300];
    snprintf(text, sizeof text, "%s", PQerrorMessage(connection));
    for (char *c = text; *c; c++) {
        *c = *c == '\n' || *c == '\t' ? ' ' : *c;
    }
    for (size_t end = strlen(text); end && text[end - 1] == ' ';) {
        text[--end] = '\0';
    }
    return jj_fail(err, JJ_EUNAVAILABLE, "PostgreSQL: %s", *text ? text : "no connection");
}

static void on_notice(void *arg, const PGresult *result)
{
    const jj_pg *pg = arg;
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (pg->notice && text) {
        pg->notice(pg->arg, text);
    }
}

static int set_up(jj_pg *pg, const jj_pg_options *options, jj_error *err)
{
    char sql[512];

    snprintf(sql, sizeof sql,
             "SET client_min_messages = %s; SET statement_timeout = %" PRId64
             "; SET lock_timeout = %" PRId64 "; SET idle_in_transaction_session_timeout = %" PRId64
             "; SET DateStyle = ISO; SET TimeZone = UTC; SET bytea_output = hex",
             options->notice ? "notice" : "error", options->statement_timeout_ms,
             options->lock_timeout_ms, options->statement_timeout_ms);
    return jj_pg_run(pg, sql, err);
}

int jj_pg_open(jj_pg **out, const jj_pg_options *options, jj_error *err)
{
    jj_pg *pg = calloc(1, sizeof *pg);
    int rc;

    if (!pg) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    pg->notice = options->notice;
    pg->arg = options->arg;
    pg->patience_ms = options->statement_timeout_ms ? options->statement_timeout_ms + GRACE_MS : 0;
    pg->connection = start_connection(options);
    if (!pg->connection) {
        free(pg);
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    PQsetNoticeReceiver(pg->connection, on_notice, pg);
    rc = finish_connection(pg->connection, now_ms() + options->connect_timeout_ms, err);
    if (rc == 0 && PQsetnonblocking(pg->connection, 1)) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    rc = rc ? rc : set_up(pg, options, err);
    if (rc) {
        jj_pg_close(pg);
        return rc;
    }
    *out = pg;
    return 0;
}

void jj_pg_close(jj_pg *pg)
{
    if (pg) {
        PQfinish(pg->connection);
        free(pg);
    }
}

bool jj_pg_alive(const jj_pg *pg)
{
    return pg && !pg->lost && PQstatus(pg->connection) == CONNECTION_OK;
}

const char *jj_pg_sqlstate(const jj_pg *pg)
{
    return pg->sqlstate;
}

/* ---- Statements --------------------------------------------------------------------------- */

static int begin(jj_pg *pg, jj_error *err)
{
    pg->sqlstate[0] = '\0';
    return jj_pg_alive(pg) ? 0 : lost(pg, "the connection was lost", err);
}

int jj_pg_run(jj_pg *pg, const char *sql, jj_error *err)
{
    int rc = begin(pg, err);

    if (rc == 0 && !PQsendQuery(pg->connection, sql)) {
        rc = lost(pg, "the connection was lost", err);
    }
    return rc ? rc : drain(pg, NULL, err);
}

/* jj_pg_rows is libpq's own result under another name: nothing has to be copied. */
int jj_pg_query(jj_pg *pg, const char *sql, const char *const *params, int param_count,
                jj_pg_rows **rows, jj_error *err)
{
    PGresult *result = NULL;
    int rc = begin(pg, err);

    if (rc == 0 &&
        !PQsendQueryParams(pg->connection, sql, param_count, NULL, params, NULL, NULL, 0)) {
        rc = lost(pg, "the connection was lost", err);
    }
    rc = rc ? rc : drain(pg, &result, err);
    if (rc == 0 && !result) {
        rc = lost(pg, "no result", err);
    }
    if (rc == 0 && rows) {
        *rows = (jj_pg_rows *)result;
    } else {
        PQclear(result);
    }
    return rc;
}

static const PGresult *result_of(const jj_pg_rows *rows)
{
    return (const PGresult *)rows;
}

int jj_pg_rows_count(const jj_pg_rows *rows)
{
    return PQntuples(result_of(rows));
}

int jj_pg_rows_width(const jj_pg_rows *rows)
{
    return PQnfields(result_of(rows));
}

const char *jj_pg_rows_name(const jj_pg_rows *rows, int column)
{
    return PQfname(result_of(rows), column);
}

const char *jj_pg_rows_value(const jj_pg_rows *rows, int row, int column)
{
    const PGresult *result = result_of(rows);

    return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

void jj_pg_rows_free(jj_pg_rows *rows)
{
    PQclear((PGresult *)rows);
}

/* ---- COPY --------------------------------------------------------------------------------- */

int jj_pg_copy_begin(jj_pg *pg, const char *sql, jj_error *err)
{
    PGresult *result = NULL;
    int rc = begin(pg, err);

    if (rc == 0 && !PQsendQuery(pg->connection, sql)) {
        rc = lost(pg, "the connection was lost", err);
    }
    rc = rc ? rc : drain(pg, &result, err);
    if (rc == 0 && (!result || PQresultStatus(result) != PGRES_COPY_IN)) {
        rc = lost(pg, "it does not take a COPY", err);
    }
    PQclear(result);
    return rc;
}

int jj_pg_copy_data(jj_pg *pg, const void *data, size_t size_bytes, jj_error *err)
{
    const char *at = data;
    int64_t until_ms = limit(pg);

    while (size_bytes > 0) {
        int piece = size_bytes < 65536 ? (int)size_bytes : 65536;
        int sent = PQputCopyData(pg->connection, at, piece);
        if (sent < 0) {
            return lost(pg, "the connection was lost", err);
        }
        if (sent == 0) { /* no room: wait for the server to take some */
            if (!wait_socket(pg->connection, POLLIN | POLLOUT, until_ms)) {
                return lost(pg, "no answer in time", err);
            }
            if (!PQconsumeInput(pg->connection)) {
                return lost(pg, "the connection was lost", err);
            }
            continue;
        }
        at += piece;
        size_bytes -= (size_t)piece;
        int rc = flush(pg, until_ms, err);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

int jj_pg_copy_end(jj_pg *pg, jj_error *err)
{
    int64_t until_ms = limit(pg);
    int sent;

    while ((sent = PQputCopyEnd(pg->connection, NULL)) == 0) {
        if (!wait_socket(pg->connection, POLLOUT, until_ms)) {
            return lost(pg, "no answer in time", err);
        }
    }
    if (sent < 0) {
        return lost(pg, "the connection was lost", err);
    }
    return drain(pg, NULL, err); /* 1 means sent, not accepted */
}

/* ---- Ends of a transaction ---------------------------------------------------------------- */

int jj_pg_commit(jj_pg *pg, jj_error *err)
{
    PGresult *result = NULL;
    int rc = begin(pg, err);

    if (rc) {
        return rc; /* nothing was sent: the transaction is gone with its connection */
    }
    rc = PQsendQuery(pg->connection, "COMMIT") ? drain(pg, &result, err)
                                               : lost(pg, "the connection was lost", err);
    if (pg->lost) {
        rc = jj_fail(err, JJ_ETIMEOUT, "PostgreSQL: the connection was lost at COMMIT");
    } else if (rc == 0 && (!result || strcmp(PQcmdStatus(result), "COMMIT") != 0)) {
        rc = jj_fail(err, JJ_ESYSTEM, "PostgreSQL: COMMIT was answered with ROLLBACK");
    }
    PQclear(result);
    return rc;
}

void jj_pg_rollback(jj_pg *pg)
{
    if (jj_pg_alive(pg) && PQtransactionStatus(pg->connection) != PQTRANS_IDLE) {
        jj_error ignored;
        char kept[sizeof pg->sqlstate];

        memcpy(kept, pg->sqlstate, sizeof kept);
        jj_pg_run(pg, "ROLLBACK", &ignored);
        memcpy(pg->sqlstate, kept, sizeof kept);
    }
}
