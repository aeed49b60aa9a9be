/* An event's text: the envelope, and who fills its data. */
#include "sim/internal.h"

#include "base/clock.h"
#include "event/key.h"

#include <stdio.h>
#include <string.h>

enum subject {
    PERSON,
    BATCH,
    VACANCY,
    EMPLOYER,
    ORDER
};

/* In the order of jj_step. */
static const struct kind {
    const char *type, *agency;
    enum subject subject;
    jj_tell_data *data;
} kinds[JJ_STEPS] = {
    [JJ_GRADUATED] = {"alumni.graduated", "blk", PERSON, jj_tell_graduated},
    [JJ_CERTIFIED] = {"alumni.certified", "blk", PERSON, jj_tell_certified},
    [JJ_BATCH_CLOSED] = {"batch.closed", "blk", BATCH, jj_tell_batch_closed},
    [JJ_INCUBATED] = {"incubation.selected", "blk", PERSON, jj_tell_incubated},
    [JJ_OUTCOME] = {"outcome.reported", "blk", PERSON, jj_tell_outcome},
    [JJ_VACANCY_OPENED] = {"vacancy.opened", "industry", VACANCY, jj_tell_vacancy_opened},
    [JJ_VACANCY_CLOSED] = {"vacancy.closed", "industry", VACANCY, jj_tell_vacancy_closed},
    [JJ_APPLIED] = {"application.submitted", "industry", PERSON, jj_tell_applied},
    [JJ_PROPOSED] = {"placement.proposed", "industry", PERSON, jj_tell_proposed},
    [JJ_STARTED] = {"placement.started", "industry", PERSON, jj_tell_started},
    [JJ_ENDED] = {"placement.ended", "industry", PERSON, jj_tell_ended},
    [JJ_QUOTA] = {"quota.reported", "industry", EMPLOYER, jj_tell_quota},
    [JJ_SHORTFALL] = {"quota.shortfall", "uld", EMPLOYER, jj_tell_shortfall},
    [JJ_BUSINESS] = {"business.registered", "koperasi", PERSON, jj_tell_registered},
    [JJ_BUSINESS_CLOSED] = {"business.closed", "koperasi", PERSON, jj_tell_business_closed},
    [JJ_JOINED] = {"cooperative.joined", "koperasi", PERSON, jj_tell_membership},
    [JJ_LEFT] = {"cooperative.left", "koperasi", PERSON, jj_tell_membership},
    [JJ_MENTORED] = {"mentoring.provided", "koperasi", PERSON, jj_tell_mentored},
    [JJ_ORDER_PLACED] = {"order.placed", "koperasi", ORDER, jj_tell_order_placed},
    [JJ_ORDER_OFFERED] = {"order.offered", "koperasi", PERSON, jj_tell_order_offered},
    [JJ_ORDER_COMPLETED] = {"order.completed", "koperasi", ORDER, jj_tell_order_completed},
    [JJ_LOAN_REFERRED] = {"loan.referred", "bank", PERSON, jj_tell_loan},
    [JJ_LOAN_APPLIED] = {"loan.applied", "bank", PERSON, jj_tell_loan},
    [JJ_LOAN_DECIDED] = {"loan.decided", "bank", PERSON, jj_tell_loan},
    [JJ_LOAN_DISBURSED] = {"loan.disbursed", "bank", PERSON, jj_tell_loan},
    [JJ_LOAN_REPAID] = {"loan.repaid", "bank", PERSON, jj_tell_loan},
    [JJ_ASSESSED] = {"accommodation.assessed", "uld", PERSON, jj_tell_assessed},
    [JJ_ACCOMMODATED] = {"accommodation.provided", "uld", PERSON, jj_tell_accommodated},
    [JJ_REFERRED] = {"referral.made", "uld", PERSON, jj_tell_referred},
    [JJ_CONSENTED] = {"consent.granted", "blk", PERSON, jj_tell_consented},
    [JJ_WITHDRAWN] = {"consent.withdrawn", "blk", PERSON, jj_tell_consented},
    [JJ_ERASED] = {"person.erased", "blk", PERSON, NULL},
};

/* ---- Members ----------------------------------------------------------------------------------
 */

void jj_tell_raw(jj_teller *t, const char *text)
{
    jj_buf_puts(t->out, text);
}

static void put_name(jj_teller *t, const char *name)
{
    jj_buf_add(t->out, ",\"", 2);
    jj_buf_puts(t->out, name);
    jj_buf_add(t->out, "\":", 2);
}

/* Our own words only: nothing in them needs an escape. */
void jj_tell_text(jj_teller *t, const char *name, const char *value)
{
    put_name(t, name);
    jj_buf_putc(t->out, '"');
    jj_buf_puts(t->out, value);
    jj_buf_putc(t->out, '"');
}

void jj_tell_number(jj_teller *t, const char *name, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + value % 10);
    } while (value /= 10);
    put_name(t, name);
    jj_buf_add(t->out, digits + at, sizeof digits - at);
}

static void two_digits(char *to, int value)
{
    to[0] = (char)('0' + value / 10 % 10);
    to[1] = (char)('0' + value % 10);
}

/* "YYYY-MM-DD" */
static void put_date(jj_buf *out, int64_t time_ms)
{
    char text[10] = "    -  -  ";
    int year, month, day;

    jj_date_from_days(time_ms / JJ_DAY_MS, &year, &month, &day);
    two_digits(text, year / 100);
    two_digits(text + 2, year % 100);
    two_digits(text + 5, month);
    two_digits(text + 8, day);
    jj_buf_add(out, text, sizeof text);
}

static void put_time(jj_buf *out, int64_t time_ms)
{
    char text[14] = "T  :  :  .   Z";
    int in_day_ms = (int)(time_ms % JJ_DAY_MS);

    put_date(out, time_ms);
    two_digits(text + 1, in_day_ms / 3600000);
    two_digits(text + 4, in_day_ms / 60000 % 60);
    two_digits(text + 7, in_day_ms / 1000 % 60);
    two_digits(text + 10, in_day_ms / 10 % 100);
    text[12] = (char)('0' + in_day_ms % 10);
    jj_buf_add(out, text, sizeof text);
}

void jj_tell_date(jj_teller *t, const char *name, int64_t time_ms)
{
    put_name(t, name);
    jj_buf_putc(t->out, '"');
    put_date(t->out, time_ms);
    jj_buf_putc(t->out, '"');
}

/* ---- Keys -------------------------------------------------------------------------------------
 */

const char *jj_tell_thing(jj_teller *t, const char *kind, uint64_t number)
{
    char code[24], source[16];

    snprintf(source, sizeof source, "/%s/sim", t->course->place->code);
    snprintf(code, sizeof code, "%llu", (unsigned long long)number);
    jj_entity_key(kind, source, code, t->entity);
    return t->entity;
}

const char *jj_tell_vacancy(jj_teller *t, unsigned which)
{
    return jj_tell_thing(t, "vacancy", (uint64_t)t->course->number * 2 + which % 2);
}

const char *jj_tell_business(jj_teller *t)
{
    return jj_tell_thing(t, "business", t->life->number);
}

const char *jj_tell_order(jj_teller *t)
{
    return jj_tell_thing(t, "order", t->life->number);
}

const char *jj_tell_batch(jj_teller *t)
{
    return jj_tell_thing(t, "batch", t->course->number);
}

const char *jj_tell_employer_key(jj_teller *t, unsigned employer)
{
    return jj_tell_thing(t, "employer", employer);
}

void jj_employer_name(unsigned employer, char out[JJ_EMPLOYER_SIZE])
{
    static const char *const forms[] = {"PT", "CV", "UD", "Bengkel", "Hotel"};
    static const char *const words[] = {"Maju", "Sumber", "Karya", "Jaya", "Mitra", "Cipta"};

    snprintf(out, JJ_EMPLOYER_SIZE, "%s %s %s %u", forms[employer % 5], words[employer / 5 % 6],
             words[employer / 30 % 6], employer);
}

/* ---- The envelope -----------------------------------------------------------------------------
 */

/* 16 bytes that no other act of this load has: what is behind the mixing is the act itself. */
static void event_id(const jj_teller *t, uint64_t seed, char out[JJ_UUID_SIZE])
{
    const jj_act *act = t->act;
    uint64_t number = (uint64_t)act->course << 24 | (uint64_t)act->seat << 16 |
                      (uint64_t)act->step << 8 | act->nth;
    const uint64_t words[2] = {jj_mix(number ^ jj_mix(seed)), jj_mix(number + jj_mix(~seed))};
    unsigned char bytes[16];

    for (size_t i = 0; i < sizeof bytes; i++) { /* the same on machines of either byte order */
        bytes[i] = (unsigned char)(words[i / 8] >> (8 * (i % 8)));
    }
    jj_uuid_from_hash(bytes, out);
}

static void put_subject(jj_teller *t, const struct kind *kind, char person[JJ_UUID_SIZE])
{
    const char *subject = person;

    switch (kind->subject) {
    case PERSON:
        break;
    case BATCH:
        subject = jj_tell_batch(t);
        break;
    case VACANCY:
        subject = jj_tell_vacancy(t, t->act->nth);
        break;
    case EMPLOYER:
        subject = jj_tell_employer_key(t, t->course->employer);
        break;
    case ORDER:
        subject = jj_tell_order(t);
        break;
    }
    if (*subject) {
        jj_buf_puts(t->out, ",\"subject\":\"");
        jj_buf_puts(t->out, subject);
        jj_buf_putc(t->out, '"');
    }
}

static const char *const attributes[] = {"{\"specversion\":\"1.0\",\"id\":\"", "\",\"source\":\"/",
                                         "\",\"type\":\"", "\",\"time\":\"", "\",\"region\":\""};

static void put_envelope(jj_teller *t, const struct kind *kind, uint64_t seed)
{
    char id[JJ_UUID_SIZE];

    event_id(t, seed, id);
    jj_buf_puts(t->out, attributes[0]);
    jj_buf_puts(t->out, id);
    jj_buf_puts(t->out, attributes[1]);
    jj_buf_puts(t->out, t->course->place->code);
    jj_buf_puts(t->out, "/disnaker/");
    jj_buf_puts(t->out, kind->agency);
    jj_buf_puts(t->out, attributes[2]);
    jj_buf_puts(t->out, kind->type);
    jj_buf_puts(t->out, attributes[3]);
    put_time(t->out, t->act->time_ms);
    jj_buf_puts(t->out, attributes[4]);
    jj_buf_puts(t->out, t->course->place->code);
    jj_buf_puts(t->out, "\",\"datacontenttype\":\"application/json\"");
}

void jj_tell(jj_teller *t, uint64_t seed)
{
    const struct kind *kind = &kinds[t->act->step];
    bool by_nik = !t->person_key || (t->act->step == JJ_GRADUATED && t->act->seat % 2 == 0);
    char person[JJ_UUID_SIZE] = "";

    put_envelope(t, kind, seed);
    if (t->life && !by_nik) {
        jj_person_key(t->person_key, t->life->nik, person);
    }
    put_subject(t, kind, person);
    jj_buf_puts(t->out, ",\"data\":{\"date\":\"");
    put_date(t->out, t->act->time_ms);
    jj_buf_putc(t->out, '"');
    if (t->life && by_nik && t->act->step != JJ_ORDER_PLACED) {
        jj_tell_text(t, "nik", t->life->nik);
    } else if (t->act->step == JJ_ORDER_COMPLETED) {
        jj_tell_text(t, "person", person);
    }
    if (kind->data) {
        kind->data(t);
    }
    jj_buf_add(t->out, "}}", 2);
}
