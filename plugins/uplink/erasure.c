#include "uplink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX      "erasure/"
#define ASK_MS      5000
#define KEYS_MAX    100
#define COMPLAIN_MS (6 * 3600 * 1000)

/* Entry of the state: {"at": when it was handed over, "done": when the hub above had carried it
 * out, "region": ...}; times in milliseconds. Its name ends with the event's key. */

int erasure_note(uplink *self, const jj_event *events, size_t count)
{
    const jj_host *host = self->host;
    for (size_t i = 0; i < count; i++) {
        char key[sizeof PREFIX + 32] = PREFIX, value[128];
        const char *known;
        if (strcmp(events[i].type, "person.erased") != 0) {
            continue;
        }
        for (size_t k = 0; k < 16; k++) {
            snprintf(key + strlen(PREFIX) + 2 * k, 3, "%02x", events[i].key[k]);
        }
        if (host->state_get(host, key, &known) == 0) {
            continue; /* given again after a restart */
        }
        snprintf(value, sizeof value, "{\"at\":%" PRId64 ",\"region\":\"%.8s\"}",
                 host->now_ms(host), events[i].region ? events[i].region : "");
        if (host->state_put(host, key, value)) {
            return JJ_EMEMORY;
        }
        self->receipt_at_ms = 0;
    }
    return 0;
}

typedef struct open_list {
    uplink *self;
    json_t *keys;
    size_t count, overdue;
} open_list;

static int collect(void *arg, const char *key, const char *value)
{
    open_list *open = arg;
    const jj_host *host = open->self->host;
    json_t *entry = json_loads(value, 0, NULL);
    int64_t at_ms = (int64_t)json_integer_value(json_object_get(entry, "at"));
    if (!json_object_get(entry, "done")) {
        open->count++;
        open->overdue += entry && host->now_ms(host) - at_ms > open->self->erasure_due_ms;
        if (json_array_size(open->keys) < KEYS_MAX) {
            json_array_append_new(open->keys, json_string(key + strlen(PREFIX)));
        }
    }
    json_decref(entry);
    return 0;
}

static void mind_overdue(uplink *self, const open_list *open)
{
    if (open->overdue > self->overdue) {
        self->host->log(self->host, JJ_LOG_WARNING,
                        "%zu erasures have not been confirmed by the node above in time; "
                        "`jejaringctl erasures` lists them",
                        open->overdue);
    }
    self->unconfirmed = open->count;
    self->overdue = open->overdue;
}

void erasure_ask(uplink *self)
{
    const jj_host *host = self->host;
    open_list open = {self, json_array(), 0, 0};
    if (uplink_clock_ms() < self->receipt_at_ms) {
        json_decref(open.keys);
        return;
    }
    self->receipt_at_ms = uplink_clock_ms() + ASK_MS;
    host->state_scan(host, PREFIX, collect, &open);
    mind_overdue(self, &open);
    if (open.count > 0 && self->greeted && !self->away && !self->receipt && schedule_open(self)) {
        json_t *options = json_pack("{s:O}", "keys", open.keys);
        char *text = options ? jj_doc_text(options) : NULL;
        if (!text || jj_client_send(self->client, "RECEIPT", text, NULL, 0, &self->receipt, NULL)) {
            self->receipt = 0;
        }
        free(text);
        json_decref(options);
    }
    json_decref(open.keys);
}

static void confirm(uplink *self, const char *hex)
{
    const jj_host *host = self->host;
    char key[sizeof PREFIX + 32];
    const char *value;
    snprintf(key, sizeof key, PREFIX "%.32s", hex);
    if (host->state_get(host, key, &value)) {
        return;
    }
    json_t *entry = json_loads(value, 0, NULL);
    json_object_set_new(entry, "done", json_integer(host->now_ms(host)));
    char *text = entry ? jj_doc_text(entry) : NULL;
    if (text) {
        host->state_put(host, key, text);
    }
    free(text);
    json_decref(entry);
}

bool erasure_answer(uplink *self, const jj_reply *reply)
{
    size_t i;
    json_t *receipt;
    if (!self->receipt || reply->request != self->receipt) {
        return false;
    }
    self->receipt = 0;
    json_t *result = reply->code ? NULL : uplink_result(reply);
    json_array_foreach(json_object_get(result, "receipts"), i, receipt)
    {
        const char *key = json_string_value(json_object_get(receipt, "key"));
        if (key && json_array_size(json_object_get(receipt, "pending")) == 0) {
            confirm(self, key);
            self->receipt_at_ms = 0;
        }
    }
    json_decref(result);
    return true;
}
