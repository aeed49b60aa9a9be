#include "scheme.h"

#define MONTHS_MAX 1200

int scheme_wrong(jj_error *err, size_t row, const char *what)
{
    jj_fail(err, JJ_ECONFIG, "row %zu: %s", row + 1, what);
    snprintf(err->field, sizeof err->field, "schemes");
    return JJ_ECONFIG;
}

int scheme_check(const json_t *scheme, size_t row, jj_error *err)
{
    static const char *const numbers[] = {"floor", "ceiling", "times", "months", "collectability"};
    static const char *const flags[] = {"nib", "newcomer"};
    static const char *const names[] = {"kur_super_mikro", "kur_mikro", "kur_kecil", "other"};
    const char *name = jj_text(scheme, "scheme");
    size_t known = 1, at = 0;
    while (name && at < 4 && strcmp(name, names[at]) != 0) {
        at++;
    }
    if (!name || at == 4) {
        return scheme_wrong(err, row,
                            "scheme: kur_super_mikro, kur_mikro, kur_kecil or other is expected");
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const json_t *number = json_object_get(scheme, numbers[i]);
        known += number != NULL;
        if (number && json_integer_value(number) < 1) {
            return scheme_wrong(
                err, row,
                "floor, ceiling, times, months and collectability: a whole number from 1");
        }
    }
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        const json_t *flag = json_object_get(scheme, flags[i]);
        known += flag != NULL;
        if (flag && !json_is_boolean(flag)) {
            return scheme_wrong(err, row, "nib and newcomer: true or false is expected");
        }
    }
    if (jj_number(scheme, "months", 0) > MONTHS_MAX) {
        return scheme_wrong(err, row, "months: at most 1200");
    }
    if (known != json_object_size(scheme)) {
        return scheme_wrong(
            err, row, "only scheme, floor, ceiling, nib, newcomer, times, months, collectability");
    }
    return 0;
}

int64_t loans_had(const json_t *person, const char *schemes)
{
    int64_t had = 0;
    const char *loan;
    json_t *value;
    json_object_foreach(json_object_get(person, "loans"), loan, value)
    {
        had += strncmp(json_string_value(json_array_get(value, 1)), schemes, strlen(schemes)) == 0;
    }
    return had;
}

int64_t scheme_opens_ms(const json_t *scheme, const json_t *business)
{
    time_t since = (time_t)(jj_number(business, "since", 0) / 1000);
    struct tm day;
    gmtime_r(&since, &day);
    day.tm_mon += (int)jj_number(scheme, "months", 0);
    return (int64_t)timegm(&day) * 1000;
}

bool scheme_fits(const json_t *scheme, const json_t *terms, const json_t *person)
{
    int64_t amount = jj_number(terms, "amount", 0);
    const json_t *quality = jj_register(person, "quality");
    return amount >= jj_number(scheme, "floor", 1) &&
           amount <= jj_number(scheme, "ceiling", INT64_MAX) &&
           (!jj_flag(scheme, "nib") || jj_flag(terms, "nib")) &&
           (!jj_flag(scheme, "newcomer") || loans_had(person, "kur_") == 0) &&
           loans_had(person, jj_text(scheme, "scheme")) < jj_number(scheme, "times", INT64_MAX) &&
           json_integer_value(quality) <= jj_number(scheme, "collectability", 1);
}
