/* Endpoints: what a socket of the hub may be bound to, and who is let in there. */
#include "config/config.h"
#include "config/tables.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

enum {
    SOCKET_PATH_MAX = sizeof((struct sockaddr_un *)0)->sun_path - 1
};

bool jj_socket_path_check(jj_reader *reader, const jj_yaml_node *node, const char *path)
{
    if (strlen(path) <= SOCKET_PATH_MAX) {
        return true;
    }
    jj_reader_complain(reader, node,
                       "the socket's path would be %zu bytes long, and the system takes %d: choose "
                       "a shorter folder (%.200s)",
                       strlen(path), SOCKET_PATH_MAX, path);
    return false;
}

typedef enum host_kind {
    HOST_BAD,
    HOST_LOOPBACK,
    HOST_OPEN
} host_kind;

static host_kind judge_host(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    char inner[INET6_ADDRSTRLEN + 2];
    size_t length = strlen(host);

    if (strcmp(host, "*") == 0) {
        return HOST_OPEN;
    }
    if (inet_pton(AF_INET, host, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == 127 ? HOST_LOOPBACK : HOST_OPEN;
    }
    if (length < 3 || length > sizeof inner || host[0] != '[' || host[length - 1] != ']') {
        return HOST_BAD;
    }
    snprintf(inner, sizeof inner, "%.*s", (int)length - 2, host + 1);
    if (inet_pton(AF_INET6, inner, &v6) != 1) {
        return HOST_BAD;
    }
    return IN6_IS_ADDR_LOOPBACK(&v6) ? HOST_LOOPBACK : HOST_OPEN;
}

static host_kind tcp_host(const char *endpoint)
{
    const char *address = endpoint + strlen("tcp://");
    const char *colon = strrchr(address, ':');
    char host[64];
    snprintf(host, sizeof host, "%.*s", colon != NULL ? (int)(colon - address) : 0, address);
    return judge_host(host);
}

bool jj_endpoint_is_outer(const char *endpoint)
{
    return strncmp(endpoint, "tcp://", 6) == 0 && tcp_host(endpoint) == HOST_OPEN;
}

static bool is_everywhere(const char *endpoint)
{
    const char *address = endpoint + strlen("tcp://");
    return strncmp(address, "*:", 2) == 0 || strncmp(address, "0.0.0.0:", 8) == 0;
}

bool jj_endpoints_clash(const char *a, const char *b)
{
    if (strncmp(a, "tcp://", 6) != 0 || strncmp(b, "tcp://", 6) != 0) {
        return strcmp(a, b) == 0;
    }
    bool same_port = strcmp(strrchr(a, ':'), strrchr(b, ':')) == 0;
    bool v6 = a[6] == '[' || b[6] == '[';
    return strcmp(a, b) == 0 || (same_port && !v6 && (is_everywhere(a) || is_everywhere(b)));
}

static bool check_tcp(jj_reader *reader, const jj_yaml_node *node, const char *endpoint)
{
    const char *colon = strrchr(endpoint + strlen("tcp://"), ':');
    int64_t port;

    if (colon == NULL || !jj_parse_i64(colon + 1, &port) || port < 1 || port > 65535) {
        jj_reader_complain(reader, node,
                           "\"%.100s\" lacks a port between 1 and 65535: tcp://127.0.0.1:5710",
                           endpoint);
        return false;
    }
    if (tcp_host(endpoint) == HOST_BAD) {
        jj_reader_complain(reader, node,
                           "\"%.100s\" needs a numeric address: tcp://127.0.0.1:5710 or "
                           "tcp://[::1]:5710",
                           endpoint);
        return false;
    }
    return true;
}

static bool check_endpoint(jj_reader *reader, const jj_yaml_node *node, const char *endpoint)
{
    if (strncmp(endpoint, "tcp://", 6) == 0) {
        return check_tcp(reader, node, endpoint);
    }
    if (strncmp(endpoint, "ipc:///", 7) == 0) {
        return jj_socket_path_check(reader, node, endpoint + 6);
    }
    if (strncmp(endpoint, "ipc://", 6) == 0) {
        jj_reader_complain(reader, node, "\"%.100s\" needs an absolute path: ipc:///run/...",
                           endpoint);
    } else {
        jj_reader_complain(reader, node,
                           "\"%.100s\" is no endpoint: tcp://127.0.0.1:5710 or ipc:///run/...",
                           endpoint);
    }
    return false;
}

static void read_endpoint(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    const char *text = jj_reader_scalar(reader, key, node);
    if (text != NULL && check_endpoint(reader, node, text)) {
        *(const char **)out = text;
    }
}

static void read_listener(jj_reader *reader, const jj_key *table, const jj_yaml_node *node,
                          jj_listener *out)
{
    jj_keys_read(reader, table, node, out);
    if (out->endpoint == NULL) {
        return;
    }
    bool tcp = strncmp(out->endpoint, "tcp://", 6) == 0;
    if (out->as != NULL && jj_endpoint_is_outer(out->endpoint)) {
        jj_reader_complain(reader, node,
                           "\"%.100s\" can be reached from other machines, where only CURVE is "
                           "spoken: leave out \"as\", or use 127.0.0.1",
                           out->endpoint);
    }
    if (!tcp && out->as == NULL) {
        out->as = "local";
    }
}

static void read_listen(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    jj_listeners listeners = {0};

    if (node->kind != JJ_YAML_SEQUENCE) {
        jj_reader_complain(reader, node,
                           "\"listen\" must be a list: - {endpoint: \"tcp://127.0.0.1:5710\", as: "
                           "local}");
        return;
    }
    listeners.list = jj_pool_alloc(reader->pool, (node->count + 1) * sizeof *listeners.list);
    if (listeners.list == NULL) {
        jj_reader_complain(reader, node, "out of memory");
        return;
    }
    for (const jj_yaml_node *entry = node->first; entry != NULL; entry = entry->next) {
        read_listener(reader, key->members, entry, &listeners.list[listeners.count++]);
    }
    *(jj_listeners *)out = listeners;
}

static void read_bell(jj_reader *reader, const jj_key *key, const jj_yaml_node *node, void *out)
{
    jj_words words = {0};

    if (node->kind != JJ_YAML_SEQUENCE) {
        jj_reader_complain(reader, node, "\"bell\" must be a list: [\"tcp://127.0.0.1:5711\"]");
        return;
    }
    words.list = jj_pool_alloc(reader->pool, (node->count + 1) * sizeof *words.list);
    if (words.list == NULL) {
        jj_reader_complain(reader, node, "out of memory");
        return;
    }
    for (const jj_yaml_node *entry = node->first; entry != NULL; entry = entry->next) {
        read_endpoint(reader, key, entry, &words.list[words.count++]);
    }
    *(jj_words *)out = words;
}

const jj_key_type jj_key_endpoint = {"endpoint", read_endpoint};
const jj_key_type jj_key_listen = {"list of mappings", read_listen};
const jj_key_type jj_key_bell = {"list of endpoints", read_bell};
