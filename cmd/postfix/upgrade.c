/*
 * upgrade.c - bring an older configuration up to what is expected now
 *
 * master.cf gets the services that it lacks and loses settings that once were
 * right; hash_queue_names gets the two queues that are never to be without
 * subdirectories (spec/commands.md 5.2). What is right already is not touched,
 * so that a second run changes nothing.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/postfix/postfix.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/master_cf.h"
#include "lib/conf/params.h"

#define MASTER_CF_MAX	(1 << 20)

static const struct {
	const char	*name;
	const char	*kind;		/* for the announcement */
	const char	*fields;	/* behind the name */
} entries[] = {
	{ "relay", "", "unix\t-\t-\tn\t-\t-\tsmtp" },
	{ "flush", "", "unix\tn\t-\tn\t1000?\t0\tflush" },
	{ "trace", "", "unix\t-\t-\tn\t-\t0\tbounce" },
	{ "verify", "", "unix\t-\t-\tn\t-\t1\tverify" },
	{ "proxymap", "", "unix\t-\t-\tn\t-\t-\tproxymap" },
	{ "anvil", "", "unix\t-\t-\tn\t-\t1\tanvil" },
	{ "scache", "", "unix\t-\t-\tn\t-\t1\tscache" },
	{ "discard", "", "unix\t-\t-\tn\t-\t-\tdiscard" },
	{ "tlsmgr", "", "unix\t-\t-\tn\t1000?\t1\ttlsmgr" },
	{ "retry", "", "unix\t-\t-\tn\t-\t-\terror" },
	{ "proxywrite", "", "unix\t-\t-\tn\t-\t1\tproxymap" },
	{ "postlog", "unix-domain datagram ",
	    "unix-dgram\tn\t-\tn\t-\t1\tpostlogd" },
};

static const struct fix {
	const char	*name;
	enum master_type type;
	int		 field;		/* 0 is the name */
	const char	*wrong;		/* values of one letter */
	const char	*setting;	/* as postconf -F wants it */
	const char	*words;
} fixes[] = {
	{ "verify", MASTER_UNIX, 6, "0", "process_limit=1",
	    "setting verify process limit to 1" },
	{ "pickup", MASTER_FIFO, 3, "n", "unprivileged=-",
	    "making the pickup service unprivileged" },
	{ "cleanup", MASTER_UNIX, 2, "-y", "private=n",
	    "making the cleanup service public" },
	{ "flush", MASTER_UNIX, 2, "-y", "private=n",
	    "making the flush service public" },
	{ "proxywrite", MASTER_UNIX, 6, "-", "process_limit=1",
	    "setting proxywrite process limit to 1" },
};

static int
run_postconf(const char *option, const char *setting)
{
	struct buf path = BUF_INIT;
	char *argv[] = { xstrdup("postconf"), xstrdup(option),
	    xstrdup(setting), NULL };
	size_t i;
	int status;

	buf_setf(&path, "%s/postconf", params.command_directory);
	if ((status = run_command(path.ptr, argv)) != 0)
		log_error("postconf %s '%s' ended with status %d", option,
		    setting, status);
	for (i = 0; argv[i] != NULL; i++)
		free(argv[i]);
	buf_done(&path);
	return status;
}

static bool
has_service(const struct master_cf *cf, const char *name)
{
	size_t i;

	for (i = 0; i < cf->count; i++)
		if (strcmp(cf->services[i].name, name) == 0)
			return true;
	return false;
}

static int
add_missing(const struct master_cf *cf, const char *path)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;
	size_t i, before;
	int rc = 0;

	if (stat(path, &st) == -1 ||
	    file_read(path, &text, MASTER_CF_MAX, &err) == -1) {
		log_error("%s", err.text[0] != '\0' ? err.text : path);
		buf_done(&text);
		return 1;
	}
	if (text.len > 0 && text.ptr[text.len - 1] != '\n')
		buf_addc(&text, '\n');
	before = text.len;
	for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		if (has_service(cf, entries[i].name))
			continue;
		printf("Editing %s, adding missing entry for %s %sservice\n",
		    path, entries[i].name, entries[i].kind);
		buf_addf(&text, "%s\t%s\n", entries[i].name,
		    entries[i].fields);
	}
	if (text.len > before && file_replace(path, text.ptr, text.len,
	    st.st_mode & 0777, st.st_uid, st.st_gid, &err) == -1) {
		log_error("%s", err.text);
		rc = 1;
	}
	buf_done(&text);
	return rc;
}

static int
fix_services(const struct master_cf *cf, const char *path)
{
	struct buf setting = BUF_INIT;
	size_t i, k;
	int rc = 0;

	for (i = 0; i < cf->count; i++)
		for (k = 0; k < sizeof(fixes) / sizeof(fixes[0]); k++) {
			const struct master_service *s = &cf->services[i];
			const struct fix *f = &fixes[k];
			const char *value = s->fields[f->field];

			if (s->type != f->type || strcmp(s->name, f->name) != 0 ||
			    strlen(value) != 1 || strchr(f->wrong, *value) == NULL)
				continue;
			printf("Editing %s, %s\n", path, f->words);
			fflush(stdout);
			buf_setf(&setting, "%s/%s/%s", s->name,
			    master_type_name(s->type), f->setting);
			rc |= run_postconf("-F", setting.ptr);
		}
	buf_done(&setting);
	return rc == 0 ? 0 : 1;
}

static int
fix_hashed_queues(void)
{
	static const char *const queues[] = { "defer", "deferred" };
	struct buf missing = BUF_INIT, setting = BUF_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(queues) / sizeof(queues[0]); i++)
		if (!text_list_has(params.hash_queue_names, queues[i]))
			buf_addf(&missing, " %s", queues[i]);
	if (missing.len > 0) {
		printf("fixing main.cf hash_queue_names for missing%s\n",
		    missing.ptr);
		fflush(stdout);
		buf_setf(&setting, "hash_queue_names=%s%s",
		    params.hash_queue_names, missing.ptr);
		rc = run_postconf("-e", setting.ptr);
	}
	buf_done(&missing);
	buf_done(&setting);
	return rc == 0 ? 0 : 1;
}

int
upgrade_configuration(char **args)
{
	struct buf path = BUF_INIT;
	struct master_cf cf = { NULL, 0 };
	struct err err = ERR_INIT;
	int rc = 0;

	(void)args;
	if (layout_create() == -1)
		return 1;
	buf_setf(&path, "%s/master.cf", params.config_directory);
	if (master_cf_read(&cf, path.ptr, &err) == -1) {
		log_error("%s", err.text);
		rc = 1;
	} else {
		rc |= add_missing(&cf, path.ptr);
		rc |= fix_services(&cf, path.ptr);
		rc |= fix_hashed_queues();
	}
	master_cf_done(&cf);
	buf_done(&path);
	return rc;
}
