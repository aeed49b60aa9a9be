#include "hub/internal.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGINNING_BYTES 4096

void jj_hub_hold(jj_hub *hub, const jj_return_path *path, jj_message *answer)
{
    jj_held *held = calloc(1, sizeof *held);
    if (!held || !jj_return_path_of(&held->path, path)) {
        if (held) {
            jj_return_path_clear(&held->path);
        }
        free(held);
        return;
    }
    if (path->account && answer->count) {
        jj_message_track(answer, &path->account->tally);
    }
    held->answer = *answer;
    *answer = (jj_message){0};
    *hub->held_end = held;
    hub->held_end = &held->next;
}

void jj_hub_hold_ok(jj_hub *hub, const jj_request *request, const jj_buf *result)
{
    jj_return_path path = {0};
    jj_message answer = {0};
    if (!result->failed && jj_return_path_copy(&path, request)) {
        jj_return_path_start(&path, &answer, "OK", result->data, result->size);
        jj_hub_hold(hub, &path, &answer);
    }
    jj_message_clear(&answer);
    jj_return_path_clear(&path);
}

enum jj_known jj_hub_append(jj_hub *hub, jj_admitted *admitted)
{
    jj_record *record = &admitted->record;
    enum jj_known known = jj_journal_append(hub->journal, record);
    if (known != JJ_KNOWN_NOT) {
        return known;
    }
    hub->staged++;
    if (admitted->nik[0]) {
        jj_hub_note_person_key(hub);
    }
    if (admitted->granted) {
        jj_journal_consent_put(hub->journal, record, admitted->granted, true);
    }
    if (admitted->withdrawn) {
        jj_journal_consent_put(hub->journal, record, admitted->withdrawn, false);
    }
    if (strcmp(record->type, "person.erased") == 0) {
        jj_hub_note_erasure(hub, record->owner, record->subject, record->region);
    }
    return known;
}

void jj_hub_quarantine(jj_hub *hub, const char *agency, const char *origin, jj_bytes event,
                       const char *type, const jj_error *why)
{
    jj_buf sealed = {0};
    /* One that is too large is not kept whole: what it is can be told by its beginning. */
    bool whole = why->code != JJ_ETOO_LARGE || event.size_bytes <= BEGINNING_BYTES;
    jj_span text = {event.data, whole ? event.size_bytes : BEGINNING_BYTES};
    if (jj_seal(&hub->secrets, "quarantine", agency, text, &sealed) == 0) {
        jj_quarantined entry = {.at_ms = jj_now_ms(),
                                .agency = agency,
                                .origin = origin,
                                .code = jj_code_name(why->code),
                                .field = why->field,
                                .detail = why->text,
                                .type = type,
                                .sealed = {sealed.data, sealed.size}};
        /* A node may be newer than this one: what it sends waits here for the upgrade, all of it
         * (see check_waiting in origin.c). What it puts aside itself must not push that out. */
        const jj_hub_config *config = &hub->config->hub;
        const jj_rights *rights = jj_hub_agency(hub, agency);
        bool passes = hub->passing.on && hub->passing.tracked, node = rights && rights->node;
        jj_journal_quarantine(
            hub->journal, &entry,
            passes ? UINT64_MAX
                   : (uint64_t)(config->quarantine + (node ? 2 * config->quarantine_nodes : 0)),
            node ? 0 : (uint64_t)config->quarantine_bytes);
    } else {
        jj_journal_spoil(hub->journal, "out of memory"); /* what is refused is kept */
    }
    jj_buf_clear(&sealed);
}

/* One entry of `rejected`: the first problem, and all of them where the form is at fault. */
static void add_rejected(jj_buf *out, size_t index, const jj_error *why, const jj_report *report)
{
    jj_buf_printf(out, "%s{\"index\":%zu,\"code\":\"%s\",\"field\":", out->size ? "," : "", index,
                  jj_code_name(why->code));
    jj_buf_json_z(out, why->field);
    jj_buf_puts(out, ",\"detail\":");
    jj_buf_json_z(out, why->text);
    size_t count = report->count < JJ_PROBLEMS_MAX ? report->count : JJ_PROBLEMS_MAX;
    for (size_t i = 0; i < count; i++) {
        jj_buf_puts(out, i ? ",{\"field\":" : ",\"problems\":[{\"field\":");
        jj_buf_json_z(out, report->list[i].field);
        jj_buf_puts(out, ",\"detail\":");
        jj_buf_json_z(out, report->list[i].expected);
        jj_buf_puts(out, i + 1 < count ? "}" : "}]");
    }
    jj_buf_putc(out, '}');
}

static int admit_one(jj_hub *hub, const jj_request *request, size_t index, jj_bytes event,
                     jj_admitted *admitted, jj_counts *counts, jj_error *why)
{
    const jj_rights *rights = hub->passing.on ? &hub->passing.rights : request->rights;
    int rc = event.data ? jj_intake_admit(&hub->intake, rights, event.data, event.size_bytes,
                                          jj_now_ms(), admitted, why)
                        : jj_fail(why, JJ_EMEMORY, "out of memory");
    rc = rc ? rc : jj_hub_pass_check(hub, index, admitted, why);
    if (rc) {
        return rc;
    }
    switch (jj_hub_append(hub, admitted)) {
    case JJ_KNOWN_NOT:
        counts->accepted++;
        return 0;
    case JJ_KNOWN_DUPLICATE:
        counts->duplicate++;
        return 0;
    default:
        return jj_fail(why, JJ_ECONFLICT,
                       "an event of the same source, id and time was accepted with other content; "
                       "a correction is a new event with its own id and a later time");
    }
}

/* Keeps the whole of a refused flood out of the log. */
static void complain(jj_hub *hub, const jj_request *request, uint64_t rejected, const jj_error *why)
{
    unsigned more = 0;
    if (rejected && jj_throttle_pass(&hub->refusal, 10000, &more)) {
        jj_log_fields fields = {.agency = request->rights->agency, .id = JJ_LOG_REJECTED};
        jj_log_with(JJ_WARNING, &fields,
                    "rejected %llu events, the last with %s%s%s: %s (kept in quarantine; %u more "
                    "such messages were not logged)",
                    (unsigned long long)rejected, jj_code_name(why->code),
                    why->field[0] ? " at " : "", why->field, why->text, more);
    }
}

/* Whether a message may be judged now; asked before each part of it. */
static int may_publish(jj_hub *hub, const jj_request *request, jj_error *why)
{
    if (jj_journal_failed(hub->journal)) {
        return jj_fail(why, JJ_EUNAVAILABLE, "the hub cannot store at the moment; try again later");
    }
    if (request->job->index == 0 && jj_hub_is_flooding(hub, request->rights, request->account)) {
        return jj_fail(why, JJ_EBUSY,
                       "too many events of this agency were refused of late: correct them first");
    }
    return jj_hub_pass_begin(hub, request, why);
}

/* Judges events until all are done, or for as long as its turn lasts. What other hubs have accepted
 * is judged as a whole. An error: an event could not be judged, and its sender is to send the
 * message again; what was accepted of it is a duplicate then, and a node's places count with the
 * whole message only. */
static int judge(jj_hub *hub, const jj_request *request, jj_error *why)
{
    int rc = 0;
    jj_job *job = request->job;
    jj_counts counts = {0};
    size_t first = job->index;
    jj_journal_begin(hub->journal);
    while (job->index < request->event_count &&
           (hub->passing.on || job->index == first || !jj_hub_slice_is_over(hub))) {
        size_t i = job->index++;
        jj_bytes event = jj_hub_pass_text(hub, i, jj_request_event(request, i));
        rc = admit_one(hub, request, i, event, &hub->admitted, &counts, why);
        if (rc == JJ_EMEMORY || rc == JJ_EUNAVAILABLE) {
            break;
        }
        counts.received++;
        if (rc) {
            counts.rejected++;
            add_rejected(&job->rejected, i, why, &hub->admitted.report);
            bool passing = hub->passing.on && !hub->passing.tracked;
            jj_hub_quarantine(hub, request->rights->agency,
                              passing ? JJ_PUT_ASIDE_PASSING : JJ_PUT_ASIDE_COMING, event,
                              hub->admitted.type ? hub->admitted.type->name : "", why);
        }
    }
    jj_journal_count(hub->journal, &counts);
    if (rc == JJ_EMEMORY || rc == JJ_EUNAVAILABLE) {
        hub->passing.on = false;
        return rc;
    }
    jj_hub_pass_end(hub, &counts, why);
    complain(hub, request, counts.rejected, why);
    jj_hub_note_refused(request->account, counts.rejected);
    job->counts.accepted += counts.accepted;
    job->counts.duplicate += counts.duplicate;
    job->more = job->index < request->event_count;
    return 0;
}

void jj_hub_publish(jj_hub *hub, const jj_request *request)
{
    jj_error why = {0};
    jj_buf result = {0};
    jj_job *job = request->job;
    if (may_publish(hub, request, &why) || judge(hub, request, &why)) {
        jj_request_fail(request, &why);
        return;
    }
    if (job->more) {
        return;
    }
    jj_buf_printf(&result, "{\"accepted\":%llu,\"duplicate\":%llu,\"rejected\":[",
                  (unsigned long long)job->counts.accepted,
                  (unsigned long long)job->counts.duplicate);
    jj_buf_add(&result, job->rejected.data, job->rejected.size);
    jj_buf_printf(&result, "],\"cursor\":\"%llu\"}",
                  (unsigned long long)jj_journal_staged(hub->journal));
    if (!job->rejected.failed) {
        jj_hub_hold_ok(hub, request, &result);
    }
    jj_buf_clear(&result);
}
