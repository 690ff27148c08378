/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Grids out of rulings that meet.
 *
 * Rulings that cross or touch are one component. Where level rulings reach out beyond the last
 * upright one, the grid is open at that side and ends where they end; likewise above and below.
 * Nothing blocks or logs.
 */
#include "workers/tables/grid.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/page.h"

#define MEETINGS_MAX 4000000U /* crossings looked at: beyond, the page is a drawing */
#define GRIDS_MAX 128U
#define OPEN_SIDE 6.0F /* points that rulings reach out beyond the last one across */
#define COVERED 0.6F   /* of a field's side: where a ruling stands */

/* --- components --- */

static uint32_t root_of(uint32_t *parents, uint32_t i)
{
    while (parents[i] != i) {
        parents[i] = parents[parents[i]];
        i = parents[i];
    }
    return i;
}

/* The first segment at or right of x. */
static uint32_t first_at(const struct segment *segments, uint32_t count, float x)
{
    uint32_t low = 0;

    while (low < count) {
        uint32_t middle = low + (count - low) / 2;

        if (segments[middle].at < x) {
            low = middle + 1;
        } else {
            count = middle;
        }
    }
    return low;
}

/* Sets component of every segment; false when there is too much of it. */
static bool find_components(struct segments *segments, uint32_t *parents)
{
    uint32_t levels = segments->level_count;
    uint32_t meetings = 0;

    for (uint32_t i = 0; i < levels + segments->upright_count; i++) {
        parents[i] = i;
    }
    for (uint32_t i = 0; i < levels; i++) {
        const struct segment *level = &segments->level[i];

        for (uint32_t j =
                 first_at(segments->upright, segments->upright_count, level->from - SEGMENTS_NEAR);
             j < segments->upright_count && segments->upright[j].at <= level->to + SEGMENTS_NEAR;
             j++) {
            const struct segment *upright = &segments->upright[j];

            if (++meetings > MEETINGS_MAX) {
                return false;
            }
            if (level->at >= upright->from - SEGMENTS_NEAR &&
                level->at <= upright->to + SEGMENTS_NEAR) {
                parents[root_of(parents, i)] = root_of(parents, levels + j);
            }
        }
    }
    for (uint32_t i = 0; i < levels; i++) {
        segments->level[i].component = root_of(parents, i);
    }
    for (uint32_t j = 0; j < segments->upright_count; j++) {
        segments->upright[j].component = root_of(parents, levels + j);
    }
    return true;
}

/* --- one grid --- */

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return (x > y) - (x < y);
}

/* The places of segments of a component, those that are near each other as one. outer: where the
 * segments across it begin and end. values: with room for two more. Returns how many. */
static uint32_t find_limits(const struct segment *const *segments, uint32_t count,
                            const float outer[2], float *values)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        values[i] = segments[i]->at;
    }
    qsort(values, count, sizeof(*values), by_value);
    for (uint32_t first = 0, end; first < count; first = end) {
        float sum = 0;

        for (end = first; end < count && values[end] - values[first] <= SEGMENTS_NEAR; end++) {
            sum += values[end] - values[first];
        }
        values[kept++] = values[first] + sum / (float)(end - first);
    }
    if (outer[0] < values[0] - OPEN_SIDE) {
        memmove(&values[1], &values[0], kept * sizeof(*values));
        values[0] = outer[0];
        kept++;
    }
    if (outer[1] > values[kept - 1] + OPEN_SIDE) {
        values[kept++] = outer[1];
    }
    return kept;
}

static void find_outer(const struct segment *const *segments, uint32_t count, float outer[2])
{
    outer[0] = INFINITY;
    outer[1] = -INFINITY;
    for (uint32_t i = 0; i < count; i++) {
        outer[0] = fminf(outer[0], segments[i]->from);
        outer[1] = fmaxf(outer[1], segments[i]->to);
    }
}

uint32_t grid_locate(const float *limits, uint32_t count, float value)
{
    uint32_t low = 0;
    uint32_t high = count;

    if (!(value >= limits[0]) || value > limits[count]) {
        return count;
    }
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (limits[middle] <= value) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The inner limit that the segment stands at; 0 where it is an outer one. */
static uint32_t limit_of(const float *limits, uint32_t count, float at)
{
    uint32_t i = 1;

    i = grid_locate(limits, count, at);
    if (i == count) {
        return 0;
    }
    i += at - limits[i] > limits[i + 1] - at;
    return i == count ? 0 : i;
}

/* Marks the fields beside each segment. step: from one field along the segment to the next; side:
 * from a field to the one on the other side of the segment. */
static void mark(const struct segment *const *segments, uint32_t count, const float *limits,
                 uint32_t limit_count, const float *along, uint32_t along_count, size_t step,
                 size_t side, bool *marks)
{
    for (uint32_t s = 0; s < count; s++) {
        uint32_t limit = limit_of(limits, limit_count, segments[s]->at);
        uint32_t i;

        if (limit == 0) {
            continue;
        }
        i = grid_locate(along, along_count, fmaxf(segments[s]->from, along[0]));
        for (; i < along_count && along[i] < segments[s]->to; i++) {
            float covered =
                fminf(segments[s]->to, along[i + 1]) - fmaxf(segments[s]->from, along[i]);

            if (covered >= COVERED * (along[i + 1] - along[i])) {
                marks[i * step + (limit - 1) * side] = true;
            }
        }
    }
}

/* Makes a grid of a component's segments; columns is 0 where they make none. */
static int make_grid(const struct segment *const *levels, uint32_t level_count,
                     const struct segment *const *uprights, uint32_t upright_count,
                     struct arena *arena, struct grid *grid, struct error *err)
{
    float outer_x[2], outer_y[2];

    *grid = (struct grid){.xs = arena_calloc(arena, upright_count + 2UL, sizeof(float)),
                          .ys = arena_calloc(arena, level_count + 2UL, sizeof(float))};
    if (!grid->xs || !grid->ys) {
        return error_set(err, ERROR_MEMORY, "no memory for a grid");
    }
    find_outer(levels, level_count, outer_x);
    find_outer(uprights, upright_count, outer_y);
    grid->columns = find_limits(uprights, upright_count, outer_x, grid->xs) - 1;
    grid->rows = find_limits(levels, level_count, outer_y, grid->ys) - 1;
    if (grid->columns == 0 || grid->rows == 0 ||
        (uint64_t)grid->columns * grid->rows > PAGE_TABLE_CELLS_MAX) {
        grid->columns = 0;
        return 0;
    }
    grid->right = arena_calloc(arena, (size_t)grid->columns * grid->rows, sizeof(bool));
    grid->below = arena_calloc(arena, (size_t)grid->columns * grid->rows, sizeof(bool));
    if (!grid->right || !grid->below) {
        return error_set(err, ERROR_MEMORY, "no memory for a grid of %u by %u", grid->rows,
                         grid->columns);
    }
    mark(uprights, upright_count, grid->xs, grid->columns, grid->ys, grid->rows, grid->columns, 1,
         grid->right);
    mark(levels, level_count, grid->ys, grid->rows, grid->xs, grid->columns, 1, grid->columns,
         grid->below);
    for (uint32_t c = 0; c + 1 < grid->columns; c++) {
        for (uint32_t r = 0; r < grid->rows; r++) {
            if (grid->right[(size_t)r * grid->columns + c]) {
                grid->inner_uprights++;
                break;
            }
        }
    }
    return 0;
}

static int by_component(const void *a, const void *b)
{
    const struct segment *x = *(const struct segment *const *)a;
    const struct segment *y = *(const struct segment *const *)b;

    if (x->component != y->component) {
        return x->component < y->component ? -1 : 1;
    }
    return (x->at > y->at) - (x->at < y->at);
}

static const struct segment **by_components(const struct segment *segments, uint32_t count,
                                            struct arena *arena)
{
    const struct segment **sorted = arena_calloc(arena, count + 1UL, sizeof(struct segment *));

    if (sorted) {
        for (uint32_t i = 0; i < count; i++) {
            sorted[i] = &segments[i];
        }
        qsort(sorted, count, sizeof(struct segment *), by_component);
    }
    return sorted;
}

static uint32_t component_end(const struct segment *const *segments, uint32_t first, uint32_t count,
                              uint32_t component)
{
    while (first < count && segments[first]->component == component) {
        first++;
    }
    return first;
}

static int by_area(const void *a, const void *b)
{
    const struct grid *x = a;
    const struct grid *y = b;
    float area_x = (x->xs[x->columns] - x->xs[0]) * (x->ys[x->rows] - x->ys[0]);
    float area_y = (y->xs[y->columns] - y->xs[0]) * (y->ys[y->rows] - y->ys[0]);

    return (area_x > area_y) - (area_x < area_y);
}

int grids_find(struct segments *segments, struct arena *arena, struct grids *ret_grids,
               struct error *err)
{
    uint32_t levels = segments->level_count;
    uint32_t uprights = segments->upright_count;
    uint32_t *parents = arena_calloc(arena, (size_t)levels + uprights + 1, sizeof(*parents));
    const struct segment **level, **upright;

    *ret_grids = (struct grids){.items = arena_calloc(arena, GRIDS_MAX, sizeof(struct grid))};
    if (!parents || !ret_grids->items) {
        return error_set(err, ERROR_MEMORY, "no memory for grids");
    }
    if (!find_components(segments, parents)) {
        return 0;
    }
    level = by_components(segments->level, levels, arena);
    upright = by_components(segments->upright, uprights, arena);
    if (!level || !upright) {
        return error_set(err, ERROR_MEMORY, "no memory for grids");
    }
    for (uint32_t l = 0, u = 0, l_end, u_end; l < levels && ret_grids->count < GRIDS_MAX;
         l = l_end) {
        uint32_t component = level[l]->component;
        struct grid *grid = &ret_grids->items[ret_grids->count];

        l_end = component_end(level, l, levels, component);
        while (u < uprights && upright[u]->component < component) {
            u++;
        }
        u_end = component_end(upright, u, uprights, component);
        if (u_end - u < 1 || (l_end - l) + (u_end - u) < 3) {
            continue;
        }
        if (make_grid(&level[l], l_end - l, &upright[u], u_end - u, arena, grid, err) < 0) {
            return -1;
        }
        ret_grids->count += grid->columns > 0;
    }
    qsort(ret_grids->items, ret_grids->count, sizeof(*ret_grids->items), by_area);
    return 0;
}

/* --- fields and cells --- */

/* Where more boundaries go: inside of one row, or column. */
struct inset {
    uint32_t at, count;
};

/* The old index of what is at index i when some were put in behind inset.at. */
static uint32_t old_index(const struct inset *inset, uint32_t i)
{
    if (i <= inset->at) {
        return i;
    }
    return i <= inset->at + inset->count ? inset->at : i - inset->count;
}

/* A copy of old, of rows by columns, with one of them several times. NULL: out of memory. */
static bool *spread(const bool *old, const struct grid *grid, const struct inset *rows,
                    const struct inset *columns, struct arena *arena)
{
    uint32_t row_count = grid->rows + rows->count;
    uint32_t column_count = grid->columns + columns->count;
    bool *new = arena_calloc(arena, (size_t)row_count * column_count, sizeof(*new));

    for (uint32_t r = 0; new &&r < row_count; r++) {
        for (uint32_t c = 0; c < column_count; c++) {
            new[(size_t)r * column_count + c] =
                old[(size_t)old_index(rows, r) * grid->columns + old_index(columns, c)];
        }
    }
    return new;
}

static float *insert_limits(const float *old, uint32_t count, uint32_t at, const float *values,
                            uint32_t value_count, struct arena *arena)
{
    float *new = arena_calloc(arena, (size_t)count + value_count + 1, sizeof(*new));

    if (new) {
        memcpy(new, old, (at + 1UL) * sizeof(*new));
        memcpy(&new[at + 1], values, value_count * sizeof(*new));
        memcpy(&new[at + 1 + value_count], &old[at + 1], (count - at) * sizeof(*new));
    }
    return new;
}

int grid_split_row(struct grid *grid, uint32_t row, const float *ys, uint32_t count,
                   struct arena *arena, struct error *err)
{
    struct inset rows = {row, count};
    struct inset columns = {0, 0};
    struct grid new = *grid;

    new.right = spread(grid->right, grid, &rows, &columns, arena);
    new.below = spread(grid->below, grid, &rows, &columns, arena);
    new.ys = insert_limits(grid->ys, grid->rows, row, ys, count, arena);
    if (!new.right || !new.below || !new.ys) {
        return error_set(err, ERROR_MEMORY, "no memory for a grid");
    }
    new.rows += count;
    for (uint32_t c = 0; c < grid->columns; c++) {
        size_t field = (size_t)row * grid->columns + c;
        bool above_open = row > 0 && !grid->below[field - grid->columns];
        bool below_open = row + 1 < grid->rows && !grid->below[field];

        for (uint32_t i = 0; i < count; i++) {
            new.below[field + (size_t)i * grid->columns] = !above_open && !below_open;
        }
    }
    *grid = new;
    return 0;
}

int grid_split_column(struct grid *grid, uint32_t column, const float *xs, uint32_t count,
                      struct arena *arena, struct error *err)
{
    struct inset rows = {0, 0};
    struct inset columns = {column, count};
    struct grid new = *grid;

    new.right = spread(grid->right, grid, &rows, &columns, arena);
    new.below = spread(grid->below, grid, &rows, &columns, arena);
    new.xs = insert_limits(grid->xs, grid->columns, column, xs, count, arena);
    if (!new.right || !new.below || !new.xs) {
        return error_set(err, ERROR_MEMORY, "no memory for a grid");
    }
    new.columns += count;
    for (uint32_t r = 0; r < grid->rows; r++) {
        size_t field = (size_t)r * grid->columns + column;
        bool left_open = column > 0 && !grid->right[field - 1];
        bool right_open = column + 1 < grid->columns && !grid->right[field];

        for (uint32_t i = 0; i < count; i++) {
            new.right[(size_t)r * new.columns + column + i] = !left_open && !right_open;
        }
    }
    *grid = new;
    return 0;
}

void grid_part(struct grid *grid, uint32_t column, uint32_t first_row, uint32_t last_row)
{
    for (uint32_t r = first_row; r <= last_row; r++) {
        grid->right[(size_t)r * grid->columns + column] = true;
    }
}

void grid_part_below(struct grid *grid, uint32_t row, uint32_t first_column, uint32_t last_column)
{
    for (uint32_t c = first_column; c <= last_column; c++) {
        grid->below[(size_t)row * grid->columns + c] = true;
    }
}

float grid_ruled_share(const struct grid *grid)
{
    size_t ruled = 0;
    size_t all =
        (size_t)(grid->columns - 1) * grid->rows + (size_t)(grid->rows - 1) * grid->columns;

    for (uint32_t r = 0; r < grid->rows; r++) {
        for (uint32_t c = 0; c < grid->columns; c++) {
            size_t field = (size_t)r * grid->columns + c;

            ruled += c + 1 < grid->columns && grid->right[field];
            ruled += r + 1 < grid->rows && grid->below[field];
        }
    }
    return all > 0 ? (float)ruled / (float)all : 0;
}

/* Whether the count fields from first on, in one row, are free, and no ruling parts them from each
 * other. */
static bool is_free(const struct grid *grid, const uint32_t *cell_of, uint32_t first,
                    uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        if (cell_of[i] != UINT32_MAX || (i > first && grid->right[i - 1])) {
            return false;
        }
    }
    return true;
}

/* Whether no ruling lies under the count fields from first on. */
static bool is_open_below(const struct grid *grid, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        if (grid->below[i]) {
            return false;
        }
    }
    return true;
}

int grid_cells(const struct grid *grid, struct arena *arena, struct grid_cell **ret_cells,
               uint32_t *ret_cell_count, uint32_t **ret_cell_of, struct error *err)
{
    uint32_t fields = grid->rows * grid->columns;
    uint32_t *cell_of = arena_calloc(arena, fields, sizeof(*cell_of));
    struct grid_cell *cells = arena_calloc(arena, fields, sizeof(*cells));
    uint32_t count = 0;

    assert(grid->columns > 0);
    if (!cell_of || !cells) {
        return error_set(err, ERROR_MEMORY, "no memory for %u fields", fields);
    }
    for (uint32_t i = 0; i < fields; i++) {
        cell_of[i] = UINT32_MAX;
    }
    for (uint32_t field = 0; field < fields; field++) {
        uint32_t row = field / grid->columns;
        uint32_t column = field % grid->columns;
        uint32_t width = 1;
        uint32_t height = 1;

        if (cell_of[field] != UINT32_MAX) {
            continue;
        }
        while (column + width < grid->columns && !grid->right[field + width - 1] &&
               is_free(grid, cell_of, field + width, 1)) {
            width++;
        }
        while (row + height < grid->rows &&
               is_open_below(grid, field + (height - 1) * grid->columns, width) &&
               is_free(grid, cell_of, field + height * grid->columns, width)) {
            height++;
        }
        for (uint32_t r = 0; r < height; r++) {
            for (uint32_t c = 0; c < width; c++) {
                cell_of[field + r * grid->columns + c] = count;
            }
        }
        cells[count++] =
            (struct grid_cell){(uint16_t)row, (uint16_t)column, (uint16_t)height, (uint16_t)width};
    }
    *ret_cells = cells;
    *ret_cell_count = count;
    *ret_cell_of = cell_of;
    return 0;
}
