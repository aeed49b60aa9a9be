/* Notes every vacancy as to be done, and does it from a timer: says of each what is right and what
 * no hub takes, and until that is committed says it again. */
#include "sample.h"

#include <stdio.h>
#include <string.h>

static const char *const takes[] = {"vacancy.opened", NULL};
static const char *const says[] = {"vacancy.closed", NULL};

static int start(void *self, jj_error *err)
{
    const jj_host *host = self;
    (void)err;
    return host->timer(host, 0, 20, true);
}

static int on_events(void *self, const jj_event *events, size_t count)
{
    const jj_host *host = self;
    for (size_t i = 0; i < count; i++) {
        char key[128];
        snprintf(key, sizeof key, "todo/%s", events[i].subject);
        host->state_put(host, key, "");
    }
    return JJ_DONE;
}

static int find(void *arg, const char *key, const char *value)
{
    (void)value;
    snprintf(arg, 128, "%s", key);
    return 1;
}

static void on_timer(void *self, int id)
{
    const jj_host *host = self;
    char key[128] = "";
    static const char *const reasons[] = {"filled", "because"};
    (void)id;
    host->state_scan(host, "todo/", find, key);
    for (size_t i = 0; *key && i < 2; i++) {
        const char *vacancy = key + strlen("todo/");
        json_t *data = json_pack("{s:s, s:s, s:s}", "date", "2024-03-01", "vacancy", vacancy,
                                 "reason", reasons[i]);
        const jj_draft draft = {.type = "vacancy.closed",
                                .subject = vacancy,
                                .key = i ? vacancy : key,
                                .time_ms = 1709251200000,
                                .data = data};
        host->publish(host, &draft, NULL);
        json_decref(data);
        host->state_delete(host, key);
    }
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "stuck",
    .publishes = says,
    .subscribes = takes,
    .create = sample_create,
    .start = start,
    .on_events = on_events,
    .on_timer = on_timer,
    .destroy = sample_destroy,
};
