/* Crashes at its first batch. */
#include "sample.h"

#include <stdlib.h>

static const char *const types[] = {"vacancy.opened", NULL};

static int on_events(void *self, const jj_event *events, size_t count)
{
    (void)self;
    (void)events;
    (void)count;
    abort();
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "crash-events",
    .subscribes = types,
    .create = sample_create,
    .on_events = on_events,
    .destroy = sample_destroy,
};
