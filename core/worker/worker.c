#include "worker/internal.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "json/load.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURN_MAX_MS 1000 /* signs of life are due each second */
#define STATUS_MS   10000
#define EXIT_CONFIG 78
#define OWN_ITEMS   4 /* descriptors of the worker itself in its poll */

/* ---- Start -------------------------------------------------------------------------------- */

static int hello(jj_worker *worker, jj_error *err)
{
    jj_reply reply = {0};
    jj_buf options = {0};
    json_t *result = NULL;

    char name[128];
    snprintf(name, sizeof name, "%s/%s", worker->plugin->name, worker->plugin->version);
    jj_buf_puts(&options, "{\"client\":");
    jj_buf_json_z(&options, name);
    jj_buf_putc(&options, '}');
    int rc = options.failed
                 ? jj_fail(err, JJ_EMEMORY, "out of memory")
                 : jj_link_request(&worker->link, "HELLO", options.data, NULL, 0, &reply, err);
    rc = rc ? rc
            : jj_json_load(&result, reply.result.data, reply.result.size_bytes, JJ_FRAME_MAX, err);
    const char *head = jj_json_string(result, "head");
    if (rc == 0 && (!head || !jj_parse_u64(head, &worker->head))) {
        rc = jj_fail(err, JJ_EVERSION, "the hub does not say where its journal ends");
    }
    const char *mark = jj_json_string(result, "person_key");
    snprintf(worker->person_key, sizeof worker->person_key, "%s", mark ? mark : "");
    json_decref(result);
    jj_reply_clear(&reply);
    jj_buf_clear(&options);
    return rc;
}

/* Puts one page of state where it belongs; *last is the key to go on from. */
static int load_page(jj_worker *worker, const json_t *result, jj_buf *last, bool *more,
                     jj_error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach(json_object_get(result, "state"), key, value)
    {
        int rc = jj_state_load(worker->state, key, json_string_value(value));
        if (rc) {
            return jj_fail(err, rc, "the hub gave a bad entry of state");
        }
        if (!last->data || strcmp(key, last->data) > 0) {
            jj_buf_reset(last);
            jj_buf_puts(last, key);
        }
    }
    const char *cursor = jj_json_string(result, "cursor");
    worker->committed = cursor ? strtoull(cursor, NULL, 10) : 0;
    *more = json_is_true(json_object_get(result, "more")) && last->data;
    return 0;
}

static int load_state(jj_worker *worker, jj_error *err)
{
    jj_buf options = {0}, last = {0};
    bool more = true;
    int rc = 0;

    while (rc == 0 && more) {
        jj_reply reply = {0};
        json_t *result = NULL;
        jj_buf_reset(&options);
        jj_buf_puts(&options, "{\"name\":\"" JJ_CONSUMER "\"");
        if (last.data) {
            jj_buf_puts(&options, ",\"after\":");
            jj_buf_json_z(&options, last.data);
        }
        jj_buf_putc(&options, '}');
        rc = options.failed || last.failed
                 ? jj_fail(err, JJ_EMEMORY, "out of memory")
                 : jj_link_request(&worker->link, "STATE", options.data, NULL, 0, &reply, err);
        rc = rc ? rc
                : jj_json_load(&result, reply.result.data, reply.result.size_bytes,
                               4 * JJ_FRAME_MAX, err);
        rc = rc ? rc : load_page(worker, result, &last, &more, err);
        json_decref(result);
        jj_reply_clear(&reply);
    }
    jj_buf_clear(&options);
    jj_buf_clear(&last);
    return rc;
}

static int load_plugin(jj_worker *worker, jj_error *err)
{
    jj_findings findings = {0};
    int rc = jj_module_open(&worker->module, worker->instance->module, err);

    if (rc) {
        return rc;
    }
    worker->plugin = jj_module_plugin(worker->module);
    jj_options_read(&worker->options, worker->plugin->options, worker->config, worker->instance,
                    &findings);
    if (jj_findings_total(&findings) == 0) {
        jj_options_judge(&worker->options, worker->plugin, worker->config, worker->instance,
                         &findings);
    }
    if (jj_findings_total(&findings) > 0) {
        rc = jj_findings_first(&findings, err);
    }
    jj_findings_clear(&findings);
    return rc;
}

static int create(jj_worker *worker, jj_error *err)
{
    const jj_plugin *plugin = worker->plugin;

    jj_host_open(worker);
    worker->phase = JJ_PHASE_CREATE;
    int rc = plugin->create(&worker->host, worker->options.values, &worker->self, err);
    worker->phase = JJ_PHASE_FREE;
    rc = rc || !plugin->start ? rc : plugin->start(worker->self, err);
    if (rc && !err->text[0]) {
        jj_fail(err, rc, "the plugin fails without saying why");
    }
    if (rc == 0) {
        jj_worker_settle(worker);
    }
    return rc;
}

static void take_answer(void *arg, jj_reply *reply)
{
    jj_worker *worker = arg;
    jj_error err = {0};

    if (jj_worker_cursor_answer(worker, reply)) {
        return;
    }
    if (jj_reader_answer(&worker->reader, reply, &err) && !worker->failed) {
        jj_log(JJ_ERROR, "the hub refuses to be read: %s: %s", jj_code_name(err.code), err.text);
        worker->failed = true;
    }
}

static int start(jj_worker *worker, const char *token, int status_fd, jj_error *err)
{
    int rc = load_plugin(worker, err);

    rc = rc ? rc
            : jj_link_open(&worker->link, worker->config, worker->instance, token, status_fd, err);
    if (rc) {
        return rc;
    }
    worker->link.answer = take_answer;
    worker->link.arg = worker;
    worker->state = jj_state_new();
    if (!worker->state) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    rc = hello(worker, err);
    rc = rc ? rc : load_state(worker, err);
    rc = rc ? rc
            : jj_reader_open(&worker->reader, &worker->link, JJ_CONSUMER,
                             worker->plugin->subscribes, 2, err);
    rc = rc ? rc : create(worker, err);
    rc = rc ? rc
            : jj_office_open(&worker->office, &worker->link, worker->config, worker->instance,
                             worker->plugin, err);
    return rc ? rc : jj_worker_resume(worker, err);
}

/* ---- Loop --------------------------------------------------------------------------------- */

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
    return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

static void wait_for_work(jj_worker *worker, int64_t wait_ms)
{
    struct pollfd items[OWN_ITEMS + JJ_WATCHES_MAX];
    nfds_t count = 0;

    items[count++] =
        (struct pollfd){.fd = jj_client_descriptor(worker->link.client), .events = POLLIN};
    items[count++] = (struct pollfd){.fd = worker->link.signal_fd, .events = POLLIN};
    items[count++] = (struct pollfd){.fd = worker->link.status_fd, .events = POLLIN};
    items[count++] = (struct pollfd){.fd = jj_office_descriptor(worker->office), .events = POLLIN};
    for (size_t i = 0; i < JJ_WATCHES_MAX; i++) {
        if (worker->watches[i].fd >= 0) {
            items[count++] =
                (struct pollfd){.fd = worker->watches[i].fd, .events = worker->watches[i].events};
        }
    }
    if (poll(items, count, (int)wait_ms) <= 0) {
        return;
    }
    for (nfds_t i = OWN_ITEMS; i < count && !worker->failed; i++) {
        if (items[i].revents & POLLNVAL) {
            jj_log(JJ_ERROR, "the plugin closed descriptor %d while it was watched", items[i].fd);
            worker->host.watch(&worker->host, items[i].fd, 0);
        } else if (items[i].revents) {
            worker->plugin->on_descriptor(worker->self, items[i].fd, items[i].revents);
            jj_worker_settle(worker);
        }
    }
}

/* Nothing was delivered since the last look: what the work before that needed is given back, once.
 */
static void rest(jj_worker *worker)
{
    if (worker->delivered != worker->worked) {
        worker->worked = worker->delivered;
        worker->rested = false;
    } else if (!worker->rested) {
        worker->rested = true;
        jj_process_settle();
    }
}

/* The order matters: nothing is sent after the last look for answers, because the client's
 * descriptor tells of new ones only. */
static void turn(jj_worker *worker, int64_t *status_ms)
{
    jj_link_tend(&worker->link);
    if (worker->link.config_fd >= 0) {
        jj_worker_reload(worker);
    }
    if (jj_monotonic_ms() >= *status_ms) {
        *status_ms = jj_monotonic_ms() + STATUS_MS;
        jj_link_tell(&worker->link, "STATUS %" PRIu64 " events, %" PRIu64 " behind",
                     worker->delivered, worker->reader.behind);
        rest(worker);
    }
    int64_t wait_ms = sooner(TURN_MAX_MS, jj_host_run_timers(worker));
    wait_ms = sooner(wait_ms, jj_office_work(worker->office));
    do {
        jj_reader_fill(&worker->reader);
    } while (jj_link_receive(&worker->link));
    if (jj_worker_deliver(worker) || worker->failed || worker->link.stopping) {
        return;
    }
    wait_ms = sooner(wait_ms, jj_reader_wait_ms(&worker->reader));
    if (worker->deliver_at_ms) {
        int64_t left_ms = worker->deliver_at_ms - jj_monotonic_ms();
        worker->deliver_at_ms = left_ms > 0 ? worker->deliver_at_ms : 0;
        wait_ms = sooner(wait_ms, left_ms > 0 ? left_ms : 0);
    }
    wait_for_work(worker, wait_ms);
}

/* ---- End ---------------------------------------------------------------------------------- */

static void stop(jj_worker *worker)
{
    if (worker->self && worker->plugin->stop) {
        worker->plugin->stop(worker->self);
    }
    if (worker->state) {
        jj_worker_settle(worker);
    }
    if (worker->self) {
        worker->plugin->destroy(worker->self);
    }
    jj_office_close(worker->office);
    jj_delivery_clear(&worker->batch);
    if (worker->reader.link) {
        jj_reader_close(&worker->reader);
    }
    jj_staged_clear(&worker->staged);
    jj_state_free(worker->state);
    jj_link_close(&worker->link);
    jj_options_clear(&worker->options);
    jj_config_free(worker->reloaded);
    jj_module_close(worker->module);
    jj_buf_clear(&worker->scratch);
}

int jj_worker_run(const jj_config *config, const jj_plugin_config *instance, const char *token,
                  int status_fd)
{
    jj_error err = {0};
    int64_t status_ms = 0;
    jj_worker *worker = calloc(1, sizeof *worker);

    if (!worker || !jj_id_init()) {
        jj_log(JJ_ERROR, "cannot start: out of memory or randomness");
        free(worker);
        return EXIT_FAILURE;
    }
    worker->config = config;
    worker->instance = instance;
    worker->link = (jj_link){.status_fd = -1, .signal_fd = -1, .config_fd = -1};
    int rc = start(worker, token, status_fd, &err);
    if (rc && !worker->link.stopping) {
        jj_log_error(JJ_ERROR, "cannot start", &err);
    }
    if (rc == 0) {
        jj_log(JJ_INFO, "ready: %s %s", worker->plugin->name, worker->plugin->version);
        jj_link_tell(&worker->link, "READY");
        jj_process_settle();
        while (!worker->link.stopping && !worker->failed) {
            turn(worker, &status_ms);
        }
    }
    bool ended = worker->link.stopping && !worker->failed;
    stop(worker);
    free(worker);
    return rc == 0 || ended                        ? (ended ? EXIT_SUCCESS : EXIT_FAILURE)
           : rc == JJ_ECONFIG || rc == JJ_EVERSION ? EXIT_CONFIG
                                                   : EXIT_FAILURE;
}
