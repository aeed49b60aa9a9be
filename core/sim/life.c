/* Courses and lives, each made from its number alone. */
#include "sim/internal.h"

#include "base/clock.h"

#include <string.h>

const jj_trade jj_trades[] = {
    {"instalasi-listrik", "Instalasi Listrik", "Teknisi Instalasi Tenaga", "Teknisi listrik",
     "Jasa instalasi listrik", "43211"},
    {"mekanik-sepeda-motor", "Mekanik Sepeda Motor", "Mekanik Junior", "Mekanik",
     "Servis sepeda motor", "45407"},
    {"las-smaw-3g", "Las SMAW 3G", "Welder SMAW Posisi 3G", "Juru las", "Pagar dan teralis",
     "25920"},
    {"tata-kecantikan-rambut", "Tata Kecantikan Rambut", "Penata Rambut Yunior", "Penata rambut",
     "Potong dan tata rambut", "96111"},
    {"mekanik-mobil", "Mekanik Mobil Bensin", "Teknisi Kendaraan Ringan", "Mekanik", "Servis mobil",
     "45201"},
    {"pastry-bakery", "Pembuatan Roti dan Kue", "Commis Pastry", "Pembuat roti", "Roti dan kue",
     "10710"},
    {"menjahit", "Menjahit Pakaian Wanita", "Operator Jahit", "Penjahit", "Pakaian jadi", "14120"},
    {"desain-grafis", "Desain Grafis Muda", "Desainer Grafis Muda", "Desainer", "Desain dan cetak",
     "74201"},
    {"operator-komputer", "Operator Komputer", "Practical Office Advance", "Administrasi",
     "Jasa pengetikan", "82190"},
    {"operator-mesin-bubut", "Operator Mesin Bubut", "Operator Mesin Bubut Dasar", "Operator",
     "Suku cadang bubut", "25920"},
    {"servis-ac", "Teknisi AC Residensial", "Teknisi Refrigerasi Domestik", "Teknisi AC",
     "Servis AC", "43224"},
    {"perhotelan", "Perhotelan", "Room Attendant", "Pramukamar", "Penginapan kecil", "55900"},
};
const unsigned jj_trade_count = sizeof jj_trades / sizeof *jj_trades;

#define EMPLOYERS 5000

/* Dice of one thing: no two of a load are alike. */
static jj_dice dice_of(uint64_t seed, uint32_t course, unsigned seat)
{
    return (jj_dice){jj_mix(seed ^ 0x6a656a6172696e67u) ^
                     jj_mix(((uint64_t)course << 8 | seat) + 0x9e3779b97f4a7c15u)};
}

/* Some time in the office hours of a day that is from `days_min` to `days_max` days later. */
static int64_t later(jj_dice *dice, int64_t time_ms, unsigned days_min, unsigned days_max)
{
    int64_t day = time_ms / JJ_DAY_MS + days_min + jj_roll(dice, days_max - days_min + 1);

    return day * JJ_DAY_MS + 3600000 + jj_roll(dice, 8 * 3600000); /* 8 to 16 o'clock in Jakarta */
}

/* With a chance in percent, else 0. */
static int64_t perhaps(jj_dice *dice, unsigned percent, int64_t time_ms, unsigned days_min,
                       unsigned days_max)
{
    bool happens = jj_chance(dice, percent);
    int64_t when = later(dice, time_ms, days_min, days_max);

    return happens ? when : 0;
}

void jj_course_make(jj_course *c, uint32_t number, const jj_pace *pace, const jj_places *places)
{
    jj_dice dice = dice_of(pace->seed, number, JJ_SEATS);
    uint64_t first = (uint64_t)number * JJ_SEATS;
    int year, month, day;

    *c = (jj_course){.number = number, .seats = JJ_SEATS};
    if (pace->people && pace->people - first < JJ_SEATS) {
        c->seats = (unsigned)(pace->people - first);
    }
    c->graduated_ms = pace->first_ms + (int64_t)((double)number * pace->step_ms);
    c->graduated_ms = c->graduated_ms / JJ_DAY_MS * JJ_DAY_MS + 3600000;
    jj_date_from_days(c->graduated_ms / JJ_DAY_MS, &year, &month, &day);
    c->year = (unsigned)year;
    c->batch = number % 97 + 1;
    c->place = jj_places_pick(places, jj_dice_next(&dice));
    c->trade = &jj_trades[jj_roll(&dice, jj_trade_count)];
    c->apbn = jj_chance(&dice, 60);
    c->incubates = jj_chance(&dice, 35);
    for (unsigned i = 0; i < 2; i++) {
        c->vacancy_ms[i] = later(&dice, c->graduated_ms, 1, 8);
        c->vacancy_closed_ms[i] = perhaps(&dice, 60, c->graduated_ms, 45, 90);
    }
    c->quota_ms = perhaps(&dice, 35, c->graduated_ms, 1, 60);
    c->shortfall = jj_chance(&dice, 60);
    c->employer = jj_roll(&dice, EMPLOYERS);
}

/* Digits of a NIK: place of registration (regency, district), birth, 40 added to a woman's day,
 * serial. District, serial and month together number the person, so that nobody shares one. */
static void make_nik(jj_life *life, jj_dice *dice)
{
    uint64_t n = life->number, round = n / (99 * 9999);
    unsigned serial = (unsigned)(n % 9999) + 1, district = (unsigned)(n / 9999 % 99) + 1;
    unsigned month = (unsigned)((round + jj_mix(n % (99 * 9999))) % 12) + 1;
    unsigned day = jj_roll(dice, 28) + (life->female ? 41 : 1);
    const char *code = life->course->place->code;
    const unsigned pairs[] = {district,     day,         month, life->birth_year % 100,
                              serial / 100, serial % 100};
    char *to = life->nik;

    *to++ = code[0];
    *to++ = code[1];
    *to++ = code[3];
    *to++ = code[4];
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        *to++ = (char)('0' + pairs[i] / 10);
        *to++ = (char)('0' + pairs[i] % 10);
    }
    *to = '\0';
}

static void make_person(jj_life *life, jj_dice *dice)
{
    static const char *const intents[] = {"employment", "employment", "self_employment",
                                          "undecided"};
    const jj_course *c = life->course;
    int64_t graduated_ms = c->graduated_ms;

    life->female = jj_chance(dice, 50);
    life->birth_year = c->year - 18 - jj_roll(dice, 20);
    make_nik(life, dice);
    life->intent = intents[jj_roll(dice, 4)];
    life->employer = jj_roll(dice, EMPLOYERS);
    life->path = jj_roll(dice, 100);
    life->competent = jj_chance(dice, 85) || (c->incubates && life->seat < 3);
    life->certified_ms = perhaps(dice, 90, graduated_ms, 7, 35);
    if (c->incubates && life->seat < 3 && !life->certified_ms) {
        life->certified_ms = later(dice, graduated_ms, 7, 35);
    }
    life->disabled = jj_chance(dice, 3);
    life->assessed_ms = life->disabled ? later(dice, graduated_ms, 5, 60) : 0;
    life->consents = jj_chance(dice, 70);
    life->consented_ms = life->consents ? 0 : perhaps(dice, 25, graduated_ms, 20, 90);
    if (life->consents || life->consented_ms) {
        life->withdrawn_ms = perhaps(dice, 4, graduated_ms, 100, 400);
    }
    life->outcome_ms[0] = perhaps(dice, 80, graduated_ms, 180, 210);
    life->outcome_ms[1] = perhaps(dice, 60, graduated_ms, 365, 395);
    life->outcome_ms[2] = perhaps(dice, 20, graduated_ms, 730, 760);
    if (jj_roll(dice, 1000) < 6) {
        life->erased_ms = later(dice, graduated_ms, 200, 900);
    }
}

static void make_work(jj_life *life, jj_dice *dice)
{
    int64_t graduated_ms = life->course->graduated_ms;
    bool works = jj_chance(dice, life->intent[0] == 's' ? 20 : 50); /* self_employment */
    int64_t started_ms = later(dice, graduated_ms, 26, 200);
    int64_t asked_ms = works ? started_ms : later(dice, graduated_ms, 26, 70);

    if (jj_chance(dice, works ? 60 : 15)) {
        life->applied_ms = asked_ms - (10 + jj_roll(dice, 5)) * JJ_DAY_MS;
    }
    if (life->consents && jj_chance(dice, 25)) {
        life->proposed_ms = asked_ms - 16 * JJ_DAY_MS;
    }
    if (works) {
        life->started_ms = started_ms;
        life->internship = jj_chance(dice, 12);
        life->ended_ms = perhaps(dice, 30, started_ms, 60, 400);
    }
}

static void make_business(jj_life *life, jj_dice *dice)
{
    int64_t opened_ms = later(dice, life->course->graduated_ms, 30, 250);

    if (!jj_chance(dice, life->intent[0] == 's' ? 30 : 8)) {
        return;
    }
    life->business_ms = opened_ms;
    life->closed_ms = perhaps(dice, 12, opened_ms, 400, 700);
    life->joined_ms = perhaps(dice, 80, opened_ms, 5, 60);
    life->left_ms = life->joined_ms ? perhaps(dice, 8, opened_ms, 200, 600) : 0;
    int64_t mentored_ms = opened_ms;
    for (unsigned i = jj_roll(dice, 3); i > 0; i--) {
        life->mentored_ms[i - 1] = mentored_ms = later(dice, mentored_ms, 10, 60);
    }
    life->loan_ms = perhaps(dice, 55, opened_ms, 10, 30);
    /* Referred, applied, decided, disbursed: not everybody comes to the end. */
    life->loan_steps = 1 + (jj_chance(dice, 85) ? 1 + (jj_chance(dice, 95) ? 1 : 0) : 0);
    life->loan_steps += life->loan_steps == 3 && jj_chance(dice, 85);
    life->repayments = jj_roll(dice, JJ_REPAYMENTS + 1);
    life->amount_millions = 3 + jj_roll(dice, 40);
    life->order_ms = perhaps(dice, 25, opened_ms, 20, 200);
}

void jj_life_make(jj_life *life, const jj_course *course, unsigned seat, const jj_pace *pace)
{
    jj_dice dice = dice_of(pace->seed, course->number, seat);

    *life = (jj_life){
        .course = course, .seat = seat, .number = (uint64_t)course->number * JJ_SEATS + seat};
    make_person(life, &dice);
    make_work(life, &dice);
    make_business(life, &dice);
}

/* ---- What happens when ------------------------------------------------------------------------
 */

/* The days between the steps of a loan, and of an order, are always the same. */
static int64_t loan_step_ms(const jj_life *life, jj_step step, unsigned nth)
{
    static const unsigned days[] = {0, 7, 21, 28};
    unsigned at = step == JJ_LOAN_REPAID ? 3 : (unsigned)(step - JJ_LOAN_REFERRED);
    bool happens = life->loan_ms && life->loan_steps > at &&
                   (step != JJ_LOAN_REPAID || nth < life->repayments);

    return !happens ? 0
                    : life->loan_ms + days[at] * JJ_DAY_MS +
                          (step == JJ_LOAN_REPAID ? (nth + 1) * 30 * JJ_DAY_MS : 0);
}

static int64_t step_ms(const jj_life *life, jj_step step, unsigned nth)
{
    const jj_course *c = life->course;

    if (nth > 0 && step != JJ_OUTCOME && step != JJ_MENTORED && step != JJ_LOAN_REPAID) {
        return 0;
    }
    switch (step) {
    case JJ_GRADUATED:
        return c->graduated_ms + life->seat * 60000;
    case JJ_CERTIFIED:
        return life->certified_ms;
    case JJ_INCUBATED:
        return c->incubates && life->seat < 3 ? c->graduated_ms + 45 * JJ_DAY_MS : 0;
    case JJ_OUTCOME:
        return nth < 3 ? life->outcome_ms[nth] : 0;
    case JJ_APPLIED:
        return life->applied_ms;
    case JJ_PROPOSED:
        return life->proposed_ms;
    case JJ_STARTED:
        return life->started_ms;
    case JJ_ENDED:
        return life->ended_ms;
    case JJ_BUSINESS:
        return life->business_ms;
    case JJ_BUSINESS_CLOSED:
        return life->closed_ms;
    case JJ_JOINED:
        return life->joined_ms;
    case JJ_LEFT:
        return life->left_ms;
    case JJ_MENTORED:
        return nth < 3 ? life->mentored_ms[nth] : 0;
    case JJ_ORDER_PLACED:
        return life->order_ms;
    case JJ_ORDER_OFFERED:
        return life->order_ms ? life->order_ms + JJ_DAY_MS : 0;
    case JJ_ORDER_COMPLETED:
        return life->order_ms ? life->order_ms + 21 * JJ_DAY_MS : 0;
    case JJ_LOAN_REFERRED:
    case JJ_LOAN_APPLIED:
    case JJ_LOAN_DECIDED:
    case JJ_LOAN_DISBURSED:
    case JJ_LOAN_REPAID:
        return loan_step_ms(life, step, nth);
    case JJ_REFERRED:
        return life->assessed_ms && life->consents ? life->assessed_ms - JJ_DAY_MS : 0;
    case JJ_ASSESSED:
        return life->assessed_ms;
    case JJ_ACCOMMODATED:
        return life->assessed_ms && life->seat % 2 ? life->assessed_ms + 30 * JJ_DAY_MS : 0;
    case JJ_CONSENTED:
        return life->consented_ms;
    case JJ_WITHDRAWN:
        return life->withdrawn_ms;
    case JJ_ERASED:
        return life->erased_ms;
    default: /* of the course */
        return 0;
    }
}

/* Of a person who was erased nobody tells any more. */
int64_t jj_life_step_ms(const jj_life *life, jj_step step, unsigned nth)
{
    int64_t time_ms = step_ms(life, step, nth);

    return life->erased_ms && time_ms > life->erased_ms ? 0 : time_ms;
}

typedef struct planner {
    jj_add_act add;
    void *arg;
    uint32_t course;
    bool failed;
} planner;

static void plan(planner *p, unsigned seat, jj_step step, unsigned nth, int64_t time_ms)
{
    const jj_act act = {time_ms, p->course, (uint8_t)seat, (uint8_t)step, (uint8_t)nth};

    if (time_ms && !p->failed) {
        p->failed = !p->add(p->arg, &act);
    }
}

bool jj_course_plan(const jj_course *c, const jj_pace *pace, jj_add_act add, void *arg)
{
    planner p = {.add = add, .arg = arg, .course = c->number};
    jj_life life;

    plan(&p, JJ_SEATS, JJ_BATCH_CLOSED, 0, c->graduated_ms + JJ_DAY_MS);
    for (unsigned i = 0; i < 2; i++) {
        plan(&p, JJ_SEATS, JJ_VACANCY_OPENED, i, c->vacancy_ms[i]);
        plan(&p, JJ_SEATS, JJ_VACANCY_CLOSED, i, c->vacancy_closed_ms[i]);
    }
    plan(&p, JJ_SEATS, JJ_QUOTA, 0, c->quota_ms);
    plan(&p, JJ_SEATS, JJ_SHORTFALL, 0, c->quota_ms && c->shortfall ? c->quota_ms + 3600000 : 0);
    for (unsigned seat = 0; seat < c->seats; seat++) {
        jj_life_make(&life, c, seat, pace);
        for (unsigned step = 0; step < JJ_STEPS; step++) {
            int64_t time_ms = jj_life_step_ms(&life, step, 0);
            for (unsigned nth = 0; nth < JJ_REPAYMENTS; nth++) {
                plan(&p, seat, step, nth, nth ? jj_life_step_ms(&life, step, nth) : time_ms);
            }
        }
    }
    return !p.failed;
}
