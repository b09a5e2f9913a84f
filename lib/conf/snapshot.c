/*
 * snapshot.c - what the supervisor runs with, written down for others
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/snapshot.h"

#include <string.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/conf/master_cf.h"
#include "lib/conf/params.h"
#include "lib/conf/params_internal.h"

static void
add_parameter(const char *name, const char *value, void *ctx)
{
	buf_addf(ctx, "%s = %s\n", name, value);
}

static void
add_service(struct buf *out, const struct master_service *s)
{
	size_t i;

	buf_addf(out, SNAPSHOT_SERVICE "%s/%s =", s->name,
	    master_type_name(s->type));
	for (i = 0; i < 8; i++)
		buf_addf(out, " %s", s->fields[i]);
	for (i = 0; i < s->argc; i++)
		if (*s->argv[i] == '\0' ||
		    strpbrk(s->argv[i], " \t{") != NULL)
			buf_addf(out, " {%s}", s->argv[i]);
		else
			buf_addf(out, " %s", s->argv[i]);
	buf_addc(out, '\n');
}

int
snapshot_write(const struct master_cf *services, struct err *err)
{
	struct buf text = BUF_INIT, path = BUF_INIT;
	struct stat st;
	mode_t mode = 0600;
	size_t i;
	int rc;

	buf_adds(&text, "# What the master loaded last. Written by it; "
	    "postconf --diff running reads it.\n");
	params_each_set(add_parameter, &text);
	for (i = 0; i < services->count; i++)
		add_service(&text, &services->services[i]);
	buf_setf(&path, "%s/" SNAPSHOT_FILE, params.data_directory);
	/* main.cf may hold passwords: who may not read it, may not read this. */
	if (stat(params_file(), &st) == 0)
		mode = st.st_mode & 0644;
	/* Whoever starts after a crash writes it anew: a start need not wait for a disk. */
	rc = file_replace_unflushed(path.ptr, text.ptr, text.len, mode, err);
	buf_done(&text);
	buf_done(&path);
	return rc;
}
