#include "load.h"

#include "attributes.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* PostgreSQL counts microseconds from 2000-01-01. */
#define PG_EPOCH_US INT64_C(946684800000000)

#define COPY                                                                                       \
    "COPY pg_temp.stage (event_key, type, source, id, time, recordedtime, region, subject, "       \
    "recipient, cause, data, extra) FROM STDIN (FORMAT binary)"
#define COLUMNS 12

#define BROKEN_RULE 20 /* events refused in a row, and no other, that speak against the rule */

/* How much is collected before it goes to libpq. */
#define PIECE 65536

struct jj_load {
    char *out; /* COPY data that has not been sent yet */
    size_t size, capacity;
    bool failed;   /* no memory */
    char *scratch; /* for the extra attributes of one event */
    size_t scratch_size;
};

int jj_load_new(jj_load **load, jj_error *err)
{
    *load = calloc(1, sizeof **load);
    return *load ? 0 : jj_fail(err, JJ_EMEMORY, "out of memory");
}

void jj_load_free(jj_load *load)
{
    if (load) {
        free(load->out);
        free(load->scratch);
        free(load);
    }
}

int jj_load_prepare(jj_pg *pg, jj_error *err)
{
    return jj_pg_run(pg, "SELECT jejaring.open_stage()", err);
}

/* ---- Rows of binary COPY: big-endian, each field behind its length --------------------------- */

static void put(jj_load *load, const void *data, size_t size)
{
    if (load->size + size > load->capacity) {
        size_t capacity = 2 * (load->size + size) + PIECE;
        char *more = realloc(load->out, capacity);
        if (!more) {
            load->failed = true;
            return;
        }
        load->out = more;
        load->capacity = capacity;
    }
    memcpy(load->out + load->size, data, size);
    load->size += size;
}

static void put_length(jj_load *load, int32_t length)
{
    uint32_t wire = htobe32((uint32_t)length);

    put(load, &wire, sizeof wire);
}

static void put_text(jj_load *load, const char *text)
{
    if (!text) {
        put_length(load, -1);
        return;
    }
    put_length(load, (int32_t)strlen(text));
    put(load, text, strlen(text));
}

static void put_time(jj_load *load, int64_t time_us)
{
    uint64_t wire = htobe64((uint64_t)(time_us - PG_EPOCH_US));

    put_length(load, sizeof wire);
    put(load, &wire, sizeof wire);
}

/* jsonb travels as a version byte and its text. */
static void put_json(jj_load *load, const char *before, const char *text, size_t size,
                     const char *after)
{
    put_length(load, (int32_t)(1 + strlen(before) + size + strlen(after)));
    put(load, "\1", 1);
    put(load, before, strlen(before));
    put(load, text, size);
    put(load, after, strlen(after));
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

/* The form 8-4-4-4-12 only, in either case. */
static bool read_uuid(const char *text, unsigned char uuid[16])
{
    size_t n = 0;

    for (int at = 0; at < 36; at++) {
        if (at == 8 || at == 13 || at == 18 || at == 23) {
            if (text[at] != '-') {
                return false;
            }
            continue;
        }
        int high = hex_value(text[at]);
        int low = high < 0 ? -1 : hex_value(text[++at]);
        if (low < 0) {
            return false;
        }
        uuid[n++] = (unsigned char)(high << 4 | low);
    }
    return text[36] == '\0';
}

/* ---- Events ------------------------------------------------------------------------------- */

/* An event's row. Returns why it cannot be one, or NULL. */
static const char *put_row(jj_load *load, const jj_event *event)
{
    static const unsigned char columns[2] = {0, COLUMNS};
    unsigned char subject[16];
    jj_attributes rest;
    size_t extra_size = 0;

    if (event->size_bytes > load->scratch_size) {
        char *more = realloc(load->scratch, event->size_bytes);
        if (!more) {
            load->failed = true;
            return NULL;
        }
        load->scratch = more;
        load->scratch_size = event->size_bytes;
    }
    if (!event->subject || !read_uuid(event->subject, subject)) {
        return event->subject ? "the subject is not a UUID" : "the event has no subject";
    }
    if (!event->type || !event->source || !event->id || !event->region) {
        return "a required attribute is missing";
    }
    if (!jj_attributes_read(event->text, event->size_bytes, &rest, load->scratch, &extra_size)) {
        return "the event has no data member, or writes a name with escapes";
    }
    put(load, columns, sizeof columns);
    put_length(load, 16);
    put(load, event->key, 16);
    put_text(load, event->type);
    put_text(load, event->source);
    put_text(load, event->id);
    put_time(load, event->time_ms * 1000);
    put_time(load, rest.has_recorded ? rest.recorded_us : event->time_ms * 1000);
    put_text(load, event->region);
    put_length(load, 16);
    put(load, subject, 16);
    put_text(load, event->recipient);
    put_text(load, event->cause);
    put_json(load, "", rest.data, rest.data_size, "");
    if (extra_size) {
        put_json(load, "{", load->scratch, extra_size, "}");
    } else {
        put_length(load, -1);
    }
    return NULL;
}

static int send_rows(jj_load *load, jj_pg *pg, bool all, jj_error *err)
{
    int rc = 0;

    if (load->failed) {
        load->failed = false;
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    if (all || load->size >= PIECE) {
        rc = jj_pg_copy_data(pg, load->out, load->size, err);
        load->size = 0;
    }
    return rc;
}

/* Why an event is not in the database. */
typedef struct refusal {
    char *reason; /* NULL: it is */
    char sqlstate[6];
} refusal;

typedef struct batch {
    jj_load *load;
    jj_pg *pg;
    const jj_event *events;
    refusal *refusals;
    char sqlstate[6]; /* of the last range that was refused */
} batch;

static int set_refusal(refusal *to, const char *sqlstate, const char *reason, jj_error *err)
{
    to->reason = strdup(reason);
    snprintf(to->sqlstate, sizeof to->sqlstate, "%s", sqlstate);
    return to->reason ? 0 : jj_fail(err, JJ_EMEMORY, "out of memory");
}

static int copy_range(batch *b, size_t first, size_t count, jj_error *err)
{
    static const char head[19] = "PGCOPY\n\377\r\n"; /* signature, no flags, no extension */
    int rc = jj_pg_copy_begin(b->pg, COPY, err);

    b->load->size = 0;
    put(b->load, head, sizeof head);
    for (size_t i = first; rc == 0 && i < first + count; i++) {
        if (!b->refusals[i].reason) {
            const char *why = put_row(b->load, &b->events[i]);
            rc = why ? set_refusal(&b->refusals[i], "", why, err) : 0;
            rc = rc ? rc : send_rows(b->load, b->pg, false, err);
        }
    }
    if (rc) {
        return rc;
    }
    put(b->load, "\377\377", 2);
    rc = send_rows(b->load, b->pg, true, err);
    return rc ? rc : jj_pg_copy_end(b->pg, err);
}

/* Loads a range as a whole; on JJ_EINVALID nothing of it is left behind. */
static int load_range(batch *b, size_t first, size_t count, jj_error *err)
{
    jj_error ignored;
    int rc = jj_pg_run(b->pg, "SAVEPOINT part; DELETE FROM pg_temp.stage", err);

    rc = rc ? rc : copy_range(b, first, count, err);
    rc = rc ? rc : jj_pg_run(b->pg, "SELECT jejaring.ingest(); RELEASE part", err);
    if (rc == JJ_EINVALID && jj_pg_alive(b->pg)) {
        snprintf(b->sqlstate, sizeof b->sqlstate, "%s", jj_pg_sqlstate(b->pg));
        if (jj_pg_run(b->pg, "ROLLBACK TO part; RELEASE part", &ignored)) {
            return jj_fail(err, JJ_EUNAVAILABLE, "PostgreSQL: the connection was lost");
        }
    }
    return rc;
}

/* Halves the range until the refused events stand alone. */
static int bisect(batch *b, size_t first, size_t count, jj_error *err)
{
    int rc = load_range(b, first, count, err);

    if (rc != JJ_EINVALID) {
        return rc;
    }
    if (count > 1) {
        rc = bisect(b, first, count / 2, err);
        return rc ? rc : bisect(b, first + count / 2, count - count / 2, err);
    }
    return set_refusal(&b->refusals[first], b->sqlstate, err->text, err);
}

/* Loads all of it or nothing. */
static int load_whole(batch *b, size_t count, jj_error *err)
{
    int rc = load_range(b, 0, count, err);

    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (b->refusals[i].reason) {
            rc = jj_fail(err, JJ_EINVALID, "%s", b->refusals[i].reason);
        }
    }
    if (rc == JJ_EINVALID) {
        err->code = rc = JJ_ETOO_LARGE;
    }
    return rc;
}

/* One event that a trigger of the site's own refuses is put aside. A trigger that refuses
 * everything is not the events' fault: they wait until it is mended. */
static bool is_broken_rule(const batch *b, size_t count)
{
    size_t refused = 0;

    while (refused < count && strcmp(b->refusals[refused].sqlstate, "P0001") == 0) {
        refused++;
    }
    return count >= BROKEN_RULE && refused == count;
}

int jj_load_batch(jj_load *load, jj_pg *pg, const jj_event *events, size_t count,
                  jj_load_refuse refuse, void *arg, jj_error *err)
{
    jj_error own = {0}; /* its text is needed even if the caller wants none */
    batch b = {.load = load, .pg = pg, .events = events};
    int rc;

    b.refusals = calloc(count, sizeof *b.refusals);
    if (!b.refusals) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    rc = count > JJ_LOAD_SEARCH_MAX ? load_whole(&b, count, &own) : bisect(&b, 0, count, &own);
    if (rc == 0 && is_broken_rule(&b, count)) {
        rc = jj_fail(&own, JJ_ESYSTEM,
                     "PostgreSQL: a rule of this database's own refuses every event; see the "
                     "server's log");
    }
    for (size_t i = 0; i < count; i++) {
        if (rc == 0 && b.refusals[i].reason) {
            refuse(arg, &events[i], b.refusals[i].sqlstate, b.refusals[i].reason);
        }
        free(b.refusals[i].reason);
    }
    free(b.refusals);
    if (rc && err) {
        *err = own;
    }
    return rc;
}
