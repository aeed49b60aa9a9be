/*
 * A schema, a line end, a value: compiled and run. Beside not crashing, a check must come to the
 * same verdict with and without a report, must report what is invalid, and the catalogue must take
 * or refuse the schema in peace. tests/fuzz/corpus_schema.py makes inputs to begin with.
 */
#include "schema/property.h"
#include "schema/regex_dfa.h"
#include "json/load.h"

#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void list_properties(jj_schema *schema)
{
    jj_arena arena = {0};
    jj_error err;
    jj_property *list;
    size_t count;
    jj_property_maker maker = {.schema = schema,
                               .arena = &arena,
                               .kept = json_array(),
                               .columns = json_object(),
                               .err = &err};
    if (jj_property_list(&maker, jj_schema_root(schema), &list, &count) == 0) {
        jj_property_check_reached(&maker, jj_schema_root(schema));
    }
    json_decref(maker.kept);
    json_decref(maker.columns);
    jj_arena_clear(&arena);
}

static void check(const jj_schema *schema, const json_t *value)
{
    jj_report report;
    memset(&report, 0, sizeof report);
    bool valid = jj_schema_check(schema, value, &report);
    if (valid != jj_schema_check(schema, value, NULL) || valid == (report.count > 0)) {
        abort();
    }
    for (size_t i = 0; i < report.count && i < JJ_PROBLEMS_MAX; i++) {
        if (!report.list[i].keyword || !report.list[i].expected[0] ||
            !memchr(report.list[i].field, 0, sizeof report.list[i].field) ||
            !memchr(report.list[i].expected, 0, sizeof report.list[i].expected)) {
            abort();
        }
    }
}

/* Both ways of searching agree. */
static void search(const char *pattern, size_t pattern_length, const char *text, size_t length)
{
    jj_pattern parsed = {0};
    jj_nfa nfa = {0};
    jj_dfa dfa = {0};
    uint64_t budget = 10000000;
    if (jj_pattern_parse(&parsed, pattern, pattern_length, NULL) == 0 &&
        jj_nfa_build(&nfa, &parsed, NULL) == 0 && jj_dfa_build(&dfa, &nfa) > 0) {
        bool found = jj_nfa_search(&nfa, text, length, &budget);
        if (budget && found != jj_dfa_search(&dfa, text, length)) {
            abort();
        }
    }
    jj_pattern_clear(&parsed);
    jj_nfa_clear(&nfa);
    jj_dfa_clear(&dfa);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *end = text + size;
    const char *split = size ? memchr(text, '\n', size) : NULL;
    json_t *document = NULL, *value = NULL;
    jj_schema *schema = NULL;
    jj_error err;
    if (!split || size > INPUT_MAX) {
        return 0;
    }
    size_t length = (size_t)(split - text), rest = (size_t)(end - split - 1);
    search(text, length, split + 1, rest);
    if (jj_json_load(&document, text, length, INPUT_MAX, NULL) == 0 &&
        jj_schema_compile(&schema, document, "fuzz", NULL, &err) == 0) {
        list_properties(schema);
        if (jj_json_load(&value, split + 1, rest, INPUT_MAX, NULL) == 0) {
            check(schema, value);
        }
    }
    json_decref(document);
    json_decref(value);
    jj_schema_close(schema);
    return 0;
}
