/* Subscribes to events and has nothing to take them with. */
#include "sample.h"

static const char *const types[] = {"*", NULL};

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "no-callbacks",
    .subscribes = types,
    .create = sample_create,
    .destroy = sample_destroy,
};
