/* client BUNDLE publish|subscribe: an agency by its connection bundle, with libjejaring.
 * cc client.c -o client $(pkg-config --cflags --libs jejaring) */
#include <jansson.h>
#include <jejaring/subscribe.h>
#include <stdio.h>
#include <string.h>

static int print_batch(void *arg, const jj_batch *batch)
{
    (void)arg;
    for (size_t i = 0; i < batch->count; i++) {
        printf("%.*s\n", (int)batch->events[i].size_bytes, batch->events[i].data);
    }
    return fflush(stdout) ? JJ_ESYSTEM : JJ_NEXT;
}

static int publish_stdin(jj_client *client, jj_error *err)
{
    static char line[JJ_FRAME_MAX];
    int rc = 0;
    while (rc == 0 && fgets(line, sizeof line, stdin)) {
        jj_bytes event = {line, strcspn(line, "\n")};
        jj_reply reply = {0};
        rc = jj_client_request(client, "PUBLISH", NULL, &event, 1, &reply, err);
        printf("%.*s\n", (int)reply.result.size_bytes, rc ? "" : reply.result.data);
        jj_reply_clear(&reply);
    }
    return rc;
}

int main(int argc, char **argv)
{
    char path[4096], secret[64] = "";
    const jj_subscription what = {.name = "c"};
    jj_client *client = NULL;
    jj_error err = {.text = "usage: client BUNDLE publish|subscribe"};
    snprintf(path, sizeof path, "%s/connection.json", argc == 3 ? argv[1] : "");
    json_t *node = json_load_file(path, 0, NULL);
    snprintf(path, sizeof path, "%s/secret.key", argc == 3 ? argv[1] : "");
    FILE *key = fopen(path, "r");
    if (!node || !key || !fgets(secret, sizeof secret, key)) {
        return fprintf(stderr, "%s\n", err.text), 2;
    }
    secret[strcspn(secret, "\n")] = '\0';
    const jj_client_options options = {
        .endpoint = json_string_value(json_object_get(node, "endpoint")),
        .server_key = json_string_value(json_object_get(node, "server_key")),
        .public_key = json_string_value(json_object_get(node, "public_key")),
        .secret_key = secret};
    int rc = jj_client_open(&client, &options, &err);
    rc = rc                                  ? rc
         : strcmp(argv[2], "subscribe") == 0 ? jj_subscribe(client, &what, print_batch, NULL, &err)
                                             : publish_stdin(client, &err);
    jj_client_close(client);
    return rc ? fprintf(stderr, "%s: %s\n", jj_code_name(rc), err.text), 1 : 0;
}
