#include "import/reference.h"

#include "base/fs.h"
#include "base/text.h"
#include "table/table.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define FOLDED_SIZE 256
#define HINTS_MAX   4

/* A folded spelling of an entry. */
struct spelling {
    char *folded;
    size_t entry;
};

struct entry {
    char *id; /* code or slug */
    char *name;
};

/* One list: its entries, and their spellings in order. */
struct list {
    struct entry *entries;
    size_t count;
    struct spelling *spellings;
    size_t spelling_count;
};

struct jj_reference {
    struct list regions, vocations;
};

static int no_memory(jj_error *err)
{
    return jj_fail(err, JJ_EMEMORY, "out of memory while reading the reference lists");
}

/* Room for one more of an array that doubles. */
static void *grow(void *array, size_t count, size_t size)
{
    if (count & (count - 1)) {
        return array;
    }
    return realloc(array, (count ? count * 2 : 1) * size);
}

static bool add_entry(struct list *list, const char *id, const char *name)
{
    struct entry *entries = grow(list->entries, list->count, sizeof *entries);
    if (!entries) {
        return false;
    }
    list->entries = entries;
    entries[list->count] = (struct entry){strdup(id), strdup(name)};
    list->count++;
    return entries[list->count - 1].id && entries[list->count - 1].name;
}

/* A spelling of the newest entry. */
static bool add_spelling(struct list *list, const char *text, size_t length)
{
    char folded[FOLDED_SIZE];
    if (jj_fold(text, length, folded, sizeof folded) == 0) {
        return true;
    }
    struct spelling *spellings = grow(list->spellings, list->spelling_count, sizeof *spellings);
    char *copy = spellings ? strdup(folded) : NULL;
    if (spellings) {
        list->spellings = spellings;
    }
    if (!copy) {
        return false;
    }
    spellings[list->spelling_count++] = (struct spelling){copy, list->count - 1};
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct spelling *left = a, *right = b;
    int order = strcmp(left->folded, right->folded);
    if (order == 0) {
        order = left->entry < right->entry ? -1 : left->entry > right->entry;
    }
    return order;
}

/* How the beginnings of regions' names are shortened. */
static const struct short_form {
    const char *full, *replacement;
} short_forms[] = {
    {"Kabupaten Administrasi ", "Kabupaten "},
    {"Kabupaten Administrasi ", ""},
    {"Kota Administrasi ", "Kota "},
    {"Kota Administrasi ", ""},
    {"Kabupaten ", ""},
    {"Kota ", ""},
    {"Daerah Khusus Ibukota ", "DKI "},
    {"Daerah Istimewa ", "DI "},
};

static bool add_region(struct list *list, const jj_row *row)
{
    const char *name = row->cells[1].text;
    if (!add_entry(list, row->cells[0].text, name) || !add_spelling(list, name, strlen(name))) {
        return false;
    }
    for (size_t i = 0; i < sizeof short_forms / sizeof *short_forms; i++) {
        size_t length = strlen(short_forms[i].full);
        if (strncmp(name, short_forms[i].full, length) == 0) {
            char spelling[FOLDED_SIZE];
            snprintf(spelling, sizeof spelling, "%s%s", short_forms[i].replacement, name + length);
            if (!add_spelling(list, spelling, strlen(spelling))) {
                return false;
            }
        }
    }
    return true;
}

static bool add_vocation(struct list *list, const jj_row *row)
{
    const char *slug = row->cells[0].text, *name = row->cells[1].text;
    const char *synonym = row->count > 2 ? row->cells[2].text : "";
    if (!add_entry(list, slug, name) || !add_spelling(list, slug, strlen(slug)) ||
        !add_spelling(list, name, strlen(name))) {
        return false;
    }
    while (*synonym) {
        size_t length = strcspn(synonym, "|");
        if (!add_spelling(list, synonym, length)) {
            return false;
        }
        synonym += length + (synonym[length] == '|');
    }
    return true;
}

typedef bool (*add_row)(struct list *list, const jj_row *row);

static int check_header(const jj_row *row, const char *const *columns, jj_error *err)
{
    for (size_t i = 0; columns[i]; i++) {
        if (i >= row->count || strcmp(row->cells[i].text, columns[i]) != 0) {
            return jj_fail(err, JJ_ECONFIG, "column %zu should be called '%s'", i + 1, columns[i]);
        }
    }
    return 0;
}

static int read_rows(struct list *list, jj_table *table, const char *const *columns, add_row add,
                     jj_error *err)
{
    jj_row row;
    enum jj_fault fault;
    int rc = jj_table_next(table, &row, &fault, err);
    if (rc <= 0) {
        return rc ? rc : jj_fail(err, JJ_ECONFIG, "the list is empty");
    }
    rc = check_header(&row, columns, err);
    while (rc == 0 && (rc = jj_table_next(table, &row, &fault, err)) == 1) {
        rc = 0;
        if (row.count == 0) {
            continue;
        }
        if (row.count < 2 || row.cells[0].length == 0) {
            rc = jj_fail(err, JJ_ECONFIG, "the row has no code or no name");
        } else if (!add(list, &row)) {
            rc = no_memory(err);
        }
    }
    if (rc && err && !err->line) {
        err->line = (int)row.number;
    }
    return rc;
}

static int read_list(struct list *list, const char *dir, const char *name,
                     const char *const *columns, add_row add, jj_error *err)
{
    static const jj_table_options options = {.delimiter = ';'};
    char *path = jj_path_join(dir, name);
    if (!path) {
        return no_memory(err);
    }
    jj_table *table = NULL;
    enum jj_fault fault;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? jj_fail_errno(err, JJ_ECONFIG, "cannot open the reference list")
                    : jj_table_open(&table, fd, &options, &fault, err);
    if (rc == 0) {
        rc = read_rows(list, table, columns, add, err);
    }
    if (rc == 0) {
        qsort(list->spellings, list->spelling_count, sizeof *list->spellings, compare);
    } else if (err) {
        snprintf(err->file, sizeof err->file, "%s", path);
    }
    jj_table_close(table);
    if (fd >= 0) {
        close(fd);
    }
    free(path);
    return rc;
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->id, ((const struct entry *)b)->id);
}

static int check_order(const struct list *regions, jj_error *err)
{
    for (size_t i = 1; i < regions->count; i++) {
        if (compare_entries(&regions->entries[i - 1], &regions->entries[i]) >= 0) {
            return jj_fail(err, JJ_ECONFIG, "regions.csv is not in the order of its codes");
        }
    }
    return 0;
}

int jj_reference_open(jj_reference **reference, const char *dir, jj_error *err)
{
    static const char *const regions[] = {"code", "name", "level", "province_code", NULL};
    static const char *const vocations[] = {"slug", "name", "synonyms", NULL};
    jj_reference *made = calloc(1, sizeof *made);
    if (!made) {
        return no_memory(err);
    }
    int rc = read_list(&made->regions, dir, "regions.csv", regions, add_region, err);
    if (rc == 0) {
        rc = check_order(&made->regions, err);
    }
    if (rc == 0) {
        rc = read_list(&made->vocations, dir, "vocations.csv", vocations, add_vocation, err);
    }
    if (rc) {
        jj_reference_close(made);
        return rc;
    }
    *reference = made;
    return 0;
}

static void clear_list(struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->entries[i].id);
        free(list->entries[i].name);
    }
    for (size_t i = 0; i < list->spelling_count; i++) {
        free(list->spellings[i].folded);
    }
    free(list->entries);
    free(list->spellings);
}

void jj_reference_close(jj_reference *reference)
{
    if (reference) {
        clear_list(&reference->regions);
        clear_list(&reference->vocations);
        free(reference);
    }
}

/* The first spelling that is not before folded. */
static size_t lower_bound(const struct list *list, const char *folded)
{
    size_t low = 0, high = list->spelling_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(list->spellings[middle].folded, folded) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void add_hint(jj_buf *hint, const char *name)
{
    if (hint) {
        jj_buf_puts(hint, hint->size ? ", " : "");
        jj_buf_puts(hint, name);
    }
}

static enum jj_match find(const struct list *list, const char *folded, const char **id,
                          jj_buf *hint)
{
    size_t first = lower_bound(list, folded), found = 0, last = SIZE_MAX;
    for (size_t i = first; i < list->spelling_count; i++) {
        const struct spelling *spelling = &list->spellings[i];
        if (strcmp(spelling->folded, folded) != 0) {
            break;
        }
        if (spelling->entry != last) {
            last = spelling->entry;
            found++;
        }
    }
    if (found == 1) {
        *id = list->entries[last].id;
        return JJ_MATCH_ONE;
    }
    last = SIZE_MAX;
    for (size_t i = first, given = 0; found && i < list->spelling_count && given < HINTS_MAX; i++) {
        const struct spelling *spelling = &list->spellings[i];
        if (strcmp(spelling->folded, folded) != 0) {
            break;
        }
        if (spelling->entry != last) {
            last = spelling->entry;
            add_hint(hint, list->entries[last].name);
            given++;
        }
    }
    return found ? JJ_MATCH_MANY : JJ_MATCH_NONE;
}

/* The name of the entry that has the nearest spelling, if one is near enough to be meant. */
static void hint_nearest(const struct list *list, const char *folded, jj_buf *hint)
{
    unsigned best = (unsigned)(strlen(folded) + 2) / 3 + 1;
    const struct entry *nearest = NULL;
    for (size_t i = 0; hint && i < list->spelling_count; i++) {
        unsigned distance = jj_distance(folded, list->spellings[i].folded);
        if (distance < best) {
            best = distance;
            nearest = &list->entries[list->spellings[i].entry];
        }
    }
    if (nearest) {
        add_hint(hint, nearest->name);
    }
}

/* Folds text without the first word when that is one of words (ended by NULL); first writes
 * replacement, which is what the word stands for. */
static bool fold_behind(const char *text, size_t length, const char *const *words,
                        const char *replacement, char out[FOLDED_SIZE])
{
    for (; *words; words++) {
        size_t size = strlen(*words);
        if (length > size && strncasecmp(text, *words, size) == 0 &&
            (text[size] == ' ' || text[size] == '.' || text[size] == ':')) {
            size_t put = (size_t)snprintf(out, FOLDED_SIZE, "%s", replacement);
            return jj_fold(text + size, length - size, out + put, FOLDED_SIZE - put) > 0;
        }
    }
    return false;
}

static enum jj_match find_code(const jj_reference *reference, const char *text, size_t length,
                               const char **code)
{
    char key[8];
    size_t digits = strspn(text, "0123456789");
    if (digits == length && length > 2) {
        return JJ_MATCH_NO_DOT;
    }
    if (length >= sizeof key) {
        return JJ_MATCH_NONE;
    }
    memcpy(key, text, length);
    key[length] = '\0';
    /* A spreadsheet that took 33.75 for a number shows it as 33,75. */
    if (length == 5 && key[2] == ',') {
        key[2] = '.';
    }
    struct entry wanted = {key, NULL};
    const struct list *list = &reference->regions;
    const struct entry *found =
        bsearch(&wanted, list->entries, list->count, sizeof *list->entries, compare_entries);
    if (!found) {
        return JJ_MATCH_NONE;
    }
    *code = found->id;
    return JJ_MATCH_ONE;
}

enum jj_match jj_reference_region(const jj_reference *reference, const char *text, size_t length,
                                  const char **code, jj_buf *hint)
{
    static const char *const regency[] = {"kab", "kabupaten", NULL};
    static const char *const city[] = {"kodya", "kotamadya", NULL};
    static const char *const province[] = {"provinsi", "propinsi", "prov", "prop", NULL};
    char folded[FOLDED_SIZE];
    if (length && *text >= '0' && *text <= '9') {
        return find_code(reference, text, length, code);
    }
    if (!fold_behind(text, length, regency, "kabupaten", folded) &&
        !fold_behind(text, length, city, "kota", folded) &&
        !fold_behind(text, length, province, "", folded)) {
        jj_fold(text, length, folded, sizeof folded);
    }
    enum jj_match match = find(&reference->regions, folded, code, hint);
    if (match == JJ_MATCH_NONE) {
        hint_nearest(&reference->regions, folded, hint);
    }
    return match;
}

enum jj_match jj_reference_vocation(const jj_reference *reference, const char *text, size_t length,
                                    const char **slug, jj_buf *hint)
{
    static const char *const noise[] = {"pelatihan", "kejuruan", "sub kejuruan", "jurusan",
                                        "program",   "kursus",   "kelas",        NULL};
    char folded[FOLDED_SIZE], behind[FOLDED_SIZE];
    jj_fold(text, length, folded, sizeof folded);
    enum jj_match match = find(&reference->vocations, folded, slug, hint);
    if (match == JJ_MATCH_NONE && fold_behind(text, length, noise, "", behind)) {
        match = find(&reference->vocations, behind, slug, hint);
    }
    if (match == JJ_MATCH_NONE) {
        hint_nearest(&reference->vocations, folded, hint);
    }
    return match;
}
