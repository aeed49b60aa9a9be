/*
 * Everything that is said to the author of a file, in Indonesian: why a row or a file is not taken.
 * Columns are called as the author calls them. No cell's content is quoted.
 */
#ifndef JJ_IMPORT_REASONS_H
#define JJ_IMPORT_REASONS_H

#include "import/import.h"
#include "import/mapping.h"
#include "table/fault.h"

/* Appends "title: why", behind "; " if something is there. title NULL: why alone. */
void jj_reason_add(jj_buf *out, const char *title, const char *why);

/* A problem that the schema found in a row's data. */
void jj_reason_problem(jj_buf *out, const jj_mapping *mapping, const jj_problem *problem);

/* What a hub said about an event. mapping NULL: of a JSON line. */
void jj_reason_verdict(jj_buf *out, const jj_mapping *mapping, const jj_import_verdict *verdict);

/* Why a file cannot be read; err tells row and column. */
void jj_reason_fault(jj_buf *out, enum jj_fault fault, const jj_error *err);

#endif
