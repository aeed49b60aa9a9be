/* Any bytes as a text file: as a table, as an import, and as JSON lines. */
#include "any_file.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_import_begin();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_read_table(data, size);
    fuzz_import_file("fuzz.csv", data, size);
    fuzz_import_file("fuzz.jsonl", data, size);
    return 0;
}
