#include "table/delimited.h"

#include "table/delimiter.h"
#include "table/encoding.h"
#include "table/rowbuf.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 65536

struct jj_delimited {
    jj_decoder decoder;
    struct csv_parser parser;
    bool parser_ready;
    char delimiter;
    char text[TEXT_SIZE]; /* decoded, not yet parsed: from at to size */
    size_t at, size;
    bool ended;    /* nothing more is to be decoded */
    bool complete; /* the parser has finished a row */
    bool overflow; /* the row has too many cells */
    bool oversize; /* one of its cells is too long */
    uint64_t number;
    jj_rowbuf row;
};

static void on_cell(void *text, size_t length, void *arg)
{
    jj_delimited *reader = arg;
    if (length > JJ_CELL_MAX) {
        reader->oversize = true;
    } else if (!reader->oversize && !jj_rowbuf_add(&reader->row, text, length)) {
        reader->overflow = true;
    }
}

static void on_row(int terminator, void *arg)
{
    (void)terminator;
    jj_delimited *reader = arg;
    reader->complete = true;
}

static int fill(jj_delimited *reader, jj_refusal *why)
{
    reader->at = reader->size = 0;
    int rc =
        jj_decoder_read(&reader->decoder, reader->text, sizeof reader->text, &reader->size, why);
    reader->ended = rc == 0 && reader->size == 0;
    return rc;
}

static bool is_web_page(const char *text, size_t size)
{
    static const char *const marks[] = {"<!doctype", "<html", "<?xml", "<table", "<meta"};
    while (size && (*text == ' ' || *text == '\n' || *text == '\t')) {
        text++;
        size--;
    }
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        size_t length = strlen(marks[i]);
        if (size >= length && strncasecmp(text, marks[i], length) == 0) {
            return true;
        }
    }
    return false;
}

static int begin(jj_delimited *reader, int fd, char delimiter, jj_refusal *why)
{
    enum jj_encoding encoding;
    size_t mark_bytes, skip;
    int rc = jj_encoding_detect(fd, &encoding, &mark_bytes, why);
    if (rc) {
        return rc;
    }
    jj_decoder_init(&reader->decoder, fd, encoding, mark_bytes);
    rc = fill(reader, why);
    if (rc) {
        return rc;
    }
    if (is_web_page(reader->text, reader->size)) {
        return jj_refuse(why, JJ_FAULT_WEB_PAGE, JJ_EMALFORMED,
                         "a web page (HTML or XML), not a table");
    }
    bool whole = reader->size < sizeof reader->text - 4;
    reader->delimiter = jj_delimiter_detect(reader->text, reader->size, whole, &skip);
    reader->at = skip;
    if (delimiter) {
        reader->delimiter = delimiter;
    }
    /* CSV_REPALL_NL: blank rows are rows too, or the numbers would be wrong behind them. */
    if (csv_init(&reader->parser, CSV_REPALL_NL)) {
        return jj_refuse_memory(why);
    }
    reader->parser_ready = true;
    csv_set_delim(&reader->parser, (unsigned char)reader->delimiter);
    csv_set_blk_size(&reader->parser, 4096);
    return 0;
}

int jj_delimited_open(jj_delimited **reader, int fd, char delimiter, jj_refusal *why)
{
    jj_delimited *made = calloc(1, sizeof *made);
    if (!made) {
        return jj_refuse_memory(why);
    }
    int rc = begin(made, fd, delimiter, why);
    if (rc) {
        jj_delimited_close(made);
        return rc;
    }
    *reader = made;
    return 0;
}

void jj_delimited_close(jj_delimited *reader)
{
    if (reader) {
        if (reader->parser_ready) {
            csv_free(&reader->parser);
        }
        jj_rowbuf_clear(&reader->row);
        free(reader);
    }
}

static int at_cell(const jj_delimited *reader, int rc, jj_refusal *why)
{
    if (why->err) {
        why->err->line = (int)(reader->number + 1);
        why->err->column = (int)(reader->row.count + 1);
    }
    return rc;
}

static int check(jj_delimited *reader, jj_refusal *why)
{
    if (csv_error(&reader->parser) == CSV_ENOMEM || reader->row.text.failed) {
        return jj_refuse_memory(why);
    }
    if (reader->overflow) {
        return at_cell(reader,
                       jj_refuse(why, JJ_FAULT_COLUMNS, JJ_ETOO_LARGE,
                                 "the row has more than %d columns", JJ_COLUMNS_MAX),
                       why);
    }
    if (reader->oversize || reader->parser.entry_pos > JJ_CELL_MAX) {
        return at_cell(reader,
                       jj_refuse(why, JJ_FAULT_CELL_SIZE, JJ_ETOO_LARGE,
                                 "a cell is longer than %d bytes; is a quotation mark open?",
                                 JJ_CELL_MAX),
                       why);
    }
    return 0;
}

/* Gives the parser what is there up to the next line end, so that at most one row completes. */
static int feed(jj_delimited *reader, jj_refusal *why)
{
    const char *from = reader->text + reader->at;
    size_t left = reader->size - reader->at;
    const char *end = memchr(from, '\n', left);
    size_t size = end ? (size_t)(end - from) + 1 : left;
    csv_parse(&reader->parser, from, size, on_cell, on_row, reader);
    reader->at += size;
    return check(reader, why);
}

static int finish(jj_delimited *reader, jj_refusal *why)
{
    csv_set_opts(&reader->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL);
    if (csv_fini(&reader->parser, on_cell, on_row, reader) &&
        csv_error(&reader->parser) == CSV_EPARSE) {
        return at_cell(reader,
                       jj_refuse(why, JJ_FAULT_OPEN_QUOTE, JJ_EMALFORMED,
                                 "a quotation mark is opened and never closed"),
                       why);
    }
    return check(reader, why);
}

int jj_delimited_next(jj_delimited *reader, jj_row *row, jj_refusal *why)
{
    jj_rowbuf_reset(&reader->row);
    reader->complete = false;
    while (!reader->complete) {
        int rc = 0;
        if (reader->at == reader->size && !reader->ended) {
            rc = fill(reader, why);
        } else if (!reader->ended) {
            rc = feed(reader, why);
        } else {
            rc = finish(reader, why);
            if (rc == 0 && !reader->complete) {
                return 0;
            }
        }
        if (rc) {
            return rc;
        }
    }
    reader->number++;
    jj_rowbuf_row(&reader->row, reader->number, row);
    return 1;
}

jj_table_form jj_delimited_form(const jj_delimited *reader)
{
    return (jj_table_form){"csv", jj_encoding_name(reader->decoder.encoding), reader->delimiter,
                           NULL, 0};
}

uint64_t jj_delimited_position(const jj_delimited *reader)
{
    return reader->decoder.offset;
}
