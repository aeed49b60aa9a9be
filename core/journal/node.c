#include "journal/node.h"

#include "journal/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAPS_MAX 1000 /* of one node that are looked at */

static void copy_text(char *out, size_t size, sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    snprintf(out, size, "%s", text ? text : "");
}

static void read_node(sqlite3_stmt *row, jj_node *node)
{
    *node = (jj_node){
        .begun = sqlite3_column_type(row, 2) != SQLITE_NULL,
        .sequence = (uint64_t)sqlite3_column_int64(row, 2),
        .contact_ms = sqlite3_column_int64(row, 3),
        .reported_ms = sqlite3_column_int64(row, 4),
        .accepted = (uint64_t)sqlite3_column_int64(row, 5),
        .duplicate = (uint64_t)sqlite3_column_int64(row, 6),
        .rejected = (uint64_t)sqlite3_column_int64(row, 7),
        .problem_ms = sqlite3_column_int64(row, 8),
        .blocked = sqlite3_column_int(row, 10) != 0,
    };
    copy_text(node->name, sizeof node->name, row, 0);
    copy_text(node->agency, sizeof node->agency, row, 1);
    copy_text(node->problem, sizeof node->problem, row, 9);
}

int jj_journal_node(jj_journal *journal, const char *name, jj_node *node)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_NODE];
    if (!row) {
        return JJ_EUNAVAILABLE;
    }
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    int step = sqlite3_step(row);
    if (step == SQLITE_ROW) {
        read_node(row, node);
    }
    sqlite3_reset(row);
    return step == SQLITE_ROW ? 0 : step == SQLITE_DONE ? JJ_ENOTFOUND : JJ_EUNAVAILABLE;
}

int jj_journal_nodes(jj_journal *journal, jj_node_visit visit, void *arg)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_NODES];
    jj_node node;
    int step = SQLITE_ERROR;
    while (row && (step = sqlite3_step(row)) == SQLITE_ROW) {
        read_node(row, &node);
        visit(arg, &node);
    }
    sqlite3_reset(row);
    return step == SQLITE_DONE ? 0 : JJ_EUNAVAILABLE;
}

void jj_journal_node_put(jj_journal *journal, const jj_node *node)
{
    sqlite3_stmt *put = journal->statements[JJ_SQL_NODE_PUT];
    sqlite3_bind_text(put, 1, node->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(put, 2, node->agency, -1, SQLITE_STATIC);
    if (node->begun) {
        sqlite3_bind_int64(put, 3, (int64_t)node->sequence);
    }
    sqlite3_bind_int64(put, 4, node->contact_ms);
    sqlite3_bind_int64(put, 5, node->reported_ms);
    sqlite3_bind_int64(put, 6, (int64_t)node->accepted);
    sqlite3_bind_int64(put, 7, (int64_t)node->duplicate);
    sqlite3_bind_int64(put, 8, (int64_t)node->rejected);
    sqlite3_bind_int64(put, 9, node->problem_ms);
    sqlite3_bind_text(put, 10, node->problem, -1, SQLITE_STATIC);
    sqlite3_bind_int(put, 11, node->blocked);
    jj_journal_run(journal, JJ_SQL_NODE_PUT);
}

void jj_journal_node_drop(jj_journal *journal, const char *name)
{
    static const enum jj_statement all[] = {JJ_SQL_NODE_DROP, JJ_SQL_MARKS_DROP, JJ_SQL_GAPS_DROP,
                                            JJ_SQL_REGIONS_DROP};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        sqlite3_bind_text(journal->statements[all[i]], 1, name, -1, SQLITE_STATIC);
        jj_journal_run(journal, all[i]);
    }
}

/* ---- Marks -------------------------------------------------------------------------------- */

void jj_journal_marks_put(jj_journal *journal, const char *name, uint64_t after, uint64_t upto,
                          const jj_mark *marks, size_t count)
{
    sqlite3_stmt *put = journal->statements[JJ_SQL_MARKS_PUT];
    sqlite3_bind_text(put, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(put, 2, (int64_t)after);
    sqlite3_bind_int64(put, 3, (int64_t)upto);
    sqlite3_bind_blob(put, 4, marks, (int)(count * sizeof *marks), SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_MARKS_PUT);
}

int jj_journal_marks(jj_journal *journal, const char *name, uint64_t after, uint64_t upto,
                     jj_mark_visit visit, void *arg)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_MARKS];
    int step = SQLITE_ERROR;
    if (!row) {
        return JJ_EUNAVAILABLE;
    }
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, (int64_t)after);
    sqlite3_bind_int64(row, 3, (int64_t)upto);
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        const char *blob = sqlite3_column_blob(row, 0);
        size_t count = (size_t)sqlite3_column_bytes(row, 0) / sizeof(jj_mark);
        for (size_t i = 0; i < count; i++) {
            jj_mark mark;
            memcpy(&mark, blob + i * sizeof mark, sizeof mark);
            visit(arg, &mark);
        }
    }
    sqlite3_reset(row);
    return step == SQLITE_DONE ? 0 : JJ_EUNAVAILABLE;
}

/* ---- Gaps --------------------------------------------------------------------------------- */

void jj_journal_gap_put(jj_journal *journal, const char *name, uint64_t after, uint64_t upto)
{
    sqlite3_stmt *put = journal->statements[JJ_SQL_GAP_PUT];
    sqlite3_bind_text(put, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(put, 2, (int64_t)after);
    sqlite3_bind_int64(put, 3, (int64_t)upto);
    jj_journal_run(journal, JJ_SQL_GAP_PUT);
}

int jj_journal_gaps(jj_journal *journal, const char *name, jj_gap_visit visit, void *arg)
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_GAPS];
    int step = SQLITE_ERROR;
    if (!row) {
        return JJ_EUNAVAILABLE;
    }
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        visit(arg, (uint64_t)sqlite3_column_int64(row, 0), (uint64_t)sqlite3_column_int64(row, 1));
    }
    sqlite3_reset(row);
    return step == SQLITE_DONE ? 0 : JJ_EUNAVAILABLE;
}

typedef struct gaps {
    uint64_t after, upto; /* what is looked for */
    struct {
        uint64_t after, upto;
    } list[GAPS_MAX];
    size_t count;
} gaps;

static void note_touched(void *arg, uint64_t after, uint64_t upto)
{
    gaps *g = arg;
    if (after < g->upto && upto > g->after && g->count < GAPS_MAX) {
        g->list[g->count].after = after;
        g->list[g->count++].upto = upto;
    }
}

void jj_journal_gap_fill(jj_journal *journal, const char *name, uint64_t after, uint64_t upto)
{
    gaps *touched = calloc(1, sizeof *touched);
    if (!touched) {
        jj_journal_note(journal, "out of memory");
        return;
    }
    touched->after = after;
    touched->upto = upto;
    if (jj_journal_gaps(journal, name, note_touched, touched)) {
        jj_journal_note(journal, "cannot read the journal");
    }
    for (size_t i = 0; i < touched->count; i++) {
        uint64_t begin = touched->list[i].after, end = touched->list[i].upto;
        sqlite3_stmt *drop = journal->statements[JJ_SQL_GAP_DROP];
        sqlite3_bind_text(drop, 1, name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(drop, 2, (int64_t)begin);
        jj_journal_run(journal, JJ_SQL_GAP_DROP);
        if (begin < after) {
            jj_journal_gap_put(journal, name, begin, after);
        }
        if (end > upto) {
            jj_journal_gap_put(journal, name, upto, end);
        }
    }
    free(touched);
}

/* ---- Regions ------------------------------------------------------------------------------ */

int jj_journal_region_node(jj_journal *journal, const char *region, char name[JJ_NODE_NAME_MAX + 1])
{
    sqlite3_stmt *row = journal->statements[JJ_SQL_REGION_NODE];
    if (!row) {
        return JJ_EUNAVAILABLE;
    }
    sqlite3_bind_text(row, 1, region, -1, SQLITE_STATIC);
    int step = sqlite3_step(row);
    if (step == SQLITE_ROW) {
        copy_text(name, JJ_NODE_NAME_MAX + 1, row, 0);
    }
    sqlite3_reset(row);
    return step == SQLITE_ROW ? 0 : step == SQLITE_DONE ? JJ_ENOTFOUND : JJ_EUNAVAILABLE;
}

void jj_journal_region_claim(jj_journal *journal, const char *region, const char *name)
{
    sqlite3_stmt *put = journal->statements[JJ_SQL_REGION_CLAIM];
    sqlite3_bind_text(put, 1, region, -1, SQLITE_STATIC);
    sqlite3_bind_text(put, 2, name, -1, SQLITE_STATIC);
    jj_journal_run(journal, JJ_SQL_REGION_CLAIM);
}
