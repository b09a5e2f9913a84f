/*
 * jobs.c - work that may take long, done by another thread
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/jobs.h"

#include <pthread.h>
#include <stdlib.h>

#include "cmd/qtop/rights.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

struct list {
	struct job	*first, **last;
};

struct jobs {
	void		(*wake)(void *);
	void		*ctx;
	pthread_t	 thread;
	pthread_mutex_t	 mutex;
	pthread_cond_t	 changed;
	struct list	 waiting, done;
	bool		 is_busy, is_stopping;
};

static void
push(struct list *l, struct job *job)
{
	job->next = NULL;
	*l->last = job;
	l->last = &job->next;
}

static struct job *
take_all(struct list *l)
{
	struct job *first = l->first;

	l->first = NULL;
	l->last = &l->first;
	return first;
}

static struct job *
pop(struct list *l)
{
	struct job *job = l->first;

	if (job != NULL && (l->first = job->next) == NULL)
		l->last = &l->first;
	return job;
}

static void
finish_all(struct job *job, struct model *m)
{
	struct job *next;

	for (; job != NULL; job = next) {
		next = job->next;
		job->finish(job, m);
	}
}

static void *
work(void *arg)
{
	struct jobs *j = arg;
	struct err err = ERR_INIT;
	struct job *job;

	if (rights_become_owner(&err) == -1)
		log_warning("%s", err.text);
	pthread_mutex_lock(&j->mutex);
	for (;;) {
		while (!j->is_stopping && j->waiting.first == NULL)
			pthread_cond_wait(&j->changed, &j->mutex);
		if (j->is_stopping)
			break;
		job = pop(&j->waiting);
		j->is_busy = true;
		pthread_mutex_unlock(&j->mutex);
		job->run(job);
		pthread_mutex_lock(&j->mutex);
		j->is_busy = false;
		push(&j->done, job);
		j->wake(j->ctx);
	}
	pthread_mutex_unlock(&j->mutex);
	return NULL;
}

struct jobs *
jobs_new(void (*wake)(void *), void *ctx)
{
	struct jobs *j = xcalloc(1, sizeof(*j));

	j->wake = wake;
	j->ctx = ctx;
	take_all(&j->waiting);
	take_all(&j->done);
	pthread_mutex_init(&j->mutex, NULL);
	pthread_cond_init(&j->changed, NULL);
	if (pthread_create(&j->thread, NULL, work, j) != 0)
		abort();
	return j;
}

void
jobs_free(struct jobs *j)
{
	if (j == NULL)
		return;
	pthread_mutex_lock(&j->mutex);
	j->is_stopping = true;
	pthread_cond_signal(&j->changed);
	pthread_mutex_unlock(&j->mutex);
	pthread_join(j->thread, NULL);
	finish_all(take_all(&j->waiting), NULL);
	finish_all(take_all(&j->done), NULL);
	pthread_cond_destroy(&j->changed);
	pthread_mutex_destroy(&j->mutex);
	free(j);
}

void
jobs_add(struct jobs *j, struct job *job)
{
	pthread_mutex_lock(&j->mutex);
	push(&j->waiting, job);
	pthread_cond_signal(&j->changed);
	pthread_mutex_unlock(&j->mutex);
}

bool
jobs_finish(struct jobs *j, struct model *m)
{
	struct job *job;

	if (j == NULL)
		return false;
	pthread_mutex_lock(&j->mutex);
	job = take_all(&j->done);
	pthread_mutex_unlock(&j->mutex);
	finish_all(job, m);
	return job != NULL;
}

bool
jobs_is_idle(struct jobs *j)
{
	bool is;

	pthread_mutex_lock(&j->mutex);
	is = j->waiting.first == NULL && j->done.first == NULL && !j->is_busy;
	pthread_mutex_unlock(&j->mutex);
	return is;
}
