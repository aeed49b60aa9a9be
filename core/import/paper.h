/*
 * A file that is written completely before it has a name: nobody sees half of it, a crash leaves
 * nothing behind, and no file that is there is ever overwritten.
 */
#ifndef JJ_IMPORT_PAPER_H
#define JJ_IMPORT_PAPER_H

#include "jejaring/error.h"

#include <stdbool.h>
#include <stddef.h>

#define JJ_NAME_SIZE 256 /* of a file name, with its NUL */

typedef struct jj_paper {
    int dir; /* borrowed */
    int fd;
    char hidden[JJ_NAME_SIZE]; /* where the file system knows no nameless files; else empty */
} jj_paper;

/* Begins a nameless file in the folder dir, readable for owner and group. */
int jj_paper_create(jj_paper *paper, int dir, jj_error *err);

int jj_paper_write(jj_paper *paper, const void *data, size_t size_bytes, jj_error *err);

/* Makes it durable under name. If that is taken by another content, under a name with the time
 * in it; if by the same content, that file stands for this one. kept receives the name. The paper
 * is closed in any case. */
int jj_paper_keep(jj_paper *paper, const char *name, char kept[JJ_NAME_SIZE], jj_error *err);

/* Forgets it. */
void jj_paper_drop(jj_paper *paper);

/* Moves a file into another folder of the same file system, under the name wanted or, if that is
 * taken, one with the time in it, and makes the move durable. kept receives the name. */
int jj_paper_move(int from_dir, const char *name, int to_dir, const char *wanted,
                  char kept[JJ_NAME_SIZE], jj_error *err);

/* The name that jj_paper_move would give a file in dir now. */
void jj_paper_free_name(int dir, const char *wanted, char free_name[JJ_NAME_SIZE]);

/* Splits a file name before its last dot; the length of the stem. */
size_t jj_name_stem(const char *name);

#endif
