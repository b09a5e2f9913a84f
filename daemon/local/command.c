/*
 * command.c - |command and mailbox_command
 *
 * What the command learns of the message stands in its environment; bytes
 * that a shell could take for its own become '_' there.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "daemon/local/local.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/run_command.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

#define ENVIRONMENT_MAX	24

struct environment {
	char	*list[ENVIRONMENT_MAX + 1];
	size_t	 count;
};

static void
set(struct environment *env, const char *name, const char *value)
{
	struct buf text = BUF_INIT;
	size_t i;

	if (value == NULL || *value == '\0' || env->count == ENVIRONMENT_MAX)
		return;
	buf_setf(&text, "%s=%s", name, value);
	for (i = strlen(name) + 1; i < text.len; i++)
		if (strchr(params.command_expansion_filter,
		    text.ptr[i]) == NULL)
			text.ptr[i] = '_';
	env->list[env->count++] = buf_take(&text);
}

static void
fill(struct environment *env, const struct local_state *st)
{
	const struct agent_request *rq = st->lr->rq;

	memset(env, 0, sizeof(*env));
	if (st->account != NULL) {
		set(env, "HOME", st->account->home);
		set(env, "SHELL", st->account->shell[0] != '\0' ?
		    st->account->shell : "/bin/sh");
	}
	set(env, "LOGNAME", st->user);
	set(env, "USER", st->user);
	set(env, "SENDER", st->sender[0] != '\0' ? st->sender :
	    "MAILER-DAEMON");
	set(env, "RECIPIENT", st->rcpt.address);
	set(env, "ORIGINAL_RECIPIENT", st->rcpt.orig);
	set(env, "LOCAL", st->local);
	set(env, "EXTENSION", st->extension);
	set(env, "DOMAIN", st->domain);
	/* Mail that was submitted here has no client to speak of. */
	if (strcasecmp(rq->client_addr, "unknown") != 0 &&
	    rq->client_addr[0] != '\0') {
		set(env, "CLIENT_ADDRESS", rq->client_addr);
		set(env, "CLIENT_HOSTNAME", rq->client_name);
		set(env, "CLIENT_HELO", rq->client_helo);
		set(env, "CLIENT_PROTOCOL", rq->client_proto);
	}
	set(env, "SASL_METHOD", rq->sasl_method);
	set(env, "SASL_SENDER", rq->sasl_sender);
	set(env, "SASL_USERNAME", rq->sasl_username);
}

bool
local_command(const struct local_state *st, const char *line,
    bool is_mailbox_command)
{
	struct message_copy how = { .flags = COPY_FROM | COPY_RETURN_PATH |
	    COPY_ORIGINAL_TO, .sender = st->sender,
	    .original = st->rcpt.orig, .delivered = st->delivered };
	struct run_command rc = { .line = line, .shown = line,
	    .shell = params.local_command_shell, .uid = st->uid,
	    .gid = st->gid, .time_limit_s = params.command_time_limit,
	    .copy = &how };
	struct delivery d = DELIVERY_INIT;
	struct buf output = BUF_INIT, cwd = BUF_INIT;
	struct environment env;
	bool done;
	size_t i;

	if (local_is_probed(st))
		return local_probed(st, "delivers to command: %s", line);
	if (is_mailbox_command ||
	    text_list_has(params.prepend_delivered_header, "command"))
		how.flags |= COPY_DELIVERED_TO;
	fill(&env, st);
	rc.environment = env.list;
	if (params.command_execution_directory[0] != '\0' &&
	    local_expand(&cwd, params.command_execution_directory,
	    params.execution_directory_expansion_filter, st) == 0 &&
	    cwd.len > 0)
		rc.cwd = cwd.ptr;
	run_command(st->lr->rq, &rc, &d, &output);
	if (d.kind == OUTCOME_SENT)
		buf_setf(&d.reason, "delivered to command: %s", line);
	done = local_report(st, &d);
	for (i = 0; i < env.count; i++)
		free(env.list[i]);
	delivery_done(&d);
	buf_done(&output);
	buf_done(&cwd);
	return done;
}
