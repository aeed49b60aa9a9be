/* What a plugin may ask of fake_host: the functions of jj_host. */
#include "fake_internal.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

bool listed(const char *const *words, const char *word)
{
    for (; words && *words; words++) {
        if (strcmp(*words, word) == 0 || strcmp(*words, "*") == 0) {
            return true;
        }
    }
    return false;
}

static void note_change(fake_host *fake, const char *key, char *old)
{
    if (fake->change_count == fake->change_room) {
        fake->change_room = fake->change_room ? 2 * fake->change_room : 256;
        fake->changes = realloc(fake->changes, fake->change_room * sizeof *fake->changes);
    }
    fake->changes[fake->change_count++] = (struct change){strdup(key), old};
}

/* The day of the event's time; a producer's own day may begin hours earlier or later. */
static void assert_date(const json_t *data, int64_t time_ms)
{
    const int64_t day_ms = 86400000;
    const char *date = json_string_value(json_object_get(data, "date"));
    int year, month, day;
    assert_non_null(date);
    assert_true(jj_date_parse(date, strlen(date), &year, &month, &day));
    int64_t ahead_ms = time_ms - jj_days_from_date(year, month, day) * day_ms;
    assert_true(ahead_ms > -day_ms && ahead_ms < 2 * day_ms);
}

static int host_publish(const jj_host *host, const jj_draft *draft, jj_error *err)
{
    fake_host *fake = host->ctx;
    (void)err;
    assert_true(listed(fake->plugin->publishes, draft->type));
    assert_non_null(draft->subject);
    assert_true(json_is_object(draft->data));
    int64_t time_ms = draft->time_ms ? draft->time_ms
                      : draft->cause ? draft->cause->time_ms
                                     : fake->now_ms;
    char id[512], source[128];
    assert_date(draft->data, time_ms);
    if (draft->cause) {
        assert_non_null(draft->cause->id);
    }
    snprintf(id, sizeof id, "%s|%s|%s", draft->cause ? draft->cause->id : host->instance,
             draft->type, draft->key ? draft->key : "");
    const char *region = draft->region  ? draft->region
                         : draft->cause ? draft->cause->region
                                        : host->region;
    snprintf(source, sizeof source, "/%s/%s", host->node, host->instance);
    list_add(&fake->staged, said_new(source, id, draft->type, region, draft->subject,
                                     draft->cause ? draft->cause->id : NULL, time_ms,
                                     json_deep_copy(draft->data)));
    return 0;
}

static int host_get(const jj_host *host, const char *key, const char **value)
{
    fake_host *fake = host->ctx;
    const char *found = fake_map_get(fake->state, key);
    if (!found) {
        return JJ_ENOTFOUND;
    }
    *value = found;
    return 0;
}

static int host_put(const jj_host *host, const char *key, const char *value)
{
    fake_host *fake = host->ctx;
    char *old;
    assert_true(*key && strlen(key) <= 255);
    fake->state = fake_map_put(fake->state, key, strdup(value), &old);
    note_change(fake, key, old);
    return 0;
}

static int host_delete(const jj_host *host, const char *key)
{
    fake_host *fake = host->ctx;
    char *old = NULL;
    fake->state = fake_map_delete(fake->state, key, &old);
    if (!old) {
        return JJ_ENOTFOUND;
    }
    note_change(fake, key, old);
    return 0;
}

static int host_scan(const jj_host *host, const char *prefix, jj_state_visit visit, void *arg)
{
    fake_host *fake = host->ctx;
    fake_map_scan(fake->state, prefix, visit, arg);
    return 0;
}

static const json_t *host_data(const jj_host *host, const jj_event *event)
{
    const fake_host *fake = host->ctx;
    return fake->batch.items[fake->handed_from + (size_t)(event - fake->handed)].data;
}

static int host_reject(const jj_host *host, const jj_event *event, const char *reason)
{
    fake_host *fake = host->ctx;
    (void)event;
    assert_true(reason && *reason);
    fake->rejected++;
    return 0;
}

static void host_log(const jj_host *host, int level, const char *format, ...)
{
    va_list args;
    (void)host;
    if (level > JJ_LOG_WARNING) {
        return;
    }
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

static int64_t host_now(const jj_host *host)
{
    return ((fake_host *)host->ctx)->now_ms;
}

static int host_timer(const jj_host *host, int id, int64_t delay_ms, bool repeat)
{
    fake_host *fake = host->ctx;
    assert_in_range(id, 0, 15);
    fake->timers[id] = delay_ms >= 0 && delay_ms <= 1 && !repeat;
    return 0;
}

static const void *host_interface(const jj_host *host, const char *id)
{
    (void)host;
    (void)id;
    return NULL;
}

jj_host host_offers(fake_host *fake)
{
    return (jj_host){
        .abi_major = JJ_ABI_MAJOR,
        .abi_minor = JJ_ABI_MINOR,
        .size_bytes = sizeof(jj_host),
        .ctx = fake,
        .instance = fake->plugin->name,
        .node = "test",
        .region = "33.75",
        .publish = host_publish,
        .state_get = host_get,
        .state_put = host_put,
        .state_delete = host_delete,
        .state_scan = host_scan,
        .data = host_data,
        .reject = host_reject,
        .log = host_log,
        .now_ms = host_now,
        .timer = host_timer,
        .interface = host_interface,
    };
}
