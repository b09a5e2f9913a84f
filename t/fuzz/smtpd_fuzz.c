/*
 * smtpd_fuzz.c - any bytes from a client, through the session engine
 *
 * The input is cut as smtpd.c cuts it: lines, and pieces of content while a
 * message is being received. The sink forgets everything.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/smtpd/env.h"
#include "daemon/smtpd/session.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/route/rewrite.h"

int	LLVMFuzzerInitialize(int *argc, char ***argv);
int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct smtpd_env *env;

static const char *
sink_open(void *ctx, unsigned flags, struct err *err)
{
	(void)ctx, (void)flags, (void)err;
	return "4D2A";
}

static void
sink_flags(void *ctx, unsigned flags)
{
	(void)ctx, (void)flags;
}

static void
sink_rec(void *ctx, int type, const void *data, size_t len)
{
	(void)ctx, (void)type;
	free(xmemdup(data, len));	/* every byte must be there */
}

static unsigned
sink_commit(void *ctx, struct buf *reason)
{
	(void)ctx, (void)reason;
	return 0;
}

static void
sink_abort(void *ctx)
{
	(void)ctx;
}

static struct sink sink = { .open = sink_open, .set_flags = sink_flags,
	.rec = sink_rec, .commit = sink_commit, .abort = sink_abort };

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char main_cf[] =
	    "compatibility_level = 3.6\nmyhostname = mx.example\n"
	    "mydestination = mx.example\nmynetworks = 127.0.0.0/8\n"
	    "local_recipient_maps =\nalias_maps =\ninet_protocols = ipv4\n"
	    "inet_interfaces = 127.0.0.1\nsmtpd_hard_error_limit = 1000\n"
	    "smtpd_forbid_bare_newline = normalize\n"
	    "smtpd_forbid_bare_newline_exclusions =\n"
	    "smtpd_authorized_xclient_hosts = 127.0.0.1\n"
	    "smtpd_authorized_xforward_hosts = 127.0.0.1\n"
	    "smtpd_authorized_verp_clients = 127.0.0.1\n"
	    "smtpd_helo_restrictions = reject_invalid_helo_hostname\n"
	    "smtpd_sender_restrictions = check_sender_access\n"
	    "  inline:{ { a@b = PREPEND X: y }, { c = REJECT 5.1.1 no } }\n";
	struct params_context ctx = { .process_name = "smtpd" };
	struct err err = ERR_INIT;
	char dir[] = "/tmp/smtpd_fuzz.XXXXXX", path[64];
	FILE *f;

	(void)argc, (void)argv;
	log_to(0);
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/main.cf", dir);
	if ((f = fopen(path, "w")) == NULL)
		return -1;
	fputs(main_cf, f);
	fclose(f);
	if (params_load(dir, &ctx, &err) == -1)
		return -1;
	unlink(path);
	rmdir(dir);
	rewrite_init();
	env = smtpd_env_new("smtp");
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *lf;
	struct session *s;
	struct peer peer;
	char *line;
	size_t n;

	peer_init(&peer, -1, NULL, 0, NULL, NULL, 0);
	s = session_new(env, &peer, &sink, NULL);
	session_connected(s);
	session_start(s);
	while (size > 0 && !s->is_closing) {
		buf_reset(&s->out);
		if (s->in_content) {
			n = session_content(s, p, size < 100 ? size : 100);
		} else {
			lf = memchr(p, '\n', size);
			n = lf != NULL ? (size_t)(lf - p) + 1 : size;
			line = xmalloc(n + 1);
			memcpy(line, p, n);
			line[n] = '\0';
			session_command(s, line, n);
			free(line);
		}
		p += n;
		size -= n;
	}
	session_end(s);
	session_free(s);
	return 0;
}
