/* Cannot make its instance, and says why. */
#include "sample.h"

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    (void)host;
    (void)values;
    (void)self;
    return jj_fail(err, JJ_ENOTFOUND, "the office has no register");
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "fail-create",
    .create = create,
    .destroy = sample_destroy,
};
