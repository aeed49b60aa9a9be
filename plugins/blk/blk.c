/*
 * blk: the training centre.
 *
 * Takes in graduates, certificates, closed batches, outcomes, consents. Reacts: when a batch has
 * been closed, its best certified graduates are selected for incubation (incubation.selected):
 * by score, then by the earlier certificate, then by person key. Each place is given once; places
 * that stay empty are filled as results arrive.
 *
 * A group is the graduates of one region, vocation, batch and year. State:
 *   p/<person>        groups that the person belongs to, and test results, in registers
 *   m/<group>/<person>  the members of a group that still has places; "selected" or ""
 *   b/<group>         the closed batch and how many of its places are taken
 *   due/, todo/       groups that wait for `settle`, groups to be looked at (react.h)
 */
#include <jejaring/react.h>

#define GROUP_MAX 160 /* bytes of a group's name */

enum {
    OPTION_PLACES,
    OPTION_SETTLE,
    OPTION_FUNDER
};

static const char *const publishes[] = {"alumni.graduated",  "alumni.certified",
                                        "batch.closed",      "incubation.selected",
                                        "outcome.reported",  "consent.granted",
                                        "consent.withdrawn", "application.submitted",
                                        "person.erased",     NULL};

static const char *const subscribes[] = {"alumni.graduated", "alumni.certified", "batch.closed",
                                         "person.erased", NULL};

static const jj_option options[] = {
    {"places", JJ_OPTION_INTEGER, "3", 0, 3, false,
     "incubation places for each vocation and batch; 0 selects nobody"},
    {"settle", JJ_OPTION_DURATION, "0s", 0, 365 * JJ_DAY_MS, false,
     "how long after a batch was closed results are waited for before the places are given"},
    {"funder", JJ_OPTION_STRING, NULL, 0, 0, false, "who pays for the incubation places"},
    {0},
};

/* ---- Groups ------------------------------------------------------------------------------- */

/* False if data does not name vocation, batch and year. label: the member with the batch's text,
 * which is folded ("Angkatan II" and "angkatan ii" are one). */
static bool group_name(const jj_event *event, const json_t *data, const char *label,
                       char out[GROUP_MAX])
{
    char vocation[JJ_NAME_MAX], batch[JJ_NAME_MAX];
    int64_t year = jj_number(data, "year", 0);
    jj_skill(jj_text(data, "vocation"), vocation);
    jj_skill(jj_text(data, label), batch);
    snprintf(out, GROUP_MAX, "%.16s|%s|%s|%d", event->region, vocation, batch, (int)year);
    return vocation[0] && batch[0] && year > 0;
}

static bool group_full(const jj_reactor *self, const json_t *group)
{
    return jj_number(group, "selected", 0) >= self->values[OPTION_PLACES].number;
}

/* A person's standing in a group. */
struct candidate {
    double score;
    int64_t day_ms;
    char person[JJ_NAME_MAX];
};

static int candidate_compare(const void *a, const void *b)
{
    const struct candidate *one = a, *two = b;
    if (one->score != two->score) {
        return one->score > two->score ? -1 : 1;
    }
    if (one->day_ms != two->day_ms) {
        return one->day_ms < two->day_ms ? -1 : 1;
    }
    return strcmp(one->person, two->person);
}

/* True if a result belongs to the batch: what it does not say it does not contradict. */
static bool result_fits(const json_t *result, const json_t *batch)
{
    static const char *const members[] = {"vocation", "batch", "year"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const json_t *said = json_object_get(result, members[i]);
        if (said && !json_equal(said, json_object_get(batch, members[i]))) {
            return false;
        }
    }
    return true;
}

/* The day of the test; a correction of its result may come much later. */
static int64_t result_day(const json_t *entry)
{
    int64_t day_ms = jj_stamp_time(json_string_value(json_array_get(entry, 0)));
    jj_day_parse(jj_text(json_array_get(entry, 1), "date"), &day_ms);
    return day_ms;
}

/* The best of a person's results for the batch. False: none. */
static bool person_standing(const json_t *person, const json_t *batch, struct candidate *best)
{
    bool found = false;
    const char *name;
    json_t *entry;
    json_object_foreach(json_object_get(person, "results"), name, entry)
    {
        const json_t *result = json_array_get(entry, 1);
        struct candidate standing = *best;
        if (!result_fits(result, batch) || strcmp(jj_text(result, "result"), "competent") != 0) {
            continue;
        }
        standing.score = json_number_value(json_object_get(result, "score"));
        standing.day_ms = result_day(entry);
        if (!found || candidate_compare(&standing, best) < 0) {
            *best = standing;
        }
        found = true;
    }
    return found;
}

/* The members of a group who can still be selected, best first. New, free it. */
static struct candidate *group_candidates(jj_turn *turn, const char *name, const json_t *batch,
                                          size_t *count)
{
    char prefix[JJ_KEY_MAX], key[JJ_KEY_MAX];
    const char *id;
    json_t *flag;
    jj_key(turn, prefix, "m/%s/", name);
    json_t *members = jj_collect(turn, prefix, SIZE_MAX);
    struct candidate *list = calloc(json_object_size(members) + 1, sizeof *list);
    if (!list) {
        jj_turn_fail(turn, "out of memory");
    }
    *count = 0;
    json_object_foreach(members, id, flag)
    {
        if (!list || *json_string_value(flag)) {
            continue;
        }
        jj_key(turn, key, "p/%s", id);
        json_t *person = jj_doc_load(turn, key);
        struct candidate *next = &list[*count];
        snprintf(next->person, sizeof next->person, "%s", id);
        *count += person_standing(person, batch, next);
        json_decref(person);
    }
    json_decref(members);
    if (*count > 1) {
        qsort(list, *count, sizeof *list, candidate_compare);
    }
    return list;
}

/* ---- Selection ---------------------------------------------------------------------------- */

/* With the person's last group go the results that belong to it. Others may be for a course whose
 * graduation is still to come. */
static void person_leave(jj_turn *turn, const char *id, const char *group, const json_t *batch)
{
    char key[JJ_KEY_MAX];
    const char *name;
    json_t *entry;
    void *next;
    jj_key(turn, key, "p/%s", id);
    json_t *person = jj_doc_load(turn, key), *results = json_object_get(person, "results");
    json_object_del(json_object_get(person, "groups"), group);
    if (json_object_size(json_object_get(person, "groups")) == 0) {
        json_object_del(person, "groups");
        json_object_foreach_safe(results, next, name, entry)
        {
            if (result_fits(json_array_get(entry, 1), batch)) {
                json_object_del(results, name);
            }
        }
        if (json_object_size(results) == 0) {
            json_object_del(person, "results");
        }
    }
    jj_doc_store(turn, key, person);
    json_decref(person);
}

/* All places are given: nothing about its members need be kept. */
static void group_forget(jj_turn *turn, const char *name, const json_t *batch)
{
    char prefix[JJ_KEY_MAX], key[JJ_KEY_MAX];
    const char *id;
    json_t *unused;
    jj_key(turn, prefix, "m/%s/", name);
    json_t *members = jj_collect(turn, prefix, SIZE_MAX);
    json_object_foreach(members, id, unused)
    {
        jj_key(turn, key, "%s%s", prefix, id);
        jj_delete(turn, key);
        person_leave(turn, id, name, batch);
    }
    json_decref(members);
}

static void select_one(const jj_reactor *self, jj_turn *turn, const char *group,
                       const json_t *batch, int64_t rank, const struct candidate *candidate)
{
    char key[JJ_KEY_MAX];
    jj_event cause = jj_origin_event(json_object_get(batch, "origin"));
    int64_t day_ms = candidate->day_ms;
    jj_key(turn, key, "m/%s/%s", group, candidate->person);
    jj_put(turn, key, "selected");
    jj_react(turn,
             (jj_draft){
                 .type = "incubation.selected",
                 .subject = candidate->person,
                 .region = cause.region,
                 .cause = &cause,
                 .key = candidate->person,
                 .time_ms = day_ms > cause.time_ms ? day_ms : cause.time_ms,
             },
             json_pack("{s:O, s:O, s:O, s:I, s:s*}", "vocation", json_object_get(batch, "vocation"),
                       "batch", json_object_get(batch, "name"), "year",
                       json_object_get(batch, "year"), "rank", (json_int_t)rank, "funder",
                       self->values[OPTION_FUNDER].string));
}

/* True while results are still waited for. */
static bool group_settling(const jj_reactor *self, jj_turn *turn, const char *name, json_t *group)
{
    int64_t now_ms = turn->host->now_ms(turn->host), due_ms = jj_number(group, "due", 0);
    if (due_ms == 0) {
        due_ms = now_ms + self->values[OPTION_SETTLE].number;
        jj_doc_set(turn, group, "due", json_integer(due_ms));
    }
    jj_due_set(turn, name, due_ms, now_ms < due_ms);
    return now_ms < due_ms;
}

/* Gives the places that are free to the best who are known. */
static int group_work(void *arg, jj_turn *turn, const char *name, int most)
{
    const jj_reactor *self = arg;
    char key[JJ_KEY_MAX];
    jj_key(turn, key, "b/%s", name);
    json_t *group = jj_doc_load(turn, key);
    const json_t *batch = jj_register(group, "closed");
    int64_t places = self->values[OPTION_PLACES].number, taken = jj_number(group, "selected", 0);
    size_t count = 0;
    int drafts = 0;
    if (batch && taken < places && !group_settling(self, turn, name, group)) {
        struct candidate *list = group_candidates(turn, name, batch, &count);
        for (; taken < places && (size_t)drafts < count && drafts < most; drafts++) {
            select_one(self, turn, name, batch, ++taken, &list[drafts]);
        }
        jj_doc_set(turn, group, "selected", json_integer(taken));
        if (taken >= places) {
            group_forget(turn, name, batch);
        }
        free(list);
    }
    jj_doc_store(turn, key, group);
    json_decref(group);
    return drafts;
}

/* ---- Events ------------------------------------------------------------------------------- */

static void on_closed(jj_turn *turn, const jj_event *event, const json_t *data)
{
    char name[GROUP_MAX], key[JJ_KEY_MAX], batch[JJ_NAME_MAX];
    if (!group_name(event, data, "name", name)) {
        return;
    }
    jj_key(turn, key, "b/%s", name);
    json_t *group = jj_doc_load(turn, key);
    jj_skill(jj_text(data, "name"), batch);
    jj_register_take(turn, group, "closed", event,
                     json_pack("{s:o, s:O, s:O, s:O, s:s}", "origin", jj_origin(event), "vocation",
                               json_object_get(data, "vocation"), "name",
                               json_object_get(data, "name"), "year", json_object_get(data, "year"),
                               "batch", batch));
    jj_doc_store(turn, key, group);
    jj_todo_add(turn, name);
    json_decref(group);
}

static void learn_graduation(const jj_reactor *self, jj_turn *turn, json_t *person,
                             const jj_event *event, const json_t *data)
{
    char name[GROUP_MAX], key[JJ_KEY_MAX];
    if (!group_name(event, data, "batch", name)) {
        return;
    }
    jj_key(turn, key, "b/%s", name);
    json_t *group = jj_doc_load(turn, key);
    jj_key(turn, key, "m/%s/%s", name, event->subject);
    if (!group_full(self, group) && !jj_has(turn, key)) {
        if (!json_object_get(person, "groups")) {
            jj_doc_set(turn, person, "groups", json_object());
        }
        jj_doc_set(turn, json_object_get(person, "groups"), name, json_true());
        jj_put(turn, key, "");
    }
    json_decref(group);
}

/* One test is told from another by its scheme and day: a correction of it has the same. */
static void learn_result(jj_turn *turn, json_t *person, const jj_event *event, const json_t *data)
{
    char name[512], batch[JJ_NAME_MAX];
    const char *scheme = jj_text(data, "scheme"), *date = jj_text(data, "date");
    if (!jj_text(data, "result")) {
        return;
    }
    jj_skill(jj_text(data, "batch"), batch);
    snprintf(name, sizeof name, "%s|%s", scheme ? scheme : "", date ? date : "");
    if (!json_object_get(person, "results")) {
        jj_doc_set(turn, person, "results", json_object());
    }
    jj_register_take(turn, json_object_get(person, "results"), name, event,
                     json_pack("{s:s, s:s*, s:O*, s:O*, s:O*, s:s*}", "result",
                               jj_text(data, "result"), "date", date, "score",
                               json_object_get(data, "score"), "vocation",
                               json_object_get(data, "vocation"), "year",
                               json_object_get(data, "year"), "batch", batch[0] ? batch : NULL));
}

static void on_person(const jj_reactor *self, jj_turn *turn, const jj_event *event,
                      const json_t *data)
{
    char key[JJ_KEY_MAX], member[JJ_KEY_MAX];
    bool erased = strcmp(event->type, "person.erased") == 0;
    const char *group;
    json_t *unused;
    jj_key(turn, key, "p/%s", event->subject);
    json_t *person = jj_doc_load(turn, key);
    if (strcmp(event->type, "alumni.graduated") == 0) {
        learn_graduation(self, turn, person, event, data);
    } else if (!erased) {
        learn_result(turn, person, event, data);
    }
    json_object_foreach(json_object_get(person, "groups"), group, unused)
    {
        jj_key(turn, member, "m/%s/%s", group, event->subject);
        if (erased) {
            jj_delete(turn, member);
        }
        jj_todo_add(turn, group);
    }
    if (erased) {
        json_object_clear(person);
    }
    jj_doc_store(turn, key, person);
    json_decref(person);
}

/* ---- The plugin --------------------------------------------------------------------------- */

static void take(void *self, jj_turn *turn, const jj_event *event, const json_t *data)
{
    if (strcmp(event->type, "batch.closed") == 0) {
        on_closed(turn, event, data);
    } else {
        on_person(self, turn, event, data);
    }
}

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    const jj_reactor reactor = {
        .host = host,
        .values = values,
        .take = take,
        .work = group_work,
        .look_ms = jj_look_ms(values[OPTION_SETTLE].number),
    };
    return jj_reactor_new(sizeof reactor, &reactor, self, err);
}

JJ_API extern const jj_plugin jejaring_plugin;
const jj_plugin jejaring_plugin = {
    .abi_major = JJ_ABI_MAJOR,
    .abi_minor = JJ_ABI_MINOR,
    .size_bytes = sizeof(jj_plugin),
    .name = "blk",
    .version = "1.0",
    .summary = "graduates, certificates, outcomes; selects the best for incubation",
    .publishes = publishes,
    .subscribes = subscribes,
    .options = options,
    .create = create,
    .start = jj_reactor_start,
    .on_events = jj_reactor_events,
    .on_timer = jj_reactor_timer,
    .destroy = free,
};
