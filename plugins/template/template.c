/*
 * template: a complete plugin to copy from.
 *
 * It counts graduates per vocation, says the counts in the log now and then, and nominates every
 * hundredth graduate of a vocation for an incubation place. What it does is of little use; how it
 * does it is what your plugin needs. Read <jejaring/plugin.h> beside it: every callback's contract
 * stands there.
 *
 * To make your own: copy this folder, rename, change the four tables (publishes, subscribes,
 * options, descriptor) and on_events. plugins/README.md says how to build and configure it.
 */
#include <jejaring/react.h> /* includes <jejaring/plugin.h>; its helpers are not obligatory */

/* Everything that lives as long as the instance. There are no global variables: two instances of
 * a plugin may run with different options. What must survive a restart is in the state instead. */
struct template
{
    const jj_host *host;
    const jj_value *values; /* of the option at the same index of `options` */
};

/* The event types that this plugin may say. The hub refuses all others, and these too unless the
 * instance's `audiences` in the config may say them. An inbox takes files of just these types. */
static const char *const publishes[] = {"incubation.selected", NULL};

/* The event types that are delivered to on_events. Of each event you see the members that the
 * schema shows to your audiences; where it asks for consent, only with that person's consent. */
static const char *const subscribes[] = {"alumni.graduated", NULL};

/* The options below `options:` in the config. The daemon checks names, types and ranges, fills in
 * defaults and documents them: `jejaringd --check` finds a mistake before anything is started. */
enum {
    OPTION_MILESTONE,
    OPTION_FUNDER,
    OPTION_REPORT
};
static const jj_option options[] = {
    {"milestone", JJ_OPTION_INTEGER, "100", 1, 1000000, false,
     "every so many graduates of a vocation one is nominated"},
    {"funder", JJ_OPTION_STRING, NULL, 0, 0, false, "who pays for the incubation place"},
    {"report_every", JJ_OPTION_DURATION, "1h", 1000, 30 * JJ_DAY_MS, false,
     "how often the counts are written to the log"},
    {0},
};

enum {
    TIMER_REPORT
}; /* ids of timers are yours to choose, 0 to 15 */

/* What types and ranges cannot say. No host, no files, no network: it also runs in --check. */
static int check(const jj_value *values, jj_error *err)
{
    const char *funder = values[OPTION_FUNDER].string;
    if (funder && (!*funder || strlen(funder) > 200)) {
        jj_fail(err, JJ_ECONFIG, "a funder has 1 to 200 characters; leave it out if there is none");
        snprintf(err->field, sizeof err->field, "funder");
        return JJ_ECONFIG;
    }
    return 0;
}

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    struct template *template = malloc(sizeof *template);
    if (!template) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    *template = (struct template){host, values};
    *self = template;
    return 0;
}

/* The hub is there, the state is loaded, events will follow. */
static int start(void *arg, jj_error *err)
{
    struct template *self = arg;
    (void)err;
    return self->host->timer(self->host, TIMER_REPORT, self->values[OPTION_REPORT].number, true);
}

/* A reaction. Its id is made from its cause and `key`, so that saying it again says nothing new:
 * after a crash the same batch comes again and ends in the same events. */
static void nominate(const struct template *self, jj_turn *turn, const jj_event *graduate,
                     const json_t *data)
{
    /* "s*" leaves a member out that is not known. jj_react takes the object and adds the date. */
    json_t *place =
        json_pack("{s:s, s:s, s:i, s:s*}", "vocation", jj_text(data, "vocation"), "batch",
                  jj_text(data, "batch"), "rank", 1, "funder", self->values[OPTION_FUNDER].string);
    jj_react(turn,
             (jj_draft){
                 .type = "incubation.selected",
                 .subject = graduate->subject, /* whom it is about */
                 .region = graduate->region,
                 .cause = graduate,
                 .time_ms = graduate->time_ms, /* never the clock: that differs the second time */
             },
             place);
}

static void on_graduate(const struct template *self, jj_turn *turn, const jj_event *event,
                        const json_t *data)
{
    /* A member may be missing, because it is optional or because you may not see it. */
    const char *vocation = jj_name(jj_text(data, "vocation")), *text;
    char key[JJ_KEY_MAX], number[24];
    if (!vocation) {
        return;
    }
    /* The state is a sorted map of texts. What is put is seen at once and becomes durable with the
     * batch; with the batch it is forgotten, too. So each graduate is counted once, whatever
     * crashes. */
    jj_key(turn, key, "count/%s", vocation);
    bool known = self->host->state_get(self->host, key, &text) == 0;
    long long count = 1 + (known ? strtoll(text, NULL, 10) : 0);
    snprintf(number, sizeof number, "%lld", count);
    jj_put(turn, key, number);
    if (count % self->values[OPTION_MILESTONE].number == 0 && jj_text(data, "batch")) {
        nominate(self, turn, event, data);
    }
}

/* The heart. A batch is committed whole when this returns JJ_DONE: cursor, state and published
 * events in one transaction. JJ_LATER forgets all of it and brings the batch again. */
static int on_events(void *arg, const jj_event *events, size_t count)
{
    struct template *self = arg;
    jj_turn turn = {self->host, false};
    for (size_t i = 0; i < count && !turn.failed; i++) {
        const json_t *data = self->host->data(self->host, &events[i]);
        if (events[i].subject) {
            on_graduate(self, &turn, &events[i], data);
        } else { /* to quarantine, where an administrator finds it; the others go on */
            self->host->reject(self->host, &events[i], "a graduate without subject");
        }
    }
    return jj_turn_verdict(&turn);
}

/* One entry of the state. The log is read by administrators: counts yes, persons never. */
static int report_one(void *arg, const char *key, const char *value)
{
    const struct template *self = arg;
    self->host->log(self->host, JJ_LOG_INFO, "%s: %s graduates", key + strlen("count/"), value);
    return 0; /* go on */
}

static void on_timer(void *arg, int id)
{
    struct template *self = arg;
    if (id == TIMER_REPORT) {
        self->host->state_scan(self->host, "count/", report_one, self);
    }
}

/* New options without a restart: `values` has them already. Leave `reload` out, and the daemon
 * restarts the plugin instead, which is just as good for most. */
static int reload(void *arg, const jj_value *values, jj_error *err)
{
    struct template *self = arg;
    self->values = values;
    return start(self, err); /* the timer's interval may have changed */
}

/* The one symbol that a plugin exports. */
JJ_API extern const jj_plugin jejaring_plugin;
const jj_plugin jejaring_plugin = {
    .abi_major = JJ_ABI_MAJOR,
    .abi_minor = JJ_ABI_MINOR,
    .size_bytes = sizeof(jj_plugin),
    .name = "template",
    .version = "1.0",
    .summary = "an example: counts graduates, nominates every hundredth",
    .publishes = publishes,
    .subscribes = subscribes,
    .options = options,
    .check = check,
    .create = create,
    .start = start,
    .on_events = on_events,
    .on_timer = on_timer,
    .reload = reload,
    .destroy = free,
};
