#include "hub/internal.h"

#include "base/clock.h"
#include "event/key.h"
#include "journal/audit.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE_MAX   10000 /* deliveries told for one person */
#define REGIONS_MAX 64    /* regions in which one person's events may lie */

/* The person of a request: by key, or by NIK, which goes no further than here. */
static int person_of(const jj_hub *hub, const jj_request *request, char person[JJ_UUID_SIZE],
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
} trace;

static void add_delivery(void *arg, const jj_delivery *delivery)
{
    trace *t = arg;
    if (json_array_size(t->deliveries) < TRACE_MAX) {
        json_array_append_new(t->deliveries,
                              json_pack("{s:o, s:s, s:s, s:s, s:o}", "at",
                                        time_text(delivery->at_ms), "agency", delivery->agency,
                                        "consumer", delivery->consumer, "type", t->type, "cursor",
                                        json_sprintf("%llu", (unsigned long long)t->cursor)));
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
    json_array_append_new(
        t->actions, json_pack("{s:o, s:s, s:s, s:s}", "at", time_text(record->at_ms), "action",
                              record->action, "agency", record->agency, "detail", record->detail));
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
    int rc = person_of(hub, request, person, &err);
    rc = rc ? rc : jj_journal_about(hub->journal, person, note_event, &found, &err);
    for (size_t i = 0; i < found.count && rc == 0; i++) {
        t.type = found.list[i].type;
        t.cursor = found.list[i].cursor;
        rc = jj_journal_deliveries(hub->journal, t.cursor, add_delivery, &t, &err);
    }
    rc = rc ? rc : jj_journal_audit_read(hub->journal, person, add_action, &t, &err);
    if (rc == 0 && found.failed) {
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

/* ---- ERASE -------------------------------------------------------------------------------- */

/* Publishes person.erased in one region, so that everybody who may have data from there hears. */
static int announce(jj_hub *hub, const char *person, const char *region, uint64_t *cursor,
                    jj_error *err)
{
    char time[JJ_TIME_SIZE], text[768], id[JJ_UUID_SIZE];
    unsigned char random[16];
    int64_t now_ms = jj_now_ms();
    jj_counts counts = {.received = 1};
    jj_time_format(now_ms, time);
    /* An id that says nothing: the bell tells it to everybody. */
    jj_random(random, sizeof random);
    jj_uuid_from_hash(random, id);
    int length = snprintf(text, sizeof text,
                          "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":"
                          "\"/%s/hub\",\"type\":\"person.erased\",\"time\":\"%s\",\"region\":"
                          "\"%s\",\"subject\":\"%s\",\"data\":{\"date\":\"%.10s\"}}",
                          id, hub->config->node, time, region, person, time);
    int rc = jj_intake_admit(&hub->intake, &hub->admin, text, (size_t)length, now_ms,
                             &hub->admitted, err);
    if (rc == 0) {
        jj_hub_append(hub, &hub->admitted);
        *cursor = hub->admitted.record.cursor;
        jj_journal_count(hub->journal, &counts);
    }
    return rc;
}

static bool is_listed(const char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* Announces in every region in which the person's events lie, or else in the node's own. */
static int announce_all(jj_hub *hub, const char *person, uint64_t *first, jj_error *err)
{
    about found = {0};
    const char *regions[REGIONS_MAX];
    size_t count = 0;
    uint64_t cursor;
    int rc = jj_journal_about(hub->journal, person, note_event, &found, err);
    for (size_t i = 0; i < found.count && count < REGIONS_MAX; i++) {
        if (!is_listed(regions, count, found.list[i].region)) {
            regions[count++] = found.list[i].region;
        }
    }
    if (count == 0) {
        regions[count++] = hub->config->region;
    }
    *first = jj_journal_staged(hub->journal) + 1;
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = announce(hub, person, regions[i], &cursor, err);
    }
    free(found.list);
    return rc;
}

void jj_hub_erase(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    jj_buf result = {0};
    char person[JJ_UUID_SIZE];
    uint64_t first = 0;
    if (!jj_hub_is_admin(request)) {
        return;
    }
    int rc = person_of(hub, request, person, &err);
    if (rc == 0 && jj_journal_failed(hub->journal)) {
        rc = jj_fail(&err, JJ_EUNAVAILABLE, "the hub cannot store at the moment; try again later");
    }
    if (rc == 0) {
        jj_journal_begin(hub->journal);
        rc = announce_all(hub, person, &first, &err);
    }
    if (rc) {
        jj_request_fail(request, &err);
        return;
    }
    uint64_t emptied = jj_journal_erase(hub->journal, person, first);
    jj_hub_quarantine_erase(hub, person);
    jj_audit record = {.at_ms = jj_now_ms(),
                       .action = "erase",
                       .agency = request->rights->agency,
                       .person = person,
                       .detail = "events, vault, consent and quarantine emptied"};
    jj_journal_audit(hub->journal, hub->secrets.node_key, &record);
    hub->scrub = true;
    jj_buf_printf(&result, "{\"person\":\"%s\",\"events\":%llu,\"cursor\":\"%llu\"}", person,
                  (unsigned long long)emptied, (unsigned long long)first);
    jj_hub_hold_ok(hub, request, &result);
    jj_buf_clear(&result);
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
    jj_reply_json(request, json_pack("{s:b, s:I, s:s}", "intact", rc == 0, "records",
                                     (json_int_t)count, "detail", rc ? err.text : ""));
}
