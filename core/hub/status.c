#include "hub/internal.h"

#include "jejaring/pack.h"

#include "base/clock.h"
#include "schema/audience.h"
#include "json/load.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#ifndef JJ_VERSION
#define JJ_VERSION "0.0.0"
#endif

static json_t *string_list(const char *const *list)
{
    json_t *array = json_array();
    for (; array && list && *list; list++) {
        array = jj_json_append(array, json_string(*list));
    }
    return array;
}

static json_t *audience_list(uint32_t audiences)
{
    json_t *array = json_array();
    for (unsigned i = 0; array && i < JJ_AUDIENCES; i++) {
        const char *name = audiences & 1u << i ? jj_audience_name(1u << i) : NULL;
        if (name) {
            array = jj_json_append(array, json_string(name));
        }
    }
    return array;
}

static json_t *number_text(uint64_t number)
{
    return json_sprintf("%llu", (unsigned long long)number);
}

void jj_reply_json(const jj_request *request, json_t *result)
{
    char *text = result ? jj_json_text(result, JSON_COMPACT) : NULL;
    if (text) {
        jj_request_reply(request, "OK", text, strlen(text));
    } else {
        jj_error err;
        jj_fail(&err, JJ_EMEMORY, "out of memory");
        jj_request_fail(request, &err);
    }
    free(text);
    json_decref(result);
}

/* Types that a reader could be shown anything of. */
static json_t *fetchable(const jj_hub *hub, const jj_rights *rights)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < jj_catalogue_count(hub->catalogue); i++) {
        const jj_type *type = jj_catalogue_at(hub->catalogue, i);
        bool sees = (rights->audiences & JJ_AUDIENCE_NODE) || jj_rights_publish(rights, type->name);
        for (size_t p = 0; p < type->property_count && !sees; p++) {
            sees = type->properties[p].audience & rights->audiences;
        }
        if (sees) {
            array = jj_json_append(array, json_string(type->name));
        }
    }
    return array;
}

static json_t *publishable(const jj_hub *hub, const jj_rights *rights)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < jj_catalogue_count(hub->catalogue); i++) {
        const jj_type *type = jj_catalogue_at(hub->catalogue, i);
        if (jj_rights_publish(rights, type->name)) {
            array = jj_json_append(array, json_string(type->name));
        }
    }
    return array;
}

void jj_hub_hello(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    char mark[JJ_KEY_MARK_SIZE];
    const jj_rights *rights = request->rights;
    json_t *origin = jj_hub_greet_node(hub, request, &err);
    if (!origin) {
        jj_request_fail(request, &err);
        return;
    }
    jj_person_key_mark(hub->secrets.person_key, mark);
    jj_reply_json(
        request,
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:s*, s:[s], "
                  "s:{s:i, s:i, s:i, s:i, s:i, s:i}}",
                  "protocol", JJ_PROTOCOL, "node", hub->config->node, "region", hub->config->region,
                  "agency", rights->agency, "audiences", audience_list(rights->audiences),
                  "regions", string_list(rights->regions), "may_publish", publishable(hub, rights),
                  "may_fetch", fetchable(hub, rights), "origin", origin, "journal",
                  jj_journal_id(hub->journal), "head", number_text(jj_journal_head(hub->journal)),
                  "person_key", jj_hub_is_local(hub, rights) ? mark : NULL, "packed", JJ_PACKED,
                  "limits", "frame_bytes", JJ_FRAME_MAX, "events", JJ_EVENTS_MAX, "depth",
                  JJ_JSON_DEPTH_MAX, "message_bytes", JJ_MESSAGE_MAX, "options_bytes",
                  JJ_OPTIONS_MAX, "values", JJ_JSON_VALUES_MAX));
}

/* ---- STATUS ------------------------------------------------------------------------------- */

typedef struct consumer_list {
    const jj_hub *hub;
    json_t *array; /* NULL: there was no memory for all of it */
    uint64_t head;
    bool adds_up;
    int rc;
    jj_error *err;
} consumer_list;

/* What a consumer says about itself, in an entry of its state of this name. */
#define SAYS "status"

static bool take_says(void *arg, const char *key, const char *value)
{
    json_t **entry = arg;
    if (strcmp(key, SAYS) == 0) {
        *entry = jj_json_put(*entry, "says", json_string(value));
    }
    return false;
}

static void add_consumer(void *arg, const jj_consumer *consumer)
{
    consumer_list *list = arg;
    uint64_t pending = list->head - consumer->cursor;
    bool adds_up =
        list->head == consumer->delivered + consumer->filtered + consumer->lost + pending;
    char time[JJ_TIME_SIZE];
    jj_time_format(consumer->updated_ms, time);
    list->adds_up = list->adds_up && adds_up;
    json_t *entry =
        json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:s, s:b}", "name", consumer->name, "cursor",
                  number_text(consumer->cursor), "accepted", (json_int_t)list->head, "delivered",
                  (json_int_t)consumer->delivered, "filtered", (json_int_t)consumer->filtered,
                  "lost", (json_int_t)consumer->lost, "pending", (json_int_t)pending, "updated",
                  time, "adds_up", adds_up);
    /* Keys come in order: the first behind this is the one, or there is none. */
    list->rc = list->rc ? list->rc
                        : jj_journal_state_read(list->hub->journal, consumer->id, "statur\x7f\x7f",
                                                take_says, &entry, list->err);
    list->array = jj_json_append(list->array, entry);
}

/* NULL: what failed is in err, unless it is memory that is lacking. */
static json_t *status(jj_hub *hub, jj_error *err)
{
    uint64_t kept, pushed_out;
    jj_counts counts = jj_journal_counts(hub->journal);
    uint64_t head = jj_journal_head(hub->journal);
    bool hub_adds_up = counts.received == counts.accepted + counts.duplicate + counts.rejected;
    consumer_list consumers = {hub, json_array(), head, true, 0, err};
    if (jj_journal_consumers(hub->journal, add_consumer, &consumers, err) || consumers.rc ||
        jj_journal_quarantine_totals(hub->journal, &kept, &pushed_out, err)) {
        json_decref(consumers.array);
        return NULL;
    }
    return json_pack(
        "{s:s, s:s, s:s, s:I, s:{s:o, s:o, s:I, s:b}, s:{s:I, s:I, s:I, s:I, s:b}, s:o, s:{s:I, "
        "s:I},"
        " s:I, s:o, s:b}",
        "node", hub->config->node, "region", hub->config->region, "version", JJ_VERSION, "uptime_s",
        (json_int_t)((jj_monotonic_ms() - hub->started_ms) / 1000), "journal", "head",
        number_text(head), "tail", number_text(jj_journal_tail(hub->journal)), "size_bytes",
        (json_int_t)jj_journal_size(hub->journal), "failed", jj_journal_failed(hub->journal),
        "balance", "received", (json_int_t)counts.received, "accepted", (json_int_t)counts.accepted,
        "duplicate", (json_int_t)counts.duplicate, "rejected", (json_int_t)counts.rejected,
        "adds_up", hub_adds_up, "consumers", consumers.array, "quarantine", "kept",
        (json_int_t)kept, "pushed_out", (json_int_t)pushed_out, "waiting",
        (json_int_t)hub->waiter_count, "nodes", jj_hub_list_nodes(hub, err), "adds_up",
        hub_adds_up && consumers.adds_up);
}

bool jj_hub_is_admin(const jj_request *request)
{
    jj_error err;
    if (!request->rights->admin) {
        jj_fail(&err, JJ_EFORBIDDEN, "only the local administrator may ask for this");
        jj_request_fail(request, &err);
    }
    return request->rights->admin;
}

/* How long the oldest event that a consumer has not passed has been there. */
static bool add_lags(const jj_hub *hub, const json_t *consumers)
{
    size_t i;
    json_t *consumer;
    bool whole = true;
    json_array_foreach(consumers, i, consumer)
    {
        bool pending = json_integer_value(json_object_get(consumer, "pending")) > 0;
        const char *cursor = json_string_value(json_object_get(consumer, "cursor"));
        int64_t since_ms =
            pending ? jj_journal_recorded(hub->journal, strtoull(cursor, NULL, 10)) : 0;
        int64_t lag_ms = since_ms ? jj_now_ms() - since_ms : 0;
        json_t *lag = json_integer(lag_ms > 0 ? lag_ms : 0);
        whole = json_object_set_new(consumer, "lag_ms", lag) == 0 && whole;
    }
    return whole;
}

static bool add_disk(const jj_hub *hub, json_t *journal)
{
    struct statvfs disk;
    json_t *limit = json_integer(hub->config->hub.retention_bytes);
    bool whole = json_object_set_new(journal, "limit_bytes", limit) == 0;
    if (whole && statvfs(hub->config->state, &disk) == 0) {
        json_t *free_bytes = json_integer((json_int_t)(disk.f_bavail * disk.f_frsize));
        json_t *disk_bytes = json_integer((json_int_t)(disk.f_blocks * disk.f_frsize));
        whole = json_object_set_new(journal, "free_bytes", free_bytes) == 0;
        whole = json_object_set_new(journal, "disk_bytes", disk_bytes) == 0 && whole;
    }
    return whole;
}

void jj_hub_status(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    if (!jj_hub_is_admin(request)) {
        return;
    }
    json_t *told = status(hub, &err);
    if (err.code) {
        jj_request_fail(request, &err);
        json_decref(told);
        return;
    }
    if (told && !(add_lags(hub, json_object_get(told, "consumers")) &&
                  add_disk(hub, json_object_get(told, "journal")))) {
        json_decref(told);
        told = NULL;
    }
    jj_reply_json(request, told);
}
