/*
 * sink.h - where smtpd puts a message: the cleanup module, or postdrop
 */
#ifndef DAEMON_SMTPD_SINK_H
#define DAEMON_SMTPD_SINK_H

struct sink;

/* sink_cleanup - write the queue file ourselves, through the cleanup module */
void	sink_cleanup(struct sink *out);
/* sink_postdrop - hand the message to postdrop, with the caller's rights (sendmail -bs) */
void	sink_postdrop(struct sink *out);

#endif
