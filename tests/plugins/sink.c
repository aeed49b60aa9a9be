/*
 * Keeps its own cursor, in a file, as the warehouse keeps its in PostgreSQL, and checks what it is
 * promised: each batch begins where the last one ended, and nothing comes twice or is left out.
 * At the title "report" it logs what it has seen. Its option `stumble` makes it answer "later" to
 * every so manieth batch, after having stored its cursor or not, in turn; `slow_ms`, take its time;
 * `refuse`, put every event aside.
 */
#include "sample.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FILE_NAME,
    STUMBLE,
    SLOW_MS,
    REFUSE
};

static const jj_option options[] = {
    {.name = "file", .type = JJ_OPTION_PATH, .required = true, .doc = "holds the cursor"},
    {.name = "stumble",
     .type = JJ_OPTION_INTEGER,
     .initial = "0",
     .max = 1000,
     .doc = "answer \"later\" to each batch of this number; 0: never"},
    {.name = "slow_ms",
     .type = JJ_OPTION_INTEGER,
     .initial = "0",
     .max = 1000,
     .doc = "milliseconds that a batch takes"},
    {.name = "refuse",
     .type = JJ_OPTION_BOOLEAN,
     .initial = "false",
     .doc = "put every event aside"},
    {0},
};

static const char *const takes[] = {"*", NULL};

typedef struct stored {
    uint64_t cursor, events;
} stored;

typedef struct sink {
    const jj_host *host;
    const jj_value *values;
    int fd;
    stored stored;
    uint64_t after, next; /* of the batch that comes */
    uint64_t batches, largest, stumbles;
} sink;

static int fail(jj_error *err, const char *text)
{
    return jj_fail(err, JJ_ESYSTEM, "%s", text);
}

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    sink *new = calloc(1, sizeof *new);
    if (!new) {
        return fail(err, "out of memory");
    }
    *new = (sink){.host = host, .values = values};
    new->fd = open(values[FILE_NAME].string, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (new->fd < 0) {
        free(new);
        return fail(err, "cannot open the file");
    }
    *self = new;
    return 0;
}

static void destroy(void *arg)
{
    sink *self = arg;
    close(self->fd);
    free(self);
}

static int resume(void *arg, uint64_t *cursor, jj_error *err)
{
    sink *self = arg;
    stored read = {0};
    if (pread(self->fd, &read, sizeof read, 0) < 0) {
        return fail(err, "cannot read the file");
    }
    self->stored = read;
    *cursor = read.cursor;
    return 0;
}

static void batch(void *arg, uint64_t after, uint64_t cursor)
{
    sink *self = arg;
    self->after = after;
    self->next = cursor;
}

static void report(const sink *self)
{
    self->host->log(self->host, JJ_LOG_NOTICE,
                    "saw %" PRIu64 " events up to %" PRIu64 ", the largest batch had %" PRIu64
                    ", stumbled %" PRIu64 " times",
                    self->stored.events, self->stored.cursor, self->largest, self->stumbles);
}

static int on_events(void *arg, const jj_event *events, size_t count)
{
    sink *self = arg;
    int64_t every = self->values[STUMBLE].number;
    bool stumbles = every > 0 && ++self->batches % (uint64_t)every == 0;
    bool report_now = false;

    usleep((useconds_t)self->values[SLOW_MS].number * 1000);
    if (self->after != self->stored.cursor || self->next - self->after < count) {
        self->host->log(self->host, JJ_LOG_ERROR,
                        "BROKEN: %zu events from %" PRIu64 " to %" PRIu64
                        ", expected from %" PRIu64,
                        count, self->after, self->next, self->stored.cursor);
    }
    for (size_t i = 0; i < count; i++) {
        report_now |= strstr(events[i].type, "vacancy.opened") && !events[i].cause &&
                      memmem(events[i].text, events[i].size_bytes, "\"report\"", 8);
        if (self->values[REFUSE].number) {
            self->host->reject(self->host, &events[i],
                               "refused, with a reason as long as those are that name a rule, "
                               "a table and a column");
        }
    }
    if (stumbles && ++self->stumbles % 2) {
        return JJ_LATER;
    }
    self->largest = count > self->largest ? count : self->largest;
    const stored now = {self->next, self->stored.events + count};
    if (pwrite(self->fd, &now, sizeof now, 0) < 0) {
        return JJ_LATER;
    }
    self->stored = now;
    if (report_now) {
        report(self);
    }
    return stumbles ? JJ_LATER : JJ_DONE;
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,        .name = "sink",   .subscribes = takes,
    .options = options, .create = create, .on_events = on_events,
    .resume = resume,   .batch = batch,   .destroy = destroy,
};
