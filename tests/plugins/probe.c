/*
 * What the system tests do things to: it answers each vacancy.opened with a vacancy.closed and
 * counts them in its state. The title of a vacancy asks for something else:
 *
 *   later N    answer "later" the first N times it is seen in this process
 *   crash      crash, unless the file named by the option `scar` exists; it is made first
 *   hang       never come back, with the same exception
 *   reject     put the event aside
 *   invalid    publish what its schema refuses
 *   many N     publish N events
 *   shout      log what the option `word` says, and how many were counted
 */
#include "sample.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    WORD,
    SCAR,
    TICK
};

static const jj_option options[] = {
    {.name = "word", .type = JJ_OPTION_STRING, .initial = "none", .doc = "what to shout"},
    {.name = "scar", .type = JJ_OPTION_PATH, .doc = "made before the first crash"},
    {.name = "tick",
     .type = JJ_OPTION_DURATION,
     .initial = "0s",
     .max = 60000,
     .doc = "put something into the state as often as this; 0: never"},
    {0},
};

static const char *const takes[] = {"vacancy.opened", NULL};
static const char *const says[] = {"vacancy.closed", NULL};

typedef struct probe {
    const jj_host *host;
    const jj_value *values;
    long put_off; /* times that "later" was answered */
} probe;

static long count_of(const probe *self)
{
    const char *value = "0";
    self->host->state_get(self->host, "count", &value);
    return strtol(value, NULL, 10);
}

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    probe *new = calloc(1, sizeof *new);
    if (!new) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    *new = (probe){.host = host, .values = values};
    host->log(host, JJ_LOG_INFO, "begins with a count of %ld", count_of(new));
    *self = new;
    return 0;
}

static int start(void *arg, jj_error *err)
{
    probe *self = arg;
    int64_t every_ms = self->values[TICK].number;
    if (every_ms > 0 && self->host->timer(self->host, 3, every_ms, true)) {
        return jj_fail(err, JJ_EINVALID, "no timer");
    }
    return 0;
}

/* True the first time in the life of the scar. */
static bool hurts(const probe *self)
{
    const char *path = self->values[SCAR].string;
    int fd = path ? open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static int say(const probe *self, const jj_event *cause, const char *reason, long number)
{
    const json_t *data = self->host->data(self->host, cause);
    char key[16];
    json_t *closed = json_pack("{s:s,s:O,s:s}", "date", "2024-02-02", "vacancy",
                               json_object_get(data, "vacancy"), "reason", reason);
    snprintf(key, sizeof key, "%ld", number);
    const jj_draft draft = {.type = "vacancy.closed",
                            .subject = cause->subject,
                            .cause = cause,
                            .key = key,
                            .data = closed};
    int rc = self->host->publish(self->host, &draft, NULL);
    json_decref(closed);
    return rc;
}

static int take(probe *self, const jj_event *event)
{
    const jj_host *host = self->host;
    const char *title = json_string_value(json_object_get(host->data(host, event), "title"));
    const char *reason = "withdrawn";
    long many = 1;
    char count[24];

    title = title ? title : "";
    if (strncmp(title, "later ", 6) == 0 && self->put_off < strtol(title + 6, NULL, 10)) {
        self->put_off++;
        host->log(host, JJ_LOG_INFO, "later, for the %ld. time", self->put_off);
        return JJ_LATER;
    }
    if (strcmp(title, "crash") == 0 && hurts(self)) {
        abort();
    }
    if (strcmp(title, "hang") == 0 && hurts(self)) {
        while (pause() < 0) {
        }
    }
    if (strcmp(title, "reject") == 0) {
        host->reject(host, event, "the title says so");
        return JJ_DONE;
    }
    if (strcmp(title, "invalid") == 0) {
        reason = "no such reason";
    }
    if (strncmp(title, "many ", 5) == 0) {
        many = strtol(title + 5, NULL, 10);
    }
    for (long i = 0; i < many; i++) {
        say(self, event, reason, i);
    }
    snprintf(count, sizeof count, "%ld", count_of(self) + 1);
    host->state_put(host, "count", count);
    if (strcmp(title, "shout") == 0) {
        host->log(host, JJ_LOG_INFO, "the word is %s, the count is %s", self->values[WORD].string,
                  count);
    }
    return JJ_DONE;
}

static int on_events(void *self, const jj_event *events, size_t count)
{
    int verdict = JJ_DONE;
    for (size_t i = 0; i < count && verdict == JJ_DONE; i++) {
        verdict = take(self, &events[i]);
    }
    return verdict;
}

static void on_timer(void *arg, int id)
{
    probe *self = arg;
    char ticks[24];
    const char *value = "0";
    self->host->state_get(self->host, "ticks", &value);
    snprintf(ticks, sizeof ticks, "%ld", strtol(value, NULL, 10) + 1);
    self->host->state_put(self->host, "ticks", ticks);
    self->host->log(self->host, JJ_LOG_INFO, "tick %s of timer %d", ticks, id);
}

static int reload(void *arg, const jj_value *values, jj_error *err)
{
    probe *self = arg;
    self->values = values;
    self->host->log(self->host, JJ_LOG_INFO, "the word is now %s", values[WORD].string);
    return strcmp(values[WORD].string, "refuse") ? 0 : jj_fail(err, JJ_EINVALID, "not that word");
}

static void stop(void *arg)
{
    const probe *self = arg;
    self->host->log(self->host, JJ_LOG_INFO, "stops with a count of %ld", count_of(self));
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,          .name = "probe",  .publishes = says, .subscribes = takes,
    .options = options,   .create = create, .start = start,    .on_events = on_events,
    .on_timer = on_timer, .reload = reload, .stop = stop,      .destroy = free,
};
