#include "import/reject.h"

#include "base/text.h"
#include "import/clean.h"

#include <stdio.h>
#include <string.h>

#define FLUSH_FROM 65536
#define MARK       ".ditolak"

void jj_reject_init(jj_reject *reject, int dir)
{
    *reject = (jj_reject){.dir = dir, .paper = {.dir = dir, .fd = -1}};
}

void jj_reject_clear(jj_reject *reject)
{
    if (reject->begun) {
        jj_paper_drop(&reject->paper);
    }
    jj_buf_clear(&reject->text);
    reject->begun = false;
}

static int flush(jj_reject *reject, size_t from, jj_error *err)
{
    if (reject->text.failed) {
        return jj_fail(err, JJ_EMEMORY, "out of memory while writing a reject file");
    }
    if (reject->text.size < from) {
        return 0;
    }
    int rc = jj_paper_write(&reject->paper, reject->text.data, reject->text.size, err);
    jj_buf_reset(&reject->text);
    return rc;
}

static int begin(jj_reject *reject, jj_error *err)
{
    int rc = jj_paper_create(&reject->paper, reject->dir, err);
    reject->begun = rc == 0;
    return rc;
}

static void add_header(jj_reject *reject, const jj_mapping *mapping)
{
    jj_buf *text = &reject->text;
    jj_buf_puts(text, "\xef\xbb\xbf" JJ_REASON_COLUMN);
    for (size_t i = 0; i < mapping->column_count; i++) {
        if (mapping->columns[i].target != JJ_TARGET_REASON) {
            jj_buf_putc(text, ';');
            jj_csv_cell(text, mapping->columns[i].title, strlen(mapping->columns[i].title), ';');
        }
    }
    jj_buf_puts(text, "\r\n");
}

int jj_reject_row(jj_reject *reject, const jj_mapping *mapping, const jj_cell *cells, size_t count,
                  const char *reason, jj_error *err)
{
    jj_buf *text = &reject->text;
    if (reject->dir < 0) {
        return 0;
    }
    if (!reject->begun) {
        int rc = begin(reject, err);
        if (rc) {
            return rc;
        }
        add_header(reject, mapping);
    }
    jj_csv_cell(text, reason, strlen(reason), ';');
    size_t width = count > mapping->column_count ? count : mapping->column_count;
    for (size_t i = 0; i < width; i++) {
        if (i < mapping->column_count && mapping->columns[i].target == JJ_TARGET_REASON) {
            continue;
        }
        jj_buf_putc(text, ';');
        if (i < count) {
            jj_csv_cell(text, cells[i].text, cells[i].length, ';');
        }
    }
    jj_buf_puts(text, "\r\n");
    return flush(reject, FLUSH_FROM, err);
}

/* The text up to the closing brace of an object; 0 if it is none. */
static size_t object_body(const char *line, size_t length)
{
    while (length && (line[length - 1] == ' ' || line[length - 1] == '\t')) {
        length--;
    }
    return length >= 2 && *line == '{' && line[length - 1] == '}' ? length - 1 : 0;
}

int jj_reject_line(jj_reject *reject, const char *line, size_t length, const char *reason,
                   jj_error *err)
{
    jj_buf *text = &reject->text;
    if (reject->dir < 0) {
        return 0;
    }
    if (!reject->begun) {
        int rc = begin(reject, err);
        if (rc) {
            return rc;
        }
    }
    size_t body = object_body(line, length);
    if (body) {
        jj_buf_add(text, line, body);
        jj_buf_puts(text, body > 1 ? "," : "");
    } else {
        jj_buf_puts(text, "{\"" JJ_LINE_MEMBER "\":");
        jj_buf_json(text, line, length);
        jj_buf_putc(text, ',');
    }
    jj_buf_puts(text, "\"" JJ_REASON_MEMBER "\":");
    jj_buf_json_z(text, reason);
    jj_buf_puts(text, "}\n");
    return flush(reject, FLUSH_FROM, err);
}

int jj_reject_keep(jj_reject *reject, const char *name, const char *ending, char kept[JJ_NAME_SIZE],
                   jj_error *err)
{
    if (!reject->begun) {
        return 0;
    }
    int rc = flush(reject, 1, err);
    if (rc) {
        return rc;
    }
    size_t stem = jj_name_stem(name), mark = strlen(MARK);
    while (stem > mark && memcmp(name + stem - mark, MARK, mark) == 0) {
        stem -= mark;
    }
    size_t room = JJ_NAME_SIZE - 1 - mark - strlen(ending);
    while (stem > room || (stem && ((unsigned char)name[stem] & 0xc0) == 0x80)) {
        stem--;
    }
    char wanted[JJ_NAME_SIZE];
    snprintf(wanted, sizeof wanted, "%.*s" MARK "%s", (int)stem, name, ending);
    reject->begun = false;
    return jj_paper_keep(&reject->paper, wanted, kept, err);
}
