/* The events of fake_host: how they are kept, and how they are told. */
#include "fake_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void list_add(struct list *list, struct said said)
{
    if ((list->count & (list->count - 1)) == 0) { /* full at every power of two */
        list->items = realloc(list->items, (list->count ? 2 * list->count : 1) * sizeof said);
    }
    list->items[list->count++] = said;
}

void said_clear(struct said *said)
{
    free(said->source);
    free(said->id);
    free(said->type);
    free(said->region);
    free(said->subject);
    free(said->cause);
    json_decref(said->data);
}

void list_clear(struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        said_clear(&list->items[i]);
    }
    free(list->items);
    *list = (struct list){0};
}

/* An event of these parts (copied; data is taken) with the key that the hub would give it. */
struct said said_new(const char *source, const char *id, const char *type, const char *region,
                     const char *subject, const char *cause, int64_t time_ms, json_t *data)
{
    struct said said = {
        .source = strdup(source),
        .id = strdup(id),
        .type = strdup(type),
        .region = strdup(region),
        .subject = subject ? strdup(subject) : NULL,
        .cause = cause ? strdup(cause) : NULL,
        .data = data,
    };
    said.event = (jj_event){
        .text = "{}",
        .size_bytes = 2,
        .time_ms = time_ms,
        .id = said.id,
        .source = said.source,
        .type = said.type,
        .region = said.region,
        .subject = said.subject,
        .cause = said.cause,
    };
    uint64_t hash = 14695981039346656037u;
    for (const char *c = id; *c; c++) {
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    }
    for (int i = 0; i < 6; i++) {
        said.event.key[i] = (unsigned char)(time_ms >> (40 - 8 * i));
    }
    for (int i = 6; i < 16; i++) {
        said.event.key[i] = (unsigned char)(hash >> (i % 8 * 8));
    }
    return said;
}

/* ---- What came of it ---------------------------------------------------------------------- */

/* "k=v" of a member, strings bare, the rest as JSON. */
static void print_member(FILE *out, const char *name, const json_t *value)
{
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    fprintf(out, " %s=%s", name, text ? text : json_string_value(value));
    free(text);
}

static void print_draft(FILE *out, const struct said *draft)
{
    const char *name;
    json_t *value, *sorted;
    char *text = json_dumps(draft->data, JSON_SORT_KEYS | JSON_COMPACT);
    sorted = json_loads(text, 0, NULL);
    free(text);
    fprintf(out, "%s", draft->subject);
    json_object_foreach(sorted, name, value)
    {
        if (strcmp(name, "date") != 0) {
            print_member(out, name, value);
        }
    }
    fputc('\n', out);
    json_decref(sorted);
}

const char *fake_said(fake_host *fake, const char *type)
{
    size_t size;
    free(fake->text);
    FILE *out = open_memstream(&fake->text, &size);
    for (size_t i = 0; i < fake->published.count; i++) {
        if (strcmp(fake->published.items[i].type, type) == 0) {
            print_draft(out, &fake->published.items[i]);
        }
    }
    fclose(out);
    return fake->text;
}

size_t fake_count(fake_host *fake, const char *type)
{
    size_t count = 0;
    for (size_t i = 0; i < fake->published.count; i++) {
        count += strcmp(fake->published.items[i].type, type) == 0;
    }
    return count;
}

const char *fake_last(fake_host *fake)
{
    assert_true(fake->published.count > 0);
    const struct said *last = &fake->published.items[fake->published.count - 1];
    free(fake->text);
    assert_true(asprintf(&fake->text, "%s %s %s cause=%s id=%s %s", last->type, last->subject,
                         last->region, last->cause ? last->cause : "none", last->id,
                         json_string_value(json_object_get(last->data, "date"))) > 0);
    return fake->text;
}

static int print_entry(void *arg, const char *key, const char *value)
{
    fprintf(arg, "%s %s\n", key, value);
    return 0;
}

static int count_entry(void *arg, const char *key, const char *value)
{
    (void)key;
    (void)value;
    ++*(size_t *)arg;
    return 0;
}

const char *fake_state(fake_host *fake)
{
    size_t size;
    free(fake->text);
    FILE *out = open_memstream(&fake->text, &size);
    fake_map_scan(fake->state, "", print_entry, out);
    fclose(out);
    return fake->text;
}

size_t fake_state_count(fake_host *fake)
{
    size_t count = 0;
    fake_map_scan(fake->state, "", count_entry, &count);
    return count;
}

size_t fake_rejected(fake_host *fake)
{
    return fake->rejected;
}
