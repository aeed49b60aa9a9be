/* Declares a descriptor that is smaller than that of ABI 1.0. */
#include "sample.h"

const jj_plugin jejaring_plugin = {
    .abi_major = JJ_ABI_MAJOR,
    .size_bytes = 64,
    .name = "short-struct",
    .version = "1",
    .summary = "sample of the tests",
    .create = sample_create,
    .destroy = sample_destroy,
};
