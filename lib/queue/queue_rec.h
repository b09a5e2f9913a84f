/*
 * queue_rec.h - the record framing of queue files, on bytes in memory
 *
 * type (1 byte), length (7 bits per byte, least first), data. No I/O here:
 * the reader in queue_file.h, the cleanup protocol and the fuzzer share this.
 * Format: spec/queue-format.md 3.
 */
#ifndef LIB_QUEUE_QUEUE_REC_H
#define LIB_QUEUE_QUEUE_REC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct err;

enum queue_rec_type {		/* spec/queue-format.md 3.3 */
	QUEUE_REC_SIZE		= 'C',
	QUEUE_REC_TIME		= 'T',
	QUEUE_REC_CTIME		= 'c',
	QUEUE_REC_FULL		= 'F',
	QUEUE_REC_INSPECT	= 'I',
	QUEUE_REC_FILTER	= 'L',	/* in envelope and extracted segment */
	QUEUE_REC_FROM		= 'S',
	QUEUE_REC_VERP		= 'V',
	QUEUE_REC_WARN		= 'W',
	QUEUE_REC_ATTR		= 'A',
	QUEUE_REC_REDIRECT	= '>',
	QUEUE_REC_ORCPT		= 'O',
	QUEUE_REC_DSN_ORCPT	= 'o',
	QUEUE_REC_DSN_NOTIFY	= 'n',
	QUEUE_REC_DSN_ENVID	= 'i',
	QUEUE_REC_DSN_RET	= '<',
	QUEUE_REC_RCPT		= 'R',
	QUEUE_REC_DONE		= 'D',
	QUEUE_REC_CANCELED	= '/',
	QUEUE_REC_KILLED	= 'K',
	QUEUE_REC_PTR		= 'p',
	QUEUE_REC_PAD		= 'w',
	QUEUE_REC_MESG		= 'M',
	QUEUE_REC_TEXT		= 'N',
	QUEUE_REC_PART		= 'L',	/* in content */
	QUEUE_REC_XTRA		= 'X',
	QUEUE_REC_RRTO		= 'r',
	QUEUE_REC_ERTO		= 'e',
	QUEUE_REC_PRIO		= 'P',
	QUEUE_REC_END		= 'E',
	QUEUE_REC_FLAGS		= 'f'	/* only on the wire to cleanup */
};

/* Sets of types that consumers allow, for strchr (3.3). */
#define QUEUE_REC_ENVELOPE	"MCTcFILSDRO/WVA>K<ion"
#define QUEUE_REC_CONTENT	"XLNw"
#define QUEUE_REC_EXTRACT	"EDRO/PreAFIL>Kon"

#define QUEUE_REC_SIZE_LEN	97	/* whole C record */
#define QUEUE_REC_PTR_LEN	17	/* whole p record */

/* queue_rec_put - append one record in its shortest form */
void	queue_rec_put(struct buf *out, int type, const void *data, size_t len);

/*
 * queue_rec_get - take one record apart
 *
 * data, len	bytes from the record's start on; more may follow
 * at_eof	no bytes exist behind these
 * *used	bytes of the whole record
 *
 * Returns 1; 0 when there is no byte (end) or, without at_eof, too few to
 * decide; -1 with ERR_SYNTAX and the reader's warning without its "PATH: "
 * ("unexpected EOF in data, record type N length N", ...).
 */
int	queue_rec_get(const char *data, size_t len, bool at_eof, int *type,
	    const char **value, size_t *value_len, size_t *used,
	    struct err *err);

/*
 * queue_rec_head - only type and length, as queue_rec_get, so that a reader can
 * judge a length before it makes room for it
 *
 * *head_len	bytes of type and length
 */
int	queue_rec_head(const char *data, size_t len, bool at_eof, int *type,
	    size_t *value_len, size_t *head_len, struct err *err);

/* queue_rec_name - postcat's label, "unknown_record_type" when there is none */
const char	*queue_rec_name(int type);

/*
 * queue_rec_attr - split "name=value" as 3.8 says
 *
 * text		changed in place; name and value point into it
 *
 * Returns NULL, or why not: "missing attribute name", ...
 */
const char	*queue_rec_attr(char *text, char **name, char **value);
/* queue_rec_attr_type - record type that a DSN attribute stands for, 0 if none (3.8) */
int	queue_rec_attr_type(const char *name);

/* queue_rec_number - the decimal number that a value begins with; 0 when there is none, or none that fits */
int64_t	queue_rec_number(const char *value);

/* The size record (3.6). */
struct queue_rec_size {
	long	content_size;	/* field 1 */
	long	data_offset;
	long	rcpt_count;
	long	qmgr_flags;
	long	content_length;	/* field 5, already "same as field 1" when 0 */
	long	sendopts;
	int	fields;		/* how many were there; 1 is a file from before 1.0 */
};
/* queue_rec_size_parse - 0, or -1 with "invalid size record: ...", "weird size record", ... */
int	queue_rec_size_parse(const char *data, struct queue_rec_size *out,
	    struct err *err);
void	queue_rec_size_put(struct buf *out, const struct queue_rec_size *size);
/* queue_rec_ptr_parse - target of a pointer record, -1 when malformed */
off_t	queue_rec_ptr_parse(const char *data, struct err *err);

#endif
