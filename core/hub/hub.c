#include "hub/internal.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/process.h"
#include "journal/audit.h"
#include "json/load.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define COMMITS_MAX      4 /* in one turn */
#define SECOND_MS        1000
#define RECOVER_MS       2000
#define DEFERRED_MS      10 /* how often it is looked whether an agency has read its answers */
#define CHECKPOINT_BYTES (16 * 1024 * 1024)
#define TRIM_EVENTS      10000 /* each second: retention keeps up with what comes in */
#define REPORT_MS        10000
#define SCRUB_MS         60000 /* what was deleted or replaced is on disk no longer than this */

/* ---- Commit ------------------------------------------------------------------------------- */

/* Answers everybody who waited for the commit: with what was prepared, or with the failure. */
static void answer_held(jj_hub *hub, const jj_error *failure)
{
    jj_buf error = {0};
    if (failure) {
        jj_error_result(failure, &error);
    }
    while (hub->held) {
        jj_held *held = hub->held;
        if (failure) {
            jj_message_empty(&held->answer);
            held->answer.failed = error.failed;
            jj_return_path_start(&held->path, &held->answer, "ERROR", error.data, error.size);
            jj_return_path_send(&held->path, &held->answer);
        } else {
            jj_socket_send(held->path.door->socket, &held->answer); /* it is counted already */
        }
        hub->held = held->next;
        jj_message_clear(&held->answer);
        jj_return_path_clear(&held->path);
        free(held);
    }
    hub->held_end = &hub->held;
    jj_buf_clear(&error);
}

/* known: the journal had failed before, and this is only somebody who tried. It is not said again,
 * and above all the recovery is not put off by those who go on asking. */
static void refuse_held(jj_hub *hub, bool known, jj_error *why)
{
    if (!known) {
        jj_log_with(
            JJ_ERROR, &(jj_log_fields){.id = JJ_LOG_STOPPED},
            "nothing more is accepted: %s; what was waiting was refused with `unavailable`; "
            "trying again every %d s",
            why->text, RECOVER_MS / 1000);
        hub->next_recover_ms = jj_monotonic_ms() + RECOVER_MS;
    }
    /* The note may have been lost with the rest: once more does no harm. */
    hub->key_noted = hub->key_fresh = false;
    jj_fail(why, JJ_EUNAVAILABLE, "the hub cannot store at the moment; try again later");
    answer_held(hub, why);
    jj_hub_spoil_jobs(hub);
}

/* Makes durable what this turn of the loop brought, then tells everybody. Waking a reader can
 * begin a transaction of its own, since deliveries are recorded. */
void jj_hub_settle(jj_hub *hub)
{
    jj_error err;
    for (int i = 0; i < COMMITS_MAX && jj_journal_is_open(hub->journal); i++) {
        uint64_t before = jj_journal_head(hub->journal);
        bool failed = jj_journal_failed(hub->journal);
        hub->staged = 0;
        hub->hurry = false;
        jj_hub_finish_erasures(hub);
        hub->claim = (jj_claim){0}; /* known to be durable when it is looked up again */
        if (jj_journal_commit(hub->journal, &err)) {
            refuse_held(hub, failed, &err);
            return;
        }
        if (hub->key_fresh) {
            hub->key_fresh = false;
            jj_journal_checkpoint(hub->journal); /* jj_journal_peek looks into the file itself */
        }
        answer_held(hub, NULL);
        jj_hub_ring(hub, before);
        jj_hub_wake(hub);
    }
    if (hub->scrub && !jj_journal_is_open(hub->journal) &&
        jj_journal_scrub(hub->journal, &err) == 0) {
        hub->scrub = false;
    }
}

static void recover(jj_hub *hub)
{
    jj_error err;
    if (!jj_journal_failed(hub->journal) || jj_monotonic_ms() < hub->next_recover_ms) {
        return;
    }
    if (jj_journal_recover(hub->journal, &err) == 0) {
        memcpy(hub->digest_secret, jj_journal_secret(hub->journal), sizeof hub->digest_secret);
        jj_log_with(JJ_NOTICE, &(jj_log_fields){.id = JJ_LOG_RESUMED},
                    "the journal can be written again; accepting events");
    }
    hub->next_recover_ms = jj_monotonic_ms() + RECOVER_MS;
}

/* ---- Upkeep ------------------------------------------------------------------------------- */

static void say(const jj_hub *hub, const char *line)
{
    /* The supervisor may be gone; it then ends us anyway. */
    if (hub->status_fd >= 0 && write(hub->status_fd, line, strlen(line)) < 0) {
        return;
    }
}

/* Once for each time that it is silent: it stays untold until it comes back. */
static void say_lost(void *arg, const jj_consumer *consumer)
{
    (void)arg;
    if (consumer->untold == 0) {
        jj_log(JJ_WARNING,
               "the consumer %s was silent for longer than hub.retention.lost_after: events leave "
               "the journal without it, from cursor %llu on; `jejaringctl balance` counts them",
               consumer->name, (unsigned long long)consumer->cursor);
    }
}

/* Removes what is old and moves the write-ahead log, a bit each time, when nobody is waiting. */
static void keep_house(jj_hub *hub)
{
    const jj_hub_config *config = &hub->config->hub;
    if (jj_journal_failed(hub->journal)) {
        return;
    }
    if (jj_monotonic_ms() >= hub->next_scrub_ms) {
        hub->next_scrub_ms = jj_monotonic_ms() + SCRUB_MS;
        hub->scrub = hub->scrub || jj_journal_wal_size(hub->journal) > 0;
    }
    const jj_retention retention = {.age_ms = config->retention_age_ms,
                                    .size_bytes = config->retention_bytes,
                                    .lost_after_ms = config->lost_after_ms,
                                    .most = TRIM_EVENTS,
                                    .lost = say_lost};
    jj_journal_begin(hub->journal);
    jj_hub_see_plugins(hub);
    jj_journal_trim(hub->journal, &retention);
    jj_journal_fill(hub->journal);
    jj_hub_settle(hub);
}

/* Nothing came since the last look: what the work before that needed is given back, once. */
static void rest(jj_hub *hub)
{
    uint64_t received = jj_journal_counts(hub->journal).received;
    if (received != hub->worked) {
        hub->worked = received;
        hub->rested = false;
    } else if (!hub->rested) {
        hub->rested = true;
        jj_process_settle();
    }
}

static void each_second(jj_hub *hub)
{
    int64_t now_ms = jj_monotonic_ms();
    if (now_ms < hub->next_second_ms) {
        return;
    }
    hub->next_second_ms = now_ms + SECOND_MS;
    say(hub, "ALIVE\n");
    jj_hub_heartbeat(hub);
    jj_hub_wake(hub);
    if (now_ms >= hub->next_report_ms) {
        char line[160];
        hub->next_report_ms = now_ms + REPORT_MS;
        snprintf(line, sizeof line, "STATUS %llu events\n",
                 (unsigned long long)jj_journal_head(hub->journal));
        say(hub, line);
        rest(hub);
    }
    keep_house(hub);
}

/* ---- Loop --------------------------------------------------------------------------------- */

static void listen_at(jj_poll *items, size_t *count, jj_socket *socket)
{
    if (socket) {
        items[(*count)++] = (jj_poll){.socket = socket, .events = POLLIN};
    }
}

static void turn(jj_hub *hub, int signals, bool *stop)
{
    jj_poll items[2 * JJ_DOORS_MAX + 5];
    size_t count = 0;
    items[count++] = (jj_poll){.fd = signals, .events = POLLIN};
    listen_at(items, &count, hub->zap);
    listen_at(items, &count, hub->bell.socket);
    for (size_t i = 0; i < hub->door_count; i++) {
        listen_at(items, &count, hub->doors[i].socket);
        listen_at(items, &count, jj_porch_socket(hub->doors[i].porch));
    }
    listen_at(items, &count, hub->outer_bell.socket);
    listen_at(items, &count, jj_porch_socket(hub->outer_bell.porch));
    int64_t wait_ms = hub->next_second_ms - jj_monotonic_ms();
    if (hub->deferred && wait_ms > DEFERRED_MS) {
        wait_ms = DEFERRED_MS;
    }
    if (hub->lines || hub->unwoken || jj_journal_is_open(hub->journal)) {
        wait_ms = 0;
    }
    int ready = jj_wire_poll(items, count, wait_ms > 0 ? (long)wait_ms : 0);
    if (items[0].revents) {
        struct signalfd_siginfo signal;
        bool got = read(signals, &signal, sizeof signal) == sizeof signal;
        if (got && signal.ssi_signo == SIGHUP) {
            jj_hub_reload_rights(hub);
        }
        *stop = got && signal.ssi_signo != SIGHUP;
    }
    jj_hub_serve_porches(hub);
    jj_hub_serve_zap(hub);
    jj_hub_serve_bell(hub);
    jj_hub_serve(hub);
    if (hub->deferred || hub->unwoken) {
        jj_hub_wake(hub);
    }
    jj_hub_settle(hub);
    recover(hub);
    if (jj_journal_wal_size(hub->journal) > (ready ? 4 : 1) * CHECKPOINT_BYTES) {
        jj_journal_checkpoint(hub->journal);
    }
    each_second(hub);
}

/* ---- Start and end ------------------------------------------------------------------------ */

static int open_parts(jj_hub *hub, const json_t *grants, jj_error *err)
{
    const jj_config *config = hub->config;
    char *events = jj_path_join(config->schemas, "events");
    char *journal = jj_path_join(config->state, "journal.db");
    int rc = events && journal ? 0 : jj_fail(err, JJ_EMEMORY, "out of memory");
    rc = rc ? rc : jj_mkdir_all(config->state, 0700, err);
    rc = rc ? rc : jj_mkdir_all(config->run, 0750, err);
    rc = rc ? rc : jj_catalogue_open(&hub->catalogue, events, err);
    rc = rc ? rc : jj_journal_open(&hub->journal, journal, err);
    rc = rc ? rc : jj_hub_open_secrets(hub, err);
    rc = rc ? rc : jj_audit_begin(hub->journal, hub->secrets.node_key, err);
    rc = rc ? rc : jj_wire_open(&hub->wire, err);
    rc = rc ? rc : jj_hub_load_rights(hub, grants, err);
    rc = rc ? rc : jj_hub_open_doors(hub, err);
    rc = rc ? rc : jj_hub_open_bell(hub, err);
    free(events);
    free(journal);
    return rc;
}

static void close_parts(jj_hub *hub)
{
    jj_error end;
    jj_fail(&end, JJ_EUNAVAILABLE, "the hub is stopping; try again later");
    answer_held(hub, &end); /* nobody, as a rule: a turn ends with its commit */
    jj_hub_drop_jobs(hub);
    jj_hub_drop_waiters(hub);
    jj_hub_forget_filters(hub);
    jj_hub_forget_erasures(hub);
    jj_hub_forget_retries(hub);
    jj_message_clear(&hub->incoming);
    jj_message_clear(&hub->zap_request);
    jj_message_clear(&hub->zap_answer);
    jj_hub_close_doors(hub);
    jj_hub_free_rights(hub);
    jj_wire_close(hub->wire);
    jj_hub_free_accounts(hub);
    if (hub->journal) {
        jj_journal_checkpoint(hub->journal);
    }
    jj_journal_close(hub->journal);
    jj_catalogue_close(hub->catalogue);
    jj_admitted_clear(&hub->admitted);
    jj_buf_clear(&hub->passing.text);
}

int jj_hub_run(const jj_config *config, const json_t *grants, int status_fd)
{
    jj_error err = {0};
    bool stop = false;
    jj_hub *hub = calloc(1, sizeof *hub);
    int signals = jj_process_signals((const int[]){SIGTERM, SIGINT, SIGHUP, 0});
    if (!hub || signals < 0 || !jj_id_init()) {
        jj_log(JJ_ERROR, "cannot start: out of memory, descriptors or randomness");
        free(hub);
        return 1;
    }
    hub->config = config;
    hub->status_fd = status_fd;
    hub->held_end = &hub->held;
    hub->started_ms = jj_monotonic_ms();
    hub->scrub = true; /* whoever was here before may have been killed before it could */
    int rc = open_parts(hub, grants, &err);
    if (rc) {
        /* The supervisor goes on trying: a port may become free. It tells the service manager. */
        char line[160];
        jj_log_error(JJ_ERROR, "cannot start", &err);
        snprintf(line, sizeof line, "STATUS cannot start: %.100s\n", err.text);
        say(hub, line);
    } else {
        memcpy(hub->digest_secret, jj_journal_secret(hub->journal), sizeof hub->digest_secret);
        hub->intake = (jj_intake){hub->catalogue, &hub->secrets, hub->digest_secret,
                                  config->hub.time_ahead_ms};
        jj_hub_load_retries(hub);
        jj_log(JJ_INFO, "ready: %zu event types, %llu events in the journal",
               jj_catalogue_count(hub->catalogue),
               (unsigned long long)jj_journal_head(hub->journal));
        say(hub, "READY\n");
        jj_process_settle();
        while (!stop) {
            turn(hub, signals, &stop);
        }
    }
    close_parts(hub);
    free(hub);
    close(signals);
    return rc == 0 ? 0 : rc == JJ_ECONFIG || rc == JJ_EVERSION ? 78 : 1;
}
