/*
 * transfer.h - undo a Content-Transfer-Encoding, as a stream (RFC 2045 6)
 *
 *	transfer_init -> transfer_feed ... -> transfer_end
 *
 * Lines end in '\n'. What is wrong is passed over and noted: a decoder for
 * people who want to see what is there, not one that judges.
 */
#ifndef LIB_MAIL_TRANSFER_H
#define LIB_MAIL_TRANSFER_H

#include <stddef.h>
#include <stdbool.h>

struct buf;

enum transfer_kind {
	TRANSFER_PLAIN,		/* 7bit, 8bit, binary: nothing to undo */
	TRANSFER_BASE64,
	TRANSFER_QP,
	TRANSFER_UNKNOWN	/* treated as plain */
};

enum transfer_defect {
	TRANSFER_BAD_BASE64	= 1,	/* bytes outside its alphabet */
	TRANSFER_CUT_BASE64	= 2,	/* ends in the middle of a group */
	TRANSFER_MORE_BASE64	= 4,	/* goes on behind its padding */
	TRANSFER_BAD_QP		= 8	/* "=" without two hex digits */
};

struct transfer {
	enum transfer_kind kind;
	unsigned	 defects;
	unsigned	 bits;		/* base64: not yet given out */
	int		 have;		/* how many of them */
	bool		 is_padded;
	int		 state;		/* quoted-printable */
	char		 digit;
	char		 blanks[80];	/* may turn out to end a line */
	size_t		 blank_count;
};

/* transfer_kind - of a Content-Transfer-Encoding; "" is TRANSFER_PLAIN */
enum transfer_kind	transfer_kind(const char *name);
void	transfer_init(struct transfer *t, enum transfer_kind kind);
/* transfer_feed - append what these bytes decode to */
void	transfer_feed(struct transfer *t, const char *data, size_t len,
	    struct buf *out);
/* transfer_end - no more follow; t->defects is complete */
void	transfer_end(struct transfer *t, struct buf *out);

/* transfer_hex - value of a hex digit, -1 when it is none */
int	transfer_hex(int c);

#endif
