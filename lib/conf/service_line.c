/*
 * service_line.c - may a module stand in for a service of master.cf?
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/service_line.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/conf/master_cf.h"
#include "lib/conf/params.h"

bool
service_line_is_plain(const char *name, const char *usual,
    const char *command)
{
	const struct master_service *s;
	struct master_cf cf = { NULL, 0 };
	struct buf path = BUF_INIT;
	bool is_plain = strcmp(name, usual) == 0;
	size_t i;

	buf_setf(&path, "%s/master.cf", params.config_directory);
	if (master_cf_read(&cf, path.ptr, NULL) == 0) {
		for (i = 0; i < cf.count; i++) {
			s = &cf.services[i];
			if (s->type == MASTER_UNIX && strcmp(s->name, name) == 0)
				is_plain = strcmp(s->command, command) == 0 &&
				    s->argc == 0;
		}
		master_cf_done(&cf);
	}
	buf_done(&path);
	return is_plain;
}
