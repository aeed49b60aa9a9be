#include "worker/reader.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "json/load.h"

#include <inttypes.h>
#include <string.h>

/* How long the hub holds a FETCH when there is nothing. What is not for us is passed, and so is no
 * longer pending, that much later. */
#define WAIT_MS      1000
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 30000

int jj_reader_open(jj_reader *reader, jj_link *link, const char *consumer, const char *const *types,
                   size_t depth, jj_error *err)
{
    *reader = (jj_reader){.link = link,
                          .consumer = consumer,
                          .depth = depth < JJ_DELIVERY_PAGES_MAX ? depth : JJ_DELIVERY_PAGES_MAX,
                          .max_events = JJ_EVENTS_MAX};
    jj_buf_putc(&reader->types, '[');
    for (size_t i = 0; types && types[i]; i++) {
        if (i) {
            jj_buf_putc(&reader->types, ',');
        }
        jj_buf_json_z(&reader->types, types[i]);
    }
    jj_buf_putc(&reader->types, ']');
    return reader->types.failed ? jj_fail(err, JJ_EMEMORY, "out of memory") : 0;
}

/* Forgets the pages from `from` on. */
static void drop_pages(jj_reader *reader, size_t from)
{
    for (size_t i = from; i < reader->page_count; i++) {
        jj_page *page = &reader->pages[i];
        if (page->request) {
            jj_client_forget(reader->link->client, page->request);
        }
        jj_reply_clear(&page->reply);
    }
    reader->page_count = from;
}

void jj_reader_close(jj_reader *reader)
{
    drop_pages(reader, 0);
    jj_buf_clear(&reader->types);
}

void jj_reader_seek(jj_reader *reader, uint64_t cursor, size_t max_events)
{
    drop_pages(reader, 0);
    reader->position = cursor;
    reader->max_events = max_events;
    reader->behind = 0;
    reader->dense = false;
}

int64_t jj_reader_wait_ms(const jj_reader *reader)
{
    int64_t left_ms = reader->pause_until_ms - jj_monotonic_ms();
    return reader->pause_until_ms == 0 ? -1 : left_ms > 0 ? left_ms : 0;
}

/* Where the next page begins. False: that will be known when the one before it has come. */
static bool next_after(const jj_reader *reader, uint64_t *after, bool *guess)
{
    const jj_page *last = reader->page_count ? &reader->pages[reader->page_count - 1] : NULL;

    *guess = last && last->request;
    *after = !last ? reader->position : *guess ? last->upto : last->cursor;
    return !*guess || last->upto;
}

/* A guess must lie within the journal, as far as it is known. */
static bool may_guess(const jj_reader *reader, uint64_t after)
{
    uint64_t known = reader->position;
    for (size_t i = 0; i < reader->page_count && !reader->pages[i].request; i++) {
        known = reader->pages[i].cursor;
    }
    return reader->dense && after < known + reader->behind;
}

static bool ask(jj_reader *reader, uint64_t after, bool guess)
{
    jj_buf options = {0};
    jj_page page = {.after = after, .max_events = reader->max_events, .guess = guess};

    jj_buf_puts(&options, "{\"name\":");
    jj_buf_json_z(&options, reader->consumer);
    jj_buf_printf(&options,
                  ",\"after\":\"%" PRIu64 "\",\"types\":%s,\"max_events\":%zu,\"wait_ms\":%d%s%s",
                  after, reader->types.data, reader->max_events, guess ? 0 : WAIT_MS,
                  reader->relay ? ",\"others\":true,\"cursors\":true" : "",
                  reader->publishers ? ",\"publishers\":true" : "");
    if (reader->dense) {
        page.upto = after + reader->max_events;
        jj_buf_printf(&options, ",\"upto\":\"%" PRIu64 "\"", page.upto);
    }
    jj_buf_putc(&options, '}');
    bool sent = !options.failed && jj_client_send(reader->link->client, "FETCH", options.data, NULL,
                                                  0, &page.request, NULL) == 0;
    jj_buf_clear(&options);
    if (sent) {
        reader->pages[reader->page_count++] = page;
    }
    return sent;
}

void jj_reader_fill(jj_reader *reader)
{
    if (reader->pause_until_ms && jj_monotonic_ms() < reader->pause_until_ms) {
        return;
    }
    reader->pause_until_ms = 0;
    while (reader->page_count < reader->depth) {
        bool guess;
        uint64_t after;
        if (!next_after(reader, &after, &guess) || (guess && !may_guess(reader, after)) ||
            !ask(reader, after, guess)) {
            return;
        }
    }
}

static bool read_result(const jj_reply *reply, uint64_t *cursor, uint64_t *behind, uint64_t *first)
{
    json_t *result = NULL;
    bool good = false;

    if (jj_json_load(&result, reply->result.data, reply->result.size_bytes, JJ_FRAME_MAX, NULL) ==
        0) {
        const char *text = jj_json_string(result, "cursor");
        json_int_t count = json_integer_value(json_object_get(result, "behind"));
        json_int_t lost = json_integer_value(json_object_get(result, "lost"));
        if (lost > 0) {
            jj_log(JJ_WARNING, "%lld events had left the hub's journal before they were asked for",
                   (long long)lost);
        }
        good = text && jj_parse_u64(text, cursor);
        *behind = count > 0 ? (uint64_t)count : 0;
        const char *oldest = jj_json_string(result, "first");
        *first = 0;
        good = good && (!oldest || jj_parse_u64(oldest, first));
    }
    json_decref(result);
    return good;
}

/* Tries again after a while: twice as long each time. */
static void pause_reading(jj_reader *reader)
{
    int64_t pause_ms = reader->pause_ms ? 2 * reader->pause_ms : PAUSE_MIN_MS;
    reader->pause_ms = pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS;
    reader->pause_until_ms = jj_monotonic_ms() + reader->pause_ms;
}

static bool is_temporary(int code)
{
    return code == JJ_EBUSY || code == JJ_EUNAVAILABLE;
}

static int take_error(jj_reader *reader, size_t at, const jj_reply *reply, jj_error *err)
{
    int code = reply->code;
    bool guess = reader->pages[at].guess;

    drop_pages(reader, at);
    if (guess) {
        reader->dense = false; /* it went beyond the end, say: ask again without guessing */
        return 0;
    }
    jj_reply_error(reply, err);
    pause_reading(reader);
    if (is_temporary(code)) {
        jj_log(JJ_WARNING, "the hub refuses to be read (%s: %s); next try in %lld ms",
               jj_code_name(code), err->text, (long long)reader->pause_ms);
        return 0;
    }
    return code;
}

/* Worth asking for further ones before it was there. */
static bool is_dense(const jj_page *page)
{
    uint64_t span = page->cursor - page->after;
    bool full =
        page->upto ? page->cursor == page->upto : page->reply.event_count == page->max_events;
    return full && 4 * page->reply.event_count >= 3 * span;
}

static void take_page(jj_reader *reader, size_t at, jj_reply *reply)
{
    jj_page *page = &reader->pages[at];
    uint64_t behind;

    page->request = 0;
    if (!read_result(reply, &page->cursor, &behind, &page->first) || page->cursor < page->after) {
        drop_pages(reader, at);
        pause_reading(reader);
        jj_log(JJ_ERROR, "the hub answered a FETCH with something else; next try in %lld ms",
               (long long)reader->pause_ms);
        return;
    }
    page->reply = *reply;
    *reply = (jj_reply){0};
    reader->pause_ms = 0;
    reader->behind = behind;
    reader->dense = is_dense(page);
    /* The page behind it was asked for from where this one was expected to end. */
    if (at + 1 < reader->page_count && reader->pages[at + 1].after != page->cursor) {
        drop_pages(reader, at + 1);
    }
}

/* Requests are answered in their order: all pages before this one have been. */
int jj_reader_answer(jj_reader *reader, jj_reply *reply, jj_error *err)
{
    for (size_t i = 0; i < reader->page_count; i++) {
        if (reader->pages[i].request != reply->request) {
            continue;
        }
        if (i > 0 && reader->pages[i - 1].request) {
            reader->pages[i].request = 0; /* it is of no use before its neighbour */
            drop_pages(reader, i);
            return 0;
        }
        if (reply->code) {
            return take_error(reader, i, reply, err);
        }
        take_page(reader, i, reply);
        return 0;
    }
    return 0;
}

bool jj_reader_take(jj_reader *reader, size_t max_pages, jj_delivery *batch)
{
    size_t taken = 0;

    batch->after = batch->cursor = reader->position;
    while (taken < max_pages && taken < reader->page_count && !reader->pages[taken].request) {
        jj_page *page = &reader->pages[taken++];
        batch->first = taken == 1 ? page->first : batch->first;
        jj_delivery_add(batch, &page->reply, page->cursor);
    }
    reader->position = batch->cursor;
    reader->page_count -= taken;
    memmove(reader->pages, reader->pages + taken, reader->page_count * sizeof *reader->pages);
    return taken > 0;
}
