/*
 * params_log.c - where main.cf says that lines and events are logged
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/params.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/log_json.h"
#include "lib/base/log_sink.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params_internal.h"

/* Only a file below maillog_file_prefixes may be a log (spec/services.md). */
static bool
is_log_path(const char *path)
{
	char *list = xstrdup(params.maillog_file_prefixes), *rest = list;
	char *prefix;
	bool found = false;

	while (!found && (prefix = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		size_t n = strlen(prefix);

		found = strncmp(path, prefix, n) == 0 &&
		    (path[n] == '/' || path[n] == '\0' ||
		    (n > 0 && prefix[n - 1] == '/'));
	}
	free(list);
	return found && strstr(path, "/../") == NULL;
}

static mode_t
file_mode(void)
{
	return (mode_t)strtoul(params.maillog_file_permissions, NULL, 8);
}

void
params_log(unsigned to, bool may_write_file)
{
	struct buf relative = BUF_INIT, path = BUF_INIT;
	const char *file = params.maillog_file;

	log_tag(params.syslog_name, params.syslog_facility);
	setenv("MAIL_LOGTAG", params.syslog_name, 1);
	log_file_mode(file_mode());
	if (*file == '\0') {
		log_to(to | LOG_TO_SYSLOG);
		return;
	}
	buf_setf(&relative, "public/%s", params.postlog_service_name);
	buf_setf(&path, "%s/%s", params.queue_directory, relative.ptr);
	setenv("POSTLOG_SERVICE", path.ptr, 1);
	setenv("POSTLOG_HOSTNAME", params.myhostname, 1);
	log_postlog(path.ptr, relative.ptr, params.myhostname,
	    may_write_file && is_log_path(file) ? file : NULL);
	log_to(to | LOG_TO_POSTLOG);
	buf_done(&relative);
	buf_done(&path);
}

/* Where events go must be a target, and a file where logs may be. */
int
params_check_log_json(struct err *err)
{
	const char *to = params.posthorn_log_json;

	if (!log_sink_is_target(to))
		return err_set(err, ERR_CONFIG, "posthorn_log_json: \"%s\" is "
		    "neither /FILE nor unix:/SOCKET nor stdout", to);
	if (*to == '/' && !is_log_path(to))
		return err_set(err, ERR_CONFIG, "posthorn_log_json: %s is not "
		    "below maillog_file_prefixes", to);
	return 0;
}

void
params_log_json(bool owns_stdout)
{
	const char *to = params.posthorn_log_json, *path = strchr(to, '/');
	size_t len = strlen(params.queue_directory);
	bool is_below;
	struct err err = ERR_INIT;

	if (params_check_log_json(&err) == -1) {
		log_warning("%s", err.text);
		return;
	}
	/* What a command prints is for its caller. */
	if (strcmp(to, "stdout") == 0 && !owns_stdout)
		to = "";
	is_below = path != NULL && strncmp(path, params.queue_directory,
	    len) == 0 && path[len] == '/';
	log_json_open(to, is_below ? path + len + 1 : NULL, params.myhostname,
	    file_mode());
}
