/*
 * warehouse: everything that happens, consolidated in PostgreSQL.
 *
 * Takes every event as it is stored and puts it into jejaring.event and the tables projected from
 * it (schemas/warehouse/), exactly once. A database that is away or full makes events wait in the
 * journal; nothing else notices. What PostgreSQL refuses goes to quarantine.
 */
#include "store.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

JJ_API extern const jj_plugin jejaring_plugin;

/* A complaint that stays the same is repeated after this long. */
#define COMPLAIN_AGAIN_MS (10 * 60 * 1000)

struct warehouse {
    const jj_host *host;
    jj_store *store;
    char schemas[PATH_MAX];
    uint64_t after, cursor; /* of the batch that comes next */

    bool away; /* the database: it was said */
    int64_t away_since_ms;
    int64_t complain_at_ms; /* not before, unless the complaint is another one */
    char complaint[sizeof(((jj_error *)0)->text)];
};

static const char *const subscribes[] = {"*", NULL};
/* A projection for an audience would lack what the tables are made of. */
static const char *const needs[] = {"node", NULL};

enum {
    OPTION_CONNINFO,
    OPTION_SCHEMAS,
    OPTION_MIGRATE,
    OPTION_PARTITIONED,
    OPTION_DISTRIBUTED,
    OPTION_CONNECT_TIMEOUT,
    OPTION_STATEMENT_TIMEOUT,
    OPTION_LOCK_TIMEOUT
};

static const jj_option options[] = {
    {"conninfo", JJ_OPTION_STRING, NULL, 0, 0, false,
     "libpq's connection string or URI; without it libpq's environment (PGHOST, PGDATABASE, ...)"},
    {"schemas", JJ_OPTION_PATH, NULL, 0, 0, false,
     "folder with warehouse/ and reference/; default: that of the daemon"},
    {"migrate", JJ_OPTION_BOOLEAN, "true", 0, 0, false,
     "bring the database's schema up to date when connecting; else only check it"},
    {"partitioned", JJ_OPTION_STRING, NULL, 0, 0, false,
     "month: keep the log in partitions of a month; default: as it is, see OPERATIONS.md"},
    {"distributed", JJ_OPTION_STRING, NULL, 0, 0, false,
     "citus: spread the tables over a Citus cluster; default: as they are, see OPERATIONS.md"},
    {"connect_timeout", JJ_OPTION_DURATION, "5s", 100, 30000, false,
     "how long a connection may take"},
    {"statement_timeout", JJ_OPTION_DURATION, "30s", 1000, 45000, false,
     "how long a statement may take, and the answer to it"},
    {"lock_timeout", JJ_OPTION_DURATION, "10s", 100, 45000, false,
     "how long to wait for a lock in the database"},
    {0},
};

/* An option that knows just one word. */
static int check_word(const jj_value *value, const char *name, const char *word, jj_error *err)
{
    if (!value->given || strcmp(value->string, word) == 0) {
        return 0;
    }
    jj_fail(err, JJ_ECONFIG, "\"%s\" can only be %s", name, word);
    snprintf(err->field, sizeof err->field, "%s", name);
    return JJ_ECONFIG;
}

static int check(const jj_value *values, jj_error *err)
{
    int rc = check_word(&values[OPTION_PARTITIONED], "partitioned", "month", err);

    rc = rc ? rc : check_word(&values[OPTION_DISTRIBUTED], "distributed", "citus", err);
    if (rc) {
        return rc;
    }
    if (values[OPTION_CONNINFO].given &&
        jj_pg_conninfo_check(values[OPTION_CONNINFO].string, err)) {
        snprintf(err->field, sizeof err->field, "conninfo");
        return JJ_ECONFIG;
    }
    return 0;
}

/* ---- Where the SQL is --------------------------------------------------------------------- */

static bool has_warehouse(const char *dir)
{
    char path[PATH_MAX];
    struct stat found;

    snprintf(path, sizeof path, "%s/warehouse", dir);
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* The option, else what the host says, else what lies where this file was built or installed. */
static void find_schemas(struct warehouse *self, const jj_value *values)
{
    static const char *const near[] = {"/../../schemas", "/../../../share/jejaring/schemas"};
    const char *told = values[OPTION_SCHEMAS].given
                           ? values[OPTION_SCHEMAS].string
                           : self->host->interface(self->host, "jejaring.schemas/1");
    Dl_info here;

    snprintf(self->schemas, sizeof self->schemas, "%s",
             told ? told : "/usr/share/jejaring/schemas");
    if (told || !dladdr(&jejaring_plugin, &here) || !here.dli_fname) {
        return;
    }
    for (size_t i = 0; i < sizeof near / sizeof *near; i++) {
        char dir[PATH_MAX];
        const char *slash = strrchr(here.dli_fname, '/');
        int length = slash ? (int)(slash - here.dli_fname) : 0;
        snprintf(dir, sizeof dir, "%.*s%s", length ? length : 1, length ? here.dli_fname : ".",
                 near[i]);
        if (has_warehouse(dir)) {
            snprintf(self->schemas, sizeof self->schemas, "%s", dir);
            return;
        }
    }
}

/* ---- The log ------------------------------------------------------------------------------ */

static void on_migrated(void *arg, const jj_migrated *done)
{
    struct warehouse *self = arg;

    self->host->log(self->host, JJ_LOG_NOTICE,
                    "schema of the database: %d migrations applied, it is at number %d%s",
                    done->applied, done->number,
                    done->redefined ? "; functions and views are new" : "");
    if (done->laid_out) {
        self->host->log(self->host, JJ_LOG_NOTICE, "the tables of the database are laid out anew");
    }
    if (done->rebuild) {
        self->host->log(self->host, JJ_LOG_WARNING,
                        "the projection has changed: run `jejaringctl warehouse verify`, and "
                        "`jejaringctl warehouse rebuild` if rows differ");
    }
}

/* Says what is wrong and what happens next, once until it changes. */
static void complain(struct warehouse *self, const jj_error *err)
{
    const jj_host *host = self->host;
    int64_t now_ms = host->now_ms(host);
    bool away = err->code == JJ_EUNAVAILABLE;

    if (!self->away) {
        self->away = true;
        self->away_since_ms = now_ms;
    } else if (now_ms < self->complain_at_ms && (away || strcmp(self->complaint, err->text) == 0)) {
        return;
    }
    self->complain_at_ms = now_ms + COMPLAIN_AGAIN_MS;
    snprintf(self->complaint, sizeof self->complaint, "%s", err->text);
    host->log(host, away ? JJ_LOG_WARNING : JJ_LOG_ERROR,
              "%s; events wait in the journal, trying again with pauses of up to 30 s", err->text);
}

static void recovered(struct warehouse *self)
{
    if (self->away) {
        int64_t away_ms = self->host->now_ms(self->host) - self->away_since_ms;
        self->away = false;
        self->complain_at_ms = 0;
        self->host->log(self->host, JJ_LOG_NOTICE,
                        "PostgreSQL takes events again, after %" PRId64 " s", away_ms / 1000);
    }
}

/* ---- Callbacks ---------------------------------------------------------------------------- */

static void destroy(void *arg)
{
    struct warehouse *self = arg;

    if (self) {
        jj_store_free(self->store);
        free(self);
    }
}

static int create(const jj_host *host, const jj_value *values, void **out, jj_error *err)
{
    struct warehouse *self = calloc(1, sizeof *self);

    if (!self) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    self->host = host;
    find_schemas(self, values);
    jj_store_options store = {
        .pg = {.conninfo = values[OPTION_CONNINFO].string,
               .application = "jejaring warehouse",
               .connect_timeout_ms = values[OPTION_CONNECT_TIMEOUT].number,
               .statement_timeout_ms = values[OPTION_STATEMENT_TIMEOUT].number,
               .lock_timeout_ms = values[OPTION_LOCK_TIMEOUT].number},
        .schemas = self->schemas,
        .layout = {.by_month = values[OPTION_PARTITIONED].given,
                   .on_citus = values[OPTION_DISTRIBUTED].given},
        .migrate = values[OPTION_MIGRATE].number != 0,
        .node = host->node,
        .consumer = host->instance,
        .migrated = on_migrated,
        .arg = self,
    };
    int rc = jj_store_new(&self->store, &store, err);
    if (rc) {
        destroy(self);
        return rc;
    }
    *out = self;
    return 0;
}

/* A hub that has never heard of a cursor of ours, beside a database that has one, is a hub with a
 * new journal (or we died between the first two commits): its cursors mean other events than the
 * ones that the database counted. All of them are taken; what is stored already changes nothing. */
static int begin_anew(struct warehouse *self, uint64_t *stored, jj_error *err)
{
    int rc = jj_store_rewind(self->store, err);
    if (rc == 0) {
        self->host->log(self->host, JJ_LOG_WARNING,
                        "the hub's journal is a new one, and the database ends at cursor %" PRIu64
                        " of another: taking every event of the new one",
                        *stored);
        *stored = 0;
    }
    return rc;
}

/* The node went back to a backup: its cursors above that moment will be other events. Said again
 * after a crash between the two steps, which does no harm. */
static int begin_restored(struct warehouse *self, uint64_t *stored, jj_error *err)
{
    int rc = jj_store_rewind(self->store, err);
    if (rc == 0) {
        self->host->log(self->host, JJ_LOG_NOTICE,
                        "the node was restored from a backup, and the database ends at cursor "
                        "%" PRIu64 ": giving it every event of the journal once more",
                        *stored);
        *stored = 0;
        rc = self->host->state_delete(self->host, JJ_STATE_RESTORED);
        rc = rc ? rc : self->host->commit(self->host, err);
    }
    return rc;
}

/* *cursor is the hub's own record of this consumer. While the database is away that is where
 * reading begins; the first batch then finds out whether it is right. */
static int resume(void *arg, uint64_t *cursor, jj_error *err)
{
    struct warehouse *self = arg;
    uint64_t stored;
    const char *restored;
    int rc = jj_store_resume(self->store, *cursor, &stored, err);

    if (rc == 0 && self->host->state_get(self->host, JJ_STATE_RESTORED, &restored) == 0) {
        rc = begin_restored(self, &stored, err);
        *cursor = rc ? *cursor : 0;
    } else if (rc == 0 && *cursor == 0 && stored > 0) {
        rc = begin_anew(self, &stored, err);
    }
    if (rc) {
        complain(self, err);
        return rc == JJ_EMEMORY ? rc : 0;
    }
    if (stored < *cursor) {
        self->host->log(self->host, JJ_LOG_WARNING,
                        "the database ends at cursor %" PRIu64 ", behind %" PRIu64
                        " that it had confirmed (an older copy?): giving it the events between "
                        "once more",
                        stored, *cursor);
    }
    *cursor = stored;
    return 0;
}

static void batch(void *arg, uint64_t after, uint64_t cursor)
{
    struct warehouse *self = arg;

    self->after = after;
    self->cursor = cursor;
}

static void refuse(void *arg, const jj_event *event, const char *sqlstate, const char *reason)
{
    struct warehouse *self = arg;
    char text[256];

    (void)sqlstate; /* the reason names it */
    snprintf(text, sizeof text, "warehouse: %.240s", reason);
    self->host->reject(self->host, event, text);
}

static int on_events(void *arg, const jj_event *events, size_t count)
{
    struct warehouse *self = arg;
    jj_error err = {0};
    int rc =
        jj_store_put(self->store, events, count, self->after, self->cursor, refuse, self, &err);

    if (rc == 0) {
        recovered(self);
        return JJ_DONE;
    }
    if (rc == JJ_ECONFLICT) { /* resume, which comes next, puts it right */
        self->host->log(self->host, JJ_LOG_NOTICE, "%s", err.text);
    } else if (rc == JJ_ETOO_LARGE) {
        self->host->log(self->host, JJ_LOG_NOTICE,
                        "some of %zu events are refused (%s); taking them in smaller batches",
                        count, err.text);
    } else {
        complain(self, &err);
    }
    return JJ_LATER;
}

JJ_API const jj_plugin jejaring_plugin = {
    .abi_major = JJ_ABI_MAJOR,
    .abi_minor = JJ_ABI_MINOR,
    .size_bytes = sizeof(jj_plugin),
    .name = "warehouse",
    .version = "0.1.0",
    .summary = "stores every event in PostgreSQL, exactly once, and projects it to the warehouse",
    .subscribes = subscribes,
    .options = options,
    .check = check,
    .create = create,
    .on_events = on_events,
    .resume = resume,
    .batch = batch,
    .destroy = destroy,
    .needs = needs,
};
