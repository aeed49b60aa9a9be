/* Believes that there is always something to free. */
#include "sample.h"

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    static int instance;
    (void)host;
    (void)values;
    (void)err;
    *self = &instance;
    return 0;
}

static void destroy(void *self)
{
    volatile int *count = self;
    ++*count;
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "null-destroy",
    .create = create,
    .destroy = destroy,
};
