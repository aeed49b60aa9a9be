/*
 * Brings a database up to the schema that the files in <schemas>/warehouse describe:
 *
 *   NNN_name.sql     migrations: applied once, in order of their number, each in one transaction
 *   define-*.sql     functions, views and roles: applied all together whenever one of them changed
 *   ../reference/regions.csv   the reference table jejaring.region, loaded whenever it changed
 *
 * What was applied is recorded in jejaring.migration with its checksum. One session at a time does
 * this; others wait. Refused with JJ_ECONFIG, before anything is changed: a database that is newer
 * than the files, a migration that was changed after it had been applied, a gap in the numbers.
 *
 * No superuser is needed: CREATE on the database for the first migration, ownership of the schema
 * for later ones, nothing but SELECT if there is nothing to do.
 */
#ifndef JJ_WAREHOUSE_MIGRATE_H
#define JJ_WAREHOUSE_MIGRATE_H

#include "pg.h"

typedef struct jj_migrated {
    int applied;    /* migrations that were applied now */
    int number;     /* of the newest migration that the database has */
    bool redefined; /* functions, views and roles were made anew */
    bool rebuild;   /* projections may have changed and there are events: a rebuild is due */
    int regions;    /* rows loaded into jejaring.region; -1: it was up to date */
    bool laid_out;  /* the tables lie in another way now */
    bool due;       /* there was something to do */
} jj_migrated;

/* How the tables are to lie on disk; what is so already stays, whatever is asked. OPERATIONS.md in
 * the folder of the SQL files tells what it is for. */
typedef struct jj_layout {
    bool by_month;    /* the log in partitions of a month */
    bool on_citus;    /* spread over the machines of a Citus cluster */
    bool with_events; /* also if there are events already, which takes as long as copying them;
                       * else JJ_ECONFIG says who can do it */
} jj_layout;

/* layout may be NULL. check_only: changes nothing; JJ_ECONFIG if anything would have to be done,
 * and done->due is then true, unlike for a database that cannot be used at all. */
int jj_migrate(jj_pg *pg, const char *schemas_dir, const jj_layout *layout, bool check_only,
               jj_migrated *done, jj_error *err);

#endif
