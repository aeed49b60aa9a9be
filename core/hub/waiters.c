/* Readers that wait for an event, or until they have read earlier answers. */
#include "hub/internal.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define WAITERS_MAX  4096
#define WAITERS_EACH 256 /* of one agency */
#define DEFERRED_MS  50  /* one of an agency's that wait for reading is answered each time */
#define WAKE_US      500 /* for all of those who cost much, each time */

static void refuse_wait(const jj_request *request, bool own)
{
    jj_error err;
    jj_fail(&err, JJ_EBUSY,
            own ? "%d requests of this agency are waiting already: answer for some of them first"
                : "too many readers are waiting (%d); try again later",
            own ? WAITERS_EACH : WAITERS_MAX);
    jj_request_fail(request, &err);
}

void jj_hub_wait(jj_hub *hub, const jj_request *request, jj_waiter *reader, uint64_t wait_ms)
{
    jj_account *account = reader->path.account;
    bool own = account && account->waiters >= WAITERS_EACH;
    jj_waiter *waiter = !own && hub->waiter_count < WAITERS_MAX ? malloc(sizeof *waiter) : NULL;
    if (!waiter) {
        refuse_wait(request, own);
        return;
    }
    *waiter = *reader;
    reader->path = (jj_return_path){0};
    reader->filter = (jj_filter){0};
    if (account) {
        account->waiters++;
    }
    hub->deferred = hub->deferred || waiter->deferred;
    waiter->deadline_ms = jj_monotonic_ms() + (int64_t)wait_ms;
    waiter->next = hub->waiters;
    hub->waiters = waiter;
    hub->waiter_count++;
}

static void free_waiter(jj_waiter *waiter)
{
    if (waiter->path.account) {
        waiter->path.account->waiters--;
    }
    jj_return_path_clear(&waiter->path);
    jj_filter_clear(&waiter->filter);
    free(waiter);
}

static void refuse(const jj_return_path *path, const jj_error *why)
{
    jj_buf result = {0};
    jj_message answer = {0};
    jj_error_result(why, &result);
    if (!result.failed) {
        jj_return_path_start(path, &answer, "ERROR", result.data, result.size);
        jj_return_path_send(path, &answer);
    }
    jj_message_clear(&answer);
    jj_buf_clear(&result);
}

/* Those who wait for earlier answers to be read may be many, and of connections that are gone: what
 * is put together for them must not keep everybody else waiting. */
static bool is_its_turn(jj_account *account)
{
    int64_t now_ms = jj_monotonic_ms();
    if (!account || now_ms < account->next_deferred_ms) {
        return false;
    }
    account->next_deferred_ms = now_ms + DEFERRED_MS;
    return true;
}

/* Answers one who waits, if there is anything to be answered or it has waited long enough. */
static enum jj_fetched answer_waiter(jj_hub *hub, jj_waiter *waiter, bool expired, jj_error *err)
{
    if (!expired && waiter->after >= jj_journal_head(hub->journal)) {
        return JJ_FETCHED_NOTHING;
    }
    bool later = waiter->deferred && !is_its_turn(waiter->path.account);
    if (later || jj_hub_unread(hub, waiter->rights, waiter->path.account) != JJ_UNREAD_FEW) {
        hub->deferred = hub->deferred || !expired;
        jj_hub_busy(err);
        return expired ? JJ_FETCHED_FAILED : JJ_FETCHED_NOTHING;
    }
    waiter->deferred = false;
    return jj_hub_answer(hub, waiter, expired, err);
}

static bool is_consumer(const jj_waiter *waiter, const char *consumer)
{
    size_t length = strlen(waiter->rights->agency);
    return strncmp(consumer, waiter->rights->agency, length) == 0 && consumer[length] == '/' &&
           waiter->consumer[0] && strcmp(consumer + length + 1, waiter->consumer) == 0;
}

/* The same, within what all who cost much may take together of this turn: the rest of them comes in
 * the next. */
static enum jj_fetched answer_in_turn(jj_hub *hub, jj_waiter *waiter, bool expired,
                                      int64_t *costly_us, jj_error *err)
{
    jj_account *account = waiter->path.account;
    int64_t since_us = jj_monotonic_us();
    bool costly = jj_hub_is_costly(account, since_us);
    if (costly && *costly_us >= WAKE_US) {
        hub->unwoken = true;
        return JJ_FETCHED_NOTHING;
    }
    enum jj_fetched outcome = answer_waiter(hub, waiter, expired, err);
    int64_t now_us = jj_monotonic_us();
    jj_hub_charge(account, since_us, now_us);
    *costly_us += costly ? now_us - since_us : 0;
    return outcome;
}

/* Everybody, or all who wait as one consumer of an agency, are answered whatever there is. */
static void wake(jj_hub *hub, bool everybody, const char *consumer)
{
    int64_t now_ms = jj_monotonic_ms(), costly_us = 0;
    hub->deferred = hub->unwoken = false;
    for (jj_waiter **at = &hub->waiters; *at;) {
        jj_waiter *waiter = *at;
        bool expired = everybody || now_ms >= waiter->deadline_ms ||
                       (consumer && is_consumer(waiter, consumer));
        bool new = waiter->after < jj_journal_head(hub->journal);
        jj_error err;
        enum jj_fetched outcome = everybody ? answer_waiter(hub, waiter, true, &err)
                                  : expired || new
                                      ? answer_in_turn(hub, waiter, expired, &costly_us, &err)
                                      : JJ_FETCHED_NOTHING;
        if (outcome == JJ_FETCHED_NOTHING) {
            at = &waiter->next;
            continue;
        }
        if (outcome == JJ_FETCHED_FAILED) {
            refuse(&waiter->path, &err);
        }
        *at = waiter->next;
        hub->waiter_count--;
        free_waiter(waiter);
    }
}

void jj_hub_wake(jj_hub *hub)
{
    wake(hub, false, NULL);
}

void jj_hub_dismiss_waiters(jj_hub *hub)
{
    wake(hub, true, NULL);
}

void jj_hub_dismiss_consumer(jj_hub *hub, const char *consumer)
{
    wake(hub, false, consumer);
}

void jj_hub_drop_waiters(jj_hub *hub)
{
    while (hub->waiters) {
        jj_waiter *waiter = hub->waiters;
        hub->waiters = waiter->next;
        free_waiter(waiter);
    }
    hub->waiter_count = 0;
}
