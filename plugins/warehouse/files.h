/*
 * The SQL files of the warehouse's schema, read whole and in order.
 */
#ifndef JJ_WAREHOUSE_FILES_H
#define JJ_WAREHOUSE_FILES_H

#include <jejaring/error.h>

#include <stdbool.h>
#include <stddef.h>

typedef struct jj_sql_file {
    char *name; /* without the folder */
    char *text; /* NUL-terminated */
    size_t size_bytes;
    int number; /* of a migration, from 1; 0: a definition */
} jj_sql_file;

typedef struct jj_sql_files {
    jj_sql_file *items; /* migrations by number, then definitions by name */
    size_t count;
    size_t migrations; /* how many of them are migrations */
} jj_sql_files;

/* Reads every *.sql of the folder. JJ_ECONFIG: no such folder, a name that is neither NNN_name.sql
 * nor define-name.sql, numbers that are not 1, 2, 3 ... */
int jj_sql_files_open(jj_sql_files *files, const char *dir, jj_error *err);
void jj_sql_files_close(jj_sql_files *files);

/* A whole file in new memory, NUL-terminated. */
int jj_text_read(const char *path, char **text, size_t *size_bytes, jj_error *err);

#endif
