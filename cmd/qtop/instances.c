/*
 * instances.c - other mail systems of this host
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/instances.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/main_cf.h"
#include "lib/conf/params.h"

static void
add(struct instances *to, const char *dir)
{
	size_t i;

	if (dir[0] != '/' || to->count == INSTANCES_MAX)
		return;
	for (i = 0; i < to->count; i++)
		if (strcmp(to->dirs[i], dir) == 0)
			return;
	to->dirs[to->count++] = xstrdup(dir);
}

static void
add_list(struct instances *to, const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *dir;

	while ((dir = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		add(to, dir);
	free(copy);
}

/* An instance that names no others is one of those the standard one names. */
static void
add_standard(struct instances *to)
{
	static const char *const names[] = { "multi_instance_directories",
	    "alternate_config_directories" };
	const struct main_cf_entry *entry;
	struct main_cf cf = MAIN_CF_INIT;
	struct buf path = BUF_INIT;
	size_t i;

	buf_addf(&path, "%s/main.cf", params_config_directory());
	if (access(path.ptr, R_OK) == 0 &&
	    main_cf_read(&cf, path.ptr, NULL) == 0) {
		add(to, params_config_directory());
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if ((entry = main_cf_find(&cf, names[i])) != NULL)
				add_list(to, entry->value);
	}
	main_cf_done(&cf);
	buf_done(&path);
}

void
instances_find(struct instances *out)
{
	memset(out, 0, sizeof(*out));
	add(out, params.config_directory);
	add_list(out, params.multi_instance_directories);
	add_list(out, params.alternate_config_directories);
	if (out->count <= 1)
		add_standard(out);
}

void
instances_done(struct instances *in)
{
	size_t i;

	for (i = 0; i < in->count; i++)
		free(in->dirs[i]);
	memset(in, 0, sizeof(*in));
}

void
instances_start(char **argv, const char *dir)
{
	static char option[] = "-c";
	char *copy = xstrdup(dir), **with;
	size_t n = 0, i;

	while (argv[n] != NULL)
		n++;
	with = xreallocarray(NULL, n + 3, sizeof(*with));
	for (i = 0; i < n; i++)
		with[i] = argv[i];
	/* The last one counts; the one that we gave is replaced. */
	if (n > 2 && strcmp(argv[n - 2], option) == 0)
		n -= 2;
	with[n] = option;
	with[n + 1] = copy;
	with[n + 2] = NULL;
	execv("/proc/self/exe", with);
	free(with);
	free(copy);
}
