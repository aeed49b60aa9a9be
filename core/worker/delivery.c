#include "worker/delivery.h"

#include "base/clock.h"
#include "base/text.h"
#include "event/key.h"
#include "json/load.h"
#include "json/span.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void jj_delivery_add(jj_delivery *batch, jj_reply *reply, uint64_t cursor)
{
    batch->pages[batch->page_count++] = *reply;
    batch->count += reply->event_count;
    batch->cursor = cursor;
    *reply = (jj_reply){0};
}

void jj_delivery_clear(jj_delivery *batch)
{
    for (size_t i = 0; i < batch->count && batch->data; i++) {
        json_decref(batch->data[i]);
    }
    for (size_t i = 0; i < batch->page_count; i++) {
        jj_reply_clear(&batch->pages[i]);
    }
    free(batch->events);
    free(batch->data);
    free(batch->cursors);
    free(batch->published_by);
    json_decref(batch->publishers);
    free(batch->strings);
    *batch = (jj_delivery){0};
}

/* Copies a string value to *at, unescaped, and moves *at behind its NUL. The copy is never longer
 * than the text it comes from. NULL: not a string, or not one without NUL inside. */
static const char *copy_string(jj_span value, char **at)
{
    char *copy = *at;
    if (value.size_bytes < 2 || value.at[0] != '"') {
        return NULL;
    }
    if (!memchr(value.at, '\\', value.size_bytes)) {
        size_t length = value.size_bytes - 2;
        memcpy(copy, value.at + 1, length);
        copy[length] = '\0';
        *at += length + 1;
        return copy;
    }
    jj_buf text = {0};
    bool good = jj_span_unescape(value, &text) && !text.failed && text.size < value.size_bytes &&
                !memchr(text.data, '\0', text.size);
    if (good) {
        memcpy(copy, text.data, text.size + 1);
        *at += text.size + 1;
    }
    jj_buf_clear(&text);
    return good ? copy : NULL;
}

/* The attributes that a plugin is given, by name. */
static const struct {
    const char *name;
    size_t offset;
} attributes[] = {
    {"id", offsetof(jj_event, id)},           {"source", offsetof(jj_event, source)},
    {"type", offsetof(jj_event, type)},       {"region", offsetof(jj_event, region)},
    {"subject", offsetof(jj_event, subject)}, {"recipient", offsetof(jj_event, recipient)},
    {"cause", offsetof(jj_event, cause)},
};

static void take_member(jj_event *event, const jj_member *member, bool *has_time, char **at)
{
    if (jj_span_is(member->name, "time")) {
        *has_time =
            member->value.size_bytes > 2 &&
            jj_time_parse(member->value.at + 1, member->value.size_bytes - 2, &event->time_ms);
        return;
    }
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        if (jj_span_is(member->name, attributes[i].name)) {
            *(const char **)((char *)event + attributes[i].offset) = copy_string(member->value, at);
            return;
        }
    }
}

/* True if it is an event. */
static bool read_event(jj_event *event, jj_bytes text, char **at)
{
    jj_members walk;
    jj_member member;
    bool has_time = false;

    *event = (jj_event){.text = text.data, .size_bytes = text.size_bytes};
    jj_members_start(&walk, (jj_span){text.data, text.size_bytes});
    while (jj_members_next(&walk, &member)) {
        take_member(event, &member, &has_time, at);
    }
    if (!has_time || !event->id || !event->source || !event->type) {
        return false;
    }
    jj_event_key(event->time_ms, event->source, strlen(event->source), event->id, strlen(event->id),
                 event->key);
    return true;
}

int jj_delivery_parse(jj_delivery *batch, jj_error *err)
{
    size_t size_bytes = 1;
    for (size_t i = 0; i < batch->page_count; i++) {
        for (size_t j = 0; j < batch->pages[i].event_count; j++) {
            size_bytes += batch->pages[i].events[j].size_bytes;
        }
    }
    batch->events = malloc((batch->count + 1) * sizeof *batch->events);
    batch->data = calloc(batch->count + 1, sizeof *batch->data);
    batch->strings = malloc(size_bytes);
    if (!batch->events || !batch->data || !batch->strings) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    char *at = batch->strings;
    jj_event *event = batch->events;
    size_t seen = 0;
    for (size_t i = 0; i < batch->page_count; i++) {
        for (size_t j = 0; j < batch->pages[i].event_count; j++, seen++) {
            if (batch->cursors) { /* of what is readable only, like the events */
                batch->cursors[event - batch->events] = batch->cursors[seen];
            }
            if (batch->published_by) {
                batch->published_by[event - batch->events] = batch->published_by[seen];
            }
            event += read_event(event, batch->pages[i].events[j], &at);
        }
    }
    size_t readable = (size_t)(event - batch->events);
    batch->unreadable = batch->count - readable;
    batch->count = readable;
    return 0;
}

static bool take_places(const jj_reply *page, uint64_t *places)
{
    json_t *result = NULL;
    bool good =
        jj_json_load(&result, page->result.data, page->result.size_bytes, JJ_FRAME_MAX, NULL) == 0;
    const json_t *list = json_object_get(result, "cursors");
    good = good && json_array_size(list) == page->event_count;
    for (size_t i = 0; i < page->event_count && good; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        good = text && jj_parse_u64(text, &places[i]);
    }
    json_decref(result);
    return good;
}

int jj_delivery_places(jj_delivery *batch, jj_error *err)
{
    size_t filled = 0;
    batch->cursors = calloc(batch->count + 1, sizeof *batch->cursors);
    if (!batch->cursors) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    for (size_t i = 0; i < batch->page_count; i++) {
        if (!take_places(&batch->pages[i], batch->cursors + filled)) {
            return jj_fail(err, JJ_EMALFORMED, "the hub did not tell the cursors of its events");
        }
        filled += batch->pages[i].event_count;
    }
    return 0;
}

static bool take_publishers(const jj_reply *page, json_t *publishers, const char **of)
{
    json_t *result = NULL;
    bool good =
        jj_json_load(&result, page->result.data, page->result.size_bytes, JJ_FRAME_MAX, NULL) == 0;
    json_t *list = json_object_get(result, "publishers");
    good = good && json_array_size(list) == page->event_count &&
           json_array_append(publishers, list) == 0;
    for (size_t i = 0; i < page->event_count && good; i++) {
        of[i] = json_string_value(json_array_get(list, i));
        good = of[i] != NULL;
    }
    json_decref(result);
    return good;
}

int jj_delivery_publishers(jj_delivery *batch, jj_error *err)
{
    size_t filled = 0;
    batch->published_by = calloc(batch->count + 1, sizeof *batch->published_by);
    batch->publishers = json_array();
    if (!batch->published_by || !batch->publishers) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    for (size_t i = 0; i < batch->page_count; i++) {
        if (!take_publishers(&batch->pages[i], batch->publishers, batch->published_by + filled)) {
            return jj_fail(err, JJ_EMALFORMED, "the hub did not tell who published its events");
        }
        filled += batch->pages[i].event_count;
    }
    return 0;
}

const json_t *jj_delivery_data(jj_delivery *batch, const jj_event *event)
{
    jj_span value;
    if (!batch->events || event < batch->events || event >= batch->events + batch->count) {
        return NULL;
    }
    json_t **data = &batch->data[event - batch->events];
    if (!*data && jj_span_find((jj_span){event->text, event->size_bytes}, "data", &value)) {
        jj_json_load(data, value.at, value.size_bytes, JJ_FRAME_MAX, NULL);
    }
    return *data;
}
