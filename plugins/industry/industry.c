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
#include <jejaring/lines.h>

#define LANES_MAX 16 /* vocations of one person that are looked at */

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
    const jj_value *values;
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

/* ---- Vacancies ---------------------------------------------------------------------------- */

struct numbers {
    int started;       /* persons placed there */
    int live;          /* persons proposed who are still waiting */
    int proposed;      /* persons ever proposed: gives the rank */
    int seeks, dated;  /* whether it stands in `seek` and in `until/` */
    long long last_ms; /* when the last of them started */
};

static struct numbers numbers_load(jj_turn *turn, const char *id)
{
    struct numbers n = {0};
    char key[JJ_KEY_MAX];
    const char *text;
    jj_key(turn, key, "n/%s", id);
    if (turn->host->state_get(turn->host, key, &text) == 0)
        sscanf(text, "%d %d %d %d %d %lld", &n.started, &n.live, &n.proposed, &n.seeks, &n.dated,
               &n.last_ms);
    return n;
}

static void numbers_store(jj_turn *turn, const char *id, const struct numbers *n)
{
    char key[JJ_KEY_MAX], text[96];
    jj_key(turn, key, "n/%s", id);
    snprintf(text, sizeof text, "%d %d %d %d %d %lld", n->started, n->live, n->proposed, n->seeks,
             n->dated, n->last_ms);
    jj_put(turn, key, text);
}

/* Midnight after the last day of a vacancy; INT64_MAX if it has none. */
static int64_t vacancy_end(const json_t *opened)
{
    int64_t day_ms;
    return jj_day_parse(jj_text(opened, "until"), &day_ms) ? day_ms + JJ_DAY_MS : INT64_MAX;
}

/* Why a vacancy takes nobody: a reason of vacancy.closed, "unknown", or NULL: it is open. */
static const char *vacancy_barred(const json_t *vacancy, const struct numbers *n, int64_t now_ms)
{
    const json_t *opened = jj_register(vacancy, "opened");
    if (!opened)
        return "unknown";
    if (strcmp(jj_register_stamp(vacancy, "closed"), jj_register_stamp(vacancy, "opened")) > 0)
        return "withdrawn";
    if (n->started >= jj_number(opened, "headcount", 1))
        return "filled";
    return now_ms >= vacancy_end(opened) ? "expired" : NULL;
}

/* Enters the vacancy into the two indexes, or takes it out. */
static void vacancy_list(jj_turn *turn, const char *id, const json_t *vacancy, struct numbers *n,
                         bool seeks, bool dated)
{
    const json_t *opened = jj_register(vacancy, "opened");
    const char *until = jj_text(opened, "until");
    dated = dated && until;
    if (seeks != (n->seeks != 0))
        jj_want_set(turn, "seek", json_object_get(opened, "areas"),
                    json_object_get(opened, "skills"), id, seeks);
    if (dated != (n->dated != 0)) {
        char key[JJ_KEY_MAX];
        jj_key(turn, key, "until/%s/%s", until, id);
        if (dated)
            jj_put(turn, key, "");
        else
            jj_delete(turn, key);
    }
    n->seeks = seeks;
    n->dated = dated;
}

/* What the matching needs of vacancy.opened. New. */
static json_t *vacancy_terms(const jj_event *event, const json_t *data)
{
    json_t *areas = json_array(), *skills = json_array();
    const json_t *regions = json_object_get(data, "regions");
    const json_t *vocations = json_object_get(data, "vocations");
    for (size_t i = 0; i < json_array_size(regions); i++) {
        const char *area = jj_name(json_string_value(json_array_get(regions, i)));
        if (area)
            json_array_append_new(areas, json_string(area));
    }
    if (json_array_size(areas) == 0)
        json_array_append_new(areas, json_string(event->region));
    for (size_t i = 0; i < json_array_size(vocations); i++) {
        char skill[JJ_NAME_MAX];
        jj_skill(json_string_value(json_array_get(vocations, i)), skill);
        json_array_append_new(skills, json_string(skill));
    }
    return json_pack("{s:o, s:o, s:o, s:I, s:s*, s:b}", "origin", jj_origin(event), "areas", areas,
                     "skills", skills, "headcount", (json_int_t)jj_number(data, "headcount", 1),
                     "until", jj_text(data, "valid_until"), "friendly",
                     jj_flag(data, "disability_friendly"));
}

static void on_vacancy(jj_turn *turn, const jj_event *event, const json_t *data)
{
    const char *id = jj_name(event->subject);
    char key[JJ_KEY_MAX];
    jj_key(turn, key, "v/%s", id);
    json_t *vacancy = jj_doc_load(turn, key);
    if (strcmp(event->type, "vacancy.opened") == 0) {
        struct numbers n = numbers_load(turn, id);
        vacancy_list(turn, id, vacancy, &n, false, false);
        numbers_store(turn, id, &n);
        jj_register_take(turn, vacancy, "opened", event, vacancy_terms(event, data));
    } else {
        /* Our own announcement says nothing new: if a correction comes, it must not bind us. */
        const json_t *said = json_object_get(vacancy, "said");
        const char *reason = jj_text(data, "reason"), *ours = jj_text(said, "reason");
        if (!reason || !ours || strcmp(reason, ours) != 0 ||
            jj_number(said, "time", 0) != event->time_ms)
            jj_register_take(turn, vacancy, "closed", event, json_true());
    }
    jj_doc_store(turn, key, vacancy);
    jj_work_add(turn, "todo", id);
    json_decref(vacancy);
}

/* ---- Persons ------------------------------------------------------------------------------ */

struct lane {
    char region[JJ_NAME_MAX], skill[JJ_NAME_MAX], order[JJ_NAME_MAX];
    bool able;
};

/* Competent first ('0'), then not yet tested ('1'), then tested in vain ('2'): the later of what
 * was said of this vocation and of the person as a whole. */
static char person_rank(const json_t *person, const char *skill)
{
    char name[JJ_NAME_MAX + 2];
    snprintf(name, sizeof name, "c/%s", skill);
    if (strcmp(jj_register_stamp(person, "c/"), jj_register_stamp(person, name)) > 0)
        strcpy(name, "c/");
    const char *result = json_string_value(jj_register(person, name));
    return !result ? '1' : strcmp(result, "competent") == 0 ? '0' : '2';
}

/* Where a person waits: nowhere without consent or at work. */
static size_t person_lanes(const json_t *person, struct lane lanes[LANES_MAX])
{
    size_t count = 0;
    const char *name;
    json_t *unused;
    if (!jj_consent(person) || json_is_true(jj_register(person, "work")))
        return 0;
    int64_t free_ms = jj_stamp_time(jj_register_stamp(person, "work"));
    json_object_foreach((json_t *)(uintptr_t)person, name, unused)
    {
        if (strncmp(name, "t/", 2) != 0 || count == LANES_MAX)
            continue;
        struct lane *lane = &lanes[count++];
        memset(lane, 0, sizeof *lane); /* they are compared whole */
        lane->able = jj_flag(person, "disability");
        int64_t since_ms = jj_stamp_time(jj_register_stamp(person, name));
        snprintf(lane->skill, sizeof lane->skill, "%s", name + 2);
        snprintf(lane->region, sizeof lane->region, "%s",
                 json_string_value(jj_register(person, name)));
        snprintf(lane->order, sizeof lane->order, "%c%014lld", person_rank(person, name + 2),
                 (long long)(since_ms > free_ms ? since_ms : free_ms));
    }
    return count;
}

/* The vacancies that a person was proposed for, or placed at. New. */
static json_t *person_vacancies(jj_turn *turn, const char *id)
{
    char prefix[JJ_KEY_MAX];
    jj_key(turn, prefix, "q/%s/", id);
    return jj_collect(turn, prefix, SIZE_MAX);
}

/* A person has begun (+1) or ceased (-1) to wait: counts for all who had proposed to them. */
static void person_turned(jj_turn *turn, const char *id, int change)
{
    json_t *vacancies = person_vacancies(turn, id), *flags;
    const char *vacancy;
    json_object_foreach(vacancies, vacancy, flags)
    {
        if (*json_string_value(flags) != 'p')
            continue;
        struct numbers n = numbers_load(turn, vacancy);
        n.live += change;
        numbers_store(turn, vacancy, &n);
        jj_work_add(turn, "todo", vacancy);
    }
    json_decref(vacancies);
}

/* Moves a person from the lanes of before to those of now. */
static void person_move(jj_turn *turn, const char *id, const json_t *person,
                        const struct lane *before, size_t before_count)
{
    struct lane now[LANES_MAX];
    size_t count = person_lanes(person, now);
    if (count == before_count && memcmp(now, before, count * sizeof *now) == 0)
        return;
    for (size_t i = 0; i < before_count; i++) {
        const struct lane *lane = &before[i];
        jj_line_leave(turn, "wait", lane->region, lane->skill, lane->order, id);
        jj_line_leave(turn, "able", lane->region, lane->skill, lane->order, id);
    }
    for (size_t i = 0; i < count; i++) {
        const struct lane *lane = &now[i];
        jj_line_enter(turn, "wait", lane->region, lane->skill, lane->order, id);
        if (lane->able)
            jj_line_enter(turn, "able", lane->region, lane->skill, lane->order, id);
        jj_want_call(turn, "seek", lane->region, lane->skill, "todo");
    }
    if ((count > 0) != (before_count > 0))
        person_turned(turn, id, count > 0 ? 1 : -1);
}

/* Takes what an event says into the person's registers. */
static void person_learn(jj_turn *turn, json_t *person, const jj_event *event, const json_t *data)
{
    char name[JJ_NAME_MAX + 2], skill[JJ_NAME_MAX];
    jj_skill(jj_text(data, "vocation"), skill);
    jj_consent_take(turn, person, event, data, "industry");
    if (strcmp(event->type, "alumni.graduated") == 0 && skill[0]) {
        snprintf(name, sizeof name, "t/%s", skill);
        jj_register_take(turn, person, name, event, json_string(event->region));
        if (json_object_size(json_object_get(data, "disability")))
            jj_doc_set(turn, person, "disability", json_true());
    } else if (strcmp(event->type, "alumni.certified") == 0 && jj_text(data, "result")) {
        snprintf(name, sizeof name, "c/%s", skill);
        jj_register_take(turn, person, name, event, json_string(jj_text(data, "result")));
    } else if (strncmp(event->type, "placement.", 10) == 0) {
        bool started = strcmp(event->type, "placement.started") == 0;
        jj_register_take(turn, person, "work", event, json_boolean(started));
    }
}

/* Somebody started at a vacancy: one seat less, once a person. */
static void seat_taken(jj_turn *turn, const char *person, const char *vacancy, int64_t time_ms)
{
    char key[JJ_KEY_MAX];
    const char *flags = "";
    jj_key(turn, key, "q/%s/%s", person, vacancy);
    turn->host->state_get(turn->host, key, &flags);
    if (strchr(flags, 's'))
        return;
    jj_put(turn, key, *flags == 'p' ? "ps" : "s");
    struct numbers n = numbers_load(turn, vacancy);
    n.started++;
    n.last_ms = time_ms > n.last_ms ? time_ms : n.last_ms;
    numbers_store(turn, vacancy, &n);
    jj_work_add(turn, "todo", vacancy);
}

static void person_forget(jj_turn *turn, const char *id)
{
    json_t *vacancies = person_vacancies(turn, id), *unused;
    const char *vacancy;
    json_object_foreach(vacancies, vacancy, unused)
    {
        char key[JJ_KEY_MAX];
        jj_key(turn, key, "q/%s/%s", id, vacancy);
        jj_delete(turn, key);
    }
    json_decref(vacancies);
}

static void on_person(jj_turn *turn, const jj_event *event, const json_t *data)
{
    char key[JJ_KEY_MAX];
    struct lane before[LANES_MAX];
    const char *id = jj_name(event->subject), *vacancy = jj_name(jj_text(data, "vacancy"));
    jj_key(turn, key, "g/%s", id);
    json_t *person = jj_doc_load(turn, key);
    size_t before_count = person_lanes(person, before);
    if (strcmp(event->type, "placement.started") == 0 && vacancy)
        seat_taken(turn, id, vacancy, event->time_ms);
    if (strcmp(event->type, "person.erased") == 0)
        json_object_clear(person);
    else
        person_learn(turn, person, event, data);
    person_move(turn, id, person, before, before_count);
    if (strcmp(event->type, "person.erased") == 0)
        person_forget(turn, id);
    jj_doc_store(turn, key, person);
    json_decref(person);
}

/* ---- The work ----------------------------------------------------------------------------- */

static void propose(jj_turn *turn, const char *id, const json_t *opened, struct numbers *n,
                    const jj_place *place)
{
    char key[JJ_KEY_MAX];
    jj_event cause = jj_origin_event(json_object_get(opened, "origin"));
    int64_t since_ms = strtoll(place->order + 1, NULL, 10);
    json_t *reasons = json_array();
    json_array_append_new(reasons, json_string(json_array_size(json_object_get(opened, "skills"))
                                                   ? "vocation"
                                                   : "any_vocation"));
    json_array_append_new(reasons, json_string("region"));
    if (place->order[0] == '0')
        json_array_append_new(reasons, json_string("competent"));
    n->proposed++;
    n->live++;
    jj_key(turn, key, "q/%s/%s", place->member, id);
    jj_put(turn, key, "p");
    jj_react(turn,
             (jj_draft){
                 .type = "placement.proposed",
                 .subject = place->member,
                 .region = place->region,
                 .cause = &cause,
                 .key = place->member,
                 .time_ms = since_ms > cause.time_ms ? since_ms : cause.time_ms,
             },
             json_pack("{s:s, s:i, s:o}", "vacancy", id, "rank", n->proposed, "reasons", reasons));
}

/* The next of a line who has not been proposed or placed here; NULL at its end. */
static const jj_place *next_place(jj_turn *turn, const char *id, const jj_place *places,
                                  size_t count, size_t *at)
{
    while (*at < count) {
        char key[JJ_KEY_MAX];
        const jj_place *place = &places[(*at)++];
        jj_key(turn, key, "q/%s/%s", place->member, id);
        if (!jj_has(turn, key))
            return place;
    }
    return NULL;
}

/*
 * Proposes up to `most` persons. A disability-friendly vacancy asks every second time the line of
 * those with a disability first: they are served for certain, and because the other half comes
 * from the line of all, a proposal does not tell to whom that applies.
 */
static void match(jj_turn *turn, const char *id, const json_t *opened, struct numbers *n, int most)
{
    const json_t *areas = json_object_get(opened, "areas");
    const json_t *skills = json_object_get(opened, "skills");
    size_t room = (size_t)(most + n->live), at = 0, able_at = 0, able_count = 0;
    jj_place *places = NULL, *able = NULL;
    size_t count = jj_line_first(turn, "wait", areas, skills, room, &places);
    if (jj_flag(opened, "friendly"))
        able_count = jj_line_first(turn, "able", areas, skills, room, &able);
    for (int i = 0; i < most && !turn->failed; i++) {
        const jj_place *place = NULL;
        if (n->proposed % 2 == 1)
            place = next_place(turn, id, able, able_count, &able_at);
        if (!place)
            place = next_place(turn, id, places, count, &at);
        if (!place)
            break;
        propose(turn, id, opened, n, place);
    }
    free(places);
    free(able);
}

/* Says once that a vacancy has ended. Returns the number of drafts. */
static int announce(jj_turn *turn, const char *id, json_t *vacancy, const struct numbers *n,
                    const char *reason)
{
    const json_t *opened = jj_register(vacancy, "opened");
    const char *stamp = jj_register_stamp(vacancy, "opened");
    const char *said = jj_text(json_object_get(vacancy, "said"), "opened");
    char key[JJ_KEY_MAX];
    if (said && strcmp(said, stamp) == 0)
        return 0;
    jj_event cause = jj_origin_event(json_object_get(opened, "origin"));
    bool filled = strcmp(reason, "filled") == 0;
    int64_t time_ms = filled ? (int64_t)n->last_ms : vacancy_end(opened);
    time_ms = time_ms > cause.time_ms ? time_ms : cause.time_ms;
    jj_doc_set(turn, vacancy, "said",
               json_pack("{s:s, s:s, s:I}", "opened", stamp, "reason", reason, "time",
                         (json_int_t)time_ms));
    jj_key(turn, key, "v/%s", id);
    jj_doc_store(turn, key, vacancy);
    jj_react(turn,
             (jj_draft){
                 .type = "vacancy.closed",
                 .subject = id,
                 .region = cause.region,
                 .cause = &cause,
                 .key = reason,
                 .time_ms = time_ms,
             },
             json_pack("{s:s, s:s}", "vacancy", id, "reason", reason));
    return 1;
}

/* Brings one vacancy up to date with at most `most` drafts; returns their number. */
static int vacancy_work(void *arg, jj_turn *turn, const char *id, int most)
{
    const struct industry *self = arg;
    char key[JJ_KEY_MAX];
    jj_key(turn, key, "v/%s", id);
    json_t *vacancy = jj_doc_load(turn, key);
    const json_t *opened = jj_register(vacancy, "opened");
    struct numbers n = numbers_load(turn, id);
    const char *barred = vacancy_barred(vacancy, &n, turn->host->now_ms(turn->host));
    int64_t seats = jj_number(opened, "headcount", 1) - n.started, need = 0;
    int drafts = n.proposed;
    if (!barred) {
        need = seats * self->values[OPTION_PROPOSALS].number - n.live;
        if (need > 0)
            match(turn, id, opened, &n, need < most ? (int)need : most);
        need -= n.proposed - drafts;
    }
    drafts = n.proposed - drafts;
    if (barred && (strcmp(barred, "filled") == 0 || strcmp(barred, "expired") == 0))
        drafts += announce(turn, id, vacancy, &n, barred);
    vacancy_list(turn, id, vacancy, &n, !barred && need > 0, !barred);
    if (opened || n.started)
        numbers_store(turn, id, &n);
    json_decref(vacancy);
    return drafts;
}

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
    if (!industry)
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    *industry = (struct industry){host, values};
    *self = industry;
    return 0;
}

static void on_timer(void *arg, int id)
{
    struct industry *self = arg;
    jj_turn turn = {self->host, false};
    if (id == TIMER_EXPIRY)
        expire(&turn);
    jj_work_do(&turn, "todo", TIMER_WORK, vacancy_work, self);
    jj_turn_settle(&turn);
}

static int start(void *arg, jj_error *err)
{
    struct industry *self = arg;
    (void)err;
    self->host->timer(self->host, TIMER_WORK, 1, false); /* what a crash has left in todo */
    return self->host->timer(self->host, TIMER_EXPIRY, self->values[OPTION_EXPIRY].number, true);
}

static int on_events(void *arg, const jj_event *events, size_t count)
{
    struct industry *self = arg;
    jj_turn turn = {self->host, false};
    for (size_t i = 0; i < count && !turn.failed; i++) {
        const json_t *data = self->host->data(self->host, &events[i]);
        if (!jj_name(events[i].subject) || !jj_name(events[i].region))
            self->host->reject(self->host, &events[i], "no usable subject or region");
        else if (strncmp(events[i].type, "vacancy.", 8) == 0)
            on_vacancy(&turn, &events[i], data);
        else
            on_person(&turn, &events[i], data);
    }
    jj_work_do(&turn, "todo", TIMER_WORK, vacancy_work, self);
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
