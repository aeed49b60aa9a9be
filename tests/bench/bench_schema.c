/*
 * What validating an alumni.graduated event costs beside parsing it: the contract is a third at
 * most. Prints nanoseconds an event, the best of several rounds, and exits 1 beyond the contract.
 * Run from the project's folder.
 */
#include "base/clock.h"
#include "schema/catalogue.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 9
#define EVENTS 20000

static const char event[] =
    "{\"specversion\":\"1.0\",\"id\":\"alumni.graduated/2019/las-smaw-3g/II/0001\","
    "\"source\":\"urn:jejaring:blk:33.75\",\"type\":\"alumni.graduated\","
    "\"time\":\"2019-07-31T00:00:00Z\",\"region\":\"33.75\",\"sequence\":\"000000000042\","
    "\"data\":{\"date\":\"2019-07-31\",\"nik\":\"3375011204950001\",\"name\":\"Budi Contoh\","
    "\"phone\":\"081200000000\",\"address\":\"Jalan Contoh 1\","
    "\"program\":\"Las SMAW 3G Plus\",\"vocation\":\"las-smaw-3g\",\"batch\":\"II\","
    "\"year\":2019,\"funding\":\"apbd\",\"extras\":[\"digital_marketing\",\"english\"],"
    "\"intent\":\"self_employment\",\"sex\":\"male\",\"birth_year\":1995,"
    "\"education\":\"smk\",\"disability\":{\"category\":\"hearing\",\"needs\":[\"interpreter\"]},"
    "\"consent\":[\"industry\",\"capital\"]}}";

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Nanoseconds an event. */
static int64_t time_parsing(size_t length)
{
    int64_t start = jj_monotonic_us();
    for (int i = 0; i < EVENTS; i++) {
        json_error_t error;
        json_decref(json_loadb(event, length, JSON_REJECT_DUPLICATES, &error));
    }
    return (jj_monotonic_us() - start) * 1000 / EVENTS;
}

static int64_t time_checking(const jj_schema *schema, const json_t *data)
{
    int64_t start = jj_monotonic_us();
    for (int i = 0; i < EVENTS; i++) {
        if (!jj_schema_check(schema, data, NULL)) {
            fprintf(stderr, "the event of the bench is not valid\n");
            exit(1);
        }
    }
    return (jj_monotonic_us() - start) * 1000 / EVENTS;
}

int main(void)
{
    jj_catalogue *catalogue;
    json_t *parsed;
    jj_error err;
    size_t length = strlen(event);
    if (jj_catalogue_open(&catalogue, "schemas/events", &err) ||
        jj_json_load(&parsed, event, length, length, &err)) {
        fprintf(stderr, "%s %s: %s\n", err.file, err.field, err.text);
        return 1;
    }
    const jj_type *type = jj_catalogue_find(catalogue, "alumni.graduated", 16);
    const json_t *data = json_object_get(parsed, "data");
    int64_t parse_ns = INT64_MAX, check_ns = INT64_MAX;
    for (int i = 0; type && i < ROUNDS; i++) {
        parse_ns = smaller(parse_ns, time_parsing(length));
        check_ns = smaller(check_ns, time_checking(type->schema, data));
    }
    printf("schema: %zu bytes, parse %lld ns, validate %lld ns, %.2f of it (at most 0.33)\n",
           length, (long long)parse_ns, (long long)check_ns, (double)check_ns / (double)parse_ns);
    json_decref(parsed);
    jj_catalogue_close(catalogue);
    return check_ns * 3 <= parse_ns ? 0 : 1;
}
