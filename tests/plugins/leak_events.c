/* Takes a megabyte with each batch and never gives it back. */
#include "sample.h"

#include <stdlib.h>
#include <string.h>

#define PIECE (1024 * 1024)

static const char *const types[] = {"vacancy.opened", NULL};

/* What is kept, so that it is not lost but only never given back. */
typedef struct leak {
    struct leak *next;
    char bytes[PIECE];
} leak;

typedef struct keeper {
    leak *first;
} keeper;

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    (void)host;
    (void)values;
    *self = calloc(1, sizeof(keeper));
    return *self ? 0 : jj_fail(err, JJ_EMEMORY, "out of memory");
}

static int on_events(void *arg, const jj_event *events, size_t count)
{
    keeper *self = arg;
    leak *more = malloc(sizeof *more);
    (void)events;
    if (!more) {
        return JJ_LATER;
    }
    memset(more->bytes, (int)count, PIECE);
    more->next = self->first;
    self->first = more;
    return JJ_DONE;
}

static void destroy(void *arg)
{
    keeper *self = arg;
    while (self && self->first) {
        leak *next = self->first->next;
        free(self->first);
        self->first = next;
    }
    free(self);
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,      .name = "leak-events",  .subscribes = types,
    .create = create, .on_events = on_events, .destroy = destroy,
};
