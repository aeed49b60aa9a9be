/* Events of the cooperative agency, of offices that order, and of banks. */
#include "sim/internal.h"

#include <stdio.h>

#define MILLION UINT64_C(1000000)

void jj_tell_registered(jj_teller *t)
{
    const jj_life *life = t->life;
    char text[80];

    jj_tell_text(t, "business", jj_tell_business(t));
    snprintf(text, sizeof text, "Usaha %s %llu", t->course->trade->product,
             (unsigned long long)life->number);
    jj_tell_text(t, "name", text);
    snprintf(text, sizeof text, "9120%09llu", (unsigned long long)(life->number % 1000000000));
    jj_tell_text(t, "nib", text);
    jj_tell_text(t, "kbli", t->course->trade->kbli);
    jj_tell_number(t, "kbli_version", 2020);
    jj_tell_text(t, "product", t->course->trade->product);
    jj_tell_text(t, "vocation", t->course->trade->slug);
    jj_tell_raw(t, life->loan_ms ? ",\"needs_capital\":true" : ",\"needs_capital\":false");
    if (life->loan_ms) {
        jj_tell_number(t, "amount_needed", life->amount_millions * MILLION);
    }
    jj_tell_raw(t, jj_chance(&t->dice, 50) ? ",\"needs_marketing\":true"
                                           : ",\"needs_marketing\":false");
}

void jj_tell_business_closed(jj_teller *t)
{
    static const char *const reasons[] = {"Kurang modal", "Mendapat pekerjaan", "Pindah daerah"};

    jj_tell_text(t, "business", jj_tell_business(t));
    JJ_TELL_ONE_OF(t, "reason", reasons);
}

/* Joined, or left. */
void jj_tell_membership(jj_teller *t)
{
    jj_tell_text(t, "cooperative", jj_tell_thing(t, "cooperative", 1));
    jj_tell_text(t, "name", "Koperasi Alumni BLK");
}

void jj_tell_mentored(jj_teller *t)
{
    static const char *const topics[] = {"technical", "management", "capital", "marketing"};

    JJ_TELL_ONE_OF(t, "topic", topics);
    jj_tell_raw(t, jj_chance(&t->dice, 50) ? ",\"hours\":2.5" : ",\"hours\":4");
}

/* ---- Orders ------------------------------------------------------------------------------------
 */

static uint64_t order_value(const jj_life *life)
{
    return (1 + jj_mix(life->number) % 20) * MILLION;
}

void jj_tell_order_placed(jj_teller *t)
{
    static const char *const offices[] = {"Dinas Pendidikan", "Dinas Kesehatan",
                                          "Sekretariat Daerah", "Dinas Pekerjaan Umum"};

    jj_tell_text(t, "order", t->entity); /* the subject */
    JJ_TELL_ONE_OF(t, "opd", offices);
    jj_tell_text(t, "service", t->course->trade->slug);
    jj_tell_text(t, "description", t->course->trade->product);
    jj_tell_number(t, "value", order_value(t->life));
    jj_tell_date(t, "needed_by", t->act->time_ms + 30 * JJ_DAY_MS);
}

void jj_tell_order_offered(jj_teller *t)
{
    jj_tell_text(t, "order", jj_tell_order(t));
    jj_tell_raw(t, ",\"rank\":1,\"reasons\":[\"vocation\",\"region\",\"rotation\"]");
}

void jj_tell_order_completed(jj_teller *t)
{
    jj_tell_text(t, "order", jj_tell_order(t));
    jj_tell_number(t, "value", order_value(t->life));
}

/* ---- Loans -------------------------------------------------------------------------------------
 */

/* The schemes by amount: Permenko 1/2023, articles 15, 20 and 26. */
static const char *scheme_for(unsigned millions)
{
    return millions <= 10 ? "kur_super_mikro" : millions <= 100 ? "kur_mikro" : "kur_kecil";
}

static void put_decision(jj_teller *t)
{
    bool approved = t->life->loan_steps > 3;

    jj_tell_text(t, "decision", approved ? "approved" : "refused");
    if (!approved) {
        jj_tell_text(t, "reason", "Usaha belum berjalan enam bulan");
    }
}

/* Any step of a loan. */
void jj_tell_loan(jj_teller *t)
{
    const jj_life *life = t->life;
    bool repaid = t->act->step == JJ_LOAN_REPAID;

    jj_tell_text(t, "business", jj_tell_business(t));
    if (t->act->step != JJ_LOAN_REFERRED) {
        jj_tell_text(t, "loan", jj_tell_thing(t, "loan", life->number));
    }
    jj_tell_text(t, "scheme", scheme_for(life->amount_millions));
    jj_tell_number(t, "amount", life->amount_millions * MILLION / (repaid ? 12 : 1));
    if (t->act->step == JJ_LOAN_REFERRED) {
        jj_tell_raw(t, ",\"reasons\":[\"needs_capital\",\"amount\"]");
    } else if (t->act->step == JJ_LOAN_DECIDED) {
        put_decision(t);
    } else if (repaid) {
        jj_tell_number(t, "collectability", jj_chance(&t->dice, 90) ? 1 : 2);
    }
}
