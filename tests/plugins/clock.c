/* Takes the time of what it publishes from the clock: each time it is said it is another event. */
#include "sample.h"

static const char *const takes[] = {"vacancy.opened", NULL};
static const char *const says[] = {"vacancy.closed", NULL};

static int on_events(void *self, const jj_event *events, size_t count)
{
    const jj_host *host = self;
    for (size_t i = 0; i < count; i++) {
        json_t *data = json_pack("{s:s}", "reason", "withdrawn");
        const jj_draft draft = {.type = "vacancy.closed",
                                .subject = events[i].subject,
                                .cause = &events[i],
                                .time_ms = host->now_ms(host),
                                .data = data};
        host->publish(host, &draft, NULL);
        json_decref(data);
    }
    return JJ_DONE;
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "clock",
    .publishes = says,
    .subscribes = takes,
    .create = sample_create,
    .on_events = on_events,
    .destroy = sample_destroy,
};
