#include "hub/internal.h"

#include "base/clock.h"
#include "event/key.h"
#include "journal/audit.h"
#include "schema/audience.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCAN_MAX     50000 /* events looked at for one answer, so that nobody waits long */
#define ANSWER_BYTES (2 * 1024 * 1024) /* an answer ends after the event that passes this */
#define WAIT_MAX_MS  60000
#define WAITERS_MAX  4096
#define EVENTS_USUAL 100

/* ---- Filters ------------------------------------------------------------------------------ */

static void free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++) {
        free(list[i]);
    }
    free(list);
}

void jj_filter_clear(jj_filter *filter)
{
    free_list(filter->types);
    free_list(filter->regions);
    *filter = (jj_filter){0};
}

static int parse_list(const json_t *options, const char *name, char ***list, jj_error *err)
{
    const json_t *given = json_object_get(options, name);
    size_t count = json_array_size(given);
    *list = NULL;
    if (!given || json_is_null(given)) {
        return 0;
    }
    if (!json_is_array(given) || count > 256) {
        return jj_fail(err, JJ_EMALFORMED, "%s: a list of at most 256 strings is expected", name);
    }
    char **copy = calloc(count + 1, sizeof *copy);
    for (size_t i = 0; copy && i < count; i++) {
        const char *text = json_string_value(json_array_get(given, i));
        if (!text) {
            free_list(copy);
            return jj_fail(err, JJ_EMALFORMED, "%s: a list of strings is expected", name);
        }
        copy[i] = strdup(text);
    }
    *list = copy;
    return copy ? 0 : jj_fail(err, JJ_EMEMORY, "out of memory");
}

bool jj_filter_parse(const json_t *options, jj_filter *filter, jj_error *err)
{
    *filter = (jj_filter){0};
    if (parse_list(options, "types", &filter->types, err) ||
        parse_list(options, "regions", &filter->regions, err)) {
        jj_filter_clear(filter);
        return false;
    }
    return true;
}

/* What has not the form of a type's name or a region's code is not quoted: it may be anything. */
static bool is_quotable(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    return strspn(text, allowed) == strlen(text) && !jj_holds_nik(text);
}

/* A name that nobody has would wait for ever, without a word: it is refused like a published one.
 */
static int check_filter(const jj_hub *hub, const jj_filter *filter, jj_error *err)
{
    for (size_t i = 0; filter->types && filter->types[i]; i++) {
        const char *name = filter->types[i];
        if (!strchr(name, '*') && !jj_catalogue_find(hub->catalogue, name, strlen(name))) {
            const jj_type *near = jj_catalogue_nearest(hub->catalogue, name);
            return jj_fail(err, JJ_EUNKNOWN_TYPE, "types: there is no event type \"%.60s\"%s%s%s",
                           is_quotable(name) ? name : "...", near ? "; did you mean " : "",
                           near ? near->name : "", near ? "?" : "");
        }
    }
    for (size_t i = 0; filter->regions && filter->regions[i]; i++) {
        const char *code = filter->regions[i];
        if (strcmp(code, "*") != 0 && !jj_region_valid(code)) {
            return jj_fail(err, JJ_EINVALID,
                           "regions: \"%.20s\" is no Kemendagri code: 33 for a province, 33.75 "
                           "(with its dot) for a regency or city",
                           is_quotable(code) ? code : "...");
        }
    }
    return 0;
}

bool jj_filter_wants(const jj_filter *filter, const jj_record *record)
{
    return (!filter->types || jj_type_listed((const char *const *)filter->types, record->type)) &&
           (!filter->regions ||
            jj_region_covered((const char *const *)filter->regions, record->region));
}

/* The consent that counts for this reader; looked up only where it makes a difference. */
static uint32_t consent_for(const jj_hub *hub, const jj_rights *rights, const jj_type *type,
                            const jj_record *record)
{
    return jj_view_asks_consent(type, rights->audiences)
               ? jj_journal_consent(hub->journal, record->subject)
               : 0;
}

bool jj_hub_may_see(const jj_hub *hub, const jj_rights *rights, const jj_record *record)
{
    if (!record->type[0]) {
        return false; /* erased */
    }
    if (rights->audiences & JJ_AUDIENCE_NODE) {
        return true;
    }
    const jj_type *type = jj_catalogue_find(hub->catalogue, record->type, strlen(record->type));
    return type && jj_view_allowed(type, rights, record, consent_for(hub, rights, type, record));
}

/* ---- One page ----------------------------------------------------------------------------- */

typedef struct page {
    jj_hub *hub;
    const char *consumer; /* name, may be empty */
    uint64_t after;
    const jj_rights *rights;
    const jj_filter *filter;
    size_t max_events;
    uint64_t cursor; /* of the last event looked at */
    bool full;       /* the answer has as much as it may have; there may be more */
    size_t scanned, count;
    size_t ends[JJ_EVENTS_MAX];           /* in text */
    jj_buf text;                          /* the events, one behind the other */
    unsigned char bits[SCAN_MAX / 8 + 1]; /* which events were delivered, for the record */
} page;

static void add_view(page *p, const jj_record *record)
{
    if (p->rights->audiences & JJ_AUDIENCE_NODE) {
        jj_buf_add(&p->text, record->text.at, record->text.size_bytes);
        return;
    }
    const jj_type *type = jj_catalogue_find(p->hub->catalogue, record->type, strlen(record->type));
    jj_view_write(type, p->rights, record, consent_for(p->hub, p->rights, type, record), &p->text);
}

static bool visit(void *arg, const jj_record *record)
{
    page *p = arg;
    p->scanned++;
    p->cursor = record->cursor;
    if (jj_filter_wants(p->filter, record) && jj_hub_may_see(p->hub, p->rights, record)) {
        add_view(p, record);
        p->ends[p->count++] = p->text.size;
        uint64_t at = record->cursor - p->after - 1;
        if (at / 8 < sizeof p->bits) {
            p->bits[at / 8] |= (unsigned char)(1u << at % 8);
        }
    }
    p->full = p->count == p->max_events || p->scanned == SCAN_MAX || p->text.size >= ANSWER_BYTES ||
              p->text.failed;
    return !p->full;
}

/* Who received what about a person must be known afterwards: the answer leaves once this is on
 * disk. Plugins that read the stored text are not recorded: they are the node itself. */
static void record_delivery(const page *p)
{
    jj_delivery delivery = {.at_ms = jj_now_ms(),
                            .agency = p->rights->agency,
                            .consumer = p->consumer,
                            .after = p->after,
                            .upto = p->cursor,
                            .bits = p->bits,
                            .bits_size = (size_t)((p->cursor - p->after + 7) / 8)};
    if (delivery.bits_size > sizeof p->bits) {
        delivery.bits_size = sizeof p->bits;
    }
    jj_journal_begin(p->hub->journal);
    jj_journal_deliver(p->hub->journal, &delivery);
}

static void send_page(const page *p, const jj_return_path *path, uint64_t head)
{
    char result[160];
    jj_message answer = {0};
    int length =
        snprintf(result, sizeof result, "{\"cursor\":\"%llu\",\"count\":%zu,\"behind\":%llu}",
                 (unsigned long long)p->cursor, p->count, (unsigned long long)(head - p->cursor));
    jj_return_path_start(path, &answer, "EVENTS", result, (size_t)length);
    for (size_t i = 0; i < p->count; i++) {
        size_t from = i ? p->ends[i - 1] : 0;
        jj_message_add(&answer, p->text.data + from, p->ends[i] - from);
    }
    if (p->count && (p->rights->admin || !(p->rights->audiences & JJ_AUDIENCE_NODE))) {
        record_delivery(p);
        jj_hub_hold(p->hub, path, &answer);
    } else {
        jj_socket_send(path->door->socket, &answer);
    }
    jj_message_clear(&answer);
}

enum fetched {
    FETCHED_ANSWERED,
    FETCHED_NOTHING,
    FETCHED_FAILED
};

/* Answers with what is there. FETCHED_NOTHING: the end was reached without an event, *after was
 * moved there, and (unless `anyway`) nothing was sent. */
static enum fetched answer(jj_hub *hub, const jj_rights *rights, const jj_filter *filter,
                           const char *consumer, uint64_t *after, size_t max_events, bool anyway,
                           const jj_return_path *path, jj_error *err)
{
    uint64_t head = jj_journal_head(hub->journal), tail = jj_journal_tail(hub->journal);
    page *p = calloc(1, sizeof *p);
    enum fetched outcome = FETCHED_FAILED;
    if (!p) {
        jj_fail(err, JJ_EMEMORY, "out of memory");
        return outcome;
    }
    p->hub = hub;
    p->rights = rights;
    p->filter = filter;
    p->consumer = consumer;
    p->max_events = max_events;
    /* What retention has removed is passed: there is nothing to look at, or to record. */
    p->after = p->cursor = *after < tail - 1 ? tail - 1 : *after;
    if (jj_journal_read(hub->journal, p->after, head, true, visit, p, err) == 0) {
        if (!p->full) {
            p->cursor = head;
        }
        if (p->text.failed) {
            jj_fail(err, JJ_EMEMORY, "out of memory");
        } else if (p->count || anyway || p->cursor < head) {
            send_page(p, path, head);
            outcome = FETCHED_ANSWERED;
        } else {
            *after = p->cursor;
            outcome = FETCHED_NOTHING;
        }
    }
    jj_buf_clear(&p->text);
    free(p);
    return outcome;
}

/* ---- The verb ----------------------------------------------------------------------------- */

/* Where to begin: `after` if it is given, else where the named consumer stands, else the oldest
 * event that is kept. */
static int start_of(jj_hub *hub, const jj_request *request, uint64_t *after, jj_error *err)
{
    bool given;
    const char *name;
    jj_consumer consumer;
    uint64_t head = jj_journal_head(hub->journal);
    int rc = jj_option_cursor(request->options, "after", &given, after, err);
    rc = rc ? rc : jj_option_name(request->options, false, &name, err);
    if (rc == 0 && name) {
        rc = jj_hub_consumer(hub, request->rights, name, true, &consumer, err);
        if (rc == 0) {
            jj_hub_remember_filter(hub, &consumer, request->options);
        }
    }
    if (rc) {
        return rc;
    }
    if (!given) {
        *after = name ? consumer.cursor : jj_journal_tail(hub->journal) - 1;
    }
    if (*after > head) {
        return jj_fail(err, JJ_EINVALID,
                       "the cursor %llu is beyond the newest event (%llu): this is not the journal "
                       "that gave it, perhaps one restored from a backup",
                       (unsigned long long)*after, (unsigned long long)head);
    }
    return 0;
}

static void wait_for(jj_hub *hub, const jj_request *request, jj_filter *filter,
                     const char *consumer, uint64_t after, size_t max_events, uint64_t wait_ms)
{
    jj_error err;
    jj_waiter *waiter = hub->waiter_count < WAITERS_MAX ? calloc(1, sizeof *waiter) : NULL;
    if (!waiter || !jj_return_path_copy(&waiter->path, request)) {
        free(waiter);
        jj_fail(&err, JJ_EBUSY, "too many readers are waiting; try again later");
        jj_request_fail(request, &err);
        return;
    }
    snprintf(waiter->consumer, sizeof waiter->consumer, "%s", consumer);
    waiter->rights = request->rights;
    waiter->filter = *filter;
    *filter = (jj_filter){0};
    waiter->after = after;
    waiter->max_events = max_events;
    waiter->deadline_ms = jj_monotonic_ms() + (int64_t)wait_ms;
    waiter->next = hub->waiters;
    hub->waiters = waiter;
    hub->waiter_count++;
}

void jj_hub_fetch(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    jj_filter filter = {0};
    jj_return_path path = {0};
    uint64_t after = 0, max_events, wait_ms;
    const char *name = jj_json_string(request->options, "name");
    name = name ? name : "";
    if (jj_option_count(request->options, "max_events", EVENTS_USUAL, JJ_EVENTS_MAX, &max_events,
                        &err) ||
        jj_option_count(request->options, "wait_ms", 0, WAIT_MAX_MS, &wait_ms, &err) ||
        !jj_filter_parse(request->options, &filter, &err) || check_filter(hub, &filter, &err) ||
        start_of(hub, request, &after, &err)) {
        jj_request_fail(request, &err);
        goto out;
    }
    if (max_events == 0) {
        max_events = 1;
    }
    if (!jj_return_path_copy(&path, request)) {
        goto out; /* no memory even for the answer */
    }
    switch (answer(hub, request->rights, &filter, name, &after, max_events, wait_ms == 0, &path,
                   &err)) {
    case FETCHED_ANSWERED:
        break;
    case FETCHED_NOTHING:
        wait_for(hub, request, &filter, name, after, max_events, wait_ms);
        break;
    default:
        jj_request_fail(request, &err);
    }
out:
    jj_return_path_clear(&path);
    jj_filter_clear(&filter);
}

/* ---- Those who wait ----------------------------------------------------------------------- */

static void free_waiter(jj_waiter *waiter)
{
    jj_return_path_clear(&waiter->path);
    jj_filter_clear(&waiter->filter);
    free(waiter);
}

static void refuse(const jj_return_path *path, const jj_error *why)
{
    jj_buf result = {0};
    jj_message answer = {0};
    jj_error_result(why, &result);
    if (!result.failed) {
        jj_return_path_start(path, &answer, "ERROR", result.data, result.size);
        jj_socket_send(path->door->socket, &answer);
    }
    jj_message_clear(&answer);
    jj_buf_clear(&result);
}

static void wake(jj_hub *hub, bool everybody)
{
    uint64_t head = jj_journal_head(hub->journal);
    int64_t now_ms = jj_monotonic_ms();
    for (jj_waiter **at = &hub->waiters; *at;) {
        jj_waiter *waiter = *at;
        bool expired = everybody || now_ms >= waiter->deadline_ms;
        if (!expired && waiter->after >= head) {
            at = &waiter->next;
            continue;
        }
        jj_error err;
        enum fetched outcome =
            answer(hub, waiter->rights, &waiter->filter, waiter->consumer, &waiter->after,
                   waiter->max_events, expired, &waiter->path, &err);
        if (outcome == FETCHED_NOTHING) {
            at = &waiter->next;
            continue;
        }
        if (outcome == FETCHED_FAILED) {
            refuse(&waiter->path, &err);
        }
        *at = waiter->next;
        hub->waiter_count--;
        free_waiter(waiter);
    }
}

void jj_hub_wake(jj_hub *hub)
{
    wake(hub, false);
}

void jj_hub_dismiss_waiters(jj_hub *hub)
{
    wake(hub, true);
}

void jj_hub_drop_waiters(jj_hub *hub)
{
    while (hub->waiters) {
        jj_waiter *waiter = hub->waiters;
        hub->waiters = waiter->next;
        free_waiter(waiter);
    }
    hub->waiter_count = 0;
}
