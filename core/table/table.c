#include "table/table.h"

#include "table/delimited.h"
#include "table/sheet.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct jj_table {
    jj_delimited *text; /* one of the two */
    jj_sheet *sheet;
    uint64_t size_bytes;
};

static int refuse_magic(int fd, bool *workbook, jj_refusal *why)
{
    unsigned char head[8] = {0};
    if (pread(fd, head, sizeof head, 0) < 0) {
        return jj_refuse_errno(why, "cannot read the file");
    }
    if (memcmp(head, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8) == 0) {
        return jj_refuse(why, JJ_FAULT_OLD_EXCEL, JJ_EMALFORMED,
                         "an old Excel file (.xls) or one with a password; save it as XLSX or CSV");
    }
    if (memcmp(head, "%PDF", 4) == 0) {
        return jj_refuse(why, JJ_FAULT_NOT_TABLE, JJ_EMALFORMED, "a PDF, not a table");
    }
    *workbook = memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0;
    return 0;
}

static int open_kind(jj_table *table, int fd, const jj_table_options *options, jj_refusal *why)
{
    struct stat st;
    bool workbook = false;
    if (fstat(fd, &st)) {
        return jj_refuse_errno(why, "cannot read the file");
    }
    if (!S_ISREG(st.st_mode)) {
        return jj_refuse(why, JJ_FAULT_NOT_TABLE, JJ_EMALFORMED, "not a regular file");
    }
    if (st.st_size > JJ_TABLE_MAX) {
        return jj_refuse(why, JJ_FAULT_SIZE, JJ_ETOO_LARGE, "the file is larger than 2 GiB");
    }
    table->size_bytes = (uint64_t)st.st_size;
    int rc = refuse_magic(fd, &workbook, why);
    if (rc) {
        return rc;
    }
    if (workbook) {
        return jj_sheet_open(&table->sheet, fd, options ? options->sheet : NULL, why);
    }
    return jj_delimited_open(&table->text, fd, options ? options->delimiter : 0, why);
}

int jj_table_open(jj_table **table, int fd, const jj_table_options *options, enum jj_fault *fault,
                  jj_error *err)
{
    jj_refusal why = {JJ_FAULT_NONE, err};
    jj_table *made = calloc(1, sizeof *made);
    int rc = made ? open_kind(made, fd, options, &why) : jj_refuse_memory(&why);
    if (rc) {
        jj_table_close(made);
        *fault = why.fault;
        return rc;
    }
    *table = made;
    return 0;
}

void jj_table_close(jj_table *table)
{
    if (table) {
        jj_delimited_close(table->text);
        jj_sheet_close(table->sheet);
        free(table);
    }
}

int jj_table_next(jj_table *table, jj_row *row, enum jj_fault *fault, jj_error *err)
{
    jj_refusal why = {JJ_FAULT_NONE, err};
    int rc = table->sheet ? jj_sheet_next(table->sheet, row, &why)
                          : jj_delimited_next(table->text, row, &why);
    if (rc < 0) {
        *fault = why.fault;
    }
    return rc;
}

jj_table_form jj_table_form_of(const jj_table *table)
{
    return table->sheet ? jj_sheet_form(table->sheet) : jj_delimited_form(table->text);
}

uint64_t jj_table_position(const jj_table *table, uint64_t *total)
{
    if (table->sheet) {
        return jj_sheet_position(table->sheet, total);
    }
    *total = table->size_bytes;
    return jj_delimited_position(table->text);
}

void jj_column_name(size_t column, char out[JJ_COLUMN_NAME_SIZE])
{
    char reversed[JJ_COLUMN_NAME_SIZE];
    size_t length = 0;
    for (column++; column && length + 1 < sizeof reversed; column = (column - 1) / 26) {
        reversed[length++] = (char)('A' + (column - 1) % 26);
    }
    for (size_t i = 0; i < length; i++) {
        out[i] = reversed[length - 1 - i];
    }
    out[length] = '\0';
}
