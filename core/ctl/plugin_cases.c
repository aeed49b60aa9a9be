/* What a plugin has to bear, and to leave alone. Everything here runs in a process of its own. */
#include "ctl/plugin_test.h"

#include "jejaring/rehearsal.h"

#include <dirent.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#define SUBJECTS 4
#define WARM_UP  30  /* batches until caches and tables have their size */
#define LONG_RUN 150 /* batches after that */
#define HEAP_MAX (1024 * 1024)
#define MEMORY_MAX                                                                                 \
    (64 * 1024 * 1024L) /* resident; a sanitizer keeps what was freed for a while                  \
                         */

static const char *const subjects[SUBJECTS] = {
    "1b4e28ba-2fa1-81d2-883f-0016d3cca421", "1b4e28ba-2fa1-81d2-883f-0016d3cca422",
    "1b4e28ba-2fa1-81d2-883f-0016d3cca423", "1b4e28ba-2fa1-81d2-883f-0016d3cca424"};

/* ---- What every case does ------------------------------------------------------------------- */

static void prepare(jj_trial *trial, jj_rehearsal *r)
{
    jj_rehearsal_init(r, trial->plugin, trial->options.values);
    r->enter = jj_trial_enter;
    r->arg = trial;
}

/* False, and said, if the plugin makes no instance. */
static bool begin(jj_trial *trial, jj_rehearsal *r)
{
    jj_error err = {0};
    int rc = jj_rehearsal_begin(r, &err);

    if (rc > 0) {
        jj_trial_fail(trial, "create or start answers %d: neither 0 nor one of JJ_E*", rc);
    } else if (rc && !err.text[0]) {
        jj_trial_fail(trial, "create or start fails without saying why: fill in the jj_error");
    } else if (rc) {
        jj_trial_fail(trial, "create or start fails: %s", err.text);
    }
    return rc == 0;
}

static void finish(jj_trial *trial, jj_rehearsal *r)
{
    jj_rehearsal_end(r);
    if (r->fault[0]) {
        jj_trial_fail(trial, "%s", r->fault);
    }
    jj_rehearsal_close(r);
}

static bool wants(const jj_plugin *plugin, const char *type)
{
    for (size_t i = 0; plugin->subscribes && plugin->subscribes[i]; i++) {
        const char *wanted = plugin->subscribes[i], *star = strchr(wanted, '*');
        if (star ? strncmp(wanted, type, (size_t)(star - wanted)) == 0
                 : strcmp(wanted, type) == 0) {
            return true;
        }
    }
    return false;
}

/* Events of a type: with all that its schema knows, and with nothing but what every reader sees. */
static void say(jj_rehearsal *r, const char *name, const jj_type *type, int round)
{
    char day[16];

    for (size_t i = 0; i < SUBJECTS; i++) {
        snprintf(day, sizeof day, "2024-%02d-%02zu", 1 + round % 12, 1 + i);
        jj_rehearsal_say(r, name, subjects[i], day,
                         type && i % 2 == 0 ? jj_trial_data(type) : json_object());
    }
}

static void say_all(const jj_trial *trial, jj_rehearsal *r, int round)
{
    const jj_plugin *plugin = trial->plugin;

    for (size_t i = 0; trial->catalogue && i < jj_catalogue_count(trial->catalogue); i++) {
        const jj_type *type = jj_catalogue_at(trial->catalogue, i);
        if (wants(plugin, type->name)) {
            say(r, type->name, type, round);
        }
    }
    for (size_t i = 0; !trial->catalogue && plugin->subscribes && plugin->subscribes[i]; i++) {
        if (!strchr(plugin->subscribes[i], '*')) {
            say(r, plugin->subscribes[i], NULL, round);
        }
    }
}

static int open_descriptors(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");

    while (dir && readdir(dir)) {
        count++;
    }
    if (dir) {
        closedir(dir);
    }
    return count;
}

/* ---- Cases ------------------------------------------------------------------------------------
 */

static void case_options(jj_trial *trial)
{
    jj_error first = {0}, second = {0};

    if (!trial->plugin->check) {
        return;
    }
    jj_trial_enter(trial, "check");
    int one = trial->plugin->check(trial->options.values, &first);
    int two = trial->plugin->check(trial->options.values, &second);
    if (one != two || strcmp(first.text, second.text) != 0) {
        jj_trial_fail(trial, "check answers differently about the same options");
    } else if (one && !first.text[0]) {
        jj_trial_fail(trial, "check refuses the options without saying why");
    } else if (one) {
        jj_trial_fail(trial, "check refuses the options: %s; give others with --options",
                      first.text);
    }
}

/* An instance and then another one; two at once, freed in the other order; nothing to free. */
static void case_lifecycle(jj_trial *trial)
{
    jj_rehearsal first, second;
    int before = 0;

    for (int round = 0; round < 3; round++) {
        prepare(trial, &first);
        if (!begin(trial, &first)) {
            jj_rehearsal_close(&first);
            return;
        }
        finish(trial, &first);
        before = round == 0 ? open_descriptors() : before; /* the first may open for good */
    }
    if (open_descriptors() > before) {
        jj_trial_fail(trial, "an instance that was freed leaves descriptors open");
    }
    prepare(trial, &first);
    prepare(trial, &second);
    if (begin(trial, &first) && begin(trial, &second)) {
        finish(trial, &first);
        finish(trial, &second);
    }
    jj_trial_enter(trial, "destroy (of nothing)");
    trial->plugin->destroy(NULL);
}

static void fire_timers(jj_rehearsal *r)
{
    for (int round = 0; round < 3; round++) {
        for (int id = 0; id < JJ_REHEARSAL_TIMERS; id++) {
            jj_rehearsal_fire(r, id);
        }
    }
}

static void case_events(jj_trial *trial)
{
    jj_rehearsal r;
    jj_error err = {0};

    prepare(trial, &r);
    if (begin(trial, &r)) {
        if (trial->plugin->resume) {
            jj_trial_enter(trial, "resume");
            trial->plugin->resume(r.self, &r.cursor, &err);
        }
        for (int round = 0; round < 4; round++) {
            say_all(trial, &r, round);
            jj_rehearsal_deliver_again(&r);
            jj_rehearsal_forget_batch(&r);
            fire_timers(&r);
        }
        if (trial->plugin->reload) {
            jj_trial_enter(trial, "reload");
            trial->plugin->reload(r.self, r.values, &err);
            say_all(trial, &r, 5);
            jj_rehearsal_deliver_again(&r);
        }
    }
    finish(trial, &r);
}

/* What an instance publishes of one batch, at some time of day. New. */
static json_t *reaction(jj_trial *trial, int64_t now_ms)
{
    jj_rehearsal r;
    json_t *drafts = NULL;

    prepare(trial, &r);
    r.now_ms = now_ms;
    if (begin(trial, &r)) {
        say_all(trial, &r, 0);
        jj_rehearsal_deliver(&r);
        drafts = json_incref(r.drafts);
    }
    jj_rehearsal_close(&r);
    return drafts;
}

/* After a crash a batch comes again, later: what it publishes must be the same. */
static void case_repeat(jj_trial *trial)
{
    json_t *first = reaction(trial, INT64_C(1704067200000));
    json_t *second = reaction(trial, INT64_C(1704240000000));

    if (first && second && !json_equal(first, second)) {
        jj_trial_fail(trial, "the same batch two days later publishes something else: times belong "
                             "to events, not to the clock");
    }
    json_decref(first);
    json_decref(second);
}

static long resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file && fscanf(file, "%*d %ld", &pages) != 1) {
        pages = 0;
    }
    if (file) {
        fclose(file);
    }
    return pages * sysconf(_SC_PAGESIZE);
}

static size_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void run_batches(const jj_trial *trial, jj_rehearsal *r, int count)
{
    for (int i = 0; i < count; i++) {
        say_all(trial, r, 0);
        jj_rehearsal_deliver_again(r);
        jj_rehearsal_forget_batch(r);
        json_array_clear(r->drafts);
    }
}

/* The same events again and again: nothing that is new to remember. */
static void case_memory(jj_trial *trial)
{
    jj_rehearsal r;

    prepare(trial, &r);
    if (begin(trial, &r)) {
        run_batches(trial, &r, WARM_UP);
        size_t heap = heap_bytes();
        long resident = resident_bytes();
        run_batches(trial, &r, LONG_RUN);
        size_t more = heap_bytes() > heap ? heap_bytes() - heap : 0;
        long grown = resident_bytes() - resident;
        if (more > HEAP_MAX || grown > MEMORY_MAX) {
            size_t bytes = more > HEAP_MAX ? more : (size_t)grown;
            jj_trial_fail(trial, "memory grows by %zu KiB with each batch of the same events",
                          bytes / LONG_RUN / 1024);
        }
    }
    finish(trial, &r);
}

const jj_trial_case jj_trial_cases[] = {
    {"load", "versions, descriptor, option table", NULL, true},
    {"options", "check: pure, and content with these options", case_options, false},
    {"lifecycle", "create, start, stop, destroy, in order, twice, two at once, of nothing",
     case_lifecycle, true},
    {"events", "batches of what it subscribes to, timers, reload; publishes what it declares",
     case_events, false},
    {"repeat", "the same batch publishes the same, whatever the clock says", case_repeat, false},
    {"memory", "the same events again and again need no more memory", case_memory, false},
    {0},
};
