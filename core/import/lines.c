#include "import/lines.h"

#include "import/reject.h"
#include "jejaring/client.h"
#include "table/encoding.h"
#include "table/table.h"
#include "json/load.h"
#include "json/span.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define LINE_MAX_BYTES (JJ_FRAME_MAX + 4096) /* an event, and the reason that was added to it */

struct jj_lines {
    jj_decoder decoder;
    uint64_t size_bytes, number;
    char text[65536];
    size_t at, size;
    bool ended;
    jj_buf line;
};

bool jj_is_lines(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (strcasecmp(dot, ".jsonl") == 0 || strcasecmp(dot, ".ndjson") == 0);
}

int jj_lines_open(jj_lines **lines, int fd, jj_refusal *why)
{
    enum jj_encoding encoding;
    size_t mark_bytes;
    struct stat st;
    if (fstat(fd, &st)) {
        return jj_refuse_errno(why, "cannot read the file");
    }
    if (st.st_size > JJ_TABLE_MAX) {
        return jj_refuse(why, JJ_FAULT_SIZE, JJ_ETOO_LARGE, "the file is larger than 2 GiB");
    }
    int rc = jj_encoding_detect(fd, &encoding, &mark_bytes, why);
    if (rc) {
        return rc;
    }
    if (encoding == JJ_WINDOWS1252) {
        return jj_refuse(why, JJ_FAULT_ENCODING, JJ_EMALFORMED, "JSON lines must be UTF-8");
    }
    jj_lines *made = calloc(1, sizeof *made);
    if (!made) {
        return jj_refuse_memory(why);
    }
    jj_decoder_init(&made->decoder, fd, encoding, mark_bytes);
    made->size_bytes = (uint64_t)st.st_size;
    *lines = made;
    return 0;
}

void jj_lines_close(jj_lines *lines)
{
    if (lines) {
        jj_buf_clear(&lines->line);
        free(lines);
    }
}

const char *jj_lines_encoding(const jj_lines *lines)
{
    return jj_encoding_name(lines->decoder.encoding);
}

uint64_t jj_lines_position(const jj_lines *lines, uint64_t *total)
{
    *total = lines->size_bytes;
    return lines->decoder.offset;
}

int jj_lines_next(jj_lines *lines, const char **text, size_t *length, uint64_t *number, bool *cut,
                  jj_refusal *why)
{
    bool complete = false, begun = false;
    jj_buf_reset(&lines->line);
    *cut = false;
    while (!complete && !lines->ended) {
        if (lines->at == lines->size) {
            int rc = jj_decoder_read(&lines->decoder, lines->text, sizeof lines->text, &lines->size,
                                     why);
            if (rc) {
                return rc;
            }
            lines->at = 0;
            lines->ended = lines->size == 0;
            continue;
        }
        const char *from = lines->text + lines->at;
        size_t left = lines->size - lines->at;
        const char *end = memchr(from, '\n', left);
        size_t size = end ? (size_t)(end - from) : left;
        lines->at += size + (end != NULL);
        complete = end != NULL;
        begun = true;
        *cut = *cut || lines->line.size + size > LINE_MAX_BYTES;
        if (!*cut) {
            jj_buf_add(&lines->line, from, size);
        }
    }
    if (lines->line.failed) {
        return jj_refuse_memory(why);
    }
    if (!begun) {
        return 0;
    }
    *number = ++lines->number;
    *text = lines->line.data ? lines->line.data : "";
    *length = lines->line.size;
    return 1;
}

static jj_span trim(const char *text, size_t length)
{
    while (length && (*text == ' ' || *text == '\t')) {
        text++;
        length--;
    }
    while (length && (text[length - 1] == ' ' || text[length - 1] == '\t')) {
        length--;
    }
    return (jj_span){text, length};
}

void jj_line_restore(const char *text, size_t length, jj_buf *out)
{
    jj_span line = trim(text, length), found;
    jj_members walk;
    jj_member member;
    const char *before = "{\"";
    if (!jj_span_find(line, JJ_REASON_MEMBER, &found)) {
        jj_buf_add(out, line.at, line.size_bytes);
        return;
    }
    if (jj_span_find(line, JJ_LINE_MEMBER, &found) && jj_span_unescape(found, out)) {
        return;
    }
    jj_members_start(&walk, line);
    while (jj_members_next(&walk, &member)) {
        if (jj_span_is(member.name, JJ_REASON_MEMBER)) {
            continue;
        }
        jj_buf_puts(out, before);
        jj_buf_add(out, member.name.at, member.name.size_bytes);
        jj_buf_puts(out, "\":");
        jj_buf_add(out, member.value.at, member.value.size_bytes);
        before = ",\"";
    }
    jj_buf_puts(out, *before == '{' ? "{}" : "}");
}

static const char *check_event(const jj_type *type, const json_t *value)
{
    if (!json_is_object(value)) {
        return "bukan objek JSON";
    }
    const char *id = jj_json_string(value, "id"), *name = jj_json_string(value, "type");
    if (!jj_json_string(value, "specversion") || !id || !*id || !name) {
        return "bukan kejadian CloudEvents yang utuh (specversion, id, source, type, time, region, "
               "data)";
    }
    return strcmp(name, type->name) == 0 ? NULL : "jenis datanya bukan jenis folder ini";
}

bool jj_line_check(const jj_type *type, const char *text, size_t length, jj_buf *problems)
{
    json_t *value = NULL;
    const char *why;
    int rc = jj_json_load(&value, text, length, JJ_FRAME_MAX, NULL);
    if (rc == JJ_EMEMORY) {
        problems->failed = true;
        return false;
    }
    if (rc == JJ_ETOO_LARGE) {
        why = "baris ini terlalu panjang atau terlalu dalam";
    } else if (rc) {
        why = "bukan JSON yang sah";
    } else {
        why = check_event(type, value);
    }
    json_decref(value);
    if (why) {
        jj_buf_puts(problems, why);
    }
    return why == NULL;
}
