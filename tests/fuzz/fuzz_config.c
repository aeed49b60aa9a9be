/* Anything at all as a configuration file: it is right, or it has findings. */
#include "config/config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const jj_config *config = NULL;
    jj_findings findings = {0};
    int rc = jj_config_parse(&config, "fuzz.yaml", (const char *)data, size, &findings);
    if ((rc == 0) != (jj_findings_total(&findings) == 0)) {
        abort();
    }
    jj_config_free(config);
    jj_findings_clear(&findings);
    return 0;
}
