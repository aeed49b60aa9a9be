/* Starts processes of its own, with all that they inherit, and forgets them. A minute is the end.
 */
#include "sample.h"

#include <unistd.h>

#define COPIES 20

static int made;

static int on_events(void *self, const jj_event *events, size_t count)
{
    (void)self;
    (void)events;
    (void)count;
    for (; made < COPIES; made++) {
        if (fork() == 0) {
            alarm(60);
            for (;;) {
                pause();
            }
        }
    }
    return JJ_DONE;
}

static const char *const subscribes[] = {"vacancy.opened", NULL};

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "forks",
    .subscribes = subscribes,
    .create = sample_create,
    .on_events = on_events,
    .destroy = sample_destroy,
};
