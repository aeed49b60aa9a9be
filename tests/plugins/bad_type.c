/* Publishes something that is no event type. */
#include "sample.h"

static const char *const types[] = {"alumni.graduated", "vacancy.*", NULL};

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "bad-type",
    .publishes = types,
    .create = sample_create,
    .destroy = sample_destroy,
};
