/*
 * capital: banks and other lenders.
 *
 * Takes in the steps of loans. Reacts: a registered business that needs capital, and whose owner
 * lets lenders know, is referred to the first scheme of the config's table that fits its amount
 * and its owner's history (loan.referred), once for each scheme and amount.
 *
 * State (the order in which events came does not show in it, save what was referred):
 *   b/<business>          the business, in registers, and what it was referred to
 *   p/<person>            consent and credit history, in registers
 *   h/<person>/<business> the businesses of a person
 *   due/, todo/           businesses that are too young yet, businesses to be looked at (react.h)
 */
#include "scheme.h"

enum {
    OPTION_SCHEMES
};

struct capital {
    jj_reactor reactor;
    json_t *schemes; /* the option, parsed */
};

static const char *const publishes[] = {"loan.referred",  "loan.applied", "loan.decided",
                                        "loan.disbursed", "loan.repaid",  NULL};

static const char *const subscribes[] = {"alumni.graduated",  "consent.granted",
                                         "consent.withdrawn", "business.registered",
                                         "business.closed",   "loan.applied",
                                         "loan.disbursed",    "loan.repaid",
                                         "person.erased",     NULL};

/* KUR as of 2023 (Permenko Perekonomian 1/2023): super mikro up to 10 million rupiah for those who
 * have had no KUR, mikro up to 100 million, kecil up to 500 million and with a business number. */
#define SCHEMES                                                                                    \
    "[{\"scheme\": \"kur_super_mikro\", \"ceiling\": 10000000, \"newcomer\": true},"               \
    " {\"scheme\": \"kur_mikro\", \"ceiling\": 100000000},"                                        \
    " {\"scheme\": \"kur_kecil\", \"ceiling\": 500000000, \"nib\": true}]"

static const jj_option options[] = {
    {"schemes", JJ_OPTION_JSON, SCHEMES, 0, 0, false,
     "table of schemes, the first that fits: scheme, floor, ceiling (rupiah), nib (must have one), "
     "newcomer (no KUR before), times, months (age of the business), collectability (worst, 1)"},
    {0},
};

static int check(const jj_value *values, jj_error *err)
{
    int code = 0;
    json_t *schemes = json_loads(values[OPTION_SCHEMES].string, 0, NULL);
    if (!json_is_array(schemes)) {
        code = scheme_wrong(err, 0, "a list of schemes is expected");
    }
    for (size_t i = 0; i < json_array_size(schemes) && code == 0; i++) {
        code = scheme_check(json_array_get(schemes, i), i, err);
    }
    json_decref(schemes);
    return code;
}

/* ---- Businesses --------------------------------------------------------------------------- */

/* The last day on which the owner has asked a lender; -1: never. It was kept as a register before.
 */
static int64_t applied_ms(const json_t *person)
{
    const json_t *applied = json_object_get(person, "applied");
    return json_is_array(applied) ? jj_stamp_time(jj_register_stamp(person, "applied"))
                                  : jj_number(person, "applied", -1);
}

/* Whether there is anything to refer: open, in need, with consent, not applied for already. */
static bool business_eligible(const json_t *business, const json_t *person)
{
    const json_t *terms = jj_register(business, "registered");
    int64_t told_ms = jj_stamp_time(jj_register_stamp(business, "registered"));
    return jj_flag(terms, "needs") && jj_number(terms, "amount", 0) > 0 && jj_consent(person) &&
           !jj_register_over(business, "registered", "closed") &&
           applied_ms(person) < jj_number(terms, "day", told_ms);
}

static void refer(jj_turn *turn, const char *id, json_t *business, const json_t *person,
                  const json_t *scheme)
{
    char key[JJ_KEY_MAX];
    const json_t *terms = jj_register(business, "registered");
    const char *name = jj_text(scheme, "scheme");
    json_int_t amount = jj_number(terms, "amount", 0);
    jj_event cause = jj_origin_event(json_object_get(terms, "origin"));
    int64_t consent_ms = jj_stamp_time(jj_register_stamp(person, "consent"));
    int64_t opens_ms = scheme_opens_ms(scheme, business);
    int64_t time_ms = consent_ms > cause.time_ms ? consent_ms : cause.time_ms;
    jj_doc_set(turn, business, "referred",
               json_pack("{s:s, s:I}", "scheme", name, "amount", amount));
    jj_key(turn, key, "%s/%s", id, name);
    jj_react(turn,
             (jj_draft){
                 .type = "loan.referred",
                 .subject = jj_text(terms, "person"),
                 .region = cause.region,
                 .cause = &cause,
                 .key = key,
                 .time_ms = opens_ms > time_ms ? opens_ms : time_ms,
             },
             json_pack("{s:s, s:s, s:I, s:[s, s, s*]}", "business", id, "scheme", name, "amount",
                       amount, "reasons", "amount",
                       loans_had(person, name) ? "had_before" : "first_time",
                       jj_register(person, "quality") ? "repays" : NULL));
}

/* The first scheme of the table that fits. One for which the business is still too young waits:
 * *opens_ms becomes the soonest of such days, 0 if there is none. */
static const json_t *business_scheme(const struct capital *self, const json_t *business,
                                     const json_t *person, int64_t *opens_ms)
{
    const json_t *terms = jj_register(business, "registered");
    int64_t now_ms = self->reactor.host->now_ms(self->reactor.host);
    *opens_ms = 0;
    for (size_t i = 0; i < json_array_size(self->schemes); i++) {
        const json_t *scheme = json_array_get(self->schemes, i);
        int64_t day_ms = scheme_opens_ms(scheme, business);
        if (!scheme_fits(scheme, terms, person)) {
            continue;
        }
        if (day_ms <= now_ms) {
            return scheme;
        }
        *opens_ms = *opens_ms == 0 || day_ms < *opens_ms ? day_ms : *opens_ms;
    }
    return NULL;
}

static bool is_referred(const json_t *business, const json_t *scheme)
{
    const json_t *referred = json_object_get(business, "referred");
    const json_t *terms = jj_register(business, "registered");
    return json_equal(json_object_get(scheme, "scheme"), json_object_get(referred, "scheme")) &&
           jj_number(terms, "amount", 0) == jj_number(referred, "amount", 0);
}

static int business_work(void *arg, jj_turn *turn, const char *id, int most)
{
    const struct capital *self = arg;
    char key[JJ_KEY_MAX], owner[JJ_KEY_MAX];
    int64_t waits_ms, opens_ms = 0;
    int drafts = 0;
    (void)most; /* one at most */
    jj_key(turn, key, "b/%s", id);
    json_t *business = jj_doc_load(turn, key);
    const char *person_id = jj_text(jj_register(business, "registered"), "person");
    jj_key(turn, owner, "p/%s", person_id ? person_id : "-");
    json_t *person = jj_doc_load(turn, owner);
    const json_t *scheme = business_eligible(business, person)
                               ? business_scheme(self, business, person, &opens_ms)
                               : NULL;
    if (scheme && !is_referred(business, scheme)) {
        refer(turn, id, business, person, scheme);
        drafts = 1;
    }
    waits_ms = jj_number(business, "waits", 0);
    if (opens_ms != waits_ms) {
        jj_due_set(turn, id, waits_ms, false);
        jj_due_set(turn, id, opens_ms, opens_ms > 0);
        json_object_del(business, "waits");
        if (opens_ms) {
            jj_doc_set(turn, business, "waits", json_integer(opens_ms));
        }
    }
    jj_doc_store(turn, key, business);
    json_decref(person);
    json_decref(business);
    return drafts;
}

/* ---- Events ------------------------------------------------------------------------------- */

static void on_business(jj_turn *turn, const jj_event *event, const json_t *data)
{
    char key[JJ_KEY_MAX];
    const char *id = jj_name(jj_text(data, "business"));
    if (!id) {
        return;
    }
    jj_key(turn, key, "h/%s/%s", event->subject, id);
    jj_put(turn, key, "");
    jj_key(turn, key, "b/%s", id);
    json_t *business = jj_doc_load(turn, key);
    if (strcmp(event->type, "business.closed") == 0) {
        jj_register_take(turn, business, "closed", event, json_true());
    } else {
        int64_t since_ms = jj_number(business, "since", event->time_ms);
        since_ms = event->time_ms < since_ms ? event->time_ms : since_ms;
        jj_doc_set(turn, business, "since", json_integer(since_ms));
        jj_register_take(
            turn, business, "registered", event,
            json_pack("{s:s, s:o, s:b, s:I, s:b, s:I}", "person", event->subject, "origin",
                      jj_origin(event), "needs", jj_flag(data, "needs_capital"), "amount",
                      (json_int_t)jj_number(data, "amount_needed", 0), "nib",
                      jj_text(data, "nib") != NULL, "day", (json_int_t)jj_day_of(event, data)));
    }
    jj_doc_store(turn, key, business);
    jj_todo_add(turn, id);
    json_decref(business);
}

/* What an event says of a person's consent and credit history. */
static void person_learn(jj_turn *turn, json_t *person, const jj_event *event, const json_t *data)
{
    jj_consent_take(turn, person, event, data, "capital", NULL);
    if (strncmp(event->type, "loan.", 5) != 0) {
        return;
    }
    const json_t *quality = json_object_get(data, "collectability");
    if (quality) {
        jj_register_take(turn, person, "quality", event, json_incref((json_t *)(uintptr_t)quality));
    }
    if (strcmp(event->type, "loan.repaid") != 0 && jj_day_of(event, data) > applied_ms(person)) {
        jj_doc_set(turn, person, "applied", json_integer(jj_day_of(event, data)));
    }
    if (strcmp(event->type, "loan.disbursed") == 0 && jj_text(data, "scheme")) {
        const char *loan = jj_text(data, "loan"), *business = jj_text(data, "business");
        char name[JJ_KEY_MAX]; /* the bank's number; without one, as in the warehouse */
        snprintf(name, sizeof name, "%s%s:%s", loan ? loan : "", loan || !business ? "" : business,
                 loan ? "" : jj_text(data, "scheme"));
        if (!json_object_get(person, "loans")) {
            jj_doc_set(turn, person, "loans", json_object());
        }
        jj_register_take(turn, json_object_get(person, "loans"), name, event,
                         json_string(jj_text(data, "scheme")));
    }
}

/* A person's businesses are looked at again, or forgotten. */
static void person_businesses(jj_turn *turn, const char *person, bool forget)
{
    char prefix[JJ_KEY_MAX], key[JJ_KEY_MAX];
    const char *id;
    json_t *unused;
    jj_key(turn, prefix, "h/%s/", person);
    json_t *businesses = jj_collect(turn, prefix, SIZE_MAX);
    json_object_foreach(businesses, id, unused)
    {
        if (!forget) {
            jj_todo_add(turn, id);
            continue;
        }
        jj_key(turn, key, "%s%s", prefix, id);
        jj_delete(turn, key);
        jj_key(turn, key, "b/%s", id);
        json_t *business = jj_doc_load(turn, key);
        jj_due_set(turn, id, jj_number(business, "waits", 0), false);
        jj_delete(turn, key);
        json_decref(business);
    }
    json_decref(businesses);
}

static void on_person(jj_turn *turn, const jj_event *event, const json_t *data)
{
    char key[JJ_KEY_MAX];
    bool erased = strcmp(event->type, "person.erased") == 0;
    jj_key(turn, key, "p/%s", event->subject);
    json_t *person = jj_doc_load(turn, key);
    if (erased) {
        json_object_clear(person);
    } else {
        person_learn(turn, person, event, data);
    }
    jj_doc_store(turn, key, person);
    person_businesses(turn, event->subject, erased);
    json_decref(person);
}

/* ---- The plugin --------------------------------------------------------------------------- */

static void take(void *self, jj_turn *turn, const jj_event *event, const json_t *data)
{
    (void)self;
    if (strncmp(event->type, "business.", 9) == 0) {
        on_business(turn, event, data);
    } else {
        on_person(turn, event, data);
    }
}

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    const jj_reactor reactor = {
        .host = host,
        .values = values,
        .take = take,
        .work = business_work,
        .look_ms = jj_look_ms(0),
    };
    json_t *schemes = json_loads(values[OPTION_SCHEMES].string, 0, NULL);
    if (!schemes) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    int code = jj_reactor_new(sizeof(struct capital), &reactor, self, err);
    if (code == 0) {
        ((struct capital *)*self)->schemes = schemes;
    } else {
        json_decref(schemes);
    }
    return code;
}

static void destroy(void *arg)
{
    struct capital *self = arg;
    if (self) {
        json_decref(self->schemes);
    }
    free(self);
}

JJ_API extern const jj_plugin jejaring_plugin;
const jj_plugin jejaring_plugin = {
    .abi_major = JJ_ABI_MAJOR,
    .abi_minor = JJ_ABI_MINOR,
    .size_bytes = sizeof(jj_plugin),
    .name = "capital",
    .version = "1.0",
    .summary = "loans; refers businesses that need capital to the fitting scheme",
    .publishes = publishes,
    .subscribes = subscribes,
    .options = options,
    .check = check,
    .create = create,
    .start = jj_reactor_start,
    .on_events = jj_reactor_events,
    .on_timer = jj_reactor_timer,
    .destroy = destroy,
};
