/*
 * One check of a value against a compiled schema. Private to this room.
 */
#ifndef JJ_SCHEMA_RUN_H
#define JJ_SCHEMA_RUN_H

#include "schema/equal.h"
#include "schema/program.h"

/* What is being checked: a JSON value, or the name of a member (json is then NULL). text is set
 * for strings and names. */
typedef struct jj_subject {
    const json_t *json;
    const char *text;
    size_t length;
} jj_subject;

/* The way from the whole value to a part: a list up the C stack, written out only for a report. */
typedef struct jj_step_to {
    const struct jj_step_to *up; /* NULL: the whole value */
    const char *name;            /* NULL: an item */
    size_t length, index;
    bool declared; /* the schema mentions the name */
} jj_step_to;

typedef struct jj_run {
    const jj_schema *schema;
    uint64_t budget; /* steps that are left; 0: used up */
    unsigned depth;
    jj_report *report; /* NULL: only the verdict is wanted, the first problem ends the check */
} jj_run;

bool jj_run_node(jj_run *run, const jj_node *node, const jj_subject *subject, const jj_step_to *at);

/* The same without report, for schemas whose failure is not yet a problem (anyOf, not, if). */
bool jj_run_try(jj_run *run, const jj_node *node, const jj_subject *subject);

jj_subject jj_subject_of(const json_t *json);

/* True if there is a reason to look at further rules: all held so far, or all problems are
 * wanted. */
static inline bool jj_run_goes_on(const jj_run *run, bool ok)
{
    return run->budget && (ok || run->report);
}

static inline const char *jj_plural(size_t count)
{
    return count == 1 ? "" : "s";
}

bool jj_run_array(jj_run *run, const jj_array_rules *rules, const json_t *array,
                  const jj_step_to *at);
bool jj_run_object(jj_run *run, const jj_object_rules *rules, const jj_subject *subject,
                   const jj_step_to *at);

/* Adds a problem if the run reports; always returns false. expected must not quote the value. */
bool jj_run_problem(jj_run *run, const jj_step_to *at, const char *keyword, const char *expected,
                    ...) JJ_PRINTF(4, 5);

/* "one of "a", "b"" or just the one. */
bool jj_run_problem_choice(jj_run *run, const jj_step_to *at, const char *keyword,
                           const json_t *values);

#endif
