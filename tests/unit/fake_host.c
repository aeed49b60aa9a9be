#include "fake_internal.h"

#include "base/clock.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DRAFTS_MAX 1000 /* events in one message of the protocol */

/* ---- Commit and rollback ------------------------------------------------------------------ */

static bool same_key(const struct said *a, const struct said *b)
{
    return memcmp(a->event.key, b->event.key, 16) == 0;
}

/* What the hub does with a draft that it has already: the same again is nothing, the same with
 * other content is a conflict, and so a defect of the plugin. */
static bool is_known(fake_host *fake, const struct said *draft)
{
    for (size_t i = fake->published.count; i-- > 0;) {
        const struct said *other = &fake->published.items[i];
        if (!same_key(other, draft)) {
            continue;
        }
        assert_true(json_equal(other->data, draft->data));
        return true;
    }
    return false;
}

static void commit(fake_host *fake)
{
    assert_in_range(fake->staged.count, 0, DRAFTS_MAX);
    bool check = fake->published.count < 5000; /* the search is linear */
    for (size_t i = 0; i < fake->staged.count; i++) {
        struct said draft = fake->staged.items[i];
        if (check && is_known(fake, &draft)) {
            said_clear(&draft);
            continue;
        }
        list_add(&fake->published, draft);
        if (listed(fake->plugin->subscribes, draft.type)) {
            list_add(&fake->batch,
                     said_new(draft.source, draft.id, draft.type, draft.region, draft.subject,
                              draft.cause, draft.event.time_ms, json_deep_copy(draft.data)));
        }
    }
    free(fake->staged.items);
    fake->staged = (struct list){0};
    for (size_t i = 0; i < fake->change_count; i++) {
        free(fake->changes[i].key);
        free(fake->changes[i].old);
    }
    fake->change_count = 0;
}

static void roll_back(fake_host *fake)
{
    char *dropped = NULL;
    while (fake->change_count > 0) {
        struct change *change = &fake->changes[--fake->change_count];
        if (change->old) {
            fake->state = fake_map_put(fake->state, change->key, change->old, &dropped);
        } else {
            fake->state = fake_map_delete(fake->state, change->key, &dropped);
        }
        free(dropped);
        dropped = NULL;
        free(change->key);
    }
    list_clear(&fake->staged);
}

static void pending_timers(fake_host *fake)
{
    for (int id = 0; id < 16; id++) {
        while (fake->timers[id]) {
            fake->timers[id] = false;
            fake->plugin->on_timer(fake->self, id);
            commit(fake);
        }
    }
}

static void instance_start(fake_host *fake)
{
    jj_error err = {0};
    memset(fake->timers, 0, sizeof fake->timers);
    assert_int_equal(fake->plugin->create(&fake->host, fake->values, &fake->self, &err), 0);
    if (fake->plugin->start) {
        assert_int_equal(fake->plugin->start(fake->self, &err), 0);
    }
    commit(fake);
    pending_timers(fake);
}

/* ---- Options ------------------------------------------------------------------------------ */

static void value_set(fake_host *fake, size_t i, const jj_option *option, const json_t *given)
{
    jj_value *value = &fake->values[i];
    char *text = json_is_string(given) ? strdup(json_string_value(given))
                 : given               ? json_dumps(given, JSON_ENCODE_ANY | JSON_COMPACT)
                 : option->initial     ? strdup(option->initial)
                                       : NULL;
    fake->strings[i] = text;
    value->given = text != NULL;
    if (!text) {
        return;
    }
    if (option->type == JJ_OPTION_INTEGER) {
        assert_true(jj_parse_i64(text, &value->number));
    } else if (option->type == JJ_OPTION_BOOLEAN) {
        value->number = strcmp(text, "true") == 0;
    } else if (option->type == JJ_OPTION_DURATION) {
        assert_true(jj_parse_duration(text, &value->number));
    } else {
        value->string = text;
    }
    if (option->min || option->max) {
        assert_true(value->number >= option->min && value->number <= option->max);
    }
}

static fake_host *fake_new(const jj_plugin *plugin, const char *options)
{
    fake_host *fake = calloc(1, sizeof *fake);
    fake->plugin = plugin;
    fake->host = host_offers(fake);
    json_t *given = options ? json_loads(options, 0, NULL) : json_object();
    assert_non_null(given);
    while (plugin->options && plugin->options[fake->value_count].name) {
        fake->value_count++;
    }
    fake->values = calloc(fake->value_count + 1, sizeof *fake->values);
    fake->strings = calloc(fake->value_count + 1, sizeof *fake->strings);
    for (size_t i = 0; i < fake->value_count; i++) {
        value_set(fake, i, &plugin->options[i], json_object_get(given, plugin->options[i].name));
    }
    json_decref(given);
    fake_now(fake, "2021-01-01");
    fake_region(fake, "33.75");
    return fake;
}

fake_host *fake_open(const jj_plugin *plugin, const char *options)
{
    assert_string_equal(fake_check(plugin, options), "");
    fake_host *fake = fake_new(plugin, options);
    instance_start(fake);
    return fake;
}

void fake_close(fake_host *fake)
{
    if (fake->plugin->stop && fake->self) {
        fake->plugin->stop(fake->self);
    }
    fake->plugin->destroy(fake->self);
    list_clear(&fake->batch);
    list_clear(&fake->staged);
    list_clear(&fake->published);
    fake_map_free(fake->state);
    for (size_t i = 0; i < fake->value_count; i++) {
        free(fake->strings[i]);
    }
    free(fake->strings);
    free(fake->values);
    free(fake->changes);
    free(fake->text);
    free(fake);
}

const char *fake_check(const jj_plugin *plugin, const char *options)
{
    static jj_error err;
    err = (jj_error){0};
    fake_host *fake = fake_new(plugin, options);
    int code = plugin->check ? plugin->check(fake->values, &err) : 0;
    assert_int_equal(code, err.code);
    fake_close(fake);
    return err.text;
}

/* ---- Events ------------------------------------------------------------------------------- */

static int64_t day_ms(const char *day)
{
    int year, month, number;
    assert_true(jj_date_parse(day, strcspn(day, "+"), &year, &month, &number));
    return jj_days_from_date(year, month, number) * 86400000 + atoi(day + strcspn(day, "+"));
}

void fake_now(fake_host *fake, const char *day)
{
    fake->now_ms = day_ms(day);
}

void fake_region(fake_host *fake, const char *region)
{
    snprintf(fake->region, sizeof fake->region, "%s", region);
}

void fake_id(fake_host *fake, const char *id)
{
    snprintf(fake->id, sizeof fake->id, "%s", id);
}

void fake_say(fake_host *fake, const char *type, const char *subject, const char *day,
              const char *format, ...)
{
    char members[1024], text[1200], id[256];
    va_list args;
    va_start(args, format);
    vsnprintf(members, sizeof members, format, args);
    va_end(args);
    if (strstr(members, "'date'")) {
        snprintf(text, sizeof text, "{%s}", members);
    } else {
        snprintf(text, sizeof text, "{'date': '%.10s'%s%s}", day, *members ? ", " : "", members);
    }
    for (char *c = text; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    json_t *data = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (!data) {
        fail_msg("not JSON: %s", text);
    }
    snprintf(id, sizeof id, "%s/%s/%s/%s", type, subject ? subject : "", day, fake->id);
    list_add(&fake->batch,
             said_new("test/agency", id, type, fake->region, subject, NULL, day_ms(day), data));
}

void fake_shuffle(fake_host *fake, unsigned seed)
{
    for (size_t i = fake->batch.count; i > 1; i--) {
        seed = seed * 1664525u + 1013904223u;
        size_t j = (seed >> 8) % i;
        struct said swap = fake->batch.items[i - 1];
        fake->batch.items[i - 1] = fake->batch.items[j];
        fake->batch.items[j] = swap;
    }
}

static void hand_over(fake_host *fake, size_t from, size_t count)
{
    jj_event *events = calloc(count, sizeof *events);
    for (size_t i = 0; i < count; i++) {
        events[i] = fake->batch.items[from + i].event;
    }
    fake->handed = events;
    fake->handed_from = from;
    assert_int_equal(fake->plugin->on_events(fake->self, events, count), JJ_DONE);
    free(events);
}

void fake_deliver(fake_host *fake, size_t most)
{
    size_t from = 0;
    while (from < fake->batch.count) {
        size_t count = fake->batch.count - from;
        count = most && count > most ? most : count;
        hand_over(fake, from, count);
        from += count;
        commit(fake);
        pending_timers(fake);
    }
    list_clear(&fake->batch);
}

void fake_crash(fake_host *fake)
{
    hand_over(fake, 0, fake->batch.count);
    roll_back(fake);
    fake->plugin->destroy(fake->self);
    instance_start(fake);
}

void fake_timer(fake_host *fake, int id)
{
    fake->plugin->on_timer(fake->self, id);
    commit(fake);
    pending_timers(fake);
}
