/* What stands in the way of a start at this moment. */
#include "daemon/check.h"

#include "base/fs.h"
#include "journal/journal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define IPC "ipc://"
#define TCP "tcp://"

/* Somebody listens at this ipc endpoint. */
static bool is_listened_to(const char *endpoint)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = endpoint + strlen(IPC);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool up = false;

    if (fd >= 0 && strlen(path) < sizeof address.sun_path) {
        strcpy(address.sun_path, path);
        up = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    return up;
}

/* The address of "tcp://1.2.3.4:5710", "tcp://[::1]:5710" or one with "*"; its form has been
 * judged. Returns its length. */
static socklen_t parse_address(const char *endpoint, struct sockaddr_storage *out)
{
    char host[64];
    const char *text = endpoint + strlen(TCP), *colon = strrchr(text, ':');
    in_port_t port = htons((in_port_t)atoi(colon + 1));

    *out = (struct sockaddr_storage){0};
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    if (host[0] == '[') {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
        host[strlen(host) - 1] = '\0';
        *v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
        inet_pton(AF_INET6, host + 1, &v6->sin6_addr);
        return sizeof *v6;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
    inet_pton(AF_INET, strcmp(host, "*") == 0 ? "0.0.0.0" : host, &v4->sin_addr);
    return sizeof *v4;
}

/* 0, or the errno with which the address cannot be had. */
static int try_port(const char *endpoint)
{
    struct sockaddr_storage address;
    const int on = 1;
    socklen_t length = parse_address(endpoint, &address);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failed = 0;

    /* As libzmq does: a port on which nobody listens any more is free at once. */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(fd, (struct sockaddr *)&address, length) || listen(fd, 1)) {
        failed = errno;
    }
    if (fd >= 0) {
        close(fd);
    }
    return failed;
}

static void check_endpoint(const jj_config *config, const jj_yaml_node *place, const char *endpoint,
                           jj_findings *findings)
{
    bool tcp = strncmp(endpoint, TCP, strlen(TCP)) == 0;
    int failed = tcp ? try_port(endpoint) : is_listened_to(endpoint) ? EADDRINUSE : 0;

    if (failed == 0) {
        return;
    }
    jj_findings_add(
        findings, config->file, place->line, place->column, "%.100s cannot be had: %s", endpoint,
        failed == EADDRINUSE ? "another program listens there already" : strerror(failed));
    if (failed == EADDRINUSE) {
        jj_findings_advise(findings,
                           "stop the other program (`ss -lntxp` names it), or choose "
                           "another %s",
                           tcp ? "port" : "path");
    } else {
        jj_findings_advise(findings,
                           "use an address of this machine (`ip address`) and a port above "
                           "1023");
    }
}

static void check_endpoints(const jj_config *config, jj_findings *findings)
{
    const jj_yaml_node *hub = jj_yaml_get(config->root, "hub");
    const jj_yaml_node *listen = jj_yaml_get(hub, "listen"), *bell = jj_yaml_get(hub, "bell");
    const jj_yaml_node *entry = listen ? listen->first : NULL;

    for (size_t i = 0; i < config->hub.listen.count && entry; i++, entry = entry->next) {
        const jj_yaml_node *named = jj_yaml_get(entry, "endpoint");
        check_endpoint(config, named ? named : entry, config->hub.listen.list[i].endpoint,
                       findings);
    }
    entry = bell ? bell->first : NULL;
    for (size_t i = 0; i < config->hub.bell.count && entry; i++, entry = entry->next) {
        check_endpoint(config, entry, config->hub.bell.list[i], findings);
    }
}

/* A file that never gets a name: a full disk or a quota says so now. */
static void try_folder(const jj_config *config, const jj_yaml_node *place, const char *key,
                       const char *path, jj_findings *findings)
{
    int fd = open(path, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

    if (fd >= 0 && write(fd, "", 1) == 1) {
        close(fd);
        return;
    }
    /* One that is missing is made by the daemon; some file systems know no nameless files. */
    if (errno != ENOENT && errno != EOPNOTSUPP && errno != EISDIR) {
        jj_findings_add(findings, config->file, place->line, place->column,
                        "%s: nothing can be written into %.200s: %s", key, path, strerror(errno));
        jj_findings_advise(findings, "free space there, or give it to the daemon's user");
    }
    if (fd >= 0) {
        close(fd);
    }
}

static const jj_yaml_node *place_of(const jj_config *config, const char *key)
{
    const jj_yaml_node *named = jj_yaml_get(config->root, key);
    return named ? named : config->root;
}

void jj_check_surroundings(const jj_config *config, jj_findings *findings)
{
    char *journal = jj_path_join(config->state, "journal.db");
    bool running = is_listened_to(config->hub.admin_endpoint);

    if (!running && journal && jj_journal_is_held(journal)) {
        jj_check_blame(config, "state", findings, "another hub has the journal in %.200s open",
                       config->state);
        jj_findings_advise(findings,
                           "stop the other daemon (`fuser %.120s/journal.db.lock` names "
                           "it), or give this node a folder of its own",
                           config->state);
    }
    if (!running) {
        check_endpoints(config, findings);
    }
    try_folder(config, place_of(config, "state"), "state", config->state, findings);
    try_folder(config, place_of(config, "run"), "run", config->run, findings);
    for (size_t i = 0; i < config->plugins.count; i++) {
        const jj_plugin_config *plugin = &config->plugins.list[i];
        if (plugin->inbox) {
            try_folder(config, jj_yaml_get(plugin->node, "inbox"), "inbox", plugin->inbox,
                       findings);
        }
    }
    free(journal);
}
