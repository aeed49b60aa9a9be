/* Built for another major version of the ABI. */
#include "sample.h"

const jj_plugin jejaring_plugin = {
    .abi_major = JJ_ABI_MAJOR + 1,
    .size_bytes = sizeof(jj_plugin),
    .name = "wrong-major",
    .version = "1",
    .summary = "sample of the tests",
    .create = sample_create,
    .destroy = sample_destroy,
};
