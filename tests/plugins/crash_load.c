/* Crashes while it is being loaded. */
#include "sample.h"

#include <stdlib.h>

__attribute__((constructor)) static void crash(void)
{
    abort();
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "crash-load",
    .create = sample_create,
    .destroy = sample_destroy,
};
