/*
 * Waiting lines in a plugin's state: who stands ready with a skill in a region, in what order, and
 * who looks for somebody with a skill in some regions. Matching is one lookup in each direction.
 *
 * Guarantees: the state that these functions leave depends only on who is in a line, not on the
 * order in which they entered. Work grows with what is asked for, not with the length of a line.
 *
 * Not here: what the order in a line means and when somebody leaves it. Names of lines, and all
 * members, regions, skills and orders, are non-empty, without '/', at most 64 bytes (jj_name).
 * Skills have been through jj_skill. Header only, like react.h.
 */
#ifndef JEJARING_LINES_H
#define JEJARING_LINES_H

#include <jejaring/react.h>

/* One that waits. */
typedef struct jj_place {
    char order[JJ_NAME_MAX];
    char member[JJ_NAME_MAX];
    char region[JJ_NAME_MAX];
} jj_place;

/* Counts who stands in a lane (line, region, skill), so that lookups know which lanes there are.
 * State: "<line>#/<skill>/<region>" = count. */
static inline void jj_lane_count(jj_turn *turn, const char *line, const char *region,
                                 const char *skill, int change)
{
    char key[JJ_KEY_MAX], count[24];
    const char *value;
    jj_key(turn, key, "%s#/%s/%s", line, skill, region);
    long now = turn->host->state_get(turn->host, key, &value) == 0 ? strtol(value, NULL, 10) : 0;
    snprintf(count, sizeof count, "%ld", now + change);
    if (now + change > 0) {
        jj_put(turn, key, count);
    } else {
        jj_delete(turn, key);
    }
}

/* A member enters a line at its place. In bytewise order of `order` the first is served first.
 * State: "<line>/<region>/<skill>/<order>/<member>". Entering the same place twice is once. */
static inline void jj_line_enter(jj_turn *turn, const char *line, const char *region,
                                 const char *skill, const char *order, const char *member)
{
    char key[JJ_KEY_MAX];
    jj_key(turn, key, "%s/%s/%s/%s/%s", line, region, skill, order, member);
    if (turn->failed || jj_has(turn, key)) {
        return;
    }
    jj_put(turn, key, "");
    jj_lane_count(turn, line, region, skill, 1);
}

/* Leaves a place; must be told exactly which. */
static inline void jj_line_leave(jj_turn *turn, const char *line, const char *region,
                                 const char *skill, const char *order, const char *member)
{
    char key[JJ_KEY_MAX];
    jj_key(turn, key, "%s/%s/%s/%s/%s", line, region, skill, order, member);
    if (turn->failed || !jj_has(turn, key)) {
        return;
    }
    jj_delete(turn, key);
    jj_lane_count(turn, line, region, skill, -1);
}

/* ---- All places of one member ------------------------------------------------------------- */

#define JJ_LANES_MAX 16 /* places of one member in a line that are looked at */

/* Where a member stands in a line: `jj_stand stand = {0};`, for stands are compared whole. */
typedef struct jj_stand {
    size_t count;
    struct {
        char region[JJ_NAME_MAX], skill[JJ_NAME_MAX], order[JJ_NAME_MAX];
    } lanes[JJ_LANES_MAX];
} jj_stand;

/* One place more, unless there are JJ_LANES_MAX. */
static inline void jj_stand_add(jj_stand *stand, const char *region, const char *skill,
                                const char *order)
{
    if (stand->count < JJ_LANES_MAX) {
        snprintf(stand->lanes[stand->count].region, JJ_NAME_MAX, "%s", region);
        snprintf(stand->lanes[stand->count].skill, JJ_NAME_MAX, "%s", skill);
        snprintf(stand->lanes[stand->count].order, JJ_NAME_MAX, "%s", order);
        stand->count++;
    }
}

/* Moves a member of a line from where it stood to where it stands. False: it stands there already.
 */
static inline bool jj_stand_move(jj_turn *turn, const char *line, const char *member,
                                 const jj_stand *before, const jj_stand *now)
{
    if (memcmp(before, now, sizeof *now) == 0) {
        return false;
    }
    for (size_t i = 0; i < before->count; i++) {
        jj_line_leave(turn, line, before->lanes[i].region, before->lanes[i].skill,
                      before->lanes[i].order, member);
    }
    for (size_t i = 0; i < now->count; i++) {
        jj_line_enter(turn, line, now->lanes[i].region, now->lanes[i].skill, now->lanes[i].order,
                      member);
    }
    return true;
}

/* ---- Who is first --------------------------------------------------------------------------- */

/* What is gathered of the lanes of a line. */
struct jj_gathering {
    jj_turn *turn;
    jj_place *places;
    size_t count, room;
    size_t most, lane_end; /* `most` more of the present lane */
    size_t skip;           /* bytes of the lane's prefix */
    const char *region;
};

static inline int jj_gather_one(void *arg, const char *key, const char *value)
{
    struct jj_gathering *g = arg;
    (void)value;
    if (g->count == g->room) {
        size_t room = g->room ? 2 * g->room : 64;
        jj_place *more = realloc(g->places, room * sizeof *more);
        if (!more) {
            jj_turn_fail(g->turn, "out of memory");
            return 1;
        }
        g->places = more;
        g->room = room;
    }
    const char *order = key + g->skip, *slash = strchr(order, '/');
    if (!slash) {
        return 0;
    }
    jj_place *place = &g->places[g->count++];
    snprintf(place->order, sizeof place->order, "%.*s", (int)(slash - order), order);
    snprintf(place->member, sizeof place->member, "%s", slash + 1);
    snprintf(place->region, sizeof place->region, "%s", g->region);
    return g->count >= g->lane_end;
}

static inline int jj_place_compare(const void *a, const void *b)
{
    const jj_place *one = a, *two = b;
    int order = strcmp(one->order, two->order);
    return order ? order : strcmp(one->member, two->member);
}

/* Gathers the first places of one lane. */
static inline void jj_gather_lane(struct jj_gathering *g, const char *line, const char *region,
                                  const char *skill)
{
    char prefix[JJ_KEY_MAX];
    jj_key(g->turn, prefix, "%s/%s/%s/", line, region, skill);
    g->region = region;
    g->skip = strlen(prefix);
    g->lane_end = g->count + g->most;
    g->turn->host->state_scan(g->turn->host, prefix, jj_gather_one, g);
}

/* Gathers from every lane of a skill (NULL: of all skills) in an area. */
static inline void jj_gather_lanes(struct jj_gathering *g, const char *line, const char *area,
                                   const char *skill)
{
    char prefix[JJ_KEY_MAX];
    size_t head = strlen(line) + 2;
    if (!skill) {
        jj_key(g->turn, prefix, "%s#/", line);
    } else {
        /* A province's regions begin with "33." and "33" itself; everybody's with nothing. */
        jj_key(g->turn, prefix, "%s#/%s/%s", line, skill, strcmp(area, "*") ? area : "");
    }
    json_t *lanes = jj_collect(g->turn, prefix, SIZE_MAX), *unused;
    const char *rest;
    json_object_foreach(lanes, rest, unused)
    {
        char lane[JJ_KEY_MAX];
        jj_key(g->turn, lane, "%s%s", prefix + head, rest);
        char *region = strchr(lane, '/');
        if (g->turn->failed || !region) {
            break;
        }
        *region++ = '\0';
        if (jj_region_within(area, region)) {
            jj_gather_lane(g, line, region, lane);
        }
    }
    json_decref(lanes);
}

/*
 * The first `most` members of a line in the areas (strings: regions, provinces, "*") that have one
 * of the skills (empty: any), in their order, each once. *places is new, free it; the result is
 * their number.
 */
static inline size_t jj_line_first(jj_turn *turn, const char *line, const json_t *areas,
                                   const json_t *skills, size_t most, jj_place **places)
{
    struct jj_gathering g = {.turn = turn, .most = most};
    size_t skill_count = json_array_size(skills);
    for (size_t i = 0; i < json_array_size(areas) && most > 0; i++) {
        for (size_t j = 0; j < (skill_count ? skill_count : 1); j++) {
            jj_gather_lanes(&g, line, json_string_value(json_array_get(areas, i)),
                            json_string_value(json_array_get(skills, j)));
        }
    }
    if (g.count > 1) {
        qsort(g.places, g.count, sizeof *g.places, jj_place_compare);
    }
    json_t *seen = json_object(); /* a member may stand in several lanes */
    size_t count = 0;
    for (size_t i = 0; i < g.count && count < most; i++) {
        if (json_object_get(seen, g.places[i].member)) {
            continue;
        }
        jj_doc_set(turn, seen, g.places[i].member, json_true());
        if (count != i) {
            g.places[count] = g.places[i];
        }
        count++;
    }
    json_decref(seen);
    *places = g.places;
    return count;
}

/* ---- Who is looked for ---------------------------------------------------------------------- */

/* Notes, or forgets, that seeker looks for one of the skills (empty: any) in the areas.
 * State: "<wants>/<area>/<skill or *>/<seeker>". */
static inline void jj_want_set(jj_turn *turn, const char *wants, const json_t *areas,
                               const json_t *skills, const char *seeker, bool wanted)
{
    size_t count = json_array_size(skills);
    for (size_t i = 0; i < json_array_size(areas); i++) {
        for (size_t j = 0; j < (count ? count : 1); j++) {
            char key[JJ_KEY_MAX];
            jj_key(turn, key, "%s/%s/%s/%s", wants, json_string_value(json_array_get(areas, i)),
                   count ? json_string_value(json_array_get(skills, j)) : "*", seeker);
            if (wanted) {
                jj_put(turn, key, "");
            } else {
                jj_delete(turn, key);
            }
        }
    }
}

/* Notes everyone who looks for somebody that stands there as to be looked at (jj_todo_add). */
static inline void jj_want_call(jj_turn *turn, const char *wants, const jj_stand *stand)
{
    for (size_t i = 0; i < 6 * stand->count; i++) {
        char prefix[JJ_KEY_MAX];
        const char *region = stand->lanes[i / 6].region, *skill = stand->lanes[i / 6].skill;
        const int widths[] = {(int)strlen(region), (int)strcspn(region, "."), 0};
        int width = widths[i / 2 % 3]; /* the region, its province, everywhere */
        if (i / 2 % 3 == 1 && width == widths[0]) {
            continue; /* a province */
        }
        jj_key(turn, prefix, "%s/%.*s%s/%s/", wants, width, region, width ? "" : "*",
               i % 2 ? "*" : skill);
        json_t *seekers = jj_collect(turn, prefix, SIZE_MAX), *unused;
        const char *seeker;
        json_object_foreach(seekers, seeker, unused)
        {
            jj_todo_add(turn, seeker);
        }
        json_decref(seekers);
    }
}

#endif
