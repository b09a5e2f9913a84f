/*
 * unlisted.h - does this recipient, or sender, exist here? (spec/tables.md 16.4)
 */
#ifndef DAEMON_SMTPD_UNLISTED_H
#define DAEMON_SMTPD_UNLISTED_H

#include "daemon/smtpd/restrict.h"

/* unlisted_check - reject an address of ours that no table lists */
enum restrict_result	unlisted_check(struct session *s, const char *address,
	    enum restrict_class class);

#endif
