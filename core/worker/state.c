/*
 * A treap: a search tree by key that is at the same time a heap by random priority, and so stays
 * balanced whatever the keys are. A deleted entry stays in the tree, without value, until its
 * deletion is kept or undone.
 */
#include "worker/state.h"

#include "jejaring/error.h"

#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct node {
    struct node *left, *right;
    struct node *next_staged;
    char *value;  /* owned; NULL: deleted */
    char *before; /* owned; while staged: what is committed, NULL for nothing */
    uint32_t priority;
    bool staged;
    char key[];
} node;

struct jj_state {
    node *root;
    node *staged;
    size_t count;
    uint32_t seed;
};

jj_state *jj_state_new(void)
{
    jj_state *state = calloc(1, sizeof *state);
    if (state) {
        state->seed = 2463534242u;
    }
    return state;
}

static void free_node(node *n)
{
    free(n->value);
    free(n->before);
    free(n);
}

/* As deep as the treap: a few dozen levels for any number of entries that fits into memory. */
static void free_tree(node *n)
{
    if (n) {
        free_tree(n->left);
        free_tree(n->right);
        free_node(n);
    }
}

void jj_state_free(jj_state *state)
{
    if (state) {
        free_tree(state->root);
        free(state);
    }
}

size_t jj_state_count(const jj_state *state)
{
    return state->count;
}

/* Xorshift: balance needs no more than numbers that the keys do not follow. */
static uint32_t next_priority(jj_state *state)
{
    uint32_t x = state->seed;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return state->seed = x;
}

static node *find(const jj_state *state, const char *key)
{
    node *n = state->root;
    while (n) {
        int order = strcmp(key, n->key);
        if (order == 0) {
            return n;
        }
        n = order < 0 ? n->left : n->right;
    }
    return NULL;
}

/* Divides a tree into the keys below and above one that it does not hold. */
static void split(node *tree, const char *key, node **below, node **above)
{
    while (tree) {
        if (strcmp(tree->key, key) < 0) {
            *below = tree;
            below = &tree->right;
            tree = tree->right;
        } else {
            *above = tree;
            above = &tree->left;
            tree = tree->left;
        }
    }
    *below = *above = NULL;
}

static void insert(jj_state *state, node *new)
{
    node **at = &state->root;
    while (*at && (*at)->priority >= new->priority) {
        at = strcmp(new->key, (*at)->key) < 0 ? &(*at)->left : &(*at)->right;
    }
    split(*at, new->key, &new->left, &new->right);
    *at = new;
}

static void unlink_node(jj_state *state, const node *old)
{
    node **at = &state->root;
    while (*at != old) {
        at = strcmp(old->key, (*at)->key) < 0 ? &(*at)->left : &(*at)->right;
    }
    node *left = old->left, *right = old->right;
    while (left && right) {
        if (left->priority >= right->priority) {
            *at = left;
            at = &left->right;
            left = left->right;
        } else {
            *at = right;
            at = &right->left;
            right = right->left;
        }
    }
    *at = left ? left : right;
}

static node *add(jj_state *state, const char *key)
{
    size_t size_bytes = strlen(key) + 1;
    node *new = calloc(1, sizeof *new + size_bytes);
    if (new) {
        memcpy(new->key, key, size_bytes);
        new->priority = next_priority(state);
        insert(state, new);
    }
    return new;
}

static void drop(jj_state *state, node *old)
{
    unlink_node(state, old);
    free_node(old);
}

static bool is_key(const char *text)
{
    size_t length = text ? strnlen(text, JJ_STATE_KEY_MAX + 1) : 0;
    return length > 0 && length <= JJ_STATE_KEY_MAX && jj_utf8_valid(text, length);
}

/* 0, or why the text can be no value. */
static int check_value(const char *text)
{
    size_t size_bytes = 2, length = 0;

    if (!text) {
        return JJ_EINVALID;
    }
    for (; text[length] && size_bytes <= JJ_STATE_VALUE_MAX; length++) {
        unsigned char c = (unsigned char)text[length];
        size_bytes += c < 0x20 ? 6 : c == '"' || c == '\\' ? 2 : 1;
    }
    if (size_bytes > JJ_STATE_VALUE_MAX) {
        return JJ_ETOO_LARGE;
    }
    return jj_utf8_valid(text, length) ? 0 : JJ_EINVALID;
}

int jj_state_load(jj_state *state, const char *key, const char *value)
{
    if (!is_key(key) || !value || find(state, key)) {
        return JJ_EINVALID;
    }
    char *copy = strdup(value);
    node *new = copy ? add(state, key) : NULL;
    if (!new) {
        free(copy);
        return JJ_EMEMORY;
    }
    new->value = copy;
    state->count++;
    return 0;
}

const char *jj_state_get(const jj_state *state, const char *key)
{
    const node *n = key ? find(state, key) : NULL;
    return n ? n->value : NULL;
}

/* Gives the node its new value (taken; NULL deletes) and remembers the committed one. */
static void stage(jj_state *state, node *n, char *value)
{
    state->count += (value ? 1 : 0);
    state->count -= (n->value ? 1 : 0);
    if (n->staged) {
        free(n->value);
    } else {
        n->staged = true;
        n->before = n->value;
        n->next_staged = state->staged;
        state->staged = n;
    }
    n->value = value;
}

int jj_state_put(jj_state *state, const char *key, const char *value)
{
    int rc = is_key(key) ? check_value(value) : JJ_EINVALID;
    if (rc) {
        return rc;
    }
    node *n = find(state, key);
    if (n && n->value && strcmp(n->value, value) == 0) {
        return 0;
    }
    char *copy = strdup(value);
    if (copy && !n) {
        n = add(state, key);
    }
    if (!copy || !n) {
        free(copy);
        return JJ_EMEMORY;
    }
    stage(state, n, copy);
    return 0;
}

int jj_state_delete(jj_state *state, const char *key)
{
    if (!is_key(key)) {
        return JJ_EINVALID;
    }
    node *n = find(state, key);
    if (n && n->value) {
        stage(state, n, NULL);
    }
    return 0;
}

typedef struct scan {
    const char *prefix;
    size_t length;
    jj_state_visit visit;
    void *arg;
} scan;

static int walk(const node *n, const scan *s)
{
    if (!n) {
        return 0;
    }
    int order = strncmp(n->key, s->prefix, s->length);
    int rc = order >= 0 ? walk(n->left, s) : 0;
    if (rc == 0 && order == 0 && n->value) {
        rc = s->visit(s->arg, n->key, n->value);
    }
    return rc == 0 && order <= 0 ? walk(n->right, s) : rc;
}

int jj_state_scan(const jj_state *state, const char *prefix, jj_state_visit visit, void *arg)
{
    prefix = prefix ? prefix : "";
    return walk(state->root, &(scan){prefix, strlen(prefix), visit, arg});
}

static bool differs(const node *n)
{
    if (!n->value || !n->before) {
        return n->value != n->before;
    }
    return strcmp(n->value, n->before) != 0;
}

void jj_state_changes(const jj_state *state, jj_state_change visit, void *arg)
{
    for (const node *n = state->staged; n; n = n->next_staged) {
        if (differs(n)) {
            visit(arg, n->key, n->value);
        }
    }
}

bool jj_state_is_staged(const jj_state *state)
{
    for (const node *n = state->staged; n; n = n->next_staged) {
        if (differs(n)) {
            return true;
        }
    }
    return false;
}

/* Ends the staging of every node with its new value (keep) or with the committed one. */
static void end_staging(jj_state *state, bool keep)
{
    node *next;
    for (node *n = state->staged; n; n = next) {
        next = n->next_staged;
        if (!keep) {
            state->count += (n->before ? 1 : 0);
            state->count -= (n->value ? 1 : 0);
            char *value = n->value;
            n->value = n->before;
            n->before = value;
        }
        free(n->before);
        n->before = NULL;
        n->staged = false;
        n->next_staged = NULL;
        if (!n->value) {
            drop(state, n);
        }
    }
    state->staged = NULL;
}

void jj_state_keep(jj_state *state)
{
    end_staging(state, true);
}

void jj_state_undo(jj_state *state)
{
    end_staging(state, false);
}
