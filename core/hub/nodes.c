/* The nodes below, as an administrator sees them, and receipts for what somebody has published. */
#include "hub/internal.h"

#include "base/clock.h"
#include "base/id.h"
#include "schema/audience.h"
#include "json/load.h"

#include <stdlib.h>
#include <string.h>

#define RECEIPTS_MAX 100

/* ---- STATUS ------------------------------------------------------------------------------- */

static json_t *number_text(uint64_t number)
{
    return json_sprintf("%llu", (unsigned long long)number);
}

static json_t *time_or_null(int64_t time_ms)
{
    char text[JJ_TIME_SIZE];
    if (time_ms == 0) {
        return json_null();
    }
    jj_time_format(time_ms, text);
    return json_string(text);
}

static void add_gap(void *arg, uint64_t after, uint64_t upto)
{
    json_t **gaps = arg;
    *gaps = jj_json_append(
        *gaps, json_pack("{s:o, s:o}", "after", number_text(after), "upto", number_text(upto)));
}

static json_t *regions_of(const jj_agency *agency)
{
    json_t *array = json_array();
    for (size_t i = 0; agency && i < agency->regions.count; i++) {
        array = jj_json_append(array, json_string(agency->regions.list[i]));
    }
    return array;
}

/* Other nodes that may report one of this one's regions. */
static json_t *rivals_of(const jj_hub *hub, const jj_agency *agency)
{
    json_t *array = json_array();
    for (size_t i = 0; agency && i < hub->agencies->count; i++) {
        const jj_agency *other = &hub->agencies->list[i];
        bool overlaps = false;
        if (other == agency || !other->node || other->revoked) {
            continue;
        }
        for (size_t k = 0; k < other->regions.count && !overlaps; k++) {
            overlaps = jj_region_covered(agency->regions.list, other->regions.list[k]);
        }
        for (size_t k = 0; k < agency->regions.count && !overlaps; k++) {
            overlaps = jj_region_covered(other->regions.list, agency->regions.list[k]);
        }
        if (overlaps) {
            array = jj_json_append(array, json_string(other->id));
        }
    }
    return array;
}

typedef struct node_list {
    jj_node *list;
    size_t count, capacity;
    bool failed; /* one is missing, for want of memory */
} node_list;

static void collect(void *arg, const jj_node *node)
{
    node_list *l = arg;
    if (l->count == l->capacity) {
        size_t capacity = l->capacity ? 2 * l->capacity : 64;
        jj_node *list = realloc(l->list, capacity * sizeof *list);
        if (!list) {
            l->failed = true;
            return;
        }
        l->list = list;
        l->capacity = capacity;
    }
    l->list[l->count++] = *node;
}

/* NULL: what failed is in err, unless it is memory that is lacking. */
static json_t *describe(jj_hub *hub, const jj_node *node, jj_error *err)
{
    const jj_agency *agency = jj_agencies_find(hub->agencies, node->agency);
    json_t *gaps = json_array();
    json_t *problem =
        node->problem_ms
            ? json_pack("{s:o, s:s}", "at", time_or_null(node->problem_ms), "text", node->problem)
            : json_null();
    if (jj_journal_gaps(hub->journal, node->name, add_gap, &gaps)) {
        jj_fail(err, JJ_EUNAVAILABLE, "the journal cannot be read");
    }
    enum jj_key_told key = jj_hub_key_told(hub, node->agency);
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:b, s:o, s:I, s:o}", "name",
        node->name, "agency", node->agency, "regions", regions_of(agency), "sequence",
        node->begun ? number_text(node->sequence) : json_null(), "contact",
        time_or_null(node->contact_ms), "reported", time_or_null(node->reported_ms), "accepted",
        (json_int_t)node->accepted, "duplicate", (json_int_t)node->duplicate, "rejected",
        (json_int_t)node->rejected, "gaps", gaps, "problem", problem, "blocked", node->blocked,
        "rivals", rivals_of(hub, agency), "quarantined",
        (json_int_t)jj_journal_quarantined(hub->journal, node->agency), "same_person_key",
        key == JJ_KEY_UNTOLD ? json_null() : json_boolean(key == JJ_KEY_SAME));
}

static bool is_collected(const node_list *nodes, const char *name)
{
    for (size_t i = 0; i < nodes->count; i++) {
        if (strcmp(nodes->list[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

json_t *jj_hub_list_nodes(jj_hub *hub, jj_error *err)
{
    node_list nodes = {0};
    json_t *array = json_array();
    if (jj_journal_nodes(hub->journal, collect, &nodes)) {
        jj_fail(err, JJ_EUNAVAILABLE, "the journal cannot be read");
    } else if (nodes.failed) {
        jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    for (size_t i = 0; i < nodes.count; i++) {
        array = jj_json_append(array, describe(hub, &nodes.list[i], err));
    }
    /* And those that have never been heard of. */
    for (size_t i = 0; i < hub->agencies->count; i++) {
        const jj_agency *agency = &hub->agencies->list[i];
        if (agency->node && !agency->revoked && !is_collected(&nodes, agency->node)) {
            jj_node node = {0};
            snprintf(node.name, sizeof node.name, "%s", agency->node);
            snprintf(node.agency, sizeof node.agency, "%s", agency->id);
            array = jj_json_append(array, describe(hub, &node, err));
        }
    }
    free(nodes.list);
    return array;
}

void jj_hub_node_settled(jj_hub *hub, const char *agency)
{
    jj_node node;
    const jj_rights *rights = jj_hub_agency(hub, agency);
    if (!rights || !rights->node || jj_journal_is_quarantined(hub->journal, agency) ||
        jj_journal_node(hub->journal, rights->node, &node) || node.blocked) {
        return;
    }
    node.problem_ms = 0;
    node.problem[0] = '\0';
    jj_journal_node_put(hub->journal, &node);
}

/* ---- FORGET ------------------------------------------------------------------------------- */

void jj_hub_node_forget(jj_hub *hub, const jj_request *request, const char *name)
{
    jj_error err = {0};
    jj_buf result = {0};
    jj_node node;
    int rc = jj_journal_node(hub->journal, name, &node);
    if (rc) {
        jj_fail(&err, rc == JJ_ENOTFOUND ? JJ_EINVALID : JJ_EUNAVAILABLE,
                "node: no node of this name has reported; STATUS lists them");
        jj_request_fail(request, &err);
        return;
    }
    jj_journal_begin(hub->journal);
    jj_journal_node_drop(hub->journal, name);
    hub->claim = (jj_claim){0};
    jj_buf_printf(&result, "{\"sequence\":\"%llu\"}", (unsigned long long)node.sequence);
    jj_hub_hold_ok(hub, request, &result);
    jj_buf_clear(&result);
    jj_log(JJ_NOTICE, "node %s is forgotten at place %llu of its journal; it may report anew", name,
           (unsigned long long)node.sequence);
}

/* ---- RECEIPT ------------------------------------------------------------------------------ */

typedef struct receipt {
    const jj_hub *hub;
    const jj_rights *rights;
    bool mine;
    uint64_t cursor;
    json_t *pending; /* NULL: there was no memory for all of it */
} receipt;

/* A node's own are those, too, that it published under an agency that it was before. */
static bool look(void *arg, const jj_record *record)
{
    receipt *r = arg;
    const jj_agency *owner = jj_agencies_find(r->hub->agencies, record->owner);
    r->mine =
        strcmp(record->owner, r->rights->agency) == 0 ||
        (owner && owner->node && r->rights->node && strcmp(owner->node, r->rights->node) == 0);
    return false;
}

/* The node's own readers of everything: its warehouse. Others answer for themselves. */
static void add_pending(void *arg, const jj_consumer *consumer)
{
    receipt *r = arg;
    char name[sizeof consumer->name];
    snprintf(name, sizeof name, "%s", consumer->name);
    name[strcspn(name, "/")] = '\0';
    const jj_plugin_identity *plugin = jj_hub_plugin(r->hub, name);
    if (plugin && plugin->rights.audiences & JJ_AUDIENCE_NODE && consumer->cursor < r->cursor) {
        r->pending = jj_json_append(r->pending, json_string(consumer->name));
    }
}

/* One whose event is not this agency's, or not there, is left out. */
static int add_receipt(jj_hub *hub, const jj_request *request, const char *hex, json_t **list,
                       jj_error *err)
{
    unsigned char key[16];
    receipt r = {.hub = hub, .rights = request->rights};
    int rc = hex && jj_unhex(hex, strlen(hex), key, sizeof key)
                 ? jj_journal_find(hub->journal, key, &r.cursor)
                 : JJ_ENOTFOUND;
    if (rc == JJ_ENOTFOUND) {
        return 0;
    }
    if (rc) {
        return jj_fail(err, rc, "the journal cannot be read");
    }
    rc = jj_journal_read(hub->journal, r.cursor - 1, r.cursor, false, look, &r, err);
    if (rc || !r.mine) {
        return rc;
    }
    r.pending = json_array();
    rc = jj_journal_consumers(hub->journal, add_pending, &r, err);
    *list = jj_json_append(*list, json_pack("{s:s, s:o, s:o}", "key", hex, "cursor",
                                            number_text(r.cursor), "pending", r.pending));
    return rc;
}

void jj_hub_receipt(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    const json_t *keys = json_object_get(request->options, "keys");
    json_t *list = json_array();
    int rc = json_is_array(keys) && json_array_size(keys) <= RECEIPTS_MAX
                 ? 0
                 : jj_fail(&err, JJ_EMALFORMED, "keys: a list of at most %d event keys is expected",
                           RECEIPTS_MAX);
    for (size_t i = 0; i < json_array_size(keys) && rc == 0; i++) {
        rc = add_receipt(hub, request, json_string_value(json_array_get(keys, i)), &list, &err);
    }
    if (rc) {
        jj_request_fail(request, &err);
        json_decref(list);
        return;
    }
    jj_reply_json(request, json_pack("{s:o}", "receipts", list));
}
