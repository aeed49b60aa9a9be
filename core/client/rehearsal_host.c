/* What a plugin sees of a rehearsal: the host, in memory. */
#include "client/rehearsal_host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jj_rehearsal *of(const jj_host *host)
{
    return (jj_rehearsal *)host->ctx;
}

void jj_rehearsal_blame(jj_rehearsal *r, const char *format, ...)
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

static bool declares(const jj_plugin *plugin, const char *type)
{
    for (size_t i = 0; plugin->publishes && plugin->publishes[i]; i++) {
        if (type &&
            (strcmp(plugin->publishes[i], type) == 0 || strcmp(plugin->publishes[i], "*") == 0)) {
            return true;
        }
    }
    return false;
}

static int publish(const jj_host *host, const jj_draft *draft, jj_error *err)
{
    jj_rehearsal *r = of(host);
    if (strcmp(r->callback, "create") == 0) {
        jj_rehearsal_blame(r, "publishes, which create may not");
        return jj_fail(err, JJ_EFORBIDDEN, "not from create");
    }
    if (!declares(r->plugin, draft->type)) {
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

static int state_get(const jj_host *host, const char *key, const char **value)
{
    const char *text = json_string_value(json_object_get(of(host)->state, key));
    if (text) {
        *value = text;
    }
    return text ? 0 : JJ_ENOTFOUND;
}

static int state_put(const jj_host *host, const char *key, const char *value)
{
    jj_rehearsal *r = of(host);
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

static int state_delete(const jj_host *host, const char *key)
{
    json_object_del(of(host)->state, key);
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int state_scan(const jj_host *host, const char *prefix, jj_state_visit visit, void *arg)
{
    json_t *state = of(host)->state, *value;
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
        qsort(keys, count, sizeof *keys, compare);
    }
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = visit(arg, keys[i], json_string_value(json_object_get(state, keys[i])));
    }
    free(keys);
    return rc;
}

void jj_rehearsal_settle(jj_rehearsal *r, bool keep)
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

static int commit(const jj_host *host, jj_error *err)
{
    jj_rehearsal *r = of(host);
    if (strcmp(r->callback, "on_events") == 0) {
        jj_rehearsal_blame(r, "commits, which on_events may not");
        return jj_fail(err, JJ_EFORBIDDEN, "not from on_events");
    }
    jj_rehearsal_settle(r, true);
    return 0;
}

static const json_t *data_of(const jj_host *host, const jj_event *event)
{
    const jj_rehearsal *r = of(host);
    return event >= r->events && event < r->events + r->count
               ? json_object_get(r->bodies[event - r->events], "data")
               : NULL;
}

static int reject(const jj_host *host, const jj_event *event, const char *reason)
{
    jj_rehearsal *r = of(host);
    if (strcmp(r->callback, "on_events") != 0 || !event || !reason || !*reason) {
        jj_rehearsal_blame(r, "rejects outside of on_events, or without a reason");
        return JJ_EFORBIDDEN;
    }
    r->rejected++;
    return 0;
}

JJ_PRINTF(3, 4)
static void say_log(const jj_host *host, int level, const char *format, ...)
{
    va_list args;
    (void)level;
    if (of(host)->verbose) {
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fputc('\n', stderr);
    }
}

static int64_t now(const jj_host *host)
{
    return of(host)->now_ms;
}

static int set_timer(const jj_host *host, int id, int64_t delay_ms, bool repeat)
{
    jj_rehearsal *r = of(host);
    (void)repeat;
    if (id < 0 || id >= JJ_REHEARSAL_TIMERS) {
        jj_rehearsal_blame(r, "sets timer %d; there are 0 to 15", id);
        return JJ_EINVALID;
    }
    r->timers_ms[id] = delay_ms < 0 ? -1 : delay_ms;
    return 0;
}

static int watch(const jj_host *host, int fd, short events)
{
    (void)host;
    (void)events;
    return fd >= 0 ? 0 : JJ_EINVALID;
}

/* The other side of a relay has nothing to give, and takes everything. */
static uint64_t position(const jj_host *host)
{
    return of(host)->cursor;
}

static uint64_t cursor_of(const jj_host *host, const jj_event *event)
{
    const jj_rehearsal *r = of(host);
    return r->cursor + 1 + (uint64_t)(event - r->events);
}

static uint64_t batch_end(const jj_host *host)
{
    return of(host)->cursor + of(host)->count;
}

static uint64_t first(const jj_host *host)
{
    (void)host;
    return 1;
}

static void acknowledge(const jj_host *host, uint64_t cursor)
{
    (void)host;
    (void)cursor;
}

static void hold(const jj_host *host, bool on)
{
    of(host)->held = on;
}

static int pass(const jj_host *host, const char *node, const jj_bytes *events,
                const uint64_t *sequences, size_t count, jj_passed_on *result, jj_error *err)
{
    (void)host;
    (void)node;
    (void)events;
    (void)sequences;
    (void)err;
    *result = (jj_passed_on){.accepted = count};
    return 0;
}

static const char *person_key(const jj_host *host)
{
    (void)host;
    return "00000000000000000000000000000000";
}

static const void *interface(const jj_host *host, const char *id)
{
    static const jj_relay relay = {
        .size_bytes = sizeof(jj_relay),
        .position = position,
        .cursor = cursor_of,
        .end = batch_end,
        .first = first,
        .acknowledge = acknowledge,
        .hold = hold,
        .restart = acknowledge,
        .pass = pass,
        .head = batch_end,
        .person_key = person_key,
    };
    (void)host;
    return strcmp(id, JJ_RELAY) == 0 ? &relay : NULL;
}

/* ---- The host ------------------------------------------------------------------------------- */

jj_host jj_rehearsal_host(jj_rehearsal *rehearsal, const char *instance)
{
    return (jj_host){
        .abi_major = JJ_ABI_MAJOR,
        .abi_minor = JJ_ABI_MINOR,
        .size_bytes = sizeof(jj_host),
        .ctx = rehearsal,
        .instance = instance,
        .node = "rehearsal",
        .region = "33.75",
        .publish = publish,
        .state_get = state_get,
        .state_put = state_put,
        .state_delete = state_delete,
        .state_scan = state_scan,
        .commit = commit,
        .data = data_of,
        .reject = reject,
        .log = say_log,
        .now_ms = now,
        .timer = set_timer,
        .watch = watch,
        .interface = interface,
    };
}
