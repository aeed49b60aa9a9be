#include "import/queue.h"

#include <stdlib.h>
#include <string.h>

void jj_queue_clear(jj_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++) {
        free(queue->list[i].name);
    }
    free(queue->list);
    *queue = (jj_queue){0};
}

static int compare(const jj_waiting *waiting, size_t folder, const char *name)
{
    if (waiting->folder != folder) {
        return waiting->folder < folder ? -1 : 1;
    }
    return strcmp(waiting->name, name);
}

/* The first entry that is not before a file. */
static size_t lower_bound(const jj_queue *queue, size_t folder, const char *name)
{
    size_t low = 0, high = queue->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&queue->list[middle], folder, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

jj_waiting *jj_queue_find(jj_queue *queue, size_t folder, const char *name)
{
    size_t at = lower_bound(queue, folder, name);
    bool found = at < queue->count && compare(&queue->list[at], folder, name) == 0;
    return found ? &queue->list[at] : NULL;
}

bool jj_queue_add(jj_queue *queue, size_t folder, const char *name, bool announced)
{
    jj_waiting *there = jj_queue_find(queue, folder, name);
    if (there) {
        there->announced = there->announced || announced;
        return true;
    }
    if (queue->count == queue->room) {
        size_t room = queue->room ? queue->room * 2 : 16;
        jj_waiting *larger = realloc(queue->list, room * sizeof *larger);
        if (!larger) {
            return false;
        }
        queue->list = larger;
        queue->room = room;
    }
    char *copy = strdup(name);
    if (!copy) {
        return false;
    }
    size_t at = lower_bound(queue, folder, name);
    memmove(queue->list + at + 1, queue->list + at, (queue->count - at) * sizeof *queue->list);
    queue->list[at] = (jj_waiting){.folder = folder, .name = copy, .announced = announced};
    queue->count++;
    return true;
}

jj_waiting *jj_queue_next(jj_queue *queue, int64_t now_ms, int64_t *next_ms)
{
    *next_ms = -1;
    for (size_t i = 0; i < queue->count; i++) {
        int64_t wait_ms = queue->list[i].not_before_ms - now_ms;
        if (wait_ms <= 0) {
            *next_ms = 0;
            return &queue->list[i];
        }
        if (*next_ms < 0 || wait_ms < *next_ms) {
            *next_ms = wait_ms;
        }
    }
    return NULL;
}

void jj_queue_remove(jj_queue *queue, jj_waiting *waiting)
{
    size_t at = (size_t)(waiting - queue->list);
    free(waiting->name);
    queue->count--;
    memmove(waiting, waiting + 1, (queue->count - at) * sizeof *queue->list);
}
