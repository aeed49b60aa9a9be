#include "hub/internal.h"

#include "base/clock.h"
#include "event/key.h"
#include "journal/audit.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE_MAX 10000 /* deliveries told for one person */

int jj_hub_person_of(const jj_hub *hub, const jj_request *request, char person[JJ_UUID_SIZE],
                     jj_error *err)
{
    unsigned char uuid[16];
    const char *key = jj_json_string(request->options, "person");
    const char *nik = jj_json_string(request->options, "nik");
    if (nik && jj_nik_check(nik, strlen(nik)) == JJ_NIK_OK) {
        jj_person_key(hub->secrets.person_key, nik, person);
        return 0;
    }
    if (!key || !jj_uuid_parse(key, strlen(key), uuid)) {
        return jj_fail(err, JJ_EMALFORMED, "a person key (person) or a NIK (nik) is expected");
    }
    jj_uuid_format(uuid, person);
    return 0;
}

static json_t *time_text(int64_t time_ms)
{
    char text[JJ_TIME_SIZE];
    jj_time_format(time_ms, text);
    return json_string(text);
}

/* ---- TRACE -------------------------------------------------------------------------------- */

typedef struct trace {
    jj_hub *hub;
    const char *type; /* of the event that is looked at */
    uint64_t cursor;
    size_t events;
    json_t *deliveries, *actions;
    bool failed; /* something is missing there, for want of memory */
} trace;

static void add_delivery(void *arg, const jj_delivery *delivery)
{
    trace *t = arg;
    if (json_array_size(t->deliveries) < TRACE_MAX) {
        json_t *entry =
            json_pack("{s:o, s:s, s:s, s:s, s:o}", "at", time_text(delivery->at_ms), "agency",
                      delivery->agency, "consumer", delivery->consumer, "type", t->type, "cursor",
                      json_sprintf("%llu", (unsigned long long)t->cursor));
        t->failed = json_array_append_new(t->deliveries, entry) || t->failed;
    }
}

/* Cursors and types of the person's events: looked at one by one afterwards, since a statement
 * cannot be walked twice at a time. */
typedef struct about {
    jj_record *list;
    size_t count, capacity;
    bool failed;
} about;

static void note_event(void *arg, const jj_record *record)
{
    about *a = arg;
    if (a->count == a->capacity) {
        size_t capacity = a->capacity ? a->capacity * 2 : 32;
        jj_record *list = realloc(a->list, capacity * sizeof *list);
        if (!list) {
            a->failed = true;
            return;
        }
        a->list = list;
        a->capacity = capacity;
    }
    a->list[a->count++] = *record;
}

static void add_action(void *arg, const jj_audit *record)
{
    trace *t = arg;
    json_t *entry = json_pack("{s:o, s:s, s:s, s:s}", "at", time_text(record->at_ms), "action",
                              record->action, "agency", record->agency, "detail", record->detail);
    t->failed = json_array_append_new(t->actions, entry) || t->failed;
}

void jj_hub_trace(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    char person[JJ_UUID_SIZE];
    about found = {0};
    trace t = {.hub = hub, .deliveries = json_array(), .actions = json_array()};
    if (!jj_hub_is_admin(request)) {
        goto out;
    }
    int rc = jj_hub_person_of(hub, request, person, &err);
    rc = rc ? rc : jj_journal_about(hub->journal, person, note_event, &found, &err);
    for (size_t i = 0; i < found.count && rc == 0; i++) {
        t.type = found.list[i].type;
        t.cursor = found.list[i].cursor;
        rc = jj_journal_deliveries(hub->journal, t.cursor, add_delivery, &t, &err);
    }
    rc = rc ? rc : jj_journal_audit_read(hub->journal, person, add_action, &t, &err);
    if (rc == 0 && (found.failed || t.failed)) {
        rc = jj_fail(&err, JJ_EMEMORY, "out of memory");
    }
    if (rc) {
        jj_request_fail(request, &err);
    } else {
        jj_reply_json(request, json_pack("{s:s, s:I, s:O, s:O}", "person", person, "events",
                                         (json_int_t)found.count, "deliveries", t.deliveries,
                                         "actions", t.actions));
    }
out:
    free(found.list);
    json_decref(t.deliveries);
    json_decref(t.actions);
}

/* ---- AUDIT -------------------------------------------------------------------------------- */

void jj_hub_audit(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    uint64_t count = 0;
    if (!jj_hub_is_admin(request)) {
        return;
    }
    int rc = jj_audit_verify(hub->journal, hub->secrets.node_key, &count, &err);
    if (rc && rc != JJ_EINVALID) { /* it could not be read, which says nothing of the chain */
        jj_request_fail(request, &err);
        return;
    }
    jj_reply_json(request, json_pack("{s:b, s:I, s:s}", "intact", rc == 0, "records",
                                     (json_int_t)count, "detail", rc ? err.text : ""));
}
