#include "import/skip.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define FOLDED_SIZE 256

bool jj_row_is_blank(const jj_cell *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (cells[i].length) {
            return false;
        }
    }
    return true;
}

static bool starts_with(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

static bool is_sum(const jj_mapping *mapping, const jj_cell *cells, size_t count)
{
    char folded[FOLDED_SIZE] = "";
    for (size_t i = 0; i < count && !*folded; i++) {
        jj_fold(cells[i].text, cells[i].length, folded, sizeof folded);
    }
    if (!starts_with(folded, "jumlah") && !starts_with(folded, "total") &&
        !starts_with(folded, "subtotal") && !starts_with(folded, "grandtotal") &&
        !starts_with(folded, "jml")) {
        return false;
    }
    for (size_t i = 0; i < mapping->leaf_count; i++) {
        const jj_leaf *leaf = &mapping->leaves[i];
        if (leaf->required && (leaf->column >= count || cells[leaf->column].length == 0)) {
            return true;
        }
    }
    return false;
}

static bool is_numbering(const jj_cell *cells, size_t count)
{
    size_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        char folded[FOLDED_SIZE], wanted[24];
        if (cells[i].length == 0) {
            continue;
        }
        jj_fold(cells[i].text, cells[i].length, folded, sizeof folded);
        snprintf(wanted, sizeof wanted, "%zu", i + 1);
        if (strcmp(folded, wanted) != 0) {
            return false;
        }
        seen++;
    }
    return seen >= 3;
}

static bool is_header(const jj_mapping *mapping, const jj_cell *cells, size_t count)
{
    size_t same = 0;
    for (size_t i = 0; i < count; i++) {
        const char *title = i < mapping->column_count ? mapping->columns[i].title : "";
        char left[FOLDED_SIZE], right[FOLDED_SIZE];
        jj_fold(cells[i].text, cells[i].length, left, sizeof left);
        jj_fold(title, strlen(title), right, sizeof right);
        if (strcmp(left, right) != 0) {
            return false;
        }
        same += *left != '\0';
    }
    return same >= 2;
}

bool jj_row_is_furniture(const jj_mapping *mapping, uint64_t number, const jj_cell *cells,
                         size_t count)
{
    return is_sum(mapping, cells, count) || is_header(mapping, cells, count) ||
           (number == mapping->row + 1 && is_numbering(cells, count));
}
