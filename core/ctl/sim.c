/* sim: made-up load, printed or sent to the hub as fast as it takes it. */
#include "ctl/commands.h"

#include "base/clock.h"
#include "base/text.h"
#include "ctl/progress.h"
#include "event/secret.h"
#include "jejaring/publish.h"
#include "sim/sim.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EVENTS_USUAL 10000
#define WINDOW       16 /* messages under way at a time */
#define PROGRESS     500

typedef struct simulation {
    jj_ctl *ctl;
    jj_sim *sim;
    uint64_t rate;     /* events a second; 0: no limit */
    uint64_t expected; /* events; 0: not known */
    uint64_t told;
    int64_t start_ms;
} simulation;

static int year(jj_ctl *ctl, const char *name, int *value)
{
    uint64_t number = (uint64_t)*value;
    int code = jj_ctl_number(ctl, name, &number);

    *value = number > 9999 ? 9999 : (int)number;
    return code;
}

/* Region codes as an array that ends with NULL. */
static const char **region_list(const json_t *list)
{
    const char **codes = calloc(json_array_size(list) + 1, sizeof *codes);

    for (size_t i = 0; codes && i < json_array_size(list); i++) {
        codes[i] = json_string_value(json_array_get(list, i));
    }
    return codes;
}

static int open_sim(simulation *s, const jj_config *config)
{
    jj_error err = {0};
    jj_sim_options options = {.seed = 1, .first_year = 2017, .last_year = 2024};
    unsigned char key[JJ_KEY_SIZE];
    const char *key_file = jj_ctl_option(s->ctl, "person-key");
    char reference[PATH_MAX];
    int code = jj_ctl_number(s->ctl, "seed", &options.seed);

    code = code ? code : jj_ctl_number(s->ctl, "events", &options.events);
    code = code ? code : jj_ctl_number(s->ctl, "people", &options.people);
    code = code ? code : jj_ctl_number(s->ctl, "rate", &s->rate);
    code = code ? code : year(s->ctl, "from", &options.first_year);
    code = code ? code : year(s->ctl, "to", &options.last_year);
    if (code) {
        return code;
    }
    if (!options.events && !options.people) {
        options.events = EVENTS_USUAL;
    }
    s->expected = options.people ? 0 : options.events;
    snprintf(reference, sizeof reference, "%s/reference", config->schemas);
    options.reference = reference;
    json_t *regions = jj_ctl_list(s->ctl, "regions");
    const char **codes = regions ? region_list(regions) : NULL;
    options.regions = codes;
    int rc = regions && !codes ? jj_fail(&err, JJ_EMEMORY, "out of memory") : 0;
    if (rc == 0 && key_file) {
        rc = jj_key_load(key_file, key, &err);
        options.person_key = key;
    }
    rc = rc ? rc : jj_sim_new(&s->sim, &options, &err);
    explicit_bzero(key, sizeof key);
    free(codes);
    json_decref(regions);
    return rc ? jj_ctl_fail("sim", &err) : JJ_EXIT_OK;
}

/* How long to wait before the next event, so that no more than `rate` come in a second. */
static int pause_ms(const simulation *s)
{
    int64_t due_ms = s->rate ? s->start_ms + (int64_t)(s->told * 1000 / s->rate) : 0;
    int64_t wait_ms = due_ms - jj_monotonic_ms();

    return wait_ms > 0 ? (int)wait_ms : 0;
}

static void sleep_ms(int ms)
{
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000L};

    nanosleep(&pause, NULL);
}

static int print(simulation *s)
{
    jj_error err = {0};
    const char *text;
    size_t size;
    int rc;

    while ((rc = jj_sim_next(s->sim, &text, &size, &err)) > 0) {
        int wait_ms = pause_ms(s);
        if (wait_ms && fflush(stdout) == 0) {
            sleep_ms(wait_ms);
        }
        if (fwrite(text, 1, size, stdout) != size || putchar('\n') == EOF) {
            break;
        }
        s->told++;
    }
    return rc < 0 ? jj_ctl_fail("sim", &err) : jj_ctl_finish(JJ_EXIT_OK);
}

/* ---- To the hub -------------------------------------------------------------------------------
 */

static void refused(void *arg, const jj_refusal *refusal)
{
    (void)arg;
    jj_ctl_say("event %" PRIu64 ": %s%s%s: %s", refusal->sequence, jj_code_name(refusal->code),
               *refusal->field ? " at " : "", refusal->field, refusal->detail);
}

static int pump(simulation *s, jj_publisher *publisher, jj_error *err)
{
    jj_progress progress = {0};
    const char *text;
    size_t size;
    int rc;

    jj_progress_start(&progress);
    while ((rc = jj_sim_next(s->sim, &text, &size, err)) > 0) {
        int wait_ms = pause_ms(s);
        rc = wait_ms ? jj_publisher_serve(publisher, 0, err) : 0;
        if (wait_ms && rc == 0) {
            sleep_ms(wait_ms);
        }
        rc =
            rc ? rc : jj_publisher_add(publisher, s->told + 1, text, size, s->ctl->timeout_ms, err);
        if (rc) {
            break;
        }
        s->told++;
        if (s->told % PROGRESS == 0) {
            jj_progress_show(&progress, s->expected ? s->told : 0, s->expected, s->told, "events");
        }
    }
    rc = rc ? rc : jj_publisher_flush(publisher, s->ctl->timeout_ms, err);
    jj_progress_hide(&progress);
    return rc;
}

static int tell(const simulation *s, const jj_published *counts)
{
    int64_t took_ms = jj_monotonic_ms() - s->start_ms;
    uint64_t rate = s->told * 1000 / (uint64_t)(took_ms > 0 ? took_ms : 1);

    if (s->ctl->json) {
        return jj_ctl_print_json(json_pack(
            "{s:I, s:I, s:I, s:I, s:I}", "accepted", (json_int_t)counts->accepted, "duplicate",
            (json_int_t)counts->duplicate, "rejected", (json_int_t)counts->refused, "took_ms",
            (json_int_t)took_ms, "events_per_s", (json_int_t)rate));
    }
    printf("accepted %s, duplicate %s, rejected %s; %s events a second\n",
           jj_ctl_count(counts->accepted), jj_ctl_count(counts->duplicate),
           jj_ctl_count(counts->refused), jj_ctl_count(rate));
    return JJ_EXIT_OK;
}

static int publish(simulation *s)
{
    const jj_publishing how = {.window = WINDOW, .on_refused = refused};
    jj_error err = {0};
    jj_publisher *publisher = NULL;
    jj_client *client;
    int code = jj_ctl_hub(s->ctl, &client);

    if (code) {
        return code;
    }
    int rc = jj_publisher_open(&publisher, client, &how, &err);
    rc = rc ? rc : pump(s, publisher, &err);
    if (publisher) {
        jj_published counts = jj_publisher_counts(publisher);
        code = rc ? jj_ctl_fail("sim", &err) : JJ_EXIT_OK;
        int printed = tell(s, &counts);
        code = code ? code : printed ? printed : counts.refused ? JJ_EXIT_REJECTED : JJ_EXIT_OK;
    } else {
        code = jj_ctl_fail("sim", &err);
    }
    jj_publisher_close(publisher);
    return code;
}

int jj_ctl_sim(jj_ctl *ctl)
{
    simulation s = {.ctl = ctl};
    const jj_config *config;
    int code = jj_ctl_config(ctl, &config);

    code = code ? code : open_sim(&s, config);
    s.start_ms = jj_monotonic_ms();
    if (code == 0) {
        code = jj_ctl_option(ctl, "print") ? print(&s) : publish(&s);
    }
    jj_sim_free(s.sim);
    return code;
}
