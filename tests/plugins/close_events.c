/* Closes what is not its own: every descriptor of its process. */
#include "sample.h"

#include <unistd.h>

static int on_events(void *self, const jj_event *events, size_t count)
{
    (void)self;
    (void)events;
    (void)count;
    for (int fd = 3; fd < 200; fd++) {
        close(fd);
    }
    return JJ_DONE;
}

static const char *const subscribes[] = {"vacancy.opened", NULL};

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "closes",
    .subscribes = subscribes,
    .create = sample_create,
    .on_events = on_events,
    .destroy = sample_destroy,
};
