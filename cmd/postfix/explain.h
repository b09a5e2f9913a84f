/*
 * explain.h - the parts of "postfix explain"
 *
 *	explain.c          topics
 *	explain_address.c  options, and the stages
 *	explain_accept.c   what cleanup makes of an address
 *	explain_story.c    listens to the stages and keeps what they decided
 *	explain_agent.c    limits, TLS and login of the transport at the end
 *	explain_print.c    the explanation, for people
 *	explain_json.c     ... and for programs
 *	explain_reason.c   what kind of trouble a text speaks of
 *	explain_log.c      log lines, field by field
 *	explain_message.c  what a message waits for
 *
 * The stages are lib/route, as cleanup, qmgr and the trivial-rewrite service
 * run them: what is shown is what they told (route_trace.h, maps_trace).
 */
#ifndef CMD_POSTFIX_EXPLAIN_H
#define CMD_POSTFIX_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/conf/main_cf.h"
#include "lib/conf/master_cf.h"
#include "lib/route/address_map.h"
#include "lib/table/table_report.h"
#include "lib/table/table_story.h"

/* Exit statuses: the worst counts, in this order. */
enum explain_verdict {
	EXPLAIN_DECIDED = 0,
	EXPLAIN_NO_ROUTE = 3,
	EXPLAIN_FAILED = 1
};
enum explain_verdict	explain_worse(enum explain_verdict a,
			    enum explain_verdict b);

/* A topic: its arguments, NULL-terminated; returns the exit status. */
int	explain_address(char **args);
int	explain_reason(char **args);
int	explain_log(char **args);
int	explain_message(char **args);

/* ---- what was decided ---- */

struct explain_step {
	char		*what;		/* as in struct route_step */
	char		*value;
	char		*parameter;	/* NULL: none */
	char		*source;	/* of its value: "main.cf line 3"; NULL with a table */
	char		*table, *key;	/* that answered; NULL */
	int		 line;		/* of the table's text; 0 */
	char		*note;		/* NULL */
};

struct explain_steps {
	struct explain_step *items;
	size_t		 count;
};

/* An address that cleanup writes into the queue file, or that stands for such. */
struct explain_node {
	char		*address;
	size_t		 parent;	/* EXPLAIN_TOP: none */
	unsigned	 depth;
	struct explain_step origin;	/* the alias, or the copy, it comes from */
	bool		 is_copy;	/* bcc */
	bool		 has_children, is_self;	/* stands for itself, too */
	bool		 is_duplicate;
};
#define EXPLAIN_TOP	((size_t)-1)

/* What the transport at the end does with it; texts "" where that is nothing. */
struct explain_agent {
	int		 concurrency, recipients, rate_delay_s, transport_delay_s,
			 processes;
	bool		 is_unknown;	/* master.cf has no such transport */
	bool		 is_put_off;	/* defer_transports */
	bool		 has_client;	/* smtp or lmtp: tls and login count */
	struct buf	 tls;
	struct explain_step tls_step;
	struct buf	 login;		/* "present", "none", "not wanted" */
	struct explain_step login_step;
};

/* Where mail for one recipient goes. */
struct explain_way {
	char		*address;
	struct explain_steps steps;
	struct buf	 transport, nexthop, recipient;
	unsigned	 flags;		/* RESOLVE_* */
	enum explain_verdict verdict;
	struct explain_agent agent;
	char		*live;		/* what the running service says instead; NULL */
};

/* One address that was asked about. */
struct explanation {
	const char	*given;		/* as typed: external form */
	struct explain_steps rewriting;
	struct buf	 rewritten;	/* internal form; of headers external */
	struct explain_node *nodes;	/* a tree, parents first */
	size_t		 node_count;
	struct explain_way *ways;	/* of each final recipient, once */
	size_t		 way_count;
	char		*problem;	/* that stopped it; NULL */
	enum explain_verdict verdict;
	struct buf	 lookups;	/* --steps: text, or JSON */
};

/* The whole question. */
struct explain_question {
	const char	*sender;	/* as typed; NULL: not said */
	struct buf	 sender_rewritten;
	struct explain_steps sender_rewriting;
	enum address_class class;
	bool		 is_remote;	/* headers of strangers */
	bool		 is_live, is_json, wants_steps;
	struct explanation *asked;
	size_t		 count;
	/* Configuration. */
	struct main_cf	 main_cf;
	struct master_cf master_cf;
};

/* ---- explain_story.c ---- */

/*
 * explain_listen - what is decided from now on belongs to this list
 *
 * x	its tree takes what virtual aliases yield, below node top; NULL: none
 *
 * explain_listen(q, NULL, NULL, 0) ends it.
 */
void	explain_listen(const struct explain_question *q,
	    struct explain_steps *steps, struct explanation *x, size_t top);
/* explain_node_add - a new node; returns its place */
size_t	explain_node_add(struct explanation *x, const char *address,
	    size_t parent);
/* explain_node_of - the node that stands in this place of the expansion */
size_t	explain_node_of(size_t place);
/* explain_step_of - a parameter's value, and where it was set */
void	explain_step_of(const struct explain_question *q,
	    struct explain_step *out, const char *what, const char *value,
	    const char *parameter);
/* explain_step_hit - the same, with the table that answered last for this parameter */
void	explain_step_hit(const struct explain_question *q,
	    struct explain_step *out, const char *what, const char *value,
	    const char *parameter);
/* explain_load - parameters as a service of master.cf has them, NULL: as main.cf says; fatal when they are wrong */
void	explain_load(const struct explain_question *q, const char *service);
/* explain_step_last - the last of a kind; NULL: none */
const struct explain_step	*explain_step_last(
			    const struct explain_steps *steps,
			    const char *what);

/* ---- explain_address.c ---- */

/* explain_read_configuration - main.cf and master.cf, for their lines; fatal when they are wrong */
void	explain_read_configuration(struct explain_question *q);
/* explain_route - the way of each node of q->asked that is a recipient, and what its transport does */
void	explain_route(struct explain_question *q);

/* ---- explain_accept.c ---- */

/* explain_accept - rewrite sender and addresses, expand aliases, add copies */
void	explain_accept(struct explain_question *q);

/* ---- explain_agent.c ---- */

/* explain_agents - limits, TLS and login of each way of x */
void	explain_agents(const struct explain_question *q,
	    struct explanation *x);

/* ---- explain_print.c, explain_json.c ---- */

void	explain_print(const struct explain_question *q,
	    const struct explanation *x, FILE *out);
void	explain_print_json(const struct explain_question *q,
	    const struct explanation *x, FILE *out);
/*
 * explain_line - "  label     value      why", folded at 79 columns
 *
 * why	NULL: none
 */
void	explain_line(FILE *out, const char *label, const char *value,
	    const char *why);
/* explain_limits - "20 at a time, 50 recipients each" */
void	explain_limits(const struct explain_agent *a, struct buf *out);

/* ---- explain_reason.c ---- */

/* explain_load_reasons - those of posthorn_reasons_file, if there are any */
void	explain_load_reasons(void);
/* explain_dsn - a line that tells what a status code says */
void	explain_dsn(FILE *out, const char *dsn);

#endif
