/* --where: the part of the cells that a report on cohorts is about. */
#include "ctl/cohort.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A value as people read it in the report, too: laki-laki, ya. NULL for what cannot be one. */
static json_t *cell_value(const jj_column *column, const char *text, size_t length)
{
    char value[256];
    snprintf(value, sizeof value, "%.*s", (int)length, text);
    for (const jj_column_word *word = column->words; word && word->value; word++) {
        if (strcasecmp(word->word, value) == 0) {
            return json_string(word->value);
        }
    }
    if (strcmp(value, "-") == 0) { /* as the report shows that there is none */
        return json_null();
    }
    if (column->kind == JJ_COLUMN_FLAG) {
        bool yes = strcmp(value, "ya") == 0 || strcmp(value, "true") == 0;
        bool no = strcmp(value, "tidak") == 0 || strcmp(value, "false") == 0;
        return yes || no ? json_string(yes ? "true" : "false") : NULL;
    }
    bool is_year = *value && strlen(value) < 9 && value[strspn(value, "0123456789")] == '\0';
    return column->kind == JJ_COLUMN_NUMBER && !is_year ? NULL : json_string(value);
}

/* Where the next dimension=value begins; a comma in a value ends it only before one. */
static const char *next_part(const char *at)
{
    for (const char *comma = strchr(at, ','); comma; comma = strchr(comma + 1, ',')) {
        size_t length = strcspn(comma + 1, "=,");
        if (comma[1 + length] == '=' && jj_cohort_find(comma + 1, length) != JJ_DIMENSIONS) {
            return comma;
        }
    }
    return at + strlen(at);
}

/* Adds the parts of one --where to cell. Returns an exit code. */
static int add_where(const jj_ctl *ctl, const char *at, json_t *cell, jj_cohort_cell *found)
{
    while (*at) {
        size_t length = strcspn(at, "=");
        int dimension = jj_cohort_find(at, length);
        if (!at[length] || dimension == JJ_DIMENSIONS) {
            return jj_ctl_misused(ctl, "--where: dimension=value is expected, e.g. region=33.75");
        }
        const jj_column *column = jj_cohort_dimension(dimension);
        const char *end = next_part(at);
        json_t *value = cell_value(column, at + length + 1, (size_t)(end - at) - length - 1);
        if (!value) {
            return jj_ctl_misused(ctl, "--where: no value of %s: %.*s", column->name,
                                  (int)(end - at - (ptrdiff_t)length - 1), at + length + 1);
        }
        json_object_set_new(cell, column->name, value);
        found->of[dimension] = true;
        at = end + (*end == ',');
    }
    return JJ_EXIT_OK;
}

int jj_cohort_where(const jj_ctl *ctl, const char *const *without, bool listing,
                    jj_cohort_cell *cell)
{
    json_t *members = json_object();
    jj_cohort_cell found = {0};
    int code = JJ_EXIT_OK;
    for (size_t i = 0; i < ctl->given_count && code == 0; i++) {
        if (strcmp(ctl->given[i].flag->name, "where") == 0) {
            code = add_where(ctl, ctl->given[i].value, members, &found);
        }
    }
    for (; code == 0 && without && *without; without++) {
        if (json_object_get(members, *without)) {
            code = jj_ctl_misused(ctl, "--where: %s is what the report compares", *without);
        }
    }
    if (code == 0 && found.of[JJ_COL_DISABILITY] && !listing) {
        code =
            jj_ctl_misused(ctl, "--where: disability goes with --list; a report is cut by it with "
                                "--by, where counts are rounded");
    }
    if (code == 0) {
        found.cell = json_dumps(members, JSON_COMPACT);
        *cell = found;
    }
    json_decref(members);
    return code;
}
