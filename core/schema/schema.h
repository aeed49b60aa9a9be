/*
 * A JSON Schema (2020-12, a declared subset), compiled once and then run on jansson values.
 *
 * Guarantees: a schema with a keyword, format or pattern construct that this validator does not
 * implement is refused at compilation with file and JSON pointer; a keyword is never ignored. A
 * check takes time linear in the value for patterns (no backtracking) and has a budget of steps
 * and depth. All problems of a value are reported, not the first. A report never quotes a value.
 *
 * Not here: what to do with an event that fails, and who may see what (catalogue, views).
 */
#ifndef JJ_SCHEMA_SCHEMA_H
#define JJ_SCHEMA_SCHEMA_H

#include "jejaring/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct jj_schema jj_schema;

/* Compiles the schema file at path with the files that it references. On refusal err has file,
 * field (JSON pointer of the keyword) and text; code JJ_ECONFIG. *schema is new. */
int jj_schema_open(jj_schema **schema, const char *path, jj_error *err);

/* The same for many files. What several of them reference is read and kept once. schemas has room
 * for count; each is closed by itself. None is made if one is refused. */
int jj_schema_open_all(jj_schema **schemas, const char *const *paths, size_t count, jj_error *err);

/* The same from a parsed document (borrowed, needed only during the call). name stands for the
 * file in errors; dir is where relative references are looked up (NULL: they are refused). */
int jj_schema_compile(jj_schema **schema, const json_t *document, const char *name, const char *dir,
                      jj_error *err);

void jj_schema_close(jj_schema *schema);

typedef struct jj_problem {
    char field[256];     /* JSON pointer into the value; long ones end in "..." */
    const char *keyword; /* that failed, e.g. "maxLength"; static */
    char expected[192];  /* one line: what was expected; never the value */
} jj_problem;

#define JJ_PROBLEMS_MAX 32

/* The budget of one check: schemas, members and characters looked at; schemas in one another. */
#define JJ_SCHEMA_STEPS_MAX 4000000
#define JJ_SCHEMA_DEPTH_MAX 800

/* Caller-owned; count may exceed what fits into list. */
typedef struct jj_report {
    size_t count;
    bool exhausted; /* the budget ran out: the value was refused without a verdict */
    jj_problem list[JJ_PROBLEMS_MAX];
} jj_report;

/* True if value is valid. report may be NULL (then the first problem ends the check); it is
 * written only when the value is not valid. Member names that no schema mentions are left out of
 * pointers if they might be personal themselves (digits, blanks, @): the pointer then ends above.
 * Memory is allocated only for uniqueItems on arrays of more than 64 items (without any: the value
 * is refused as exhausted), and for reports. */
bool jj_schema_check(const jj_schema *schema, const json_t *value, jj_report *report);

/* The asserted formats: "date", "date-time", "uuid", "nik", "region". */
bool jj_format_known(const char *format);
bool jj_format_check(const char *format, const char *text, size_t length);

#endif
