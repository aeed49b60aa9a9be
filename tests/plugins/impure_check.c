/* Changes its mind about the same options. */
#include "sample.h"

static int check(const jj_value *values, jj_error *err)
{
    static int asked;
    (void)values;
    return asked++ % 2 ? jj_fail(err, JJ_ECONFIG, "not today") : 0;
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "impure-check",
    .check = check,
    .create = sample_create,
    .destroy = sample_destroy,
};
