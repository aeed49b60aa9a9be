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
#define ANSWER_LOCAL (2 * 1024 * 1024) /* an answer ends after the event that passes this */
#define ANSWER_BYTES (256 * 1024)      /* the same for agencies: nobody waits long for another's */
#define WAIT_MAX_MS  60000
#define WAITERS_MAX  4096
#define WAITERS_EACH 256  /* of one agency */
#define DEFER_MS     2000 /* a FETCH waits at least so long for earlier answers to be read */
#define DEFERRED_MS  50   /* one of an agency's that wait for that is answered each time */
#define EVENTS_USUAL 100
#define PAGE_US      20000 /* an answer to an agency ends after so much work, */
#define PAGE_LESS_US 200   /* or after so much for those who cost much while others are there */
#define WAKE_US      500   /* for all of those who cost much, each time */
#define LOOK_EACH    16    /* events between two looks at the clock */

/* ---- Who sees what -------------------------------------------------------------------------- */

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
    uint64_t after, lost;
    const jj_rights *rights;
    const jj_filter *filter;
    size_t max_events, max_bytes;
    int64_t end_us;  /* of this thread's time */
    uint64_t cursor; /* of the last event looked at */
    bool full;       /* the answer has as much as it may have; there may be more */
    size_t scanned, count;
    size_t ends[JJ_EVENTS_MAX]; /* in text */
    uint64_t cursors[JJ_EVENTS_MAX];
    bool tells_publishers;                /* that is the node's own work alone */
    jj_buf publishers;                    /* JSON strings with commas */
    jj_buf text;                          /* the events, one behind the other */
    unsigned char bits[SCAN_MAX / 8 + 1]; /* which events were delivered, for the record */
} page;

void jj_hub_write_view(const jj_hub *hub, const jj_rights *rights, const jj_record *record,
                       jj_buf *out)
{
    if (rights->audiences & JJ_AUDIENCE_NODE) {
        jj_buf_add(out, record->text.at, record->text.size_bytes);
        return;
    }
    const jj_type *type = jj_catalogue_find(hub->catalogue, record->type, strlen(record->type));
    jj_view_write(type, rights, record, consent_for(hub, rights, type, record), out);
}

static bool visit(void *arg, const jj_record *record)
{
    page *p = arg;
    p->scanned++;
    p->cursor = record->cursor;
    if (jj_filter_wants(p->filter, p->rights, record) &&
        jj_hub_may_see(p->hub, p->rights, record)) {
        jj_hub_write_view(p->hub, p->rights, record, &p->text);
        p->cursors[p->count] = record->cursor;
        if (p->tells_publishers) {
            jj_buf_puts(&p->publishers, p->count ? "," : "");
            jj_buf_json_z(&p->publishers, record->owner);
        }
        p->ends[p->count++] = p->text.size;
        uint64_t at = record->cursor - p->after - 1;
        if (at / 8 < sizeof p->bits) {
            p->bits[at / 8] |= (unsigned char)(1u << at % 8);
        }
    }
    p->full = p->count == p->max_events || p->scanned == SCAN_MAX || p->text.size >= p->max_bytes ||
              p->text.failed || (p->scanned % LOOK_EACH == 0 && jj_thread_us() >= p->end_us);
    return !p->full;
}

/* Who received what about a person must be known afterwards: the answer leaves once this is on
 * disk. Plugins that read the stored text are not recorded: they are the node itself. False: there
 * is nothing that is not recorded already. */
static bool record_delivery(const page *p)
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
    return jj_journal_deliver(p->hub->journal, &delivery);
}

static void write_result(const page *p, uint64_t head, jj_buf *out)
{
    jj_buf_printf(out, "{\"cursor\":\"%llu\",\"count\":%zu,\"behind\":%llu",
                  (unsigned long long)p->cursor, p->count, (unsigned long long)(head - p->cursor));
    if (p->filter->cursors) {
        jj_buf_printf(out, ",\"first\":\"%llu\",\"cursors\":[",
                      (unsigned long long)jj_journal_tail(p->hub->journal));
        for (size_t i = 0; i < p->count; i++) {
            jj_buf_printf(out, "%s\"%llu\"", i ? "," : "", (unsigned long long)p->cursors[i]);
        }
        jj_buf_putc(out, ']');
    }
    if (p->tells_publishers) {
        jj_buf_printf(out, ",\"publishers\":[%s]", p->count ? p->publishers.data : "");
    }
    if (p->lost) {
        jj_buf_printf(out, ",\"lost\":%llu", (unsigned long long)p->lost);
    }
    jj_buf_putc(out, '}');
}

static void send_page(const page *p, const jj_return_path *path, uint64_t head)
{
    jj_buf result = {0};
    jj_message answer = {0};
    write_result(p, head, &result);
    answer.failed = result.failed;
    jj_return_path_start(path, &answer, "EVENTS", result.data, result.size);
    for (size_t i = 0; i < p->count; i++) {
        size_t from = i ? p->ends[i - 1] : 0;
        jj_message_add(&answer, p->text.data + from, p->ends[i] - from);
    }
    bool recorded = p->rights->admin || !(p->rights->audiences & JJ_AUDIENCE_NODE);
    if (p->count && recorded && record_delivery(p)) {
        jj_hub_hold(p->hub, path, &answer);
    } else {
        jj_return_path_send(path, &answer);
    }
    jj_message_clear(&answer);
    jj_buf_clear(&result);
}

static int64_t page_us(const jj_hub *hub, jj_account *account)
{
    int64_t now_us = jj_monotonic_us();
    bool less = jj_hub_is_contested(hub, account, now_us) && jj_hub_is_costly(account, now_us);
    return less ? PAGE_LESS_US : PAGE_US;
}

enum fetched {
    FETCHED_ANSWERED,
    FETCHED_NOTHING,
    FETCHED_FAILED
};

/* Answers with what is there. FETCHED_NOTHING: the end was reached without an event, *after was
 * moved there, and (unless `anyway`) nothing was sent. lost: what the reader is to be told that it
 * will never get, beside what retention has taken away before *after. */
static enum fetched answer(jj_hub *hub, const jj_rights *rights, const jj_filter *filter,
                           const char *consumer, uint64_t *after, uint64_t lost, size_t max_events,
                           bool anyway, const jj_return_path *path, jj_error *err)
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
    bool local = jj_hub_is_local(hub, rights);
    p->max_bytes = local ? ANSWER_LOCAL : ANSWER_BYTES;
    p->end_us = local ? INT64_MAX : jj_thread_us() + page_us(hub, path->account);
    p->tells_publishers = filter->publishers && local;
    /* What retention has removed is passed: there is nothing to look at, or to record. */
    p->after = p->cursor = *after < tail - 1 ? tail - 1 : *after;
    p->lost = p->after - *after > lost ? p->after - *after : lost;
    if (jj_journal_read(hub->journal, p->after, head, true, visit, p, err) == 0) {
        if (!p->full) {
            p->cursor = head;
        }
        if (p->text.failed || p->publishers.failed) {
            jj_fail(err, JJ_EMEMORY, "out of memory");
        } else if (p->count || p->lost || anyway || p->cursor < head) {
            send_page(p, path, head);
            outcome = FETCHED_ANSWERED;
        } else {
            *after = p->cursor;
            outcome = FETCHED_NOTHING;
        }
    }
    jj_buf_clear(&p->publishers);
    jj_buf_clear(&p->text);
    free(p);
    return outcome;
}

/* ---- The verb ----------------------------------------------------------------------------- */

/* Notes that a consumer lives, where that keeps retention waiting; not each time it asks. */
static void note_seen(jj_hub *hub, const jj_consumer *consumer)
{
    int64_t lost_after_ms = hub->config->hub.lost_after_ms;
    if (lost_after_ms && !jj_journal_failed(hub->journal) &&
        jj_now_ms() - consumer->seen_ms > lost_after_ms / 16) {
        jj_journal_begin(hub->journal);
        jj_journal_consumer_seen(hub->journal, consumer);
    }
}

void jj_hub_see_plugins(jj_hub *hub)
{
    char name[128];
    jj_consumer consumer;
    for (size_t i = 0; i < hub->plugin_count && hub->config->hub.lost_after_ms; i++) {
        snprintf(name, sizeof name, "%s/main", hub->plugins[i].rights.agency);
        if (jj_journal_consumer(hub->journal, name, &consumer) == 0) {
            note_seen(hub, &consumer);
        }
    }
}

/* Where to begin: `after` if it is given, else where the named consumer stands, else the oldest
 * event that is kept. */
static int start_of(jj_hub *hub, const jj_request *request, uint64_t *after, uint64_t *lost,
                    jj_error *err)
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
            note_seen(hub, &consumer);
            *lost = consumer.untold;
        }
    }
    if (rc) {
        return rc;
    }
    if (!given) {
        *after = name ? consumer.cursor : jj_journal_tail(hub->journal) - 1;
    }
    if (given && name && *after < consumer.cursor) {
        *lost = 0; /* it goes back by itself: what is not there any more is counted from there */
    }
    if (*after > head) {
        return jj_fail(err, JJ_EINVALID,
                       "the cursor %llu is beyond the newest event (%llu): this is not the journal "
                       "that gave it, perhaps one restored from a backup",
                       (unsigned long long)*after, (unsigned long long)head);
    }
    return 0;
}

static void refuse_wait(const jj_request *request, bool own)
{
    jj_error err;
    jj_fail(&err, JJ_EBUSY,
            own ? "%d requests of this agency are waiting already: answer for some of them first"
                : "too many readers are waiting (%d); try again later",
            own ? WAITERS_EACH : WAITERS_MAX);
    jj_request_fail(request, &err);
}

static void wait_for(jj_hub *hub, const jj_request *request, jj_filter *filter,
                     const char *consumer, uint64_t after, uint64_t lost, size_t max_events,
                     uint64_t wait_ms, bool deferred)
{
    bool own = request->account && request->account->waiters >= WAITERS_EACH;
    jj_waiter *waiter = !own && hub->waiter_count < WAITERS_MAX ? calloc(1, sizeof *waiter) : NULL;
    if (!waiter || !jj_return_path_copy(&waiter->path, request)) {
        free(waiter);
        refuse_wait(request, own);
        return;
    }
    if (request->account) {
        request->account->waiters++;
    }
    waiter->lost = lost;
    waiter->deferred = deferred;
    hub->deferred = hub->deferred || deferred;
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
    uint64_t after = 0, lost = 0, max_events, wait_ms;
    const char *name = jj_json_string(request->options, "name");
    name = name ? name : "";
    if (jj_option_count(request->options, "max_events", EVENTS_USUAL, JJ_EVENTS_MAX, &max_events,
                        &err) ||
        jj_option_count(request->options, "wait_ms", 0, WAIT_MAX_MS, &wait_ms, &err) ||
        !jj_filter_parse(request->options, &filter, &err) || jj_filter_check(hub, &filter, &err) ||
        start_of(hub, request, &after, &lost, &err)) {
        jj_request_fail(request, &err);
        goto out;
    }
    if (max_events == 0) {
        max_events = 1;
    }
    if (!jj_return_path_copy(&path, request)) {
        goto out; /* no memory even for the answer */
    }
    if (jj_hub_unread(hub, request->rights, request->account) != JJ_UNREAD_FEW) {
        wait_for(hub, request, &filter, name, after, lost, max_events,
                 wait_ms > DEFER_MS ? wait_ms : DEFER_MS, true);
        goto out;
    }
    if (*name && jj_hub_redeliver(hub, request, name, after)) {
        goto out;
    }
    switch (answer(hub, request->rights, &filter, name, &after, lost, max_events, wait_ms == 0,
                   &path, &err)) {
    case FETCHED_ANSWERED:
        break;
    case FETCHED_NOTHING:
        wait_for(hub, request, &filter, name, after, lost, max_events, wait_ms, false);
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
    if (waiter->path.account) {
        waiter->path.account->waiters--;
    }
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
        jj_return_path_send(path, &answer);
    }
    jj_message_clear(&answer);
    jj_buf_clear(&result);
}

/* Those who wait for earlier answers to be read may be many, and of connections that are gone: what
 * is put together for them must not keep everybody else waiting. */
static bool is_its_turn(jj_account *account)
{
    int64_t now_ms = jj_monotonic_ms();
    if (!account || now_ms < account->next_deferred_ms) {
        return false;
    }
    account->next_deferred_ms = now_ms + DEFERRED_MS;
    return true;
}

/* Answers one who waits, if there is anything to be answered or it has waited long enough. */
static enum fetched answer_waiter(jj_hub *hub, jj_waiter *waiter, bool expired, jj_error *err)
{
    if (!expired && waiter->after >= jj_journal_head(hub->journal)) {
        return FETCHED_NOTHING;
    }
    bool later = waiter->deferred && !is_its_turn(waiter->path.account);
    if (later || jj_hub_unread(hub, waiter->rights, waiter->path.account) != JJ_UNREAD_FEW) {
        hub->deferred = hub->deferred || !expired;
        jj_hub_busy(err);
        return expired ? FETCHED_FAILED : FETCHED_NOTHING;
    }
    waiter->deferred = false;
    return answer(hub, waiter->rights, &waiter->filter, waiter->consumer, &waiter->after,
                  waiter->lost, waiter->max_events, expired, &waiter->path, err);
}

static bool is_consumer(const jj_waiter *waiter, const char *consumer)
{
    size_t length = strlen(waiter->rights->agency);
    return strncmp(consumer, waiter->rights->agency, length) == 0 && consumer[length] == '/' &&
           waiter->consumer[0] && strcmp(consumer + length + 1, waiter->consumer) == 0;
}

/* The same, within what all who cost much may take together of this turn: the rest of them comes in
 * the next. */
static enum fetched answer_in_turn(jj_hub *hub, jj_waiter *waiter, bool expired, int64_t *costly_us,
                                   jj_error *err)
{
    jj_account *account = waiter->path.account;
    int64_t since_us = jj_monotonic_us();
    bool costly = jj_hub_is_costly(account, since_us);
    if (costly && *costly_us >= WAKE_US) {
        hub->unwoken = true;
        return FETCHED_NOTHING;
    }
    enum fetched outcome = answer_waiter(hub, waiter, expired, err);
    int64_t now_us = jj_monotonic_us();
    jj_hub_charge(account, since_us, now_us);
    *costly_us += costly ? now_us - since_us : 0;
    return outcome;
}

/* Everybody, or all who wait as one consumer of an agency, are answered whatever there is. */
static void wake(jj_hub *hub, bool everybody, const char *consumer)
{
    int64_t now_ms = jj_monotonic_ms(), costly_us = 0;
    hub->deferred = hub->unwoken = false;
    for (jj_waiter **at = &hub->waiters; *at;) {
        jj_waiter *waiter = *at;
        bool expired = everybody || now_ms >= waiter->deadline_ms ||
                       (consumer && is_consumer(waiter, consumer));
        bool new = waiter->after < jj_journal_head(hub->journal);
        jj_error err;
        enum fetched outcome = everybody ? answer_waiter(hub, waiter, true, &err)
                               : expired || new
                                   ? answer_in_turn(hub, waiter, expired, &costly_us, &err)
                                   : FETCHED_NOTHING;
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
    wake(hub, false, NULL);
}

void jj_hub_dismiss_waiters(jj_hub *hub)
{
    wake(hub, true, NULL);
}

void jj_hub_dismiss_consumer(jj_hub *hub, const char *consumer)
{
    wake(hub, false, consumer);
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
