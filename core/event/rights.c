#include "event/rights.h"

#include <string.h>

static bool covers(const char *own, const char *region)
{
    if (strcmp(own, "*") == 0 || strcmp(own, region) == 0) {
        return true;
    }
    return strlen(own) == 2 && strncmp(own, region, 2) == 0 && region[2] == '.';
}

bool jj_region_covered(const char *const *regions, const char *region)
{
    for (; *regions; regions++) {
        if (covers(*regions, region)) {
            return true;
        }
    }
    return false;
}

bool jj_type_listed(const char *const *types, const char *type)
{
    for (; *types; types++) {
        size_t length = strlen(*types);
        if (strcmp(*types, "*") == 0 || strcmp(*types, type) == 0 ||
            (length > 2 && strcmp(*types + length - 2, ".*") == 0 &&
             strncmp(*types, type, length - 1) == 0)) {
            return true;
        }
    }
    return false;
}

bool jj_rights_publish(const jj_rights *rights, const char *type)
{
    return !rights->publishes || jj_type_listed(rights->publishes, type);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool jj_region_valid(const char *region)
{
    size_t length = strlen(region);
    bool province = length >= 2 && is_digit(region[0]) && is_digit(region[1]);
    return province && (length == 2 || (length == 5 && region[2] == '.' && is_digit(region[3]) &&
                                        is_digit(region[4])));
}
