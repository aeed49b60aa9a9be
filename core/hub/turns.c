/* Whose turn it is. What comes in waits in a queue for each agency; the hub does a slice of what
 * one of them wants, and looks who else is there. Those who cost little come before those who cost
 * much, and what they brought is committed and answered before these go on: an agency that sends
 * floods of refused events, or fetches without end, waits for itself. */
#include "hub/internal.h"

#include "base/clock.h"
#include "json/load.h"

#include <stdlib.h>
#include <string.h>

#define STAGED_MAX    4000  /* events in one transaction: bounds how long an answer waits */
#define TURN_US       50000 /* the same, whatever they cost */
#define SLICE_US      500   /* of one agency, before it is looked who else is there; */
#define SLICE_LESS_US 200   /* of one that costs much while others are there */
#define TAKE_MAX      64    /* messages from one door before the others are looked at */
#define JOBS_MAX      256   /* requests of one agency that wait for their turn */
#define JOBS_BYTES    JJ_MESSAGE_MAX
#define SPARE_MAX     16
#define CONTESTED_US  100000 /* since somebody else was served */

/* ---- Verbs -------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    jj_verb_handler handle;
    bool events; /* takes any */
} verbs[] = {
    {"PUBLISH", jj_hub_publish, true},
    {"FETCH", jj_hub_fetch, false},
    {"COMMIT", jj_hub_commit, true},
    {"STATE", jj_hub_state, false},
    {"FORGET", jj_hub_forget, false},
    {"HELLO", jj_hub_hello, false},
    {"STATUS", jj_hub_status, false},
    {"REVEAL", jj_hub_reveal, false},
    {"RECEIPT", jj_hub_receipt, false},
    {"TRACE", jj_hub_trace, false},
    {"ERASE", jj_hub_erase, false},
    {"AUDIT", jj_hub_audit, false},
    {"QUARANTINE", jj_hub_quarantine_list, false},
    {"RETRY", jj_hub_quarantine_retry, false},
    {"DROP", jj_hub_quarantine_drop, false},
};

static int find_verb(jj_request *request, jj_error *err)
{
    jj_bytes verb = request->verb;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strlen(verbs[i].name) == verb.size_bytes &&
            memcmp(verbs[i].name, verb.data, verb.size_bytes) == 0) {
            request->job->verb = verbs[i].handle;
            return verbs[i].events ? jj_request_unpack(request, err) : 0;
        }
    }
    return jj_fail(err, JJ_EMALFORMED,
                   "no such verb; there are HELLO, PUBLISH, FETCH, COMMIT, STATE, REVEAL, RECEIPT "
                   "and, for "
                   "administrators, STATUS, QUARANTINE, RETRY, DROP, FORGET, TRACE, ERASE, AUDIT");
}

/* ---- One request -------------------------------------------------------------------------- */

static int begin(jj_hub *hub, jj_request *request, enum jj_unread unread, jj_error *err)
{
    jj_error form = {0};
    bool parsed = jj_request_parse(request, jj_hub_is_local(hub, request->rights), &form);
    if (!request->rights) {
        return jj_fail(err, JJ_EUNAUTHORISED, "this hub does not know who is asking");
    }
    if (!parsed) {
        *err = form;
        return err->code;
    }
    return unread == JJ_UNREAD_TOO_MANY ? jj_hub_busy(err) : find_verb(request, err);
}

static int go_on(const jj_job *job, jj_error *err)
{
    if (!job->request.rights) {
        return jj_fail(err, JJ_EUNAUTHORISED, "this hub does not know any more who is asking");
    }
    if (job->spoiled) {
        return jj_fail(err, JJ_EUNAVAILABLE, "the hub cannot store at the moment; try again later");
    }
    return 0;
}

/* An administrator is told what is durable: a cursor that has moved, but whose events nobody can
 * fetch yet, would say that they are missing. */
static bool tells_the_journal(jj_verb_handler verb)
{
    return verb == jj_hub_status || verb == jj_hub_trace || verb == jj_hub_audit ||
           verb == jj_hub_quarantine_list;
}

/* What an erasure has emptied is gone for every reader at once, though it may still fail: nobody is
 * answered from it before it is durable. Several erasures may share a commit. */
static void settle_before(jj_hub *hub, jj_verb_handler next)
{
    if (jj_journal_is_open(hub->journal) &&
        (tells_the_journal(next) || (hub->scrub && next != jj_hub_erase))) {
        jj_hub_settle(hub);
    }
}

/* Does a request, or its next part. Who asks is looked up each time: an agency may have been
 * revoked in between. */
static void work(jj_hub *hub, jj_job *job)
{
    jj_error err = {0};
    jj_request *request = &job->request;
    request->rights = jj_hub_rights(hub, job->door, jj_message_user(&job->message));
    job->more = false;
    if (!job->verb) {
        enum jj_unread unread = jj_hub_unread(hub, request->rights, request->account);
        if (unread == JJ_UNREAD_HOPELESS) {
            return; /* it does not read: an answer more would only be kept for it, too */
        }
        begin(hub, request, unread, &err);
    }
    if (!err.code) {
        settle_before(hub, job->verb);
        go_on(job, &err);
    }
    if (err.code) {
        jj_request_fail(request, &err);
    } else {
        job->verb(hub, request);
    }
}

/* ---- Queues ------------------------------------------------------------------------------- */

/* Every job has a message of its own; those that are done lend theirs to the next. */
static jj_job *new_job(jj_hub *hub)
{
    jj_job *job = hub->spare;
    if (!job) {
        return calloc(1, sizeof *job);
    }
    hub->spare = job->next;
    hub->spare_count--;
    jj_message message = job->message;
    *job = (jj_job){.message = message};
    return job;
}

static void end_job(jj_hub *hub, jj_job *job)
{
    jj_request_clear(&job->request);
    jj_buf_clear(&job->rejected);
    jj_message_empty(&job->message);
    if (hub->spare_count < SPARE_MAX) {
        job->next = hub->spare;
        hub->spare = job;
        hub->spare_count++;
    } else {
        jj_message_clear(&job->message);
        free(job);
    }
}

static bool is_same_connection(const jj_job *one, const jj_job *two)
{
    jj_bytes a = jj_message_frame(&one->message, 0), b = jj_message_frame(&two->message, 0);
    return one->door == two->door && a.size_bytes == b.size_bytes &&
           memcmp(a.data, b.data, a.size_bytes) == 0;
}

/* Behind what its connection has sent before. False without memory. */
static bool add_job(jj_hub *hub, jj_account *account, jj_job *job)
{
    jj_line **at = &hub->lines;
    while (*at && !((*at)->account == account && is_same_connection((*at)->last, job))) {
        at = &(*at)->next;
    }
    if (*at) {
        (*at)->last->next = job;
    } else if (!(*at = calloc(1, sizeof **at))) {
        return false;
    } else {
        (*at)->account = account;
        (*at)->first = job;
    }
    (*at)->last = job;
    account->job_count++;
    account->job_bytes += job->size_bytes;
    return true;
}

static jj_line **place_of(jj_hub *hub, const jj_line *line)
{
    jj_line **at = &hub->lines;
    while (*at != line) {
        at = &(*at)->next;
    }
    return at;
}

/* True if it was the last of its line, which is gone. */
static bool remove_job(jj_hub *hub, jj_line *line)
{
    jj_job *job = line->first;
    line->account->job_count--;
    line->account->job_bytes -= job->size_bytes;
    line->first = job->next;
    bool last = !line->first;
    if (last) {
        *place_of(hub, line) = line->next;
        free(line);
    }
    end_job(hub, job);
    return last;
}

/* Behind the others: those of one agency take turns, too. */
static void move_back(jj_hub *hub, jj_line *line)
{
    *place_of(hub, line) = line->next;
    line->next = NULL;
    *place_of(hub, NULL) = line;
}

void jj_hub_spoil_jobs(jj_hub *hub)
{
    for (jj_line *line = hub->lines; line; line = line->next) {
        line->first->spoiled = line->first->verb != NULL; /* none but the first has begun */
    }
}

void jj_hub_drop_jobs(jj_hub *hub)
{
    while (hub->lines) {
        remove_job(hub, hub->lines);
    }
    while (hub->spare) {
        jj_job *job = hub->spare;
        hub->spare = job->next;
        jj_message_clear(&job->message);
        free(job);
    }
    hub->spare_count = 0;
}

/* ---- What comes in ------------------------------------------------------------------------ */

static bool is_full(const jj_account *account)
{
    return account && (account->job_count >= JOBS_MAX || account->job_bytes >= JOBS_BYTES);
}

static void refuse(jj_request *request)
{
    jj_error err;
    if (jj_request_head(request, &err)) {
        jj_fail(&err, JJ_EBUSY,
                "%d requests of this agency, or %d bytes, are waiting already: read their answers "
                "first",
                JOBS_MAX, JOBS_BYTES);
    }
    jj_request_fail(request, &err);
}

static void enqueue(jj_hub *hub, jj_hub_door *door, int64_t since_us)
{
    const jj_rights *rights = jj_hub_rights(hub, door, jj_message_user(&hub->incoming));
    jj_account *account = jj_hub_account(hub, rights);
    jj_job *job = account ? new_job(hub) : NULL;
    if (!job) {
        return; /* no memory even for an answer */
    }
    jj_message message = job->message;
    job->message = hub->incoming;
    hub->incoming = message;
    job->door = door;
    job->size_bytes = job->message.size_bytes;
    job->request = (jj_request){
        .door = door, .rights = rights, .account = account, .job = job, .message = &job->message};
    int64_t now_us = jj_monotonic_us();
    jj_hub_charge(account, since_us, now_us);
    /* One that is alone here waits at the door; if somebody else is, too, that one must come in. */
    if (is_full(account) && !jj_hub_is_local(hub, rights) &&
        jj_hub_is_contested(hub, account, now_us)) {
        if (jj_hub_unread(hub, rights, account) < JJ_UNREAD_TOO_MANY) {
            refuse(&job->request);
        }
        end_job(hub, job);
        return;
    }
    if (!add_job(hub, account, job)) {
        end_job(hub, job);
    }
    door->full = is_full(account) ? account : NULL;
}

/* A door gives a message of each connection in turn. */
static void take(jj_hub *hub)
{
    int64_t now_us = jj_monotonic_us();
    for (size_t i = 0; i < hub->door_count; i++) {
        jj_hub_door *door = &hub->doors[i];
        int64_t end_us = now_us + SLICE_US;
        for (unsigned n = 0; n < TAKE_MAX && now_us < end_us; n++) {
            if (is_full(door->full) && !jj_hub_is_contested(hub, door->full, now_us)) {
                break;
            }
            if (jj_socket_receive(door->socket, &hub->incoming)) {
                break;
            }
            enqueue(hub, door, now_us);
            now_us = jj_monotonic_us();
        }
    }
}

/* ---- Turns -------------------------------------------------------------------------------- */

bool jj_hub_slice_is_over(const jj_hub *hub)
{
    return jj_monotonic_us() >= hub->slice_end_us;
}

bool jj_hub_is_contested(const jj_hub *hub, const jj_account *account, int64_t now_us)
{
    int64_t other_us = account == hub->recent ? hub->before_us : hub->recent_us;
    return other_us && now_us - other_us < CONTESTED_US;
}

/* Whose agency has cost least of late; of two, who came first. */
static jj_line *whose_turn(const jj_hub *hub, int64_t now_us)
{
    jj_line *least = NULL;
    for (jj_line *line = hub->lines; line; line = line->next) {
        jj_hub_charge(line->account, now_us, now_us);
        if (!least || line->account->spent_us < least->account->spent_us) {
            least = line;
        }
    }
    return least;
}

static void note_served(jj_hub *hub, jj_account *account, int64_t now_us)
{
    if (hub->recent != account) {
        hub->before_us = hub->recent_us;
        hub->recent = account;
    }
    hub->recent_us = now_us;
}

static void slice(jj_hub *hub, jj_line *line, int64_t now_us)
{
    jj_account *account = line->account;
    jj_held **held = hub->held_end;
    note_served(hub, account, now_us);
    bool costly = jj_hub_is_costly(account, now_us), last = false;
    bool less = costly && jj_hub_is_contested(hub, account, now_us);
    hub->slice_end_us = now_us + (less ? SLICE_LESS_US : SLICE_US);
    do {
        jj_job *job = line->first;
        work(hub, job);
        last = !job->more && remove_job(hub, line);
    } while (!last && hub->staged < STAGED_MAX && !jj_hub_slice_is_over(hub));
    if (!last) {
        move_back(hub, line);
    }
    jj_hub_charge(account, now_us, jj_monotonic_us());
    hub->hurry = hub->hurry || (!costly && hub->held_end != held);
}

void jj_hub_serve(jj_hub *hub)
{
    int64_t now_us = jj_monotonic_us(), end_us = now_us + TURN_US;
    take(hub);
    for (bool first = true; hub->lines && hub->staged < STAGED_MAX; first = false) {
        now_us = jj_monotonic_us();
        jj_line *line = whose_turn(hub, now_us);
        bool commit_first =
            now_us >= end_us || (hub->hurry && jj_hub_is_costly(line->account, now_us));
        if (commit_first && !first) {
            return;
        }
        slice(hub, line, now_us);
        take(hub);
    }
}
