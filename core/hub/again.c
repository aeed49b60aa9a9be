/* Events that a consumer put aside and that an administrator has it given once more. They come in
 * an answer of their own to a FETCH by its name, at a moment when it has nothing under way: its
 * cursor stays where it is, and with its next COMMIT they are done. */
#include "hub/internal.h"

#include "base/clock.h"
#include "event/key.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES (512 * 1024)
#define AGAIN_MS   60000

struct jj_again {
    struct jj_again *next;
    int64_t number; /* of the entry in quarantine */
    char *consumer;
    int64_t sent_ms;       /* monotonic; 0: it was not */
    unsigned char key[16]; /* of the event, once it is sent */
};

static void note(void *arg, int64_t number, const char *consumer)
{
    jj_hub *hub = arg;
    jj_again *again = calloc(1, sizeof *again);
    if (!again || !(again->consumer = strdup(consumer))) {
        free(again);
        jj_log(JJ_ERROR, "out of memory: an event is given to %s again after a restart only",
               consumer);
        return;
    }
    again->number = number;
    again->next = hub->again;
    hub->again = again;
}

void jj_hub_load_retries(jj_hub *hub)
{
    jj_error err;
    if (jj_journal_quarantine_retries(hub->journal, note, hub, &err)) {
        jj_log_error(JJ_ERROR, "what is to be given to consumers again is not", &err);
    }
}

static void remove_one(jj_again **at)
{
    jj_again *again = *at;
    *at = again->next;
    free(again->consumer);
    free(again);
}

void jj_hub_forget_retries(jj_hub *hub)
{
    while (hub->again) {
        remove_one(&hub->again);
    }
}

int jj_hub_retry_later(jj_hub *hub, int64_t number, const char *consumer, jj_error *err)
{
    jj_consumer there;
    int rc = jj_journal_consumer(hub->journal, consumer, &there);
    if (rc == JJ_ENOTFOUND) {
        return jj_fail(err, JJ_EINVALID,
                       "the consumer that put this aside is not there any more: drop the entry");
    }
    if (rc) {
        return jj_fail(err, JJ_EUNAVAILABLE, "the journal cannot be read");
    }
    for (const jj_again *again = hub->again; again; again = again->next) {
        if (again->number == number) {
            return 0;
        }
    }
    jj_journal_quarantine_retry(hub->journal, number, true);
    note(hub, number, consumer);
    return 0;
}

/* ---- Giving it ---------------------------------------------------------------------------- */

typedef struct owner {
    char name[JJ_ATTRIBUTE_MAX + 1];
} owner;

static bool take_owner(void *arg, const jj_record *record)
{
    owner *o = arg;
    snprintf(o->name, sizeof o->name, "%s", record->owner);
    return false;
}

/* The stored text is all that is left of an event which retention has removed; then nobody is its
 * owner. */
static int find_owner(jj_hub *hub, const unsigned char key[16], owner *found)
{
    uint64_t cursor = 0;
    int rc = jj_journal_find(hub->journal, key, &cursor);
    found->name[0] = '\0';
    if (rc == 0) {
        rc = jj_journal_read(hub->journal, cursor - 1, cursor, false, take_owner, found, NULL);
    }
    return rc == JJ_ENOTFOUND ? 0 : rc;
}

static const char *attribute(const json_t *event, const char *name)
{
    const char *text = jj_json_string(event, name);
    return text ? text : "";
}

/* Appends what this reader may see of the event now. JJ_ENOTFOUND: nothing. */
static int add_view(jj_hub *hub, const jj_rights *rights, jj_again *again, const json_t *event,
                    jj_buf *text, jj_buf *out)
{
    owner found;
    int64_t time_ms;
    const char *time = attribute(event, "time"), *source = attribute(event, "source");
    const char *id = attribute(event, "id"), *name = attribute(event, "type");
    const jj_type *type = jj_catalogue_find(hub->catalogue, name, strlen(name));
    if (!type || !jj_time_parse(time, strlen(time), &time_ms)) {
        return JJ_ENOTFOUND;
    }
    jj_event_key(time_ms, source, strlen(source), id, strlen(id), again->key);
    if (find_owner(hub, again->key, &found)) {
        return JJ_EUNAVAILABLE;
    }
    const jj_record record = {.type = type->name,
                              .region = attribute(event, "region"),
                              .owner = found.name,
                              .recipient = attribute(event, "recipient"),
                              .subject = attribute(event, "subject"),
                              .text = {text->data, text->size}};
    if (!jj_hub_may_see(hub, rights, &record)) {
        return JJ_ENOTFOUND;
    }
    jj_hub_write_view(hub, rights, &record, out);
    return out->failed ? JJ_EMEMORY : 0;
}

typedef struct giving {
    jj_hub *hub;
    const jj_rights *rights;
    jj_again *again;
    jj_buf view;
    int rc;
} giving;

static bool view_entry(void *arg, const jj_quarantined *entry)
{
    giving *g = arg;
    jj_buf text = {0};
    json_t *event = NULL;
    if (entry->number == g->again->number) {
        g->rc = jj_unseal(&g->hub->secrets, "quarantine", entry->agency, entry->sealed, &text);
        g->rc = g->rc ? g->rc : jj_json_load(&event, text.data, text.size, JJ_FRAME_MAX, NULL);
        g->rc = g->rc ? g->rc : add_view(g->hub, g->rights, g->again, event, &text, &g->view);
    }
    json_decref(event);
    jj_buf_clear(&text);
    return false;
}

/* Appends it to the answer. JJ_EMEMORY, JJ_EUNAVAILABLE: not now; else it is gone, or there is
 * nothing for this reader any more. */
static int add_one(jj_hub *hub, const jj_rights *rights, jj_again *again, jj_message *answer)
{
    giving g = {.hub = hub, .rights = rights, .again = again, .rc = JJ_ENOTFOUND};
    int rc = jj_journal_quarantine_read(hub->journal, again->number - 1, view_entry, &g, NULL);
    rc = rc ? rc : g.rc;
    rc = rc ? rc : jj_message_add(answer, g.view.data, g.view.size);
    jj_buf_clear(&g.view);
    return rc;
}

static bool stands_at(jj_hub *hub, const char *name, uint64_t cursor)
{
    jj_consumer consumer;
    return jj_journal_consumer(hub->journal, name, &consumer) == 0 && consumer.cursor == cursor;
}

/* Nobody knows whether an answer arrived: without a COMMIT it is given again after a while. */
static bool is_under_way(const jj_again *again)
{
    return again->sent_ms && jj_monotonic_ms() - again->sent_ms <= AGAIN_MS;
}

/* One answer at a time: a COMMIT does not say which of two it is for. */
static bool has_under_way(const jj_hub *hub, const char *consumer)
{
    for (const jj_again *again = hub->again; again; again = again->next) {
        if (is_under_way(again) && strcmp(again->consumer, consumer) == 0) {
            return true;
        }
    }
    return false;
}

/* The events, as a message that lacks its head. */
static size_t collect(jj_hub *hub, const jj_rights *rights, const char *consumer,
                      jj_message *events)
{
    size_t bytes = 0;
    for (jj_again **at = &hub->again; *at;) {
        jj_again *again = *at;
        bool mine = strcmp(again->consumer, consumer) == 0;
        if (mine && bytes < PAGE_BYTES && events->count < JJ_EVENTS_MAX) {
            int rc = add_one(hub, rights, again, events);
            if (rc == 0) {
                again->sent_ms = jj_monotonic_ms();
                bytes += jj_message_frame(events, events->count - 1).size_bytes;
            } else if (rc != JJ_EMEMORY && rc != JJ_EUNAVAILABLE) {
                jj_journal_begin(hub->journal);
                jj_journal_quarantine_retry(hub->journal, again->number, false);
                remove_one(at);
                continue;
            }
        }
        at = &again->next;
    }
    return events->count;
}

bool jj_hub_redeliver(jj_hub *hub, const jj_request *request, const char *name, uint64_t after)
{
    char full[sizeof((jj_consumer *)0)->name], result[160];
    jj_message events = {0}, answer = {0};
    jj_return_path path = {0};
    if (!hub->again || jj_journal_failed(hub->journal) ||
        (size_t)snprintf(full, sizeof full, "%s/%s", request->rights->agency, name) >=
            sizeof full) {
        return false;
    }
    bool given = stands_at(hub, full, after) && !has_under_way(hub, full) &&
                 collect(hub, request->rights, full, &events) > 0 &&
                 jj_return_path_copy(&path, request);
    if (given) {
        int length = snprintf(result, sizeof result,
                              "{\"cursor\":\"%llu\",\"count\":%zu,\"behind\":%llu,\"again\":true}",
                              (unsigned long long)after, events.count,
                              (unsigned long long)(jj_journal_head(hub->journal) - after));
        jj_return_path_start(&path, &answer, "EVENTS", result, (size_t)length);
        for (size_t i = 0; i < events.count; i++) {
            jj_bytes event = jj_message_frame(&events, i);
            jj_message_add(&answer, event.data, event.size_bytes);
        }
        jj_return_path_send(&path, &answer);
    }
    jj_return_path_clear(&path);
    jj_message_clear(&answer);
    jj_message_clear(&events);
    return given;
}

/* ---- Done --------------------------------------------------------------------------------- */

static bool is_rejected(const json_t *list, const unsigned char key[16])
{
    char hex[33];
    jj_hex(key, 16, hex);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *given = jj_json_string(json_array_get(list, i), "key");
        if (given && strcasecmp(given, hex) == 0) {
            return true;
        }
    }
    return false;
}

void jj_hub_redelivered(jj_hub *hub, const jj_request *request, const jj_consumer *consumer)
{
    const json_t *rejected = json_object_get(request->options, "rejected");
    bool more = false;
    for (jj_again **at = &hub->again; *at;) {
        jj_again *again = *at;
        bool mine = strcmp(again->consumer, consumer->name) == 0;
        if (!mine || !again->sent_ms) {
            more = more || mine;
            at = &again->next;
            continue;
        }
        /* Put aside once more it gets a new entry, with the new reason, as long as the journal
         * still has the event; else the old one is all that there is. */
        uint64_t cursor = 0;
        if (is_rejected(rejected, again->key) &&
            (jj_journal_find(hub->journal, again->key, &cursor) ||
             cursor < jj_journal_tail(hub->journal))) {
            jj_journal_quarantine_retry(hub->journal, again->number, false);
        } else {
            jj_journal_quarantine_drop(hub->journal, again->number);
        }
        remove_one(at);
    }
    if (more) {
        jj_hub_dismiss_consumer(hub, consumer->name);
    }
}
