/*
 * feedback.c - how many deliveries to a destination go on at once
 *
 * SPDX-License-Identifier: ISC
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/qmgr/sched.h"
#include "lib/base/text.h"

#define EPSILON		1e-9

bool
feedback_parse(const char *text, struct feedback *out)
{
	char *end;
	double of;

	out->by = FEEDBACK_FIXED;
	out->number = strtod(text, &end);
	if (end == text)
		return false;
	end = (char *)text_skip_blank(end);
	if (*end == '/') {
		text = text_skip_blank(end + 1);
		of = strtod(text, &end);
		if (strcasecmp(text, "concurrency") == 0)
			out->by = FEEDBACK_LINEAR;
		else if (strcasecmp(text, "sqrt_concurrency") == 0)
			out->by = FEEDBACK_SQRT;
		else if (end == text || *end != '\0' || of <= 0)
			return false;
		else
			out->number /= of;
	} else if (*end != '\0') {
		return false;
	}
	return out->number >= 0 && out->number <= 1;
}

static double
feedback_at(const struct feedback *f, int window)
{
	switch (f->by) {
	case FEEDBACK_LINEAR:
		return f->number / window;
	case FEEDBACK_SQRT:
		return f->number / sqrt(window);
	default:
		return f->number;
	}
}

/*
 * Feedback adds up to whole steps, rounded to the nearest. The first failure
 * after a success makes a step at once: gain starts as nothing earned, loss
 * as nothing left to lose. Measured beside Debian's postfix.
 */
void
feedback_success(struct dest *d)
{
	const struct transport_limits *l = &d->transport->limits;
	double step;

	d->failed_cohorts = 0;
	d->loss = 0;
	/*
	 * A window that is far from filled says nothing about a larger one;
	 * those that end together find it less full than they made it.
	 */
	if (d->window >= d->busy + l->initial_concurrency ||
	    (l->concurrency > 0 && d->window >= l->concurrency))
		return;
	step = feedback_at(&l->positive, d->window);
	d->gain += step;
	while (d->gain + step / 2 >= 1 - EPSILON) {
		d->gain -= 1;
		if (l->concurrency == 0 || d->window < l->concurrency)
			d->window++;
	}
}

bool
feedback_failure(struct dest *d)
{
	const struct transport_limits *l = &d->transport->limits;
	double step;

	d->gain = 0;
	d->failed_cohorts += 1.0 / d->window;
	if (l->failed_cohorts > 0 &&
	    d->failed_cohorts >= l->failed_cohorts - EPSILON)
		return true;
	step = feedback_at(&l->negative, d->window);
	d->loss -= step;
	while (d->loss - step / 2 < -EPSILON) {
		d->loss += 1;
		if (d->window > 1)
			d->window--;
	}
	return false;
}
