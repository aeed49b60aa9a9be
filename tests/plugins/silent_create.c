/* Cannot make its instance, and does not say why. */
#include "sample.h"

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    (void)host;
    (void)values;
    (void)self;
    (void)err;
    return JJ_ENOTFOUND;
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "silent-create",
    .create = create,
    .destroy = sample_destroy,
};
