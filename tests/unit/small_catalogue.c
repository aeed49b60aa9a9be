#include "small_catalogue.h"

#include "base/fs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NIK                                                                                        \
    "\"nik\":{\"type\":\"string\",\"format\":\"nik\",\"x-class\":\"personal\","                    \
    "\"x-audience\":[\"owner\"],\"x-vault\":true},"
#define AUDIENCES(name)                                                                            \
    "\"" name "\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"x-class\":\"personal\","   \
    "\"x-audience\":[\"owner\",\"blk\"]}"

static const struct {
    const char *file, *text;
} schemas[] = {
    {"alumni.graduated.json",
     "{\"type\":\"object\",\"x-subject\":\"person\",\"x-publisher\":[\"blk\"],\"properties\":{" NIK
     "\"name\":{\"type\":\"string\",\"x-class\":\"personal\",\"x-audience\":[\"owner\"],"
     "\"x-vault\":true},"
     "\"phone\":{\"type\":\"string\",\"x-class\":\"personal\",\"x-audience\":[\"owner\"],"
     "\"x-vault\":true},"
     "\"vocation\":{\"type\":\"string\",\"x-class\":\"public\",\"x-audience\":[\"owner\",\"blk\","
     "\"industry\",\"public\"]},"
     "\"year\":{\"type\":\"integer\",\"minimum\":1970,\"x-class\":\"internal\","
     "\"x-audience\":[\"blk\",\"province\"]},"
     "\"score\":{\"type\":\"number\",\"maximum\":100,\"x-class\":\"personal\","
     "\"x-audience\":[\"owner\",\"industry\",\"blk\"],\"x-consent\":true},"
     "\"intent\":{\"type\":\"string\",\"x-class\":\"personal\","
     "\"x-audience\":[\"blk\",\"industry\"],\"x-consent\":[\"industry\"]},"
     "\"note\":{\"type\":\"string\"},"
     "\"extras\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"x-class\":\"personal\","
     "\"x-audience\":[\"owner\"]},"
     "\"disability\":{\"type\":\"object\",\"x-class\":\"specific\","
     "\"x-audience\":[\"owner\",\"disability\",\"province\"],\"x-consent\":true,\"properties\":{"
     "\"category\":{\"type\":\"string\",\"x-class\":\"specific\","
     "\"x-audience\":[\"owner\",\"disability\",\"province\"],\"x-consent\":true},"
     "\"needs\":{\"type\":\"string\",\"x-class\":\"specific\","
     "\"x-audience\":[\"owner\",\"disability\"],\"x-consent\":true}}}," AUDIENCES(
         "consent") "},"
                    "\"required\":[\"vocation\"]}"},
    {"consent.granted.json",
     "{\"type\":\"object\",\"x-subject\":\"person\",\"x-publisher\":[\"blk\"],"
     "\"properties\":{" NIK AUDIENCES("audiences") "},\"required\":[\"audiences\"]}"},
    {"consent.withdrawn.json",
     "{\"type\":\"object\",\"x-subject\":\"person\",\"x-publisher\":[\"blk\"],"
     "\"properties\":{" NIK AUDIENCES("audiences") "},\"required\":[\"audiences\"]}"},
    {"order.completed.json",
     "{\"type\":\"object\",\"x-subject\":\"order\",\"x-publisher\":[\"cooperative\"],"
     "\"properties\":{" NIK
     "\"person\":{\"type\":\"string\",\"format\":\"uuid\",\"x-class\":\"personal\","
     "\"x-audience\":[\"owner\",\"blk\"]},"
     "\"value\":{\"type\":\"integer\",\"x-class\":\"public\",\"x-audience\":[\"owner\",\"opd\"]}},"
     "\"required\":[\"value\"]}"},
    {"vacancy.opened.json",
     "{\"type\":\"object\",\"x-subject\":\"vacancy\",\"x-publisher\":[\"industry\"],"
     "\"properties\":{"
     "\"title\":{\"type\":\"string\",\"x-class\":\"public\",\"x-audience\":[\"blk\","
     "\"industry\",\"public\"]},"
     "\"wage\":{\"type\":\"object\",\"x-class\":\"internal\",\"x-audience\":[\"blk\"],"
     "\"properties\":{"
     "\"min\":{\"type\":\"integer\",\"x-class\":\"internal\",\"x-audience\":[\"blk\"]},"
     "\"max\":{\"type\":\"integer\",\"x-class\":\"personal\",\"x-audience\":[\"blk\"],"
     "\"x-consent\":true}}}}}"},
};

jj_catalogue *small_catalogue(void)
{
    char folder[] = "/tmp/jejaring-schemas-XXXXXX";
    jj_catalogue *catalogue = NULL;
    jj_error err = {0};
    int rc = mkdtemp(folder) ? 0 : -1;
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas && rc == 0; i++) {
        char *path = jj_path_join(folder, schemas[i].file);
        rc = jj_file_write(path, schemas[i].text, strlen(schemas[i].text), 0600, &err);
        free(path);
    }
    rc = rc ? rc : jj_catalogue_open(&catalogue, folder, &err);
    char command[80];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (rc || system(command)) {
        fail_msg("%s%s: %s", err.file, err.field, err.text);
    }
    return catalogue;
}
