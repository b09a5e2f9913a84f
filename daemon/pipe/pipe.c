/*
 * pipe.c - hand mail to a command
 *
 * master.cf says which command, as whom, and what to put in front of the
 * message (pipe_args.h). One command takes all recipients of a request;
 * NAME_destination_recipient_limit = 1 makes that one each.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/role.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/pipe/pipe_args.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/command.h"
#include "daemon/serve/delivered_to.h"
#include "daemon/serve/message_copy.h"
#include "daemon/serve/run_command.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"

static struct pipe_args args;
static uid_t run_uid;
static gid_t run_gid;
static int time_limit_s;

/* Flags of master.cf to what stands in front of the message. */
static unsigned
copy_flags(void)
{
	static const struct {
		unsigned pipe, copy;
	} pairs[] = {
		{ PIPE_FROM, COPY_FROM }, { PIPE_QUOTE_FROM, COPY_QUOTE_FROM },
		{ PIPE_BLANK, COPY_BLANK_END },
		{ PIPE_RETURN, COPY_RETURN_PATH },
		{ PIPE_ORIGINAL, COPY_ORIGINAL_TO },
		{ PIPE_DELIVERED, COPY_DELIVERED_TO }, { PIPE_DOT, COPY_DOT },
	};
	unsigned flags = 0;
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if ((args.flags & pairs[i].pipe) != 0)
			flags |= pairs[i].copy;
	return flags;
}

static char **
expand(const struct agent_request *rq, struct err *err)
{
	struct pipe_macros macros = { rq->sender, rq->nexthop, rq->queue_id,
	    rq->envelope_id, rq->client_addr, rq->client_helo,
	    rq->client_name, rq->client_port, rq->client_proto,
	    rq->sasl_method, rq->sasl_sender, rq->sasl_username,
	    rq->data_size };
	struct pipe_rcpt *rcpts = xcalloc(rq->rcpt_count + 1, sizeof(*rcpts));
	char **argv;
	size_t i;

	for (i = 0; i < rq->rcpt_count; i++)
		rcpts[i] = (struct pipe_rcpt){ rq->rcpts[i].address,
		    rq->rcpts[i].orig };
	argv = pipe_args_expand(&args, &macros, rcpts, rq->rcpt_count, err);
	free(rcpts);
	return argv;
}

/* What "delivered via SERVICE service (OUTPUT)" shows. */
static void
describe_success(struct delivery *d, const char *service,
    const struct buf *output)
{
	buf_setf(&d->reason, "delivered via %s service", service);
	/* Without X the command is one more hop. */
	d->action = (args.flags & PIPE_FINAL) != 0 ? "delivered" : "relayed";
	if (output->len > 0)
		buf_addf(&d->reason, " (%s)", output->ptr);
}

static void
run(struct agent_request *rq, const char *service, struct delivery *d)
{
	struct message_copy how = { .flags = copy_flags(),
	    .sender = rq->sender, .null_sender = args.null_sender,
	    .original = rq->rcpts[0].orig, .delivered = rq->rcpts[0].address,
	    .eol = args.eol };
	struct run_command rc = { .uid = run_uid, .gid = run_gid,
	    .chroot_dir = args.chroot_dir, .cwd = args.directory,
	    .time_limit_s = time_limit_s, .copy = &how };
	struct buf output = BUF_INIT;
	struct err err = ERR_INIT;
	char **argv;

	if (args.size_limit > 0 && rq->data_size > args.size_limit) {
		delivery_set(d, "5.2.3", "message too large");
		return;
	}
	if ((rq->flags & (AGENT_MTA_PROBE | AGENT_USER_PROBE)) != 0) {
		delivery_set(d, "2.0.0", "delivers to command: %s",
		    args.argv[0]);
		return;
	}
	if ((argv = expand(rq, &err)) == NULL) {
		log_warning("%s: %s", service, err.text);
		delivery_set(d, "4.3.5", "mail system configuration error");
		return;
	}
	rc.argv = argv;
	rc.shown = argv[0];
	run_command(rq, &rc, d, &output);
	if (d->kind == OUTCOME_SENT)
		describe_success(d, service, &output);
	buf_done(&output);
	pipe_argv_free(argv);
}

/* With flag D, and so with one recipient. */
static bool
is_loop(struct agent_request *rq)
{
	struct delivered_to dt = { .is_read = false };
	bool found = (args.flags & PIPE_DELIVERED) != 0 &&
	    delivered_to_has(&dt, rq, rq->rcpts[0].address);

	delivered_to_done(&dt);
	return found;
}

static void
deliver(struct agent_request *rq, const char *service, void *ctx)
{
	struct delivery d = DELIVERY_INIT;
	size_t i;

	(void)ctx;
	if (rq->rcpt_count == 0)
		return;
	if ((args.flags & (PIPE_DELIVERED | PIPE_ORIGINAL)) != 0 &&
	    rq->rcpt_count > 1) {
		log_warning("flag \"%c\" needs %s_destination_recipient_limit "
		    "= 1", (args.flags & PIPE_DELIVERED) != 0 ? 'D' : 'O',
		    service);
		delivery_set(&d, "4.3.5", "mail system configuration error");
	} else if (is_loop(rq))
		delivery_set(&d, "5.4.6", "mail forwarding loop for %s",
		    rq->rcpts[0].address);
	else
		run(rq, service, &d);
	if (d.kind == OUTCOME_CORRUPT)
		agent_corrupt(rq);
	else
		for (i = 0; i < rq->rcpt_count; i++)
			delivery_report(rq, &rq->rcpts[i], service, &d);
	delivery_done(&d);
}

static void
serve(struct stream *client, const char *service, char **argv)
{
	(void)argv;
	agent_serve(client, service, deliver, NULL);
}

static void
pre_jail(const char *service, char **argv)
{
	struct err err = ERR_INIT;

	if (pipe_args_parse(&args, argv, &err) == -1 ||
	    command_user(args.user, args.group, &run_uid, &run_gid,
	    &err) == -1)
		log_fatal("%s: %s", service, err.text);
	time_limit_s = params_service_time(service, "time_limit");
	agent_init("pipe_delivery_status_filter",
	    params.pipe_delivery_status_filter);
}

const struct role pipe_role = {
	.name = "pipe",
	.summary = "hand mail to a command",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_PRIVILEGED | ROLE_COMMANDS | ROLE_ARGUMENTS,
	.greeting = "delivery_request_protocol",
	.pre_jail = pre_jail,
	.serve = serve
};
