/*
 * Help for plugins that react to events: consent, the publication of reactions, a list of what is
 * to be done, an agenda of what a time will bring, and the frame that all of it stands in
 * (jj_reactor).
 *
 * Guarantees: what a callback has begun is committed whole or not at all, whatever crashes; work
 * that one commit cannot hold, or that a crash has left, is done later.
 *
 * Not here: what a reaction is. Nobody must use this header. Header only, like state.h.
 */
#ifndef JEJARING_REACT_H
#define JEJARING_REACT_H

#include <jejaring/state.h>

#define JJ_DRAFTS_MAX 500 /* what a callback should publish at most; the rest from a timer */

/* ---- Consent ------------------------------------------------------------------------------ */

/*
 * Takes what an event says about a person's consent for one audience into the register "consent":
 * consent.granted and consent.withdrawn, and alumni.graduated, whose list grants like the former
 * and withdraws nothing, as in the hub. The latest time wins, and at one moment the withdrawal.
 * True if the register was written.
 *
 * A reader who is bound by consent does not see the list, but that the hub shows it something is
 * the hub's word for that consent. proof names a member of alumni.graduated that is shown, among
 * those bound by consent, to this audience alone; NULL: there is none. A view that is not bound by
 * consent is told by `funding`, which is required and shown to nobody who is.
 */
static inline bool jj_consent_take(jj_turn *turn, json_t *document, const jj_event *event,
                                   const json_t *data, const char *audience, const char *proof)
{
    const json_t *list = json_object_get(data, "consent");
    if (strncmp(event->type, "consent.", 8) == 0) {
        bool granted = strcmp(event->type, "consent.granted") == 0;
        return jj_lists(json_object_get(data, "audiences"), audience) &&
               jj_register_answer(turn, document, "consent", event, granted);
    }
    if (strcmp(event->type, "alumni.graduated") != 0) {
        return false;
    }
    bool vouched =
        proof && json_object_get(data, proof) && !json_object_get(data, "funding") && !list;
    return (vouched || jj_lists(list, audience)) &&
           jj_register_answer(turn, document, "consent", event, true);
}

static inline bool jj_consent(const json_t *document)
{
    return json_is_true(jj_register(document, "consent"));
}

/* ---- Where a person works ----------------------------------------------------------------- */

/*
 * Placements and their ends, in the members "posts" and "ends" of a document, each by its day and
 * post, so that a correction, whatever its time, speaks of the same one. An end takes back what it
 * agrees with best of what began up to its day, as in the warehouse: by vacancy, else by employer,
 * else, where there is nothing to compare, what there is; and on its own day rather what began
 * before. So who leaves one place and begins at another on the same day, or has a contract renewed,
 * is at work, in whatever order that is said.
 */

#define JJ_POST_MAX (JJ_DAY_SIZE + 2 * JJ_NAME_MAX) /* bytes of a post's name with its NUL */

/* What a placement event calls its post: "day vacancy|employer", with either left out. */
static inline void jj_post_name(const jj_event *event, const json_t *data, char out[JJ_POST_MAX])
{
    const char *vacancy = jj_name(jj_text(data, "vacancy"));
    char employer[JJ_NAME_MAX], day[JJ_DAY_SIZE];
    jj_skill(jj_text(data, "employer"), employer);
    jj_day_format(jj_day_of(event, data), day);
    snprintf(out, JJ_POST_MAX, "%s %s|%s", day, vacancy ? vacancy : "", employer);
}

/* How well an end agrees with a post: 3 by vacancy, 2 by employer, 1 where there is nothing to
 * compare, 0 not at all. */
static inline int jj_post_level(const char *post, const char *end)
{
    const char *post_employer = strrchr(post, '|'), *end_employer = strrchr(end, '|');
    size_t post_size = (size_t)(post_employer - post), end_size = (size_t)(end_employer - end);
    if (post_size > 0 && end_size > 0) {
        return post_size == end_size && memcmp(post, end, end_size) == 0 ? 3 : 0;
    }
    if (post_employer[1] && end_employer[1]) {
        return strcmp(post_employer, end_employer) == 0 ? 2 : 0;
    }
    return 1;
}

/* Splits the name of an entry into its day and "vacancy|employer". An entry of before names had a
 * day has that of its stamp. */
static inline const char *jj_post_read(const char *name, const json_t *entry, char day[JJ_DAY_SIZE])
{
    if (strlen(name) > JJ_DAY_SIZE && name[JJ_DAY_SIZE - 1] == ' ') {
        snprintf(day, JJ_DAY_SIZE, "%s", name);
        return name + JJ_DAY_SIZE;
    }
    jj_day_format(jj_stamp_time(json_string_value(json_array_get(entry, 0))), day);
    return name;
}

/* How much an end of that day takes back a post: 0 not at all, and the more the rather. */
static inline int jj_post_rank(const char *post, const char *day, const char *end,
                               const char *ended)
{
    int order = strcmp(day, ended), level = order > 0 ? 0 : jj_post_level(post, end);
    return level ? 2 * level + (order < 0) : 0;
}

static inline bool jj_post_over(const json_t *document, const char *post, const char *day)
{
    const char *name, *other_name;
    json_t *entry, *other;
    json_object_foreach(json_object_get(document, "ends"), name, entry)
    {
        char ended[JJ_DAY_SIZE], began[JJ_DAY_SIZE];
        const char *end = jj_post_read(name, entry, ended);
        int rank = jj_post_rank(post, day, end, ended);
        bool best = rank > 0;
        json_object_foreach(json_object_get(document, "posts"), other_name, other)
        {
            const char *others = jj_post_read(other_name, other, began);
            best = best && jj_post_rank(others, began, end, ended) <= rank;
        }
        if (best) {
            return true;
        }
    }
    return false;
}

/* Takes placement.started, with a value to keep of it, or placement.ended. value is taken; it is
 * not needed for an end. */
static inline void jj_post_take(jj_turn *turn, json_t *document, const jj_event *event,
                                const json_t *data, json_t *value)
{
    char post[JJ_POST_MAX];
    const char *member = strcmp(event->type, "placement.started") == 0 ? "posts" : "ends";
    jj_post_name(event, data, post);
    if (!json_object_get(document, member)) {
        jj_doc_set(turn, document, member, json_object());
    }
    jj_register_take(turn, json_object_get(document, member), post, event,
                     value ? value : json_null());
}

/* The value of the latest placement that is not over, NULL if there is none. *stamp, if asked for,
 * becomes its stamp. Both borrowed. */
static inline json_t *jj_post_now(const json_t *document, const char **stamp)
{
    const char *name, *latest_stamp = "";
    char latest[JJ_DAY_SIZE] = "";
    json_t *entry, *value = NULL;
    json_object_foreach(json_object_get(document, "posts"), name, entry)
    {
        char day[JJ_DAY_SIZE];
        const char *post = jj_post_read(name, entry, day);
        const char *said = json_string_value(json_array_get(entry, 0));
        int order = strcmp(day, latest);
        bool later = order > 0 || (order == 0 && strcmp(said, latest_stamp) > 0);
        if (later && !jj_post_over(document, post, day)) {
            strcpy(latest, day);
            latest_stamp = said;
            value = json_array_get(entry, 1);
        }
    }
    if (stamp) {
        *stamp = latest_stamp;
    }
    return value;
}

/* The day on which the person last left a place; 0 if never. */
static inline int64_t jj_post_left_ms(const json_t *document)
{
    const char *name;
    json_t *entry;
    int64_t left_ms = 0;
    json_object_foreach(json_object_get(document, "ends"), name, entry)
    {
        char day[JJ_DAY_SIZE];
        int64_t day_ms = 0;
        jj_post_read(name, entry, day);
        jj_day_parse(day, &day_ms);
        left_ms = day_ms > left_ms ? day_ms : left_ms;
    }
    return left_ms;
}

/* ---- Reactions ---------------------------------------------------------------------------- */

/* What a later reaction needs of the event that it answers: kept in a document, because the event
 * itself is gone with its batch. New. */
static inline json_t *jj_origin(const jj_event *event)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:I}", "id", event->id, "source", event->source, "type",
                     event->type, "region", event->region, "time", (json_int_t)event->time_ms);
}

/* The same as a cause for a draft; borrows from origin. */
static inline jj_event jj_origin_event(const json_t *origin)
{
    return (jj_event){
        .id = jj_text(origin, "id"),
        .source = jj_text(origin, "source"),
        .type = jj_text(origin, "type"),
        .region = jj_text(origin, "region"),
        .time_ms = jj_number(origin, "time", 0),
    };
}

/* True if this plugin has said event itself, as an answer to another. What comes through its inbox
 * has the same source, but no cause. */
static inline bool jj_is_own(const jj_host *host, const jj_event *event)
{
    char source[256];
    snprintf(source, sizeof source, "/%s/%s", host->node, host->instance);
    return event->cause && strcmp(event->source, source) == 0;
}

/* Publishes a reaction: to data (taken) is added `date`, the day of draft->time_ms, if it has none.
 * One that could not be published later either (too large, say) is left out with a complaint: to
 * try it again would keep everything else waiting. */
static inline void jj_react(jj_turn *turn, jj_draft draft, json_t *data)
{
    char day[JJ_DAY_SIZE];
    jj_error err = {0};
    jj_day_format(draft.time_ms, day);
    if (!json_object_get(data, "date")) {
        jj_doc_set(turn, data, "date", json_string(day));
    }
    draft.data = data;
    int rc = turn->failed ? 0 : turn->host->publish(turn->host, &draft, &err);
    if (rc == JJ_EINVALID || rc == JJ_ETOO_LARGE || rc == JJ_EFORBIDDEN) {
        turn->host->log(turn->host, JJ_LOG_ERROR,
                        "a reaction of type %s cannot be published and is left out: %s", draft.type,
                        err.text);
    } else if (rc) {
        jj_turn_fail(turn, err.text[0] ? err.text : "a reaction cannot be published");
    }
    json_decref(data);
}

/* ---- What is to be done ------------------------------------------------------------------- */

/* Timers of the frame; a plugin's own begin with JJ_TIMER_OWN. */
enum {
    JJ_TIMER_WORK, /* what was left over */
    JJ_TIMER_DUE,  /* the agenda */
    JJ_TIMER_OWN,
};

/* Notes that something is to be done about id. State: "todo/<id>". */
static inline void jj_todo_add(jj_turn *turn, const char *id)
{
    char key[JJ_KEY_MAX];
    jj_key(turn, key, "todo/%s", id);
    jj_put(turn, key, "");
}

/* Does what there is to do about one thing with at most `most` drafts; returns how many it made.
 * If that was `most`, it is called again, now or later. */
typedef int (*jj_work)(void *self, jj_turn *turn, const char *id, int most);

/* Does what was noted. What would make the commit too large is left to JJ_TIMER_WORK. */
static inline void jj_todo_do(jj_turn *turn, jj_work work, void *self)
{
    for (int room = JJ_DRAFTS_MAX;;) {
        char key[JJ_KEY_MAX];
        json_t *first = jj_collect(turn, "todo/", 1);
        const char *id = json_object_iter_key(json_object_iter(first));
        bool go_on = id && room > 0 && !turn->failed;
        if (go_on) {
            int drafts = work(self, turn, id, room);
            jj_key(turn, key, "todo/%s", id);
            if (drafts < room) {
                jj_delete(turn, key);
            }
            room -= drafts;
        } else if (id && !turn->failed) {
            turn->host->timer(turn->host, JJ_TIMER_WORK, 1, false);
        }
        json_decref(first);
        if (!go_on) {
            return;
        }
    }
}

/* Puts id on the agenda for a time, or takes it off. From that time on it is to be looked at, until
 * it is taken off. State: "due/<time>/<id>". */
static inline void jj_due_set(jj_turn *turn, const char *id, int64_t time_ms, bool due)
{
    char key[JJ_KEY_MAX];
    jj_key(turn, key, "due/%014lld/%s", (long long)time_ms, id);
    if (due) {
        jj_put(turn, key, "");
    } else {
        jj_delete(turn, key);
    }
}

struct jj_overdue {
    json_t *ids;
    int64_t now_ms;
};

static inline int jj_overdue_one(void *arg, const char *key, const char *value)
{
    struct jj_overdue *overdue = arg;
    char *id;
    (void)value;
    if (strtoll(key + strlen("due/"), &id, 10) > overdue->now_ms || *id != '/') {
        return 1; /* and so is all that follows */
    }
    return json_array_append_new(overdue->ids, json_string(id + 1));
}

/* Notes everything that is due by now as to be done. */
static inline void jj_due_take(jj_turn *turn)
{
    struct jj_overdue overdue = {json_array(), turn->host->now_ms(turn->host)};
    turn->host->state_scan(turn->host, "due/", jj_overdue_one, &overdue);
    for (size_t i = 0; i < json_array_size(overdue.ids); i++) {
        jj_todo_add(turn, json_string_value(json_array_get(overdue.ids, i)));
    }
    json_decref(overdue.ids);
}

/* ---- The frame ---------------------------------------------------------------------------- */

/* Takes one event into the state. data is its data; its subject and region can be parts of a state
 * key. */
typedef void (*jj_take)(void *self, jj_turn *turn, const jj_event *event, const json_t *data);

/*
 * A plugin that reacts: `take` brings events into its state and notes what they touch; `work` then
 * brings each of these things up to date and says what is to be said. Its instance begins with a
 * jj_reactor, its descriptor has jj_reactor_start, jj_reactor_events and jj_reactor_timer for
 * callbacks, and its create ends with jj_reactor_new.
 */
typedef struct jj_reactor {
    const jj_host *host;
    const jj_value *values; /* of the option at the same index of the table */
    jj_take take;
    jj_work work;
    int64_t look_ms; /* how often the agenda is looked at; 0: there is none */
} jj_reactor;

/* How often to look for what waits so long: at the latest a minute after it is due. */
static inline int64_t jj_look_ms(int64_t wait_ms)
{
    const int64_t minute_ms = 60000;
    return wait_ms > 0 && wait_ms < minute_ms ? wait_ms : minute_ms;
}

/* Makes an instance of size_bytes that begins with a copy of reactor; the rest is zero. Freed by
 * free. Errors: JJ_EMEMORY. */
static inline int jj_reactor_new(size_t size_bytes, const jj_reactor *reactor, void **self,
                                 jj_error *err)
{
    jj_reactor *instance = calloc(1, size_bytes);
    if (!instance) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    *instance = *reactor;
    *self = instance;
    return 0;
}

static inline int jj_reactor_start(void *self, jj_error *err)
{
    const jj_reactor *reactor = self;
    const jj_host *host = reactor->host;
    (void)err;
    host->timer(host, JJ_TIMER_WORK, 1, false); /* what a crash or a pause has left */
    return reactor->look_ms ? host->timer(host, JJ_TIMER_DUE, reactor->look_ms, true) : 0;
}

/* An event whose subject or region is missing or cannot be a part of a state key goes to
 * quarantine. */
static inline int jj_reactor_events(void *self, const jj_event *events, size_t count)
{
    const jj_reactor *reactor = self;
    const jj_host *host = reactor->host;
    jj_turn turn = {host, false};
    for (size_t i = 0; i < count && !turn.failed; i++) {
        const jj_event *event = &events[i];
        if (jj_name(event->subject) && jj_name(event->region)) {
            reactor->take(self, &turn, event, host->data(host, event));
        } else {
            host->reject(host, event, "no usable subject or region");
        }
    }
    jj_todo_do(&turn, reactor->work, self);
    return jj_turn_verdict(&turn);
}

static inline void jj_reactor_timer(void *self, int id)
{
    const jj_reactor *reactor = self;
    jj_turn turn = {reactor->host, false};
    (void)id;
    jj_due_take(&turn);
    jj_todo_do(&turn, reactor->work, self);
    jj_turn_settle(&turn);
}

#endif
