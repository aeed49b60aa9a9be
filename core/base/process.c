#include "base/process.h"

#include <sys/resource.h>

void jj_process_forbid_core(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none); /* lowering a limit of one's own cannot fail */
}
