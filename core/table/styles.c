#include "table/styles.h"

#include "table/xml.h"

#include <stdlib.h>
#include <string.h>

#define STYLES_MAX 65536 /* Excel's own limit is 65,490 */

typedef struct named_format {
    unsigned id;
    jj_numfmt format;
} named_format;

struct reader {
    jj_xml *xml;
    named_format *formats; /* in the order of the part, which is before the styles */
    size_t format_count;
    jj_numfmt *styles;
    size_t style_count;
    bool in_cell_styles;
};

/* Room for one more of an array that doubles; NULL after reporting. */
static void *grow(struct reader *reader, void *array, size_t count, size_t size)
{
    if (count >= STYLES_MAX) {
        jj_xml_fail(reader->xml, JJ_FAULT_WORKBOOK, JJ_ETOO_LARGE,
                    "the workbook has too many styles");
        return NULL;
    }
    if (count & (count - 1)) {
        return array;
    }
    void *larger = realloc(array, (count ? count * 2 : 1) * size);
    if (!larger) {
        jj_xml_fail(reader->xml, JJ_FAULT_NONE, JJ_EMEMORY, "out of memory while reading a table");
    }
    return larger;
}

static jj_numfmt format_of(const struct reader *reader, unsigned id)
{
    for (size_t i = reader->format_count; i-- > 0;) {
        if (reader->formats[i].id == id) {
            return reader->formats[i].format;
        }
    }
    return jj_numfmt_builtin(id);
}

static void add_format(struct reader *reader, const char *id, const char *code)
{
    named_format *formats =
        grow(reader, reader->formats, reader->format_count, sizeof *reader->formats);
    if (formats) {
        reader->formats = formats;
        formats[reader->format_count++] =
            (named_format){(unsigned)strtoul(id, NULL, 10), jj_numfmt_parse(code)};
    }
}

static void add_style(struct reader *reader, const char *id)
{
    jj_numfmt *styles = grow(reader, reader->styles, reader->style_count, sizeof *reader->styles);
    if (styles) {
        reader->styles = styles;
        styles[reader->style_count++] = format_of(reader, id ? (unsigned)strtoul(id, NULL, 10) : 0);
    }
}

static void on_start(void *arg, const char *name, const char **attributes)
{
    struct reader *reader = arg;
    if (strcmp(name, "cellXfs") == 0) {
        reader->in_cell_styles = true;
    } else if (strcmp(name, "xf") == 0 && reader->in_cell_styles) {
        add_style(reader, jj_xml_attribute(attributes, "numFmtId"));
    } else if (strcmp(name, "numFmt") == 0) {
        const char *id = jj_xml_attribute(attributes, "numFmtId");
        const char *code = jj_xml_attribute(attributes, "formatCode");
        if (id && code) {
            add_format(reader, id, code);
        }
    }
}

static void on_end(void *arg, const char *name)
{
    struct reader *reader = arg;
    if (strcmp(name, "cellXfs") == 0) {
        reader->in_cell_styles = false;
    }
}

int jj_styles_read(jj_workbook *book, jj_package *package, const char *part, jj_refusal *why)
{
    static const jj_xml_handlers handlers = {on_start, on_end, NULL};
    struct reader reader = {0};
    int rc = jj_xml_read(package, part, &handlers, &reader, &reader.xml, why);
    free(reader.formats);
    if (rc) {
        free(reader.styles);
        return rc == JJ_ENOTFOUND ? 0 : rc;
    }
    book->styles = reader.styles;
    book->style_count = reader.style_count;
    return 0;
}
