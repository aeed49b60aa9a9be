/*
 * cooperative: the cooperative and small business agency.
 *
 * Takes in businesses, memberships, mentoring and the orders of government offices (OPD). Reacts:
 * an order is offered in rotation (order.offered) to the businesses that have the skill in the
 * order's region, least recently offered first, so many at a time; and if it has not been
 * completed after `patience`, to the next ones.
 *
 * State (what is known of businesses and orders does not depend on the order of events):
 *   b/<business>          the business, in registers, and when it was last offered something
 *   h/<person>/<business> the businesses of a person
 *   o/<order>             the order and how far it has been offered
 *   f/<person>/<order>    offered: a person is asked once for each order
 *   turn                  how many offers there were: the clock of the rotation
 *   rota                  line of businesses (lines.h)
 *   seek                  orders for which there were too few businesses
 *   due/, todo/           orders whose next round will come, orders to be looked at (react.h)
 */
#include <jejaring/lines.h>

#define SKILLS_MAX 2 /* a business is found by its vocation and by its KBLI code */

enum {
    OPTION_OFFERS,
    OPTION_PATIENCE,
    OPTION_ROUNDS
};

static const char *const publishes[] = {
    "business.registered", "business.closed",    "cooperative.joined",
    "cooperative.left",    "mentoring.provided", "order.placed",
    "order.completed",     "order.offered",      NULL};

static const char *const subscribes[] = {"business.registered", "business.closed", "order.placed",
                                         "order.completed",     "person.erased",   NULL};

static const jj_option options[] = {
    {"offers", JJ_OPTION_INTEGER, "3", 1, 100, false, "businesses that are asked at a time"},
    {"patience", JJ_OPTION_DURATION, "3d", 1000, 365 * JJ_DAY_MS, false,
     "how long an order may stay uncompleted before the next businesses are asked"},
    {"rounds", JJ_OPTION_INTEGER, "3", 1, 100, false, "how many times businesses are asked"},
    {0},
};

/* ---- Businesses --------------------------------------------------------------------------- */

/* Where a business stands in the rotation: nowhere if it is closed. */
static jj_stand business_stand(const json_t *business)
{
    jj_stand stand = {0};
    char order[JJ_NAME_MAX];
    const json_t *registered = jj_register(business, "registered");
    const json_t *skills = json_object_get(registered, "skills");
    int64_t since_ms =
        jj_number(registered, "since", jj_stamp_time(jj_register_stamp(business, "registered")));
    snprintf(order, sizeof order, "%010lld-%014lld", (long long)jj_number(business, "turn", 0),
             (long long)since_ms);
    if (!jj_register_over(business, "registered", "closed")) {
        for (size_t i = 0; i < json_array_size(skills); i++) {
            jj_stand_add(&stand, jj_text(registered, "region"),
                         json_string_value(json_array_get(skills, i)), order);
        }
    }
    return stand;
}

static json_t *business_terms(const jj_event *event, const json_t *data)
{
    static const char *const members[SKILLS_MAX] = {"vocation", "kbli"};
    json_t *skills = json_array();
    for (size_t i = 0; i < SKILLS_MAX; i++) {
        char skill[JJ_NAME_MAX];
        jj_skill(jj_text(data, members[i]), skill);
        if (skill[0]) {
            json_array_append_new(skills, json_string(skill));
        }
    }
    return json_pack("{s:s, s:s, s:o, s:I}", "person", event->subject, "region", event->region,
                     "skills", skills, "since", (json_int_t)jj_day_of(event, data));
}

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
    jj_stand before = business_stand(business);
    if (strcmp(event->type, "business.registered") == 0) {
        jj_register_take(turn, business, "registered", event, business_terms(event, data));
    } else {
        jj_register_take(turn, business, "closed", event, json_true());
    }
    jj_stand now = business_stand(business);
    jj_stand_move(turn, "rota", id, &before, &now);
    jj_want_call(turn, "seek", &now);
    jj_doc_store(turn, key, business);
    json_decref(business);
}

static void on_erased(jj_turn *turn, const char *person)
{
    const jj_stand nowhere = {0};
    char prefix[JJ_KEY_MAX], key[JJ_KEY_MAX];
    const char *id;
    json_t *unused;
    jj_key(turn, prefix, "h/%s/", person);
    json_t *businesses = jj_collect(turn, prefix, SIZE_MAX);
    json_object_foreach(businesses, id, unused)
    {
        jj_key(turn, key, "b/%s", id);
        json_t *business = jj_doc_load(turn, key);
        jj_stand before = business_stand(business);
        jj_stand_move(turn, "rota", id, &before, &nowhere);
        jj_delete(turn, key);
        json_decref(business);
    }
    json_decref(businesses);
    jj_forget(turn, prefix);
    jj_key(turn, prefix, "f/%s/", person);
    jj_forget(turn, prefix);
}

/* ---- Orders ------------------------------------------------------------------------------- */

static void order_seek(jj_turn *turn, const char *id, const json_t *order, bool seeks)
{
    const json_t *placed = jj_register(order, "placed");
    jj_want_set(turn, "seek", json_object_get(placed, "areas"), json_object_get(placed, "skills"),
                id, seeks);
}

/* What an order asks for, as it was said last. If that is something else than what was offered, its
 * offers begin anew, with those who have not been asked yet. */
static void order_learn(jj_turn *turn, json_t *order, const jj_event *event, const json_t *data,
                        const char *skill)
{
    static const char *const begun[] = {"rounds", "due", "asked"};
    const json_t *placed = jj_register(order, "placed");
    json_t *terms = json_pack("{s:o, s:[s], s:[s], s:s*}", "origin", jj_origin(event), "areas",
                              event->region, "skills", skill, "until", jj_text(data, "needed_by"));
    int64_t offered = jj_number(order, "offered", 0);
    bool same = json_equal(json_object_get(placed, "areas"), json_object_get(terms, "areas")) &&
                json_equal(json_object_get(placed, "skills"), json_object_get(terms, "skills"));
    order_seek(turn, event->subject, order, false);
    if (jj_register_take(turn, order, "placed", event, terms) && !same && offered > 0) {
        jj_due_set(turn, event->subject, jj_number(order, "due", 0), false);
        for (size_t i = 0; i < sizeof begun / sizeof *begun; i++) {
            json_object_del(order, begun[i]);
        }
        jj_doc_set(turn, order, "before", json_integer(offered));
    }
}

static void on_order(jj_turn *turn, const jj_event *event, const json_t *data)
{
    char key[JJ_KEY_MAX], skill[JJ_NAME_MAX];
    jj_key(turn, key, "o/%s", event->subject);
    json_t *order = jj_doc_load(turn, key);
    jj_skill(jj_text(data, "service"), skill);
    if (strcmp(event->type, "order.completed") == 0) {
        jj_doc_set(turn, order, "done", json_true());
    } else if (skill[0]) {
        order_learn(turn, order, event, data, skill);
    }
    jj_doc_store(turn, key, order);
    jj_todo_add(turn, event->subject);
    json_decref(order);
}

/* True while somebody may still be asked. */
static bool order_open(const json_t *order, int64_t now_ms)
{
    const json_t *placed = jj_register(order, "placed");
    int64_t last_ms;
    bool late = jj_day_parse(jj_text(placed, "until"), &last_ms) && now_ms >= last_ms + JJ_DAY_MS;
    return placed && !late && !jj_flag(order, "done");
}

/* Offers the order to one business and sends it to the end of the rotation. False: its owner has
 * been asked before. */
static bool offer(jj_turn *turn, const char *id, json_t *order, const char *business_id)
{
    char key[JJ_KEY_MAX], mark[JJ_KEY_MAX], count[24];
    const char *value = "0";
    jj_key(turn, key, "b/%s", business_id);
    json_t *business = jj_doc_load(turn, key);
    const json_t *registered = jj_register(business, "registered");
    const char *person = jj_text(registered, "person");
    jj_key(turn, mark, "f/%s/%s", person, id);
    bool fresh = !turn->failed && !jj_has(turn, mark);
    if (fresh) {
        int64_t since_ms = jj_stamp_time(jj_register_stamp(business, "registered"));
        int64_t asked_ms = jj_number(order, "asked", 0);
        int64_t rank = jj_number(order, "offered", 0) + 1;
        jj_event cause = jj_origin_event(json_object_get(jj_register(order, "placed"), "origin"));
        int64_t time_ms = since_ms > cause.time_ms ? since_ms : cause.time_ms;
        bool never = jj_number(business, "turn", 0) == 0;
        jj_stand before = business_stand(business);
        turn->host->state_get(turn->host, "turn", &value);
        snprintf(count, sizeof count, "%lld", strtoll(value, NULL, 10) + 1);
        jj_doc_set(turn, business, "turn", json_integer(strtoll(count, NULL, 10)));
        jj_doc_set(turn, order, "offered", json_integer(rank));
        jj_stand now = business_stand(business);
        jj_stand_move(turn, "rota", business_id, &before, &now);
        jj_doc_store(turn, key, business);
        jj_put(turn, "turn", count);
        jj_put(turn, mark, "");
        jj_react(turn,
                 (jj_draft){
                     .type = "order.offered",
                     .subject = person,
                     .region = jj_text(registered, "region"),
                     .cause = &cause,
                     .key = person,
                     .time_ms = asked_ms > time_ms ? asked_ms : time_ms,
                 },
                 json_pack("{s:s, s:I, s:[s, s, s]}", "order", id, "rank", (json_int_t)rank,
                           "reasons", "skill", "region", never ? "never_offered" : "rotation"));
    }
    json_decref(business);
    return fresh;
}

/* Offers to up to `most` more, first in the rotation first; returns to how many. */
static int offer_some(jj_turn *turn, const char *id, json_t *order, int most)
{
    const json_t *placed = jj_register(order, "placed");
    int made = 0;
    size_t count = 0, limit = (size_t)(most + jj_number(order, "offered", 0));
    do { /* owners of several businesses may use up the first places: then look further */
        jj_place *places = NULL;
        count = jj_line_first(turn, "rota", json_object_get(placed, "areas"),
                              json_object_get(placed, "skills"), limit, &places);
        for (size_t i = 0; i < count && made < most && !turn->failed; i++) {
            made += offer(turn, id, order, places[i].member);
        }
        free(places);
        limit *= 2;
    } while (made < most && count == limit / 2 && !turn->failed);
    return made;
}

/* Begins a further round when the last has been waited for; the first at once. */
static void order_round(const jj_reactor *self, jj_turn *turn, const char *id, json_t *order,
                        bool open)
{
    int64_t now_ms = turn->host->now_ms(turn->host), rounds = jj_number(order, "rounds", 0);
    int64_t due_ms = jj_number(order, "due", 0), last = self->values[OPTION_ROUNDS].number;
    if (due_ms && (!open || now_ms >= due_ms)) {
        jj_due_set(turn, id, due_ms, false);
        json_object_del(order, "due");
    }
    if (!open || (due_ms && now_ms < due_ms) || rounds >= last) {
        return;
    }
    if (rounds > 0) { /* when the first were asked is the order's own time */
        jj_doc_set(turn, order, "asked", json_integer(due_ms));
    }
    jj_doc_set(turn, order, "rounds", json_integer(++rounds));
    if (rounds < last) {
        due_ms = now_ms + self->values[OPTION_PATIENCE].number;
        jj_doc_set(turn, order, "due", json_integer(due_ms));
        jj_due_set(turn, id, due_ms, true);
    }
}

static int order_work(void *arg, jj_turn *turn, const char *id, int most)
{
    const jj_reactor *self = arg;
    char key[JJ_KEY_MAX];
    int made = 0;
    jj_key(turn, key, "o/%s", id);
    json_t *order = jj_doc_load(turn, key);
    bool open = order_open(order, turn->host->now_ms(turn->host));
    int64_t need = 0;
    order_round(self, turn, id, order, open);
    if (open) {
        need = jj_number(order, "rounds", 0) * self->values[OPTION_OFFERS].number +
               jj_number(order, "before", 0) - jj_number(order, "offered", 0);
    }
    if (need > 0) {
        made = offer_some(turn, id, order, need < most ? (int)need : most);
    }
    order_seek(turn, id, order, need > made);
    jj_doc_store(turn, key, order);
    json_decref(order);
    return made;
}

/* ---- The plugin --------------------------------------------------------------------------- */

static void take(void *self, jj_turn *turn, const jj_event *event, const json_t *data)
{
    (void)self;
    if (strncmp(event->type, "order.", 6) == 0) {
        on_order(turn, event, data);
    } else if (strncmp(event->type, "business.", 9) == 0) {
        on_business(turn, event, data);
    } else {
        on_erased(turn, event->subject);
    }
}

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    const jj_reactor reactor = {
        .host = host,
        .values = values,
        .take = take,
        .work = order_work,
        .look_ms = jj_look_ms(values[OPTION_PATIENCE].number),
    };
    return jj_reactor_new(sizeof reactor, &reactor, self, err);
}

JJ_API extern const jj_plugin jejaring_plugin;
const jj_plugin jejaring_plugin = {
    .abi_major = JJ_ABI_MAJOR,
    .abi_minor = JJ_ABI_MINOR,
    .size_bytes = sizeof(jj_plugin),
    .name = "cooperative",
    .version = "1.0",
    .summary = "businesses, memberships and orders; offers orders in rotation",
    .publishes = publishes,
    .subscribes = subscribes,
    .options = options,
    .create = create,
    .start = jj_reactor_start,
    .on_events = jj_reactor_events,
    .on_timer = jj_reactor_timer,
    .destroy = free,
};
