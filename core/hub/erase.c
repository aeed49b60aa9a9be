/* Erasure of persons: by an administrator, or because an event says so. */
#include "hub/internal.h"

#include "base/clock.h"
#include "event/key.h"
#include "journal/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Who is to be erased ------------------------------------------------------------------ */

void jj_hub_note_erasure(jj_hub *hub, const char *agency, const char *person, const char *region)
{
    jj_erased *erased = calloc(1, sizeof *erased);
    if (!erased) {
        jj_journal_spoil(hub->journal, "out of memory"); /* all of it is done, or nothing */
        return;
    }
    snprintf(erased->agency, sizeof erased->agency, "%s", agency);
    snprintf(erased->person, sizeof erased->person, "%s", person);
    snprintf(erased->region, sizeof erased->region, "%s", region);
    erased->next = hub->erased;
    hub->erased = erased;
    jj_journal_erase(hub->journal, person);
}

void jj_hub_forget_erasures(jj_hub *hub)
{
    while (hub->erased) {
        jj_erased *erased = hub->erased;
        hub->erased = erased->next;
        free(erased);
    }
}

/* ---- Announcing --------------------------------------------------------------------------- */

/* Publishes person.erased in one region, so that everybody who may have data from there hears. Not
 * by jj_hub_append: the person is being erased. */
static int announce(jj_hub *hub, const char *person, const char *region, jj_error *err)
{
    char time[JJ_TIME_SIZE], text[768], id[JJ_UUID_SIZE];
    unsigned char random[16];
    int64_t now_ms = jj_now_ms();
    jj_counts counts = {.received = 1};
    jj_admitted admitted = {0};
    jj_time_format(now_ms, time);
    /* An id that says nothing: the bell tells it to everybody. */
    jj_random(random, sizeof random);
    jj_uuid_from_hash(random, id);
    int length = snprintf(text, sizeof text,
                          "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":"
                          "\"/%s/hub\",\"type\":\"person.erased\",\"time\":\"%s\",\"region\":"
                          "\"%s\",\"subject\":\"%s\",\"data\":{\"date\":\"%.10s\"}}",
                          id, hub->config->node, time, region, person, time);
    int rc =
        jj_intake_admit(&hub->intake, &hub->admin, text, (size_t)length, now_ms, &admitted, err);
    if (rc == 0) {
        jj_journal_append(hub->journal, &admitted.record);
        jj_journal_count(hub->journal, &counts);
        hub->staged++;
    }
    jj_admitted_clear(&admitted);
    return rc;
}

/* Where the events of those who are erased lie. */
typedef struct place {
    char person[JJ_UUID_SIZE];
    char region[8]; /* a region's code */
} place;

typedef struct places {
    place *list;
    size_t count, capacity;
    bool failed;
} places;

static bool is_there(const places *found, const char *person, const char *region)
{
    for (size_t i = found->count; i > 0; i--) {
        if (strcmp(found->list[i - 1].person, person) == 0 &&
            strcmp(found->list[i - 1].region, region) == 0) {
            return true;
        }
    }
    return false;
}

static void add_place(void *arg, const char *person, const char *region)
{
    places *found = arg;
    if (is_there(found, person, region)) {
        return;
    }
    if (found->count == found->capacity) {
        size_t capacity = found->capacity ? 2 * found->capacity : 16;
        place *list = realloc(found->list, capacity * sizeof *list);
        if (!list) {
            found->failed = true;
            return;
        }
        found->list = list;
        found->capacity = capacity;
    }
    place *new = &found->list[found->count++];
    snprintf(new->person, sizeof new->person, "%s", person);
    snprintf(new->region, sizeof new->region, "%s", region);
}

/* Tells it wherever the person's events lie, but where it has been told. */
static int announce_all(jj_hub *hub, places *found, jj_error *err)
{
    places told = {0};
    int rc = 0;
    for (const jj_erased *erased = hub->erased; erased; erased = erased->next) {
        if (erased->region[0]) {
            add_place(&told, erased->person, erased->region);
        } else if (found->count == 0) {
            add_place(found, erased->person, hub->config->region);
        }
    }
    for (size_t i = 0; i < found->count && rc == 0; i++) {
        if (!is_there(&told, found->list[i].person, found->list[i].region)) {
            rc = announce(hub, found->list[i].person, found->list[i].region, err);
        }
    }
    if (rc == 0 && (found->failed || told.failed)) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    free(told.list);
    return rc;
}

/* ---- Erasing ------------------------------------------------------------------------------ */

static void write_audit(jj_hub *hub)
{
    for (const jj_erased *erased = hub->erased; erased; erased = erased->next) {
        jj_audit record = {.at_ms = jj_now_ms(),
                           .action = "erase",
                           .agency = erased->agency,
                           .person = erased->person,
                           .detail = erased->region[0]
                                         ? "said by an event: events, vault, consent and "
                                           "quarantine emptied"
                                         : "events, vault, consent and quarantine emptied"};
        jj_journal_audit(hub->journal, hub->secrets.node_key, &record);
    }
}

uint64_t jj_hub_finish_erasures(jj_hub *hub)
{
    jj_error err = {0};
    places found = {0};
    if (!jj_journal_erasing(hub->journal)) {
        jj_hub_forget_erasures(hub);
        return 0;
    }
    uint64_t emptied = jj_journal_erase_staged(hub->journal, add_place, &found);
    int rc = announce_all(hub, &found, &err);
    if (rc == JJ_EMEMORY) {
        jj_journal_spoil(hub->journal, err.text); /* who has data of theirs must hear of it */
    } else if (rc) {
        jj_log_error(JJ_ERROR, "an erasure is not announced in every region", &err);
    }
    jj_hub_quarantine_erase(hub);
    write_audit(hub);
    hub->scrub = true;
    free(found.list);
    jj_hub_forget_erasures(hub);
    return emptied;
}

void jj_hub_erase(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    jj_buf result = {0};
    char person[JJ_UUID_SIZE];
    if (!jj_hub_is_admin(request)) {
        return;
    }
    int rc = jj_hub_person_of(hub, request, person, &err);
    if (rc == 0 && jj_journal_failed(hub->journal)) {
        rc = jj_fail(&err, JJ_EUNAVAILABLE, "the hub cannot store at the moment; try again later");
    }
    if (rc) {
        jj_request_fail(request, &err);
        return;
    }
    jj_journal_begin(hub->journal);
    jj_hub_finish_erasures(hub); /* those of others, which this answer does not count */
    jj_hub_note_erasure(hub, request->rights->agency, person, "");
    uint64_t first = jj_journal_staged(hub->journal) + 1;
    uint64_t emptied = jj_hub_finish_erasures(hub);
    jj_buf_printf(&result, "{\"person\":\"%s\",\"events\":%llu,\"cursor\":\"%llu\"}", person,
                  (unsigned long long)emptied, (unsigned long long)first);
    jj_hub_hold_ok(hub, request, &result);
    jj_buf_clear(&result);
}
