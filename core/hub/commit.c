#include "hub/internal.h"

#include "base/clock.h"
#include "base/id.h"
#include "event/key.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_PAGE_BYTES (512 * 1024)
#define STATE_MAX_BYTES  (4 * 1024 * 1024) /* of a consumer of an agency */

/* ---- Counting ----------------------------------------------------------------------------- */

typedef struct tally {
    jj_hub *hub;
    const jj_rights *rights;
    const jj_filter *filter;
    uint64_t delivered, filtered, upto;
    bool erasure; /* the consumer has heard that somebody is erased */
    bool sliced;  /* as long as its turn lasts */
} tally;

#define LOOK_EACH 16 /* events between two looks at the clock */

static bool count_one(void *arg, const jj_record *record)
{
    tally *t = arg;
    bool mine =
        jj_filter_wants(t->filter, t->rights, record) && jj_hub_may_see(t->hub, t->rights, record);
    t->delivered += mine;
    t->filtered += !mine;
    t->erasure = t->erasure || strcmp(record->type, "person.erased") == 0;
    t->upto = record->cursor;
    return !t->sliced || record->cursor % LOOK_EACH || !jj_hub_slice_is_over(t->hub);
}

/* A consumer that passes very many events at once has them counted in several turns, before
 * anything is done. True once that is so, or a refusal is all that is to come. */
static bool count_ahead(jj_hub *hub, const jj_request *request)
{
    static const jj_filter everything;
    jj_job *job = request->job;
    jj_consumer consumer;
    const jj_consumer_filter *known = NULL;
    const char *name;
    uint64_t cursor;
    bool given;
    jj_error err;
    if (jj_option_name(request->options, true, &name, &err) ||
        jj_option_cursor(request->options, "cursor", &given, &cursor, &err) || !given ||
        cursor > jj_journal_head(hub->journal)) {
        return true;
    }
    if (jj_hub_consumer(hub, request->rights, name, false, &consumer, &err) == 0) {
        known = jj_hub_find_filter(hub, &consumer);
    } else {
        consumer.cursor = jj_journal_tail(hub->journal) - 1; /* there it will begin */
    }
    if (job->upto == 0) {
        job->from = job->upto = consumer.cursor;
    }
    if (job->from != consumer.cursor || cursor <= job->upto) {
        return true;
    }
    tally t = {.hub = hub,
               .rights = request->rights,
               .filter = known ? &known->filter : &everything,
               .upto = job->upto,
               .sliced = true};
    if (jj_journal_read(hub->journal, job->upto, cursor, false, count_one, &t, NULL)) {
        return true;
    }
    job->delivered += t.delivered;
    job->filtered += t.filtered;
    job->erasure = job->erasure || t.erasure;
    bool whole = t.upto == job->upto || t.upto == cursor; /* nothing there: it is done below */
    job->upto = t.upto;
    return whole;
}

/* Moves a consumer forward and counts what it passed, event by event, under the filter with which
 * it last fetched. A cursor that lies behind leaves it where it is. */
static int move(jj_hub *hub, const jj_request *request, jj_consumer *consumer, uint64_t cursor,
                jj_error *err)
{
    static const jj_filter everything;
    const jj_consumer_filter *known = jj_hub_find_filter(hub, consumer);
    const jj_job *job = request->job;
    tally t = {.hub = hub,
               .rights = request->rights,
               .filter = known ? &known->filter : &everything,
               .upto = consumer->cursor};
    if (cursor <= consumer->cursor) {
        return 0;
    }
    if (job->upto > consumer->cursor && job->from == consumer->cursor) {
        t.delivered = job->delivered;
        t.filtered = job->filtered;
        t.erasure = job->erasure;
        t.upto = job->upto;
    }
    int rc = t.upto < cursor
                 ? jj_journal_read(hub->journal, t.upto, cursor, false, count_one, &t, err)
                 : 0;
    if (rc == 0) {
        consumer->cursor = cursor;
        consumer->delivered += t.delivered;
        consumer->filtered += t.filtered;
        jj_journal_consumer_move(hub->journal, consumer);
    }
    /* With this commit it may delete what it knew: of that, too, no byte is to stay. */
    hub->scrub = hub->scrub || t.erasure;
    return rc;
}

/* ---- COMMIT ------------------------------------------------------------------------------- */

static int check_state(const json_t *state, jj_error *err)
{
    const char *key;
    json_t *value;
    if (state && !json_is_object(state)) {
        return jj_fail(err, JJ_EMALFORMED, "state: an object is expected");
    }
    json_object_foreach((json_t *)state, key, value)
    {
        if ((unsigned char)*key < ' ' || strlen(key) > 255 ||
            (!json_is_string(value) && !json_is_null(value))) {
            return jj_fail(err, JJ_EMALFORMED,
                           "state: keys of 1 to 255 bytes that begin with a printable one, and "
                           "strings (or null) are expected");
        }
        if (jj_holds_nik(key) ||
            (json_is_string(value) && jj_holds_nik(json_string_value(value)))) {
            return jj_fail(err, JJ_EINVALID, "state: a NIK is not kept; use the person key");
        }
    }
    return 0;
}

/* A key that no event has (any more) is not an error: it may have been erased meanwhile. */
static int check_rejected(const json_t *list, jj_error *err)
{
    unsigned char key[16];
    bool good = !list || json_is_array(list);
    for (size_t i = 0; good && i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i), *reason = json_object_get(entry, "reason");
        const char *hex = jj_json_string(entry, "key");
        good = hex && jj_unhex(hex, strlen(hex), key, sizeof key) &&
               (!reason || json_is_string(reason));
    }
    return good ? 0
                : jj_fail(err, JJ_EMALFORMED,
                          "rejected: a list of {\"key\", \"reason\"} is expected, with the event's "
                          "key in hexadecimal digits");
}

typedef struct room {
    size_t used;
} room;

static bool add_used(void *arg, const char *key, const char *value)
{
    room *r = arg;
    r->used += strlen(key) + strlen(value);
    return r->used <= STATE_MAX_BYTES;
}

/* Retention does not reach the state: an agency's must have an end. What a commit replaces counts
 * until it is replaced; one that only deletes is always taken. */
static int check_room(jj_hub *hub, const jj_request *request, const jj_consumer *consumer,
                      jj_error *err)
{
    room r = {0};
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(request->options, "state"), key, value)
    {
        r.used += json_is_string(value) ? strlen(key) + json_string_length(value) : 0;
    }
    if (r.used == 0 || jj_hub_is_local(hub, request->rights)) {
        return 0;
    }
    int rc = jj_journal_state_read(hub->journal, consumer->id, "", add_used, &r, err);
    return rc == 0 && r.used > STATE_MAX_BYTES
               ? jj_fail(err, JJ_ETOO_LARGE,
                         "state: a consumer's has at most %d MiB; delete what is done with",
                         STATE_MAX_BYTES / (1024 * 1024))
               : rc;
}

/* What tells two events of one commit apart. */
typedef struct identity {
    unsigned char key[16];
    uint64_t digest;
} identity;

static int by_key(const void *a, const void *b)
{
    return memcmp(((const identity *)a)->key, ((const identity *)b)->key, 16);
}

/* Two events of the commit itself may contradict each other, too. */
static int check_identities(identity *list, size_t count, jj_error *err)
{
    qsort(list, count, sizeof *list, by_key);
    for (size_t i = 1; i < count; i++) {
        if (by_key(&list[i - 1], &list[i]) == 0 && list[i - 1].digest != list[i].digest) {
            return jj_fail(err, JJ_ECONFLICT,
                           "two events of the commit have the same source, id and time, and other "
                           "content");
        }
    }
    return 0;
}

/* Every event of a COMMIT must be good before anything of it is done. */
static int check_events(jj_hub *hub, const jj_request *request, jj_error *err)
{
    identity list[JJ_EVENTS_MAX];
    for (size_t i = 0; i < request->event_count; i++) {
        jj_bytes event = jj_request_event(request, i);
        int rc = jj_intake_admit(&hub->intake, request->rights, event.data, event.size_bytes,
                                 jj_now_ms(), &hub->admitted, err);
        const jj_record *record = &hub->admitted.record;
        if (rc == 0 &&
            jj_journal_known(hub->journal, record->key, record->digest) == JJ_KNOWN_CONFLICT) {
            rc =
                jj_fail(err, JJ_ECONFLICT,
                        "an event of the same source, id and time was accepted with other content");
        }
        if (rc) {
            char text[sizeof err->text];
            snprintf(text, sizeof text, "event %zu of the commit: %.400s", i, err->text);
            memcpy(err->text, text, sizeof text);
            return rc;
        }
        memcpy(list[i].key, record->key, sizeof list[i].key);
        list[i].digest = record->digest;
    }
    return check_identities(list, request->event_count, err);
}

/* Nothing is in the way of these events any more; only memory can still run out. */
static int append_events(jj_hub *hub, const jj_request *request, jj_counts *counts, jj_error *err)
{
    for (size_t i = 0; i < request->event_count; i++) {
        jj_bytes event = jj_request_event(request, i);
        int rc = jj_intake_admit(&hub->intake, request->rights, event.data, event.size_bytes,
                                 jj_now_ms(), &hub->admitted, err);
        if (rc) {
            return rc;
        }
        enum jj_known known = jj_hub_append(hub, &hub->admitted);
        counts->received++;
        counts->accepted += known == JJ_KNOWN_NOT;
        counts->duplicate += known != JJ_KNOWN_NOT;
    }
    return 0;
}

typedef struct found_event {
    jj_buf text;
    char type[JJ_ATTRIBUTE_MAX + 1];
} found_event;

static bool take_event(void *arg, const jj_record *record)
{
    found_event *found = arg;
    jj_buf_add(&found->text, record->text.at, record->text.size_bytes);
    snprintf(found->type, sizeof found->type, "%s", record->type);
    return false;
}

/* An event that the consumer could not use, by its key: kept with the consumer's reason, which
 * stands there in clear. */
static void put_event_aside(jj_hub *hub, const jj_request *request, const jj_consumer *consumer,
                            const char *hex, const char *reason)
{
    unsigned char key[16];
    jj_error why;
    found_event found = {0};
    uint64_t cursor = 0;
    int rc = jj_unhex(hex, strlen(hex), key, sizeof key)
                 ? jj_journal_find(hub->journal, key, &cursor)
                 : JJ_ENOTFOUND;
    rc =
        rc ? rc : jj_journal_read(hub->journal, cursor - 1, cursor, true, take_event, &found, &why);
    if (found.text.failed || rc == JJ_EUNAVAILABLE) {
        jj_journal_spoil(hub->journal, "cannot read what is put aside");
    } else if (rc == 0) {
        jj_fail(&why, JJ_EINVALID, "%s",
                !reason                ? "no reason given"
                : jj_holds_nik(reason) ? "the reason given held a NIK and is not kept"
                                       : reason);
        jj_hub_quarantine(hub, request->rights->agency, consumer->name,
                          (jj_bytes){found.text.data ? found.text.data : "", found.text.size},
                          found.type, &why);
    }
    jj_buf_clear(&found.text);
}

static void put_aside(jj_hub *hub, const jj_request *request, const jj_consumer *consumer)
{
    const json_t *list = json_object_get(request->options, "rejected");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        put_event_aside(hub, request, consumer, jj_json_string(entry, "key"),
                        jj_json_string(entry, "reason"));
    }
}

static int prepare(jj_hub *hub, const jj_request *request, jj_consumer *consumer, uint64_t *cursor,
                   jj_error *err)
{
    bool given;
    const char *name;
    int rc = jj_option_name(request->options, true, &name, err);
    rc = rc ? rc : jj_option_cursor(request->options, "cursor", &given, cursor, err);
    rc = rc ? rc : check_state(json_object_get(request->options, "state"), err);
    rc = rc ? rc : check_rejected(json_object_get(request->options, "rejected"), err);
    if (rc == 0 && given && *cursor > jj_journal_head(hub->journal)) {
        rc = jj_fail(err, JJ_EINVALID, "cursor: beyond the newest event");
    }
    rc = rc ? rc : check_events(hub, request, err);
    /* Last: a commit that is refused makes no consumer, which would hold up retention for ever. */
    rc = rc ? rc : jj_hub_consumer(hub, request->rights, name, true, consumer, err);
    rc = rc ? rc : check_room(hub, request, consumer, err); /* a new one has room */
    if (rc == 0 && !given) {
        *cursor = consumer->cursor; /* state and events alone: from a timer, say */
    }
    return rc;
}

/* The state of a commit whose cursor lies behind is older than what is stored: it comes from a
 * process that was replaced, or is sent again although later ones were committed. */
static void put_state(jj_hub *hub, const jj_request *request, const jj_consumer *consumer,
                      uint64_t cursor)
{
    const char *key;
    json_t *value;
    if (cursor < consumer->cursor) {
        return;
    }
    json_object_foreach(json_object_get(request->options, "state"), key, value)
    {
        jj_journal_state_put(hub->journal, consumer->id, key, json_string_value(value));
    }
}

/* Whoever commits a cursor has the answer to which it belongs, and what that said. */
static void heard(jj_hub *hub, const jj_request *request, const jj_consumer *consumer, bool stays)
{
    if (consumer->untold) {
        jj_journal_consumer_told(hub->journal, consumer);
    }
    /* The answer with what is given again may be lost, and another one be what is committed. */
    if (stays) {
        jj_hub_redelivered(hub, request, consumer);
    }
}

void jj_hub_commit(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    jj_buf result = {0};
    jj_consumer consumer;
    jj_counts counts = {0};
    uint64_t cursor = 0;
    if (jj_journal_failed(hub->journal)) {
        jj_fail(&err, JJ_EUNAVAILABLE, "the hub cannot store at the moment; try again later");
        jj_request_fail(request, &err);
        return;
    }
    if (!count_ahead(hub, request)) {
        request->job->more = true;
        return;
    }
    jj_journal_begin(hub->journal);
    int rc = prepare(hub, request, &consumer, &cursor, &err);
    /* Events first: should memory run out among them, the cursor has not moved, and the commit that
     * is sent again finds duplicates. */
    rc = rc ? rc : append_events(hub, request, &counts, &err);
    jj_journal_count(hub->journal, &counts);
    bool stays = rc == 0 && cursor == consumer.cursor;
    rc = rc ? rc : move(hub, request, &consumer, cursor, &err);
    if (rc) {
        jj_request_fail(request, &err);
        return;
    }
    put_state(hub, request, &consumer, cursor);
    if (json_object_get(request->options, "cursor")) {
        heard(hub, request, &consumer, stays);
    }
    put_aside(hub, request, &consumer);
    jj_buf_printf(&result, "{\"cursor\":\"%llu\",\"accepted\":%llu,\"duplicate\":%llu}",
                  (unsigned long long)consumer.cursor, (unsigned long long)counts.accepted,
                  (unsigned long long)counts.duplicate);
    jj_hub_hold_ok(hub, request, &result);
    jj_buf_clear(&result);
}

/* ---- STATE -------------------------------------------------------------------------------- */

typedef struct state_page {
    jj_buf out;
    const char *prefix;
    bool first, more;
} state_page;

static bool add_entry(void *arg, const char *key, const char *value)
{
    state_page *p = arg;
    if (strcmp(key, JJ_FILTER_KEY) == 0) {
        return true; /* ours */
    }
    if (strncmp(key, p->prefix, strlen(p->prefix)) != 0) {
        /* Keys come in order: behind the prefix's range nothing can match any more. */
        return strcmp(key, p->prefix) < 0;
    }
    /* At least one entry, and no more than fits into a frame: a text may grow sixfold when it is
     * escaped, but those of plugins are JSON and keys. */
    if (!p->first && p->out.size + strlen(key) + strlen(value) > STATE_PAGE_BYTES) {
        p->more = true;
        return false;
    }
    if (!p->first) {
        jj_buf_putc(&p->out, ',');
    }
    p->first = false;
    jj_buf_json_z(&p->out, key);
    jj_buf_putc(&p->out, ':');
    jj_buf_json_z(&p->out, value);
    return true;
}

/* Whose state: one of the reader's own consumers; an administrator may name anybody's. */
static int state_of(jj_hub *hub, const jj_request *request, jj_consumer *consumer, jj_error *err)
{
    const char *name, *full = jj_json_string(request->options, "consumer");
    if (full && request->rights->admin) {
        int found = jj_journal_consumer(hub->journal, full, consumer);
        return found == JJ_ENOTFOUND
                   ? jj_fail(err, JJ_EINVALID, "there is no consumer of this name")
               : found ? jj_fail(err, found, "the journal cannot be read")
                       : 0;
    }
    int rc = jj_option_name(request->options, true, &name, err);
    return rc ? rc : jj_hub_consumer(hub, request->rights, name, true, consumer, err);
}

void jj_hub_state(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    const char *after = jj_json_string(request->options, "after");
    const char *prefix = jj_json_string(request->options, "prefix");
    jj_consumer consumer;
    state_page p = {.prefix = prefix ? prefix : "", .first = true};
    jj_buf_puts(&p.out, "{\"state\":{");
    int rc = state_of(hub, request, &consumer, &err);
    rc = rc ? rc
            : jj_journal_state_read(hub->journal, consumer.id, after ? after : "", add_entry, &p,
                                    &err);
    jj_buf_printf(&p.out, "},\"more\":%s,\"cursor\":\"%llu\"}", p.more ? "true" : "false",
                  rc ? 0ull : (unsigned long long)consumer.cursor);
    if (rc == 0 && p.out.failed) {
        rc = jj_fail(&err, JJ_EMEMORY, "out of memory");
    }
    if (rc) {
        jj_request_fail(request, &err);
    } else {
        jj_request_reply(request, "OK", p.out.data, p.out.size);
    }
    jj_buf_clear(&p.out);
}
