#include "ctl/ctl.h"

#include "base/text.h"
#include "ctl/command.h"
#include "json/load.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONFIG_DEFAULT "/etc/jejaring/jejaringd.yaml"

void jj_ctl_clear(jj_ctl *ctl)
{
    jj_client_close(ctl->client);
    jj_config_free(ctl->config);
    *ctl = (jj_ctl){0};
}

void *jj_ctl_memory(size_t size_bytes)
{
    void *memory = malloc(size_bytes);
    if (!memory) {
        fputs("jejaringctl: error: out of memory\n  next: free some memory and try again\n",
              stderr);
        exit(JJ_EXIT_FAILED);
    }
    return memory;
}

/* ---- What was given ----------------------------------------------------------------------- */

const char *jj_ctl_option(const jj_ctl *ctl, const char *name)
{
    for (size_t i = ctl->given_count; i > 0; i--) {
        if (strcmp(ctl->given[i - 1].flag->name, name) == 0) {
            return ctl->given[i - 1].value;
        }
    }
    return NULL;
}

static void split(json_t *list, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, ",");
        if (length > 0) {
            json_array_append_new(list, json_stringn(text, length));
        }
        text += length + (text[length] == ',');
    }
}

json_t *jj_ctl_list(const jj_ctl *ctl, const char *name)
{
    json_t *list = NULL;
    for (size_t i = 0; i < ctl->given_count; i++) {
        if (strcmp(ctl->given[i].flag->name, name) == 0) {
            list = list ? list : json_array();
            split(list, ctl->given[i].value);
        }
    }
    return list;
}

int jj_ctl_number(const jj_ctl *ctl, const char *name, uint64_t *value)
{
    const char *text = jj_ctl_option(ctl, name);
    return text && !jj_parse_u64(text, value)
               ? jj_ctl_misused(ctl, "--%s: a whole number is expected", name)
               : JJ_EXIT_OK;
}

/* ---- What is said ------------------------------------------------------------------------- */

static const char *paint(FILE *stream, const char *sequence)
{
    const char *unwanted = getenv("NO_COLOR");
    return isatty(fileno(stream)) && !(unwanted && *unwanted) ? sequence : "";
}

const char *jj_ctl_red(FILE *stream)
{
    return paint(stream, "\033[31m");
}

const char *jj_ctl_plain(FILE *stream)
{
    return paint(stream, "\033[0m");
}

void jj_ctl_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

/* What to do about it: every error has an answer. */
static const char *advice(int code)
{
    switch (code) {
    case JJ_ETIMEOUT:
        return "is jejaringd running? `systemctl status jejaringd` tells, and its log why not; "
               "--timeout waits longer";
    case JJ_EUNAUTHORISED:
        return "use the key that the hub's administrator has entered for your agency";
    case JJ_EFORBIDDEN:
        return "ask as the node's administrator: with -c FILE of its configuration, as root or as "
               "the daemon's user";
    case JJ_EBUSY:
    case JJ_EUNAVAILABLE:
        return "nothing was stored; the hub's log says why (a full disk?); the same command can be "
               "given again";
    case JJ_ECONFIG:
        return "mend it and try again; `jejaringd --check -c FILE` judges a whole configuration";
    case JJ_EVERSION:
        return "use the jejaringctl that came with this daemon";
    case JJ_EMEMORY:
        return "free some memory and try again";
    case JJ_ESYSTEM:
    case JJ_ENOTFOUND:
        return "see that the file or folder is there and may be used by you";
    default:
        return "correct what is named and try again; `jejaringctl help` lists the commands";
    }
}

static int exit_code(int code)
{
    return code == JJ_ETIMEOUT  ? JJ_EXIT_UNREACHABLE
           : code == JJ_ECONFIG ? JJ_EXIT_CONFIG
                                : JJ_EXIT_FAILED;
}

static void complain(const char *what, const jj_error *err, const char *next)
{
    fprintf(stderr, "jejaringctl: %serror:%s ", jj_ctl_red(stderr), jj_ctl_plain(stderr));
    if (what && strcmp(what, err->file) != 0) {
        fprintf(stderr, "%s: ", what);
    }
    if (err->file[0]) {
        fprintf(stderr, "%s:", err->file);
    }
    if (err->line) {
        fprintf(stderr, "%d:", err->line);
    }
    if (err->line && err->column) {
        fprintf(stderr, "%d:", err->column);
    }
    fprintf(stderr, "%s%s", err->file[0] || err->line ? " " : "", err->text);
    if (err->field[0]) {
        fprintf(stderr, " (%s)", err->field);
    }
    fprintf(stderr, "\n  next: %s\n", next);
}

int jj_ctl_fail(const char *what, const jj_error *err)
{
    complain(what, err, advice(err->code));
    return exit_code(err->code);
}

int jj_ctl_finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return code;
    }
    fprintf(stderr, "jejaringctl: error: the output cannot be written: %s\n", strerror(errno));
    return JJ_EXIT_FAILED;
}

int jj_ctl_print_json(json_t *value)
{
    int failed = value ? json_dumpf(value, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15)) : -1;
    json_decref(value);
    putchar('\n');
    return jj_ctl_finish(failed ? JJ_EXIT_FAILED : JJ_EXIT_OK);
}

const char *jj_ctl_count(uint64_t number)
{
    static char buffers[8][32];
    static unsigned next;
    char *out = buffers[next++ % 8], digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    for (int i = 0; i <= length; i++) {
        *out++ = digits[i];
        if (i < length - 1 && (length - 1 - i) % 3 == 0) {
            *out++ = ',';
        }
    }
    return buffers[(next - 1) % 8];
}

/* ---- What is needed ----------------------------------------------------------------------- */

const char *jj_ctl_file(const jj_ctl *ctl)
{
    const char *file = jj_ctl_option(ctl, "config");
    const char *variable = getenv("JEJARING_CONFIG");
    return file ? file : variable && *variable ? variable : CONFIG_DEFAULT;
}

int jj_ctl_config(jj_ctl *ctl, const jj_config **config)
{
    jj_findings findings = {0};
    if (!ctl->config) {
        const char *file = jj_ctl_file(ctl);
        if (jj_config_load(&ctl->config, file, &findings)) {
            jj_findings_sort(&findings);
            jj_findings_print(&findings, stderr);
            jj_ctl_say("jejaringctl: the configuration %s cannot be used\n"
                       "  next: mend it, or name the daemon's with -c FILE",
                       file);
            jj_findings_clear(&findings);
            return JJ_EXIT_CONFIG;
        }
    }
    *config = ctl->config;
    return JJ_EXIT_OK;
}

/* A unix socket tells at once whether anybody listens; only then is an answer worth waiting for. */
static int probe(const char *endpoint, jj_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = strncmp(endpoint, "ipc://", 6) == 0 ? endpoint + 6 : NULL;
    int rc = 0, fd = -1;
    if (!path || strlen(path) >= sizeof address.sun_path) {
        return 0;
    }
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address)) {
        bool denied = errno == EACCES || errno == EPERM;
        rc = denied ? jj_fail(err, JJ_EFORBIDDEN, "you may not use the daemon's socket %s", path)
                    : jj_fail(err, JJ_ETIMEOUT, "nobody listens at %s", path);
    }
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

static int connect_hub(jj_ctl *ctl, const char *endpoint, bool patient, jj_error *err)
{
    const jj_client_options options = {
        .endpoint = endpoint,
        .name = "jejaringctl/" JJ_VERSION,
        .timeout_ms = ctl->timeout_ms,
    };
    int rc = probe(endpoint, err);
    rc = rc == JJ_ETIMEOUT && patient ? 0 : rc;
    return rc ? rc : jj_client_open(&ctl->client, &options, err);
}

static int open_hub(jj_ctl *ctl, bool patient, jj_client **client)
{
    jj_error err = {0};
    const jj_config *config;
    const char *endpoint = jj_ctl_option(ctl, "endpoint");
    if (!ctl->client) {
        if (!endpoint) {
            int code = jj_ctl_config(ctl, &config);
            if (code) {
                return code;
            }
            endpoint = config->hub.admin_endpoint;
        }
        if (strncmp(endpoint, "ipc://", 6) != 0 && strncmp(endpoint, "tcp://", 6) != 0) {
            return jj_ctl_misused(ctl, "--endpoint: ipc:///path or tcp://host:port is expected");
        }
        if (connect_hub(ctl, endpoint, patient, &err)) {
            return jj_ctl_fail(NULL, &err);
        }
    }
    *client = ctl->client;
    return JJ_EXIT_OK;
}

int jj_ctl_hub(jj_ctl *ctl, jj_client **client)
{
    return open_hub(ctl, false, client);
}

int jj_ctl_hub_patient(jj_ctl *ctl, jj_client **client)
{
    return open_hub(ctl, true, client);
}

bool jj_ctl_hub_is_there(jj_ctl *ctl)
{
    const jj_config *config;
    const char *endpoint = jj_ctl_option(ctl, "endpoint");

    if (!endpoint && jj_ctl_config(ctl, &config) == 0) {
        endpoint = config->hub.admin_endpoint;
    }
    return endpoint && probe(endpoint, NULL) == 0;
}

/* Takes options. */
static int request(jj_client *client, const char *verb, json_t *options, json_t **result,
                   json_t **event, jj_error *err)
{
    jj_reply reply = {0};
    char *text = options ? json_dumps(options, JSON_COMPACT) : NULL;
    int rc = jj_client_request(client, verb, text, NULL, 0, &reply, err);
    rc = rc ? rc
            : jj_json_load(result, reply.result.data, reply.result.size_bytes, JJ_FRAME_MAX, err);
    if (rc == 0 && event && reply.event_count > 0) {
        rc = jj_json_load(event, reply.events[0].data, reply.events[0].size_bytes, JJ_FRAME_MAX,
                          err);
    }
    jj_reply_clear(&reply);
    json_decref(options);
    free(text);
    return rc;
}

int jj_ctl_ask(jj_ctl *ctl, const char *verb, json_t *options, json_t **result)
{
    jj_error err = {0};
    jj_client *client;
    int code = jj_ctl_hub(ctl, &client);
    if (code) {
        json_decref(options);
        return code;
    }
    return request(client, verb, options, result, NULL, &err) ? jj_ctl_fail(NULL, &err)
                                                              : JJ_EXIT_OK;
}

int jj_ctl_try(jj_ctl *ctl, const char *verb, json_t *options, json_t **result, json_t **event,
               jj_error *err)
{
    jj_error ignored = {0};
    const char *endpoint = jj_ctl_option(ctl, "endpoint");
    err = err ? err : &ignored;
    endpoint = endpoint ? endpoint : ctl->config ? ctl->config->hub.admin_endpoint : NULL;
    int rc = ctl->client ? 0
             : endpoint  ? connect_hub(ctl, endpoint, false, err)
                         : jj_fail(err, JJ_ECONFIG, "no configuration was read");
    if (rc) {
        json_decref(options);
        return rc;
    }
    return request(ctl->client, verb, options, result, event, err);
}
