/* Events of training centres and of the disability unit. */
#include "sim/internal.h"

#include <stdio.h>

static const char *const needs[] = {"[\"ramp\"]", "[\"kursi roda\"]", "[\"juru bahasa isyarat\"]"};

static void put_course(jj_teller *t)
{
    char batch[8];

    snprintf(batch, sizeof batch, "%u", t->course->batch);
    jj_tell_text(t, "vocation", t->course->trade->slug);
    jj_tell_text(t, "batch", batch);
    jj_tell_number(t, "year", t->course->year);
}

static void put_contact(jj_teller *t)
{
    static const char *const first[] = {"Siti", "Budi", "Dewi", "Agus", "Rina", "Joko", "Wati"};
    static const char *const last[] = {"Rahayu", "Santoso", "Lestari", "Wibowo", "Hidayat"};
    char text[64];

    snprintf(text, sizeof text, "%s %s %llu", first[jj_roll(&t->dice, 7)],
             last[jj_roll(&t->dice, 5)], (unsigned long long)t->life->number);
    jj_tell_text(t, "name", text);
    snprintf(text, sizeof text, "08%010u", jj_roll(&t->dice, 1000000000));
    jj_tell_text(t, "phone", text);
}

/* Whom a person agrees to: those that the person's plans concern. */
static void put_audiences(jj_teller *t, const char *name)
{
    const jj_life *life = t->life;
    bool sells = life->business_ms || life->intent[0] == 's'; /* self_employment */

    jj_tell_raw(t, ",\"");
    jj_tell_raw(t, name);
    jj_tell_raw(t, "\":[\"industry\",\"cooperative\"");
    jj_tell_raw(t, sells ? ",\"capital\"" : "");
    jj_tell_raw(t, life->disabled ? ",\"disability\"]" : "]");
}

void jj_tell_graduated(jj_teller *t)
{
    static const char *const schools[] = {"smp", "sma", "smk", "smk", "d3"};

    jj_dice dice = t->dice;

    if (!t->person_key || t->act->seat % 2 == 0) {
        put_contact(t);
        t->dice = dice; /* the rest is the same for whoever is named by key */
    }
    jj_tell_text(t, "program", t->course->trade->name);
    put_course(t);
    jj_tell_text(t, "funding", t->course->apbn ? "apbn" : "apbd");
    jj_tell_text(t, "intent", t->life->intent);
    jj_tell_text(t, "sex", t->life->female ? "female" : "male");
    jj_tell_number(t, "birth_year", t->life->birth_year);
    JJ_TELL_ONE_OF(t, "education", schools);
    if (jj_chance(&t->dice, 30)) {
        jj_tell_raw(t, ",\"extras\":[\"digital_marketing\"]");
    }
    if (t->life->disabled) {
        jj_tell_raw(t, ",\"disability\":{\"category\":\"physical\",\"needs\":");
        jj_tell_raw(t, needs[t->life->number % 3]);
        jj_tell_raw(t, "}");
    }
    if (t->life->consents) {
        put_audiences(t, "consent");
    } else {
        jj_tell_raw(t, ",\"consent\":[]");
    }
}

void jj_tell_certified(jj_teller *t)
{
    char code[40];

    put_course(t);
    jj_tell_text(t, "scheme", t->course->trade->scheme);
    jj_tell_text(t, "skkni", "SKKNI 2018-117");
    jj_tell_text(t, "lsp", "LSP BLK");
    jj_tell_text(t, "result", t->life->competent ? "competent" : "not_yet");
    jj_tell_number(t, "score", (t->life->competent ? 70 : 40) + jj_roll(&t->dice, 30));
    if (t->life->competent) {
        snprintf(code, sizeof code, "CERT-%u-%07llu", t->course->year,
                 (unsigned long long)t->life->number);
        jj_tell_date(t, "valid_until", t->act->time_ms + 3 * 365 * JJ_DAY_MS);
        jj_tell_text(t, "certificate", code);
    }
}

void jj_tell_batch_closed(jj_teller *t)
{
    char name[8];

    snprintf(name, sizeof name, "%u", t->course->batch);
    jj_tell_text(t, "batch", t->entity); /* the subject */
    jj_tell_text(t, "name", name);
    jj_tell_text(t, "program", t->course->trade->name);
    jj_tell_text(t, "vocation", t->course->trade->slug);
    jj_tell_number(t, "year", t->course->year);
    jj_tell_number(t, "participants", t->course->seats);
    jj_tell_number(t, "graduates", t->course->seats);
}

void jj_tell_incubated(jj_teller *t)
{
    put_course(t);
    jj_tell_number(t, "rank", t->life->seat + 1);
    jj_tell_text(t, "funder", "APBD");
}

void jj_tell_consented(jj_teller *t)
{
    if (t->act->step == JJ_WITHDRAWN) {
        jj_tell_raw(t, ",\"audiences\":[\"industry\"]");
    } else {
        put_audiences(t, "audiences");
    }
    jj_tell_text(t, "purpose", "Penempatan kerja dan pendampingan usaha");
}

/* What a survey finds on that day: the post or business of which others have told, or what nobody
 * but the graduate knows. */
static const char *found_status(const jj_life *life, int64_t time_ms)
{
    if (life->started_ms && life->started_ms <= time_ms && !life->internship &&
        (!life->ended_ms || life->ended_ms > time_ms)) {
        return "employed";
    }
    if (life->business_ms && life->business_ms <= time_ms &&
        (!life->closed_ms || life->closed_ms > time_ms)) {
        return "self_employed";
    }
    return life->path < 38   ? "employed"
           : life->path < 52 ? "self_employed"
           : life->path < 82 ? "unemployed"
           : life->path < 92 ? "studying"
                             : "not_seeking";
}

void jj_tell_outcome(jj_teller *t)
{
    static const char *const waves[] = {"6m", "12m", "24m"};
    static const char *const bands[] = {"below_1m", "1m_2m", "2m_3m", "3m_5m"};
    static const char *const methods[] = {"whatsapp", "phone", "visit", "online"};
    static const char *const matches[] = {"yes", "partly", "no"};
    static const char *const kinds[] = {"employee", "employee", "employee",
                                        "casual_non_agriculture"};
    const char *status = found_status(t->life, t->act->time_ms);
    char employer[JJ_EMPLOYER_SIZE];

    jj_tell_text(t, "status", status);
    if (status[0] == 'e') {
        jj_employer_name(t->life->employer, employer);
        JJ_TELL_ONE_OF(t, "employment_status", kinds);
        jj_tell_text(t, "employer", employer);
    } else if (status[1] == 'e') { /* self_employed */
        jj_tell_text(t, "employment_status",
                     jj_chance(&t->dice, 80) ? "own_account" : "own_account_assisted");
    }
    if (status[0] == 'e' || status[1] == 'e') {
        jj_tell_text(t, "occupation", t->course->trade->occupation);
        JJ_TELL_ONE_OF(t, "match_to_training", matches);
        JJ_TELL_ONE_OF(t, "income_band", bands);
    }
    JJ_TELL_ONE_OF(t, "method", methods);
    jj_tell_text(t, "wave", waves[t->act->nth]);
}

/* ---- Disability --------------------------------------------------------------------------------
 */

void jj_tell_assessed(jj_teller *t)
{
    jj_tell_text(t, "category", "mobility");
    jj_tell_raw(t, ",\"needs\":");
    jj_tell_raw(t, needs[t->life->number % 3]);
}

void jj_tell_accommodated(jj_teller *t)
{
    jj_tell_assessed(t);
}

void jj_tell_referred(jj_teller *t)
{
    jj_tell_text(t, "to", "Unit Layanan Disabilitas");
    jj_tell_text(t, "purpose", "Asesmen kebutuhan kerja");
}
