#include "fake_host.h"
#include "fake_map.h"

#include "base/clock.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DRAFTS_MAX 1000 /* events in one message of the protocol */

/* ---- The fake ----------------------------------------------------------------------------- */

struct change {
    char *key, *old; /* old NULL: there was nothing */
};

struct said {
    jj_event event;
    char *id, *type, *region, *subject, *cause;
    json_t *data;
};

struct list {
    struct said *items;
    size_t count;
};

struct fake_host {
    const jj_plugin *plugin;
    jj_host host;
    jj_value *values;
    char **strings;
    size_t value_count;
    void *self;
    struct fake_map *state;
    struct change *changes;
    size_t change_count, change_room;
    struct list batch, staged, published;
    const jj_event *handed; /* what on_events is looking at: batch from handed_from on */
    size_t handed_from;
    int64_t now_ms;
    char region[16], id[64];
    bool timers[16];
    size_t rejected;
    char *text;
};

static void list_add(struct list *list, struct said said)
{
    if ((list->count & (list->count - 1)) == 0) { /* full at every power of two */
        list->items = realloc(list->items, (list->count ? 2 * list->count : 1) * sizeof said);
    }
    list->items[list->count++] = said;
}

static void said_clear(struct said *said)
{
    free(said->id);
    free(said->type);
    free(said->region);
    free(said->subject);
    free(said->cause);
    json_decref(said->data);
}

static void list_clear(struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        said_clear(&list->items[i]);
    }
    free(list->items);
    *list = (struct list){0};
}

static bool listed(const char *const *words, const char *word)
{
    for (; words && *words; words++) {
        if (strcmp(*words, word) == 0 || strcmp(*words, "*") == 0) {
            return true;
        }
    }
    return false;
}

/* An event of these parts (copied; data is taken) with the key that the hub would give it. */
static struct said said_new(const char *id, const char *type, const char *region,
                            const char *subject, const char *cause, int64_t time_ms, json_t *data)
{
    struct said said = {
        .id = strdup(id),
        .type = strdup(type),
        .region = strdup(region),
        .subject = subject ? strdup(subject) : NULL,
        .cause = cause ? strdup(cause) : NULL,
        .data = data,
    };
    said.event = (jj_event){
        .text = "{}",
        .size_bytes = 2,
        .time_ms = time_ms,
        .id = said.id,
        .source = "test/agency",
        .type = said.type,
        .region = said.region,
        .subject = said.subject,
        .cause = said.cause,
    };
    uint64_t hash = 14695981039346656037u;
    for (const char *c = id; *c; c++) {
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    }
    for (int i = 0; i < 6; i++) {
        said.event.key[i] = (unsigned char)(time_ms >> (40 - 8 * i));
    }
    for (int i = 6; i < 16; i++) {
        said.event.key[i] = (unsigned char)(hash >> (i % 8 * 8));
    }
    return said;
}

/* ---- What the host offers ----------------------------------------------------------------- */

static void note_change(fake_host *fake, const char *key, char *old)
{
    if (fake->change_count == fake->change_room) {
        fake->change_room = fake->change_room ? 2 * fake->change_room : 256;
        fake->changes = realloc(fake->changes, fake->change_room * sizeof *fake->changes);
    }
    fake->changes[fake->change_count++] = (struct change){strdup(key), old};
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
    char day[JJ_TIME_SIZE], id[512];
    jj_time_format(time_ms, day);
    day[10] = '\0';
    const char *date = json_string_value(json_object_get(draft->data, "date"));
    assert_non_null(date);
    assert_string_equal(date, day);
    if (draft->cause) {
        assert_non_null(draft->cause->id);
    }
    snprintf(id, sizeof id, "%s|%s|%s", draft->cause ? draft->cause->id : host->instance,
             draft->type, draft->key ? draft->key : "");
    const char *region = draft->region  ? draft->region
                         : draft->cause ? draft->cause->region
                                        : host->region;
    list_add(&fake->staged, said_new(id, draft->type, region, draft->subject,
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
                     said_new(draft.id, draft.type, draft.region, draft.subject, draft.cause,
                              draft.event.time_ms, json_deep_copy(draft.data)));
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
    fake->host = (jj_host){
        .abi_major = JJ_ABI_MAJOR,
        .abi_minor = JJ_ABI_MINOR,
        .size_bytes = sizeof(jj_host),
        .ctx = fake,
        .instance = plugin->name,
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
    snprintf(text, sizeof text, "{'date': '%.10s'%s%s}", day, *members ? ", " : "", members);
    for (char *c = text; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    json_t *data = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (!data) {
        fail_msg("not JSON: %s", text);
    }
    snprintf(id, sizeof id, "%s/%s/%s/%s", type, subject ? subject : "", day, fake->id);
    list_add(&fake->batch, said_new(id, type, fake->region, subject, NULL, day_ms(day), data));
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

/* ---- What came of it ---------------------------------------------------------------------- */

/* "k=v" of a member, strings bare, the rest as JSON. */
static void print_member(FILE *out, const char *name, const json_t *value)
{
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    fprintf(out, " %s=%s", name, text ? text : json_string_value(value));
    free(text);
}

static void print_draft(FILE *out, const struct said *draft)
{
    const char *name;
    json_t *value, *sorted;
    char *text = json_dumps(draft->data, JSON_SORT_KEYS | JSON_COMPACT);
    sorted = json_loads(text, 0, NULL);
    free(text);
    fprintf(out, "%s", draft->subject);
    json_object_foreach(sorted, name, value)
    {
        if (strcmp(name, "date") != 0) {
            print_member(out, name, value);
        }
    }
    fputc('\n', out);
    json_decref(sorted);
}

const char *fake_said(fake_host *fake, const char *type)
{
    size_t size;
    free(fake->text);
    FILE *out = open_memstream(&fake->text, &size);
    for (size_t i = 0; i < fake->published.count; i++) {
        if (strcmp(fake->published.items[i].type, type) == 0) {
            print_draft(out, &fake->published.items[i]);
        }
    }
    fclose(out);
    return fake->text;
}

size_t fake_count(fake_host *fake, const char *type)
{
    size_t count = 0;
    for (size_t i = 0; i < fake->published.count; i++) {
        count += strcmp(fake->published.items[i].type, type) == 0;
    }
    return count;
}

const char *fake_last(fake_host *fake)
{
    assert_true(fake->published.count > 0);
    const struct said *last = &fake->published.items[fake->published.count - 1];
    free(fake->text);
    assert_true(asprintf(&fake->text, "%s %s %s cause=%s id=%s %s", last->type, last->subject,
                         last->region, last->cause ? last->cause : "none", last->id,
                         json_string_value(json_object_get(last->data, "date"))) > 0);
    return fake->text;
}

static int print_entry(void *arg, const char *key, const char *value)
{
    fprintf(arg, "%s %s\n", key, value);
    return 0;
}

static int count_entry(void *arg, const char *key, const char *value)
{
    (void)key;
    (void)value;
    ++*(size_t *)arg;
    return 0;
}

const char *fake_state(fake_host *fake)
{
    size_t size;
    free(fake->text);
    FILE *out = open_memstream(&fake->text, &size);
    fake_map_scan(fake->state, "", print_entry, out);
    fclose(out);
    return fake->text;
}

size_t fake_state_count(fake_host *fake)
{
    size_t count = 0;
    fake_map_scan(fake->state, "", count_entry, &count);
    return count;
}

size_t fake_rejected(fake_host *fake)
{
    return fake->rejected;
}
