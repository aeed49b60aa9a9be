/* An option table with an option twice. */
#include "sample.h"

static const jj_option options[] = {
    {.name = "size", .type = JJ_OPTION_SIZE, .initial = "1MiB", .doc = "a size"},
    {.name = "size", .type = JJ_OPTION_STRING, .doc = "another"},
    {0},
};

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "bad-options",
    .options = options,
    .create = sample_create,
    .destroy = sample_destroy,
};
