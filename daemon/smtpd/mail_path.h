/*
 * mail_path.h - the address of MAIL, RCPT and VRFY (RFC 5321 4.1.2)
 */
#ifndef DAEMON_SMTPD_MAIL_PATH_H
#define DAEMON_SMTPD_MAIL_PATH_H

#include <stdbool.h>

#include "lib/base/buf.h"

struct session;
struct words;

/*
 * mail_path_split - "FROM:<a@b> SIZE=1" or "FROM: <a@b> ..."
 *
 * keyword	"FROM", "TO"
 * address	out: the word with the address
 * rest		out: what stands behind it
 *
 * False when the keyword, its colon or the address is not there.
 */
bool	mail_path_split(const struct words *w, const char *keyword,
	    struct span *address, struct span *rest);
/*
 * mail_path_read - what such a word means
 *
 * may_utf8	in its domain, too (RFC 6531 3.1)
 * out		out: internal form, to be freed
 *
 * False, logged, when it is no address, or none that could be routed.
 */
bool	mail_path_read(struct session *s, const char *verb, struct span word,
	    bool may_be_empty, bool may_utf8, char **out);

#endif
