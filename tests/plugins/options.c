/* Has an option of every type, and a check that judges two of them together. It calls nothing of
 * the daemon's, so that it can be loaded anywhere. */
#include "sample.h"

#include <stdio.h>

static const jj_option options[] = {
    {.name = "text", .type = JJ_OPTION_STRING, .initial = "none", .doc = "any text"},
    {.name = "count",
     .type = JJ_OPTION_INTEGER,
     .initial = "3",
     .min = 1,
     .max = 10,
     .doc = "a number from 1 to 10"},
    {.name = "eager", .type = JJ_OPTION_BOOLEAN, .initial = "false", .doc = "yes or no"},
    {.name = "pause",
     .type = JJ_OPTION_DURATION,
     .initial = "5s",
     .min = 1000,
     .max = 60000,
     .doc = "how long to wait"},
    {.name = "memory", .type = JJ_OPTION_SIZE, .initial = "1MiB", .doc = "how much to take"},
    {.name = "folder", .type = JJ_OPTION_PATH, .doc = "where to write"},
    {.name = "table", .type = JJ_OPTION_JSON, .initial = "[{a: 1}]", .doc = "any structure"},
    {.name = "needed", .type = JJ_OPTION_STRING, .required = true, .doc = "without it: nothing"},
    {0},
};

static int check(const jj_value *values, jj_error *err)
{
    if (values[1].number > 5 && values[2].number) {
        err->code = JJ_ECONFIG;
        snprintf(err->field, sizeof err->field, "count");
        snprintf(err->text, sizeof err->text, "an eager one can count to 5 only");
        return JJ_ECONFIG;
    }
    return 0;
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,    .name = "options",       .options = options,
    .check = check, .create = sample_create, .destroy = sample_destroy,
};
