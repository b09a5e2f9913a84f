/*
 * load.c - main.cf, -o and master.cf, as far as a mode needs them
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/postconf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/cf_lines.h"
#include "lib/conf/params.h"

#define MASTER_MAX	(16 * 1024 * 1024)

static void
apply_overrides(struct postconf *pc)
{
	const char *bad;
	char *copy, *name, *value;
	size_t i;

	for (i = 0; i < pc->override_count; i++) {
		copy = xstrdup(pc->overrides[i]);
		if ((bad = main_cf_split(copy, &name, &value)) != NULL)
			log_fatal("invalid parameter override: %s: %s",
			    pc->overrides[i], bad);
		main_cf_set(&pc->scope.cf, name, value, 0);
		free(copy);
	}
}

void
pc_load_main(struct postconf *pc)
{
	struct err err = ERR_INIT;

	pc->scope.process_name = "postconf";
	pc->scope.service_name = "";
	pc->scope.config_directory = params_config_directory();
	if (pc->show_defaults)
		return;
	pc->scope.config_directory = pc->dir;
	if (main_cf_read(&pc->scope.cf, pc->main_file, &err) == -1)
		log_fatal("%s", err.text);
	if (pc->dir_was_given)
		main_cf_set(&pc->scope.cf, "config_directory", pc->dir, 0);
	apply_overrides(pc);
}

void
pc_load_master(struct postconf *pc, bool is_needed)
{
	struct buf text = BUF_INIT, line = BUF_INIT;
	struct cf_lines lines;
	struct pc_service *s;
	struct err err = ERR_INIT;
	const char *bad;
	int fd;

	if ((fd = open(pc->master_file, O_RDONLY | O_CLOEXEC)) == -1) {
		if (is_needed)
			log_fatal("open %s: %s", pc->master_file,
			    strerror(errno));
		log_warning("open %s: %s", pc->master_file, strerror(errno));
		return;
	}
	if (file_read_fd(fd, &text, MASTER_MAX, &err) == -1)
		log_fatal("%s: %s", pc->master_file, err.text);
	close(fd);
	cf_lines_init(&lines, pc->master_file, text.ptr, text.len);
	while (cf_lines_next(&lines, &line)) {
		pc->services = xreallocarray(pc->services,
		    pc->service_count + 1, sizeof(*pc->services));
		s = &pc->services[pc->service_count++];
		bad = pc_service_parse(s, line.ptr);
		s->line = lines.line;
		if (bad != NULL && strcmp(bad, "bad field count") == 0)
			log_fatal("file %s: line %d: %s", pc->master_file,
			    lines.line, bad);
		if (bad != NULL)
			log_fatal("%s", bad);
	}
	buf_done(&text);
	buf_done(&line);
}

void
pc_load_all(struct postconf *pc)
{
	pc_load_main(pc);
	pc_load_master(pc, false);
	pc->is_lenient = true;
	pc_names_collect(pc);
}
