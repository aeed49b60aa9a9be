/* What a plugin may ask of its worker: the functions of jj_host. */
#include "worker/internal.h"

#include "jejaring/publisher.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdarg.h>
#include <string.h>

static jj_worker *worker_of(const jj_host *host)
{
    return host->ctx;
}

static int publish(const jj_host *host, const jj_draft *draft, jj_error *err)
{
    jj_worker *worker = worker_of(host);

    if (worker->phase == JJ_PHASE_CREATE) {
        return jj_fail(err, JJ_EFORBIDDEN, "create may not publish: start may");
    }
    if (!draft->type || !jj_plugin_publishes(worker->plugin, draft->type)) {
        return jj_fail(err, JJ_EFORBIDDEN,
                       "the descriptor of %s does not declare that it publishes %s",
                       worker->plugin->name, draft->type ? draft->type : "an event without type");
    }
    /* A batch that publishes more is divided; anybody else can commit in between. */
    if (worker->phase != JJ_PHASE_BATCH && worker->staged.count >= JJ_EVENTS_MAX) {
        return jj_fail(err, JJ_ETOO_LARGE, "%d events are staged: commit them first",
                       JJ_EVENTS_MAX);
    }
    int rc = jj_draft_write(draft, &worker->origin, jj_now_ms(), &worker->scratch, err);
    if (rc == 0 && jj_staged_add(&worker->staged, &worker->scratch)) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    return rc;
}

static int state_get(const jj_host *host, const char *key, const char **value)
{
    const char *found = jj_state_get(worker_of(host)->state, key);
    if (!found) {
        return JJ_ENOTFOUND;
    }
    *value = found;
    return 0;
}

static int state_put(const jj_host *host, const char *key, const char *value)
{
    return jj_state_put(worker_of(host)->state, key, value);
}

static int state_delete(const jj_host *host, const char *key)
{
    return jj_state_delete(worker_of(host)->state, key);
}

static int state_scan(const jj_host *host, const char *prefix, jj_state_visit visit, void *arg)
{
    return jj_state_scan(worker_of(host)->state, prefix, visit, arg);
}

static int commit(const jj_host *host, jj_error *err)
{
    jj_worker *worker = worker_of(host);

    if (worker->phase != JJ_PHASE_FREE) {
        return jj_fail(err, JJ_EFORBIDDEN, "%s may not commit",
                       worker->phase == JJ_PHASE_BATCH ? "on_events" : "create");
    }
    if (!jj_staged_any(&worker->staged, worker->state)) {
        return 0;
    }
    return jj_worker_commit(worker, NULL, err);
}

static const json_t *data(const jj_host *host, const jj_event *event)
{
    return jj_delivery_data(&worker_of(host)->batch, event);
}

static int reject(const jj_host *host, const jj_event *event, const char *reason)
{
    jj_worker *worker = worker_of(host);

    if (worker->phase != JJ_PHASE_BATCH || event < worker->batch.events ||
        event >= worker->batch.events + worker->batch.count) {
        return JJ_EFORBIDDEN;
    }
    return jj_staged_reject(&worker->staged, event->key, reason);
}

static void log_line(const jj_host *host, int level, const char *format, ...)
{
    const jj_log_fields fields = {.plugin = host->instance};
    va_list args;

    va_start(args, format);
    jj_vlog(level < JJ_ERROR ? JJ_ERROR : level, &fields, format, args);
    va_end(args);
}

static int64_t now_ms(const jj_host *host)
{
    (void)host;
    return jj_now_ms();
}

static int set_timer(const jj_host *host, int id, int64_t delay_ms, bool repeat)
{
    jj_worker *worker = worker_of(host);

    if (id < 0 || id >= JJ_TIMERS_MAX || !worker->plugin->on_timer) {
        return JJ_EINVALID;
    }
    if (delay_ms < 0) {
        worker->timers[id] = (jj_timer){0};
        return 0;
    }
    /* A repeated timer of 0 ms would leave time for nothing else. */
    int64_t every_ms = repeat ? (delay_ms > 0 ? delay_ms : 1) : 0;
    worker->timers[id] = (jj_timer){jj_monotonic_ms() + delay_ms, every_ms};
    return 0;
}

static int watch(const jj_host *host, int fd, short events)
{
    jj_worker *worker = worker_of(host);
    jj_watch *place = NULL;

    if (fd < 0 || !worker->plugin->on_descriptor) {
        return JJ_EINVALID;
    }
    for (size_t i = 0; i < JJ_WATCHES_MAX; i++) {
        jj_watch *one = &worker->watches[i];
        if (one->fd == fd || (one->fd < 0 && !place)) {
            place = one;
            if (one->fd == fd) {
                break;
            }
        }
    }
    if (!place) {
        return JJ_ETOO_LARGE;
    }
    if (events) {
        *place = (jj_watch){fd, events};
    } else if (place->fd == fd) {
        place->fd = -1;
    }
    return 0;
}

static const char *publisher_of(const jj_host *host, const jj_event *event)
{
    const jj_delivery *batch = &worker_of(host)->batch;
    bool here =
        batch->published_by && event >= batch->events && event < batch->events + batch->count;
    return here ? batch->published_by[event - batch->events] : NULL;
}

static const void *find_interface(const jj_host *host, const char *id)
{
    if (strcmp(id, JJ_RELAY) == 0) {
        return jj_worker_relay(worker_of(host));
    }
    if (strcmp(id, JJ_PUBLISHER) == 0) {
        static const jj_publisher publisher = {.size_bytes = sizeof publisher, .of = publisher_of};
        worker_of(host)->reader.publishers = true;
        return &publisher;
    }
    return strcmp(id, "jejaring.schemas/1") == 0 ? worker_of(host)->config->schemas : NULL;
}

void jj_host_open(jj_worker *worker)
{
    const jj_config *config = worker->config;
    const char *name = worker->instance->name;

    worker->origin = (jj_origin){config->node, name, config->region};
    for (size_t i = 0; i < JJ_WATCHES_MAX; i++) {
        worker->watches[i].fd = -1;
    }
    worker->host = (jj_host){
        .abi_major = JJ_ABI_MAJOR,
        .abi_minor = JJ_ABI_MINOR,
        .size_bytes = sizeof(jj_host),
        .ctx = worker,
        .instance = name,
        .node = config->node,
        .region = config->region,
        .publish = publish,
        .state_get = state_get,
        .state_put = state_put,
        .state_delete = state_delete,
        .state_scan = state_scan,
        .commit = commit,
        .data = data,
        .reject = reject,
        .log = log_line,
        .now_ms = now_ms,
        .timer = set_timer,
        .watch = watch,
        .interface = find_interface,
    };
}

int64_t jj_host_run_timers(jj_worker *worker)
{
    int64_t wait_ms = -1;

    for (int id = 0; id < JJ_TIMERS_MAX && !worker->failed; id++) {
        jj_timer *timer = &worker->timers[id];
        int64_t now = jj_monotonic_ms();
        if (timer->due_ms && timer->due_ms <= now) {
            /* What was missed while the plugin was busy is not made up for. */
            timer->due_ms = timer->every_ms ? now + timer->every_ms : 0;
            worker->plugin->on_timer(worker->self, id);
            jj_worker_settle(worker);
        }
        if (timer->due_ms) {
            int64_t left_ms = timer->due_ms - now;
            left_ms = left_ms > 0 ? left_ms : 0;
            wait_ms = wait_ms < 0 || left_ms < wait_ms ? left_ms : wait_ms;
        }
    }
    return wait_ms;
}
