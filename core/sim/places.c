/* Where people live: the regencies of the reference list, with a weight each. */
#include "sim/internal.h"

#include "base/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1024 * 1024)

/* Inhabitants in thousands. BPS, Sensus Penduduk 2020, by province; the six provinces of Papua,
 * four of which are younger, by the sums of their regencies in it, rounded. A province that is not
 * here weighs as much as a small one. */
static const struct {
    const char *province;
    unsigned thousands;
} inhabitants[] = {
    {"11", 5275},  {"12", 14799}, {"13", 5534},  {"14", 6394},  {"15", 3548},  {"16", 8467},
    {"17", 2011},  {"18", 9008},  {"19", 1456},  {"21", 2065},  {"31", 10562}, {"32", 48274},
    {"33", 36516}, {"34", 3669},  {"35", 40666}, {"36", 11905}, {"51", 4317},  {"52", 5320},
    {"53", 5326},  {"61", 5414},  {"62", 2670},  {"63", 4074},  {"64", 3766},  {"65", 702},
    {"71", 2622},  {"72", 2986},  {"73", 9074},  {"74", 2625},  {"75", 1172},  {"76", 1419},
    {"81", 1849},  {"82", 1283},  {"91", 1030},  {"92", 560},   {"93", 510},   {"94", 1350},
    {"95", 1410},  {"96", 570},
};
#define THOUSANDS_UNKNOWN 500

static double inhabitants_of(const char *province)
{
    for (size_t i = 0; i < sizeof inhabitants / sizeof *inhabitants; i++) {
        if (strcmp(inhabitants[i].province, province) == 0) {
            return inhabitants[i].thousands;
        }
    }
    return THOUSANDS_UNKNOWN;
}

static bool same_province(const char *a, const char *b)
{
    return strncmp(a, b, 3) == 0;
}

/* A code is meant by itself or by its province. */
static bool is_wanted(const char *code, const char *const *regions)
{
    if (!regions) {
        return true;
    }
    for (; *regions; regions++) {
        size_t length = strlen(*regions);
        if (strncmp(code, *regions, length) == 0 && (code[length] == '\0' || code[length] == '.')) {
            return true;
        }
    }
    return false;
}

/* Regencies out of "code;name;level;province" lines, which are cut apart in place. */
static bool read_list(jj_places *places)
{
    char *at = places->text.data, *line;

    while ((line = strsep(&at, "\r\n"))) {
        char *code = strsep(&line, ";"), *name = strsep(&line, ";");
        if (!code || !name || strlen(code) != 5 || code[2] != '.') {
            continue; /* the heading, a province, an empty line */
        }
        jj_place *list = realloc(places->list, (places->count + 1) * sizeof *list);
        if (!list) {
            return false;
        }
        places->list = list;
        list[places->count++] = (jj_place){.code = code, .name = name};
    }
    return true;
}

static void weigh(jj_places *places)
{
    for (size_t i = 0; i < places->count; i++) {
        char province[3];
        unsigned siblings = 0;
        snprintf(province, sizeof province, "%.2s", places->list[i].code);
        for (size_t j = 0; j < places->count; j++) {
            siblings += same_province(places->list[i].code, places->list[j].code);
        }
        places->list[i].weight = inhabitants_of(province) / siblings;
    }
}

/* Leaves only those that are wanted. */
static int choose(jj_places *places, const char *const *regions, jj_error *err)
{
    size_t kept = 0;
    double sum = 0;

    for (const char *const *region = regions; region && *region; region++) {
        const char *const alone[] = {*region, NULL};
        bool found = false;
        for (size_t i = 0; i < places->count && !found; i++) {
            found = is_wanted(places->list[i].code, alone);
        }
        if (!found) {
            return jj_fail(err, JJ_ECONFIG, "no such region: %.20s", *region);
        }
    }
    for (size_t i = 0; i < places->count; i++) {
        if (is_wanted(places->list[i].code, regions)) {
            places->list[kept] = places->list[i];
            places->list[kept++].upto = sum += places->list[i].weight;
        }
    }
    places->count = kept;
    return kept ? 0 : jj_fail(err, JJ_ECONFIG, "regions.csv names no regency");
}

int jj_places_open(jj_places *places, const char *reference, const char *const *regions,
                   jj_error *err)
{
    char *path = jj_path_join(reference, "regions.csv");
    int rc = path ? jj_file_read(path, FILE_MAX, &places->text, err)
                  : jj_fail(err, JJ_EMEMORY, "out of memory");

    free(path);
    if (rc == 0 && !read_list(places)) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    if (rc) {
        return rc;
    }
    weigh(places);
    return choose(places, regions, err);
}

void jj_places_close(jj_places *places)
{
    free(places->list);
    jj_buf_clear(&places->text);
}

const jj_place *jj_places_pick(const jj_places *places, uint64_t random)
{
    double at = (double)(random >> 11) / 9007199254740992.0 * places->list[places->count - 1].upto;
    size_t low = 0, high = places->count - 1;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (places->list[middle].upto > at) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return &places->list[low];
}
