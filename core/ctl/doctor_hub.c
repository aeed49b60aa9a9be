/* What the hub and the supervisor tell of what runs. */
#include "ctl/doctor.h"

#include "base/clock.h"
#include "config/agency.h"
#include "json/load.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LOG "`journalctl -u jejaringd -e`"

/* The account that the supervisor gives of a process, or NULL. */
static const json_t *process(const jj_doctor *doctor, const char *name)
{
    size_t at;
    json_t *one;

    json_array_foreach(doctor->look.processes, at, one)
    {
        if (strcmp(jj_look_text(one, "name"), name) == 0) {
            return one;
        }
    }
    return NULL;
}

void jj_doctor_hub(jj_doctor *doctor)
{
    const json_t *hub = process(doctor, "hub"), *status = doctor->look.status;

    if (!status && doctor->look.away.code == JJ_EFORBIDDEN) {
        jj_doctor_wrong(doctor, "ask as root, or as the daemon's user",
                        "the node cannot be asked: %s", doctor->look.away.text);
    } else if (!status && !doctor->look.processes) {
        jj_doctor_wrong(doctor,
                        "`systemctl status jejaringd` tells why, " LOG " more; then `systemctl "
                        "start jejaringd`",
                        "the daemon is not running: %s", doctor->look.away.text);
    } else if (!status) {
        jj_doctor_wrong(doctor, LOG " tells more; the daemon goes on trying by itself",
                        "the hub does not answer: %s%s%s", doctor->look.away.text,
                        *jj_look_text(hub, "says") ? "; it says: " : "", jj_look_text(hub, "says"));
    } else if (!json_is_true(json_object_get(status, "adds_up"))) {
        jj_doctor_wrong(doctor,
                        "`jejaringctl balance` shows where; keep the journal, and report it",
                        "the balance does not add up");
    }
}

static void look_at_process(jj_doctor *doctor, const json_t *one)
{
    const char *name = jj_look_text(one, "name"), *since = jj_look_text(one, "since");
    const char *ended = jj_look_text(one, "ended");
    uint64_t restarts = jj_look_number(one, "restarts");
    int64_t since_ms = 0;
    bool up = jj_look_is_up(one);
    /* A process that was started again long ago is no news. */
    bool known = jj_time_parse(since, strlen(since), &since_ms);
    bool recent = !known || doctor->now_ms - since_ms < doctor->lag_ms;

    if (restarts > 0 && (!up || recent)) {
        jj_doctor_wrong(doctor,
                        jj_doctor_next(doctor,
                                       LOG " shows what %s said before; what it was doing is done "
                                           "again, nothing is lost",
                                       name),
                        "%s %s and was started again %" PRIu64 " times%s%s", name, ended, restarts,
                        up ? ", the last time before " : "; it is not up",
                        up ? jj_doctor_age(doctor->now_ms - since_ms) : "");
    } else if (!up) {
        jj_doctor_wrong(doctor, LOG " shows what it is waiting for", "%s is not up: %s", name,
                        jj_look_text(one, "state"));
    }
}

void jj_doctor_workers(jj_doctor *doctor)
{
    size_t at;
    json_t *one;

    json_array_foreach(doctor->look.processes, at, one)
    {
        look_at_process(doctor, one);
    }
}

/* ---- Consumers ---------------------------------------------------------------------------- */

/* How long the oldest event has waited for a consumer; -1: not known. */
static int64_t oldest_wait_ms(jj_doctor *doctor, const json_t *consumer)
{
    json_t *result = NULL, *event = NULL;
    int64_t recorded_ms, wait_ms = -1;
    json_t *options =
        json_pack("{s:s,s:i}", "after", jj_look_text(consumer, "cursor"), "max_events", 1);

    if (jj_ctl_try(doctor->ctl, "FETCH", options, &result, &event, NULL) == 0) {
        const char *recorded = jj_look_text(event, "recordedtime");
        if (jj_time_parse(recorded, strlen(recorded), &recorded_ms)) {
            wait_ms = doctor->now_ms - recorded_ms;
        }
    }
    json_decref(result);
    json_decref(event);
    return wait_ms;
}

static bool is_agency(const jj_doctor *doctor, const char *id)
{
    jj_findings findings = {0};
    const jj_agencies *agencies = NULL;

    jj_agencies_load(&agencies, doctor->look.config->agencies, &findings);
    bool known = agencies && jj_agencies_find(agencies, id);
    jj_agencies_free(agencies);
    jj_findings_clear(&findings);
    return known;
}

/* The link to the node above is a plugin, known by its file. */
static bool is_uplink(const jj_plugin_config *plugin)
{
    const char *base = strrchr(plugin->module, '/');
    return strcmp(base ? base + 1 : plugin->module, "uplink.so") == 0;
}

static void look_at_reader(jj_doctor *doctor, const char *name, const jj_plugin_config *plugin,
                           uint64_t pending, int64_t wait_ms)
{
    if (plugin && is_uplink(plugin)) {
        jj_doctor_wrong(doctor,
                        jj_doctor_next(doctor,
                                       "see whether the province's hub can be reached and knows "
                                       "this node's key; " LOG " shows what %s says. Nothing is "
                                       "lost meanwhile",
                                       plugin->name),
                        "the link to the province is down or behind: %s events wait, the oldest "
                        "for %s",
                        jj_ctl_count(pending), jj_doctor_age(wait_ms));
    } else if (plugin) {
        jj_doctor_wrong(doctor,
                        jj_doctor_next(doctor, LOG " shows what %s is waiting for", plugin->name),
                        "%s is behind: %s events wait, the oldest for %s", name,
                        jj_ctl_count(pending), jj_doctor_age(wait_ms));
    } else {
        jj_doctor_wrong(doctor,
                        jj_doctor_next(doctor,
                                       "ask the agency whether its client still runs; one that "
                                       "does not come back is forgotten with `jejaringctl "
                                       "consumer drop %s`",
                                       name),
                        "%s does not read: %s events wait, the oldest for %s", name,
                        jj_ctl_count(pending), jj_doctor_age(wait_ms));
    }
}

static void look_at_consumer(jj_doctor *doctor, const json_t *consumer)
{
    char agency[128];
    const char *name = jj_look_text(consumer, "name");
    uint64_t pending = jj_look_number(consumer, "pending");

    snprintf(agency, sizeof agency, "%.*s", (int)strcspn(name, "/"), name);
    const jj_plugin_config *plugin = jj_config_plugin(doctor->look.config, agency);
    if (!plugin && strcmp(agency, "local") != 0 && !is_agency(doctor, agency)) {
        jj_doctor_wrong(doctor, jj_doctor_next(doctor, "`jejaringctl consumer drop %s`", name),
                        "%s reads no more: no plugin and no agency has that name; the journal "
                        "keeps %s events for it",
                        name, jj_ctl_count(pending));
        return;
    }
    if (jj_look_number(consumer, "lost") > 0) {
        jj_doctor_wrong(doctor,
                        "raise hub.retention if that is too short for it; what it lacks has to "
                        "come from where it came from first, or from the warehouse",
                        "%s was away for so long that %s events left the journal unread", name,
                        jj_ctl_count(jj_look_number(consumer, "lost")));
    }
    int64_t wait_ms = pending > 0 ? oldest_wait_ms(doctor, consumer) : -1;
    if (wait_ms > doctor->lag_ms) {
        look_at_reader(doctor, name, plugin, pending, wait_ms);
    }
}

void jj_doctor_consumers(jj_doctor *doctor)
{
    size_t at;
    json_t *one;

    json_array_foreach(json_object_get(doctor->look.status, "consumers"), at, one)
    {
        look_at_consumer(doctor, one);
    }
}

/* ---- What is kept --------------------------------------------------------------------------- */

void jj_doctor_quarantine(jj_doctor *doctor)
{
    static const char next[] = "`jejaringctl quarantine list` shows which and why; after mending "
                               "the sender or the rules: `quarantine retry NUMBER`, or `quarantine "
                               "drop NUMBER`";
    const json_t *quarantine = json_object_get(doctor->look.status, "quarantine");
    uint64_t kept = jj_look_number(quarantine, "kept");
    uint64_t limit = (uint64_t)doctor->look.config->hub.quarantine;
    uint64_t gone = jj_look_number(quarantine, "pushed_out");

    if (gone > 0) {
        jj_doctor_wrong(doctor, next,
                        "%s refused events are kept, and %s older ones were pushed out by them",
                        jj_ctl_count(kept), jj_ctl_count(gone));
    } else if (kept * 10 >= limit) {
        jj_doctor_wrong(doctor, next,
                        "quarantine fills: %s refused events are kept, and each sender has room "
                        "for %s",
                        jj_ctl_count(kept), jj_ctl_count(limit));
    } else if (kept > 0) {
        jj_doctor_note(doctor, next, "%s refused events are kept", jj_ctl_count(kept));
    }
}

/* The name of the consumer that has most to read, and how much. */
static const char *slowest(const json_t *status, uint64_t *pending)
{
    const char *name = "";
    size_t at;
    json_t *one;

    *pending = 0;
    json_array_foreach(json_object_get(status, "consumers"), at, one)
    {
        if (jj_look_number(one, "pending") > *pending) {
            *pending = jj_look_number(one, "pending");
            name = jj_look_text(one, "name");
        }
    }
    return name;
}

void jj_doctor_journal(jj_doctor *doctor)
{
    const json_t *journal = json_object_get(doctor->look.status, "journal");
    uint64_t size = jj_look_number(journal, "size_bytes"), pending;
    uint64_t limit = (uint64_t)doctor->look.config->hub.retention_bytes;
    uint64_t head = strtoull(jj_look_text(journal, "head"), NULL, 10);
    uint64_t tail = strtoull(jj_look_text(journal, "tail"), NULL, 10);
    const char *name = slowest(doctor->look.status, &pending);

    if (json_is_true(json_object_get(journal, "failed"))) {
        jj_doctor_wrong(doctor, "free space on its disk, or see " LOG "; intake goes on by itself",
                        "the journal cannot be written, and nothing is taken in");
    }
    /* At its limit it is kept there, unless somebody holds it. */
    if (limit && size >= limit / 10 * 9 && pending * 10 >= head + 1 - tail && pending > 0) {
        jj_doctor_wrong(doctor,
                        jj_doctor_next(doctor,
                                       "see why %s does not read, or forget it: `jejaringctl "
                                       "consumer drop %s`; or raise hub.retention.size",
                                       name, name),
                        "the journal has %s KiB of the %s KiB that it may have, and cannot shrink: "
                        "%s has still to read %s events",
                        jj_ctl_count(size / 1024), jj_ctl_count(limit / 1024), name,
                        jj_ctl_count(pending));
    }
}
