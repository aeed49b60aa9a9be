#include "jejaring/pack.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LENGTH_BYTES 4
#define LEVEL        1 /* a third faster than the usual 6, for a fifth more bytes */
#define GROW_BYTES   (64 * 1024)

static void put_length(unsigned char *out, size_t length)
{
    for (int i = 0; i < LENGTH_BYTES; i++) {
        out[i] = (unsigned char)(length >> 8 * i);
    }
}

static size_t get_length(const char *in)
{
    size_t length = 0;
    for (int i = 0; i < LENGTH_BYTES; i++) {
        length |= (size_t)(unsigned char)in[i] << 8 * i;
    }
    return length;
}

/* All events, each behind its length. New. */
static unsigned char *join(const jj_bytes *events, size_t count, size_t size_bytes)
{
    unsigned char *text = malloc(size_bytes + 1), *at = text;
    for (size_t i = 0; text && i < count; i++) {
        put_length(at, events[i].size_bytes);
        memcpy(at + LENGTH_BYTES, events[i].data, events[i].size_bytes);
        at += LENGTH_BYTES + events[i].size_bytes;
    }
    return text;
}

int jj_pack(const jj_bytes *events, size_t count, jj_bytes *frame, jj_error *err)
{
    size_t size_bytes = 0;
    for (size_t i = 0; i < count; i++) {
        size_bytes += LENGTH_BYTES + events[i].size_bytes;
    }
    if (count > JJ_EVENTS_MAX || size_bytes > JJ_UNPACKED_MAX) {
        return jj_fail(err, JJ_ETOO_LARGE, "%zu events of %zu bytes do not go into one frame",
                       count, size_bytes);
    }
    uLongf packed_bytes = compressBound(size_bytes);
    unsigned char *text = join(events, count, size_bytes), *packed = malloc(packed_bytes);
    int rc = 0;
    if (!text || !packed || compress2(packed, &packed_bytes, text, size_bytes, LEVEL) != Z_OK) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
    } else if (packed_bytes > JJ_FRAME_MAX) {
        rc = jj_fail(err, JJ_ETOO_LARGE, "packed they are %zu bytes, more than a frame",
                     (size_t)packed_bytes);
    }
    free(text);
    if (rc) {
        free(packed);
        return rc;
    }
    *frame = (jj_bytes){(char *)packed, packed_bytes};
    return 0;
}

/* Inflates into a buffer that grows with what comes out. *text is new. */
static int inflate_all(z_stream *stream, char **text, size_t *size_bytes, jj_error *err)
{
    size_t capacity = 0;
    int step = Z_OK;
    *size_bytes = 0;
    while (step == Z_OK) {
        if (*size_bytes == capacity) {
            capacity = capacity ? 2 * capacity : GROW_BYTES;
            if (capacity > JJ_UNPACKED_MAX) {
                return jj_fail(err, JJ_ETOO_LARGE, "the frame unpacks to more than %d bytes",
                               JJ_UNPACKED_MAX);
            }
            char *larger = realloc(*text, capacity);
            if (!larger) {
                return jj_fail(err, JJ_EMEMORY, "out of memory");
            }
            *text = larger;
        }
        stream->next_out = (unsigned char *)*text + *size_bytes;
        stream->avail_out = (uInt)(capacity - *size_bytes);
        step = inflate(stream, Z_NO_FLUSH);
        *size_bytes = capacity - stream->avail_out;
    }
    if (step != Z_STREAM_END || stream->avail_in > 0) {
        return jj_fail(err, JJ_EMALFORMED, "the packed frame is damaged, or something else");
    }
    return 0;
}

static int split(char *text, size_t size_bytes, jj_bytes *events, size_t count, jj_error *err)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = size_bytes - at >= LENGTH_BYTES ? get_length(text + at) : SIZE_MAX;
        if (length > JJ_FRAME_MAX || length > size_bytes - at - LENGTH_BYTES) {
            return jj_fail(err, JJ_EMALFORMED, "the packed frame does not hold %zu events", count);
        }
        events[i] = (jj_bytes){text + at + LENGTH_BYTES, length};
        at += LENGTH_BYTES + length;
    }
    return at == size_bytes
               ? 0
               : jj_fail(err, JJ_EMALFORMED, "the packed frame holds more than %zu events", count);
}

int jj_unpack(jj_bytes frame, jj_bytes *events, size_t count, char **text, jj_error *err)
{
    size_t size_bytes = 0;
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)frame.data,
                       .avail_in = (uInt)frame.size_bytes};
    char *new = NULL;
    if (count > JJ_EVENTS_MAX) {
        return jj_fail(err, JJ_ETOO_LARGE, "more than %d events in one message", JJ_EVENTS_MAX);
    }
    if (inflateInit(&stream) != Z_OK) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    int rc = inflate_all(&stream, &new, &size_bytes, err);
    inflateEnd(&stream);
    rc = rc ? rc : split(new, size_bytes, events, count, err);
    if (rc) {
        free(new);
        return rc;
    }
    *text = new;
    return 0;
}
