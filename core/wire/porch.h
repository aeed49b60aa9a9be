/*
 * The porch of a CURVE door: those who have connected and have not yet proved who they are.
 *
 * libzmq lets them stand there for the time of a handshake, as many as the process may have
 * descriptors; each costs some 8 KiB, and with the last descriptor nobody else comes in. A porch
 * has so many places. Who comes when all are taken gets the place of whoever has stood there
 * longest, whose connection ends; an honest client is through in some milliseconds, and tries again
 * where it was not.
 *
 * Guarantees: no connection is ended that is through; none that has taken over the descriptor of an
 * older one.
 *
 * Not here: fairness between addresses, which is a firewall's work.
 */
#ifndef JJ_WIRE_PORCH_H
#define JJ_WIRE_PORCH_H

#include "wire/wire.h"

typedef struct jj_porch jj_porch;

/* Before the door is bound, or as good as: who was there earlier is not known. */
int jj_porch_open(jj_porch **porch, jj_wire *wire, jj_socket *door, jj_error *err);
void jj_porch_close(jj_porch *porch); /* before its door; NULL is fine */

/* Becomes readable when somebody came or went. Borrowed; NULL for a NULL porch. */
jj_socket *jj_porch_socket(const jj_porch *porch);
/* Takes note of all who came and went, and sees that no more than `places` stand there. */
void jj_porch_serve(jj_porch *porch, size_t places);

#endif
