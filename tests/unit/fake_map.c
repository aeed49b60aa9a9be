#include "fake_map.h"

#include <stdlib.h>
#include <string.h>

struct fake_map {
    char *key, *value;
    unsigned weight;
    struct fake_map *left, *right;
};

static struct fake_map *turn(struct fake_map *top, bool right)
{
    struct fake_map *child = right ? top->left : top->right;
    if (right) {
        top->left = child->right;
        child->right = top;
    } else {
        top->right = child->left;
        child->left = top;
    }
    return child;
}

struct fake_map *fake_map_put(struct fake_map *top, const char *key, char *value, char **old)
{
    if (!top) {
        struct fake_map *node = calloc(1, sizeof *node);
        *node = (struct fake_map){strdup(key), value, (unsigned)random(), NULL, NULL};
        *old = NULL;
        return node;
    }
    int order = strcmp(key, top->key);
    if (order == 0) {
        *old = top->value;
        top->value = value;
    } else if (order < 0) {
        top->left = fake_map_put(top->left, key, value, old);
        if (top->left->weight > top->weight) {
            top = turn(top, true);
        }
    } else {
        top->right = fake_map_put(top->right, key, value, old);
        if (top->right->weight > top->weight) {
            top = turn(top, false);
        }
    }
    return top;
}

struct fake_map *fake_map_delete(struct fake_map *top, const char *key, char **old)
{
    if (!top) {
        return NULL;
    }
    int order = strcmp(key, top->key);
    if (order < 0) {
        top->left = fake_map_delete(top->left, key, old);
    } else if (order > 0) {
        top->right = fake_map_delete(top->right, key, old);
    } else if (!top->left || !top->right) {
        struct fake_map *rest = top->left ? top->left : top->right;
        *old = top->value;
        free(top->key);
        free(top);
        return rest;
    } else {
        bool right = top->left->weight > top->right->weight;
        top = turn(top, right);
        if (right) {
            top->right = fake_map_delete(top->right, key, old);
        } else {
            top->left = fake_map_delete(top->left, key, old);
        }
    }
    return top;
}

int fake_map_scan(const struct fake_map *top, const char *prefix, jj_state_visit visit, void *arg)
{
    if (!top) {
        return 0;
    }
    int order = strncmp(top->key, prefix, strlen(prefix));
    int stop = order >= 0 ? fake_map_scan(top->left, prefix, visit, arg) : 0;
    if (!stop && order == 0) {
        stop = visit(arg, top->key, top->value);
    }
    return !stop && order <= 0 ? fake_map_scan(top->right, prefix, visit, arg) : stop;
}

void fake_map_free(struct fake_map *top)
{
    if (!top) {
        return;
    }
    fake_map_free(top->left);
    fake_map_free(top->right);
    free(top->key);
    free(top->value);
    free(top);
}

const char *fake_map_get(const struct fake_map *top, const char *key)
{
    while (top && strcmp(key, top->key) != 0) {
        top = strcmp(key, top->key) < 0 ? top->left : top->right;
    }
    return top ? top->value : NULL;
}
