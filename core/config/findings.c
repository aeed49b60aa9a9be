#include "config/findings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void jj_findings_clear(jj_findings *findings)
{
    free(findings->list);
    free(findings->remedies);
    *findings = (jj_findings){0};
}

void jj_findings_add_error(jj_findings *findings, const jj_error *err)
{
    if (findings->list == NULL) {
        findings->list = calloc(JJ_FINDINGS_MAX, sizeof *findings->list);
        findings->remedies = calloc(JJ_FINDINGS_MAX, sizeof *findings->remedies);
        if (findings->list == NULL || findings->remedies == NULL) {
            jj_findings_clear(&(jj_findings){findings->list, findings->remedies, 0, 0});
            *findings = (jj_findings){.more = findings->more + 1};
            return;
        }
    }
    if (findings->count == JJ_FINDINGS_MAX) {
        findings->more++;
        return;
    }
    findings->list[findings->count++] = *err;
}

void jj_findings_add(jj_findings *findings, const char *file, int line, int column,
                     const char *format, ...)
{
    jj_error err = {.code = JJ_ECONFIG, .line = line, .column = column};
    va_list args;

    va_start(args, format);
    vsnprintf(err.text, sizeof err.text, format, args);
    va_end(args);
    if (file != NULL) {
        snprintf(err.file, sizeof err.file, "%s", file);
    }
    jj_findings_add_error(findings, &err);
}

void jj_findings_advise(jj_findings *findings, const char *format, ...)
{
    va_list args;

    if (findings->count == 0 || findings->more > 0) {
        return; /* the one that was meant is not kept */
    }
    va_start(args, format);
    vsnprintf(findings->remedies[findings->count - 1], JJ_REMEDY_SIZE, format, args);
    va_end(args);
}

size_t jj_findings_total(const jj_findings *findings)
{
    return findings->count + findings->more;
}

/* Stable by hand: qsort is not, and two problems of one place keep the order they were found in. */
void jj_findings_sort(jj_findings *findings)
{
    for (size_t i = 1; i < findings->count; i++) {
        jj_error moved = findings->list[i];
        char remedy[JJ_REMEDY_SIZE];
        memcpy(remedy, findings->remedies[i], sizeof remedy);
        size_t at = i;
        while (at > 0) {
            const jj_error *before = &findings->list[at - 1];
            int order = strcmp(before->file, moved.file);
            if (order == 0) {
                order = before->line - moved.line;
            }
            if (order == 0) {
                order = before->column - moved.column;
            }
            if (order <= 0) {
                break;
            }
            findings->list[at] = *before;
            memcpy(findings->remedies[at], findings->remedies[at - 1], sizeof remedy);
            at--;
        }
        findings->list[at] = moved;
        memcpy(findings->remedies[at], remedy, sizeof remedy);
    }
}

void jj_findings_print(const jj_findings *findings, FILE *out)
{
    for (size_t i = 0; i < findings->count; i++) {
        const jj_error *err = &findings->list[i];
        if (err->file[0] != '\0') {
            fprintf(out, "%s:", err->file);
        }
        if (err->line > 0) {
            fprintf(out, "%d:%d:", err->line, err->column);
        }
        if (err->file[0] != '\0' || err->line > 0) {
            fputc(' ', out);
        }
        fprintf(out, "error: %s", err->text);
        if (err->field[0] != '\0') {
            fprintf(out, " (%s)", err->field);
        }
        fputc('\n', out);
        if (findings->remedies[i][0] != '\0') {
            fprintf(out, "  next: %s\n", findings->remedies[i]);
        }
    }
    if (findings->more > 0) {
        fprintf(out, "error: and %zu more\n", findings->more);
    }
}

int jj_findings_first(const jj_findings *findings, jj_error *err)
{
    if (findings->count == 0) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    if (err != NULL) {
        *err = findings->list[0];
    }
    return findings->list[0].code;
}
