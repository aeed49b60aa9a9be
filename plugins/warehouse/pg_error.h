/* What an answer of PostgreSQL means for the caller. Used by pg.c only. */
#ifndef JJ_WAREHOUSE_PG_ERROR_H
#define JJ_WAREHOUSE_PG_ERROR_H

#include <jejaring/error.h>

#include <libpq-fe.h>

/* A jj_code as described in pg.h, for an SQLSTATE. */
int jj_pg_error_code(const char *sqlstate);

/* Fills in err for a failed result; returns its code. */
int jj_pg_error_of(const PGresult *result, jj_error *err);

#endif
