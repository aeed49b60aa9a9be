/* Anything at all, sent as an event: it is judged, and nothing else happens. What is accepted holds
 * no NIK, and is JSON again. Run from the top folder: it reads schemas/events. */
#include "jejaring/client.h"

#include "event/intake.h"
#include "event/key.h"
#include "json/load.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const everywhere[] = {"*", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static jj_catalogue *catalogue;
    static const jj_secrets secrets = {{1}, {2}};
    static const unsigned char digest_secret[16] = {3};
    static jj_admitted admitted;
    const jj_rights rights = {.agency = "fuzz", .regions = everywhere};
    jj_error err;
    json_t *again = NULL;
    if (!catalogue && (!jj_id_init() || jj_catalogue_open(&catalogue, "schemas/events", &err))) {
        abort();
    }
    const jj_intake intake = {catalogue, &secrets, digest_secret};
    if (jj_intake_admit(&intake, &rights, (const char *)data, size, 0, &admitted, &err) == 0) {
        const jj_span text = admitted.record.text;
        if (jj_json_load(&again, text.at, text.size_bytes, 2 * JJ_FRAME_MAX, &err) ||
            json_object_get(json_object_get(again, "data"), "nik")) {
            abort();
        }
        json_decref(again);
    }
    return 0;
}
