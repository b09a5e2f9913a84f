/*
 * role.c - the services bounce, defer and trace: one request a client
 *
 * The service's own name is the directory of its logs.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/role.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/bounce/report.h"
#include "daemon/bounce/wording.h"
#include "daemon/cleanup/cleanup.h"
#include "daemon/serve/notice.h"
#include "daemon/serve/serve.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"

#define REQUEST_MAX		(1024 * 1024)
#define TEMPLATE_FILE_MAX	(1024 * 1024)
#define SERVICE_EXPAND		"expand_templates"	/* postconf -b */
#define SERVICE_DUMP		"dump_templates"	/* postconf -t */

static struct wordings wordings;

/* ---- requests ---- */

static int
append(const struct notice *n, const char *log)
{
	struct err err = ERR_INIT;

	if (queue_log_append(log, n->queue_id, &n->rcpt, &n->dsn,
	    &err) == 0)
		return 0;
	log_warning("%s: %s", n->queue_id, err.text);
	return -1;
}

static int
check(const struct notice *n, struct err *err)
{
	bool has_queue = n->kind != NOTICE_APPEND;

	if (!queue_id_is_valid(n->queue_id) ||
	    (has_queue && !queue_name_is_valid(n->queue_name)))
		return err_set(err, ERR_SYNTAX,
		    "bad queue name or ID: \"%.100s\", \"%.100s\"",
		    n->queue_name, n->queue_id);
	if (n->kind == NOTICE_VERP && strlen(n->verp_delimiters) != 2)
		return err_set(err, ERR_SYNTAX,
		    "bad VERP delimiters: \"%.100s\"", n->verp_delimiters);
	return 0;
}

static void
serve(struct stream *client, const char *service, char **argv)
{
	struct err err = ERR_INIT;
	struct buf reply = BUF_INIT;
	struct attrs attrs;
	struct notice n;
	int got, rc = -1;

	(void)argv;
	attrs_init(&attrs);
	got = attrs_read(client, &attrs, REQUEST_MAX, &err);
	if (got != 1 || notice_get(&n, &attrs, &err) == -1 ||
	    check(&n, &err) == -1) {
		if (got != 0)
			log_warning("%s: malformed request: %s", service,
			    err.text);
	} else if (n.kind == NOTICE_APPEND) {
		rc = append(&n, service);
	} else {
		rc = report_send(&n, service, &wordings);
	}
	if (got != 0) {
		notice_put_reply(&reply, rc);
		stream_write(client, reply.ptr, reply.len);
		stream_flush(client);
	}
	buf_done(&reply);
	attrs_done(&attrs);
}

static void
read_templates(void)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	wordings_init(&wordings);
	if (params.bounce_template_file[0] == '\0')
		return;
	if (file_read(params.bounce_template_file, &text, TEMPLATE_FILE_MAX,
	    &err) == -1)
		log_warning("%s -- using the built-in texts", err.text);
	else
		wordings_parse(&wordings, params.bounce_template_file,
		    text.ptr);
	buf_done(&text);
}

/* postconf -b and -t run this role by hand for its texts alone. */
static void
print_templates(bool is_expanded)
{
	struct buf out = BUF_INIT;

	if (is_expanded)
		wordings_print_expanded(&out, &wordings);
	else
		wordings_print(&out, &wordings);
	exit(file_write_all(STDOUT_FILENO, out.ptr, out.len) == 0 ? 0 : 1);
}

static void
pre_jail(const char *service, char **argv)
{
	(void)argv;
	read_templates();
	if (serve_standalone() && (strcmp(service, SERVICE_EXPAND) == 0 ||
	    strcmp(service, SERVICE_DUMP) == 0))
		print_templates(strcmp(service, SERVICE_EXPAND) == 0);
	cleanup_init();
}

const struct role bounce_role = {
	.name = "bounce",
	.summary = "report failed, delayed and traced deliveries",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_MAXPROC_0 | ROLE_CHANGES_QUEUES | ROLE_OPENS_TABLES,
	.greeting = NOTICE_PROTOCOL,
	.pre_jail = pre_jail,
	.serve = serve
};
