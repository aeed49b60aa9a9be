#include "worker/office.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/id.h"
#include "base/log.h"
#include "base/process.h"
#include "event/secret.h"
#include "import/folder.h"
#include "import/inbox.h"
#include "worker/module.h"
#include "json/load.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define CLOSE_MS 5000  /* with nothing to do for so long, the office closes */
#define LOOK_MS  60000 /* how often a closed one looks for itself: a watch may miss something */
#define WATCHED  (IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR)

struct jj_office {
    jj_link *link;
    const jj_config *config;
    const jj_plugin_config *instance;
    const jj_plugin *plugin;
    int watch_fd;          /* inotify, while closed; else -1 */
    int64_t look_at_ms;    /* monotonic, while closed */
    int64_t idle_since_ms; /* monotonic, while open; 0: not idle */
    bool strays_said;

    /* While open. */
    jj_catalogue *catalogue;
    jj_reference *reference;
    jj_inbox *inbox; /* NULL: closed */
    unsigned char key[JJ_KEY_SIZE];
    char source[256];
};

/* ---- Publishing --------------------------------------------------------------------------- */

static void take_rejection(const json_t *one, jj_import_verdict *verdicts, size_t count)
{
    json_int_t index = json_integer_value(json_object_get(one, "index"));
    const char *code = jj_json_string(one, "code"), *field = jj_json_string(one, "field");
    const char *detail = jj_json_string(one, "detail");

    if (index < 0 || (size_t)index >= count) {
        return;
    }
    jj_import_verdict *verdict = &verdicts[index];
    verdict->outcome = JJ_IMPORT_REJECTED;
    verdict->code = code ? jj_code_parse(code) : JJ_EINVALID;
    snprintf(verdict->field, sizeof verdict->field, "%s", field ? field : "");
    snprintf(verdict->detail, sizeof verdict->detail, "%s", detail ? detail : "");
}

/* The hub tells how many were known already, not which: for counting, any will do. */
static void take_duplicates(json_int_t duplicates, jj_import_verdict *verdicts, size_t count)
{
    for (size_t i = 0; i < count && duplicates > 0; i++) {
        if (verdicts[i].outcome == JJ_IMPORT_ACCEPTED) {
            verdicts[i].outcome = JJ_IMPORT_DUPLICATE;
            duplicates--;
        }
    }
}

static int publish(void *arg, const jj_bytes *events, size_t count, jj_import_verdict *verdicts,
                   jj_error *err)
{
    jj_office *office = arg;
    jj_reply reply = {0};
    json_t *result = NULL, *one;
    size_t i;

    int rc = jj_link_request(office->link, "PUBLISH", NULL, events, count, &reply, err);
    rc = rc ? rc
            : jj_json_load(&result, reply.result.data, reply.result.size_bytes, JJ_FRAME_MAX, err);
    if (rc == 0) {
        json_array_foreach(json_object_get(result, "rejected"), i, one)
        {
            take_rejection(one, verdicts, count);
        }
        take_duplicates(json_integer_value(json_object_get(result, "duplicate")), verdicts, count);
    }
    json_decref(result);
    jj_reply_clear(&reply);
    return rc;
}

/* ---- Opening ------------------------------------------------------------------------------ */

/* The person key is forgotten as soon as the import's own key has been made from it. */
static int load_key(jj_office *office, jj_error *err)
{
    const jj_config *config = office->config;
    unsigned char person_key[JJ_KEY_SIZE];
    char *made = config->person_key ? NULL : jj_person_key_default(config->state);
    const char *path = config->person_key ? config->person_key : made;

    int rc = path ? jj_key_load(path, person_key, err) : jj_fail(err, JJ_EMEMORY, "out of memory");
    if (rc == 0) {
        jj_import_key(person_key, office->key);
    }
    explicit_bzero(person_key, sizeof person_key);
    free(made);
    return rc;
}

static int load_lists(jj_office *office, jj_error *err)
{
    const jj_config *config = office->config;
    char *events = jj_path_join(config->schemas, "events");
    char *reference = jj_path_join(config->schemas, "reference");

    int rc = events && reference ? 0 : jj_fail(err, JJ_EMEMORY, "out of memory");
    rc = rc ? rc : jj_catalogue_open(&office->catalogue, events, err);
    rc = rc ? rc : jj_reference_open(&office->reference, reference, err);
    free(events);
    free(reference);
    return rc;
}

static size_t find_types(const jj_office *office, const jj_type **types, size_t max)
{
    const char *const *names = office->plugin->publishes;
    size_t count = 0;

    for (size_t i = 0; names && names[i] && count < max; i++) {
        const jj_type *type = jj_catalogue_find(office->catalogue, names[i], strlen(names[i]));
        if (type) {
            types[count++] = type;
        }
    }
    return count;
}

static int open_inbox(jj_office *office, jj_error *err)
{
    const jj_type *types[JJ_MODULE_TYPES_MAX];
    size_t count = find_types(office, types, JJ_MODULE_TYPES_MAX);
    const jj_inbox_options options = {.folder = office->instance->inbox,
                                      .types = types,
                                      .type_count = count,
                                      .import = {.reference = office->reference,
                                                 .source = office->source,
                                                 .region = office->config->region,
                                                 .key = office->key,
                                                 .publish = publish,
                                                 .arg = office}};
    return jj_inbox_open(&office->inbox, &options, err);
}

/* ---- Open and closed ---------------------------------------------------------------------- */

static void close_files(jj_office *office)
{
    jj_inbox_close(office->inbox);
    jj_reference_close(office->reference);
    jj_catalogue_close(office->catalogue);
    explicit_bzero(office->key, sizeof office->key);
    office->inbox = NULL;
    office->reference = NULL;
    office->catalogue = NULL;
}

static void stop_watching(jj_office *office)
{
    if (office->watch_fd >= 0) {
        close(office->watch_fd);
    }
    office->watch_fd = -1;
}

/* The folder of the type at index; NULL behind the last one. The caller frees. */
static char *folder_at(const jj_office *office, size_t index)
{
    const char *const *names = office->plugin->publishes;
    return names && names[index] ? jj_path_join(office->instance->inbox, names[index]) : NULL;
}

/* Without a watch (the kernel has a limit) the looks that come anyway have to do. */
static void watch_folders(jj_office *office)
{
    char *folder;

    office->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    for (size_t i = 0; office->watch_fd >= 0 && (folder = folder_at(office, i)); i++) {
        inotify_add_watch(office->watch_fd, folder, WATCHED);
        free(folder);
    }
    if (office->watch_fd >= 0) {
        inotify_add_watch(office->watch_fd, office->instance->inbox, WATCHED);
    }
    /* What came before there was a watch is found by looking. */
    office->look_at_ms = jj_monotonic_ms();
}

/* Only what the inbox would read counts: a Thumbs.db or a symbolic link that stays for ever must
 * not have the schemas loaded again and again. */
static bool holds_file(const char *folder, int flags)
{
    bool found = false;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    while (dir && !found && (entry = readdir(dir))) {
        found = (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN) &&
                jj_name_is_wanted(entry->d_name);
    }
    if (dir) {
        closedir(dir);
    } else if (fd >= 0) {
        close(fd);
    }
    return found;
}

static bool any_file(const jj_office *office)
{
    bool found = false;
    char *folder;

    for (size_t i = 0; !found && (folder = folder_at(office, i)); i++) {
        found = holds_file(folder, O_NOFOLLOW);
        free(folder);
    }
    return found;
}

/* A file beside the folders is of no known type. It stays where it is, and is spoken of once. */
static void tell_of_strays(jj_office *office)
{
    char *folder = folder_at(office, 0);
    bool found = folder && holds_file(office->instance->inbox, 0);

    if (found && !office->strays_said) {
        jj_log(JJ_WARNING,
               "inbox: a file that lies beside the folders is left alone; put it into the one of "
               "its type, e.g. %s",
               folder);
    }
    office->strays_said = found;
    free(folder);
}

/* True if the watch told of anything. */
static bool drain_watch(const jj_office *office)
{
    char events[4096];
    bool any = false;

    while (office->watch_fd >= 0 && read(office->watch_fd, events, sizeof events) > 0) {
        any = true;
    }
    return any;
}

static void open_for_work(jj_office *office)
{
    jj_error err = {0};

    int rc = load_key(office, &err);
    rc = rc ? rc : load_lists(office, &err);
    rc = rc ? rc : open_inbox(office, &err);
    if (rc) {
        close_files(office);
        jj_log_error(JJ_ERROR, "files are waiting in the inbox and cannot be read yet", &err);
        office->look_at_ms = jj_monotonic_ms() + LOOK_MS;
        return;
    }
    stop_watching(office);
    office->idle_since_ms = 0;
}

static int64_t wait_for_files(jj_office *office)
{
    int64_t now_ms = jj_monotonic_ms();

    if (drain_watch(office) || now_ms >= office->look_at_ms) {
        office->look_at_ms = now_ms + LOOK_MS;
        tell_of_strays(office);
        if (any_file(office)) {
            open_for_work(office);
        }
    }
    return office->inbox ? 0 : office->look_at_ms - now_ms;
}

static int64_t read_files(jj_office *office)
{
    int64_t now_ms = jj_monotonic_ms();

    jj_inbox_notice(office->inbox);
    int64_t wait_ms = jj_inbox_work(office->inbox);
    if (jj_inbox_pending(office->inbox) > 0) {
        office->idle_since_ms = 0;
    } else if (!office->idle_since_ms) {
        office->idle_since_ms = now_ms;
    } else if (now_ms - office->idle_since_ms >= CLOSE_MS) {
        close_files(office);
        jj_process_settle();
        watch_folders(office);
        return 0;
    }
    return wait_ms < CLOSE_MS ? wait_ms : CLOSE_MS;
}

int64_t jj_office_work(jj_office *office)
{
    if (!office) {
        return -1;
    }
    return office->inbox ? read_files(office) : wait_for_files(office);
}

int jj_office_descriptor(const jj_office *office)
{
    if (!office) {
        return -1;
    }
    return office->inbox ? jj_inbox_descriptor(office->inbox) : office->watch_fd;
}

/* ---- Life --------------------------------------------------------------------------------- */

static int make_folders(const jj_office *office, jj_error *err)
{
    char *folder;
    jj_error one;
    int rc = jj_mkdir_all(office->instance->inbox, 0770, err);

    /* What the office has put in the place of one folder must not keep the plugin from its work. */
    for (size_t i = 0; rc == 0 && (folder = folder_at(office, i)); i++) {
        if (jj_mkdir_alike(folder, &one)) {
            jj_log_error(JJ_ERROR, "inbox", &one);
        }
        free(folder);
    }
    return rc;
}

int jj_office_open(jj_office **office, jj_link *link, const jj_config *config,
                   const jj_plugin_config *instance, const jj_plugin *plugin, jj_error *err)
{
    jj_office *new;

    if (!instance->inbox) {
        *office = NULL;
        return 0;
    }
    new = calloc(1, sizeof *new);
    if (!new) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    *new = (jj_office){
        .link = link, .config = config, .instance = instance, .plugin = plugin, .watch_fd = -1};
    snprintf(new->source, sizeof new->source, "/%s/%s", config->node, instance->name);
    int rc = make_folders(new, err);
    if (rc) {
        jj_office_close(new);
        return rc;
    }
    watch_folders(new);
    *office = new;
    return 0;
}

void jj_office_close(jj_office *office)
{
    if (!office) {
        return;
    }
    close_files(office);
    stop_watching(office);
    free(office);
}
