/* Ends the process that it is a guest of. */
#include "sample.h"

#include <stdlib.h>

static const char *const types[] = {"vacancy.opened", NULL};

static int on_events(void *self, const jj_event *events, size_t count)
{
    (void)self;
    (void)events;
    _Exit(count > 0 ? 7 : 0);
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "exit-events",
    .subscribes = types,
    .create = sample_create,
    .on_events = on_events,
    .destroy = sample_destroy,
};
