/* One answer to a FETCH: the events that a reader may see and asks for, as it may see them. */
#include "hub/internal.h"

#include "base/clock.h"
#include "journal/audit.h"
#include "schema/audience.h"

#include <stdlib.h>
#include <string.h>

#define SCAN_MAX     50000 /* events looked at for one answer, so that nobody waits long */
#define ANSWER_LOCAL (2 * 1024 * 1024) /* an answer ends after the event that passes this */
#define ANSWER_BYTES (256 * 1024)      /* the same for agencies: nobody waits long for another's */
#define PAGE_US      20000             /* an answer to an agency ends after so much work, */
#define PAGE_LESS_US 200 /* or after so much for those who cost much while others are there */
#define LOOK_EACH    16  /* events between two looks at the clock */

/* ---- Who sees what ------------------------------------------------------------------------ */

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

/* ---- One page ----------------------------------------------------------------------------- */

typedef struct page {
    jj_hub *hub;
    const jj_waiter *reader;
    uint64_t after, upto; /* no event beyond */
    uint64_t lost;        /* as it is to be told */
    size_t max_bytes;
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

static bool visit(void *arg, const jj_record *record)
{
    page *p = arg;
    const jj_waiter *reader = p->reader;
    p->scanned++;
    p->cursor = record->cursor;
    if (jj_filter_wants(&reader->filter, reader->rights, record) &&
        jj_hub_may_see(p->hub, reader->rights, record)) {
        jj_hub_write_view(p->hub, reader->rights, record, &p->text);
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
    p->full = p->count == reader->max_events || p->scanned == SCAN_MAX ||
              p->text.size >= p->max_bytes || p->text.failed ||
              (p->scanned % LOOK_EACH == 0 && jj_thread_us() >= p->end_us);
    return !p->full;
}

/* Who received what about a person must be known afterwards: the answer leaves once this is on
 * disk. Plugins that read the stored text are not recorded: they are the node itself. False: there
 * is nothing that is not recorded already. */
static bool record_delivery(const page *p)
{
    jj_delivery delivery = {.at_ms = jj_now_ms(),
                            .agency = p->reader->rights->agency,
                            .consumer = p->reader->consumer,
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
    if (p->reader->filter.cursors) {
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

static void send_page(const page *p, uint64_t head)
{
    const jj_rights *rights = p->reader->rights;
    const jj_return_path *path = &p->reader->path;
    jj_buf result = {0};
    jj_message answer = {0};
    write_result(p, head, &result);
    answer.failed = result.failed;
    jj_return_path_start(path, &answer, "EVENTS", result.data, result.size);
    for (size_t i = 0; i < p->count; i++) {
        size_t from = i ? p->ends[i - 1] : 0;
        jj_message_add(&answer, p->text.data + from, p->ends[i] - from);
    }
    bool recorded = rights->admin || !(rights->audiences & JJ_AUDIENCE_NODE);
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

/* What retention has removed is passed: there is nothing to look at, or to record. */
static page *new_page(jj_hub *hub, const jj_waiter *reader, uint64_t tail, uint64_t head)
{
    bool local = jj_hub_is_local(hub, reader->rights);
    uint64_t after = reader->after < tail - 1 ? tail - 1 : reader->after;
    uint64_t removed = after - reader->after;
    page *p = calloc(1, sizeof *p);
    if (p) {
        p->hub = hub;
        p->reader = reader;
        p->max_bytes = local ? ANSWER_LOCAL : ANSWER_BYTES;
        p->end_us = local ? INT64_MAX : jj_thread_us() + page_us(hub, reader->path.account);
        p->tells_publishers = reader->filter.publishers && local;
        p->after = p->cursor = after;
        p->upto = reader->upto && reader->upto < head ? reader->upto : head;
        p->upto = p->upto > after ? p->upto : after;
        p->lost = removed > reader->lost ? removed : reader->lost;
    }
    return p;
}

enum jj_fetched jj_hub_answer(jj_hub *hub, jj_waiter *reader, bool anyway, jj_error *err)
{
    uint64_t head = jj_journal_head(hub->journal);
    enum jj_fetched outcome = JJ_FETCHED_FAILED;
    page *p = new_page(hub, reader, jj_journal_tail(hub->journal), head);
    if (!p) {
        jj_fail(err, JJ_EMEMORY, "out of memory");
        return outcome;
    }
    if (jj_journal_read(hub->journal, p->after, p->upto, true, visit, p, err) == 0) {
        if (!p->full) {
            p->cursor = p->upto;
        }
        if (p->text.failed || p->publishers.failed) {
            jj_fail(err, JJ_EMEMORY, "out of memory");
        } else if (p->count || p->lost || anyway || p->cursor < head) {
            send_page(p, head);
            outcome = JJ_FETCHED_ANSWERED;
        } else {
            reader->after = p->cursor;
            outcome = JJ_FETCHED_NOTHING;
        }
    }
    jj_buf_clear(&p->publishers);
    jj_buf_clear(&p->text);
    free(p);
    return outcome;
}
