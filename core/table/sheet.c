#include "table/sheet.h"

#include "table/rowbuf.h"
#include "table/workbook.h"
#include "table/xml.h"

#include <stdlib.h>
#include <string.h>

#define ROW_NUMBER_MAX 100000000 /* Excel has 1,048,576 */
/* Empty cells pack a thousand to one, and reading them takes a plugin's time: a minute of it is
 * taken for a hang. A full cell is two or three elements, one that is only coloured is one. */
#define ELEMENTS_MAX 40000000

enum cell_type {
    CELL_NUMBER,
    CELL_SHARED, /* index of a shared string */
    CELL_TEXT,   /* inline, a formula's text, an error, or an ISO date: as it stands */
    CELL_BOOLEAN,
};

struct jj_sheet {
    jj_package *package;
    jj_workbook book;
    jj_xml *xml;
    jj_rowbuf row;
    uint64_t number; /* of the row under way */
    size_t next_column;
    uint64_t elements;
    bool in_data, in_row, in_cell, in_value;
    unsigned phonetic;
    enum cell_type type;
    size_t style, column;
    jj_buf value; /* of the cell under way */
};

static void fail(jj_sheet *sheet, enum jj_fault fault, int code, const char *text)
{
    jj_xml_fail(sheet->xml, fault, code, text);
}

static void start_row(jj_sheet *sheet, const char **attributes)
{
    const char *number = jj_xml_attribute(attributes, "r");
    uint64_t wanted = number ? strtoull(number, NULL, 10) : sheet->number + 1;
    if (wanted <= sheet->number || wanted > ROW_NUMBER_MAX) {
        fail(sheet, JJ_FAULT_WORKBOOK, JJ_EMALFORMED,
             "the workbook is damaged: its rows are not in order");
        return;
    }
    sheet->number = wanted;
    sheet->next_column = sheet->column = 0;
    sheet->in_row = true;
    jj_rowbuf_reset(&sheet->row);
}

/* "AB12" to 27. SIZE_MAX if there are no letters, or too many. */
static size_t column_of(const char *reference)
{
    size_t column = 0, length = 0;
    for (; reference[length] >= 'A' && reference[length] <= 'Z' && length < 4; length++) {
        column = column * 26 + (size_t)(reference[length] - 'A') + 1;
    }
    return length && length < 4 ? column - 1 : SIZE_MAX;
}

static enum cell_type type_of(const char *name)
{
    if (!name || strcmp(name, "n") == 0) {
        return CELL_NUMBER;
    }
    if (strcmp(name, "s") == 0) {
        return CELL_SHARED;
    }
    return strcmp(name, "b") == 0 ? CELL_BOOLEAN : CELL_TEXT;
}

static void start_cell(jj_sheet *sheet, const char **attributes)
{
    const char *reference = jj_xml_attribute(attributes, "r");
    const char *style = jj_xml_attribute(attributes, "s");
    size_t column = reference ? column_of(reference) : sheet->next_column;
    if (column == SIZE_MAX || column < sheet->next_column) {
        fail(sheet, JJ_FAULT_WORKBOOK, JJ_EMALFORMED,
             "the workbook is damaged: its cells are not in order");
        return;
    }
    sheet->column = column;
    sheet->next_column = column + 1;
    sheet->style = style ? strtoul(style, NULL, 10) : 0;
    sheet->type = type_of(jj_xml_attribute(attributes, "t"));
    sheet->in_cell = true;
    sheet->in_value = false;
    sheet->phonetic = 0;
    jj_buf_reset(&sheet->value);
}

/* Places the cell's text in its column, with empty cells before it where some were left out. */
static void put_cell(jj_sheet *sheet, const char *text, size_t length)
{
    if (length == 0) {
        return;
    }
    if (length > JJ_CELL_MAX) {
        fail(sheet, JJ_FAULT_CELL_SIZE, JJ_ETOO_LARGE, "a cell is longer than 65536 bytes");
        return;
    }
    bool fits = sheet->column < JJ_COLUMNS_MAX;
    while (fits && sheet->row.count < sheet->column) {
        fits = jj_rowbuf_add(&sheet->row, "", 0);
    }
    if (!fits || !jj_rowbuf_add(&sheet->row, text, length)) {
        bool memory = sheet->row.text.failed;
        fail(sheet, memory ? JJ_FAULT_NONE : JJ_FAULT_COLUMNS, memory ? JJ_EMEMORY : JJ_ETOO_LARGE,
             memory ? "out of memory while reading a table" : "the row has more than 1000 columns");
    }
}

static void put_number(jj_sheet *sheet)
{
    jj_numfmt format = {JJ_NUMFMT_PLAIN, 0};
    char text[JJ_NUMBER_SIZE];
    if (sheet->style < sheet->book.style_count) {
        format = sheet->book.styles[sheet->style];
    }
    if (jj_numfmt_render(format, sheet->book.date1904, sheet->value.data, text)) {
        put_cell(sheet, text, strlen(text));
    } else {
        put_cell(sheet, sheet->value.data, sheet->value.size);
    }
}

static void put_shared(jj_sheet *sheet)
{
    char *end;
    size_t length;
    unsigned long index = strtoul(sheet->value.data, &end, 10);
    const char *text =
        end == sheet->value.data ? NULL : jj_workbook_string(&sheet->book, index, &length);
    if (!text) {
        fail(sheet, JJ_FAULT_WORKBOOK, JJ_EMALFORMED,
             "the workbook is damaged: a cell refers to a text that is not there");
        return;
    }
    put_cell(sheet, text, length);
}

static void put_text(jj_sheet *sheet)
{
    jj_buf text = {0};
    jj_workbook_unescape(&text, sheet->value.data, sheet->value.size);
    if (text.failed) {
        fail(sheet, JJ_FAULT_NONE, JJ_EMEMORY, "out of memory while reading a table");
    } else if (text.size) {
        put_cell(sheet, text.data, text.size);
    }
    jj_buf_clear(&text);
}

static void end_cell(jj_sheet *sheet)
{
    sheet->in_cell = false;
    if (sheet->value.failed) {
        fail(sheet, JJ_FAULT_NONE, JJ_EMEMORY, "out of memory while reading a table");
        return;
    }
    if (sheet->value.size == 0) {
        return;
    }
    switch (sheet->type) {
    case CELL_SHARED:
        put_shared(sheet);
        break;
    case CELL_BOOLEAN:
        put_cell(sheet, *sheet->value.data == '1' ? "TRUE" : "FALSE",
                 *sheet->value.data == '1' ? 4 : 5);
        break;
    case CELL_NUMBER:
        put_number(sheet);
        break;
    case CELL_TEXT:
    default:
        put_text(sheet);
    }
}

static void on_start(void *arg, const char *name, const char **attributes)
{
    jj_sheet *sheet = arg;
    if (++sheet->elements > ELEMENTS_MAX) {
        fail(sheet, JJ_FAULT_SIZE, JJ_ETOO_LARGE, "the sheet has more cells than a table would");
    } else if (strcmp(name, "sheetData") == 0) {
        sheet->in_data = true;
    } else if (sheet->in_data && !sheet->in_row && strcmp(name, "row") == 0) {
        start_row(sheet, attributes);
    } else if (sheet->in_row && !sheet->in_cell && strcmp(name, "c") == 0) {
        start_cell(sheet, attributes);
    } else if (sheet->in_cell && strcmp(name, "rPh") == 0) {
        sheet->phonetic++;
    } else if (sheet->in_cell && sheet->phonetic == 0 &&
               (strcmp(name, "v") == 0 || strcmp(name, "t") == 0)) {
        sheet->in_value = true;
    }
}

static void on_text(void *arg, const char *text, int length)
{
    jj_sheet *sheet = arg;
    if (!sheet->in_value) {
        return;
    }
    jj_buf_add(&sheet->value, text, (size_t)length);
    if (sheet->value.size > 4 * JJ_CELL_MAX) { /* escapes are longer than what they stand for */
        fail(sheet, JJ_FAULT_CELL_SIZE, JJ_ETOO_LARGE, "a cell is longer than 65536 bytes");
    }
}

static void on_end(void *arg, const char *name)
{
    jj_sheet *sheet = arg;
    if (sheet->in_cell && strcmp(name, "c") == 0) {
        end_cell(sheet);
    } else if (sheet->in_cell && strcmp(name, "rPh") == 0) {
        sheet->phonetic -= sheet->phonetic > 0;
    } else if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
        sheet->in_value = false;
    } else if (sheet->in_row && !sheet->in_cell && strcmp(name, "row") == 0) {
        sheet->in_row = false;
        jj_xml_pause(sheet->xml);
    } else if (strcmp(name, "sheetData") == 0) {
        sheet->in_data = false;
    }
}

int jj_sheet_open(jj_sheet **reader, int fd, const char *sheet, jj_refusal *why)
{
    static const jj_xml_handlers handlers = {on_start, on_end, on_text};
    jj_sheet *made = calloc(1, sizeof *made);
    if (!made) {
        return jj_refuse_memory(why);
    }
    int rc = jj_package_open(&made->package, fd, why);
    if (rc == 0) {
        rc = jj_workbook_read(&made->book, made->package, sheet, why);
    }
    if (rc == 0) {
        rc = jj_xml_open(&made->xml, made->package, made->book.part, &handlers, made, why);
    }
    if (rc) {
        jj_sheet_close(made);
        return rc;
    }
    *reader = made;
    return 0;
}

void jj_sheet_close(jj_sheet *reader)
{
    if (reader) {
        jj_xml_close(reader->xml);
        jj_workbook_clear(&reader->book);
        jj_package_close(reader->package);
        jj_rowbuf_clear(&reader->row);
        jj_buf_clear(&reader->value);
        free(reader);
    }
}

int jj_sheet_next(jj_sheet *reader, jj_row *row, jj_refusal *why)
{
    int rc = jj_xml_run(reader->xml, why);
    if (rc == 1) {
        jj_rowbuf_row(&reader->row, reader->number, row);
    } else if (rc && why->err) {
        why->err->line = (int)reader->number;
        why->err->column = reader->in_row ? (int)reader->column + 1 : 0;
    }
    return rc;
}

jj_table_form jj_sheet_form(const jj_sheet *reader)
{
    return (jj_table_form){"xlsx", "UTF-8", 0, reader->book.sheet, reader->book.visible};
}

uint64_t jj_sheet_position(const jj_sheet *reader, uint64_t *total)
{
    return jj_xml_position(reader->xml, total);
}
