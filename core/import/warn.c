#include "import/warn.h"

#include "import/reasons.h"

#include <stdlib.h>
#include <string.h>

/* The JSON text of a member of data, found by its pointer; NULL if the row has none. */
static const char *member(const jj_record *record, const jj_mapping *mapping, const char *pointer,
                          size_t *leaf)
{
    for (size_t i = 0; i < mapping->leaf_count; i++) {
        if (strcmp(mapping->leaves[i].pointer, pointer) == 0 && record->values[i].size) {
            *leaf = i;
            return record->data.data + record->values[i].start;
        }
    }
    return NULL;
}

static int two(const char *at)
{
    return (at[0] - '0') * 10 + (at[1] - '0');
}

void jj_warn_nik(jj_record *record, const jj_recorder *recorder)
{
    const jj_mapping *mapping = recorder->mapping;
    const char *nik = record->nik, *code;
    size_t leaf;
    if (!*nik) {
        return;
    }
    char region[6] = {nik[0], nik[1], '.', nik[2], nik[3], '\0'};
    if (jj_reference_region(recorder->cells.reference, region, 5, &code, NULL) != JJ_MATCH_ONE) {
        jj_reason_add(&record->warnings, "NIK",
                      "empat angka pertamanya bukan kode kabupaten/kota yang ada sekarang");
    }
    const char *sex = member(record, mapping, "/sex", &leaf);
    bool female = two(nik + 6) > 40;
    if (sex && female != (strncmp(sex, "\"female\"", 8) == 0)) {
        jj_reason_add(&record->warnings, jj_mapping_title(mapping, &mapping->leaves[leaf]),
                      "berbeda dengan NIK");
    }
    const char *year = member(record, mapping, "/birth_year", &leaf);
    if (year && strtol(year, NULL, 10) % 100 != two(nik + 10)) {
        jj_reason_add(&record->warnings, jj_mapping_title(mapping, &mapping->leaves[leaf]),
                      "berbeda dengan NIK");
    }
}
