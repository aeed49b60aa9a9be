/* The options of the reports, for the table of commands. What each report is stands in reports.c;
 * how they are run and shown, in tabular.h. */
#ifndef JJ_CTL_REPORTS_H
#define JJ_CTL_REPORTS_H

#include "ctl/command.h"

extern const jj_flag jj_tracer_flags[];
extern const jj_flag jj_vacancies_flags[];
extern const jj_flag jj_directory_flags[];
extern const jj_flag jj_orders_flags[];
extern const jj_flag jj_capital_flags[];
extern const jj_flag jj_candidates_flags[];
extern const jj_flag jj_inclusion_flags[];
extern const jj_flag jj_completeness_flags[];

#endif
