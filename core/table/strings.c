#include "table/strings.h"

#include "table/encoding.h"
#include "table/table.h"
#include "table/xml.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    jj_workbook *book;
    jj_xml *xml;
    jj_buf raw;        /* the string under way, not yet unescaped */
    bool in_text;      /* inside <t> */
    unsigned phonetic; /* depth inside <rPh>: a reading aid, not part of the string */
};

static void fail_memory(struct reader *reader)
{
    jj_xml_fail(reader->xml, JJ_FAULT_NONE, JJ_EMEMORY, "out of memory while reading a table");
}

static void on_start(void *arg, const char *name, const char **attributes)
{
    (void)attributes;
    struct reader *reader = arg;
    if (strcmp(name, "rPh") == 0) {
        reader->phonetic++;
    } else if (strcmp(name, "t") == 0) {
        reader->in_text = reader->phonetic == 0;
    }
}

static void on_text(void *arg, const char *text, int length)
{
    struct reader *reader = arg;
    if (!reader->in_text) {
        return;
    }
    jj_buf_add(&reader->raw, text, (size_t)length);
    if (reader->raw.size > JJ_STRINGS_MAX) {
        jj_xml_fail(reader->xml, JJ_FAULT_SIZE, JJ_ETOO_LARGE,
                    "the workbook has too much text; save it as CSV");
    }
}

static void add_string(struct reader *reader)
{
    jj_workbook *book = reader->book;
    if (book->string_count == book->string_room) {
        size_t room = book->string_room ? book->string_room * 2 : 256;
        size_t *larger = realloc(book->string_at, room * sizeof *larger);
        if (!larger) {
            fail_memory(reader);
            return;
        }
        book->string_at = larger;
        book->string_room = room;
    }
    book->string_at[book->string_count++] = book->strings.size;
    if (reader->raw.size) {
        jj_workbook_unescape(&book->strings, reader->raw.data, reader->raw.size);
    }
    jj_buf_putc(&book->strings, '\0');
    if (book->strings.failed || reader->raw.failed) {
        fail_memory(reader);
    } else if (book->strings.size + book->string_count * sizeof *book->string_at > JJ_STRINGS_MAX) {
        jj_xml_fail(reader->xml, JJ_FAULT_SIZE, JJ_ETOO_LARGE,
                    "the workbook has too much text; save it as CSV");
    }
    jj_buf_reset(&reader->raw);
}

static void on_end(void *arg, const char *name)
{
    struct reader *reader = arg;
    if (strcmp(name, "si") == 0) {
        add_string(reader);
    } else if (strcmp(name, "t") == 0) {
        reader->in_text = false;
    } else if (strcmp(name, "rPh") == 0) {
        reader->phonetic -= reader->phonetic > 0;
    }
}

int jj_strings_read(jj_workbook *book, jj_package *package, const char *part, jj_refusal *why)
{
    static const jj_xml_handlers handlers = {on_start, on_end, on_text};
    struct reader reader = {.book = book};
    int rc = jj_xml_read(package, part, &handlers, &reader, &reader.xml, why);
    jj_buf_clear(&reader.raw);
    return rc == JJ_ENOTFOUND ? 0 : rc;
}

const char *jj_workbook_string(const jj_workbook *book, size_t index, size_t *length)
{
    if (index >= book->string_count) {
        return NULL;
    }
    size_t end = index + 1 < book->string_count ? book->string_at[index + 1] : book->strings.size;
    *length = end - book->string_at[index] - 1;
    return book->strings.data + book->string_at[index];
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* _xHHHH_ at the beginning of text. */
static bool read_escape(const char *text, size_t length, uint32_t *character)
{
    if (length < 7 || text[0] != '_' || (text[1] != 'x' && text[1] != 'X') || text[6] != '_') {
        return false;
    }
    uint32_t value = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value(text[i]);
        if (digit < 0) {
            return false;
        }
        value = value << 4 | (uint32_t)digit;
    }
    *character = value;
    return true;
}

void jj_workbook_unescape(jj_buf *out, const char *text, size_t length)
{
    bool after_cr = false;
    for (size_t i = 0; i < length;) {
        uint32_t c;
        bool escaped = read_escape(text + i, length - i, &c);
        if (!escaped) {
            c = (unsigned char)text[i];
        }
        i += escaped ? 7 : 1;
        if (!escaped && c >= 0x80) {
            jj_buf_putc(out, text[i - 1]);
        } else if (c == '\n' && after_cr) {
            after_cr = false;
            continue;
        } else if (c && (c < 0xd800 || c >= 0xe000) && c < 0xfffe) {
            char utf8[4];
            jj_buf_add(out, utf8, jj_utf8_encode(c == '\r' ? '\n' : c, utf8));
        }
        after_cr = c == '\r';
    }
}
