/*
 * main.c - postqueue: list the queue, ask for delivery
 *
 * Runs set-gid, so that everybody can reach the showq and flush services;
 * authorized_mailq_users and authorized_flush_users say who may.
 *
 * SPDX-License-Identifier: ISC
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/postqueue/classic.h"
#include "cmd/postqueue/options.h"
#include "cmd/postqueue/output.h"
#include "cmd/postqueue/request.h"
#include "lib/base/account.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_enter.h"
#include "lib/queue/queue_listing.h"
#include "lib/queue/queue_scan.h"
#include "lib/table/match_list.h"

#define FLUSHED_SINGLY	50	/* messages that go out at once */
#define FLUSH_AT	65536	/* bytes that wait later */

/* Whatever went wrong, the service is not available (4.1). */
static int
unavailable(void)
{
	return EX_UNAVAILABLE;
}

/* spec/services.md 4.2: root and mail_owner always, others by the list */
static void
check_user(const char *title, const char *list, const char *verb)
{
	struct match_list *ml;
	struct passwd *pw;
	uid_t uid = getuid();
	const char *name;
	bool may;

	if (uid == 0 || strcmp(list, "static:anyone") == 0)
		return;
	if ((pw = account_named(params.mail_owner)) != NULL && pw->pw_uid == uid)
		return;
	pw = account_of(uid);
	name = pw != NULL ? pw->pw_name : "unknown";
	ml = match_list_new(title, MATCH_STRING, list);
	may = match_list_find(ml, name, NULL) == TABLE_FOUND;
	if (!may)
		log_fatal("User %s(%ld) is not allowed to %s the mail queue",
		    name, (long)uid, verb);
	match_list_free(ml);
}

/* May this process read the queue directory itself? */
static bool
owns_queue(void)
{
	return geteuid() == 0 || params_is_private();
}

struct listing {
	bool		 is_text;	/* -p, not -j */
	bool		 has_begun;
	struct classic	 told;		/* for what showq tells */
	struct buf	 out;
};

static bool
write_listing(struct buf *out, void *ctx)
{
	struct listing *l = ctx;
	struct buf head = BUF_INIT;

	if (l->is_text && !l->has_begun) {
		classic_head(&l->told, &head);
		output_write(&head);
		buf_done(&head);
	}
	l->has_begun = true;
	output_write(out);
	return true;
}

static void
take_told(const struct queue_listing_message *m, void *ctx)
{
	struct listing *l = ctx;

	if (l->is_text) {
		classic_text(m, &l->out, &l->told);
	} else {
		classic_json(m, &l->out, NULL);
		l->told.messages++;
	}
	/* The first messages at once, for whoever waits. */
	if (l->told.messages < FLUSHED_SINGLY || l->out.len >= FLUSH_AT)
		write_listing(&l->out, l);
}

static void
list_queue(struct listing *l)
{
	unsigned i, n = queue_scan_threads();
	struct classic *own = xcalloc(n, sizeof(*own));
	struct queue_listing_job job = { .put = l->is_text ? classic_text :
	    classic_json, .text = write_listing, .ctx = l, .threads = n,
	    .own = own, .own_size = sizeof(*own) };

	for (i = 0; i < n; i++)
		own[i].has_long_ids = params.enable_long_queue_ids;
	queue_listing_from_queue(&job);
	for (i = 0; i < n; i++) {
		l->told.messages += own[i].messages;
		l->told.bytes += own[i].bytes;
	}
	free(own);
}

static void
list(int mode)
{
	struct listing l = { .is_text = mode == 'p', .out = BUF_INIT,
	    .told.has_long_ids = params.enable_long_queue_ids };
	struct err err = ERR_INIT;

	switch (queue_listing_from_showq(take_told, &l, &err)) {
	case LISTING_DONE:
		break;
	case LISTING_DOWN:
		if (!owns_queue())
			log_fatal("Queue report unavailable - mail system is "
			    "down (%s)", err.text);
		log_warning("Mail system is down -- accessing queue directly "
		    "(%s)", err.text);
		if (queue_become_owner(&err) == -1)
			log_fatal("%s", err.text);
		/* What is odd about a file is for the log, as with showq. */
		params_log(0, false);
		list_queue(&l);
		params_log(LOG_TO_STDERR, false);
		break;
	default:
		if (l.out.len > 0)
			write_listing(&l.out, &l);
		log_fatal("%s", err.text);
	}
	if (l.out.len > 0)
		write_listing(&l.out, &l);
	if (l.is_text)
		classic_tail(l.told.messages, l.told.bytes, &l.out);
	output_write(&l.out);
	buf_done(&l.out);
}

/* A question is answered from files that the caller names, or from the queue. */
static int
answer(struct query *q)
{
	if (q->from == NULL && q->queue_dir == NULL)
		check_user("authorized_mailq_users",
		    params.authorized_mailq_users, "view");
	if (q->mode == MODE_FLUSH)
		check_user("authorized_flush_users",
		    params.authorized_flush_users, "flush");
	q->is_direct = owns_queue();
	return query_run(q);
}

int
main(int argc, char **argv)
{
	static char name[] = "postqueue";
	struct queue_options o = QUEUE_OPTIONS_INIT;
	struct err err = ERR_INIT;

	if (argc > 0)
		argv[0] = name;
	command_start(argv);
	log_on_fatal(unavailable);
	signal(SIGPIPE, SIG_IGN);
	queue_options_read(argc, argv, &o);
	command_load(o.config_dir, COMMAND_CLEAN_ENV);
	if (o.query.is_asked)
		return answer(&o.query);
	if (queue_enter(&err) == -1)
		log_fatal("%s", err.text);
	if (o.mode == 'p' || o.mode == 'j')
		check_user("authorized_mailq_users",
		    params.authorized_mailq_users, "view");
	else
		check_user("authorized_flush_users",
		    params.authorized_flush_users, "flush");
	switch (o.mode) {
	case 'f':
		request_flush_all();
		break;
	case 'i':
		request_flush_message(o.argument);
		break;
	case 's':
		request_flush_site(o.argument);
		break;
	default:
		list(o.mode);
		break;
	}
	return 0;
}
