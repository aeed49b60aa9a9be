/* What another hub has accepted and passes on: from a node below (an agency whose file names it),
 * whose messages follow one another without gap, or from one above, through a plugin. */
#include "hub/internal.h"

#include "base/clock.h"
#include "base/text.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMPLAIN_MS 60000

/* ---- Problems ----------------------------------------------------------------------------- */

/* Keeps it where STATUS shows it. Within a transaction. */
static void note_problem(jj_hub *hub, jj_node *node, const jj_error *why)
{
    node->problem_ms = jj_now_ms();
    snprintf(node->problem, sizeof node->problem, "%.390s", why->text);
    jj_journal_begin(hub->journal);
    jj_journal_node_put(hub->journal, node);
}

/* A whole message, or a HELLO, that is refused: said once in a while, since it is tried again. */
static int refuse_node(jj_hub *hub, jj_node *node, const jj_error *why)
{
    bool again = node->problem_ms && strncmp(node->problem, why->text, 390) == 0;
    if (!again || jj_throttle_pass(&hub->node_refusal, COMPLAIN_MS, NULL)) {
        jj_log(JJ_ERROR, "nothing is taken from node %s: %s; it keeps its events and tries again",
               node->name, why->text);
    }
    note_problem(hub, node, why);
    return why->code;
}

/* ---- Who reports -------------------------------------------------------------------------- */

bool jj_plain_name(const char *text)
{
    size_t length =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    return length > 0 && length <= JJ_NODE_NAME_MAX && text[length] == '\0';
}

/* The record of the node that this agency is, made if need be. Refuses a name that is not the
 * agency's, and one that another key has used. */
static int identify(jj_hub *hub, const jj_rights *rights, const char *said, jj_node *node,
                    jj_error *err)
{
    int rc = jj_journal_node(hub->journal, rights->node, node);
    if (rc == JJ_EUNAVAILABLE) {
        return jj_fail(err, rc, "the journal cannot be read");
    }
    if (rc == JJ_ENOTFOUND) {
        *node = (jj_node){0};
        snprintf(node->name, sizeof node->name, "%s", rights->node);
        snprintf(node->agency, sizeof node->agency, "%s", rights->agency);
    }
    node->contact_ms = jj_now_ms();
    if (strcmp(node->agency, rights->agency) != 0) {
        jj_fail(err, JJ_ECONFLICT,
                "agency %s reports as node %s, which %s has done before with a key of its own: two "
                "agencies' files name the same node. If %s has taken its place, `jejaringctl node "
                "forget %s` lets it begin anew",
                rights->agency, node->name, node->agency, rights->agency, node->name);
        return refuse_node(hub, node, err);
    }
    if (strcmp(said, rights->node) != 0) {
        jj_fail(
            err, JJ_EFORBIDDEN,
            "this key is that of node %s, and its sender says it is node \"%.64s\": a wrong key, "
            "or a wrong `node:` in its configuration",
            rights->node, jj_plain_name(said) ? said : "?");
        return refuse_node(hub, node, err);
    }
    return 0;
}

static void field_origin(jj_error *err)
{
    snprintf(err->field, sizeof err->field, "/origin");
}

/* A journal only grows: one that ends before the place up to which it has reported is not what it
 * was. Found before an event takes the place of another. */
static int check_head(jj_hub *hub, const jj_request *request, jj_node *node, jj_error *err)
{
    bool given;
    uint64_t head;
    const json_t *origin = json_object_get(request->options, "origin");
    int rc = jj_option_cursor(origin, "head", &given, &head, err);
    if (rc == 0 && node->blocked) {
        rc = jj_fail(err, JJ_ECONFLICT, "%s", node->problem);
    }
    if (rc || !given || !node->begun || head >= node->sequence) {
        return rc;
    }
    node->blocked = true;
    jj_fail(
        err, JJ_ECONFLICT,
        "the journal of node %s ends at %llu, and has reported up to %llu: it was restored from "
        "an older copy, or made anew. What is here stays; when that is settled, `jejaringctl "
        "node forget %s` lets it report anew",
        node->name, (unsigned long long)head, (unsigned long long)node->sequence, node->name);
    return refuse_node(hub, node, err);
}

/* Of nodes of this one's own province: one below a ministry has a key of its province's. Nothing is
 * refused for it. */
static void compare_key(jj_hub *hub, const jj_request *request)
{
    char own[JJ_KEY_MARK_SIZE];
    const char *const here[] = {hub->config->region, NULL};
    const jj_rights *rights = request->rights;
    jj_account *account = request->account;
    const char *mark = jj_json_string(json_object_get(request->options, "origin"), "person_key");
    const char *region = rights->regions[0];
    if (!account || !mark || !*mark || !region || !jj_region_covered(here, region)) {
        return;
    }
    jj_person_key_mark(hub->secrets.person_key, own);
    enum jj_key_told told = strcmp(mark, own) == 0 ? JJ_KEY_SAME : JJ_KEY_OTHER;
    if (told == JJ_KEY_OTHER && account->key_told != told &&
        jj_throttle_pass(&hub->node_key, COMPLAIN_MS, NULL)) {
        jj_log(JJ_WARNING,
               "node %s names persons with another person key than this one: whoever is known to "
               "both counts twice, and cannot be asked for here by NIK; the nodes of one province "
               "need one `person_key`, set before the first data arrive",
               rights->node);
    }
    account->key_told = told;
}

json_t *jj_hub_greet_node(jj_hub *hub, const jj_request *request, jj_error *err)
{
    jj_node node;
    const char *said = jj_json_string(json_object_get(request->options, "origin"), "node");
    if (!said) {
        return json_null();
    }
    if (!request->rights->node) {
        jj_fail(err, JJ_EFORBIDDEN, "this agency is not known as a node: its file lacks `node:`");
        field_origin(err);
        return NULL;
    }
    if (identify(hub, request->rights, said, &node, err) || check_head(hub, request, &node, err)) {
        field_origin(err);
        return NULL;
    }
    jj_journal_begin(hub->journal);
    jj_journal_node_put(hub->journal, &node);
    compare_key(hub, request);
    jj_fail(err, JJ_EMEMORY, "out of memory"); /* unless it can be said */
    return json_pack("{s:s, s:o, s:I}", "node", node.name, "sequence",
                     json_sprintf("%llu", (unsigned long long)(node.begun ? node.sequence : 0)),
                     "quarantined",
                     (json_int_t)jj_journal_quarantined(hub->journal, request->rights->agency));
}

/* ---- A message ---------------------------------------------------------------------------- */

static int malformed(jj_error *err, const char *text)
{
    jj_fail(err, JJ_EMALFORMED, "%s", text);
    field_origin(err);
    return JJ_EMALFORMED;
}

static int read_sequences(jj_passing *p, const json_t *list, jj_error *err)
{
    uint64_t last = p->after;
    for (size_t i = 0; i < p->count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        uint64_t *sequence = &p->places[i].sequence;
        if (!text || !jj_parse_u64(text, sequence) || *sequence > INT64_MAX ||
            (p->tracked && (*sequence <= last || *sequence > p->upto))) {
            return malformed(err, "sequences: rising strings of digits behind `after`, up to "
                                  "`upto`, are expected");
        }
        last = *sequence;
    }
    return 0;
}

static int read_option(jj_passing *p, const jj_request *request, const json_t *option,
                       jj_error *err)
{
    bool has_after, has_upto;
    const json_t *list = json_object_get(option, "sequences");
    const char *said = jj_json_string(option, "node");
    p->count = request->event_count;
    if (!said || !jj_plain_name(said) || json_array_size(list) != p->count) {
        return malformed(err, "an object with `node` and, for each event, an entry of `sequences` "
                              "is expected");
    }
    int rc = jj_option_cursor(option, "after", &has_after, &p->after, err);
    rc = rc ? rc : jj_option_cursor(option, "upto", &has_upto, &p->upto, err);
    if (rc == 0 && p->tracked && (!has_after || !has_upto || p->after > p->upto)) {
        rc = malformed(err, "`after` and `upto` are expected");
    }
    snprintf(p->said, sizeof p->said, "%s", said);
    return rc ? rc : read_sequences(p, list, err);
}

/* What tells one event from another at the same place: all of source, id and time. What stands
 * within an event that is no JSON is not looked at further. */
static uint64_t mark_of(jj_passing *p, size_t index, jj_bytes event)
{
    static const unsigned char key[16] = "jejaring origin";
    jj_members walk;
    jj_member member;
    uint64_t mark = 0;
    p->has_origin[index] = false;
    for (jj_members_start(&walk, (jj_span){event.data, event.size_bytes});
         jj_members_next(&walk, &member);) {
        bool counts = jj_span_is(member.name, "source") || jj_span_is(member.name, "id") ||
                      jj_span_is(member.name, "time");
        if (counts) { /* whichever comes first: told apart by the name */
            mark += jj_siphash(key, member.value.at, member.value.size_bytes) *
                    (2 * member.name.size_bytes + (unsigned char)member.name.at[0]);
        }
        p->has_origin[index] = p->has_origin[index] || jj_span_is(member.name, "origin");
    }
    return mark;
}

static int by_sequence(const void *a, const void *b)
{
    const jj_mark *x = a, *y = b;
    return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

/* Compares with what stood at the same place before. */
static void compare_mark(void *arg, const jj_mark *known)
{
    jj_passing *p = arg;
    const jj_mark *here = bsearch(known, p->places, p->count, sizeof *p->places, by_sequence);
    if (here && here->mark == known->mark) {
        p->known++;
    } else if (here && !p->contradiction) {
        p->contradiction = known->sequence;
    }
}

static int contradicted(jj_hub *hub, jj_passing *p, jj_error *err)
{
    p->node.blocked = true;
    jj_fail(
        err, JJ_ECONFLICT,
        "at place %llu of its journal node %s reports another event than before: its journal "
        "was restored from an older copy, or two machines run as this node. What is here stays; "
        "when that is settled, `jejaringctl node forget %s` lets it report anew",
        (unsigned long long)p->contradiction, p->node.name, p->node.name);
    return refuse_node(hub, &p->node, err);
}

/* What is refused of a node waits here, so that nothing is lost; but not without end. */
static int check_waiting(jj_hub *hub, const jj_request *request, jj_passing *p, jj_error *err)
{
    jj_account *account = request->account;
    uint64_t most = (uint64_t)hub->config->hub.quarantine_nodes;
    if (!account || p->count == 0 || (account->counted && account->quarantined < most)) {
        return 0;
    }
    /* Some may have been tried again since, with success. */
    account->quarantined = jj_journal_quarantined(hub->journal, request->rights->agency);
    account->counted = true;
    if (account->quarantined < most) {
        return 0;
    }
    jj_fail(err, JJ_EBUSY,
            "%llu events of node %s wait in the quarantine of %s, and no more are put there "
            "(hub.quarantine_nodes): correct what is wrong or upgrade, then `jejaringctl "
            "quarantine retry all` or `drop`",
            (unsigned long long)account->quarantined, p->node.name, hub->config->node);
    return refuse_node(hub, &p->node, err);
}

/* Nothing of the message is taken unless all of it fits to what the node said before. */
static int check_places(jj_hub *hub, const jj_request *request, jj_passing *p, jj_error *err)
{
    if (p->node.blocked) {
        return jj_fail(err, JJ_ECONFLICT, "%s", p->node.problem);
    }
    for (size_t i = 0; i < p->count; i++) {
        p->places[i].mark = mark_of(p, i, jj_request_event(request, i));
    }
    p->known = 0;
    p->contradiction = 0;
    if (!p->node.begun || p->after >= p->node.sequence) {
        return 0;
    }
    if (jj_journal_marks(hub->journal, p->node.name, p->after, p->upto, compare_mark, p)) {
        return jj_fail(err, JJ_EUNAVAILABLE, "the journal cannot be read");
    }
    return p->contradiction ? contradicted(hub, p, err) : 0;
}

int jj_hub_pass_begin(jj_hub *hub, const jj_request *request, jj_error *err)
{
    jj_passing *p = &hub->passing;
    const json_t *option = json_object_get(request->options, "origin");
    bool plugin = jj_hub_plugin(hub, request->rights->agency) != NULL;
    p->on = false;
    if (!option && !request->rights->node) {
        return 0;
    }
    if (!option) {
        return malformed(err, "this agency is a node: it tells with `origin` where in its journal "
                              "the events stand");
    }
    if (!request->rights->node && !plugin) {
        jj_fail(err, JJ_EFORBIDDEN, "this agency is not known as a node: its file lacks `node:`");
        field_origin(err);
        return JJ_EFORBIDDEN;
    }
    p->tracked = request->rights->node != NULL;
    int rc = read_option(p, request, option, err);
    rc = rc || !p->tracked ? rc : identify(hub, request->rights, p->said, &p->node, err);
    rc = rc || !p->tracked ? rc : check_places(hub, request, p, err);
    rc = rc || !p->tracked ? rc : check_waiting(hub, request, p, err);
    if (rc) {
        field_origin(err);
        return rc;
    }
    for (size_t i = 0; i < p->count && !p->tracked; i++) {
        mark_of(p, i, jj_request_event(request, i));
    }
    p->rights = *request->rights;
    p->rights.node = p->said;
    p->on = true;
    return 0;
}

/* ---- One event ---------------------------------------------------------------------------- */

jj_bytes jj_hub_pass_text(jj_hub *hub, size_t index, jj_bytes event)
{
    jj_passing *p = &hub->passing;
    size_t size = event.size_bytes;
    while (size > 0 && event.data[size - 1] != '}') {
        size--;
    }
    if (!p->on || p->has_origin[index] || size < 3) {
        return event;
    }
    jj_buf_reset(&p->text);
    jj_buf_add(&p->text, event.data, size - 1);
    jj_buf_printf(&p->text, ",\"origin\":\"%s\",\"originsequence\":\"%llu\"}", p->said,
                  (unsigned long long)p->places[index].sequence);
    return p->text.failed ? (jj_bytes){NULL, 0} : (jj_bytes){p->text.data, p->text.size};
}

static int forbidden_at(jj_error *err, const char *field)
{
    snprintf(err->field, sizeof err->field, "%s", field);
    return JJ_EFORBIDDEN;
}

/* An origin that the event brought with it: from farther away than the node that reports it. */
static int check_origin(const jj_hub *hub, const char *said, const jj_admitted *a, jj_error *err)
{
    jj_span value;
    jj_buf text = {0};
    int rc = 0;
    if (jj_span_find(a->record.text, "origin", &value)) {
        bool good = jj_span_unescape(value, &text) && !text.failed && jj_plain_name(text.data);
        const jj_agency *agency = good ? jj_agencies_by_node(hub->agencies, text.data) : NULL;
        if (text.failed) {
            rc = jj_fail(err, JJ_EMEMORY, "out of memory");
        } else if (!good) {
            rc = jj_fail(err, JJ_EFORBIDDEN, "the name of a node is expected");
        } else if (strcmp(text.data, hub->config->node) == 0) {
            rc = jj_fail(err, JJ_EFORBIDDEN,
                         "the event was first accepted here, and is not here any more: what this "
                         "node lost is not taken back from others");
        } else if (agency && strcmp(agency->node, said) != 0) {
            rc = jj_fail(err, JJ_EFORBIDDEN, "node %s reports for itself here, by a key of its own",
                         text.data);
        }
    }
    jj_buf_clear(&text);
    return rc == JJ_EFORBIDDEN ? forbidden_at(err, "/origin") : rc;
}

/* A region is reported by one node: the first that did. */
static int claim_region(jj_hub *hub, const char *node, const char *region, jj_error *err)
{
    if (strcmp(hub->claim.region, region) == 0 && strcmp(hub->claim.node, node) == 0) {
        return 0;
    }
    jj_claim claim = {0};
    int rc = jj_journal_region_node(hub->journal, region, claim.node);
    if (rc == JJ_EUNAVAILABLE) {
        return jj_fail(err, rc, "the journal cannot be read");
    }
    if (rc == JJ_ENOTFOUND) {
        jj_journal_region_claim(hub->journal, region, node);
        snprintf(claim.node, sizeof claim.node, "%s", node);
    }
    if (strcmp(claim.node, node) != 0) {
        jj_fail(err, JJ_EFORBIDDEN,
                "region %s is reported by node %s: two nodes for one region. One of them has to "
                "leave it, or be forgotten (`jejaringctl node forget`)",
                region, claim.node);
        return forbidden_at(err, "/region");
    }
    snprintf(claim.region, sizeof claim.region, "%s", region);
    hub->claim = claim;
    return 0;
}

int jj_hub_pass_again(jj_hub *hub, const jj_rights *rights, const jj_admitted *a, jj_error *err)
{
    int rc = check_origin(hub, rights->node, a, err);
    return rc || !rights->node[0] ? rc : claim_region(hub, rights->node, a->record.region, err);
}

int jj_hub_pass_check(jj_hub *hub, size_t index, const jj_admitted *a, jj_error *err)
{
    const jj_passing *p = &hub->passing;
    int rc = p->on && p->has_origin[index] ? check_origin(hub, p->said, a, err) : 0;
    return rc || !p->on || !p->tracked ? rc
                                       : claim_region(hub, p->node.name, a->record.region, err);
}

/* ---- What remains ------------------------------------------------------------------------- */

void jj_hub_pass_end(jj_hub *hub, const jj_counts *counts, const jj_error *why)
{
    jj_passing *p = &hub->passing;
    jj_node *node = &p->node;
    if (!p->on || !p->tracked) {
        p->on = false;
        return;
    }
    if (node->begun && p->after > node->sequence) {
        jj_log(JJ_WARNING,
               "node %s has gone on behind %llu of its journal, and stood at %llu: what lies "
               "between is missing",
               node->name, (unsigned long long)p->after, (unsigned long long)node->sequence);
        jj_journal_gap_put(hub->journal, node->name, node->sequence, p->after);
    } else if (node->begun && p->after < node->sequence) {
        jj_journal_gap_fill(hub->journal, node->name, p->after, p->upto);
    }
    if (p->count > p->known) {
        jj_journal_marks_put(hub->journal, node->name, p->after, p->upto, p->places, p->count);
    }
    node->sequence = node->begun && node->sequence > p->upto ? node->sequence : p->upto;
    node->begun = true;
    node->reported_ms = p->count ? node->contact_ms : node->reported_ms;
    node->accepted += counts->accepted;
    node->duplicate += counts->duplicate;
    node->rejected += counts->rejected;
    if (counts->rejected) {
        note_problem(hub, node, why);
    } else {
        jj_journal_node_put(hub->journal, node);
    }
    p->on = false;
}
