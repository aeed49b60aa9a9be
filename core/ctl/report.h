/*
 * `jejaringctl report absorption`: the absorption rate with its parts, why its definitions differ
 * (--explain), and the persons behind a figure (--list). What the figures mean is defined in
 * schemas/warehouse/ (SQL, and its README.md); here they are only asked for and shown.
 */
#ifndef JJ_CTL_REPORT_H
#define JJ_CTL_REPORT_H

#include "ctl/command.h"

extern const jj_flag jj_absorption_flags[];

/* Returns an exit code. */
int jj_ctl_absorption(jj_ctl *ctl);

#endif
