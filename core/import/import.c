#include "import/import.h"

#include "base/id.h"
#include "import/batch.h"
#include "import/clean.h"
#include "import/lines.h"
#include "import/mapping.h"
#include "import/reasons.h"
#include "import/record.h"
#include "import/reject.h"
#include "import/skip.h"
#include "table/table.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER_WITHIN   10    /* rows: titles may stand above the header */
#define BLANK_ABOVE_MAX 10000 /* that may stand above it */
#define ROWS_A_STEP     20000 /* at most, however few of them have anything in them */
#define ZEROS_FROM      8     /* NIKs that all end in 0, from which that is no chance any more */

struct jj_import {
    jj_import_options options;
    jj_import_result *result;
    char *name;
    jj_table *table; /* one of the two */
    jj_lines *lines;
    jj_mapping mapping;
    jj_recorder recorder;
    jj_record record;
    jj_batch batch;
    jj_reject reject;
    bool begun, ended;       /* a batch has been sent; no row is left */
    size_t niks, round_niks; /* before the first batch; those that end in 0 */
    jj_buf clean;            /* the row's cells, cleaned */
    jj_cell cells[JJ_COLUMNS_MAX];
};

void jj_import_result_clear(jj_import_result *result)
{
    jj_buf_clear(&result->reason);
    free(result->sheet);
    for (size_t i = 0; i < result->column_count; i++) {
        free(result->columns[i].title);
        free(result->columns[i].target);
    }
    free(result->columns);
    for (size_t i = 0; i < result->note_count; i++) {
        free(result->notes[i].text);
    }
    *result = (jj_import_result){0};
}

void jj_import_close(jj_import *import)
{
    if (import) {
        jj_table_close(import->table);
        jj_lines_close(import->lines);
        jj_mapping_clear(&import->mapping);
        jj_record_clear(&import->record);
        jj_batch_clear(&import->batch);
        jj_reject_clear(&import->reject);
        jj_buf_clear(&import->clean);
        free(import->name);
        free(import);
    }
}

/* The file is refused for what result->reason says; without memory to say it, it is not now. */
static int refuse(jj_import *import, int code, jj_error *err)
{
    import->result->refused = !import->result->reason.failed;
    return import->result->refused
               ? code
               : jj_fail(err, JJ_EMEMORY, "out of memory while saying what is wrong with a file");
}

/* The file cannot be read on. What is not its own fault is no refusal. */
static int at_fault(jj_import *import, enum jj_fault fault, int code, const jj_error *problem,
                    jj_error *err)
{
    jj_import_result *result = import->result;
    if (err) {
        *err = *problem;
    }
    if (fault == JJ_FAULT_NONE) {
        return code;
    }
    jj_reason_fault(&result->reason, fault, problem);
    if (result->accepted + result->duplicate) {
        jj_buf_puts(&result->reason,
                    "Baris-baris sebelumnya sudah diterima. Setelah diperbaiki, kirim ulang "
                    "seluruh berkas: baris yang sudah diterima tidak akan terhitung dua kali.\n");
    }
    return refuse(import, code, err);
}

/* What a column is used for, in words of our own. NULL: for nothing. */
static const char *target_name(const jj_mapping *mapping, const jj_column *column)
{
    static const char *const names[] = {
        [JJ_TARGET_REGION] = "region",   [JJ_TARGET_CORRECTION] = "correction",
        [JJ_TARGET_SUBJECT] = "subject", [JJ_TARGET_NUMBER] = "number",
        [JJ_TARGET_REASON] = "reason",
    };
    if (column->target == JJ_TARGET_LEAF || column->target == JJ_TARGET_SPARE) {
        return mapping->leaves[column->leaf].pointer + 1;
    }
    return column->target < sizeof names / sizeof *names ? names[column->target] : NULL;
}

static bool tell_column(const jj_mapping *mapping, const jj_column *column, jj_import_column *out)
{
    const char *target = target_name(mapping, column);
    out->title = strdup(column->title);
    out->target = target ? strdup(target) : NULL;
    out->spare = column->target == JJ_TARGET_SPARE;
    for (char *at = out->target; at && *at; at++) {
        *at = *at == '/' ? '.' : *at;
    }
    return out->title && (out->target || !target);
}

static int tell_columns(jj_import *import, jj_error *err)
{
    const jj_mapping *mapping = &import->mapping;
    jj_import_result *result = import->result;
    result->header_row = mapping->row;
    result->columns = calloc(mapping->column_count + 1, sizeof *result->columns);
    bool told = result->columns != NULL;
    for (size_t i = 0; told && i < mapping->column_count; i++) {
        told = tell_column(mapping, &mapping->columns[i], &result->columns[result->column_count++]);
    }
    return told ? 0 : jj_fail(err, JJ_EMEMORY, "out of memory while reading a header");
}

/* The first row with all required columns is the header; titles above it are skipped. If there is
 * none, the refusal speaks of the row that came nearest. */
static int find_header(jj_import *import, jj_error *err)
{
    jj_import_result *result = import->result;
    size_t best = 0, tried = 0, blank = 0;
    int rc = 0;
    while (tried < HEADER_WITHIN && blank < BLANK_ABOVE_MAX) {
        jj_row row;
        jj_error problem = {0};
        jj_buf reason = {0};
        enum jj_fault fault;
        int got = jj_table_next(import->table, &row, &fault, &problem);
        if (got < 0) {
            return at_fault(import, fault, got, &problem, err);
        }
        if (got == 0) {
            break;
        }
        if (row.count == 0) {
            blank++;
            continue;
        }
        rc = jj_mapping_read(&import->mapping, &row, err);
        if (rc) {
            return rc;
        }
        rc = jj_mapping_check(&import->mapping, &reason, &problem);
        if (rc == 0) {
            jj_buf_clear(&reason);
            jj_buf_clear(&result->reason);
            return tell_columns(import, err);
        }
        if (reason.failed) {
            jj_buf_clear(&reason);
            return jj_fail(err, JJ_EMEMORY, "out of memory while reading a header");
        }
        if (tried++ == 0 || import->mapping.recognised > best) {
            best = import->mapping.recognised;
            jj_buf_clear(&result->reason);
            result->reason = reason;
            if (err) {
                *err = problem;
            }
        } else {
            jj_buf_clear(&reason);
        }
    }
    if (tried == 0) {
        jj_buf_puts(&result->reason, "Berkas ini kosong.\n");
        return refuse(import, jj_fail(err, JJ_EINVALID, "the table is empty"), err);
    }
    if (result->sheets > 1) {
        jj_buf_printf(&result->reason,
                      "Berkas ini punya %u lembar kerja, dan hanya lembar \"%s\" yang dibaca. Bila "
                      "tabelnya ada di lembar lain, pindahkan lembar itu ke depan.\n",
                      result->sheets, result->sheet ? result->sheet : "");
    }
    return refuse(import, JJ_EINVALID, err);
}

static int open_table(jj_import *import, int fd, jj_error *err)
{
    const jj_import_options *options = &import->options;
    jj_table_options wanted = {.sheet = options->sheet};
    jj_error problem = {0};
    enum jj_fault fault = JJ_FAULT_NONE;
    int rc = jj_table_open(&import->table, fd, &wanted, &fault, &problem);
    if (rc) {
        return at_fault(import, fault, rc, &problem, err);
    }
    jj_table_form form = jj_table_form_of(import->table);
    import->result->format = form.format;
    import->result->encoding = form.encoding;
    import->result->delimiter = form.delimiter;
    import->result->sheets = form.sheets;
    import->result->sheet = form.sheet ? strdup(form.sheet) : NULL;
    if (form.sheet && !import->result->sheet) {
        return jj_fail(err, JJ_EMEMORY, "out of memory while opening a file");
    }
    rc = jj_mapping_init(&import->mapping, options->type, err);
    if (rc == 0) {
        rc = find_header(import, err);
    }
    import->recorder = (jj_recorder){.mapping = &import->mapping,
                                     .cells = {options->reference, options->source},
                                     .region = options->region,
                                     .key = options->key};
    return rc;
}

static int open_lines(jj_import *import, int fd, jj_error *err)
{
    jj_error problem = {0};
    jj_refusal why = {JJ_FAULT_NONE, &problem};
    int rc = jj_lines_open(&import->lines, fd, &why);
    if (rc) {
        return at_fault(import, why.fault, rc, &problem, err);
    }
    import->result->format = "jsonl";
    import->result->encoding = jj_lines_encoding(import->lines);
    return 0;
}

int jj_import_open(jj_import **import, const jj_import_options *options, int fd, const char *name,
                   jj_import_result *result, jj_error *err)
{
    const char *slash = strrchr(name, '/');
    jj_import *made = calloc(1, sizeof *made);
    if (!made || !(made->name = strdup(slash ? slash + 1 : name))) {
        free(made);
        return jj_fail(err, JJ_EMEMORY, "out of memory while opening a file");
    }
    made->options = *options;
    made->result = result;
    jj_reject_init(&made->reject, options->publish ? options->reject_folder : -1);
    int rc = jj_is_lines(name) ? open_lines(made, fd, err) : open_table(made, fd, err);
    if (rc) {
        jj_import_close(made);
        return rc;
    }
    *import = made;
    return 0;
}

/* The row's cells, cleaned, into import->cells. */
static int clean_row(jj_import *import, const jj_row *row, jj_error *err)
{
    size_t at[JJ_COLUMNS_MAX];
    jj_buf_reset(&import->clean);
    for (size_t i = 0; i < row->count; i++) {
        at[i] = import->clean.size;
        import->cells[i].length =
            jj_clean(row->cells[i].text, row->cells[i].length, &import->clean);
    }
    if (import->clean.failed) {
        return jj_fail(err, JJ_EMEMORY, "out of memory while reading a row");
    }
    for (size_t i = 0; i < row->count; i++) {
        import->cells[i].text = import->clean.data + at[i];
    }
    return 0;
}

static int take_row(jj_import *import, const jj_row *row, jj_error *err)
{
    jj_import_result *result = import->result;
    jj_record *record = &import->record;
    int rc = clean_row(import, row, err);
    if (rc) {
        return rc;
    }
    if (jj_row_is_blank(import->cells, row->count)) {
        result->blank++;
        return 0;
    }
    if (jj_row_is_furniture(&import->mapping, row->number, import->cells, row->count)) {
        result->totals++;
        return 0;
    }
    rc = jj_record_make(record, &import->recorder, import->cells, row->count, err);
    if (rc) {
        return rc;
    }
    jj_batch_add_row(&import->batch, row);
    if (record->problems.size) {
        jj_batch_problem(&import->batch, record->problems.data);
        return 0;
    }
    jj_batch_event(&import->batch, record->event.data, record->event.size);
    if (record->warnings.size) {
        jj_batch_warning(&import->batch, record->warnings.data);
    }
    import->niks += *record->nik != '\0';
    import->round_niks += *record->nik && record->nik[15] == '0';
    return 0;
}

/* Reads one row; sets ended at the end. */
static int read_row(jj_import *import, jj_error *err)
{
    jj_row row;
    jj_error problem = {0};
    enum jj_fault fault = JJ_FAULT_NONE;
    int rc = jj_table_next(import->table, &row, &fault, &problem);
    if (rc < 0) {
        return at_fault(import, fault, rc, &problem, err);
    }
    import->ended = rc == 0;
    return rc == 1 ? take_row(import, &row, err) : 0;
}

static int take_line(jj_import *import, uint64_t number, const char *text, size_t length, bool cut,
                     jj_error *err)
{
    jj_buf *line = &import->record.event, *problems = &import->record.problems;
    jj_buf_reset(line);
    jj_buf_reset(problems);
    if (!cut) {
        jj_line_restore(text, length, line);
    }
    if (line->failed) {
        return jj_fail(err, JJ_EMEMORY, "out of memory while reading a line");
    }
    const char *restored = line->data ? line->data : "";
    jj_batch_add_line(&import->batch, number, restored, line->size);
    if (cut) {
        jj_batch_problem(&import->batch,
                         "baris ini terlalu panjang dan tidak disalin ke sini; lihat berkas asli");
    } else if (jj_line_check(import->options.type, restored, line->size, problems)) {
        jj_batch_event(&import->batch, restored, line->size);
    } else if (problems->failed) {
        return jj_fail(err, JJ_EMEMORY, "out of memory while reading a line");
    } else {
        jj_batch_problem(&import->batch, problems->data);
    }
    return 0;
}

static int read_line(jj_import *import, jj_error *err)
{
    jj_error problem = {0};
    jj_refusal why = {JJ_FAULT_NONE, &problem};
    const char *text;
    size_t length;
    uint64_t number;
    bool cut;
    int rc = jj_lines_next(import->lines, &text, &length, &number, &cut, &why);
    if (rc < 0) {
        return at_fault(import, why.fault, rc, &problem, err);
    }
    import->ended = rc == 0;
    if (rc == 1 && !cut && strspn(text, " \t") == length) {
        import->result->blank++;
        return 0;
    }
    return rc == 1 ? take_line(import, number, text, length, cut, err) : 0;
}

/* A spreadsheet knows 15 digits of a number: saved as CSV with a format that shows all 16, every
 * NIK ends in 0 and belongs to somebody else. One such NIK is possible, a column of them is not. */
static int check_niks(jj_import *import, jj_error *err)
{
    if (import->begun || import->niks < ZEROS_FROM || import->round_niks < import->niks) {
        return 0;
    }
    jj_buf_puts(&import->result->reason,
                "Semua NIK di berkas ini berakhiran 0. Excel telah membulatkan NIK karena kolomnya "
                "berformat Angka, sehingga angka terakhirnya hilang. Ubah format kolom NIK menjadi "
                "Teks, isi kembali NIK yang benar, lalu kirim ulang.\n");
    jj_fail(err, JJ_EINVALID,
            "every NIK ends in 0: a spreadsheet has rounded the column to 15 digits");
    return refuse(import, JJ_EINVALID, err);
}

static int finish(jj_import *import, jj_error *err)
{
    return jj_reject_keep(&import->reject, import->name, import->lines ? ".jsonl" : ".csv",
                          import->result->reject_name, err);
}

int jj_import_step(jj_import *import, jj_error *err)
{
    int rc = 0;
    unsigned read = 0; /* blank ones, too: who watches over us hears from us in between */
    while (rc == 0 && !import->ended && !jj_batch_is_full(&import->batch) && read++ < ROWS_A_STEP) {
        rc = import->lines ? read_line(import, err) : read_row(import, err);
    }
    if (rc == 0) {
        rc = check_niks(import, err);
    }
    if (rc) {
        return rc;
    }
    rc = jj_batch_flush(&import->batch, &import->options, import->lines ? NULL : &import->mapping,
                        &import->reject, import->result, err);
    import->begun = true;
    if (rc == 0 && import->ended) {
        rc = finish(import, err);
    }
    if (rc) {
        return rc;
    }
    if (import->options.progress) {
        uint64_t total, done = import->lines ? jj_lines_position(import->lines, &total)
                                             : jj_table_position(import->table, &total);
        import->options.progress(import->options.arg, import->result, done, total);
    }
    return import->ended ? 0 : 1;
}

int jj_import_file(const jj_import_options *options, const char *path, jj_import_result *result,
                   jj_error *err)
{
    jj_import *import = NULL;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe must not hang us */
    if (fd < 0) {
        int code = jj_fail_errno(err, JJ_ESYSTEM, "cannot open the file");
        if (err) {
            snprintf(err->file, sizeof err->file, "%s", path);
        }
        return code;
    }
    int rc = jj_import_open(&import, options, fd, path, result, err);
    if (rc == 0) {
        do {
            rc = jj_import_step(import, err);
        } while (rc == 1);
    }
    if (rc && err && !*err->file) {
        snprintf(err->file, sizeof err->file, "%s", path);
    }
    jj_import_close(import);
    close(fd);
    return rc;
}
