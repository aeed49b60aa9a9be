#include "jejaring/publish.h"

#include "client/internal.h"

#include "base/buf.h"
#include "base/clock.h"
#include "json/load.h"
#include "json/span.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_USUAL   8
#define WINDOW_MAX     64
#define EVENTS_USUAL   500
#define BATCH_BYTES    JJ_FRAME_MAX /* a message is closed before it grows beyond this */
#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   10000
#define ID_SPLIT       UINT64_C(1000000000)

/* Events of one message. */
typedef struct batch {
    struct batch *next;
    uint64_t request; /* 0: not under way */
    bool answered;    /* waits for those before it */
    size_t count;
    jj_buf text;         /* the events, one behind the other */
    size_t *ends;        /* in text */
    uint64_t *sequences; /* of each */
} batch;

struct jj_publisher {
    jj_client *client;
    const char *source;
    jj_on_refused on_refused;
    void *arg;
    size_t window, max_events;
    batch *first, **last; /* in the order of the events; the last may still be filled */
    batch *spare;         /* empty, to be used again */
    size_t under_way;
    bool flushing;       /* a message that is not full goes, too */
    jj_bytes *scratch;   /* max_events */
    jj_buf made;         /* an event with what it lacked */
    uint64_t sequence;   /* of the event that was taken last */
    uint64_t settled;    /* of the events of messages that are gone */
    int64_t again_ms;    /* monotonic: nothing is sent before */
    int pause_ms;        /* how long after the next `busy` */
    bool asked_again;    /* the hub was busy, and has not taken anything since */
    jj_error trouble;    /* why, or why nothing is sent any more */
    int failed;          /* 0, or the code of that */
    jj_published counts; /* without waiting, which is: */
    uint64_t taken;      /* events without an answer */
};

/* ---- Messages ----------------------------------------------------------------------------- */

static void free_batch(batch *b)
{
    if (b) {
        jj_buf_clear(&b->text);
        free(b->ends);
        free(b->sequences);
        free(b);
    }
}

static batch *new_batch(size_t max_events)
{
    batch *b = calloc(1, sizeof *b);
    if (b) {
        b->ends = malloc(max_events * sizeof *b->ends);
        b->sequences = malloc(max_events * sizeof *b->sequences);
    }
    if (b && (!b->ends || !b->sequences)) {
        free_batch(b);
        b = NULL;
    }
    return b;
}

static void free_batches(batch *b)
{
    for (batch *next; b; b = next) {
        next = b->next;
        free_batch(b);
    }
}

/* Window + 1 messages are all there ever are. */
static bool make_batches(jj_publisher *p)
{
    for (size_t i = 0; i <= p->window; i++) {
        batch *b = new_batch(p->max_events);
        if (!b) {
            return false;
        }
        b->next = p->spare;
        p->spare = b;
    }
    return true;
}

static jj_bytes event_at(const batch *b, size_t index)
{
    size_t from = index ? b->ends[index - 1] : 0;
    return (jj_bytes){b->text.data ? b->text.data + from : "", b->ends[index] - from};
}

/* The message that is being filled, or NULL. */
static batch *open_batch(const jj_publisher *p)
{
    batch *b = p->first;
    while (b && b->next) {
        b = b->next;
    }
    return b && !b->request && !b->answered ? b : NULL;
}

static bool has_room(const jj_publisher *p, const batch *b, size_t size_bytes)
{
    return b->count < p->max_events && (!b->count || b->text.size + size_bytes <= BATCH_BYTES);
}

static batch *begin_batch(jj_publisher *p)
{
    batch *b = p->spare;
    if (b) {
        p->spare = b->next;
        b->next = NULL;
        b->request = 0;
        b->answered = false;
        b->count = 0;
        jj_buf_reset(&b->text);
        *p->last = b;
        p->last = &b->next;
    }
    return b;
}

/* Those at the front whose events all have their answers are done with. */
static void retire_batches(jj_publisher *p)
{
    while (p->first && p->first->answered) {
        batch *b = p->first;
        p->first = b->next;
        if (p->last == &b->next) {
            p->last = &p->first;
        }
        p->settled = b->sequences[b->count - 1];
        b->next = p->spare;
        p->spare = b;
    }
}

/* ---- Opening and closing ------------------------------------------------------------------ */

int jj_publisher_open(jj_publisher **publisher, jj_client *client, const jj_publishing *how,
                      jj_error *err)
{
    jj_publisher *new = calloc(1, sizeof *new);
    if (!new) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    new->client = client;
    new->source = how->source;
    new->on_refused = how->on_refused;
    new->arg = how->arg;
    new->window = how->window ? how->window : WINDOW_USUAL;
    new->window = new->window < WINDOW_MAX ? new->window : WINDOW_MAX;
    new->max_events = how->max_events ? how->max_events : EVENTS_USUAL;
    new->max_events = new->max_events < JJ_EVENTS_MAX ? new->max_events : JJ_EVENTS_MAX;
    new->last = &new->first;
    new->pause_ms = PAUSE_FIRST_MS;
    new->scratch = malloc(new->max_events * sizeof *new->scratch);
    if (!new->scratch || !make_batches(new)) {
        jj_publisher_close(new);
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    *publisher = new;
    return 0;
}

void jj_publisher_close(jj_publisher *p)
{
    if (!p) {
        return;
    }
    for (const batch *b = p->first; b; b = b->next) {
        if (b->request) {
            jj_client_forget(p->client, b->request);
        }
    }
    free_batches(p->first);
    free_batches(p->spare);
    free(p->scratch);
    jj_buf_clear(&p->made);
    free(p);
}

/* ---- Answers ------------------------------------------------------------------------------ */

static void refuse(jj_publisher *p, const batch *b, size_t index, int code, const json_t *why)
{
    const char *field = jj_json_string(why, "field"), *detail = jj_json_string(why, "detail");
    const jj_refusal refusal = {.sequence = b->sequences[index],
                                .code = code,
                                .field = field ? field : "",
                                .detail = detail ? detail : "",
                                .event = event_at(b, index)};
    p->counts.refused++;
    if (p->on_refused) {
        p->on_refused(p->arg, &refusal);
    }
}

static void take_result(jj_publisher *p, const batch *b, const json_t *result)
{
    size_t i;
    json_t *entry;
    p->counts.accepted += (uint64_t)json_integer_value(json_object_get(result, "accepted"));
    p->counts.duplicate += (uint64_t)json_integer_value(json_object_get(result, "duplicate"));
    json_array_foreach(json_object_get(result, "rejected"), i, entry)
    {
        json_int_t index = json_integer_value(json_object_get(entry, "index"));
        const char *code = jj_json_string(entry, "code");
        if (index >= 0 && (size_t)index < b->count) {
            refuse(p, b, (size_t)index, code ? jj_code_parse(code) : JJ_EINVALID, entry);
        }
    }
}

static void fail_for_good(jj_publisher *p, int code)
{
    p->failed = code;
    p->trouble.code = code;
}

/* The whole message was answered with an ERROR. Returns true if it is to be sent again. */
static bool take_error(jj_publisher *p, const batch *b, const jj_reply *reply, const json_t *why)
{
    switch (reply->code) {
    case JJ_EBUSY:
    case JJ_EUNAVAILABLE:
        jj_reply_error(reply, &p->trouble);
        p->asked_again = true;
        p->again_ms = jj_monotonic_ms() + p->pause_ms;
        p->pause_ms = p->pause_ms * 2 < PAUSE_MAX_MS ? p->pause_ms * 2 : PAUSE_MAX_MS;
        return true;
    case JJ_EUNAUTHORISED:
    case JJ_EVERSION:
        jj_reply_error(reply, &p->trouble);
        fail_for_good(p, reply->code);
        return true;
    default:
        for (size_t i = 0; i < b->count; i++) {
            refuse(p, b, i, reply->code, why);
        }
        return false;
    }
}

static void take_answer(jj_publisher *p, batch *b, const jj_reply *reply)
{
    json_t *result = NULL;
    b->request = 0;
    p->under_way--;
    if (jj_json_load(&result, reply->result.data, reply->result.size_bytes, JJ_FRAME_MAX,
                     &p->trouble) &&
        reply->code == 0) {
        fail_for_good(p, JJ_EVERSION);
        return;
    }
    b->answered = reply->code == 0 || !take_error(p, b, reply, result);
    if (reply->code == 0) {
        take_result(p, b, result);
        p->asked_again = false;
        p->pause_ms = PAUSE_FIRST_MS;
    }
    if (b->answered) {
        p->taken -= b->count;
        retire_batches(p);
    }
    json_decref(result);
}

static batch *oldest_under_way(const jj_publisher *p)
{
    batch *b = p->first;
    while (b && !b->request) {
        b = b->next;
    }
    return b;
}

/* Takes the answer to the oldest message under way, then those that came with it. If there is none
 * within wait_ms, *why says what the client knows of that. */
static void take_answers(jj_publisher *p, int wait_ms, jj_error *why)
{
    batch *b;
    for (bool got = false; !p->failed && (b = oldest_under_way(p)); got = true) {
        jj_reply reply = {0};
        if (jj_client_await(p->client, b->request, got ? 0 : wait_ms, &reply, why)) {
            return;
        }
        take_answer(p, b, &reply);
        jj_reply_clear(&reply);
    }
}

/* ---- Sending ------------------------------------------------------------------------------ */

static bool may_go(const jj_publisher *p, const batch *b)
{
    bool full = b->next || b->count == p->max_events || b->text.size >= BATCH_BYTES;
    return !b->request && !b->answered && b->count && (full || p->flushing || p->under_way == 0);
}

/* Sends what may go, in order. */
static void send_ready(jj_publisher *p)
{
    for (batch *b = p->first; b && !p->failed && p->under_way < p->window; b = b->next) {
        if (!may_go(p, b)) {
            continue;
        }
        if (p->again_ms && jj_monotonic_ms() < p->again_ms) {
            return;
        }
        p->again_ms = 0;
        for (size_t i = 0; i < b->count; i++) {
            p->scratch[i] = event_at(b, i);
        }
        int rc = jj_client_send(p->client, "PUBLISH", NULL, p->scratch, b->count, &b->request,
                                &p->trouble);
        if (rc) {
            b->request = 0;
            fail_for_good(p, rc);
            return;
        }
        p->under_way++;
    }
}

/* What is said of what did not come about in time. */
static int not_in_time(const jj_publisher *p, const jj_error *why, jj_error *err)
{
    const jj_error *told = p->failed || p->asked_again ? &p->trouble : why;
    if (err) {
        *err = *told;
    }
    return told->code;
}

/* One step: sends, takes answers, waits up to wait_ms for the first. */
static void step(jj_publisher *p, int wait_ms, jj_error *why)
{
    jj_fail(why, JJ_ETIMEOUT, "no answer in time");
    send_ready(p);
    if (p->under_way) {
        take_answers(p, wait_ms, why);
        send_ready(p);
    } else if (p->again_ms && !p->failed) {
        int64_t left_ms = p->again_ms - jj_monotonic_ms();
        poll(NULL, 0, left_ms < 0 ? 0 : left_ms < wait_ms ? (int)left_ms : wait_ms);
        send_ready(p);
    }
}

static int left_of(int64_t deadline_ms, int wait_ms)
{
    int64_t left_ms = wait_ms < 0 ? 1000 : deadline_ms - jj_monotonic_ms();
    return left_ms < 0 ? 0 : left_ms < 1000 ? (int)left_ms : 1000;
}

/* ---- Taking events ------------------------------------------------------------------------ */

static void put_member(jj_buf *out, const char *name, const char *value)
{
    jj_buf_printf(out, "\"%s\":", name);
    jj_buf_json_z(out, value);
    jj_buf_putc(out, ',');
}

/* The event with what it lacks. What is no object is left to the hub to refuse. */
static jj_bytes complete(jj_publisher *p, uint64_t sequence, jj_bytes event)
{
    char number[24], id[32];
    jj_span text = {event.data, event.size_bytes}, found;
    while (text.size_bytes && strchr(" \t\r\n", *text.at)) {
        text.at++;
        text.size_bytes--;
    }
    if (!p->source || !text.size_bytes || *text.at != '{') {
        return event;
    }
    snprintf(number, sizeof number, "%" PRIu64, sequence);
    /* Never a row of 16 digits, which might be taken for somebody's NIK. */
    snprintf(id, sizeof id, "%" PRIu64 "-%09" PRIu64, sequence / ID_SPLIT, sequence % ID_SPLIT);
    jj_buf_reset(&p->made);
    jj_buf_putc(&p->made, '{');
    if (!jj_span_find(text, "source", &found)) {
        put_member(&p->made, "source", p->source);
    }
    if (!jj_span_find(text, "sequence", &found)) {
        put_member(&p->made, "sequence", number);
    }
    if (!jj_span_find(text, "id", &found)) {
        put_member(&p->made, "id", id);
    }
    const char *rest = text.at + 1;
    size_t left = text.size_bytes - 1;
    size_t blank = 0;
    while (blank < left && strchr(" \t\r\n", rest[blank])) {
        blank++;
    }
    if (blank < left && rest[blank] == '}' && p->made.size > 1) {
        p->made.size--; /* the comma, before an end */
    }
    jj_buf_add(&p->made, rest, left);
    return (jj_bytes){p->made.data, p->made.size};
}

static void refuse_here(jj_publisher *p, uint64_t sequence, jj_bytes event)
{
    char detail[96];
    snprintf(detail, sizeof detail, "%zu bytes, at most %d are allowed", event.size_bytes,
             JJ_FRAME_MAX);
    const jj_refusal refusal = {sequence, JJ_ETOO_LARGE, "", detail, event};
    p->counts.refused++;
    p->sequence = sequence;
    if (p->on_refused) {
        p->on_refused(p->arg, &refusal);
    }
}

/* A message with room for an event of that size; NULL if none becomes free in time. */
static batch *find_room(jj_publisher *p, size_t size_bytes, int wait_ms, jj_error *why)
{
    int64_t deadline_ms = jj_monotonic_ms() + wait_ms;
    batch *b = open_batch(p);
    if (b && has_room(p, b, size_bytes)) {
        return b;
    }
    step(p, 0, why);
    while (!p->failed && !p->spare && left_of(deadline_ms, wait_ms) > 0) {
        step(p, left_of(deadline_ms, wait_ms), why);
    }
    return p->failed ? NULL : begin_batch(p);
}

int jj_publisher_add(jj_publisher *p, uint64_t sequence, const char *event, size_t size_bytes,
                     int wait_ms, jj_error *err)
{
    jj_error why = {0};
    if (p->failed) {
        return not_in_time(p, &why, err);
    }
    if (sequence <= p->sequence) {
        return jj_fail(err, JJ_EINVALID, "sequence %" PRIu64 " is not larger than the last one",
                       sequence);
    }
    jj_bytes whole = complete(p, sequence, (jj_bytes){event, size_bytes});
    if (p->made.failed) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    if (whole.size_bytes > JJ_FRAME_MAX) {
        refuse_here(p, sequence, whole);
        return 0;
    }
    batch *b = find_room(p, whole.size_bytes, wait_ms, &why);
    if (!b) {
        return not_in_time(p, &why, err);
    }
    size_t before = b->text.size;
    jj_buf_add(&b->text, whole.data, whole.size_bytes);
    if (b->text.failed) {
        b->text.failed = false;
        b->text.size = before;
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    b->sequences[b->count] = p->sequence = sequence;
    b->ends[b->count++] = b->text.size;
    p->taken++;
    if (p->under_way == 0 || b->count == p->max_events) {
        send_ready(p);
    }
    return 0;
}

int jj_publisher_serve(jj_publisher *p, int wait_ms, jj_error *err)
{
    jj_error why;
    if (!p->failed) {
        step(p, wait_ms < 0 ? 1000 : wait_ms, &why);
    }
    return p->failed ? not_in_time(p, &p->trouble, err) : 0;
}

int jj_publisher_flush(jj_publisher *p, int wait_ms, jj_error *err)
{
    jj_error why = {0};
    int64_t deadline_ms = jj_monotonic_ms() + wait_ms;
    bool once = false;
    p->flushing = true;
    while (p->taken && !p->failed && (!once || left_of(deadline_ms, wait_ms) > 0)) {
        step(p, left_of(deadline_ms, wait_ms), &why);
        once = true;
    }
    p->flushing = false;
    return p->taken || p->failed ? not_in_time(p, &why, err) : 0;
}

uint64_t jj_publisher_settled(const jj_publisher *p)
{
    return p->taken ? p->settled : p->sequence;
}

jj_published jj_publisher_counts(const jj_publisher *p)
{
    jj_published counts = p->counts;
    counts.waiting = p->taken;
    return counts;
}
