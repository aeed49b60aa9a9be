#include "import_hub.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/id.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SCHEMAS "tests/data/tables/schemas"

static const unsigned char import_key[JJ_KEY_SIZE] = "key of the import tests";

void hub_open(struct hub *hub)
{
    jj_error err;
    *hub = (struct hub){.events = json_object(), .log = json_array()};
    assert_true(jj_id_init());
    if (jj_catalogue_open(&hub->catalogue, SCHEMAS "/events", &err) ||
        jj_reference_open(&hub->reference, SCHEMAS "/reference", &err)) {
        print_error("%s:%d %s: %s\n", err.file, err.line, err.field, err.text);
        fail();
    }
    snprintf(hub->folder, sizeof hub->folder, "/tmp/jejaring-test-XXXXXX");
    assert_non_null(mkdtemp(hub->folder));
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
    (void)st, (void)flag, (void)walk;
    return remove(path);
}

void hub_close(struct hub *hub)
{
    jj_catalogue_close(hub->catalogue);
    jj_reference_close(hub->reference);
    json_decref(hub->events);
    json_decref(hub->log);
    nftw(hub->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const jj_type *hub_type(const struct hub *hub, const char *name)
{
    const jj_type *type = jj_catalogue_find(hub->catalogue, name, strlen(name));
    assert_non_null(type);
    return type;
}

jj_import_options hub_options(struct hub *hub, const char *type)
{
    return (jj_import_options){.type = hub_type(hub, type),
                               .reference = hub->reference,
                               .source = "blk-pekalongan",
                               .region = "33.75",
                               .key = import_key,
                               .reject_folder = -1,
                               .publish = hub_publish,
                               .arg = hub};
}

static void judge(struct hub *hub, const jj_bytes *event, jj_import_verdict *verdict)
{
    json_t *value = json_loadb(event->data, event->size_bytes, JSON_REJECT_DUPLICATES, NULL);
    const char *id = json_string_value(json_object_get(value, "id"));
    json_t *text = json_stringn(event->data, event->size_bytes);
    assert_non_null(id);
    json_t *known = json_object_get(hub->events, id);
    if (hub->refuse_mark && strstr(json_string_value(text), hub->refuse_mark)) {
        *verdict = hub->refuse;
    } else if (!known) {
        json_object_set(hub->events, id, text);
        json_array_append(hub->log, text);
    } else if (json_equal(known, text)) {
        verdict->outcome = JJ_IMPORT_DUPLICATE;
    } else {
        verdict->outcome = JJ_IMPORT_REJECTED;
        verdict->code = JJ_ECONFLICT;
    }
    json_decref(text);
    json_decref(value);
}

int hub_publish(void *arg, const jj_bytes *events, size_t count, jj_import_verdict *verdicts,
                jj_error *err)
{
    struct hub *hub = arg;
    if (hub->away > 0) {
        hub->away--;
        return jj_fail(err, JJ_EUNAVAILABLE, "the hub is away");
    }
    hub->batches++;
    hub->biggest = count > hub->biggest ? count : hub->biggest;
    for (size_t i = 0; i < count; i++) {
        judge(hub, &events[i], &verdicts[i]);
    }
    return 0;
}

void hub_write(const struct hub *hub, const char *name, const char *text, char **path)
{
    char *full = jj_path_join(hub->folder, name), *dir = jj_path_dir(full);
    assert_int_equal(jj_mkdir_all(dir, 0770, NULL), 0);
    FILE *out = fopen(full, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
    free(dir);
    if (path) {
        *path = full;
    } else {
        free(full);
    }
}

char *hub_read(const struct hub *hub, const char *name)
{
    jj_buf text = {0};
    char *path = jj_path_join(hub->folder, name);
    int rc = jj_file_read(path, 64 << 20, &text, NULL);
    free(path);
    if (rc) {
        jj_buf_clear(&text);
        return NULL;
    }
    return jj_buf_take(&text);
}
