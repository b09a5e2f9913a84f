/*
 * ehlo.h - what an SMTP server may offer, and be told not to
 * (smtpd_discard_ehlo_keywords and its kin)
 */
#ifndef DAEMON_SERVE_EHLO_H
#define DAEMON_SERVE_EHLO_H

#include <stdbool.h>

struct buf;
struct maps;

enum ehlo_feature {		/* what ..._discard_ehlo_keywords can hide */
	EHLO_8BITMIME	= 1 << 0,
	EHLO_PIPELINING	= 1 << 1,
	EHLO_SIZE	= 1 << 2,
	EHLO_VRFY	= 1 << 3,
	EHLO_ETRN	= 1 << 4,
	EHLO_AUTH	= 1 << 5,
	EHLO_XVERP	= 1 << 6,
	EHLO_STARTTLS	= 1 << 7,
	EHLO_XCLIENT	= 1 << 8,
	EHLO_XFORWARD	= 1 << 9,
	EHLO_ENHANCED	= 1 << 10,
	EHLO_DSN	= 1 << 11,
	EHLO_SMTPUTF8	= 1 << 12,
	EHLO_CHUNKING	= 1 << 13,
	EHLO_SILENT	= 1 << 14	/* say nothing about it in the log */
};

/* ehlo_parse - bits of a list of keywords; unknown ones are warned about */
unsigned	ehlo_parse(const char *keywords);
/*
 * ehlo_find - a client's own list (smtpd_discard_ehlo_keyword_address_maps and its kin)
 *
 * Returns true and sets bits when maps have one for addr.
 */
bool	ehlo_find(struct maps *maps, const char *addr, unsigned *bits);
/* ehlo_names - append " NAME" for each bit, for the log; nothing when that is to be silent */
void	ehlo_names(struct buf *out, unsigned bits);

#endif
