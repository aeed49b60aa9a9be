/* The report on inclusion: what of its counts may be shown. Used by reports.c. */
#ifndef JJ_CTL_INCLUSION_H
#define JJ_CTL_INCLUSION_H

#include "ctl/tabular.h"

/* The columns of jejaring.report_inclusion, but the last, which says what was asked for. */
extern const jj_column jj_inclusion_columns[];

/* Hides every count of persons below the floor of the configuration, and as many others as it takes
 * that none follows from those that are shown (suppress.h), and then leaves out the rows that were
 * not asked for: so whatever is asked for, one table is shown, or a part of it. */
int jj_inclusion_rework(jj_tabular *table, const jj_config *config, jj_error *err);

#endif
