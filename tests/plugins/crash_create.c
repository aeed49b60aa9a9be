/* Crashes when its instance is made. */
#include "sample.h"

#include <stdlib.h>

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    (void)host;
    (void)values;
    (void)self;
    (void)err;
    abort();
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "crash-create",
    .create = create,
    .destroy = sample_destroy,
};
