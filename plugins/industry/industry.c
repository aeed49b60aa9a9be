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
 *   until/<day>/<vacancy>  open vacancies by their last day
 *   todo/<vacancy>         to be looked at again: the work of this batch, or what it left over
 */
#include "person.h"
#include "vacancy.h"

enum {
    TIMER_WORK,
    TIMER_EXPIRY
};
enum {
    OPTION_PROPOSALS,
    OPTION_EXPIRY
};

struct industry {
    const jj_host *host;
    int64_t proposals_per_seat, expiry_check_ms;
};

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

/* Vacancies whose last day is over. */
static void expire(jj_turn *turn)
{
    char today[JJ_DAY_SIZE];
    jj_day_format(turn->host->now_ms(turn->host), today);
    jj_work_due(turn, "until", today, "todo");
}

/* ---- Callbacks ---------------------------------------------------------------------------- */

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    struct industry *industry = malloc(sizeof *industry);
    if (!industry) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    *industry = (struct industry){
        .host = host,
        .proposals_per_seat = values[OPTION_PROPOSALS].number,
        .expiry_check_ms = values[OPTION_EXPIRY].number,
    };
    *self = industry;
    return 0;
}

static void on_timer(void *arg, int id)
{
    struct industry *self = arg;
    jj_turn turn = {self->host, false};
    if (id == TIMER_EXPIRY) {
        expire(&turn);
    }
    jj_work_do(&turn, "todo", TIMER_WORK, vacancy_work, &self->proposals_per_seat);
    jj_turn_settle(&turn);
}

static int start(void *arg, jj_error *err)
{
    struct industry *self = arg;
    (void)err;
    self->host->timer(self->host, TIMER_WORK, 1, false); /* what a crash has left in todo */
    return self->host->timer(self->host, TIMER_EXPIRY, self->expiry_check_ms, true);
}

static void take(void *self, jj_turn *turn, const jj_event *event, const json_t *data)
{
    (void)self;
    if (strncmp(event->type, "vacancy.", 8) == 0) {
        vacancy_event(turn, event, data);
    } else {
        person_event(turn, event, data);
    }
}

static int on_events(void *arg, const jj_event *events, size_t count)
{
    struct industry *self = arg;
    jj_turn turn = {self->host, false};
    jj_take_events(&turn, events, count, take, self);
    jj_work_do(&turn, "todo", TIMER_WORK, vacancy_work, &self->proposals_per_seat);
    return jj_turn_verdict(&turn);
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
    .on_events = on_events,
    .on_timer = on_timer,
    .destroy = free,
};
