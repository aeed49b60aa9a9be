#include "vacancy.h"

#define RANK_MAX 100000 /* of the schema of placement.proposed */
#define ANYBODY  1000   /* how deep in the line "anybody" is looked for */

struct numbers {
    int started;       /* persons placed there */
    int live;          /* persons proposed who are still waiting */
    int proposed;      /* persons ever proposed: gives the rank */
    int seeks, dated;  /* whether it stands in `seek` and on the agenda */
    long long last_ms; /* when the last of them started */
};

static struct numbers numbers_load(jj_turn *turn, const char *id)
{
    struct numbers n = {0};
    char key[JJ_KEY_MAX];
    const char *text;
    jj_key(turn, key, "n/%s", id);
    if (turn->host->state_get(turn->host, key, &text) == 0) {
        sscanf(text, "%d %d %d %d %d %lld", &n.started, &n.live, &n.proposed, &n.seeks, &n.dated,
               &n.last_ms);
    }
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
    if (!opened) {
        return "unknown";
    }
    if (jj_register_over(vacancy, "opened", "closed")) {
        return "withdrawn";
    }
    if (n->started >= jj_number(opened, "headcount", 1)) {
        return "filled";
    }
    return now_ms >= vacancy_end(opened) ? "expired" : NULL;
}

/* Enters the vacancy into the two indexes, or takes it out. */
static void vacancy_list(jj_turn *turn, const char *id, const json_t *vacancy, struct numbers *n,
                         bool seeks, bool dated)
{
    const json_t *opened = jj_register(vacancy, "opened");
    dated = dated && jj_text(opened, "until");
    if (seeks != (n->seeks != 0)) {
        jj_want_set(turn, "seek", json_object_get(opened, "areas"),
                    json_object_get(opened, "skills"), id, seeks);
    }
    if (dated != (n->dated != 0)) {
        jj_due_set(turn, id, vacancy_end(opened), dated);
    }
    n->seeks = seeks;
    n->dated = dated;
}

/* True if another node took the vacancy in, of a region that is not this node's: one that came down
 * from the node above. Its end is that node's to say. */
static bool is_foreign(const jj_host *host, const jj_event *event)
{
    json_t *whole = json_loadb(event->text, event->size_bytes, 0, NULL);
    bool foreign = jj_text(whole, "origin") && !jj_region_within(host->region, event->region);
    json_decref(whole);
    return foreign;
}

/* What the matching needs of vacancy.opened. New. */
static json_t *vacancy_terms(const jj_host *host, const jj_event *event, const json_t *data)
{
    json_t *areas = json_array(), *skills = json_array();
    const json_t *regions = json_object_get(data, "regions");
    const json_t *vocations = json_object_get(data, "vocations");
    for (size_t i = 0; i < json_array_size(regions); i++) {
        const char *area = jj_name(json_string_value(json_array_get(regions, i)));
        if (area) {
            json_array_append_new(areas, json_string(area));
        }
    }
    if (json_array_size(areas) == 0) {
        json_array_append_new(areas, json_string(event->region));
    }
    for (size_t i = 0; i < json_array_size(vocations); i++) {
        char skill[JJ_NAME_MAX];
        jj_skill(json_string_value(json_array_get(vocations, i)), skill);
        json_array_append_new(skills, json_string(skill));
    }
    return json_pack("{s:o, s:o, s:o, s:I, s:s*, s:b, s:b}", "origin", jj_origin(event), "areas",
                     areas, "skills", skills, "headcount",
                     (json_int_t)jj_number(data, "headcount", 1), "until",
                     jj_text(data, "valid_until"), "friendly", jj_flag(data, "disability_friendly"),
                     "foreign", is_foreign(host, event));
}

void vacancy_event(jj_turn *turn, const jj_event *event, const json_t *data)
{
    const char *id = jj_name(event->subject);
    char key[JJ_KEY_MAX];
    jj_key(turn, key, "v/%s", id);
    json_t *vacancy = jj_doc_load(turn, key);
    if (strcmp(event->type, "vacancy.opened") == 0) {
        struct numbers n = numbers_load(turn, id);
        vacancy_list(turn, id, vacancy, &n, false, false);
        numbers_store(turn, id, &n);
        jj_register_take(turn, vacancy, "opened", event, vacancy_terms(turn->host, event, data));
    } else if (!jj_is_own(turn->host, event)) { /* what we said must not bind us */
        jj_register_take(turn, vacancy, "closed", event, json_true());
    }
    jj_doc_store(turn, key, vacancy);
    jj_todo_add(turn, id);
    json_decref(vacancy);
}

/* ---- Seats and proposals ------------------------------------------------------------------ */

void vacancy_seat_taken(jj_turn *turn, const char *person, const char *vacancy, int64_t time_ms)
{
    char key[JJ_KEY_MAX];
    const char *flags = "";
    jj_key(turn, key, "q/%s/%s", person, vacancy);
    turn->host->state_get(turn->host, key, &flags);
    if (strchr(flags, 's')) {
        return;
    }
    jj_put(turn, key, *flags == 'p' ? "ps" : "s");
    struct numbers n = numbers_load(turn, vacancy);
    n.started++;
    n.last_ms = time_ms > n.last_ms ? time_ms : n.last_ms;
    numbers_store(turn, vacancy, &n);
    jj_todo_add(turn, vacancy);
}

void vacancy_live(jj_turn *turn, const char *vacancy, int change)
{
    struct numbers n = numbers_load(turn, vacancy);
    n.live += change;
    numbers_store(turn, vacancy, &n);
    jj_todo_add(turn, vacancy);
}

/* ---- The work ----------------------------------------------------------------------------- */

static void propose(jj_turn *turn, const char *id, const json_t *opened, struct numbers *n,
                    const jj_place *place)
{
    char key[JJ_KEY_MAX];
    jj_event cause = jj_origin_event(json_object_get(opened, "origin"));
    int64_t time_ms = strtoll(place->order + 1, NULL, 10), agreed_ms;
    json_t *reasons = json_array();
    jj_key(turn, key, "g/%s", place->member);
    json_t *person = jj_doc_load(turn, key);
    agreed_ms = jj_stamp_time(jj_register_stamp(person, "consent"));
    json_decref(person);
    time_ms = agreed_ms > time_ms ? agreed_ms : time_ms;
    json_array_append_new(reasons, json_string(json_array_size(json_object_get(opened, "skills"))
                                                   ? "vocation"
                                                   : "any_vocation"));
    json_array_append_new(reasons, json_string("region"));
    if (place->order[0] == '0') {
        json_array_append_new(reasons, json_string("competent"));
    }
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
                 .time_ms = time_ms > cause.time_ms ? time_ms : cause.time_ms,
             },
             json_pack("{s:s, s:i, s:o}", "vacancy", id, "rank", n->proposed, "reasons", reasons));
}

/* One line as a vacancy goes through it. */
struct queue {
    jj_place *places;
    size_t count, at;
};

/* From `at` on, the next who has not been proposed or placed here; NULL at the end. */
static const jj_place *next_place(jj_turn *turn, const char *id, struct queue *queue)
{
    while (queue->at < queue->count) {
        char key[JJ_KEY_MAX];
        const jj_place *place = &queue->places[queue->at++];
        jj_key(turn, key, "q/%s/%s", place->member, id);
        if (!jj_has(turn, key)) {
            return place;
        }
    }
    return NULL;
}

/* Anybody of the line: the first who can be proposed from a place on that nobody can foretell. */
static const jj_place *any_place(jj_turn *turn, const char *id, const struct queue *queue,
                                 uint64_t chance)
{
    size_t from = queue->count ? chance % queue->count : 0;
    struct queue behind = {queue->places, queue->count, from}, before = {queue->places, from, 0};
    const jj_place *place = next_place(turn, id, &behind);
    return place ? place : next_place(turn, id, &before);
}

/* A number that looks like chance to whoever does not know the secret, and is the same when it is
 * asked for again (FNV-1a, mixed as splitmix64 does). */
static uint64_t chance_of(jj_turn *turn, const char *id, int number)
{
    char text[JJ_KEY_MAX];
    const char *secret = "";
    uint64_t hash = 14695981039346656037u;
    turn->host->state_get(turn->host, "secret", &secret);
    jj_key(turn, text, "%s/%s/%d", secret, id, number);
    for (const char *c = text; *c; c++) {
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    }
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
    return hash ^ (hash >> 31);
}

/*
 * Whom a disability-friendly vacancy asks next. Of every three, one is the first of the line of
 * all, one the first of those with a disability, and one anybody, in an order that nobody can
 * foretell. So they are served for certain, and neither a rank nor a place out of turn tells to
 * whom a disability applies, not even to one who knows this rule and the whole line.
 */
static const jj_place *friendly_place(jj_turn *turn, const char *id, int number, struct queue *all,
                                      struct queue *able)
{
    static const char orders[6][4] = {"fda", "fad", "dfa", "daf", "afd", "adf"};
    char kind = orders[chance_of(turn, id, -1 - number / 3) % 6][number % 3];
    const jj_place *place = kind == 'd' ? next_place(turn, id, able) : NULL;
    if (!place && kind != 'f') {
        place = any_place(turn, id, all, chance_of(turn, id, number));
    }
    return place ? place : next_place(turn, id, all);
}

/* Proposes up to `most` persons. */
static void match(jj_turn *turn, const char *id, const json_t *opened, struct numbers *n, int most)
{
    const json_t *areas = json_object_get(opened, "areas");
    const json_t *skills = json_object_get(opened, "skills");
    bool friendly = jj_flag(opened, "friendly");
    size_t room = (size_t)(most + n->live);
    struct queue all = {NULL, 0, 0}, able = {NULL, 0, 0};
    all.count =
        jj_line_first(turn, "wait", areas, skills, friendly ? room + ANYBODY : room, &all.places);
    if (friendly) {
        able.count = jj_line_first(turn, "able", areas, skills, room, &able.places);
    }
    for (int i = 0; i < most && !turn->failed; i++) {
        const jj_place *place = friendly ? friendly_place(turn, id, n->proposed, &all, &able)
                                         : next_place(turn, id, &all);
        if (!place) {
            break;
        }
        propose(turn, id, opened, n, place);
    }
    free(all.places);
    free(able.places);
}

/* Says once that a vacancy has ended. Returns the number of drafts. */
static int announce(jj_turn *turn, const char *id, json_t *vacancy, const struct numbers *n,
                    const char *reason)
{
    const json_t *opened = jj_register(vacancy, "opened");
    const char *stamp = jj_register_stamp(vacancy, "opened");
    const char *said = jj_text(vacancy, "said");
    char key[JJ_KEY_MAX];
    if (said && strcmp(said, stamp) == 0) {
        return 0;
    }
    jj_event cause = jj_origin_event(json_object_get(opened, "origin"));
    bool filled = strcmp(reason, "filled") == 0;
    int64_t time_ms = filled ? (int64_t)n->last_ms : vacancy_end(opened);
    time_ms = time_ms > cause.time_ms ? time_ms : cause.time_ms;
    jj_doc_set(turn, vacancy, "said", json_string(stamp));
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

int vacancy_work(void *self, jj_turn *turn, const char *id, int most)
{
    const jj_reactor *reactor = self;
    int64_t proposals_per_seat = reactor->values[OPTION_PROPOSALS].number;
    char key[JJ_KEY_MAX];
    jj_key(turn, key, "v/%s", id);
    json_t *vacancy = jj_doc_load(turn, key);
    const json_t *opened = jj_register(vacancy, "opened");
    struct numbers n = numbers_load(turn, id);
    const char *barred = vacancy_barred(vacancy, &n, turn->host->now_ms(turn->host));
    int64_t seats = jj_number(opened, "headcount", 1) - n.started, need = 0;
    int drafts = n.proposed;
    if (!barred) {
        need = seats * proposals_per_seat - n.live;
        need = need < RANK_MAX - n.proposed ? need : RANK_MAX - n.proposed;
        if (need > 0) {
            match(turn, id, opened, &n, need < most ? (int)need : most);
        }
        need -= n.proposed - drafts;
    }
    drafts = n.proposed - drafts;
    if (barred && !jj_flag(opened, "foreign") &&
        (strcmp(barred, "filled") == 0 || strcmp(barred, "expired") == 0)) {
        drafts += announce(turn, id, vacancy, &n, barred);
    }
    vacancy_list(turn, id, vacancy, &n, !barred && need > 0, !barred);
    if (opened || n.started) {
        numbers_store(turn, id, &n);
    }
    json_decref(vacancy);
    return drafts;
}
