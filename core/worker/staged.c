#include "worker/staged.h"

#include "base/id.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for one more element. */
static bool grow(void **list, size_t count, size_t *capacity, size_t size_bytes)
{
    if (count < *capacity) {
        return true;
    }
    size_t more = *capacity ? 2 * *capacity : 16;
    void *larger = reallocarray(*list, more, size_bytes);
    if (larger) {
        *list = larger;
        *capacity = more;
    }
    return larger;
}

int jj_staged_add(jj_staged *staged, jj_buf *text)
{
    void *list = staged->events;
    if (!grow(&list, staged->count, &staged->capacity, sizeof *staged->events)) {
        return JJ_EMEMORY;
    }
    staged->events = list;
    size_t size_bytes = text->size;
    char *taken = jj_buf_take(text);
    if (!taken) {
        return JJ_EMEMORY;
    }
    staged->events[staged->count++] = (jj_bytes){taken, size_bytes};
    return 0;
}

static size_t size_of(const jj_rejection *one)
{
    return sizeof one->key + strlen(one->reason) + strlen("{\"key\":\"\",\"reason\":\"\"}");
}

int jj_staged_reject(jj_staged *staged, const unsigned char key[16], const char *reason)
{
    jj_rejection new = {.reason = NULL};
    void *list = staged->rejected;

    jj_hex(key, 16, new.key);
    for (size_t i = 0; i < staged->rejected_count; i++) {
        if (strcmp(staged->rejected[i].key, new.key) == 0) {
            return 0;
        }
    }
    if (!grow(&list, staged->rejected_count, &staged->rejected_capacity,
              sizeof *staged->rejected)) {
        return JJ_EMEMORY;
    }
    staged->rejected = list;
    new.reason = strdup(reason && *reason ? reason : "no reason given");
    if (!new.reason) {
        return JJ_EMEMORY;
    }
    staged->rejected[staged->rejected_count++] = new;
    staged->rejected_bytes += size_of(&new);
    return 0;
}

bool jj_staged_any(const jj_staged *staged, const jj_state *state)
{
    return staged->count > 0 || staged->rejected_count > 0 || jj_state_is_staged(state);
}

typedef struct writer {
    jj_buf *out;
    size_t count;
} writer;

static void write_change(void *arg, const char *key, const char *value)
{
    writer *w = arg;
    jj_buf_puts(w->out, w->count++ ? "," : ",\"state\":{");
    jj_buf_json_z(w->out, key);
    jj_buf_putc(w->out, ':');
    if (value) {
        jj_buf_json_z(w->out, value);
    } else {
        jj_buf_puts(w->out, "null");
    }
}

static void write_rejection(const jj_rejection *one, bool first, jj_buf *out)
{
    jj_buf_puts(out, first ? ",\"rejected\":[" : ",");
    jj_buf_printf(out, "{\"key\":\"%s\",\"reason\":", one->key);
    jj_buf_json_z(out, one->reason);
    jj_buf_putc(out, '}');
}

static void write_consumer(const char *consumer, jj_buf *out)
{
    jj_buf_reset(out);
    jj_buf_puts(out, "{\"name\":");
    jj_buf_json_z(out, consumer);
}

bool jj_staged_report(jj_staged *staged, const char *consumer, jj_buf *out)
{
    size_t written = 0;

    if (staged->rejected_bytes <= JJ_FRAME_MAX / 2) {
        return false;
    }
    write_consumer(consumer, out);
    while (staged->rejected_count > 0 && written <= JJ_FRAME_MAX / 2) {
        jj_rejection *one = &staged->rejected[--staged->rejected_count];
        write_rejection(one, written == 0, out);
        written += size_of(one);
        free(one->reason);
    }
    staged->rejected_bytes -= written;
    jj_buf_puts(out, "]}");
    return true;
}

int jj_staged_options(const jj_staged *staged, const jj_state *state, const char *consumer,
                      const uint64_t *cursor, jj_buf *out, jj_error *err)
{
    writer w = {.out = out};

    write_consumer(consumer, out);
    if (cursor) {
        jj_buf_printf(out, ",\"cursor\":\"%" PRIu64 "\"", *cursor);
    }
    jj_state_changes(state, write_change, &w);
    if (w.count) {
        jj_buf_putc(out, '}');
    }
    for (size_t i = 0; i < staged->rejected_count; i++) {
        write_rejection(&staged->rejected[i], i == 0, out);
    }
    jj_buf_puts(out, staged->rejected_count ? "]}" : "}");
    if (out->failed) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    if (out->size > JJ_FRAME_MAX || staged->count > JJ_EVENTS_MAX) {
        return jj_fail(
            err, JJ_ETOO_LARGE,
            "%zu events and %zu bytes of changes are more than one commit can carry (%d, "
            "%d)",
            staged->count, out->size, JJ_EVENTS_MAX, JJ_FRAME_MAX);
    }
    return 0;
}

void jj_staged_reset(jj_staged *staged)
{
    for (size_t i = 0; i < staged->count; i++) {
        free((char *)(uintptr_t)staged->events[i].data);
    }
    for (size_t i = 0; i < staged->rejected_count; i++) {
        free(staged->rejected[i].reason);
    }
    staged->count = staged->rejected_count = staged->rejected_bytes = 0;
}

void jj_staged_clear(jj_staged *staged)
{
    jj_staged_reset(staged);
    free(staged->events);
    free(staged->rejected);
    *staged = (jj_staged){0};
}
