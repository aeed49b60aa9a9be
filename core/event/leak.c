#include "event/leak.h"

#include "event/key.h"

#include <stdio.h>
#include <string.h>

#define NIK_LENGTH 16

static bool text_leaks(const char *text, const char *nik)
{
    return strlen(text) >= NIK_LENGTH && (jj_holds_nik(text) || (*nik && strstr(text, nik)));
}

static bool number_leaks(const json_t *number, const char *nik)
{
    char text[64];
    /* Doubles hold 16 digits exactly; what has more of them is not written out. */
    double value = json_number_value(number);
    if (value < 1e15 || value >= 1e16) {
        return false;
    }
    snprintf(text, sizeof text, "%.0f", value);
    return text_leaks(text, nik);
}

/* Recursion ends with the depth that the parser allows. */
static bool leaks(const json_t *value, const char *nik)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return text_leaks(json_string_value(value), nik);
    case JSON_INTEGER:
    case JSON_REAL:
        return number_leaks(value, nik);
    case JSON_ARRAY:
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (leaks(json_array_get(value, i), nik)) {
                return true;
            }
        }
        return false;
    case JSON_OBJECT:
        for (void *at = json_object_iter((json_t *)value); at;
             at = json_object_iter_next((json_t *)value, at)) {
            if (text_leaks(json_object_iter_key(at), nik) ||
                leaks(json_object_iter_value(at), nik)) {
                return true;
            }
        }
        return false;
    default:
        return false;
    }
}

static bool data_leaks(const json_t *data, const jj_type *type, const char *nik, char *field,
                       size_t field_size)
{
    for (void *at = json_object_iter((json_t *)data); at;
         at = json_object_iter_next((json_t *)data, at)) {
        const char *name = json_object_iter_key(at);
        const jj_property *property = jj_type_property(type, name);
        if (property && property->vault) {
            continue;
        }
        if (text_leaks(name, nik) || leaks(json_object_iter_value(at), nik)) {
            snprintf(field, field_size, "/data%s%s", property ? "/" : "", property ? name : "");
            return true;
        }
    }
    return false;
}

bool jj_leak_find(const json_t *event, const jj_type *type, const char *nik, char *field,
                  size_t field_size)
{
    for (void *at = json_object_iter((json_t *)event); at;
         at = json_object_iter_next((json_t *)event, at)) {
        const char *name = json_object_iter_key(at);
        const json_t *value = json_object_iter_value(at);
        if (strcmp(name, "data") == 0) {
            if (data_leaks(value, type, nik, field, field_size)) {
                return true;
            }
        } else if (text_leaks(name, nik)) {
            snprintf(field, field_size, "%s", "");
            return true;
        } else if (leaks(value, nik)) {
            snprintf(field, field_size, "/%s", name);
            return true;
        }
    }
    return false;
}

/* Recursion ends with the depth that the parser allows. */
static bool names_contact(const json_t *value, const jj_property *known, size_t known_count,
                          const jj_catalogue *catalogue)
{
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (names_contact(json_array_get(value, i), NULL, 0, catalogue)) {
            return true;
        }
    }
    for (void *at = json_object_iter((json_t *)value); at;
         at = json_object_iter_next((json_t *)value, at)) {
        const char *name = json_object_iter_key(at);
        const jj_property *property = NULL;
        for (size_t i = 0; i < known_count && !property; i++) {
            property = strcmp(known[i].name, name) == 0 ? &known[i] : NULL;
        }
        if ((!property && jj_catalogue_is_contact(catalogue, name)) ||
            names_contact(json_object_iter_value(at), property ? property->members : NULL,
                          property ? property->member_count : 0, catalogue)) {
            return true;
        }
    }
    return false;
}

static bool data_brings_contact(const json_t *data, const jj_type *type,
                                const jj_catalogue *catalogue, char *field, size_t field_size)
{
    for (void *at = json_object_iter((json_t *)data); at;
         at = json_object_iter_next((json_t *)data, at)) {
        const char *name = json_object_iter_key(at);
        const jj_property *property = jj_type_property(type, name);
        if (property && property->vault) {
            continue;
        }
        if ((!property && jj_catalogue_is_contact(catalogue, name)) ||
            names_contact(json_object_iter_value(at), property ? property->members : NULL,
                          property ? property->member_count : 0, catalogue)) {
            snprintf(field, field_size, "/data%s%s", property ? "/" : "", property ? name : "");
            return true;
        }
    }
    return false;
}

bool jj_leak_find_contact(const json_t *event, const jj_type *type, const jj_catalogue *catalogue,
                          char *field, size_t field_size)
{
    if (!type->has_vault) {
        return false;
    }
    for (void *at = json_object_iter((json_t *)event); at;
         at = json_object_iter_next((json_t *)event, at)) {
        const char *name = json_object_iter_key(at);
        if (strcmp(name, "data") == 0) {
            if (data_brings_contact(json_object_iter_value(at), type, catalogue, field,
                                    field_size)) {
                return true;
            }
        } else if (jj_catalogue_is_contact(catalogue, name)) {
            snprintf(field, field_size, "%s", "");
            return true;
        }
    }
    return false;
}
