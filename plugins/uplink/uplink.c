/*
 * uplink: what this node knows, as far as the node above may see it, goes there; what that one
 * offers comes down.
 *
 * Each event keeps its source, id, time and the time of its first acceptance; beside it travels
 * where it stood in this journal. A line that is down makes events wait in the journal, which
 * alone is the buffer: a few messages are under way, and no more is read before they have arrived.
 * The hub above knows what it has, so that nothing is lost or counted twice whoever of the two
 * was killed, and even if one of them was restored from an older copy.
 */
#include "uplink.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

JJ_API extern const jj_plugin jejaring_plugin;

#define TICK_MS 200

enum {
    TIMER_TICK,
    TIMER_NOW
};

static const char *const everything[] = {"*", NULL};
static const char *const needs[] = {"province", NULL};

enum {
    OPTION_CONNECTION,
    OPTION_RATE,
    OPTION_WINDOW,
    OPTION_BATCH,
    OPTION_IN_FLIGHT,
    OPTION_COMPRESS,
    OPTION_DOWN,
    OPTION_ERASURE_DUE
};

static const jj_option options[] = {
    {"connection", JJ_OPTION_PATH, NULL, 0, 0, true,
     "folder with connection.json and secret.key, as `jejaringctl agency add` makes it on the node "
     "above"},
    {"rate", JJ_OPTION_SIZE, "0", 0, 0, false, "bytes a second that may be sent; 0: no limit"},
    {"window", JJ_OPTION_STRING, NULL, 0, 0, false,
     "hours in which the line may be used, by this machine's clock, e.g. \"18:00-06:00\"; default: "
     "always"},
    {"batch", JJ_OPTION_INTEGER, "500", 1, JJ_EVENTS_MAX, false, "events in one message"},
    {"in_flight", JJ_OPTION_INTEGER, "16", 1, 64, false,
     "messages under way at most; on a slow line there are fewer"},
    {"compress", JJ_OPTION_BOOLEAN, "true", 0, 0, false,
     "pack messages, which makes them a fifth as long; false where the line is faster than the "
     "processor"},
    {"down", JJ_OPTION_JSON, NULL, 0, 0, false,
     "list of event types that are taken from the node above; default: [\"vacancy.*\", "
     "\"order.*\"]"},
    {"erasure_due", JJ_OPTION_DURATION, "72h", 1000, INT64_C(3650) * 86400000, false,
     "an erasure that the node above has not confirmed by then is overdue"},
    {0},
};

static int blame(jj_error *err, const char *option, const char *text)
{
    jj_fail(err, JJ_ECONFIG, "%s: %s", option, text);
    snprintf(err->field, sizeof err->field, "%s", option);
    return JJ_ECONFIG;
}

static bool is_list_of_types(const char *text)
{
    size_t i;
    json_t *entry, *list = json_loads(text, 0, NULL);
    bool good = json_is_array(list);
    json_array_foreach(list, i, entry)
    {
        good = good && json_is_string(entry);
    }
    good = good && json_array_size(list) <= 32;
    json_decref(list);
    return good;
}

static int check(const jj_value *values, jj_error *err)
{
    int from, to;
    if (values[OPTION_WINDOW].given && !schedule_parse(values[OPTION_WINDOW].string, &from, &to)) {
        return blame(err, "window", "two times of the day are expected, e.g. \"18:00-06:00\"");
    }
    if (values[OPTION_DOWN].given && !is_list_of_types(values[OPTION_DOWN].string)) {
        return blame(err, "down", "a list of event types is expected, e.g. [vacancy.*]; []: none");
    }
    return above_check(values[OPTION_CONNECTION].string, err);
}

/* ---- Life --------------------------------------------------------------------------------- */

static void destroy(void *arg)
{
    uplink *self = arg;
    if (self) {
        outbox_clear(self);
        jj_client_close(self->client);
        free(self->down_types);
        free(self);
    }
}

static int read_down(uplink *self, const jj_value *value)
{
    const char *types = value->given ? value->string : "[\"vacancy.*\",\"order.*\"]";
    json_t *list = json_loads(types, 0, NULL);
    if (json_array_size(list) > 0) {
        self->down_types = jj_doc_text(list);
    }
    bool good = list && (json_array_size(list) == 0 || self->down_types);
    json_decref(list);
    return good ? 0 : JJ_EMEMORY;
}

static int create(const jj_host *host, const jj_value *values, void **out, jj_error *err)
{
    uplink *self = calloc(1, sizeof *self);
    const jj_relay *relay = host->interface(host, JJ_RELAY);

    if (!self || !relay || relay->size_bytes < sizeof *relay) {
        free(self);
        return self ? jj_fail(err, JJ_EVERSION,
                              "this daemon has no interface " JJ_RELAY ", or one that is too old")
                    : jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    self->host = host;
    self->relay = relay;
    self->rate = values[OPTION_RATE].number;
    self->batch = (size_t)values[OPTION_BATCH].number;
    self->in_flight = (size_t)values[OPTION_IN_FLIGHT].number;
    outbox_clear(self);
    self->compress = values[OPTION_COMPRESS].number != 0;
    self->erasure_due_ms = values[OPTION_ERASURE_DUE].number;
    self->credit_ms = uplink_clock_ms();
    if (values[OPTION_WINDOW].given) {
        schedule_parse(values[OPTION_WINDOW].string, &self->from_minute, &self->to_minute);
    }
    int rc = read_down(self, &values[OPTION_DOWN]);
    rc = rc ? jj_fail(err, rc, "out of memory")
            : above_open(self, values[OPTION_CONNECTION].string, err);
    if (rc) {
        destroy(self);
        return rc;
    }
    *out = self;
    return 0;
}

/* Hands on every answer that is there, and sends what may be sent then, until nothing is left: the
 * client's descriptor tells of new answers only. */
static void work(uplink *self)
{
    jj_reply reply = {0};
    jj_error err = {0};
    int rc;
    do {
        above_greet(self);
        outbox_send(self);
        down_ask(self);
        rc = jj_client_receive(self->client, &reply, 0, &err);
        if (rc == 0 && !above_answer(self, &reply) && !outbox_answer(self, &reply) &&
            !down_answer(self, &reply)) {
            erasure_answer(self, &reply);
        }
        jj_reply_clear(&reply);
    } while (rc == 0);
    if (rc == JJ_EUNAUTHORISED) {
        snprintf(self->trouble, sizeof self->trouble,
                 "its hub does not know this key, or no longer (`jejaringctl agency show` there)");
    }
    erasure_ask(self);
    above_report(self);
}

static int start(void *arg, jj_error *err)
{
    uplink *self = arg;
    const jj_host *host = self->host;
    self->relay->hold(host, true); /* until the hub above has said what it has */
    if (host->timer(host, TIMER_TICK, TICK_MS, true) ||
        host->watch(host, jj_client_descriptor(self->client), POLLIN)) {
        return jj_fail(err, JJ_ESYSTEM, "no timer or no descriptor can be watched");
    }
    work(self);
    return 0;
}

static int on_events(void *arg, const jj_event *events, size_t count)
{
    uplink *self = arg;
    if (erasure_note(self, events, count) || outbox_take(self, events, count)) {
        return JJ_LATER;
    }
    /* Not from here: an answer may make the reading begin anew. */
    self->host->timer(self->host, TIMER_NOW, 0, false);
    return JJ_TAKEN;
}

static void on_timer(void *arg, int id)
{
    (void)id;
    work(arg);
}

static void on_descriptor(void *arg, int fd, short revents)
{
    (void)fd;
    (void)revents;
    work(arg);
}

JJ_API const jj_plugin jejaring_plugin = {
    .abi_major = JJ_ABI_MAJOR,
    .abi_minor = JJ_ABI_MINOR,
    .size_bytes = sizeof(jj_plugin),
    .name = "uplink",
    .version = UPLINK_VERSION,
    .summary = "reports to the node above (a regency's to its province) and takes what that offers",
    .publishes = everything,
    .subscribes = everything,
    .options = options,
    .check = check,
    .create = create,
    .start = start,
    .on_events = on_events,
    .on_timer = on_timer,
    .on_descriptor = on_descriptor,
    .destroy = destroy,
    .needs = needs,
};
