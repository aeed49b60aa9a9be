/* The connection bundle: what an agency is given, with an example that works as it stands. */
#include "ctl/agency.h"

#include "base/fs.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* @NAME@ is replaced by a text quoted for JSON, which is a literal of Python, too, or
 * for C. */
static const char python_example[] =
    "#!/usr/bin/env python3\n"
    "\"\"\"Every event that this agency may see, at least once, in order (apt install "
    "python3-zmq)\"\"\"\n"
    "import json\n"
    "import pathlib\n"
    "import sys\n"
    "import zmq\n"
    "\n"
    "ENDPOINT = @ENDPOINT@\n"
    "BELL = @BELL@  # rings when there is something new; None: what comes is waited for at the "
    "hub\n"
    "SERVER_KEY = @SERVER_KEY@\n"
    "CONSUMER = \"subscribe\"  # one name for each program that reads on its own\n"
    "SECRET_KEY = (pathlib.Path(__file__).parent / \"secret.key\").read_bytes().strip()\n"
    "\n"
    "\n"
    "def connect(endpoint, kind):\n"
    "    socket = zmq.Context.instance().socket(kind)\n"
    "    socket.curve_serverkey = SERVER_KEY.encode()\n"
    "    socket.curve_secretkey = SECRET_KEY\n"
    "    socket.curve_publickey = zmq.curve_public(SECRET_KEY)\n"
    "    socket.linger = 0\n"
    "    socket.ipv6 = \"[\" in endpoint\n"
    "    socket.connect(endpoint)\n"
    "    return socket\n"
    "\n"
    "\n"
    "hub = connect(ENDPOINT, zmq.REQ)\n"
    "bell = connect(BELL, zmq.SUB) if BELL else None\n"
    "\n"
    "\n"
    "def ask(verb, options, *events):\n"
    "    \"\"\"One request. Sent again until it is answered: the hub does nothing twice.\"\"\"\n"
    "    global hub\n"
    "    frames = [json.dumps(part).encode() for part in (options, *events)]\n"
    "    while True:\n"
    "        hub.send_multipart([b\"JJ1\", verb.encode(), b\"1\", *frames])\n"
    "        if hub.poll(15000):\n"
    "            _, kind, _, result, *events = hub.recv_multipart()\n"
    "            result = json.loads(result)\n"
    "            if kind != b\"ERROR\":\n"
    "                return result, [json.loads(event) for event in events]\n"
    "            if result[\"code\"] not in (\"busy\", \"unavailable\"):\n"
    "                sys.exit(f\"{verb}: {result['code']}: {result['detail']}\")\n"
    "            hub.poll(1000)\n"
    "        else:\n"
    "            print(\"no answer; trying again\", file=sys.stderr)\n"
    "            hub.close()\n"
    "            hub = connect(ENDPOINT, zmq.REQ)\n"
    "\n"
    "\n"
    "print(json.dumps(ask(\"HELLO\", {})[0]), file=sys.stderr)\n"
    "if bell:\n"
    "    bell.subscribe(\"\")\n"
    "while True:\n"
    "    result, events = ask(\"FETCH\", {\"name\": CONSUMER, \"wait_ms\": 0 if bell else 10000})\n"
    "    for event in events:\n"
    "        print(json.dumps(event), flush=True)  # your own work goes here\n"
    "    ask(\"COMMIT\", {\"name\": CONSUMER, \"cursor\": result[\"cursor\"]})\n"
    "    while bell and result[\"behind\"] == 0 and bell.poll(10000):\n"
    "        if int(json.loads(bell.recv_multipart()[1])[\"cursor\"]) > int(result[\"cursor\"]):\n"
    "            break\n";

static const char c_example[] =
    "/* Every event that this agency may see, each at least once, in order; run it in this "
    "folder.\n"
    " * cc subscribe.c -o subscribe $(pkg-config --cflags --libs jejaring) */\n"
    "#include <jejaring/subscribe.h>\n"
    "#include <stdio.h>\n"
    "#include <string.h>\n"
    "\n"
    "static int print_batch(void *arg, const jj_batch *batch)\n"
    "{\n"
    "    (void)arg;\n"
    "    for (size_t i = 0; i < batch->count; i++) { /* your own work goes here */\n"
    "        printf(\"%.*s\\n\", (int)batch->events[i].size_bytes, batch->events[i].data);\n"
    "    }\n"
    "    return fflush(stdout) ? JJ_ESYSTEM : JJ_NEXT;\n"
    "}\n"
    "\n"
    "int main(void)\n"
    "{\n"
    "    char secret[64] = \"\";\n"
    "    jj_error err = {0};\n"
    "    jj_client *client = NULL;\n"
    "    const jj_client_options options = {.endpoint = @ENDPOINT@,\n"
    "                                       .server_key = @SERVER_KEY@,\n"
    "                                       .public_key = @PUBLIC_KEY@,\n"
    "                                       .secret_key = secret};\n"
    "    const jj_subscription what = {.name = \"subscribe-c\", .bell = @BELL@};\n"
    "    FILE *key = fopen(\"secret.key\", \"r\");\n"
    "    if (!key || !fgets(secret, sizeof secret, key)) {\n"
    "        fputs(\"secret.key cannot be read\\n\", stderr);\n"
    "        return 1;\n"
    "    }\n"
    "    fclose(key);\n"
    "    secret[strcspn(secret, \"\\n\")] = '\\0';\n"
    "    if (jj_client_open(&client, &options, &err) == 0) {\n"
    "        jj_subscribe(client, &what, print_batch, NULL, &err);\n"
    "    }\n"
    "    fprintf(stderr, \"%s: %s\\n\", jj_code_name(err.code), err.text);\n"
    "    jj_client_close(client);\n"
    "    return 1;\n"
    "}\n";

static const char guide[] =
    "Connection of @AGENCY@ to the Jejaring node @NODE@\n"
    "\n"
    "connection.json  where the node is, its public key, and yours\n"
    "secret.key       your secret key. Keep it to yourself; whoever holds it is you.\n"
    "                 Not there? Then you made the pair yourself: put the secret half here.\n"
    "subscribe.py     prints every event that you may see: python3 subscribe.py\n"
    "subscribe.c      the same in C, with libjejaring\n"
    "\n"
    "The ports that connection.json names must be open from you to the node (outgoing tcp).\n"
    "The contract, enough to write a client in any language: schemas/README.md of Jejaring.\n";

static json_t *values_of(const jj_bundle *bundle)
{
    const char *bell = bundle->bell[0] ? bundle->bell : NULL;
    return json_pack("{s:s, s:s, s:s, s:s*, s:s, s:s}", "agency", bundle->agency->id, "node",
                     bundle->node, "endpoint", bundle->endpoint, "bell", bell, "server_key",
                     bundle->server_key, "public_key", bundle->public_key);
}

/* How a value is written into a file; NULL: there is none. */
typedef void (*put_value)(jj_buf *out, const char *text);

static void put_python(jj_buf *out, const char *text)
{
    if (text) {
        jj_buf_json_z(out, text);
    } else {
        jj_buf_puts(out, "None");
    }
}

/* A literal of C. Keys may hold "??", which begins a trigraph. */
static void put_c(jj_buf *out, const char *text)
{
    jj_buf json = {0};
    if (!text) {
        jj_buf_puts(out, "NULL");
        return;
    }
    jj_buf_json_z(&json, text);
    for (const char *at = json.data; at && *at; at++) {
        jj_buf_puts(out, *at == '?' ? "\\" : "");
        jj_buf_putc(out, *at);
    }
    jj_buf_clear(&json);
}

/* Appends a template, every @NAME@ replaced by the member `name` of values. */
static void fill_in(jj_buf *out, const char *template, const json_t *values, put_value put)
{
    const char *name;
    json_t *value;
    while (*template) {
        size_t plain = strcspn(template, "@");
        jj_buf_add(out, template, plain);
        template += plain;
        json_object_foreach((json_t *)(uintptr_t)values, name, value)
        {
            size_t length = strlen(name);
            if (*template == '@' && strncasecmp(template + 1, name, length) == 0 &&
                template[length + 1] == '@') {
                put(out, json_string_value(value));
                template += length + 2;
                break;
            }
        }
        if (*template == '@') {
            jj_buf_putc(out, *template ++);
        }
    }
}

static int write_file(const jj_bundle *bundle, const char *name, const char *text, size_t size,
                      mode_t mode, jj_error *err)
{
    char *path = jj_path_join(bundle->folder, name);
    int rc = path ? jj_file_create(path, text, size, mode, err)
                  : jj_fail(err, JJ_EMEMORY, "out of memory");
    free(path);
    return rc;
}

static int write_filled(const jj_bundle *bundle, const char *name, const char *template,
                        const json_t *values, put_value put, mode_t mode, jj_error *err)
{
    jj_buf text = {0};
    fill_in(&text, template, values, put);
    int rc = text.failed ? jj_fail(err, JJ_EMEMORY, "out of memory")
                         : write_file(bundle, name, text.data, text.size, mode, err);
    jj_buf_clear(&text);
    return rc;
}

static int write_secret(const jj_bundle *bundle, jj_error *err)
{
    char line[JJ_Z85_SIZE + 1];
    if (!bundle->secret_key[0]) {
        return 0;
    }
    snprintf(line, sizeof line, "%s\n", bundle->secret_key);
    int rc = write_file(bundle, "secret.key", line, strlen(line), 0600, err);
    explicit_bzero(line, sizeof line);
    return rc;
}

int jj_bundle_write(const jj_bundle *bundle, jj_error *err)
{
    json_t *values = values_of(bundle);
    char *connection = json_dumps(values, JSON_INDENT(2));
    int rc = 0;
    if (!bundle->bell[0]) {
        json_object_set_new(values, "bell", json_null());
    }
    if (!connection) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
    } else if (mkdir(bundle->folder, 0700)) {
        rc = errno == EEXIST
                 ? jj_fail(err, JJ_ESYSTEM, "%s is there already; name another with --bundle",
                           bundle->folder)
                 : jj_fail_errno(err, JJ_ESYSTEM, "cannot make the folder %s", bundle->folder);
    }
    rc = rc ? rc : write_secret(bundle, err);
    rc = rc ? rc : write_file(bundle, "connection.json", connection, strlen(connection), 0600, err);
    rc = rc ? rc : write_filled(bundle, "README.txt", guide, values, jj_buf_puts, 0600, err);
    rc = rc ? rc
            : write_filled(bundle, "subscribe.py", python_example, values, put_python, 0700, err);
    rc = rc ? rc : write_filled(bundle, "subscribe.c", c_example, values, put_c, 0600, err);
    free(connection);
    json_decref(values);
    return rc;
}

/* ---- Where the node is -------------------------------------------------------------------- */

/* The first endpoint at which agencies prove who they are. */
static const char *door_of(const jj_config *config)
{
    for (size_t i = 0; i < config->hub.listen.count; i++) {
        if (!config->hub.listen.list[i].as) {
            return config->hub.listen.list[i].endpoint;
        }
    }
    return NULL;
}

static bool is_everywhere(const char *endpoint)
{
    return strncmp(endpoint, "tcp://*:", 8) == 0 || strncmp(endpoint, "tcp://0.0.0.0:", 14) == 0 ||
           strncmp(endpoint, "tcp://[::]:", 11) == 0;
}

/* The endpoint as the agency names it. */
static void from_outside(const char *endpoint, const char *host, char *out, size_t size_bytes)
{
    char own[128] = "localhost";
    if (!host && !is_everywhere(endpoint)) {
        snprintf(out, size_bytes, "%s", endpoint);
        return;
    }
    if (!host && gethostname(own, sizeof own - 1) == 0) {
        own[sizeof own - 1] = '\0';
    }
    snprintf(out, size_bytes, "tcp://%s%s", host ? host : own, strrchr(endpoint, ':'));
}

int jj_bundle_address(jj_bundle *bundle, const jj_config *config, const char *host, jj_error *err)
{
    char secret[JJ_Z85_SIZE] = "";
    const char *door = door_of(config);
    if (!door || !config->server_key) {
        return jj_fail(err, JJ_ECONFIG,
                       "%s lets no agency in yet: it needs server_key (jejaringctl keys curve "
                       "FILE) and below hub: listen: an endpoint without `as`, e.g. "
                       "\"tcp://0.0.0.0:5710\"",
                       config->file);
    }
    int rc = jj_curve_load(config->server_key, secret, bundle->server_key, err);
    explicit_bzero(secret, sizeof secret);
    bundle->node = config->node;
    from_outside(door, host, bundle->endpoint, sizeof bundle->endpoint);
    for (size_t i = 0; i < config->hub.bell.count && !bundle->bell[0]; i++) {
        if (jj_endpoint_is_outer(config->hub.bell.list[i])) {
            from_outside(config->hub.bell.list[i], host, bundle->bell, sizeof bundle->bell);
        }
    }
    return rc;
}
