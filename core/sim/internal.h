/* What the files of this room share: dice, places, courses and lives, and how an event is told. */
#ifndef JJ_SIM_INTERNAL_H
#define JJ_SIM_INTERNAL_H

#include "sim/sim.h"

#include "base/buf.h"

#include <stdbool.h>

#define JJ_DAY_MS INT64_C(86400000)
#define JJ_SEATS  16 /* persons in a course, as BLK hold them */

/* ---- Dice: splitmix64, the same everywhere --------------------------------------------------- */

typedef struct jj_dice {
    uint64_t state;
} jj_dice;

static inline uint64_t jj_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint64_t jj_dice_next(jj_dice *dice)
{
    return jj_mix(dice->state += 0x9e3779b97f4a7c15u);
}

static inline unsigned jj_roll(jj_dice *dice, unsigned below)
{
    return (unsigned)(jj_dice_next(dice) % below);
}

static inline bool jj_chance(jj_dice *dice, unsigned percent)
{
    return jj_roll(dice, 100) < percent;
}

/* ---- Places --------------------------------------------------------------------------------- */

typedef struct jj_place {
    const char *code, *name;
    double weight;
    double upto; /* sum of the weights up to and with this one */
} jj_place;

typedef struct jj_places {
    jj_buf text; /* holds codes and names */
    jj_place *list;
    size_t count;
} jj_places;

int jj_places_open(jj_places *places, const char *reference, const char *const *regions,
                   jj_error *err);
void jj_places_close(jj_places *places);
const jj_place *jj_places_pick(const jj_places *places, uint64_t random);

/* ---- Courses and lives ------------------------------------------------------------------------
 */

typedef struct jj_trade {
    const char *slug, *name, *scheme, *occupation, *product, *kbli;
} jj_trade;

extern const jj_trade jj_trades[];
extern const unsigned jj_trade_count;

/* Everything that can be told. In the order of the table in tell.c. */
typedef enum jj_step {
    JJ_GRADUATED,
    JJ_CERTIFIED,
    JJ_BATCH_CLOSED,
    JJ_INCUBATED,
    JJ_OUTCOME,
    JJ_VACANCY_OPENED,
    JJ_VACANCY_CLOSED,
    JJ_APPLIED,
    JJ_PROPOSED,
    JJ_STARTED,
    JJ_ENDED,
    JJ_QUOTA,
    JJ_SHORTFALL,
    JJ_BUSINESS,
    JJ_BUSINESS_CLOSED,
    JJ_JOINED,
    JJ_LEFT,
    JJ_MENTORED,
    JJ_ORDER_PLACED,
    JJ_ORDER_OFFERED,
    JJ_ORDER_COMPLETED,
    JJ_LOAN_REFERRED,
    JJ_LOAN_APPLIED,
    JJ_LOAN_DECIDED,
    JJ_LOAN_DISBURSED,
    JJ_LOAN_REPAID,
    JJ_ASSESSED,
    JJ_ACCOMMODATED,
    JJ_REFERRED,
    JJ_CONSENTED,
    JJ_WITHDRAWN,
    JJ_ERASED,
    JJ_STEPS
} jj_step;

/* One thing that happens, until it is told: a course or a person is made again from its number. */
typedef struct jj_act {
    int64_t time_ms;
    uint32_t course;
    uint8_t seat; /* JJ_SEATS: of the course, not of a person */
    uint8_t step;
    uint8_t nth;
} jj_act;

/* A course (angkatan) and what employers near it want. A time of 0: does not happen. */
typedef struct jj_course {
    uint32_t number;
    unsigned seats;
    int64_t graduated_ms;
    unsigned year, batch;
    const jj_place *place;
    const jj_trade *trade;
    bool apbn;
    bool incubates; /* its first three are selected */
    int64_t vacancy_ms[2], vacancy_closed_ms[2];
    int64_t quota_ms;
    bool shortfall;
    unsigned employer; /* number of the one that reports a quota */
} jj_course;

#define JJ_REPAYMENTS 4

typedef struct jj_life {
    const jj_course *course;
    uint64_t number;
    unsigned seat;
    char nik[17];
    bool female, competent, disabled, consents;
    unsigned birth_year;
    const char *intent;
    unsigned employer; /* where the person works, if so */
    unsigned path;     /* 0 to 99: what a survey finds who has neither post nor business */
    int64_t certified_ms, consented_ms, withdrawn_ms, erased_ms;
    int64_t outcome_ms[3];
    int64_t applied_ms, proposed_ms, started_ms, ended_ms;
    bool internship;
    int64_t business_ms, closed_ms, joined_ms, left_ms, mentored_ms[3];
    int64_t loan_ms; /* referred; the steps follow */
    unsigned loan_steps, repayments;
    unsigned amount_millions;
    int64_t order_ms;
    int64_t assessed_ms;
} jj_life;

/* The numbers that a load is made of. */
typedef struct jj_pace {
    uint64_t seed;
    int64_t first_ms; /* of the first course */
    double step_ms;   /* from one course to the next */
    uint64_t people;  /* 0: no limit */
} jj_pace;

void jj_course_make(jj_course *course, uint32_t number, const jj_pace *pace,
                    const jj_places *places);
/* course outlives the life. */
void jj_life_make(jj_life *life, const jj_course *course, unsigned seat, const jj_pace *pace);

/* Everything that happens to a course and its persons, in no order. add is told of each. */
typedef bool (*jj_add_act)(void *arg, const jj_act *act);
bool jj_course_plan(const jj_course *course, const jj_pace *pace, jj_add_act add, void *arg);

/* When the nth of these steps of a life happens; 0: not at all. */
int64_t jj_life_step_ms(const jj_life *life, jj_step step, unsigned nth);

/* ---- Telling ----------------------------------------------------------------------------------
 */

typedef struct jj_teller {
    jj_buf *out;
    const unsigned char *person_key; /* NULL: by NIK */
    const jj_act *act;
    const jj_course *course;
    const jj_life *life; /* of a person; else of nobody */
    jj_dice dice;        /* the event's own */
    char entity[JJ_UUID_SIZE];
} jj_teller;

/* Appends the event. */
void jj_tell(jj_teller *t, uint64_t seed);

/* Members of data, each with a comma in front: the date is always first. */
void jj_tell_text(jj_teller *t, const char *name, const char *value);
void jj_tell_number(jj_teller *t, const char *name, uint64_t value);
void jj_tell_date(jj_teller *t, const char *name, int64_t time_ms);
void jj_tell_raw(jj_teller *t, const char *text);
#define JJ_TELL_ONE_OF(t, name, list)                                                              \
    jj_tell_text(t, name, (list)[jj_roll(&(t)->dice, sizeof(list) / sizeof *(list))])

/* Keys of things; valid until the next call. */
const char *jj_tell_vacancy(jj_teller *t, unsigned which);
const char *jj_tell_business(jj_teller *t);
const char *jj_tell_order(jj_teller *t);
const char *jj_tell_batch(jj_teller *t);
const char *jj_tell_employer_key(jj_teller *t, unsigned employer);
const char *jj_tell_thing(jj_teller *t, const char *kind, uint64_t number);

#define JJ_EMPLOYER_SIZE 48
void jj_employer_name(unsigned employer, char out[JJ_EMPLOYER_SIZE]);

typedef void jj_tell_data(jj_teller *t);
jj_tell_data jj_tell_graduated, jj_tell_certified, jj_tell_batch_closed, jj_tell_incubated,
    jj_tell_outcome, jj_tell_consented, jj_tell_assessed, jj_tell_accommodated, jj_tell_referred;
jj_tell_data jj_tell_vacancy_opened, jj_tell_vacancy_closed, jj_tell_applied, jj_tell_proposed,
    jj_tell_started, jj_tell_ended, jj_tell_quota, jj_tell_shortfall;
jj_tell_data jj_tell_registered, jj_tell_business_closed, jj_tell_membership, jj_tell_mentored,
    jj_tell_order_placed, jj_tell_order_offered, jj_tell_order_completed, jj_tell_loan;

#endif
