#include "ctl/suppress.h"

#include <stdlib.h>
#include <string.h>

/* The hidden cells of one group are the edges of a graph between rows and columns; a cell follows
 * from the others exactly if its edge is a bridge. */
typedef struct layer {
    const jj_counts *counts;
    int group;        /* 0: the persons themselves */
    int first, size;  /* measures of its categories */
    bool *hidden;     /* rows * columns */
    int *found, *low; /* of each node, when the graph is searched; rows first, then columns */
    int clock;
    int bridge_row, bridge_column; /* one that was found; -1: none */
} layer;

static const int64_t *cell_of(const layer *l, int row, int column)
{
    return l->counts->of + ((size_t)row * (size_t)l->counts->columns + (size_t)column) *
                               (size_t)l->counts->measures;
}

static bool *mark(const layer *l, int row, int column)
{
    return l->hidden + (size_t)row * (size_t)l->counts->columns + (size_t)column;
}

/* A line is a row (number 0 to rows - 1) or a column (from rows on). */
static int line_length(const layer *l, int line)
{
    return line < l->counts->rows ? l->counts->columns : l->counts->rows;
}

static void place(const layer *l, int line, int at, int *row, int *column)
{
    *row = line < l->counts->rows ? line : at;
    *column = line < l->counts->rows ? at : line - l->counts->rows;
}

/* ---- What is too small -------------------------------------------------------------------- */

/* The persons of a set of cells and, for a group, its categories and its rest. */
static bool is_small(const layer *l, const int64_t *sums)
{
    int64_t rest = sums[0];
    bool small = sums[0] > 0 && sums[0] < l->counts->floor;
    for (int i = 1; i <= l->size; i++) {
        rest -= sums[i];
        small = small || (sums[i] > 0 && sums[i] < l->counts->floor);
    }
    return small || (l->size > 0 && rest > 0 && rest < l->counts->floor);
}

static void add(const layer *l, int64_t *sums, const int64_t *cell)
{
    sums[0] += cell[0];
    for (int i = 0; i < l->size; i++) {
        sums[i + 1] += cell[l->first + i];
    }
}

static void hide_small(layer *l, const bool *persons)
{
    for (int row = 0; row < l->counts->rows; row++) {
        for (int column = 0; column < l->counts->columns; column++) {
            int64_t sums[JJ_CATEGORIES_MAX + 1] = {0};
            add(l, sums, cell_of(l, row, column));
            *mark(l, row, column) =
                is_small(l, sums) ||
                (persons && persons[(size_t)row * (size_t)l->counts->columns + (size_t)column]);
        }
    }
}

/* ---- Lines -------------------------------------------------------------------------------- */

/* Hidden cells of a line. */
static int hidden_in(const layer *l, int line)
{
    int count = 0, row, column;
    for (int at = 0; at < line_length(l, line); at++) {
        place(l, line, at, &row, &column);
        count += *mark(l, row, column);
    }
    return count;
}

/* A line gives something away if one cell alone is hidden, or if what its total leaves for the
 * hidden ones is too small. */
static bool tells(const layer *l, int line)
{
    int64_t sums[JJ_CATEGORIES_MAX + 1] = {0};
    int last = line_length(l, line) - 1, count = hidden_in(l, line), row, column;
    place(l, line, last, &row, &column);
    if (count < 2 || *mark(l, row, column)) {
        return count == 1;
    }
    for (int at = 0; at < last; at++) {
        place(l, line, at, &row, &column);
        if (*mark(l, row, column)) {
            add(l, sums, cell_of(l, row, column));
        }
    }
    return is_small(l, sums);
}

/* Hides one more cell of a line: rather one whose crossing line has hidden cells anyway, rather no
 * total, rather few persons. False if there is none. */
static bool hide_one_more(layer *l, int line)
{
    int64_t best[3] = {0};
    bool *chosen = NULL;
    int length = line_length(l, line), row, column;
    for (int at = 0; at < length; at++) {
        place(l, line, at, &row, &column);
        int64_t persons = cell_of(l, row, column)[0];
        if (*mark(l, row, column) || persons == 0) {
            continue;
        }
        int crossing = line < l->counts->rows ? l->counts->rows + column : row;
        int64_t rank[3] = {at == length - 1, hidden_in(l, crossing) == 0, persons};
        int order = 0;
        for (int i = 0; i < 3 && order == 0 && chosen; i++) {
            order = (rank[i] > best[i]) - (rank[i] < best[i]);
        }
        if (!chosen || order < 0) {
            chosen = mark(l, row, column);
            memcpy(best, rank, sizeof best);
        }
    }
    if (chosen) {
        *chosen = true;
    }
    return chosen != NULL;
}

/* True if it hid something. */
static bool close_lines(layer *l)
{
    bool any = false, again = true;
    while (again) {
        again = false;
        for (int line = 0; line < l->counts->rows + l->counts->columns; line++) {
            while (tells(l, line) && hide_one_more(l, line)) {
                again = any = true;
            }
        }
    }
    return any;
}

/* ---- Bridges (Tarjan) --------------------------------------------------------------------- */

static void search(layer *l, int node, int from)
{
    int row, column, rows = l->counts->rows;
    l->found[node] = l->low[node] = ++l->clock;
    for (int at = 0; at < line_length(l, node); at++) {
        place(l, node, at, &row, &column);
        int other = node < rows ? rows + column : row;
        if (!*mark(l, row, column) || other == from) {
            continue;
        }
        if (l->found[other] == 0) {
            search(l, other, node);
            if (l->low[other] > l->found[node]) {
                l->bridge_row = row;
                l->bridge_column = column;
            }
        }
        l->low[node] = l->low[other] < l->low[node] ? l->low[other] : l->low[node];
    }
}

static bool find_bridge(layer *l)
{
    int nodes = l->counts->rows + l->counts->columns;
    memset(l->found, 0, (size_t)nodes * sizeof *l->found);
    l->clock = 0;
    l->bridge_row = l->bridge_column = -1;
    for (int node = 0; node < nodes; node++) {
        if (l->found[node] == 0) {
            search(l, node, -1);
        }
    }
    return l->bridge_row >= 0;
}

/* Any cell that is shown, the one with the fewest persons. */
static bool hide_anything(layer *l)
{
    bool *chosen = NULL;
    int64_t fewest = 0;
    for (int row = 0; row < l->counts->rows; row++) {
        for (int column = 0; column < l->counts->columns; column++) {
            int64_t persons = cell_of(l, row, column)[0];
            if (persons > 0 && !*mark(l, row, column) && (!chosen || persons < fewest)) {
                chosen = mark(l, row, column);
                fewest = persons;
            }
        }
    }
    if (chosen) {
        *chosen = true;
    }
    return chosen != NULL;
}

/* With everything hidden each cell and its three totals are a cycle, so this ends. */
static void close_layer(layer *l)
{
    do {
        close_lines(l);
    } while (find_bridge(l) &&
             (hide_one_more(l, l->bridge_row) ||
              hide_one_more(l, l->counts->rows + l->bridge_column) || hide_anything(l)));
}

int jj_suppress(const jj_counts *counts, jj_error *err)
{
    size_t cells = (size_t)counts->rows * (size_t)counts->columns;
    size_t nodes = (size_t)counts->rows + (size_t)counts->columns;
    layer l = {.counts = counts, .first = 1};
    bool *hidden = calloc(cells + 1, sizeof *hidden * ((size_t)counts->groups + 1));
    int *room = calloc(2 * nodes + 1, sizeof *room);
    int rc = hidden && room ? 0 : jj_fail(err, JJ_EMEMORY, "out of memory for the report");
    for (int group = 0; rc == 0 && group <= counts->groups; group++) {
        l.group = group;
        l.size = group ? counts->sizes[group - 1] : 0;
        l.hidden = hidden + (size_t)group * cells;
        l.found = room;
        l.low = room + nodes;
        hide_small(&l, group ? hidden : NULL);
        close_layer(&l);
        l.first += l.size;
    }
    for (size_t i = 0; rc == 0 && i < cells; i++) {
        for (int group = 0; group <= counts->groups; group++) {
            counts->hidden[i * (size_t)(counts->groups + 1) + (size_t)group] =
                hidden[(size_t)group * cells + i];
        }
    }
    free(hidden);
    free(room);
    return rc;
}
