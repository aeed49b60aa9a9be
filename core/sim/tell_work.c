/* Events of employers. */
#include "sim/internal.h"

#include <stdio.h>

/* Vacancies belong to employers near the course. */
static unsigned vacancy_employer(const jj_course *course, unsigned which)
{
    return (unsigned)(jj_mix((uint64_t)course->number * 2 + which) % 5000);
}

void jj_tell_vacancy_opened(jj_teller *t)
{
    char employer[JJ_EMPLOYER_SIZE];

    jj_employer_name(vacancy_employer(t->course, t->act->nth), employer);
    jj_tell_text(t, "vacancy", t->entity); /* the subject */
    jj_tell_text(t, "employer", employer);
    jj_tell_text(t, "title", t->course->trade->occupation);
    jj_tell_number(t, "headcount", 8 + jj_roll(&t->dice, 5));
    jj_tell_date(t, "valid_until", t->act->time_ms + 240 * JJ_DAY_MS);
    jj_tell_text(t, "requirements",
                 "Lulusan BLK atau SMK, bersedia kerja shift, membawa sertifikat");
    jj_tell_raw(t, ",\"wage\":{\"min\":2000000,\"max\":3500000}");
    jj_tell_text(t, "location", t->course->place->name);
    jj_tell_text(t, "kind", "employment");
    jj_tell_raw(t, ",\"vocations\":[\"");
    jj_tell_raw(t, t->course->trade->slug);
    jj_tell_raw(t, "\"],\"disability_friendly\":");
    jj_tell_raw(t, jj_chance(&t->dice, 20) ? "true" : "false");
}

void jj_tell_vacancy_closed(jj_teller *t)
{
    static const char *const reasons[] = {"filled", "filled", "withdrawn"};

    jj_tell_text(t, "vacancy", t->entity); /* the subject */
    JJ_TELL_ONE_OF(t, "reason", reasons);
}

void jj_tell_applied(jj_teller *t)
{
    jj_tell_text(t, "vacancy", jj_tell_vacancy(t, t->life->seat));
}

void jj_tell_proposed(jj_teller *t)
{
    jj_tell_text(t, "vacancy", jj_tell_vacancy(t, t->life->seat));
    jj_tell_number(t, "rank", 1 + jj_roll(&t->dice, 8));
    jj_tell_raw(t, t->life->competent ? ",\"reasons\":[\"vocation\",\"region\",\"competent\"]"
                                      : ",\"reasons\":[\"vocation\",\"region\"]");
}

void jj_tell_started(jj_teller *t)
{
    char employer[JJ_EMPLOYER_SIZE], code[32];

    jj_employer_name(vacancy_employer(t->course, t->life->seat % 2), employer);
    snprintf(code, sizeof code, "P-%llu", (unsigned long long)t->life->number);
    jj_tell_text(t, "vacancy", jj_tell_vacancy(t, t->life->seat));
    jj_tell_text(t, "placement", code);
    jj_tell_text(t, "employer", employer);
    jj_tell_text(t, "kind", t->life->internship ? "internship" : "employment");
    jj_tell_text(t, "vocation", t->course->trade->slug);
    jj_tell_text(t, "occupation", t->course->trade->occupation);
    if (t->life->internship) {
        snprintf(code, sizeof code, "PKS-%u-%llu", t->course->year,
                 (unsigned long long)t->life->number);
        jj_tell_text(t, "agreement_ref", code);
    } else {
        jj_tell_text(t, "employment_status", "employee");
    }
}

void jj_tell_ended(jj_teller *t)
{
    static const char *const reasons[] = {"finished", "resigned", "resigned", "dismissed"};
    char employer[JJ_EMPLOYER_SIZE];

    jj_employer_name(vacancy_employer(t->course, t->life->seat % 2), employer);
    jj_tell_text(t, "vacancy", jj_tell_vacancy(t, t->life->seat));
    jj_tell_text(t, "employer", employer);
    JJ_TELL_ONE_OF(t, "reason", reasons);
}

/* ---- Quota (UU 8/2016, article 53: 1 % of a private employer's workers) -------------------------
 */

/* How many work there, the same whenever it is asked. */
static unsigned headcount(const jj_course *course)
{
    return 100 + (unsigned)(jj_mix(course->number) % 900);
}

static void put_employer(jj_teller *t)
{
    char employer[JJ_EMPLOYER_SIZE];

    jj_employer_name(t->course->employer, employer);
    jj_tell_text(t, "employer", t->entity); /* the subject */
    jj_tell_text(t, "employer_name", employer);
    jj_tell_text(t, "ownership", "private");
}

void jj_tell_quota(jj_teller *t)
{
    unsigned persons = headcount(t->course);

    put_employer(t);
    jj_tell_number(t, "headcount", persons);
    jj_tell_number(t, "disabled_headcount", t->course->shortfall ? 0 : (persons + 99) / 100);
}

void jj_tell_shortfall(jj_teller *t)
{
    unsigned required = (headcount(t->course) + 99) / 100;

    put_employer(t);
    jj_tell_number(t, "required", required);
    jj_tell_number(t, "employed", 0);
    jj_tell_number(t, "shortfall", required);
}
