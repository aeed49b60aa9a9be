/* The report on who has reported and who has not. Used by reports.c and tabular.c. */
#ifndef JJ_CTL_COMPLETENESS_H
#define JJ_CTL_COMPLETENESS_H

#include "ctl/tabular.h"

/* The parameters and columns of jejaring.report_completeness. */
extern const jj_param jj_completeness_params[];
extern const jj_column jj_completeness_columns[];

/* What the hub knows of the nodes below it, as STATUS tells it: JSON that the caller frees. NULL if
 * the hub is not there, or has nothing to do with this database: the report does without. */
char *jj_completeness_nodes(jj_ctl *ctl);

#endif
