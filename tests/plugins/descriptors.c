/* Opens a file for each instance and leaves it open. */
#include "sample.h"

#include <fcntl.h>

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC) < 0 ? jj_fail(err, JJ_ESYSTEM, "no descriptor")
                                                       : sample_create(host, values, self, err);
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "descriptors",
    .create = create,
    .destroy = sample_destroy,
};
