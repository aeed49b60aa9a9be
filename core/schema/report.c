/* Reports: where a problem is and what was expected there. They hold what the schema says and
 * never what the value is. A member name that no schema mentions comes from the sender as well:
 * one that might itself be personal is left out, and the pointer ends above it. */
#include "schema/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_SHOWN  64
#define NAME_SHOWN   64
#define DIGITS_SHOWN 5

struct text {
    char *at;
    size_t used, size;
    bool cut;
};

static void put(struct text *text, const char *bytes, size_t length)
{
    if (text->cut || length >= text->size - text->used) {
        text->cut = true;
        return;
    }
    memcpy(text->at + text->used, bytes, length);
    text->used += length;
    text->at[text->used] = '\0';
}

/* Ends what did not fit in "...", between two characters of UTF-8. */
static void end_cut(struct text *text)
{
    size_t keep = text->used;
    if (!text->cut) {
        return;
    }
    while (keep + 4 > text->size || (keep && ((unsigned char)text->at[keep] & 0xc0) == 0x80)) {
        keep--;
    }
    memcpy(text->at + keep, "...", 4);
}

static void put_escaped(struct text *text, const char *name, size_t length)
{
    put(text, "/", 1);
    for (size_t i = 0; i < length; i++) {
        if (name[i] == '~' || name[i] == '/') {
            put(text, name[i] == '~' ? "~0" : "~1", 2);
        } else {
            put(text, &name[i], 1);
        }
    }
}

/* Long numbers, addresses of mail, and what looks like the name of somebody are not shown. */
static bool is_showable(const jj_step_to *step)
{
    unsigned digits = 0;
    if (step->declared || !step->name) {
        return true;
    }
    for (size_t i = 0; i < step->length; i++) {
        char c = step->name[i];
        digits += c >= '0' && c <= '9';
        if (c == '@' || c == ' ' || c == 0x7f || (c >= 0 && c < ' ')) {
            return false;
        }
    }
    return digits < DIGITS_SHOWN && step->length <= NAME_SHOWN;
}

static void write_pointer(const jj_step_to *at, struct text *text)
{
    const jj_step_to *steps[STEPS_SHOWN];
    size_t count = 0, skip = 0;
    for (const jj_step_to *step = at; step; step = step->up) {
        count++;
    }
    skip = count > STEPS_SHOWN ? count - STEPS_SHOWN : 0;
    size_t shown = count - skip, left = shown;
    for (const jj_step_to *step = at; step; step = step->up) {
        if (skip) {
            skip--;
        } else {
            steps[--left] = step;
        }
    }
    for (size_t i = 0; i < shown && is_showable(steps[i]); i++) {
        char index[24];
        if (steps[i]->name) {
            put_escaped(text, steps[i]->name, steps[i]->length);
        } else {
            put(text, index, (size_t)snprintf(index, sizeof index, "/%zu", steps[i]->index));
        }
    }
    text->cut = text->cut || shown < count;
    end_cut(text);
}

static jj_problem *new_problem(jj_run *run, const jj_step_to *at, const char *keyword)
{
    jj_report *report = run->report;
    if (report->count++ >= JJ_PROBLEMS_MAX) {
        return NULL;
    }
    jj_problem *problem = &report->list[report->count - 1];
    *problem = (jj_problem){.keyword = keyword};
    struct text pointer = {problem->field, 0, sizeof problem->field, false};
    write_pointer(at, &pointer);
    return problem;
}

bool jj_run_problem(jj_run *run, const jj_step_to *at, const char *keyword, const char *expected,
                    ...)
{
    jj_problem *problem = run->report ? new_problem(run, at, keyword) : NULL;
    if (problem) {
        va_list args;
        va_start(args, expected);
        vsnprintf(problem->expected, sizeof problem->expected, expected, args);
        va_end(args);
    }
    return false;
}

bool jj_run_problem_choice(jj_run *run, const jj_step_to *at, const char *keyword,
                           const json_t *values)
{
    jj_problem *problem = run->report ? new_problem(run, at, keyword) : NULL;
    size_t count = json_array_size(values);
    if (!problem) {
        return false;
    }
    struct text text = {problem->expected, 0, sizeof problem->expected, false};
    put(&text, "one of ", count > 1 ? 7 : 0);
    for (size_t i = 0; i < count; i++) {
        char *value = json_dumps(json_array_get(values, i), JSON_ENCODE_ANY | JSON_COMPACT);
        put(&text, ", ", i ? 2 : 0);
        put(&text, value ? value : "?", value ? strlen(value) : 1);
        free(value);
    }
    if (count == 0) {
        put(&text, "nothing: no value is allowed", 28);
    }
    end_cut(&text);
    return false;
}
