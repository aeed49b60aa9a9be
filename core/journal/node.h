/*
 * Nodes that report to this one: how far each has come, what is missing between, and which event
 * stood at which place of its journal.
 *
 * Guarantees: what is noted in a transaction is durable with its events, or not at all. A place
 * (node, sequence) keeps the mark of the first event that was said to stand there, so that another
 * one is found out however late it comes.
 *
 * Not here: who may report, and what is done about a problem (hub/origin.c).
 */
#ifndef JJ_JOURNAL_NODE_H
#define JJ_JOURNAL_NODE_H

#include "journal/journal.h"

#define JJ_NODE_NAME_MAX 64

typedef struct jj_node {
    char name[JJ_NODE_NAME_MAX + 1];
    char agency[128];    /* by whose key it reports; it stays so until the node is forgotten */
    bool begun;          /* it has reported: sequence says how far */
    uint64_t sequence;   /* everything up to here of its journal was here, but for the gaps */
    int64_t contact_ms;  /* when it last connected or reported; 0: never */
    int64_t reported_ms; /* when it last brought an event; 0: never */
    uint64_t accepted, duplicate, rejected;
    int64_t problem_ms; /* of the last problem; 0: there was none */
    char problem[400];
    bool blocked; /* nothing is taken from it until an administrator forgets it */
} jj_node;

/* 0, JJ_ENOTFOUND, or JJ_EUNAVAILABLE. */
int jj_journal_node(jj_journal *journal, const char *name, jj_node *node);
typedef void (*jj_node_visit)(void *arg, const jj_node *node);
int jj_journal_nodes(jj_journal *journal, jj_node_visit visit, void *arg);

/* Stores a node, new or known. Within a transaction. */
void jj_journal_node_put(jj_journal *journal, const jj_node *node);

/* Removes all that is known of a node but its events. Within a transaction. */
void jj_journal_node_drop(jj_journal *journal, const char *name);

/* The mark of the event at a place of the node's journal. */
typedef struct jj_mark {
    uint64_t sequence, mark;
} jj_mark;

/* Keeps the marks of a message that lies behind after up to upto. Within a transaction. */
void jj_journal_marks_put(jj_journal *journal, const char *name, uint64_t after, uint64_t upto,
                          const jj_mark *marks, size_t count);
/* Every mark of the messages that touch what lies behind after up to upto. */
typedef void (*jj_mark_visit)(void *arg, const jj_mark *mark);
int jj_journal_marks(jj_journal *journal, const char *name, uint64_t after, uint64_t upto,
                     jj_mark_visit visit, void *arg);

/* Notes that what lies behind after up to upto is missing; or that it is not missing any more,
 * whichever gaps it touches. Within a transaction. */
void jj_journal_gap_put(jj_journal *journal, const char *name, uint64_t after, uint64_t upto);
void jj_journal_gap_fill(jj_journal *journal, const char *name, uint64_t after, uint64_t upto);
typedef void (*jj_gap_visit)(void *arg, uint64_t after, uint64_t upto);
int jj_journal_gaps(jj_journal *journal, const char *name, jj_gap_visit visit, void *arg);

/* Which node reports a region: the first that did. claim is within a transaction, and changes
 * nothing if there is one. Lookup: 0, JJ_ENOTFOUND, or JJ_EUNAVAILABLE. */
int jj_journal_region_node(jj_journal *journal, const char *region,
                           char name[JJ_NODE_NAME_MAX + 1]);
void jj_journal_region_claim(jj_journal *journal, const char *region, const char *name);

#endif
