/*
 * What is wrong with a file, as a closed list, so that a higher room can tell the file's author in
 * his own language. The English text for administrators is in the jj_error beside it.
 *
 * Neither ever quotes the content of a cell.
 */
#ifndef JJ_TABLE_FAULT_H
#define JJ_TABLE_FAULT_H

#include "jejaring/error.h"

enum jj_fault {
    JJ_FAULT_NONE = 0,   /* not the file's fault: memory, disk, permissions */
    JJ_FAULT_EMPTY,      /* no bytes at all */
    JJ_FAULT_NOT_TABLE,  /* neither text nor a workbook: a PDF, a picture, a Word file */
    JJ_FAULT_OLD_EXCEL,  /* an .xls of before 2007, or an XLSX with a password */
    JJ_FAULT_WEB_PAGE,   /* HTML or XML under the name of a table, as web applications export it */
    JJ_FAULT_ENCODING,   /* bytes that are not of the encoding that the file says it has */
    JJ_FAULT_OPEN_QUOTE, /* a quotation mark is opened and never closed */
    JJ_FAULT_CELL_SIZE,  /* a cell is longer than JJ_CELL_MAX */
    JJ_FAULT_COLUMNS,    /* a row has more than JJ_COLUMNS_MAX columns */
    JJ_FAULT_SIZE,       /* the file, or what unpacks from it, is too large */
    JJ_FAULT_WORKBOOK,   /* damaged */
    JJ_FAULT_NOT_WORKBOOK, /* a ZIP archive with something else in it: ODS, DOCX, pictures */
    JJ_FAULT_SHEET,        /* there is no sheet of the name that was asked for, or none at all */
};

/* Where the functions of this room report what stopped them; both are the caller's. */
typedef struct jj_refusal {
    enum jj_fault fault;
    jj_error *err; /* may be NULL */
} jj_refusal;

/* Sets fault and err and returns code. */
int jj_refuse(jj_refusal *why, enum jj_fault fault, int code, const char *format, ...)
    JJ_PRINTF(4, 5);

/* For what is not the file's fault: memory, the operating system (with errno). */
int jj_refuse_memory(jj_refusal *why);
int jj_refuse_errno(jj_refusal *why, const char *what);

#endif
