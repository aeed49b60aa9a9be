#include "import/mapping.h"

#include "base/text.h"
#include "import/clean.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDED_SIZE   256
#define NO_RANK       SIZE_MAX
#define IMPLICIT_RANK 1000 /* title and member name come behind all synonyms */

static int no_memory(jj_error *err)
{
    return jj_fail(err, JJ_EMEMORY, "out of memory while reading a header");
}

bool jj_leaf_is_nik(const jj_leaf *leaf)
{
    return leaf->property->format && strcmp(leaf->property->format, "nik") == 0;
}

bool jj_type_is_person(const jj_type *type)
{
    return type->subject && strcmp(type->subject, "person") == 0;
}

static size_t count_leaves(const jj_property *properties, size_t count)
{
    size_t leaves = 0;
    for (size_t i = 0; i < count; i++) {
        const jj_property *property = &properties[i];
        leaves += property->kind == JJ_KIND_OBJECT
                      ? count_leaves(property->members, property->member_count)
                      : 1;
    }
    return leaves;
}

static void add_leaves(jj_mapping *mapping, const jj_property *properties, size_t count,
                       const char *path, bool required)
{
    for (size_t i = 0; i < count; i++) {
        const jj_property *property = &properties[i];
        char pointer[128];
        snprintf(pointer, sizeof pointer, "%s/%s", path, property->name);
        if (property->kind == JJ_KIND_OBJECT) {
            add_leaves(mapping, property->members, property->member_count, pointer,
                       required && property->required);
            continue;
        }
        jj_leaf *leaf = &mapping->leaves[mapping->leaf_count++];
        *leaf = (jj_leaf){.property = property, .required = required && property->required};
        snprintf(leaf->pointer, sizeof leaf->pointer, "%s", pointer);
    }
}

int jj_mapping_init(jj_mapping *mapping, const jj_type *type, jj_error *err)
{
    size_t count = count_leaves(type->properties, type->property_count);
    mapping->type = type;
    mapping->leaves = calloc(count + 1, sizeof *mapping->leaves);
    if (!mapping->leaves) {
        return no_memory(err);
    }
    add_leaves(mapping, type->properties, type->property_count, "", true);
    return 0;
}

static void clear_columns(jj_mapping *mapping)
{
    for (size_t i = 0; i < mapping->column_count; i++) {
        free(mapping->columns[i].title);
    }
    free(mapping->columns);
    mapping->columns = NULL;
    mapping->column_count = mapping->recognised = 0;
    mapping->region = mapping->correction = mapping->subject = JJ_NO_COLUMN;
    for (size_t i = 0; i < mapping->leaf_count; i++) {
        mapping->leaves[i].column = JJ_NO_COLUMN;
        mapping->leaves[i].rank = NO_RANK;
    }
}

void jj_mapping_clear(jj_mapping *mapping)
{
    clear_columns(mapping);
    free(mapping->leaves);
    *mapping = (jj_mapping){0};
}

static size_t synonym_rank(const jj_property *property, const char *folded)
{
    for (size_t i = 0; property->columns[i]; i++) {
        if (strcmp(property->columns[i], folded) == 0) {
            return i;
        }
    }
    return NO_RANK;
}

static bool folds_to(const char *text, const char *folded)
{
    char other[FOLDED_SIZE];
    return text && jj_fold(text, strlen(text), other, sizeof other) && strcmp(other, folded) == 0;
}

/* The leaf that names a header cell, by synonym or else by title, name or pointer. */
static bool find_leaf(const jj_mapping *mapping, const char *folded, bool implicit, size_t *leaf,
                      size_t *rank)
{
    for (size_t i = 0; i < mapping->leaf_count; i++) {
        const jj_property *property = mapping->leaves[i].property;
        size_t found = implicit ? NO_RANK : synonym_rank(property, folded);
        if (implicit && (folds_to(property->title, folded) || folds_to(property->name, folded) ||
                         folds_to(mapping->leaves[i].pointer, folded))) {
            found = IMPLICIT_RANK;
        }
        if (found != NO_RANK) {
            *leaf = i;
            *rank = found;
            return true;
        }
    }
    return false;
}

static enum jj_target find_reserved(const char *folded)
{
    static const struct {
        const char *folded;
        enum jj_target target;
    } reserved[] = {
        {"kodewilayah", JJ_TARGET_REGION},   {"wilayah", JJ_TARGET_REGION},
        {"kodekabkota", JJ_TARGET_REGION},   {"kodekabupatenkota", JJ_TARGET_REGION},
        {"kodedaerah", JJ_TARGET_REGION},    {"kodekemendagri", JJ_TARGET_REGION},
        {"region", JJ_TARGET_REGION},        {"koreksi", JJ_TARGET_CORRECTION},
        {"koreksike", JJ_TARGET_CORRECTION}, {"revisi", JJ_TARGET_CORRECTION},
        {"revisike", JJ_TARGET_CORRECTION},  {"correction", JJ_TARGET_CORRECTION},
        {"subject", JJ_TARGET_SUBJECT},      {"kunciorang", JJ_TARGET_SUBJECT},
        {"personkey", JJ_TARGET_SUBJECT},    {"no", JJ_TARGET_NUMBER},
        {"nomor", JJ_TARGET_NUMBER},         {"nourut", JJ_TARGET_NUMBER},
        {"nomorurut", JJ_TARGET_NUMBER},     {"alasanditolak", JJ_TARGET_REASON},
    };
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (strcmp(reserved[i].folded, folded) == 0) {
            return reserved[i].target;
        }
    }
    return JJ_TARGET_UNKNOWN;
}

/* Gives a leaf its column; the better synonym wins, the other column is spare. */
static void assign(jj_mapping *mapping, size_t column, size_t leaf, size_t rank)
{
    jj_leaf *found = &mapping->leaves[leaf];
    mapping->columns[column].leaf = leaf;
    if (found->rank <= rank) {
        mapping->columns[column].target = JJ_TARGET_SPARE;
        return;
    }
    if (found->column != JJ_NO_COLUMN) {
        mapping->columns[found->column].target = JJ_TARGET_SPARE;
    }
    found->column = column;
    found->rank = rank;
    mapping->columns[column].target = JJ_TARGET_LEAF;
}

static void reserve(jj_mapping *mapping, size_t column, enum jj_target target)
{
    size_t *place = target == JJ_TARGET_REGION       ? &mapping->region
                    : target == JJ_TARGET_CORRECTION ? &mapping->correction
                    : target == JJ_TARGET_SUBJECT    ? &mapping->subject
                                                     : NULL;
    if (place && *place != JJ_NO_COLUMN) {
        return; /* the first of two counts, the other is told as unknown */
    }
    if (place) {
        *place = column;
    }
    mapping->columns[column].target = target;
}

/* False: nothing is called so. */
static bool map_folded(jj_mapping *mapping, size_t column, const char *folded)
{
    size_t leaf, rank;
    if (find_leaf(mapping, folded, false, &leaf, &rank)) {
        assign(mapping, column, leaf, rank);
        return true;
    }
    enum jj_target target = find_reserved(folded);
    if (target != JJ_TARGET_UNKNOWN) {
        reserve(mapping, column, target);
        return true;
    }
    if (find_leaf(mapping, folded, true, &leaf, &rank)) {
        assign(mapping, column, leaf, rank);
        return true;
    }
    return false;
}

/* "NIK (16 angka)" to "NIK ". */
static size_t without_brackets(const char *text, char out[FOLDED_SIZE])
{
    size_t put = 0, depth = 0;
    for (; *text && put + 1 < FOLDED_SIZE; text++) {
        depth += *text == '(';
        if (depth == 0) {
            out[put++] = *text;
        }
        depth -= *text == ')' && depth > 0;
    }
    out[put] = '\0';
    return put;
}

static void map_column(jj_mapping *mapping, size_t column)
{
    const char *title = mapping->columns[column].title;
    char folded[FOLDED_SIZE], outside[FOLDED_SIZE];
    if (jj_fold(title, strlen(title), folded, sizeof folded) == 0) {
        return;
    }
    if (!map_folded(mapping, column, folded) &&
        jj_fold(outside, without_brackets(title, outside), folded, sizeof folded) > 0) {
        map_folded(mapping, column, folded);
    }
}

int jj_mapping_read(jj_mapping *mapping, const jj_row *header, jj_error *err)
{
    clear_columns(mapping);
    mapping->row = header->number;
    mapping->columns = calloc(header->count + 1, sizeof *mapping->columns);
    if (!mapping->columns) {
        return no_memory(err);
    }
    for (size_t i = 0; i < header->count; i++) {
        jj_buf title = {0};
        jj_clean(header->cells[i].text, header->cells[i].length, &title);
        mapping->columns[i].title = jj_buf_take(&title);
        mapping->column_count = i + 1;
        if (!mapping->columns[i].title) {
            jj_buf_clear(&title);
            return no_memory(err);
        }
        map_column(mapping, i);
    }
    for (size_t i = 0; i < mapping->column_count; i++) {
        mapping->recognised += mapping->columns[i].target != JJ_TARGET_UNKNOWN;
    }
    return 0;
}

static bool covers(const char *pointer, const char *wanted)
{
    size_t length = strlen(pointer);
    return strncmp(pointer, wanted, length) == 0 &&
           (wanted[length] == '\0' || wanted[length] == '/');
}

const jj_leaf *jj_mapping_leaf(const jj_mapping *mapping, const char *pointer)
{
    if (strncmp(pointer, "/data/", 6) == 0) {
        pointer += 5;
    }
    for (size_t i = 0; i < mapping->leaf_count; i++) {
        if (covers(mapping->leaves[i].pointer, pointer)) {
            return &mapping->leaves[i];
        }
    }
    for (size_t i = 0; *pointer == '/' && i < mapping->leaf_count; i++) {
        if (covers(pointer, mapping->leaves[i].pointer)) {
            return &mapping->leaves[i];
        }
    }
    return NULL;
}

const char *jj_mapping_title(const jj_mapping *mapping, const jj_leaf *leaf)
{
    if (leaf->column < mapping->column_count && *mapping->columns[leaf->column].title) {
        return mapping->columns[leaf->column].title;
    }
    return leaf->property->title ? leaf->property->title : leaf->property->name;
}
