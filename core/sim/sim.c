/* The agenda: what is still to come, soonest first. Courses begin when their day comes. */
#include "sim/internal.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* Events of a course and its lives, measured: 95 in the end, of which 87 have happened, in the
 * mean, when the last of eight years of courses ends. Decides the pace, not the number. */
#define EVENTS_A_COURSE 87.0

struct jj_sim {
    jj_places places;
    jj_pace pace;
    const unsigned char *person_key; /* NULL, or own_key */
    unsigned char own_key[JJ_KEY_SIZE];
    uint64_t left;         /* events; UINT64_MAX: no limit */
    uint32_t next, beyond; /* course to begin, and the one that is none any more */
    jj_course coming;      /* the course `next` */
    jj_act *agenda;        /* a binary heap */
    size_t count, capacity;
    jj_buf text;
    /* What was told last: its neighbours are often of the same course. */
    jj_course course;
    bool has_course;
};

/* ---- The heap -----------------------------------------------------------------------------------
 */

static bool is_before(const jj_act *a, const jj_act *b)
{
    if (a->time_ms != b->time_ms) {
        return a->time_ms < b->time_ms;
    }
    if (a->course != b->course) {
        return a->course < b->course;
    }
    return (a->seat << 16 | a->step << 8 | a->nth) < (b->seat << 16 | b->step << 8 | b->nth);
}

static bool push(void *arg, const jj_act *act)
{
    jj_sim *sim = arg;

    if (sim->count == sim->capacity) {
        size_t capacity = sim->capacity ? 2 * sim->capacity : 4096;
        jj_act *agenda = realloc(sim->agenda, capacity * sizeof *agenda);
        if (!agenda) {
            return false;
        }
        sim->agenda = agenda;
        sim->capacity = capacity;
    }
    size_t at = sim->count++;
    for (; at > 0 && is_before(act, &sim->agenda[(at - 1) / 2]); at = (at - 1) / 2) {
        sim->agenda[at] = sim->agenda[(at - 1) / 2];
    }
    sim->agenda[at] = *act;
    return true;
}

static jj_act pop(jj_sim *sim)
{
    jj_act first = sim->agenda[0], last = sim->agenda[--sim->count];
    size_t at = 0;

    for (size_t child; (child = 2 * at + 1) < sim->count; at = child) {
        if (child + 1 < sim->count && is_before(&sim->agenda[child + 1], &sim->agenda[child])) {
            child++;
        }
        if (!is_before(&sim->agenda[child], &last)) {
            break;
        }
        sim->agenda[at] = sim->agenda[child];
    }
    sim->agenda[at] = last;
    return first;
}

/* ---- The run of time ----------------------------------------------------------------------------
 */

static void look_ahead(jj_sim *sim)
{
    if (sim->next < sim->beyond) {
        jj_course_make(&sim->coming, sim->next, &sim->pace, &sim->places);
    }
}

static int set_pace(jj_sim *sim, const jj_sim_options *o, jj_error *err)
{
    int64_t first = jj_days_from_date(o->first_year, 1, 15);
    int64_t last = jj_days_from_date(o->last_year, 12, 15);
    double courses = o->people ? ((double)o->people + JJ_SEATS - 1) / JJ_SEATS
                               : (double)o->events / EVENTS_A_COURSE;

    if (o->first_year < 1990 || o->last_year > 2090 || o->first_year > o->last_year) {
        return jj_fail(err, JJ_ECONFIG, "the years must rise, from 1990 to 2090");
    }
    if ((o->people == 0 && o->events == 0) || courses > UINT32_MAX / 2.0) {
        return jj_fail(err, JJ_ECONFIG, "say how many people or events there are to be");
    }
    sim->left = o->events ? o->events : UINT64_MAX;
    sim->beyond = o->people ? (uint32_t)((o->people + JJ_SEATS - 1) / JJ_SEATS) : UINT32_MAX;
    sim->pace =
        (jj_pace){.seed = o->seed,
                  .first_ms = first * JJ_DAY_MS,
                  .step_ms = (double)((last - first) * JJ_DAY_MS) / (courses > 1 ? courses : 1),
                  .people = o->people};
    return 0;
}

int jj_sim_new(jj_sim **out, const jj_sim_options *options, jj_error *err)
{
    jj_sim *sim = calloc(1, sizeof *sim);

    if (!sim) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    int rc = set_pace(sim, options, err);
    rc = rc ? rc : jj_places_open(&sim->places, options->reference, options->regions, err);
    if (rc) {
        jj_sim_free(sim);
        return rc;
    }
    if (options->person_key) {
        for (size_t i = 0; i < JJ_KEY_SIZE; i++) {
            sim->own_key[i] = options->person_key[i];
        }
        sim->person_key = sim->own_key;
    }
    look_ahead(sim);
    *out = sim;
    return 0;
}

void jj_sim_free(jj_sim *sim)
{
    if (sim) {
        jj_places_close(&sim->places);
        free(sim->agenda);
        jj_buf_clear(&sim->text);
        explicit_bzero(sim->own_key, sizeof sim->own_key);
        free(sim);
    }
}

static void tell(jj_sim *sim, const jj_act *act)
{
    jj_life life;
    jj_teller teller = {.out = &sim->text, .person_key = sim->person_key, .act = act};

    if (!sim->has_course || sim->course.number != act->course) {
        jj_course_make(&sim->course, act->course, &sim->pace, &sim->places);
        sim->has_course = true;
    }
    teller.course = &sim->course;
    if (act->seat < JJ_SEATS) {
        jj_life_make(&life, &sim->course, act->seat, &sim->pace);
        teller.life = &life;
    }
    teller.dice.state = jj_mix(sim->pace.seed + 1) ^ (uint64_t)act->course << 24 ^
                        (uint64_t)act->seat << 16 ^ (uint64_t)act->step << 8 ^ act->nth;
    jj_buf_reset(&sim->text);
    jj_tell(&teller, sim->pace.seed);
}

int jj_sim_next(jj_sim *sim, const char **text, size_t *size_bytes, jj_error *err)
{
    if (sim->left == 0) {
        return 0;
    }
    while (sim->next < sim->beyond &&
           (sim->count == 0 || sim->agenda[0].time_ms >= sim->coming.graduated_ms)) {
        if (!jj_course_plan(&sim->coming, &sim->pace, push, sim)) {
            return jj_fail(err, JJ_EMEMORY, "out of memory");
        }
        sim->next++;
        look_ahead(sim);
    }
    if (sim->count == 0) {
        return 0;
    }
    const jj_act act = pop(sim);
    tell(sim, &act);
    if (sim->text.failed) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    sim->left--;
    *text = sim->text.data;
    *size_bytes = sim->text.size;
    return 1;
}
