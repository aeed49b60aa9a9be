/* A name that cannot stand in a config. */
#include "sample.h"

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "Bad Name",
    .create = sample_create,
    .destroy = sample_destroy,
};
