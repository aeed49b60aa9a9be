#include "ctl/plugin_test.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "ctl/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MAX_BYTES 600
#define EXIT_TOLD      3 /* of a case's process: what is wrong has been told */

/* ---- In the process of a case -----------------------------------------------------------------
 */

static void tell(const jj_trial *trial, char kind, const char *text)
{
    char line[LINE_MAX_BYTES];
    int size = snprintf(line, sizeof line, "%c%.*s\n", kind, (int)sizeof line - 4, text);

    if (write(trial->fd, line, (size_t)size) != size) {
        _exit(EXIT_FAILURE); /* nobody listens any more */
    }
}

void jj_trial_enter(void *trial, const char *callback)
{
    tell(trial, '>', callback);
}

void jj_trial_fail(const jj_trial *trial, const char *format, ...)
{
    char text[LINE_MAX_BYTES - 8];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tell(trial, '!', text);
}

static json_t *value_of(const jj_property *property)
{
    if (json_array_size(property->choices) > 0) {
        return json_deep_copy(json_array_get(property->choices, 0));
    }
    const char *format = property->format ? property->format : "";
    switch (property->kind) {
    case JJ_KIND_INTEGER:
    case JJ_KIND_NUMBER:
        return json_integer(strcmp(property->name, "year") == 0 ? 2024 : 2);
    case JJ_KIND_BOOLEAN:
        return json_true();
    default:
        return json_string(strcmp(format, "date") == 0        ? "2024-01-15"
                           : strcmp(format, "date-time") == 0 ? "2024-01-15T00:00:00Z"
                           : strcmp(format, "region") == 0    ? "33.75"
                           : strcmp(format, "uuid") == 0 ? "2c4e28ba-2fa1-81d2-883f-0016d3cca42a"
                                                         : "contoh");
    }
}

static json_t *data_of(const jj_property *properties, size_t count)
{
    json_t *data = json_object();

    for (size_t i = 0; i < count; i++) {
        const jj_property *property = &properties[i];
        if (property->vault) {
            continue;
        }
        json_object_set_new(data, property->name,
                            property->kind == JJ_KIND_OBJECT
                                ? data_of(property->members, property->member_count)
                            : property->kind == JJ_KIND_ARRAY ? json_pack("[o]", value_of(property))
                                                              : value_of(property));
    }
    return data;
}

json_t *jj_trial_data(const jj_type *type)
{
    json_t *data = data_of(type->properties, type->property_count);
    json_object_del(data, "date"); /* that of the event */
    return data;
}

/* Loads the plugin; options that its table refuses are told at the first case that needs them. */
static bool load(jj_trial *trial, bool options)
{
    jj_error err = {0};
    jj_findings findings = {0};

    jj_trial_enter(trial, "loading");
    if (jj_module_open(&trial->module, trial->instance->module, &err)) {
        jj_trial_fail(trial, "%s", err.text);
        return false;
    }
    trial->plugin = jj_module_plugin(trial->module);
    if (options) {
        jj_options_read(&trial->options, trial->plugin->options, trial->config, trial->instance,
                        &findings);
        if (jj_findings_total(&findings) > 0) {
            jj_trial_fail(trial, "%s; give options with --options '{name: value}'",
                          findings.list[0].text);
        }
    }
    bool right = jj_findings_total(&findings) == 0;
    jj_findings_clear(&findings);
    return right;
}

/* What the whole process has one of, and the host relies on. */
typedef struct manners {
    struct stat folder;
    mode_t mask;
    char locale[128];
} manners;

static void note_manners(manners *m)
{
    const char *locale = setlocale(LC_ALL, NULL);

    *m = (manners){0};
    stat(".", &m->folder);
    m->mask = umask(0077);
    umask(m->mask);
    snprintf(m->locale, sizeof m->locale, "%s", locale ? locale : "");
}

static void compare_manners(const jj_trial *trial, const manners *before)
{
    manners after;

    note_manners(&after);
    if (after.folder.st_ino != before->folder.st_ino ||
        after.folder.st_dev != before->folder.st_dev) {
        jj_trial_fail(trial, "changes the working folder of the process, which is the host's");
    } else if (after.mask != before->mask) {
        jj_trial_fail(trial, "changes the umask of the process, which is the host's");
    } else if (strcmp(after.locale, before->locale) != 0) {
        jj_trial_fail(trial, "changes the locale of the process, which is the host's");
    }
}

static void run_case(jj_trial *trial, const jj_trial_case *one)
{
    struct rlimit none = {0, 0};
    manners before;

    setrlimit(RLIMIT_CORE, &none);
    setpgid(0, 0);
    dup2(STDERR_FILENO, STDOUT_FILENO); /* where the results go */
    note_manners(&before);
    if (load(trial, one->run != NULL) && one->run) {
        one->run(trial);
    }
    compare_manners(trial, &before);
    tell(trial, '.', "");
    /* No exit handler: the parent's own are not for this process. */
    _exit(EXIT_TOLD);
}

/* ---- The parent ---------------------------------------------------------------------------------
 */

typedef struct outcome {
    char callback[64]; /* the one that was entered last */
    char failure[LINE_MAX_BYTES];
    bool ended; /* it came to its end */
} outcome;

static void take_line(outcome *out, const char *line)
{
    if (*line == '>') {
        snprintf(out->callback, sizeof out->callback, "%.60s", line + 1);
    } else if (*line == '!' && !out->failure[0]) {
        snprintf(out->failure, sizeof out->failure, "%s", line + 1);
    } else if (*line == '.') {
        out->ended = true;
    }
}

/* Reads what a case tells until its end, or until a callback has taken too long. True: it hangs. */
static bool listen_to(int fd, int patience_ms, outcome *out)
{
    char line[LINE_MAX_BYTES + 1];
    size_t used = 0;

    for (;;) {
        struct pollfd item = {.fd = fd, .events = POLLIN};
        if (poll(&item, 1, patience_ms) == 0) {
            return true;
        }
        ssize_t got = read(fd, line + used, sizeof line - 1 - used);
        if (got <= 0) {
            return false;
        }
        used += (size_t)got;
        line[used] = '\0';
        char *at = line, *end;
        while ((end = strchr(at, '\n'))) {
            *end = '\0';
            take_line(out, at);
            at = end + 1;
        }
        if (out->ended) {
            return false; /* not until all copies of the descriptor are closed: there may be more */
        }
        used = strlen(at);
        memmove(line, at, used + 1);
    }
}

/* A case is a group of processes of its own. */
static void end_rest(pid_t group, outcome *out)
{
    if (kill(-group, SIGKILL) == 0 && !out->failure[0]) {
        snprintf(out->failure, sizeof out->failure, "leaves processes of its own behind");
    }
}

/* What the end of its process says about a case that did not tell itself. */
static void judge(outcome *out, int status, bool hangs, int patience_ms)
{
    const char *where = out->callback[0] ? out->callback : "loading";

    if (out->failure[0]) {
        return;
    }
    if (hangs) {
        snprintf(out->failure, sizeof out->failure, "hangs in %s: not back after %d s", where,
                 patience_ms / 1000);
    } else if (WIFSIGNALED(status)) {
        snprintf(out->failure, sizeof out->failure, "crashes in %s (%s)", where,
                 sigdescr_np(WTERMSIG(status)));
    } else if (!out->ended) {
        snprintf(out->failure, sizeof out->failure, "ends the process in %s (exit code %d)", where,
                 WEXITSTATUS(status));
    }
}

static int try_case(jj_trial *trial, const jj_trial_case *one, int patience_ms, outcome *out)
{
    int pipes[2], status = 0;

    if (pipe2(pipes, O_CLOEXEC)) {
        return -1;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(pipes[0]);
        trial->fd = pipes[1];
        run_case(trial, one);
    }
    close(pipes[1]);
    bool hangs = pid > 0 && listen_to(pipes[0], patience_ms, out);
    close(pipes[0]);
    if (pid < 0) {
        return -1;
    }
    if (hangs) {
        kill(pid, SIGKILL);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    end_rest(pid, out);
    judge(out, status, hangs, patience_ms);
    return 0;
}

/* ---- The command --------------------------------------------------------------------------------
 */

/* A configuration with one instance, so that options are read as in a node. */
static int make_config(const char *file, const char *options, const jj_config **config)
{
    jj_buf text = {0};
    jj_findings findings = {0};

    jj_buf_puts(&text, "{node: rehearsal, region: \"33.75\", plugins: {rehearsed: {module: ");
    jj_buf_json_z(&text, file);
    jj_buf_printf(&text, ", audiences: [node], regions: [\"*\"], options: %s}}}\n",
                  options ? options : "{}");
    int rc = text.failed ? JJ_EMEMORY
                         : jj_config_parse(config, "--options", text.data, text.size, &findings);
    if (rc) {
        jj_findings_print(&findings, stderr);
    }
    jj_findings_clear(&findings);
    jj_buf_clear(&text);
    return rc ? JJ_EXIT_USAGE : JJ_EXIT_OK;
}

/* --schemas, or those that were installed with this program. */
static jj_catalogue *open_catalogue(const jj_ctl *ctl)
{
    static const char *const near[] = {"/../share/jejaring/schemas", "/../schemas",
                                       "/../../schemas"};
    const char *given = jj_ctl_option(ctl, "schemas");
    char self[4096], path[8192];
    jj_error err;
    jj_catalogue *catalogue = NULL;

    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash) {
        *slash = '\0';
    }
    for (size_t i = 0; i < 3 && !catalogue; i++) {
        snprintf(path, sizeof path, "%s%s/events", given ? given : self, given ? "" : near[i]);
        if (jj_catalogue_open(&catalogue, path, &err) == 0 || given) {
            break;
        }
    }
    if (!catalogue) {
        jj_ctl_say("jejaringctl: no schemas were found; events will have nothing but a date\n"
                   "  next: name their folder with --schemas");
    }
    return catalogue;
}

static int try_all(jj_ctl *ctl, jj_trial *trial)
{
    json_t *results = json_array();
    size_t failed = 0, count = 0;
    bool alive = true;

    for (const jj_trial_case *one = jj_trial_cases; one->name && alive; one++, count++) {
        outcome out = {0};
        if (try_case(trial, one, ctl->timeout_ms, &out)) {
            snprintf(out.failure, sizeof out.failure, "could not be tried: no process");
        }
        bool ok = !out.failure[0];
        failed += !ok;
        alive = ok || !one->vital;
        json_array_append_new(
            results, json_pack("{s:s,s:b,s:s}", "case", one->name, "ok", ok, "text", out.failure));
        if (!ctl->json) {
            printf("%s%s%s  %-10s %s\n", ok ? "" : jj_ctl_red(stdout), ok ? "ok  " : "FAIL",
                   ok ? "" : jj_ctl_plain(stdout), one->name, ok ? one->doc : out.failure);
        }
    }
    if (ctl->json) {
        jj_ctl_print_json(json_incref(results));
    } else {
        printf("%s: %zu cases, %zu failed\n", ctl->args[0], count, failed);
    }
    json_decref(results);
    return failed ? JJ_EXIT_FAILED : JJ_EXIT_OK;
}

int jj_ctl_plugin_test(jj_ctl *ctl)
{
    const jj_config *config = NULL;
    char *file = realpath(ctl->args[0], NULL);

    if (!file) {
        jj_error err;
        jj_fail_errno(&err, JJ_ENOTFOUND, "cannot be read");
        return jj_ctl_fail(ctl->args[0], &err);
    }
    int code = make_config(file, jj_ctl_option(ctl, "options"), &config);
    if (code == 0) {
        jj_catalogue *catalogue = open_catalogue(ctl);
        jj_trial trial = {
            .config = config, .instance = &config->plugins.list[0], .catalogue = catalogue};
        code = try_all(ctl, &trial);
        jj_catalogue_close(catalogue);
    }
    jj_config_free(config);
    free(file);
    return code;
}
