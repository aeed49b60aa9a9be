#include "pg_error.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *sqlstate; /* whole, or the two characters of its class */
    int code;
    const char *words; /* NULL: the server's own message, which holds no data */
} meanings[] = {
    /* The data is to blame. The server's message would quote it. */
    {"22001", JJ_EINVALID, "a text is too long"},
    {"22003", JJ_EINVALID, "a number is out of range"},
    {"22007", JJ_EINVALID, "a date or time has the wrong form"},
    {"22008", JJ_EINVALID, "there is no such date or time"},
    {"22021", JJ_EINVALID, "a text is not valid UTF-8"},
    {"22023", JJ_EINVALID, "a value has the wrong type"},
    {"22P02", JJ_EINVALID, "a value has the wrong form"},
    {"22P05", JJ_EINVALID, "a text holds a character that cannot be stored (NUL)"},
    {"23502", JJ_EINVALID, "a required value is missing"},
    {"23505", JJ_EINVALID, "a value is there already"},
    {"23514", JJ_EINVALID, "a value breaks a rule of the table"},
    {"22", JJ_EINVALID, "a value is not acceptable"},
    {"23", JJ_EINVALID, "a rule of the table is broken"},
    {"P0001", JJ_EINVALID, "a rule of this database's own refuses it"}, /* RAISE in a trigger */
    {"54", JJ_EINVALID, "a value is too large, or nested too deeply"},
    /* The server, at the moment. */
    {"08", JJ_EUNAVAILABLE, NULL},
    {"25006", JJ_EUNAVAILABLE, "it takes no writes at the moment (a standby?)"},
    {"40", JJ_EUNAVAILABLE, NULL},
    {"53", JJ_EUNAVAILABLE, NULL},
    {"55P03", JJ_EUNAVAILABLE, "a lock was not to be had in time"},
    {"57014", JJ_EUNAVAILABLE, "the statement took too long"},
    {"57", JJ_EUNAVAILABLE, NULL},
    {"58", JJ_EUNAVAILABLE, NULL},
    {"XX", JJ_EUNAVAILABLE, "internal error; see the server's log"},
    {"P0", JJ_ESYSTEM, "a function failed; see the server's log"},
};

static size_t meaning_of(const char *sqlstate)
{
    size_t i = 0;

    while (i < sizeof meanings / sizeof *meanings &&
           strncmp(meanings[i].sqlstate, sqlstate, strlen(meanings[i].sqlstate)) != 0) {
        i++;
    }
    return i;
}

int jj_pg_error_code(const char *sqlstate)
{
    size_t i = meaning_of(sqlstate);

    return i < sizeof meanings / sizeof *meanings ? meanings[i].code : JJ_ESYSTEM;
}

int jj_pg_error_of(const PGresult *result, jj_error *err)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *column = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (!sqlstate) {
        return jj_fail(err, JJ_EUNAVAILABLE, "PostgreSQL: the connection was lost");
    }
    size_t i = meaning_of(sqlstate);
    const char *words = i < sizeof meanings / sizeof *meanings ? meanings[i].words : NULL;
    return jj_fail(err, jj_pg_error_code(sqlstate), "PostgreSQL: %s%s%s (SQLSTATE %s)",
                   words     ? words
                   : message ? message
                             : "no reason given",
                   column ? ", column " : "", column ? column : "", sqlstate);
}
