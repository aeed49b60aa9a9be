#include "uplink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONSUMER "down"
#define EVENTS   200   /* in one answer */
#define WAIT_MS  20000 /* for the first event; below the client's own patience */
#define AGAIN_MS 10000 /* after a failure */

#define STATE                                                                                      \
    "down" /* {"journal": id, "cursor": digits}: what is in this hub's journal for good            \
            */

/* Whatever this hub's journal has lost by going back to a backup it has lost of this entry, too,
 * and is given once more; without an entry, everything. Of another journal above the cursor says
 * nothing: that hub knows itself how far it has been read. */
void down_begin(uplink *self, const char *journal)
{
    const char *value;
    if (strcmp(journal, self->journal) == 0) {
        return;
    }
    snprintf(self->journal, sizeof self->journal, "%s", journal);
    self->down_known = false;
    json_t *entry =
        self->host->state_get(self->host, STATE, &value) == 0 ? json_loads(value, 0, NULL) : NULL;
    const char *known = json_string_value(json_object_get(entry, "journal"));
    const char *cursor = json_string_value(json_object_get(entry, "cursor"));
    self->down_known = !entry || (known && cursor && strcmp(known, self->journal) == 0);
    self->down_cursor = entry && self->down_known ? strtoull(cursor, NULL, 10) : 0;
    json_decref(entry);
}

static void remember(uplink *self, uint64_t cursor)
{
    char value[96];
    snprintf(value, sizeof value, "{\"journal\":\"%s\",\"cursor\":\"%" PRIu64 "\"}", self->journal,
             cursor);
    self->host->state_put(self->host, STATE, value);
    self->down_cursor = cursor;
    self->down_known = true;
}

void down_ask(uplink *self)
{
    char options[2048], after[48] = "";
    if (!self->down_types || !self->greeted || self->fetch || self->away ||
        uplink_clock_ms() < self->fetch_at_ms || !schedule_open(self)) {
        return;
    }
    if (self->down_known) {
        snprintf(after, sizeof after, "\"after\":\"%" PRIu64 "\",", self->down_cursor);
    }
    int length =
        snprintf(options, sizeof options,
                 "{\"name\":\"" CONSUMER "\",%s\"types\":%s,\"max_events\":%d,\"wait_ms\":%d,"
                 "\"others\":true,\"cursors\":true}",
                 after, self->down_types, EVENTS, WAIT_MS);
    if (length >= (int)sizeof options ||
        jj_client_send(self->client, "FETCH", options, NULL, 0, &self->fetch, NULL)) {
        self->fetch = 0;
        self->fetch_at_ms = uplink_clock_ms() + AGAIN_MS;
    }
}

static void commit(uplink *self, uint64_t cursor)
{
    char options[96];
    if (self->down_known && cursor == self->down_cursor) {
        return;
    }
    remember(self, cursor);
    snprintf(options, sizeof options, "{\"name\":\"" CONSUMER "\",\"cursor\":\"%" PRIu64 "\"}",
             cursor);
    if (jj_client_send(self->client, "COMMIT", options, NULL, 0, &self->commit, NULL)) {
        self->commit = 0; /* the next one does it, too */
    }
}

static bool read_sequences(const json_t *result, uint64_t *sequences, size_t count)
{
    const json_t *list = json_object_get(result, "cursors");
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text) {
            return false;
        }
        sequences[i] = strtoull(text, NULL, 10);
    }
    return true;
}

/* Durable here first, committed above then: what a crash leaves between comes again, and is known.
 */
static int take(uplink *self, const jj_reply *reply, const json_t *result)
{
    uint64_t sequences[EVENTS];
    jj_passed_on passed = {0};
    jj_error err = {0};
    const char *cursor = json_string_value(json_object_get(result, "cursor"));
    if (!cursor || reply->event_count > EVENTS ||
        !read_sequences(result, sequences, reply->event_count)) {
        return JJ_EMALFORMED;
    }
    if (reply->event_count > 0) {
        int rc = self->relay->pass(self->host, self->above, reply->events, sequences,
                                   reply->event_count, &passed, &err);
        if (rc) {
            self->host->log(self->host, JJ_LOG_WARNING,
                            "what came down cannot be stored here (%s); trying again", err.text);
            return rc;
        }
        if (passed.rejected) {
            self->host->log(self->host, JJ_LOG_WARNING,
                            "%zu of %zu events that came down were refused here; they are in this "
                            "hub's quarantine",
                            passed.rejected, reply->event_count);
        }
    }
    commit(self, strtoull(cursor, NULL, 10));
    return 0;
}

bool down_answer(uplink *self, const jj_reply *reply)
{
    if (self->commit && reply->request == self->commit) {
        self->commit = 0;
        return true;
    }
    if (!self->fetch || reply->request != self->fetch) {
        return false;
    }
    self->fetch = 0;
    json_t *result = reply->code ? NULL : uplink_result(reply);
    if (reply->code || take(self, reply, result)) {
        self->fetch_at_ms = uplink_clock_ms() + AGAIN_MS;
    }
    if (reply->code == JJ_EINVALID && self->down_known) {
        self->down_known = false; /* beyond its end, say, without another id: it knows itself */
        self->fetch_at_ms = 0;
        return true;
    }
    if (reply->code && reply->code != JJ_EBUSY && reply->code != JJ_EUNAVAILABLE) {
        self->host->log(self->host, JJ_LOG_WARNING, "the node above offers nothing: %s",
                        jj_code_name(reply->code));
    }
    json_decref(result);
    return true;
}
