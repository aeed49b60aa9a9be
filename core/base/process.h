/*
 * What holds for every process of ours.
 */
#ifndef JJ_BASE_PROCESS_H
#define JJ_BASE_PROCESS_H

/* Memory holds keys and personal data: a crash must not write it to a disk. Children inherit this.
 * A kernel that is told to pipe core dumps into a program leaves it to that program to obey. */
void jj_process_forbid_core(void);

/* A descriptor (not blocking, to be read as signalfd's) by which these signals come from now on
 * instead of by interrupting; the list ends with 0. -1 with errno. */
int jj_process_signals(const int *signals);

/* Gives back what only the start needed: free heap, and the pages of programs and libraries that
 * linking and loading touched. Those are clean copies of files; what is used is mapped again at the
 * next touch, without a disk as a rule. Costs some 0.2 ms now and some 50 soft faults later: for
 * moments of rest. */
void jj_process_settle(void);

#endif
