/* An option whose default is outside of its own range. */
#include "sample.h"

static const jj_option options[] = {
    {.name = "count", .type = JJ_OPTION_INTEGER, .initial = "11", .min = 1, .max = 10, .doc = "n"},
    {0},
};

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "bad-default",
    .options = options,
    .create = sample_create,
    .destroy = sample_destroy,
};
