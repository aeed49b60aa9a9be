/*
 * industry: brings graduates and vacancies together.
 *
 * Takes in vacancies, applications, placements and quota reports. Reacts: placement.proposed to
 * consenting graduates of the vacancy's vocations and regions, competent before not yet tested,
 * longest waiting first; vacancy.closed when its headcount is filled or its time is over.
 *
 * State (the order in which events came does not show in it):
 *   g/<person>             what is known of a person, in registers (react.h)
 *   v/<vacancy>            the vacancy, in registers, and what was said of its end
 *   n/<vacancy>            its numbers: struct numbers
 *   q/<person>/<vacancy>   "p" proposed, "s" started there, "ps" both
 *   wait, able             lines of those who wait (lines.h): all, and those with a disability
 *   seek                   vacancies that look for more people
 *   secret                 what decides whom a friendly vacancy asks out of turn
 *   due/, todo/            open vacancies by their end, vacancies to be looked at (react.h)
 */
#include "person.h"
#include "vacancy.h"

#include <sys/random.h>

static const char *const publishes[] = {
    "vacancy.opened",    "vacancy.closed",  "application.submitted", "placement.proposed",
    "placement.started", "placement.ended", "quota.reported",        NULL};

static const char *const subscribes[] = {"alumni.graduated",  "alumni.certified",
                                         "consent.granted",   "consent.withdrawn",
                                         "vacancy.opened",    "vacancy.closed",
                                         "placement.started", "placement.ended",
                                         "person.erased",     NULL};

static const jj_option options[] = {
    {"proposals_per_seat", JJ_OPTION_INTEGER, "3", 1, 100, false,
     "persons who are under proposal at a time for each seat that is still free"},
    {"expiry_check", JJ_OPTION_DURATION, "1h", 1000, 7 * JJ_DAY_MS, false,
     "how often vacancies are looked through for those whose last day is over"},
    {0},
};

static void take(void *self, jj_turn *turn, const jj_event *event, const json_t *data)
{
    (void)self;
    if (strncmp(event->type, "vacancy.", 8) == 0) {
        vacancy_event(turn, event, data);
    } else {
        person_event(turn, event, data);
    }
}

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    const jj_reactor reactor = {
        .host = host,
        .values = values,
        .take = take,
        .work = vacancy_work,
        .look_ms = values[OPTION_EXPIRY].number,
    };
    return jj_reactor_new(sizeof reactor, &reactor, self, err);
}

/* Whom a friendly vacancy asks out of turn is decided by a secret (vacancy.c). It is made once, and
 * durable before the first event comes. */
static int start(void *self, jj_error *err)
{
    const jj_reactor *reactor = self;
    jj_turn turn = {reactor->host, false};
    uint64_t bits[2];
    char secret[33];
    if (!jj_has(&turn, "secret")) {
        if (getrandom(bits, sizeof bits, 0) != (ssize_t)sizeof bits) {
            return jj_fail(err, JJ_EUNAVAILABLE, "no random numbers can be had");
        }
        snprintf(secret, sizeof secret, "%016llx%016llx", (unsigned long long)bits[0],
                 (unsigned long long)bits[1]);
        jj_put(&turn, "secret", secret);
    }
    return turn.failed ? jj_fail(err, JJ_EMEMORY, "out of memory") : jj_reactor_start(self, err);
}

JJ_API extern const jj_plugin jejaring_plugin;
const jj_plugin jejaring_plugin = {
    .abi_major = JJ_ABI_MAJOR,
    .abi_minor = JJ_ABI_MINOR,
    .size_bytes = sizeof(jj_plugin),
    .name = "industry",
    .version = "1.0",
    .summary = "vacancies and placements; proposes graduates for vacancies",
    .publishes = publishes,
    .subscribes = subscribes,
    .options = options,
    .create = create,
    .start = start,
    .on_events = jj_reactor_events,
    .on_timer = jj_reactor_timer,
    .destroy = free,
};
