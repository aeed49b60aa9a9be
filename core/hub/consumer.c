/* Named consumers, and the filter that each used last. */
#include "hub/internal.h"

#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each holds up retention, and stays until an administrator drops it. */
#define CONSUMERS_EACH 100

typedef struct many {
    const char *agency; /* and the slash */
    size_t length, count;
} many;

static void count_consumer(void *arg, const jj_consumer *consumer)
{
    many *m = arg;
    m->count += strncmp(consumer->name, m->agency, m->length) == 0;
}

int jj_hub_consumer(jj_hub *hub, const jj_rights *rights, const char *name, bool make,
                    jj_consumer *consumer, jj_error *err)
{
    char full[sizeof consumer->name];
    if ((size_t)snprintf(full, sizeof full, "%s/%s", rights->agency, name) >= sizeof full) {
        return jj_fail(err, JJ_EMALFORMED, "the consumer's name is too long");
    }
    int rc = jj_journal_consumer(hub->journal, full, consumer);
    if (rc == JJ_ENOTFOUND && make) {
        size_t length = strlen(rights->agency);
        many all = {.agency = full, .length = length + 1};
        if (jj_journal_consumers(hub->journal, count_consumer, &all, err)) {
            return JJ_EUNAVAILABLE;
        }
        if (all.count >= CONSUMERS_EACH) {
            return jj_fail(err, JJ_EFORBIDDEN,
                           "this agency has %d consumers already; an administrator can drop those "
                           "that will not come back",
                           CONSUMERS_EACH);
        }
        jj_journal_begin(hub->journal);
        jj_journal_consumer_add(hub->journal, full, consumer);
        return 0;
    }
    if (rc == JJ_ENOTFOUND) {
        return jj_fail(err, JJ_EINVALID, "there is no consumer of this name yet: FETCH makes it");
    }
    return rc ? jj_fail(err, JJ_EUNAVAILABLE, "the journal cannot be read") : 0;
}

static bool take_filter(void *arg, const char *key, const char *value)
{
    char **text = arg;
    if (strcmp(key, JJ_FILTER_KEY) == 0) {
        *text = strdup(value);
    }
    return false; /* it is the first, if it is there */
}

static void free_known(jj_consumer_filter *known)
{
    jj_filter_clear(&known->filter);
    free(known->name);
    free(known->text);
    free(known);
}

/* Remembers a filter by its text, which is taken; replaces the one before. */
static jj_consumer_filter *know_filter(jj_hub *hub, const char *consumer, char *text)
{
    json_t *options = NULL;
    jj_consumer_filter *known = calloc(1, sizeof *known);
    if (known) {
        known->name = strdup(consumer);
        known->text = text;
    }
    if (!known || !known->name || !text ||
        jj_json_load(&options, text, strlen(text), JJ_FRAME_MAX, NULL) ||
        !jj_filter_parse(options, &known->filter, NULL)) {
        json_decref(options);
        if (known) {
            free_known(known);
        } else {
            free(text);
        }
        return NULL;
    }
    json_decref(options);
    jj_hub_forget_filter(hub, consumer);
    known->next = hub->filters;
    hub->filters = known;
    return known;
}

const jj_consumer_filter *jj_hub_find_filter(jj_hub *hub, const jj_consumer *consumer)
{
    char *text = NULL;
    for (jj_consumer_filter *f = hub->filters; f; f = f->next) {
        if (strcmp(f->name, consumer->name) == 0) {
            return f;
        }
    }
    jj_journal_state_read(hub->journal, consumer->id, "", take_filter, &text, NULL);
    return text ? know_filter(hub, consumer->name, text) : NULL;
}

/* The text of what counts in a FETCH's options; NULL without memory. */
static char *filter_text(const json_t *options)
{
    static const char *const names[] = {"types", "regions"};
    json_t *filter = json_object();
    bool whole = filter != NULL;
    for (size_t i = 0; i < 2 && whole; i++) {
        json_t *list = json_object_get(options, names[i]);
        whole = !json_is_array(list) || json_object_set(filter, names[i], list) == 0;
    }
    char *text = whole ? jj_json_text(filter, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(filter);
    return text;
}

/* Written only when it changes: as a rule, once in a consumer's life. */
void jj_hub_remember_filter(jj_hub *hub, const jj_consumer *consumer, const json_t *options)
{
    const jj_consumer_filter *before = jj_hub_find_filter(hub, consumer);
    char *text = filter_text(options);
    if (!text || (before && strcmp(before->text, text) == 0) ||
        (!before && strcmp(text, "{}") == 0)) {
        free(text);
        return;
    }
    const jj_consumer_filter *known = know_filter(hub, consumer->name, text);
    if (known && !jj_journal_failed(hub->journal)) {
        jj_journal_begin(hub->journal);
        jj_journal_state_put(hub->journal, consumer->id, JJ_FILTER_KEY, known->text);
    }
}

void jj_hub_forget_filter(jj_hub *hub, const char *consumer)
{
    for (jj_consumer_filter **at = &hub->filters; *at; at = &(*at)->next) {
        jj_consumer_filter *f = *at;
        if (strcmp(f->name, consumer) == 0) {
            *at = f->next;
            free_known(f);
            return;
        }
    }
}

void jj_hub_forget_filters(jj_hub *hub)
{
    while (hub->filters) {
        jj_consumer_filter *f = hub->filters;
        hub->filters = f->next;
        free_known(f);
    }
}

/* For a reader that will not come back: until then retention waits for it. */
void jj_hub_forget(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    jj_buf result = {0};
    jj_consumer consumer;
    const char *name = jj_json_string(request->options, "name");
    const char *node = jj_json_string(request->options, "node");
    if (!jj_hub_is_admin(request)) {
        return;
    }
    if (node) {
        jj_hub_node_forget(hub, request, node);
        return;
    }
    int rc = name ? jj_journal_consumer(hub->journal, name, &consumer) : JJ_ENOTFOUND;
    if (rc) {
        jj_fail(&err, rc == JJ_ENOTFOUND ? JJ_EINVALID : JJ_EUNAVAILABLE,
                "name: there is no consumer of this name; STATUS lists them");
        jj_request_fail(request, &err);
        return;
    }
    jj_journal_begin(hub->journal);
    jj_journal_consumer_drop(hub->journal, name);
    jj_hub_forget_filter(hub, name);
    jj_buf_printf(&result, "{\"cursor\":\"%llu\"}", (unsigned long long)consumer.cursor);
    jj_hub_hold_ok(hub, request, &result);
    jj_buf_clear(&result);
}
