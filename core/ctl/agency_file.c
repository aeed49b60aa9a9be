/* The file of an agency, written. Reading it is config/agency.c's. */
#include "ctl/agency.h"

#include "base/fs.h"
#include "schema/audience.h"

#include <string.h>

#define FILE_SIZE_MAX 65536

static void put_text(jj_buf *out, const char *name, const char *text)
{
    jj_buf_printf(out, "%s: ", name);
    jj_buf_json_z(out, text); /* a JSON string is a YAML string */
    jj_buf_putc(out, '\n');
}

static void put_list(jj_buf *out, const char *name, const jj_words *words)
{
    jj_buf_printf(out, "%s: [", name);
    for (size_t i = 0; i < words->count; i++) {
        jj_buf_puts(out, i ? ", " : "");
        jj_buf_json_z(out, words->list[i]);
    }
    jj_buf_puts(out, "]\n");
}

static void put_comments(jj_buf *out, const char *before)
{
    while (before && *before) {
        size_t length = strcspn(before, "\n");
        if (*before == '#') {
            jj_buf_add(out, before, length);
            jj_buf_putc(out, '\n');
        }
        before += length + (before[length] == '\n');
    }
}

void jj_agency_write(const jj_agency *agency, const char *before, jj_buf *out)
{
    const char *separator = "";
    put_comments(out, before);
    put_text(out, "id", agency->id);
    put_text(out, "name", agency->name);
    jj_buf_puts(out, "audiences: [");
    for (uint32_t bit = 1; bit < 1u << JJ_AUDIENCES; bit <<= 1) {
        if (agency->audiences & bit) {
            jj_buf_printf(out, "%s%s", separator, jj_audience_name(bit));
            separator = ", ";
        }
    }
    jj_buf_puts(out, "]\n");
    put_list(out, "regions", &agency->regions);
    if (agency->sees.count) {
        put_list(out, "sees", &agency->sees);
    }
    if (agency->node) {
        put_text(out, "node", agency->node);
    }
    if (agency->publishes.count) {
        put_list(out, "publishes", &agency->publishes);
    }
    if (agency->public_key) {
        put_text(out, "public_key", agency->public_key);
    }
    if (agency->revoked) {
        jj_buf_puts(out, "revoked: true\n");
    }
}

int jj_agency_replace(const jj_agency *agency, jj_error *err)
{
    jj_buf before = {0}, text = {0};
    int rc = jj_file_read(agency->file, FILE_SIZE_MAX, &before, err);
    if (rc == 0) {
        jj_agency_write(agency, before.data, &text);
        rc = text.failed ? jj_fail(err, JJ_EMEMORY, "out of memory")
                         : jj_file_write(agency->file, text.data, text.size, 0644, err);
    }
    jj_buf_clear(&before);
    jj_buf_clear(&text);
    return rc;
}
