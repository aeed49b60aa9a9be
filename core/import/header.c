#include "import/mapping.h"

#include "base/text.h"

#include <string.h>

#define FOLDED_SIZE 256
#define SURE_FROM   2 /* recognised columns from which a row is a header beyond doubt */

static bool is_missing(const jj_mapping *mapping, const jj_leaf *leaf)
{
    if (leaf->column != JJ_NO_COLUMN) {
        return false;
    }
    bool person = jj_leaf_is_nik(leaf) && jj_type_is_person(mapping->type);
    return leaf->required || (person && mapping->subject == JJ_NO_COLUMN);
}

/* How far a header cell is from what a leaf is called; 0 for one that contains it. */
static unsigned distance_to(const jj_leaf *leaf, const char *folded)
{
    unsigned best = (unsigned)(strlen(folded) + 2) / 3 + 1;
    for (size_t i = 0; leaf->property->columns[i]; i++) {
        const char *synonym = leaf->property->columns[i];
        unsigned distance = jj_distance(folded, synonym);
        if (strlen(synonym) >= 4 && strstr(folded, synonym)) {
            distance = 0;
        }
        best = distance < best ? distance : best;
    }
    return best;
}

/* The column without a use whose header is nearest to what a leaf is called. */
static size_t nearest_column(const jj_mapping *mapping, const jj_leaf *leaf)
{
    size_t nearest = JJ_NO_COLUMN;
    unsigned best = FOLDED_SIZE;
    for (size_t i = 0; i < mapping->column_count; i++) {
        char folded[FOLDED_SIZE];
        const jj_column *column = &mapping->columns[i];
        size_t length = jj_fold(column->title, strlen(column->title), folded, sizeof folded);
        if (column->target != JJ_TARGET_UNKNOWN || length == 0) {
            continue;
        }
        unsigned distance = distance_to(leaf, folded);
        if (distance <= (unsigned)(length + 2) / 3 && distance < best) {
            best = distance;
            nearest = i;
        }
    }
    return nearest;
}

static void tell_missing(const jj_mapping *mapping, const jj_leaf *leaf, jj_buf *reason)
{
    const jj_property *property = leaf->property;
    jj_buf_printf(reason, "- %s", property->title ? property->title : property->name);
    if (property->column_names[0]) {
        jj_buf_puts(reason, " (judul kolom yang dikenal: ");
        for (size_t i = 0; i < 4 && property->column_names[i]; i++) {
            jj_buf_printf(reason, "%s%s", i ? ", " : "", property->column_names[i]);
        }
        jj_buf_putc(reason, ')');
    }
    size_t nearest = nearest_column(mapping, leaf);
    if (nearest != JJ_NO_COLUMN) {
        char name[JJ_COLUMN_NAME_SIZE];
        jj_column_name(nearest, name);
        jj_buf_printf(reason, "; mungkin yang dimaksud kolom %s \"%s\"", name,
                      mapping->columns[nearest].title);
    }
    jj_buf_putc(reason, '\n');
}

static void tell_found(const jj_mapping *mapping, jj_buf *reason)
{
    jj_buf_printf(reason, "Judul kolom dibaca dari baris %llu:", (unsigned long long)mapping->row);
    for (size_t i = 0; i < mapping->column_count; i++) {
        if (*mapping->columns[i].title) {
            jj_buf_printf(reason, "%s %s", i ? ";" : "", mapping->columns[i].title);
        }
    }
    jj_buf_putc(reason, '\n');
}

static int refuse_headless(const jj_mapping *mapping, jj_buf *reason, jj_error *err)
{
    jj_buf_puts(reason, "Baris judul kolom tidak ditemukan. Baris pertama berkas harus berisi "
                        "judul kolom. Kolom yang wajib ada:\n");
    for (size_t i = 0; i < mapping->leaf_count; i++) {
        const jj_property *property = mapping->leaves[i].property;
        if (is_missing(mapping, &mapping->leaves[i])) {
            jj_buf_printf(reason, "- %s\n", property->title ? property->title : property->name);
        }
    }
    return jj_fail(err, JJ_EINVALID, "no header row was found");
}

static int refuse_missing(const jj_mapping *mapping, jj_buf *reason, jj_error *err)
{
    if (mapping->recognised < SURE_FROM) {
        return refuse_headless(mapping, reason, err);
    }
    jj_buf names = {0};
    jj_buf_puts(reason, "Kolom wajib tidak ada:\n");
    for (size_t i = 0; i < mapping->leaf_count; i++) {
        if (is_missing(mapping, &mapping->leaves[i])) {
            tell_missing(mapping, &mapping->leaves[i], reason);
            jj_buf_printf(&names, "%s%s", names.size ? ", " : "", mapping->leaves[i].pointer + 1);
        }
    }
    tell_found(mapping, reason);
    jj_fail(err, JJ_EINVALID, "required columns are missing: %s", names.size ? names.data : "");
    jj_buf_clear(&names);
    return JJ_EINVALID;
}

static bool same_title(const jj_column *a, const jj_column *b)
{
    char left[FOLDED_SIZE], right[FOLDED_SIZE];
    jj_fold(a->title, strlen(a->title), left, sizeof left);
    jj_fold(b->title, strlen(b->title), right, sizeof right);
    return strcmp(left, right) == 0;
}

/* A column that is there twice: nobody can tell which of them is meant. */
static int check_duplicates(const jj_mapping *mapping, jj_buf *reason, jj_error *err)
{
    for (size_t i = 0; i < mapping->column_count; i++) {
        const jj_column *spare = &mapping->columns[i];
        if (spare->target != JJ_TARGET_SPARE) {
            continue;
        }
        const jj_leaf *leaf = &mapping->leaves[spare->leaf];
        if (leaf->column < mapping->column_count &&
            same_title(spare, &mapping->columns[leaf->column])) {
            char first[JJ_COLUMN_NAME_SIZE], second[JJ_COLUMN_NAME_SIZE];
            jj_column_name(leaf->column, first);
            jj_column_name(i, second);
            jj_buf_printf(reason,
                          "Kolom \"%s\" ada dua kali (kolom %s dan %s). Hapus salah satu, atau "
                          "ganti judulnya.\n",
                          spare->title, first, second);
            return jj_fail(err, JJ_EINVALID, "columns %s and %s have the same header", first,
                           second);
        }
    }
    return 0;
}

int jj_mapping_check(const jj_mapping *mapping, jj_buf *reason, jj_error *err)
{
    for (size_t i = 0; i < mapping->leaf_count; i++) {
        if (is_missing(mapping, &mapping->leaves[i])) {
            int rc = refuse_missing(mapping, reason, err);
            if (err) {
                err->line = (int)mapping->row;
            }
            return rc;
        }
    }
    int rc = check_duplicates(mapping, reason, err);
    if (rc && err) {
        err->line = (int)mapping->row;
    }
    return rc;
}
