/* import: a file of an office, by the same rules as an inbox. */
#include "ctl/commands.h"

#include "base/fs.h"
#include "ctl/progress.h"
#include "event/secret.h"
#include "import/import.h"
#include "schema/catalogue.h"
#include "json/load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct importing {
    jj_ctl *ctl;
    const jj_config *config;
    jj_client *client;
    jj_catalogue *catalogue;
    jj_reference *reference;
    unsigned char key[JJ_KEY_SIZE];
    char source[256];
    jj_import_options options;
    jj_import_result result;
    jj_progress progress;
    bool dry_run;
} importing;

/* ---- Publishing --------------------------------------------------------------------------- */

static void copy_text(char *out, size_t room, const json_t *object, const char *name)
{
    const char *text = jj_json_string(object, name);
    snprintf(out, room, "%s", text ? text : "");
}

/* Fills in the verdicts from the hub's answer. Which of the others were duplicates it does not say
 * one by one; their number is what counts. */
static void judge(const json_t *answer, size_t count, jj_import_verdict *verdicts)
{
    json_int_t duplicates = json_integer_value(json_object_get(answer, "duplicate"));
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(answer, "rejected"), i, entry)
    {
        json_int_t index = json_integer_value(json_object_get(entry, "index"));
        const char *code = jj_json_string(entry, "code");
        if (index < 0 || (size_t)index >= count) {
            continue;
        }
        jj_import_verdict *verdict = &verdicts[index];
        verdict->outcome = JJ_IMPORT_REJECTED;
        verdict->code = code ? jj_code_parse(code) : JJ_EINVALID;
        copy_text(verdict->field, sizeof verdict->field, entry, "field");
        copy_text(verdict->detail, sizeof verdict->detail, entry, "detail");
    }
    for (i = 0; i < count && duplicates > 0; i++) {
        if (verdicts[i].outcome == JJ_IMPORT_ACCEPTED) {
            verdicts[i].outcome = JJ_IMPORT_DUPLICATE;
            duplicates--;
        }
    }
}

static int publish(void *arg, const jj_bytes *events, size_t count, jj_import_verdict *verdicts,
                   jj_error *err)
{
    importing *im = arg;
    jj_reply reply = {0};
    json_t *answer = NULL;
    int rc = jj_client_request(im->client, "PUBLISH", NULL, events, count, &reply, err);
    rc = rc ? rc
            : jj_json_load(&answer, reply.result.data, reply.result.size_bytes, JJ_FRAME_MAX, err);
    if (rc == 0) {
        judge(answer, count, verdicts);
    }
    json_decref(answer);
    jj_reply_clear(&reply);
    return rc;
}

static void show_progress(void *arg, const jj_import_result *result, uint64_t done, uint64_t total)
{
    importing *im = arg;
    jj_progress_show(&im->progress, done, total, result->rows, "rows");
}

/* ---- Preparing ---------------------------------------------------------------------------- */

/* The plugin instance that takes this type in: what is imported by hand gets the same source, so
 * that a file that goes both ways is taken once. */
static const char *usual_agency(const jj_config *config, const jj_type *type)
{
    for (size_t i = 0; i < config->plugins.count; i++) {
        const jj_plugin_config *plugin = &config->plugins.list[i];
        if (plugin->inbox && (plugin->audiences & type->publishers)) {
            return plugin->name;
        }
    }
    return "local";
}

static int find_type(importing *im, const char *name, const jj_type **type)
{
    *type = jj_catalogue_find(im->catalogue, name, strlen(name));
    if (*type) {
        return JJ_EXIT_OK;
    }
    const jj_type *nearest = jj_catalogue_nearest(im->catalogue, name);
    return nearest ? jj_ctl_misused(im->ctl, "there is no event type \"%s\"; did you mean %s?",
                                    name, nearest->name)
                   : jj_ctl_misused(im->ctl, "there is no event type \"%s\"", name);
}

static int load_key(importing *im, jj_error *err)
{
    unsigned char person_key[JJ_KEY_SIZE];
    char *standard = jj_person_key_default(im->config->state);
    const char *path = im->config->person_key ? im->config->person_key : standard;
    int rc = path ? jj_key_load(path, person_key, err) : jj_fail(err, JJ_EMEMORY, "out of memory");
    if (rc == 0) {
        jj_import_key(person_key, im->key);
    }
    free(standard);
    return rc;
}

static int prepare(importing *im, const char *type_name, jj_error *err)
{
    const jj_type *type;
    char *events = jj_path_join(im->config->schemas, "events");
    char *reference = jj_path_join(im->config->schemas, "reference");
    const char *agency = jj_ctl_option(im->ctl, "agency");
    int rc = events && reference ? 0 : jj_fail(err, JJ_EMEMORY, "out of memory");
    rc = rc ? rc : jj_catalogue_open(&im->catalogue, events, err);
    rc = rc ? rc : jj_reference_open(&im->reference, reference, err);
    rc = rc || im->dry_run ? rc : load_key(im, err);
    free(events);
    free(reference);
    if (rc) {
        return jj_ctl_fail(NULL, err);
    }
    rc = find_type(im, type_name, &type);
    if (rc) {
        return rc;
    }
    snprintf(im->source, sizeof im->source, "/%s/%s", im->config->node,
             agency ? agency : usual_agency(im->config, type));
    const char *region = jj_ctl_option(im->ctl, "region");
    im->options = (jj_import_options){
        .type = type,
        .reference = im->reference,
        .source = im->source,
        .region = region ? region : im->config->region,
        .key = im->key,
        .sheet = jj_ctl_option(im->ctl, "sheet"),
        .reject_folder = -1,
        .publish = im->dry_run ? NULL : publish,
        .progress = show_progress,
        .arg = im,
    };
    return JJ_EXIT_OK;
}

/* ---- Telling ------------------------------------------------------------------------------ */

static json_t *columns_json(const jj_import_result *result)
{
    json_t *columns = json_array();
    for (size_t i = 0; i < result->column_count; i++) {
        const jj_import_column *column = &result->columns[i];
        json_array_append_new(columns, json_pack("{s:s, s:s?, s:b}", "title", column->title,
                                                 "target", column->target, "spare", column->spare));
    }
    return columns;
}

static json_t *notes_json(const jj_import_result *result)
{
    json_t *notes = json_array();
    for (size_t i = 0; i < result->note_count; i++) {
        const jj_import_note *note = &result->notes[i];
        json_array_append_new(notes, json_pack("{s:I, s:b, s:s}", "row", (json_int_t)note->row,
                                               "warning", note->warning, "text", note->text));
    }
    return notes;
}

static int tell_json(const importing *im, const char *reject_path)
{
    const jj_import_result *r = &im->result;
    return jj_ctl_print_json(json_pack(
        "{s:b, s:b, s:s*, s:s*, s:s*, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s*, s:o, s:o}",
        "dry_run", im->dry_run, "refused", r->refused, "reason",
        r->refused && r->reason.data ? r->reason.data : NULL, "format", r->format, "encoding",
        r->encoding, "rows", (json_int_t)r->rows, "accepted", (json_int_t)r->accepted, "duplicate",
        (json_int_t)r->duplicate, "rejected", (json_int_t)r->rejected, "warnings",
        (json_int_t)r->warnings, "blank", (json_int_t)r->blank, "totals", (json_int_t)r->totals,
        "rejects", reject_path, "columns", columns_json(r), "notes", notes_json(r)));
}

static void tell_columns(const jj_import_result *r)
{
    for (size_t i = 0; i < r->column_count; i++) {
        const jj_import_column *column = &r->columns[i];
        jj_ctl_say("  column \"%s\": %s%s", column->title,
                   column->target ? column->target : "not used",
                   column->spare ? " (another column has it already)" : "");
    }
}

static void tell_words(const importing *im, const char *reject_path)
{
    const jj_import_result *r = &im->result;
    if (im->dry_run) {
        tell_columns(r);
    }
    for (size_t i = 0; i < r->note_count; i++) {
        jj_ctl_say("  row %" PRIu64 "%s: %s", r->notes[i].row,
                   r->notes[i].warning ? " (taken nevertheless)" : "", r->notes[i].text);
    }
    if (r->note_count == JJ_IMPORT_NOTES && r->rejected + r->warnings > JJ_IMPORT_NOTES) {
        jj_ctl_say("  ... and more");
    }
    printf("%s%s rows: accepted %s, duplicate %s, rejected %s\n",
           im->dry_run ? "dry run, nothing was sent: " : "", jj_ctl_count(r->rows),
           jj_ctl_count(r->accepted), jj_ctl_count(r->duplicate), jj_ctl_count(r->rejected));
    if (reject_path) {
        jj_ctl_say("  next: correct the rows in %s, whose first column says what is wrong, and\n"
                   "  import that file",
                   reject_path);
    }
}

/* A file that was refused as a whole: its author's reason, in Indonesian. */
static int tell_refusal(const importing *im, const char *path)
{
    const jj_import_result *r = &im->result;
    jj_ctl_say("jejaringctl: %serror:%s %s was refused as a whole; nothing was sent\n%s\n"
               "  next: correct the file and import it again",
               jj_ctl_red(stderr), jj_ctl_plain(stderr), path,
               r->reason.data ? r->reason.data : "");
    return JJ_EXIT_REJECTED;
}

/* ---- The command -------------------------------------------------------------------------- */

/* Opens the folder where failed rows are put: --rejects, or that of the file. */
static int open_folder(const importing *im, const char *file, char **folder, int *fd, jj_error *err)
{
    const char *given = jj_ctl_option(im->ctl, "rejects");
    *folder = given ? strdup(given) : jj_path_dir(file);
    if (!*folder) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    *fd = open(*folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *fd < 0 ? jj_fail_errno(err, JJ_ESYSTEM, "the folder %s for rejected rows", *folder) : 0;
}

static int run(importing *im, const char *path)
{
    jj_error err = {0};
    char *folder = NULL, *rejects = NULL;
    int fd = -1;
    int rc = im->dry_run ? 0 : open_folder(im, path, &folder, &fd, &err);
    im->options.reject_folder = fd;
    jj_progress_start(&im->progress);
    rc = rc ? rc : jj_import_file(&im->options, path, &im->result, &err);
    jj_progress_hide(&im->progress);
    if (rc == 0 && im->result.reject_name[0]) {
        rejects = jj_path_join(folder, im->result.reject_name);
    }
    int code = rc && !im->result.refused ? jj_ctl_fail(path, &err)
               : im->result.refused      ? tell_refusal(im, path)
               : im->result.rejected     ? JJ_EXIT_REJECTED
                                         : JJ_EXIT_OK;
    if (im->ctl->json && (rc == 0 || im->result.refused)) {
        int printed = tell_json(im, rejects);
        code = code ? code : printed;
    } else if (rc == 0) {
        tell_words(im, rejects);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(folder);
    free(rejects);
    return code;
}

int jj_ctl_import(jj_ctl *ctl)
{
    jj_error err = {0};
    importing im = {.ctl = ctl, .dry_run = jj_ctl_option(ctl, "dry-run") != NULL};
    int code = jj_ctl_config(ctl, &im.config);
    /* Before the keys: a node that never ran has none. */
    code = code || im.dry_run ? code : jj_ctl_hub(ctl, &im.client);
    code = code ? code : prepare(&im, ctl->args[0], &err);
    for (size_t i = 1; i < ctl->arg_count && (code == 0 || code == JJ_EXIT_REJECTED); i++) {
        int one = run(&im, ctl->args[i]);
        code = one ? one : code;
        jj_import_result_clear(&im.result);
        im.result = (jj_import_result){0};
    }
    jj_reference_close(im.reference);
    jj_catalogue_close(im.catalogue);
    return code;
}
