/* Never comes back from making its instance. */
#include "sample.h"

#include <unistd.h>

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    while (pause() < 0) {
    }
    return sample_create(host, values, self, err);
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "hang-create",
    .create = create,
    .destroy = sample_destroy,
};
