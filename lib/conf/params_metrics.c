/*
 * params_metrics.c - the service that posthorn_metrics asks for, as a line of master.cf
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/params.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define PROCESSES	4	/* monitors are few, and each look reads the queue */
#define PUBLIC		"/public/"

static int
bad(struct err *err)
{
	return err_set(err, ERR_CONFIG, "posthorn_metrics: \"%s\" is neither "
	    "inet:[HOST:]PORT nor unix:%s" PUBLIC "NAME",
	    params.posthorn_metrics, params.queue_directory);
}

int
params_metrics_line(struct buf *out, struct err *err)
{
	const char *to = params.posthorn_metrics, *name;
	size_t len = strlen(params.queue_directory);

	buf_reset(out);
	if (*to == '\0')
		return 0;
	if (strncmp(to, "inet:", 5) == 0) {
		name = to + 5;
		if (*name == '\0' || strpbrk(name, " \t") != NULL)
			return bad(err);
		/* To all the world only for who says so. */
		buf_setf(out, "%s%s inet n - n - %d metrics\n",
		    strchr(name, ':') == NULL ? "127.0.0.1:" : "", name,
		    PROCESSES);
		return 0;
	}
	if (strncmp(to, "unix:", 5) != 0 || strncmp(to + 5,
	    params.queue_directory, len) != 0 ||
	    strncmp(to + 5 + len, PUBLIC, sizeof(PUBLIC) - 1) != 0)
		return bad(err);
	name = to + 5 + len + sizeof(PUBLIC) - 1;
	if (*name == '\0' || strpbrk(name, "/ \t") != NULL)
		return bad(err);
	buf_setf(out, "%s unix n - n - %d metrics\n", name, PROCESSES);
	return 0;
}
