/*
 * explain_address.c - where would mail for this address go, and why?
 *
 *	given -> rewritten -> virtual aliases, copies    as cleanup does it
 *	      -> class, transport, nexthop               as trivial-rewrite does it
 *	      -> limits, TLS, login                      as qmgr and smtp do it
 *
 * Each stage runs with the parameters of its line in master.cf. Nothing is
 * changed, and nobody is asked but tables; with --live the running
 * trivial-rewrite service is, too.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postfix/explain.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/route/rewrite.h"
#include "lib/route/rewrite_client.h"

static const char usage_text[] =
	"usage: postfix [-c config_dir] explain address [--from=SENDER] [--class=CLASS]\n"
	"               [--remote] [--live] [--steps] [--json] ADDRESS...\n"
	"\n"
	"  postfix explain address bob@example.com         where mail would go, and why\n"
	"  postfix explain address --from=joe@x.example bob@example.com\n"
	"  postfix explain address --class=header_sender joe\n"
	"\n"
	"  --from    the envelope sender; otherwise the null sender\n"
	"  --class   envelope_recipient, envelope_sender, header_recipient,\n"
	"            header_sender; envelope and header are short for recipients\n"
	"  --remote  the header comes from a client that local_header_rewrite_clients\n"
	"            does not name\n"
	"  --live    ask the running trivial-rewrite service, too, and mark differences\n"
	"  --steps   show each table lookup\n"
	"  --json    one object a line\n"
	"\n"
	"Exit status: 0 decided, 3 no route, 1 error.\n";

static int
usage_error(void)
{
	fputs(usage_text, stderr);
	return 1;
}

enum explain_verdict
explain_worse(enum explain_verdict a, enum explain_verdict b)
{
	if (a == EXPLAIN_FAILED || b == EXPLAIN_FAILED)
		return EXPLAIN_FAILED;
	return a == EXPLAIN_NO_ROUTE ? a : b;
}

/* ---- the stage of trivial-rewrite ---- */

/* What the queue manager makes of it: see daemon/qmgr/assign.c. */
static void
judge(struct explain_way *w)
{
	if ((w->flags & RESOLVE_FAIL) != 0) {
		buf_sets(&w->transport, "retry");
		buf_sets(&w->nexthop, "4.3.0 address resolver failure");
		w->verdict = EXPLAIN_FAILED;
	} else if ((w->flags & RESOLVE_ERROR) != 0) {
		buf_sets(&w->transport, params.error_service_name);
		buf_sets(&w->nexthop, "5.1.3 bad address syntax");
		w->verdict = EXPLAIN_NO_ROUTE;
	} else if (strcmp(w->transport.ptr, "error") == 0 ||
	    strcmp(w->transport.ptr, "retry") == 0) {
		w->verdict = EXPLAIN_NO_ROUTE;
	}
}

static void
find_way(const struct explain_question *q, struct explanation *x,
    const char *address)
{
	struct resolve_reply reply;
	struct explain_way *w;

	x->ways = xreallocarray(x->ways, x->way_count + 1, sizeof(*x->ways));
	w = &x->ways[x->way_count++];
	*w = (struct explain_way){ .address = xstrdup(address) };
	buf_init(&w->transport);
	buf_init(&w->nexthop);
	buf_init(&w->recipient);
	buf_init(&w->agent.tls);
	buf_init(&w->agent.login);
	explain_listen(q, &w->steps, x, EXPLAIN_TOP);
	resolve_reply_init(&reply);
	rewrite_resolve(q->sender_rewritten.ptr, address, false, &reply);
	explain_listen(q, NULL, NULL, 0);
	buf_swap(&w->transport, reply.transport);
	buf_swap(&w->nexthop, reply.nexthop);
	buf_swap(&w->recipient, reply.recipient);
	w->flags = reply.flags;
	resolve_reply_done(&reply);
}

/* What the running service says, where that is something else. */
static void
ask_live(const struct explain_question *q, struct explain_way *w)
{
	struct resolve_reply reply;
	struct buf text = BUF_INIT;

	resolve_reply_init(&reply);
	if (!rewrite_client_resolve(q->sender_rewritten.ptr, w->address, false,
	    &reply))
		log_fatal("--live: the rewrite service does not answer");
	if (reply.flags != w->flags ||
	    strcmp(reply.transport->ptr, w->transport.ptr) != 0 ||
	    strcmp(reply.nexthop->ptr, w->nexthop.ptr) != 0 ||
	    strcmp(reply.recipient->ptr, w->recipient.ptr) != 0) {
		buf_addf(&text, "%s:%s %s", reply.transport->ptr,
		    reply.nexthop->ptr, reply.recipient->ptr);
		w->live = buf_take(&text);
	}
	resolve_reply_done(&reply);
}

static void
find_ways(const struct explain_question *q, struct explanation *x)
{
	const struct explain_node *n;
	size_t i;

	for (i = 0; i < x->node_count; i++) {
		n = &x->nodes[i];
		if ((!n->has_children || n->is_self) && !n->is_duplicate)
			find_way(q, x, n->address[0] != '\0' ? n->address :
			    params.empty_address_recipient);
	}
}

void
explain_route(struct explain_question *q)
{
	struct explanation *x;
	struct explain_way *w;

	explain_load(q, params.rewrite_service_name);
	rewrite_init_service();
	for (x = q->asked; x < q->asked + q->count; x++)
		if (x->problem == NULL && q->class == CLASS_ENV_RCPT)
			find_ways(q, x);
	for (x = q->asked; x < q->asked + q->count; x++) {
		for (w = x->ways; w < x->ways + x->way_count; w++) {
			if (q->is_live)
				ask_live(q, w);
			judge(w);
		}
	}
	for (x = q->asked; x < q->asked + q->count; x++) {
		explain_agents(q, x);
		for (w = x->ways; w < x->ways + x->way_count; w++)
			x->verdict = explain_worse(x->verdict, w->verdict);
	}
	explain_load(q, NULL);
}

/* ---- the question ---- */

void
explain_read_configuration(struct explain_question *q)
{
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	int rc;

	buf_setf(&path, "%s/main.cf", params.config_directory);
	log_to(0);		/* its warnings were said at the start */
	rc = main_cf_read(&q->main_cf, path.ptr, &err);
	log_to(LOG_TO_STDERR);
	if (rc == -1)
		log_fatal("%s", err.text);
	buf_setf(&path, "%s/master.cf", params.config_directory);
	if (master_cf_read(&q->master_cf, path.ptr, &err) == -1)
		log_fatal("%s", err.text);
	buf_done(&path);
}

static bool
take_class(struct explain_question *q, const char *word)
{
	static const struct {
		const char	*name;
		enum address_class class;
	} classes[] = {
		{ "envelope", CLASS_ENV_RCPT }, { "header", CLASS_HDR_RCPT },
		{ "envelope_recipient", CLASS_ENV_RCPT },
		{ "envelope_sender", CLASS_ENV_FROM },
		{ "header_recipient", CLASS_HDR_RCPT },
		{ "header_sender", CLASS_HDR_FROM },
	};
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strcmp(word, classes[i].name) == 0) {
			q->class = classes[i].class;
			return true;
		}
	log_error("--class=%s: no such class", word);
	return false;
}

/* The arguments behind "address"; false: they are wrong. */
static bool
take_options(struct explain_question *q, int argc, char **argv, int *first)
{
	static const struct option options[] = {
		{ "from", required_argument, NULL, 'f' },
		{ "class", required_argument, NULL, 'c' },
		{ "remote", no_argument, NULL, 'r' },
		{ "live", no_argument, NULL, 'l' },
		{ "steps", no_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	int ch;

	optind = 0;		/* begin anew: main had its own */
	while ((ch = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (ch) {
		case 'f': q->sender = optarg; break;
		case 'c':
			if (!take_class(q, optarg))
				return false;
			break;
		case 'r': q->is_remote = true; break;
		case 'l': q->is_live = true; break;
		case 's': q->wants_steps = true; break;
		case 'j': q->is_json = true; break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		default:
			return false;
		}
	}
	*first = optind;
	if (q->is_remote && (q->class & (CLASS_HDR_FROM | CLASS_HDR_RCPT)) == 0) {
		log_error("--remote is about header addresses: --class=header");
		return false;
	}
	if (q->class != CLASS_ENV_RCPT && (q->is_live || q->sender != NULL)) {
		log_error("--live and --from are about envelope recipients");
		return false;
	}
	return *first < argc;
}

int
explain_address(char **args)
{
	struct explain_question q = { .class = CLASS_ENV_RCPT };
	enum explain_verdict worst = EXPLAIN_DECIDED;
	int argc = 0, first, i;
	size_t n;

	while (args[argc] != NULL)
		argc++;
	if (!take_options(&q, argc, args, &first))
		return usage_error();
	explain_read_configuration(&q);
	buf_init(&q.sender_rewritten);
	q.count = (size_t)(argc - first);
	q.asked = xcalloc(q.count, sizeof(*q.asked));
	for (i = first; i < argc; i++) {
		n = (size_t)(i - first);
		q.asked[n].given = args[i];
		buf_init(&q.asked[n].rewritten);
		buf_init(&q.asked[n].lookups);
	}
	explain_accept(&q);
	explain_route(&q);
	for (n = 0; n < q.count; n++) {
		(q.is_json ? explain_print_json : explain_print)(&q,
		    &q.asked[n], stdout);
		worst = explain_worse(worst, q.asked[n].verdict);
	}
	return (int)worst;
}
