/*
 * The administrator's side of the warehouse (`jejaringctl warehouse ...`), and what every command
 * that reads it has in common. Speaks with PostgreSQL directly, never with the daemon.
 *
 * Every function returns an exit code of the program; what went wrong has then been said on
 * database->err.
 */
#ifndef JJ_CTL_WAREHOUSE_H
#define JJ_CTL_WAREHOUSE_H

#include "ctl/ctl.h"

#include "../../plugins/warehouse/migrate.h"

#include <limits.h>
#include <stdio.h>
#include <sys/types.h>

/* Which database, and where words go: data to out, words about it to err. */
typedef struct jj_database {
    const char *conninfo;   /* NULL: libpq's environment */
    uid_t daemon_user;      /* owner of the state folder; 0: root's, or it is not there */
    char schemas[PATH_MAX]; /* folder with warehouse/ and reference/; absolute */
    jj_layout layout;       /* that the configuration asks for */
    int64_t floor;          /* of counts of persons with a disability; likewise */
    FILE *out, *err;
} jj_database;

/* The database of an instance of the plugin `warehouse` (NULL: libpq's environment says it). */
void jj_database_of(const jj_config *config, const jj_plugin_config *plugin, jj_database *database);

/* The database that the configuration names. Returns an exit code. */
int jj_ctl_database(jj_ctl *ctl, jj_database *database);

/* Brings the schema of the database up to date, and its floor. */
int jj_warehouse_migrate(const jj_database *database);

/* Projects every event of the log anew, in one transaction; readers wait for it. */
int jj_warehouse_rebuild(const jj_database *database);

/* Compares every projection with a recomputation from the log, and changes nothing.
 * JJ_EXIT_FAILED if one differs. */
int jj_warehouse_verify(const jj_database *database, bool json);

/* jj_pg_open for this database. Root connects as the daemon's user if no role is named: PostgreSQL
 * knows that one (`peer`), and what the daemon may do is what is to be seen. */
int jj_database_connect(const jj_database *database, const jj_pg_options *options, jj_pg **pg,
                        jj_error *err);

/* A connection for an administrator or a report: no limit on a statement's time. */
int jj_database_open(const jj_database *database, jj_pg **pg);

/* Says an error, and what to do about it; returns JJ_EXIT_FAILED. */
int jj_database_failed(const jj_database *database, const jj_pg *pg, const jj_error *err);

#endif
