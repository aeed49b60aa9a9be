#include "person.h"
#include "vacancy.h"

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
static jj_stand person_stand(const json_t *person)
{
    jj_stand stand = {0};
    const char *name;
    json_t *unused;
    if (!jj_consent(person) || jj_post_now(person, NULL)) {
        return stand;
    }
    int64_t free_ms = jj_post_left_ms(person);
    json_object_foreach((json_t *)(uintptr_t)person, name, unused)
    {
        char order[JJ_NAME_MAX];
        const json_t *training = jj_register(person, name);
        const char *region = json_string_value(training); /* of before it had a day */
        int64_t since_ms =
            jj_number(training, "since", jj_stamp_time(jj_register_stamp(person, name)));
        if (strncmp(name, "t/", 2) == 0) {
            snprintf(order, sizeof order, "%c%014lld", person_rank(person, name + 2),
                     (long long)(since_ms > free_ms ? since_ms : free_ms));
            jj_stand_add(&stand, region ? region : jj_text(training, "region"), name + 2, order);
        }
    }
    return stand;
}

static jj_stand able_stand(const json_t *person, const jj_stand *stand)
{
    return json_is_true(jj_register(person, "able")) ? *stand : (jj_stand){0};
}

/* A person has begun (+1) or ceased (-1) to wait: counts for all who had proposed to them. */
static void person_turned(jj_turn *turn, const char *proposals, int change)
{
    json_t *vacancies = jj_collect(turn, proposals, SIZE_MAX), *flags;
    const char *vacancy;
    json_object_foreach(vacancies, vacancy, flags)
    {
        if (*json_string_value(flags) == 'p') {
            vacancy_live(turn, vacancy, change);
        }
    }
    json_decref(vacancies);
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

void person_event(jj_turn *turn, const jj_event *event, const json_t *data)
{
    char key[JJ_KEY_MAX], proposals[JJ_KEY_MAX];
    const char *id = jj_name(event->subject), *vacancy = jj_name(jj_text(data, "vacancy"));
    bool erased = strcmp(event->type, "person.erased") == 0;
    jj_key(turn, key, "g/%s", id);
    jj_key(turn, proposals, "q/%s/", id);
    json_t *person = jj_doc_load(turn, key);
    jj_stand before = person_stand(person), able_before = able_stand(person, &before);
    if (strcmp(event->type, "placement.started") == 0 && vacancy) {
        vacancy_seat_taken(turn, id, vacancy, event->time_ms);
    }
    if (erased) {
        json_object_clear(person);
    } else {
        person_learn(turn, person, event, data);
    }
    jj_stand now = person_stand(person), able_now = able_stand(person, &now);
    bool moved = jj_stand_move(turn, "wait", id, &before, &now);
    if (jj_stand_move(turn, "able", id, &able_before, &able_now) || moved) {
        jj_want_call(turn, "seek", &now);
    }
    if ((now.count > 0) != (before.count > 0)) {
        person_turned(turn, proposals, now.count > 0 ? 1 : -1);
    }
    if (erased) {
        jj_forget(turn, proposals);
    }
    jj_doc_store(turn, key, person);
    json_decref(person);
}
