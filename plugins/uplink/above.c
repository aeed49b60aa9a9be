#include "uplink.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO_MS    30000
#define AGAIN_MS    5000  /* after a refusal */
#define PATIENCE_MS 5000  /* without an answer the other side counts as away */
#define TIMEOUT_MS  60000 /* a request may take so long on a slow line before it is sent again */
#define SECRET_SIZE 64    /* of a CURVE key's text, and to spare */

/* ---- The connection ----------------------------------------------------------------------- */

/* The first word of a file. */
static bool read_word(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    char format[16];
    snprintf(format, sizeof format, "%%%zus", size - 1);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    bool good = file && fscanf(file, format, out) == 1;
#pragma GCC diagnostic pop
    if (file) {
        fclose(file);
    }
    return good;
}

static int lacks(jj_error *err, const char *folder, const char *what)
{
    jj_fail(err, JJ_ECONFIG,
            "connection: %s is missing or not readable in %s: it is the folder that `jejaringctl "
            "agency add` made on the node above",
            what, folder);
    snprintf(err->field, sizeof err->field, "connection");
    return JJ_ECONFIG;
}

/* The options point into told, to be released, and into secret, to be wiped, whatever is returned.
 */
static int read_connection(const char *folder, jj_client_options *options, json_t **told,
                           char secret[SECRET_SIZE], jj_error *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/secret.key", folder);
    if (!read_word(path, secret, SECRET_SIZE)) {
        return lacks(err, folder, "secret.key");
    }
    snprintf(path, sizeof path, "%s/connection.json", folder);
    *told = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    *options = (jj_client_options){
        .endpoint = json_string_value(json_object_get(*told, "endpoint")),
        .name = "uplink/" UPLINK_VERSION,
        .server_key = json_string_value(json_object_get(*told, "server_key")),
        .public_key = json_string_value(json_object_get(*told, "public_key")),
        .secret_key = secret,
        .timeout_ms = TIMEOUT_MS,
    };
    return options->endpoint && options->server_key && options->public_key
               ? 0
               : lacks(err, folder, "connection.json with endpoint, server_key and public_key");
}

int above_check(const char *folder, jj_error *err)
{
    jj_client_options options;
    char secret[SECRET_SIZE] = "";
    json_t *told = NULL;
    int rc = read_connection(folder, &options, &told, secret, err);
    json_decref(told);
    explicit_bzero(secret, sizeof secret);
    return rc;
}

int above_open(uplink *self, const char *folder, jj_error *err)
{
    jj_client_options options;
    char secret[SECRET_SIZE] = "";
    json_t *told = NULL;
    int rc = read_connection(folder, &options, &told, secret, err);
    if (rc == 0) {
        snprintf(self->endpoint, sizeof self->endpoint, "%s", options.endpoint);
        rc = jj_client_open(&self->client, &options, err);
    }
    json_decref(told);
    explicit_bzero(secret, sizeof secret);
    return rc;
}

json_t *uplink_result(const jj_reply *reply)
{
    return json_loadb(reply->result.data, reply->result.size_bytes, 0, NULL);
}

/* ---- What is said about it ---------------------------------------------------------------- */

void above_refuses(uplink *self, const jj_reply *reply)
{
    char text[UPLINK_TEXT];
    json_t *result = uplink_result(reply);
    const char *detail = json_string_value(json_object_get(result, "detail"));
    snprintf(text, sizeof text, "%s: %.400s", jj_code_name(reply->code), detail ? detail : "?");
    json_decref(result);
    if (strcmp(text, self->trouble) != 0) {
        memcpy(self->trouble, text, sizeof text);
        self->host->log(self->host, JJ_LOG_ERROR,
                        "the node above takes nothing: %s; events wait here, trying again", text);
    }
}

void above_accepts(uplink *self)
{
    if (self->trouble[0]) {
        self->trouble[0] = '\0';
        self->host->log(self->host, JJ_LOG_NOTICE, "node %s takes events again", self->above);
    }
}

void above_report(uplink *self)
{
    char text[UPLINK_TEXT], erasures[128] = "", aside[96] = "";
    if (self->put_aside) {
        snprintf(aside, sizeof aside, "; waiting in its quarantine: %zu", self->put_aside);
    }
    if (self->unconfirmed) {
        snprintf(erasures, sizeof erasures, "; %zu erasures not confirmed%s", self->unconfirmed,
                 self->overdue ? ", some of them OVERDUE (`jejaringctl erasures`)" : "");
    }
    if (self->away) {
        snprintf(text, sizeof text, "%s does not answer: events wait here%s", self->endpoint,
                 erasures);
    } else if (self->trouble[0]) {
        snprintf(text, sizeof text, "refused by the node above: %.300s%s", self->trouble, erasures);
    } else if (!schedule_open(self)) {
        snprintf(text, sizeof text, "outside of its hours: events wait here%s", erasures);
    } else {
        snprintf(text, sizeof text, self->greeted ? "reports to node %s%s%s" : "connecting%s%s%s",
                 self->above, aside, erasures);
    }
    if (strcmp(text, self->says) != 0 && self->host->state_put(self->host, "status", text) == 0) {
        memcpy(self->says, text, sizeof text);
    }
}

/* ---- HELLO -------------------------------------------------------------------------------- */

/* On a slow line an answer stands in a queue. */
static int64_t patience_ms(const uplink *self)
{
    return self->rate ? 6 * PATIENCE_MS : PATIENCE_MS;
}

static void mind_silence(uplink *self)
{
    int64_t now_ms = uplink_clock_ms();
    const piece *oldest = self->first;
    /* What is under way for long makes us ask: is anybody there? */
    if (!self->hello && oldest && oldest->request &&
        now_ms - oldest->sent_ms > patience_ms(self) / 2) {
        self->hello_at_ms = self->hello_at_ms < now_ms ? self->hello_at_ms : now_ms;
    }
    if (self->hello && !self->away && now_ms - self->hello_at_ms > patience_ms(self)) {
        self->away = true;
        self->away_since_ms = self->hello_at_ms;
        self->host->log(self->host, JJ_LOG_WARNING,
                        "%s does not answer; events wait in the journal, and go on by themselves",
                        self->endpoint);
    }
}

void above_greet(uplink *self)
{
    char options[256];
    int64_t now_ms = uplink_clock_ms();
    mind_silence(self);
    if (self->hello || now_ms < self->hello_at_ms || !schedule_open(self)) {
        return;
    }
    snprintf(options, sizeof options,
             "{\"client\":\"uplink/" UPLINK_VERSION "\",\"origin\":{\"node\":\"%s\","
             "\"head\":\"%" PRIu64 "\",\"person_key\":\"%s\"}}",
             self->host->node, self->relay->head(self->host), self->relay->person_key(self->host));
    if (jj_client_send(self->client, "HELLO", options, NULL, 0, &self->hello, NULL) == 0) {
        self->hello_at_ms = now_ms;
    } else {
        self->hello = 0;
        self->hello_at_ms = now_ms + AGAIN_MS;
    }
}

/* The hub above may have lost what it had confirmed (it was restored from an older copy, or has
 * forgotten this node): it is given again. After a start only the hub here remembers what was
 * confirmed, and what was not for the hub above counts there, too: looking again costs little. */
static void compare(uplink *self, uint64_t sequence)
{
    uint64_t known = self->greeted ? self->confirmed : self->relay->position(self->host);
    if (!self->greeted) {
        self->told = self->confirmed = known;
    }
    if (sequence >= known) {
        return;
    }
    if (self->greeted) {
        self->host->log(self->host, JJ_LOG_WARNING,
                        "node %s ends at %" PRIu64 " of this journal, and had confirmed %" PRIu64
                        " (restored from an older copy?): giving it the events between once more",
                        self->above, sequence, known);
    }
    self->confirmed = sequence;
    outbox_clear(self);
    self->relay->restart(self->host, sequence);
}

static bool names_packing(const json_t *list)
{
    size_t i;
    json_t *entry;
    json_array_foreach(list, i, entry)
    {
        if (json_is_string(entry) && strcmp(json_string_value(entry), JJ_PACKED) == 0) {
            return true;
        }
    }
    return false;
}

static void greeted(uplink *self, const json_t *result)
{
    const json_t *origin = json_object_get(result, "origin");
    const char *node = json_string_value(json_object_get(result, "node"));
    const char *sequence = json_string_value(json_object_get(origin, "sequence"));
    if (!node || !sequence) {
        snprintf(self->trouble, sizeof self->trouble,
                 "what answers at %s is no hub that a node can report to", self->endpoint);
        return;
    }
    const char *journal = json_string_value(json_object_get(result, "journal"));
    snprintf(self->above, sizeof self->above, "%s", node);
    down_begin(self, journal ? journal : "");
    self->put_aside = (size_t)json_integer_value(json_object_get(origin, "quarantined"));
    compare(self, strtoull(sequence, NULL, 10));
    if (!self->greeted) {
        self->host->log(self->host, JJ_LOG_NOTICE,
                        "reporting to node %s at %s, from %" PRIu64 " on", self->above,
                        self->endpoint, self->told);
    }
    self->takes_packed = names_packing(json_object_get(result, "packed"));
    self->greeted = true;
    outbox_pace(self);
}

bool above_answer(uplink *self, const jj_reply *reply)
{
    if (!self->hello || reply->request != self->hello) {
        return false;
    }
    self->hello = 0;
    self->hello_at_ms = uplink_clock_ms() + (reply->code ? AGAIN_MS : HELLO_MS);
    if (self->away) {
        self->away = false;
        self->host->log(self->host, JJ_LOG_NOTICE, "%s answers again, after %" PRId64 " s",
                        self->endpoint, (uplink_clock_ms() - self->away_since_ms) / 1000);
    }
    if (reply->code) {
        above_refuses(self, reply);
        return true;
    }
    json_t *result = uplink_result(reply);
    greeted(self, result);
    json_decref(result);
    if (self->greeted && self->pause_ms == 0) { /* else a message was refused, and is tried again */
        above_accepts(self);
    }
    return true;
}
