#include "person.h"
#include "vacancy.h"

#define LANES_MAX 16 /* vocations of one person that are looked at */

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
    if (strcmp(jj_register_stamp(person, "c/"), jj_register_stamp(person, name)) > 0) {
        strcpy(name, "c/");
    }
    const char *result = json_string_value(jj_register(person, name));
    return !result ? '1' : strcmp(result, "competent") == 0 ? '0' : '2';
}

/* Where a person waits: nowhere without consent or at work. */
static size_t person_lanes(const json_t *person, struct lane lanes[LANES_MAX])
{
    size_t count = 0;
    const char *name;
    json_t *unused;
    if (!jj_consent(person) || jj_post_now(person, NULL)) {
        return 0;
    }
    int64_t free_ms = jj_post_left_ms(person);
    json_object_foreach((json_t *)(uintptr_t)person, name, unused)
    {
        if (strncmp(name, "t/", 2) != 0 || count == LANES_MAX) {
            continue;
        }
        struct lane *lane = &lanes[count++];
        memset(lane, 0, sizeof *lane); /* they are compared whole */
        lane->able = json_is_true(jj_register(person, "able"));
        const json_t *training = jj_register(person, name);
        const char *region = json_string_value(training); /* of before it had a day */
        int64_t since_ms =
            jj_number(training, "since", jj_stamp_time(jj_register_stamp(person, name)));
        snprintf(lane->skill, sizeof lane->skill, "%s", name + 2);
        snprintf(lane->region, sizeof lane->region, "%s",
                 region ? region : jj_text(training, "region"));
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
        if (*json_string_value(flags) != 'p') {
            continue;
        }
        vacancy_live(turn, vacancy, change);
    }
    json_decref(vacancies);
}

/* Moves a person from the lanes of before to those of now. */
static void person_move(jj_turn *turn, const char *id, const json_t *person,
                        const struct lane *before, size_t before_count)
{
    struct lane now[LANES_MAX];
    size_t count = person_lanes(person, now);
    if (count == before_count && memcmp(now, before, count * sizeof *now) == 0) {
        return;
    }
    for (size_t i = 0; i < before_count; i++) {
        const struct lane *lane = &before[i];
        jj_line_leave(turn, "wait", lane->region, lane->skill, lane->order, id);
        jj_line_leave(turn, "able", lane->region, lane->skill, lane->order, id);
    }
    for (size_t i = 0; i < count; i++) {
        const struct lane *lane = &now[i];
        jj_line_enter(turn, "wait", lane->region, lane->skill, lane->order, id);
        if (lane->able) {
            jj_line_enter(turn, "able", lane->region, lane->skill, lane->order, id);
        }
        jj_want_call(turn, "seek", lane->region, lane->skill);
    }
    if ((count > 0) != (before_count > 0)) {
        person_turned(turn, id, count > 0 ? 1 : -1);
    }
}

/* Takes what an event says into the person's registers. */
static void person_learn(jj_turn *turn, json_t *person, const jj_event *event, const json_t *data)
{
    char name[JJ_NAME_MAX + 2], skill[JJ_NAME_MAX];
    jj_skill(jj_text(data, "vocation"), skill);
    jj_consent_take(turn, person, event, data, "industry", "batch");
    if (strcmp(event->type, "alumni.graduated") == 0 && skill[0]) {
        snprintf(name, sizeof name, "t/%s", skill);
        jj_register_take(turn, person, name, event,
                         json_pack("{s:s, s:I}", "region", event->region, "since",
                                   (json_int_t)jj_day_of(event, data)));
        if (json_object_size(json_object_get(data, "disability"))) {
            jj_register_answer(turn, person, "able", event, true);
        }
    } else if (strcmp(event->type, "consent.withdrawn") == 0 &&
               jj_lists(json_object_get(data, "audiences"), "disability")) {
        /* It was shown on the ground of that consent: without it it is not used any more. */
        jj_register_answer(turn, person, "able", event, false);
    } else if (strcmp(event->type, "alumni.certified") == 0 && jj_text(data, "result")) {
        snprintf(name, sizeof name, "c/%s", skill);
        jj_register_take(turn, person, name, event, json_string(jj_text(data, "result")));
    } else if (strncmp(event->type, "placement.", 10) == 0) {
        jj_post_take(turn, person, event, data, json_true());
    }
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

void person_event(jj_turn *turn, const jj_event *event, const json_t *data)
{
    char key[JJ_KEY_MAX];
    struct lane before[LANES_MAX];
    const char *id = jj_name(event->subject), *vacancy = jj_name(jj_text(data, "vacancy"));
    jj_key(turn, key, "g/%s", id);
    json_t *person = jj_doc_load(turn, key);
    size_t before_count = person_lanes(person, before);
    if (strcmp(event->type, "placement.started") == 0 && vacancy) {
        vacancy_seat_taken(turn, id, vacancy, event->time_ms);
    }
    if (strcmp(event->type, "person.erased") == 0) {
        json_object_clear(person);
    } else {
        person_learn(turn, person, event, data);
    }
    person_move(turn, id, person, before, before_count);
    if (strcmp(event->type, "person.erased") == 0) {
        person_forget(turn, id);
    }
    jj_doc_store(turn, key, person);
    json_decref(person);
}
