/*
 * jobs.h - work that may take long, done by another thread, one after the other
 */
#ifndef CMD_QTOP_JOBS_H
#define CMD_QTOP_JOBS_H

#include <stdbool.h>

struct job;
struct jobs;
struct model;

/* The first member of whatever a job needs. */
struct job {
	void		(*run)(struct job *job);	/* in the worker */
	/* With the model, in its thread; frees the job. m NULL: never mind. */
	void		(*finish)(struct job *job, struct model *m);
	struct job	*next;
};

struct jobs	*jobs_new(void (*wake)(void *), void *ctx);
/* jobs_free - after the job that runs, if any; the others never run */
void	jobs_free(struct jobs *j);
void	jobs_add(struct jobs *j, struct job *job);
/* jobs_finish - finish what has run; false when there was nothing */
bool	jobs_finish(struct jobs *j, struct model *m);
/* jobs_is_idle - nothing waits, runs, or is to be finished */
bool	jobs_is_idle(struct jobs *j);

#endif
