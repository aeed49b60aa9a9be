/*
 * disability: the disability service unit (ULD).
 *
 * Takes in assessments and accommodations. Reacts:
 *  - a graduate with a disability who lets the unit know is referred to it, once (referral.made);
 *  - at a placement, what the person needs is passed on to the agency that said so
 *    (accommodation.provided): the needs, and never the category;
 *  - each report of an employer is held against the quota of UU 8/2016 article 53
 *    (quota.shortfall; 0: it is met).
 *
 * State (the order in which events came does not show in it, save what was said):
 *   p/<person>    disability, consent, placement, assessed needs, in registers
 *   e/<employer>/<report>  a report that is not answered yet
 *   todo/p:<person>, todo/e:<employer>/<report>  to be looked at again
 */
#include <jejaring/publisher.h>
#include <jejaring/react.h>

/* One instance. */
typedef struct disability {
    jj_reactor reactor;
    const jj_publisher *publisher; /* NULL: this host does not tell who said something */
} disability;

enum {
    OPTION_UNIT,
    OPTION_PURPOSE,
    OPTION_GOVERNMENT,
    OPTION_PRIVATE
};

static const char *const publishes[] = {"accommodation.assessed", "accommodation.provided",
                                        "referral.made", "quota.shortfall", NULL};

static const char *const subscribes[] = {
    "alumni.graduated",       "consent.granted",   "consent.withdrawn",
    "accommodation.assessed", "placement.started", "placement.ended",
    "quota.reported",         "person.erased",     NULL};

static const jj_option options[] = {
    {"unit", JJ_OPTION_STRING, "ULD Ketenagakerjaan", 0, 0, false,
     "name of the unit that graduates are referred to"},
    {"purpose", JJ_OPTION_STRING, "Pendampingan kerja", 0, 0, false, "what they are referred for"},
    {"percent_government", JJ_OPTION_INTEGER, "2", 1, 100, false,
     "quota of government and state-owned employers in percent (UU 8/2016 article 53)"},
    {"percent_private", JJ_OPTION_INTEGER, "1", 1, 100, false,
     "quota of private employers in percent (UU 8/2016 article 53)"},
    {0},
};

static int check(const jj_value *values, jj_error *err)
{
    static const int texts[] = {OPTION_UNIT, OPTION_PURPOSE};
    for (size_t i = 0; i < 2; i++) {
        const char *text = values[texts[i]].string;
        if (text && *text && strlen(text) <= 200) {
            continue;
        }
        jj_fail(err, JJ_ECONFIG, "1 to 200 characters are expected");
        snprintf(err->field, sizeof err->field, "%s", options[texts[i]].name);
        return JJ_ECONFIG;
    }
    return 0;
}

/* ---- Persons ------------------------------------------------------------------------------ */

/* What of a graduation tells it from others of the person, in the words of the state. */
static void graduation_name(const json_t *data, char out[JJ_KEY_MAX])
{
    char vocation[JJ_NAME_MAX], batch[JJ_NAME_MAX];
    jj_skill(jj_text(data, "vocation"), vocation);
    jj_skill(jj_text(data, "batch"), batch);
    snprintf(out, JJ_KEY_MAX, "%s|%s|%d", vocation, batch, (int)jj_number(data, "year", 0));
}

/* What a graduation says of a disability. The latest version of each graduation counts: one that
 * was corrected and speaks of none any more takes back what it said. A view that is bound by
 * consent does not see `funding`, and there silence may only mean that nothing is shown. */
static void learn_graduation(jj_turn *turn, json_t *person, const jj_event *event,
                             const json_t *data)
{
    char name[JJ_KEY_MAX];
    bool told = json_object_size(json_object_get(data, "disability")) > 0;
    if (!told && !json_object_get(data, "funding")) {
        return;
    }
    if (!json_object_get(person, "told")) {
        jj_doc_set(turn, person, "told", json_object());
    }
    graduation_name(data, name);
    jj_register_take(turn, json_object_get(person, "told"), name, event,
                     told ? jj_origin(event) : json_null());
}

/* The latest graduation that speaks of a disability, NULL: none. "graduated" is where it was kept
 * before each graduation had a place of its own. Borrowed. */
static const json_t *graduation_told(const json_t *person)
{
    const char *name, *latest = "";
    json_t *entry;
    const json_t *origin = jj_register(person, "graduated");
    json_object_foreach(json_object_get(person, "told"), name, entry)
    {
        const char *stamp = json_string_value(json_array_get(entry, 0));
        if (json_is_object(json_array_get(entry, 1)) && strcmp(stamp, latest) > 0) {
            latest = stamp;
            origin = json_array_get(entry, 1);
        }
    }
    return origin;
}

static int refer(const jj_reactor *self, jj_turn *turn, const char *id, json_t *person)
{
    const json_t *origin = graduation_told(person);
    if (!origin || !jj_consent(person) || jj_flag(person, "referred")) {
        return 0;
    }
    jj_event cause = jj_origin_event(origin);
    int64_t consent_ms = jj_stamp_time(jj_register_stamp(person, "consent"));
    jj_doc_set(turn, person, "referred", json_true());
    jj_react(turn,
             (jj_draft){
                 .type = "referral.made",
                 .subject = id,
                 .region = cause.region,
                 .cause = &cause,
                 .key = id,
                 .time_ms = consent_ms > cause.time_ms ? consent_ms : cause.time_ms,
             },
             json_pack("{s:s, s:s}", "to", self->values[OPTION_UNIT].string, "purpose",
                       self->values[OPTION_PURPOSE].string));
    return 1;
}

/* Each assessment once for each placement, also if it comes after it. */
static int pass_on_needs(jj_turn *turn, const char *id, json_t *person)
{
    const char *placement, *category;
    const json_t *origin = jj_post_now(person, &placement);
    json_t *register_, *passed = json_object_get(person, "passed");
    jj_event cause = jj_origin_event(origin);
    int drafts = 0;
    if (!origin) {
        return 0;
    }
    if (!passed) {
        jj_doc_set(turn, person, "passed", json_object());
        passed = json_object_get(person, "passed");
    }
    json_object_foreach(json_object_get(person, "needs"), category, register_)
    {
        const char *before = jj_text(passed, category);
        const char *assessment = json_string_value(json_array_get(register_, 0));
        int64_t known_ms = jj_stamp_time(assessment);
        char now[JJ_KEY_MAX], key[JJ_KEY_MAX];
        jj_key(turn, now, "%s/%s", placement, assessment);
        jj_key(turn, key, "%s/%s", category, assessment);
        if (before && strcmp(before, now) == 0) {
            continue;
        }
        jj_doc_set(turn, passed, category, json_string(now));
        jj_react(
            turn,
            (jj_draft){
                .type = "accommodation.provided",
                .subject = id,
                .region = cause.region,
                .recipient = jj_text(origin, "publisher"),
                .cause = &cause,
                .key = key,
                .time_ms = known_ms > cause.time_ms ? known_ms : cause.time_ms,
            },
            json_pack("{s:s, s:O}", "category", category, "needs", json_array_get(register_, 1)));
        drafts++;
    }
    if (json_object_size(passed) == 0) {
        json_object_del(person, "passed");
    }
    return drafts;
}

static int person_work(const jj_reactor *self, jj_turn *turn, const char *id)
{
    char key[JJ_KEY_MAX];
    jj_key(turn, key, "p/%s", id);
    json_t *person = jj_doc_load(turn, key);
    int drafts = refer(self, turn, id, person) + pass_on_needs(turn, id, person);
    if (drafts > 0) {
        jj_doc_store(turn, key, person);
    }
    json_decref(person);
    return drafts;
}

static void learn_needs(jj_turn *turn, json_t *person, const jj_event *event, const json_t *data)
{
    const char *category = jj_text(data, "category");
    json_t *needs = json_object_get(data, "needs");
    if (!category || json_array_size(needs) == 0) {
        return;
    }
    if (!json_object_get(person, "needs")) {
        jj_doc_set(turn, person, "needs", json_object());
    }
    jj_register_take(turn, json_object_get(person, "needs"), category, event, json_incref(needs));
}

/* With who said so: that is whom the needs are passed on to. */
static json_t *placed(const disability *self, jj_turn *turn, const jj_event *event)
{
    json_t *origin = jj_origin(event);
    const char *publisher = self->publisher ? self->publisher->of(self->reactor.host, event) : NULL;
    if (publisher) {
        jj_doc_set(turn, origin, "publisher", json_string(publisher));
    }
    return origin;
}

static void on_person(const disability *self, jj_turn *turn, const jj_event *event,
                      const json_t *data)
{
    char key[JJ_KEY_MAX], work[JJ_KEY_MAX];
    jj_key(turn, key, "p/%s", event->subject);
    json_t *person = jj_doc_load(turn, key);
    jj_consent_take(turn, person, event, data, "disability", "disability");
    if (strcmp(event->type, "person.erased") == 0) {
        json_object_clear(person);
    } else if (strcmp(event->type, "alumni.graduated") == 0) {
        learn_graduation(turn, person, event, data);
    } else if (strcmp(event->type, "accommodation.assessed") == 0) {
        learn_needs(turn, person, event, data);
    } else if (strcmp(event->type, "placement.started") == 0) {
        jj_post_take(turn, person, event, data, placed(self, turn, event));
    } else if (strcmp(event->type, "placement.ended") == 0) {
        jj_post_take(turn, person, event, data, NULL);
    }
    jj_doc_store(turn, key, person);
    jj_key(turn, work, "p:%s", event->subject);
    jj_todo_add(turn, work);
    json_decref(person);
}

/* ---- Employers ---------------------------------------------------------------------------- */

/* Reports are answered one by one, in turns: a commit takes so many answers only. */
static void on_report(jj_turn *turn, const jj_event *event, const json_t *data)
{
    char id[JJ_KEY_MAX], key[JJ_KEY_MAX], stamp[JJ_STAMP_SIZE];
    jj_stamp(event, stamp);
    jj_key(turn, id, "e:%s/%s", event->subject, stamp);
    jj_key(turn, key, "e/%s/%s", event->subject, stamp);
    json_t *report =
        json_pack("{s:o, s:O*, s:O*, s:O*, s:O*, s:O*, s:O*}", "origin", jj_origin(event), "date",
                  json_object_get(data, "date"), "employer", json_object_get(data, "employer"),
                  "employer_name", json_object_get(data, "employer_name"), "headcount",
                  json_object_get(data, "headcount"), "disabled_headcount",
                  json_object_get(data, "disabled_headcount"), "ownership",
                  json_object_get(data, "ownership"));
    jj_doc_store(turn, key, report);
    jj_todo_add(turn, id);
    json_decref(report);
}

/* Says what a report means: how many are missing, or that none are. It is answered by itself,
 * whatever other reports say, so that it does not matter which of them comes first. "At least 1 %"
 * of 101 employees is 2: the quota is rounded up. */
static int employer_work(const jj_reactor *self, jj_turn *turn, const char *id)
{
    char key[JJ_KEY_MAX];
    jj_key(turn, key, "e/%s", id);
    json_t *report = jj_doc_load(turn, key);
    const char *ownership = jj_text(report, "ownership");
    int64_t employed = jj_number(report, "disabled_headcount", -1);
    bool complete = ownership && employed >= 0;
    if (complete) {
        char employer[JJ_KEY_MAX];
        bool private = strcmp(ownership, "private") == 0;
        int64_t percent = self->values[private ? OPTION_PRIVATE : OPTION_GOVERNMENT].number;
        int64_t required = (jj_number(report, "headcount", 0) * percent + 99) / 100;
        int64_t shortfall = required > employed ? required - employed : 0;
        jj_event cause = jj_origin_event(json_object_get(report, "origin"));
        jj_key(turn, employer, "%.*s", (int)strcspn(id, "/"), id);
        jj_react(turn,
                 (jj_draft){
                     .type = "quota.shortfall",
                     .subject = employer,
                     .region = cause.region,
                     .cause = &cause,
                     .time_ms = cause.time_ms,
                 },
                 json_pack("{s:O*, s:O, s:O*, s:I, s:I, s:I, s:s}", "date",
                           json_object_get(report, "date"), "employer",
                           json_object_get(report, "employer"), "employer_name",
                           json_object_get(report, "employer_name"), "required",
                           (json_int_t)required, "employed", (json_int_t)employed, "shortfall",
                           (json_int_t)shortfall, "ownership", ownership));
    }
    jj_delete(turn, key);
    json_decref(report);
    return complete;
}

/* ---- The plugin --------------------------------------------------------------------------- */

static void take(void *self, jj_turn *turn, const jj_event *event, const json_t *data)
{
    if (strcmp(event->type, "quota.reported") == 0) {
        on_report(turn, event, data);
    } else {
        on_person(self, turn, event, data);
    }
}

static int work(void *self, jj_turn *turn, const char *id, int most)
{
    (void)most; /* a handful at most, and then `todo` is empty of it */
    return *id == 'p' ? person_work(self, turn, id + 2) : employer_work(self, turn, id + 2);
}

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    const jj_reactor reactor = {.host = host, .values = values, .take = take, .work = work};
    int rc = jj_reactor_new(sizeof(disability), &reactor, self, err);
    if (rc == 0) {
        disability *made = *self;
        made->publisher = host->interface(host, JJ_PUBLISHER);
    }
    return rc;
}

JJ_API extern const jj_plugin jejaring_plugin;
const jj_plugin jejaring_plugin = {
    .abi_major = JJ_ABI_MAJOR,
    .abi_minor = JJ_ABI_MINOR,
    .size_bytes = sizeof(jj_plugin),
    .name = "disability",
    .version = "1.0",
    .summary = "refers graduates to the unit, passes needs on, measures the quota",
    .publishes = publishes,
    .subscribes = subscribes,
    .options = options,
    .check = check,
    .create = create,
    .start = jj_reactor_start,
    .on_events = jj_reactor_events,
    .on_timer = jj_reactor_timer,
    .destroy = free,
};
