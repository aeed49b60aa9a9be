/* Never comes back from being loaded. */
#include "sample.h"

#include <unistd.h>

__attribute__((constructor)) static void hang(void)
{
    for (;;) {
        pause();
    }
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "hang-load",
    .create = sample_create,
    .destroy = sample_destroy,
};
