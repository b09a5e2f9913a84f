/*
 * job.h - a delivery request while hosts are tried in turn
 *
 * job.c knows its recipients and reports what became of them; talk.c holds one
 * conversation with one server; deliver.c decides whom to talk to.
 */
#ifndef DAEMON_SMTP_JOB_H
#define DAEMON_SMTP_JOB_H

#include "daemon/smtp/smtp.h"

struct agent_request;
struct conn;

struct job {
	struct agent_request *rq;
	const struct smtp_config *cfg;
	struct smtp_message msg;
	struct buf	 sender;	/* after generic mapping */
	struct buf	*addresses;	/* of recipients, after generic mapping */
	struct smtp_failure why;	/* of the last host or destination that failed */
	char		 relay[420];	/* that said so, or "none" */
	const char	*destination;	/* as the nexthop or the parameter has it */
	bool		 is_fallback;	/* the parameter */
	int		 sessions;	/* so far with this destination */
	bool		 is_last_host;	/* there is nobody else to ask */
	bool		 is_corrupt;
};

void	job_init(struct job *j, struct agent_request *rq,
	    const struct smtp_config *cfg);
void	job_done(struct job *j);
bool	job_has_left(const struct job *j);
/*
 * job_failed - a host or destination failed: what servers said before is old
 * news
 *
 * relay	that said so, or "none"
 */
void	job_failed(struct job *j, const struct smtp_failure *f,
	    const char *relay);
/* job_dispose_decided - report what a session has decided so far */
void	job_dispose_decided(struct job *j, const struct smtp_session *s);
/* job_dispose_session - report all that a session has decided; note what it left for others */
void	job_dispose_session(struct job *j, const struct smtp_session *s);
/* job_dispose_rest - the end: whoever is left shares the last failure */
void	job_dispose_rest(struct job *j);

/*
 * job_talk - go on from step until the handshake or the transaction is over
 *
 * Returns HELLO, END, FAILED or CLOSE.
 */
enum smtp_step	job_talk(struct job *j, struct conn *c, enum smtp_step step);

#endif
