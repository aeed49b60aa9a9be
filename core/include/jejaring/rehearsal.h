/*
 * A rehearsal: a host in memory, in which a plugin is tried out without a node.
 *
 *   jj_rehearsal r;
 *   jj_rehearsal_open(&r, &jejaring_plugin, NULL, &err);
 *   jj_rehearsal_say(&r, "alumni.graduated", "1b4e28ba-2fa1-81d2-883f-0016d3cca427", "2024-01-15",
 *                    json_pack("{s:s}", "vocation", "las"));
 *   jj_rehearsal_deliver(&r);
 *   assert(jj_rehearsal_count(&r, "voucher.granted") == 1);
 *   jj_rehearsal_close(&r);
 *
 * It keeps the promises of the real host that a plugin can see: a batch is committed whole or
 * forgotten, the state is sorted, what is published has to be declared. A promise that the plugin
 * breaks is noted in `fault`, the first one only.
 *
 * Not here: the rights of the reader (what is said is what is delivered), schemas, options other
 * than those given (jj_rehearsal_defaults reads the defaults of a table), descriptors. Timers fire
 * when they are told to. Header only; jansson is needed.
 */
#ifndef JEJARING_REHEARSAL_H
#define JEJARING_REHEARSAL_H

#include <jejaring/plugin.h>
#include <jejaring/relay.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JJ_REHEARSAL_EVENTS 1000 /* in one batch */
#define JJ_REHEARSAL_TIMERS 16
#define JJ_REHEARSAL_DRAFTS 500 /* as many as one callback should publish */

/* One thing that the plugin published, as a JSON object in `drafts`: type, subject, region,
 * recipient, cause (an id), key, time_ms, data; what is absent is null. */

typedef struct jj_rehearsal {
    jj_host host;
    const jj_plugin *plugin;
    const jj_value *values; /* borrowed */
    void *self;             /* the plugin's own */

    json_t *state;  /* what a get sees: an object of texts */
    json_t *drafts; /* published and committed: an array */
    json_t *staged; /* published by the callback under way */
    json_t *before; /* the state to go back to */
    size_t rejected;

    jj_event *events; /* of the next batch */
    json_t **bodies;  /* the event of the same index, whole */
    size_t count;

    int64_t now_ms;                                 /* the clock; set it */
    int64_t timers_ms[JJ_REHEARSAL_TIMERS];         /* delay; -1: not set */
    uint64_t cursor;                                /* of a plugin that keeps its own */
    const char *callback;                           /* the one under way, for messages */
    void (*enter)(void *arg, const char *callback); /* told of each callback; may be NULL */
    void *arg;
    bool held;    /* a relay wants no batch */
    bool verbose; /* logs go to stderr */
    char fault[256];
} jj_rehearsal;

/* ---- What the plugin sees ----------------------------------------------------------------- */

static inline jj_rehearsal *jj_rehearsal_of(const jj_host *host)
{
    return (jj_rehearsal *)host->ctx;
}

/* A promise that the plugin breaks. */
JJ_PRINTF(2, 3)
static inline void jj_rehearsal_blame(jj_rehearsal *r, const char *format, ...)
{
    va_list args;
    if (r->fault[0]) {
        return;
    }
    int used = snprintf(r->fault, sizeof r->fault, "%s: ", r->callback);
    va_start(args, format);
    vsnprintf(r->fault + used, sizeof r->fault - (size_t)used, format, args);
    va_end(args);
}

static inline bool jj_rehearsal_declares(const jj_plugin *plugin, const char *type)
{
    for (size_t i = 0; plugin->publishes && plugin->publishes[i]; i++) {
        if (type &&
            (strcmp(plugin->publishes[i], type) == 0 || strcmp(plugin->publishes[i], "*") == 0)) {
            return true;
        }
    }
    return false;
}

static inline int jj_rehearsal_publish(const jj_host *host, const jj_draft *draft, jj_error *err)
{
    jj_rehearsal *r = jj_rehearsal_of(host);
    if (strcmp(r->callback, "create") == 0) {
        jj_rehearsal_blame(r, "publishes, which create may not");
        return jj_fail(err, JJ_EFORBIDDEN, "not from create");
    }
    if (!jj_rehearsal_declares(r->plugin, draft->type)) {
        jj_rehearsal_blame(r, "publishes %s, which its descriptor does not declare",
                           draft->type ? draft->type : "nothing");
        return jj_fail(err, JJ_EFORBIDDEN, "the descriptor does not declare this type");
    }
    if (!json_is_object(draft->data)) {
        jj_rehearsal_blame(r, "publishes %s without data", draft->type);
    }
    if (json_array_size(r->staged) == JJ_REHEARSAL_DRAFTS) {
        jj_rehearsal_blame(r, "publishes more than %d events at once", JJ_REHEARSAL_DRAFTS);
    }
    json_array_append_new(
        r->staged, json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:I, s:o}", "type", draft->type,
                             "subject", draft->subject, "region", draft->region, "recipient",
                             draft->recipient, "cause", draft->cause ? draft->cause->id : NULL,
                             "key", draft->key, "time_ms", (json_int_t)draft->time_ms, "data",
                             draft->data ? json_deep_copy(draft->data) : json_null()));
    return 0;
}

static inline int jj_rehearsal_get(const jj_host *host, const char *key, const char **value)
{
    const char *text = json_string_value(json_object_get(jj_rehearsal_of(host)->state, key));
    if (text) {
        *value = text;
    }
    return text ? 0 : JJ_ENOTFOUND;
}

static inline int jj_rehearsal_put(const jj_host *host, const char *key, const char *value)
{
    jj_rehearsal *r = jj_rehearsal_of(host);
    if (!key || !*key || strlen(key) > 255) {
        jj_rehearsal_blame(r, "puts a key that is not of 1 to 255 bytes into the state");
        return JJ_EINVALID;
    }
    if (json_object_set_new(r->state, key, json_string(value))) {
        jj_rehearsal_blame(r, "puts a text that is not UTF-8 into the state");
        return JJ_EINVALID;
    }
    return 0;
}

static inline int jj_rehearsal_delete(const jj_host *host, const char *key)
{
    json_object_del(jj_rehearsal_of(host)->state, key);
    return 0;
}

static inline int jj_rehearsal_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static inline int jj_rehearsal_scan(const jj_host *host, const char *prefix, jj_state_visit visit,
                                    void *arg)
{
    json_t *state = jj_rehearsal_of(host)->state, *value;
    const char **keys = (const char **)calloc(json_object_size(state) + 1, sizeof *keys);
    const char *key;
    size_t count = 0;
    int rc = keys ? 0 : JJ_EMEMORY;
    json_object_foreach(state, key, value)
    {
        if (keys && strncmp(key, prefix, strlen(prefix)) == 0) {
            keys[count++] = key;
        }
    }
    if (keys) {
        qsort(keys, count, sizeof *keys, jj_rehearsal_compare);
    }
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = visit(arg, keys[i], json_string_value(json_object_get(state, keys[i])));
    }
    free(keys);
    return rc;
}

/* Makes what is staged true, or forgets it. */
static inline void jj_rehearsal_settle(jj_rehearsal *r, bool keep)
{
    if (keep) {
        json_array_extend(r->drafts, r->staged);
    } else {
        json_decref(r->state);
        r->state = json_copy(r->before);
    }
    json_array_clear(r->staged);
    json_decref(r->before);
    r->before = json_copy(r->state);
}

static inline int jj_rehearsal_commit(const jj_host *host, jj_error *err)
{
    jj_rehearsal *r = jj_rehearsal_of(host);
    if (strcmp(r->callback, "on_events") == 0) {
        jj_rehearsal_blame(r, "commits, which on_events may not");
        return jj_fail(err, JJ_EFORBIDDEN, "not from on_events");
    }
    jj_rehearsal_settle(r, true);
    return 0;
}

static inline const json_t *jj_rehearsal_data(const jj_host *host, const jj_event *event)
{
    const jj_rehearsal *r = jj_rehearsal_of(host);
    return event >= r->events && event < r->events + r->count
               ? json_object_get(r->bodies[event - r->events], "data")
               : NULL;
}

static inline int jj_rehearsal_reject(const jj_host *host, const jj_event *event,
                                      const char *reason)
{
    jj_rehearsal *r = jj_rehearsal_of(host);
    if (strcmp(r->callback, "on_events") != 0 || !event || !reason || !*reason) {
        jj_rehearsal_blame(r, "rejects outside of on_events, or without a reason");
        return JJ_EFORBIDDEN;
    }
    r->rejected++;
    return 0;
}

JJ_PRINTF(3, 4)
static inline void jj_rehearsal_log(const jj_host *host, int level, const char *format, ...)
{
    va_list args;
    (void)level;
    if (jj_rehearsal_of(host)->verbose) {
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fputc('\n', stderr);
    }
}

static inline int64_t jj_rehearsal_now(const jj_host *host)
{
    return jj_rehearsal_of(host)->now_ms;
}

static inline int jj_rehearsal_timer(const jj_host *host, int id, int64_t delay_ms, bool repeat)
{
    jj_rehearsal *r = jj_rehearsal_of(host);
    (void)repeat;
    if (id < 0 || id >= JJ_REHEARSAL_TIMERS) {
        jj_rehearsal_blame(r, "sets timer %d; there are 0 to 15", id);
        return JJ_EINVALID;
    }
    r->timers_ms[id] = delay_ms < 0 ? -1 : delay_ms;
    return 0;
}

static inline int jj_rehearsal_watch(const jj_host *host, int fd, short events)
{
    (void)host;
    (void)events;
    return fd >= 0 ? 0 : JJ_EINVALID;
}

/* The other side of a relay has nothing to give, and takes everything. */
static inline uint64_t jj_rehearsal_position(const jj_host *host)
{
    return jj_rehearsal_of(host)->cursor;
}

static inline uint64_t jj_rehearsal_cursor(const jj_host *host, const jj_event *event)
{
    const jj_rehearsal *r = jj_rehearsal_of(host);
    return r->cursor + 1 + (uint64_t)(event - r->events);
}

static inline uint64_t jj_rehearsal_batch_end(const jj_host *host)
{
    return jj_rehearsal_of(host)->cursor + jj_rehearsal_of(host)->count;
}

static inline uint64_t jj_rehearsal_first(const jj_host *host)
{
    (void)host;
    return 1;
}

static inline void jj_rehearsal_acknowledge(const jj_host *host, uint64_t cursor)
{
    (void)host;
    (void)cursor;
}

static inline void jj_rehearsal_hold(const jj_host *host, bool on)
{
    jj_rehearsal_of(host)->held = on;
}

static inline int jj_rehearsal_pass(const jj_host *host, const char *node, const jj_bytes *events,
                                    const uint64_t *sequences, size_t count, jj_passed_on *result,
                                    jj_error *err)
{
    (void)host;
    (void)node;
    (void)events;
    (void)sequences;
    (void)err;
    *result = (jj_passed_on){.accepted = count};
    return 0;
}

static inline const void *jj_rehearsal_interface(const jj_host *host, const char *id)
{
    static const jj_relay relay = {
        .size_bytes = sizeof(jj_relay),
        .position = jj_rehearsal_position,
        .cursor = jj_rehearsal_cursor,
        .end = jj_rehearsal_batch_end,
        .first = jj_rehearsal_first,
        .acknowledge = jj_rehearsal_acknowledge,
        .hold = jj_rehearsal_hold,
        .restart = jj_rehearsal_acknowledge,
        .pass = jj_rehearsal_pass,
    };
    (void)host;
    return strcmp(id, JJ_RELAY) == 0 ? &relay : NULL;
}

/* ---- Options ------------------------------------------------------------------------------ */

static inline int64_t jj_rehearsal_number(const char *text)
{
    static const struct {
        const char *unit;
        int64_t factor;
    } units[] = {{"ms", 1},       {"s", 1000},      {"m", 60000},     {"h", 3600000},
                 {"d", 86400000}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
    char *end;
    int64_t number = strtoll(text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(end, units[i].unit) == 0) {
            return number * units[i].factor;
        }
    }
    return strcmp(text, "true") == 0 || strcmp(text, "ya") == 0 ? 1 : number;
}

/* Reads the defaults of a table; values has room for its rows. A test then sets what it wants. */
static inline void jj_rehearsal_defaults(const jj_option *options, jj_value *values)
{
    for (size_t i = 0; options && options[i].name; i++) {
        const char *text = options[i].initial;
        bool number = options[i].type == JJ_OPTION_INTEGER ||
                      options[i].type == JJ_OPTION_BOOLEAN ||
                      options[i].type == JJ_OPTION_DURATION || options[i].type == JJ_OPTION_SIZE;
        values[i].given = text != NULL;
        values[i].number = text && number ? jj_rehearsal_number(text) : 0;
        values[i].string = number ? NULL : text;
    }
}

/* ---- Life --------------------------------------------------------------------------------- */

static inline void jj_rehearsal_enter(jj_rehearsal *r, const char *callback)
{
    r->callback = callback;
    if (r->enter) {
        r->enter(r->arg, callback);
    }
}

/* Makes the host, but no instance. values has one entry for each option; NULL: there are none. */
static inline void jj_rehearsal_init(jj_rehearsal *r, const jj_plugin *plugin,
                                     const jj_value *values)
{
    memset(r, 0, sizeof *r);
    r->host = (jj_host){
        .abi_major = JJ_ABI_MAJOR,
        .abi_minor = JJ_ABI_MINOR,
        .size_bytes = sizeof(jj_host),
        .ctx = r,
        .instance = plugin->name,
        .node = "rehearsal",
        .region = "33.75",
        .publish = jj_rehearsal_publish,
        .state_get = jj_rehearsal_get,
        .state_put = jj_rehearsal_put,
        .state_delete = jj_rehearsal_delete,
        .state_scan = jj_rehearsal_scan,
        .commit = jj_rehearsal_commit,
        .data = jj_rehearsal_data,
        .reject = jj_rehearsal_reject,
        .log = jj_rehearsal_log,
        .now_ms = jj_rehearsal_now,
        .timer = jj_rehearsal_timer,
        .watch = jj_rehearsal_watch,
        .interface = jj_rehearsal_interface,
    };
    r->plugin = plugin;
    r->values = values;
    r->callback = "nothing";
    r->state = json_object();
    r->before = json_object();
    r->drafts = json_array();
    r->staged = json_array();
    r->events = (jj_event *)calloc(JJ_REHEARSAL_EVENTS, sizeof *r->events);
    r->bodies = (json_t **)calloc(JJ_REHEARSAL_EVENTS, sizeof(json_t *));
    r->now_ms = INT64_C(1704067200000); /* 2024-01-01 */
    for (int i = 0; i < JJ_REHEARSAL_TIMERS; i++) {
        r->timers_ms[i] = -1;
    }
}

/* Makes and starts an instance. Returns 0, or what the plugin said. */
static inline int jj_rehearsal_begin(jj_rehearsal *r, jj_error *err)
{
    jj_rehearsal_enter(r, "create");
    int rc = r->plugin->create(&r->host, r->values, &r->self, err);
    if (rc == 0 && r->plugin->start) {
        jj_rehearsal_enter(r, "start");
        rc = r->plugin->start(r->self, err);
        jj_rehearsal_settle(r, rc == 0);
    }
    r->callback = "nothing";
    return rc;
}

/* Both. After a failure there is an instance or there is not; close either way. */
static inline int jj_rehearsal_open(jj_rehearsal *r, const jj_plugin *plugin,
                                    const jj_value *values, jj_error *err)
{
    jj_rehearsal_init(r, plugin, values);
    return jj_rehearsal_begin(r, err);
}

static inline void jj_rehearsal_forget_batch(jj_rehearsal *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free((void *)(uintptr_t)r->events[i].text);
        json_decref(r->bodies[i]);
    }
    r->count = 0;
}

/* Stops and frees the instance, as the daemon does; the state stays, so that another one may be
 * begun. */
static inline void jj_rehearsal_end(jj_rehearsal *r)
{
    if (r->self && r->plugin->stop) {
        jj_rehearsal_enter(r, "stop");
        r->plugin->stop(r->self);
        jj_rehearsal_settle(r, true);
    }
    if (r->self) {
        jj_rehearsal_enter(r, "destroy");
        r->plugin->destroy(r->self);
    }
    r->self = NULL;
    r->callback = "nothing";
}

static inline void jj_rehearsal_close(jj_rehearsal *r)
{
    jj_rehearsal_end(r);
    jj_rehearsal_forget_batch(r);
    json_decref(r->state);
    json_decref(r->before);
    json_decref(r->drafts);
    json_decref(r->staged);
    free(r->events);
    free(r->bodies);
    memset(r, 0, sizeof *r);
}

/* ---- Events ------------------------------------------------------------------------------- */

/* The key of an event: its time, then a hash (FNV-1a here, BLAKE2b in a real node). */
static inline void jj_rehearsal_key(const char *id, int64_t time_ms, unsigned char key[16])
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *at = id; *at; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    }
    for (int i = 0; i < 6; i++) {
        key[i] = (unsigned char)((uint64_t)time_ms >> (40 - 8 * i));
    }
    for (int i = 0; i < 10; i++) {
        key[6 + i] = (unsigned char)(hash >> (8 * (i % 8)));
    }
}

/* Days from 1970 to a day "2024-01-15" of the Gregorian calendar. */
static inline int64_t jj_rehearsal_days(const char *day)
{
    int year = 1970, month = 1, date = 1;
    sscanf(day, "%d-%d-%d", &year, &month, &date);
    int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + date - 719469;
}

/* Adds an event to the next batch: on a day, "2024-01-15". Takes data (an object), and adds the
 * date to it. subject may be NULL. The same type, subject and day are the same event. */
static inline void jj_rehearsal_say(jj_rehearsal *r, const char *type, const char *subject,
                                    const char *day, json_t *data)
{
    char id[256], time[32];
    if (r->count == JJ_REHEARSAL_EVENTS || !r->events || !r->bodies) {
        json_decref(data);
        return;
    }
    snprintf(id, sizeof id, "%.80s/%.80s/%.20s", type, subject ? subject : "", day);
    snprintf(time, sizeof time, "%.10sT00:00:00Z", day);
    if (!json_object_get(data, "date")) {
        json_object_set_new(data, "date", json_string(day));
    }
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s*, s:o}", "specversion", "1.0",
                             "id", id, "source", "/rehearsal", "type", type, "time", time, "region",
                             "33.75", "subject", subject, "data", data);
    char *text = json_dumps(body, JSON_COMPACT);
    r->bodies[r->count] = body;
    jj_event *event = &r->events[r->count++];
    *event = (jj_event){.text = text,
                        .size_bytes = text ? strlen(text) : 0,
                        .time_ms = jj_rehearsal_days(day) * INT64_C(86400000),
                        .id = json_string_value(json_object_get(body, "id")),
                        .source = "/rehearsal",
                        .type = json_string_value(json_object_get(body, "type")),
                        .region = "33.75",
                        .subject = json_string_value(json_object_get(body, "subject"))};
    jj_rehearsal_key(id, event->time_ms, event->key);
}

/* Delivers the batch without forgetting it. Returns what on_events says; JJ_DONE is committed. */
static inline int jj_rehearsal_deliver_again(jj_rehearsal *r)
{
    if (r->count == 0 || !r->plugin->on_events) {
        return JJ_DONE;
    }
    if (r->held) {
        return JJ_LATER;
    }
    if (r->plugin->resume && r->plugin->batch) {
        jj_rehearsal_enter(r, "batch");
        r->plugin->batch(r->self, r->cursor, r->cursor + r->count);
    }
    jj_rehearsal_enter(r, "on_events");
    int verdict = r->plugin->on_events(r->self, r->events, r->count);
    if (verdict != JJ_DONE && verdict != JJ_LATER && verdict != JJ_TAKEN) {
        jj_rehearsal_blame(r, "answers %d, which is no verdict", verdict);
    }
    jj_rehearsal_settle(r, verdict != JJ_LATER);
    r->cursor += verdict != JJ_LATER ? r->count : 0;
    r->callback = "nothing";
    return verdict;
}

static inline int jj_rehearsal_deliver(jj_rehearsal *r)
{
    int verdict = jj_rehearsal_deliver_again(r);
    if (verdict == JJ_DONE) {
        jj_rehearsal_forget_batch(r);
    }
    return verdict;
}

/* Fires a timer that is set; false: it is not. */
static inline bool jj_rehearsal_fire(jj_rehearsal *r, int id)
{
    if (id < 0 || id >= JJ_REHEARSAL_TIMERS || r->timers_ms[id] < 0 || !r->plugin->on_timer) {
        return false;
    }
    jj_rehearsal_enter(r, "on_timer");
    r->plugin->on_timer(r->self, id);
    jj_rehearsal_settle(r, true);
    r->callback = "nothing";
    return true;
}

/* How many events of a type were published and committed. */
static inline size_t jj_rehearsal_count(const jj_rehearsal *r, const char *type)
{
    size_t count = 0, at;
    json_t *draft;
    json_array_foreach(r->drafts, at, draft)
    {
        count += strcmp(json_string_value(json_object_get(draft, "type")), type) == 0;
    }
    return count;
}

#endif
