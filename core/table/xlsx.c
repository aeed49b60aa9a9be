#include "table/xlsx.h"

#include "base/clock.h"
#include "table/table.h"
#include "table/zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX    32767 /* characters (UTF-16 units) of a cell */
#define SHEET_MAX   31    /* characters of a sheet's name */
#define WIDTH_MAX   60
#define PARTS       6
#define PARTS_MTIME 315532800 /* 1980-01-01, the first day that ZIP knows */

/* Cell styles, in the order of cellXfs below. */
enum {
    STYLE_GENERAL,
    STYLE_COUNT,
    STYLE_DECIMAL,
    STYLE_RUPIAH,
    STYLE_PERCENT,
    STYLE_TEXT,
    STYLE_DATE,
    STYLE_HEADING,
};

struct jj_xlsx {
    char sheet[SHEET_MAX * 4 + 1];
    jj_buf columns, headings, rows; /* XML */
    size_t column_count, cell, row_count;
    bool in_row;
};

/* ---- Text --------------------------------------------------------------------------------- */

static size_t units_of(unsigned char lead)
{
    return lead >= 0xf0 ? 2 : (lead & 0xc0) != 0x80;
}

static void put_escaped(jj_buf *out, const char *text, size_t units_max)
{
    size_t units = 0;
    for (const char *at = text; *at; at++) {
        unsigned char c = (unsigned char)*at;
        units += units_of(c);
        if (units > units_max) {
            return;
        }
        if (c == '&' || c == '<' || c == '>' || c == '"') {
            jj_buf_puts(out, c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&quot;");
        } else if (c >= 0x20 || c == '\t' || c == '\n') {
            jj_buf_putc(out, *at);
        }
    }
}

/* Excel opens no workbook whose sheet has one of []:*?/\ in its name, or none. */
static void name_sheet(jj_xlsx *xlsx, const char *sheet)
{
    size_t size = 0, units = 0;
    for (; *sheet; sheet++) {
        units += units_of((unsigned char)*sheet);
        if (units > SHEET_MAX || size + 1 >= sizeof xlsx->sheet) {
            break;
        }
        bool allowed = (unsigned char)*sheet >= 0x20 && !strchr("[]:*?/\\'", *sheet);
        xlsx->sheet[size++] = allowed ? *sheet : ' ';
    }
    if (size == 0) {
        strcpy(xlsx->sheet, "Data");
    }
}

/* ---- Cells -------------------------------------------------------------------------------- */

int jj_xlsx_new(jj_xlsx **xlsx, const char *sheet, jj_error *err)
{
    jj_xlsx *made = calloc(1, sizeof *made);
    if (!made) {
        return jj_fail(err, JJ_EMEMORY, "out of memory while writing a workbook");
    }
    name_sheet(made, sheet);
    *xlsx = made;
    return 0;
}

void jj_xlsx_free(jj_xlsx *xlsx)
{
    if (xlsx) {
        jj_buf_clear(&xlsx->columns);
        jj_buf_clear(&xlsx->headings);
        jj_buf_clear(&xlsx->rows);
        free(xlsx);
    }
}

static void put_text(jj_buf *out, size_t column, size_t row, int style, const char *text)
{
    char name[JJ_COLUMN_NAME_SIZE];
    jj_column_name(column, name);
    jj_buf_printf(out, "<c r=\"%s%zu\" s=\"%d\" t=\"inlineStr\"><is><t xml:space=\"preserve\">",
                  name, row, style);
    put_escaped(out, text, TEXT_MAX);
    jj_buf_puts(out, "</t></is></c>");
}

static void open_row(jj_xlsx *xlsx)
{
    if (!xlsx->in_row) {
        jj_buf_printf(&xlsx->rows, "<row r=\"%zu\">", xlsx->row_count + 2);
        xlsx->in_row = true;
    }
}

static void put_value(jj_xlsx *xlsx, int style, const char *value)
{
    char name[JJ_COLUMN_NAME_SIZE];
    open_row(xlsx);
    jj_column_name(xlsx->cell++, name);
    jj_buf_printf(&xlsx->rows, "<c r=\"%s%zu\" s=\"%d\"><v>%s</v></c>", name, xlsx->row_count + 2,
                  style, value);
}

void jj_xlsx_column(jj_xlsx *xlsx, const char *heading, int width)
{
    size_t number = xlsx->column_count + 1;
    width = width < 6 ? 6 : width > WIDTH_MAX ? WIDTH_MAX : width;
    jj_buf_printf(&xlsx->columns, "<col min=\"%zu\" max=\"%zu\" width=\"%d\" customWidth=\"1\"/>",
                  number, number, width + 2);
    put_text(&xlsx->headings, xlsx->column_count++, 1, STYLE_HEADING, heading);
}

void jj_xlsx_text(jj_xlsx *xlsx, const char *text)
{
    open_row(xlsx);
    put_text(&xlsx->rows, xlsx->cell++, xlsx->row_count + 2, STYLE_TEXT, text);
}

static bool is_number(const char *text)
{
    char *end;
    if (!*text || strspn(text, "0123456789+-.eE") != strlen(text)) {
        return false;
    }
    strtod(text, &end);
    return *end == '\0';
}

void jj_xlsx_number(jj_xlsx *xlsx, enum jj_xlsx_format format, const char *number)
{
    static const int styles[] = {[JJ_XLSX_GENERAL] = STYLE_GENERAL,
                                 [JJ_XLSX_COUNT] = STYLE_COUNT,
                                 [JJ_XLSX_DECIMAL] = STYLE_DECIMAL,
                                 [JJ_XLSX_RUPIAH] = STYLE_RUPIAH,
                                 [JJ_XLSX_PERCENT] = STYLE_PERCENT};
    if (is_number(number)) {
        put_value(xlsx, styles[format], number);
    } else {
        jj_xlsx_text(xlsx, number);
    }
}

/* Days count from 1899-12-30 on, from March 1900 on; before that a spreadsheet has no dates that
 * everybody agrees about. */
void jj_xlsx_date(jj_xlsx *xlsx, const char *iso)
{
    int year, month, day;
    char serial[24];
    if (!jj_date_parse(iso, strlen(iso), &year, &month, &day) || year < 1901) {
        jj_xlsx_text(xlsx, iso);
        return;
    }
    snprintf(serial, sizeof serial, "%lld",
             (long long)(jj_days_from_date(year, month, day) - jj_days_from_date(1899, 12, 30)));
    put_value(xlsx, STYLE_DATE, serial);
}

void jj_xlsx_empty(jj_xlsx *xlsx)
{
    xlsx->cell++;
}

void jj_xlsx_row(jj_xlsx *xlsx)
{
    open_row(xlsx);
    jj_buf_puts(&xlsx->rows, "</row>");
    xlsx->row_count++;
    xlsx->cell = 0;
    xlsx->in_row = false;
}

/* ---- Parts -------------------------------------------------------------------------------- */

#define HEAD   "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
#define MAIN   "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define OFFICE "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKED "http://schemas.openxmlformats.org/package/2006/"
#define TYPE   "application/vnd.openxmlformats-officedocument.spreadsheetml."

static const char types_part[] =
    HEAD "<Types xmlns=\"" PACKED "content-types\">"
         "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package."
         "relationships+xml\"/>"
         "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
         "<Override PartName=\"/xl/workbook.xml\" ContentType=\"" TYPE "sheet.main+xml\"/>"
         "<Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"" TYPE "worksheet+xml\"/>"
         "<Override PartName=\"/xl/styles.xml\" ContentType=\"" TYPE "styles+xml\"/>"
         "</Types>";

static const char package_relations[] =
    HEAD "<Relationships xmlns=\"" PACKED "relationships\">"
         "<Relationship Id=\"rId1\" Type=\"" OFFICE "/officeDocument\" Target=\"xl/workbook.xml\"/>"
         "</Relationships>";

static const char workbook_relations[] = HEAD
    "<Relationships xmlns=\"" PACKED "relationships\">"
    "<Relationship Id=\"rId1\" Type=\"" OFFICE "/worksheet\" Target=\"worksheets/sheet1.xml\"/>"
    "<Relationship Id=\"rId2\" Type=\"" OFFICE "/styles\" Target=\"styles.xml\"/>"
    "</Relationships>";

/* 3: #,##0 and 49: text are built in. */
#define CELL(format)                                                                               \
    "<xf numFmtId=\"" format                                                                       \
    "\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>"

static const char styles_part[] = HEAD
    "<styleSheet xmlns=\"" MAIN "\"><numFmts count=\"4\">"
    "<numFmt numFmtId=\"164\" formatCode=\"#,##0.0\"/>"
    "<numFmt numFmtId=\"165\" formatCode=\"&quot;Rp&quot;\\ #,##0\"/>"
    "<numFmt numFmtId=\"166\" formatCode=\"0.0%\"/>"
    "<numFmt numFmtId=\"167\" formatCode=\"dd/mm/yyyy\"/></numFmts>"
    "<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font>"
    "<font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>"
    "<fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill>"
    "<fill><patternFill patternType=\"gray125\"/></fill></fills>"
    "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    "<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/>"
    "</cellStyleXfs><cellXfs count=\"8\">" CELL("0") CELL("3") CELL("164") CELL("165") CELL("166")
        CELL("49") CELL(
            "167") "<xf numFmtId=\"49\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" "
                   "applyNumberFormat=\"1\" applyFont=\"1\"/></cellXfs>"
                   "<cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/>"
                   "</cellStyles></styleSheet>";

static void write_workbook(const jj_xlsx *xlsx, jj_buf *out)
{
    jj_buf_puts(out, HEAD "<workbook xmlns=\"" MAIN "\" xmlns:r=\"" OFFICE "\"><sheets>"
                          "<sheet name=\"");
    put_escaped(out, xlsx->sheet, SHEET_MAX);
    jj_buf_puts(out, "\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>");
}

static void write_sheet(const jj_xlsx *xlsx, jj_buf *out)
{
    char last[JJ_COLUMN_NAME_SIZE];
    size_t columns = xlsx->column_count ? xlsx->column_count : 1;
    jj_column_name(columns - 1, last);
    jj_buf_printf(out,
                  HEAD "<worksheet xmlns=\"" MAIN "\"><dimension ref=\"A1:%s%zu\"/><sheetViews>"
                       "<sheetView workbookViewId=\"0\"><pane ySplit=\"1\" topLeftCell=\"A2\" "
                       "activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews>",
                  last, xlsx->row_count + 1);
    if (xlsx->column_count) {
        jj_buf_puts(out, "<cols>");
        jj_buf_add(out, xlsx->columns.data, xlsx->columns.size);
        jj_buf_puts(out, "</cols>");
    }
    jj_buf_puts(out, "<sheetData><row r=\"1\">");
    jj_buf_add(out, xlsx->headings.data, xlsx->headings.size);
    jj_buf_puts(out, "</row>");
    jj_buf_add(out, xlsx->rows.data, xlsx->rows.size);
    jj_buf_printf(out, "</sheetData><autoFilter ref=\"A1:%s%zu\"/></worksheet>", last,
                  xlsx->row_count + 1);
}

/* ---- The archive -------------------------------------------------------------------------- */

static int no_memory(jj_error *err)
{
    return jj_fail(err, JJ_EMEMORY, "out of memory while writing a workbook");
}

typedef struct part {
    const char *name, *data;
    size_t size_bytes;
} part;

/* The texts of parts are borrowed by the archive until it is closed. */
static bool add_parts(const jj_zip *zip, zip_t *archive, const part *parts)
{
    for (size_t i = 0; i < PARTS; i++) {
        zip_source_t *source = zip->source_buffer(archive, parts[i].data, parts[i].size_bytes, 0);
        zip_int64_t index = source ? zip->file_add(archive, parts[i].name, source, 0) : -1;
        if (index < 0) {
            zip->source_free(source);
            return false;
        }
        zip->file_set_mtime(archive, (zip_uint64_t)index, PARTS_MTIME, 0);
    }
    return true;
}

/* The finished archive out of the source that it was written to. */
static bool copy_out(const jj_zip *zip, zip_source_t *packed, jj_buf *out)
{
    zip_int64_t got = -1;
    if (zip->source_open(packed) == 0) {
        do {
            got = jj_buf_reserve(out, 65536)
                      ? zip->source_read(packed, out->data + out->size, 65536)
                      : -1;
            out->size += got > 0 ? (size_t)got : 0;
        } while (got > 0);
        zip->source_close(packed);
    }
    return got == 0;
}

static int pack(const part *parts, jj_buf *out, jj_error *err)
{
    const jj_zip *zip = jj_zip_load();
    if (!zip) {
        return jj_fail(err, JJ_ESYSTEM,
                       "workbooks need the library libzip, which is not installed here");
    }
    zip_source_t *packed = zip->source_buffer_create(NULL, 0, 1, NULL);
    zip_t *archive = packed ? zip->open_from_source(packed, ZIP_TRUNCATE, NULL) : NULL;
    bool done = false;
    if (archive) {
        zip->source_keep(packed);
        done = add_parts(zip, archive, parts) && zip->close(archive) == 0;
        if (!done) {
            zip->discard(archive);
        }
    }
    done = done && copy_out(zip, packed, out);
    zip->source_free(packed);
    return done ? 0 : no_memory(err);
}

int jj_xlsx_finish(jj_xlsx *xlsx, jj_buf *out, jj_error *err)
{
    jj_buf workbook = {0}, sheet = {0};
    if (xlsx->row_count + 1 > JJ_XLSX_ROWS_MAX) {
        return jj_fail(err, JJ_ETOO_LARGE,
                       "%zu rows are more than a sheet of a workbook has (%d); choose csv, or ask "
                       "for less",
                       xlsx->row_count, JJ_XLSX_ROWS_MAX);
    }
    write_workbook(xlsx, &workbook);
    write_sheet(xlsx, &sheet);
    const part parts[PARTS] = {
        {"[Content_Types].xml", types_part, sizeof types_part - 1},
        {"_rels/.rels", package_relations, sizeof package_relations - 1},
        {"xl/workbook.xml", workbook.data, workbook.size},
        {"xl/_rels/workbook.xml.rels", workbook_relations, sizeof workbook_relations - 1},
        {"xl/styles.xml", styles_part, sizeof styles_part - 1},
        {"xl/worksheets/sheet1.xml", sheet.data, sheet.size},
    };
    bool failed = xlsx->columns.failed || xlsx->headings.failed || xlsx->rows.failed ||
                  workbook.failed || sheet.failed;
    int rc = failed ? no_memory(err) : pack(parts, out, err);
    jj_buf_clear(&workbook);
    jj_buf_clear(&sheet);
    return rc;
}
