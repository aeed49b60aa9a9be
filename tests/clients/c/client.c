/* client BUNDLE publish|subscribe: an agency by its connection bundle, with libjejaring. */
#include <inttypes.h>
#include <jansson.h>
#include <jejaring/publish.h>
#include <jejaring/subscribe.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int print_batch(void *out, const jj_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        fprintf(out, "%.*s\n", (int)batch->events[i].size_bytes, batch->events[i].data);
    }
    return fflush(out) ? JJ_ESYSTEM : JJ_NEXT;
}

static void print_refusal(void *out, const jj_refusal *r)
{
    fprintf(out, "line %" PRIu64 ": %s %s\n", r->sequence, r->field, r->detail);
}

static int publish_stdin(jj_client *client, jj_error *err)
{
    static char line[JJ_FRAME_MAX];
    const jj_publishing how = {.on_refused = print_refusal, .arg = stderr};
    jj_publisher *publisher = NULL;
    int rc = jj_publisher_open(&publisher, client, &how, err);
    for (uint64_t n = 1; rc == 0 && fgets(line, sizeof line, stdin); n++) {
        rc = jj_publisher_add(publisher, n, line, strcspn(line, "\n"), -1, err);
    }
    rc = rc ? rc : jj_publisher_flush(publisher, -1, err);
    const jj_published told = rc ? (jj_published){0} : jj_publisher_counts(publisher);
    printf("{\"accepted\": %" PRIu64 ", \"duplicate\": %" PRIu64 ", \"rejected\": %" PRIu64 "}\n",
           told.accepted, told.duplicate, told.refused);
    return jj_publisher_close(publisher), rc;
}

int main(int argc, char **argv)
{
    char secret[64] = "";
    jj_client_options options = {.secret_key = secret};
    jj_subscription what = {.name = "c"}; /* with the bell, if the bundle names one */
    jj_client *client = NULL;
    jj_error err = {0};
    json_t *node = argc == 3 && !chdir(argv[1]) ? json_load_file("connection.json", 0, NULL) : NULL;
    FILE *key = fopen("secret.key", "r");
    if (!key || fscanf(key, "%40s", secret) != 1 ||
        json_unpack(node, "{s:s, s:s, s:s, s?s}", "endpoint", &options.endpoint, "server_key",
                    &options.server_key, "public_key", &options.public_key, "bell", &what.bell)) {
        return fputs("usage: client BUNDLE publish|subscribe\n", stderr), 2;
    }
    int rc = jj_client_open(&client, &options, &err) ? err.code
             : strcmp(argv[2], "publish") == 0
                 ? publish_stdin(client, &err)
                 : jj_subscribe(client, &what, print_batch, stdout, &err);
    return jj_client_close(client), rc ? fprintf(stderr, "%s: %s\n", jj_code_name(rc), err.text),
           1 : 0;
}
