/* The life of a plugin in a rehearsal, and the events that it is given. */
#include "client/rehearsal_host.h"

#include "base/clock.h"
#include "base/text.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Options ------------------------------------------------------------------------------ */

/* The number that the daemon would read; the kit has checked that it is one. */
static int64_t number_of(const jj_option *option)
{
    int64_t number = 0;
    if (option->type == JJ_OPTION_BOOLEAN) {
        return strcmp(option->initial, "true") == 0;
    }
    bool read = option->type == JJ_OPTION_DURATION ? jj_parse_duration(option->initial, &number)
                : option->type == JJ_OPTION_SIZE   ? jj_parse_size(option->initial, &number)
                                                   : jj_parse_i64(option->initial, &number);
    return read ? number : 0;
}

void jj_rehearsal_defaults(const jj_option *options, jj_value *values)
{
    for (size_t i = 0; options && options[i].name; i++) {
        const char *text = options[i].initial;
        bool number = options[i].type == JJ_OPTION_INTEGER ||
                      options[i].type == JJ_OPTION_BOOLEAN ||
                      options[i].type == JJ_OPTION_DURATION || options[i].type == JJ_OPTION_SIZE;
        values[i].given = text != NULL;
        values[i].number = text && number ? number_of(&options[i]) : 0;
        values[i].string = number ? NULL : text;
    }
}

/* ---- Life --------------------------------------------------------------------------------- */

static void enter(jj_rehearsal *r, const char *callback)
{
    r->callback = callback;
    if (r->enter) {
        r->enter(r->arg, callback);
    }
}

void jj_rehearsal_init(jj_rehearsal *r, const jj_plugin *plugin, const jj_value *values)
{
    memset(r, 0, sizeof *r);
    r->host = jj_rehearsal_host(r, plugin->name);
    r->plugin = plugin;
    r->values = values;
    r->callback = "nothing";
    r->state = json_object();
    r->before = json_object();
    r->drafts = json_array();
    r->staged = json_array();
    r->events = (jj_event *)calloc(JJ_REHEARSAL_EVENTS, sizeof *r->events);
    r->bodies = (json_t **)calloc(JJ_REHEARSAL_EVENTS, sizeof(json_t *));
    r->now_ms = INT64_C(1704067200000); /* 2024-01-01 */
    for (int i = 0; i < JJ_REHEARSAL_TIMERS; i++) {
        r->timers_ms[i] = -1;
    }
}

int jj_rehearsal_begin(jj_rehearsal *r, jj_error *err)
{
    enter(r, "create");
    int rc = r->plugin->create(&r->host, r->values, &r->self, err);
    if (rc == 0 && r->plugin->start) {
        enter(r, "start");
        rc = r->plugin->start(r->self, err);
        jj_rehearsal_settle(r, rc == 0);
    }
    r->callback = "nothing";
    return rc;
}

int jj_rehearsal_open(jj_rehearsal *r, const jj_plugin *plugin, const jj_value *values,
                      jj_error *err)
{
    jj_rehearsal_init(r, plugin, values);
    return jj_rehearsal_begin(r, err);
}

void jj_rehearsal_forget_batch(jj_rehearsal *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free((void *)(uintptr_t)r->events[i].text);
        json_decref(r->bodies[i]);
    }
    r->count = 0;
}

void jj_rehearsal_end(jj_rehearsal *r)
{
    if (r->self && r->plugin->stop) {
        enter(r, "stop");
        r->plugin->stop(r->self);
        jj_rehearsal_settle(r, true);
    }
    if (r->self) {
        enter(r, "destroy");
        r->plugin->destroy(r->self);
    }
    r->self = NULL;
    r->callback = "nothing";
}

void jj_rehearsal_close(jj_rehearsal *r)
{
    jj_rehearsal_end(r);
    jj_rehearsal_forget_batch(r);
    json_decref(r->state);
    json_decref(r->before);
    json_decref(r->drafts);
    json_decref(r->staged);
    free(r->events);
    free(r->bodies);
    memset(r, 0, sizeof *r);
}

/* ---- Events ------------------------------------------------------------------------------- */

/* The key of an event: its time, then a hash (FNV-1a here, BLAKE2b in a real node). */
static void event_key(const char *id, int64_t time_ms, unsigned char key[16])
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *at = id; *at; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    }
    for (int i = 0; i < 6; i++) {
        key[i] = (unsigned char)((uint64_t)time_ms >> (40 - 8 * i));
    }
    for (int i = 0; i < 10; i++) {
        key[6 + i] = (unsigned char)(hash >> (8 * (i % 8)));
    }
}

static int64_t day_ms(const char *day)
{
    int year = 1970, month = 1, date = 1;
    jj_date_parse(day, strnlen(day, 10), &year, &month, &date);
    return jj_days_from_date(year, month, date) * INT64_C(86400000);
}

void jj_rehearsal_say(jj_rehearsal *r, const char *type, const char *subject, const char *day,
                      json_t *data)
{
    char id[256], time[32];
    if (r->count == JJ_REHEARSAL_EVENTS || !r->events || !r->bodies) {
        json_decref(data);
        return;
    }
    snprintf(id, sizeof id, "%.80s/%.80s/%.20s", type, subject ? subject : "", day);
    snprintf(time, sizeof time, "%.10sT00:00:00Z", day);
    if (!json_object_get(data, "date")) {
        json_object_set_new(data, "date", json_string(day));
    }
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s*, s:o}", "specversion", "1.0",
                             "id", id, "source", "/rehearsal", "type", type, "time", time, "region",
                             "33.75", "subject", subject, "data", data);
    char *text = jj_json_text(body, JSON_COMPACT);
    r->bodies[r->count] = body;
    jj_event *event = &r->events[r->count++];
    *event = (jj_event){.text = text,
                        .size_bytes = text ? strlen(text) : 0,
                        .time_ms = day_ms(day),
                        .id = json_string_value(json_object_get(body, "id")),
                        .source = "/rehearsal",
                        .type = json_string_value(json_object_get(body, "type")),
                        .region = "33.75",
                        .subject = json_string_value(json_object_get(body, "subject"))};
    event_key(id, event->time_ms, event->key);
}

int jj_rehearsal_deliver_again(jj_rehearsal *r)
{
    if (r->count == 0 || !r->plugin->on_events) {
        return JJ_DONE;
    }
    if (r->held) {
        return JJ_LATER;
    }
    if (r->plugin->resume && r->plugin->batch) {
        enter(r, "batch");
        r->plugin->batch(r->self, r->cursor, r->cursor + r->count);
    }
    enter(r, "on_events");
    int verdict = r->plugin->on_events(r->self, r->events, r->count);
    if (verdict != JJ_DONE && verdict != JJ_LATER && verdict != JJ_TAKEN) {
        jj_rehearsal_blame(r, "answers %d, which is no verdict", verdict);
    }
    jj_rehearsal_settle(r, verdict != JJ_LATER);
    r->cursor += verdict != JJ_LATER ? r->count : 0;
    r->callback = "nothing";
    return verdict;
}

int jj_rehearsal_deliver(jj_rehearsal *r)
{
    int verdict = jj_rehearsal_deliver_again(r);
    if (verdict == JJ_DONE) {
        jj_rehearsal_forget_batch(r);
    }
    return verdict;
}

bool jj_rehearsal_fire(jj_rehearsal *r, int id)
{
    if (id < 0 || id >= JJ_REHEARSAL_TIMERS || r->timers_ms[id] < 0 || !r->plugin->on_timer) {
        return false;
    }
    enter(r, "on_timer");
    r->plugin->on_timer(r->self, id);
    jj_rehearsal_settle(r, true);
    r->callback = "nothing";
    return true;
}

size_t jj_rehearsal_count(const jj_rehearsal *r, const char *type)
{
    size_t count = 0, at;
    json_t *draft;
    json_array_foreach(r->drafts, at, draft)
    {
        count += strcmp(json_string_value(json_object_get(draft, "type")), type) == 0;
    }
    return count;
}
