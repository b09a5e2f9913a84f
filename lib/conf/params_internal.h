/*
 * params_internal.h - what the files behind params.h share
 */
#ifndef LIB_CONF_PARAMS_INTERNAL_H
#define LIB_CONF_PARAMS_INTERNAL_H

#include "lib/conf/params.h"

/* Generated beside params_rows: each numeric default that is a constant; the
 * rows whose default is not; and row numbers from 1 by the hash of the name. */
extern const struct params params_constants;
extern const unsigned short params_dynamic[];
extern const unsigned params_dynamic_count;
extern const unsigned params_late_count;	/* the last ones: see is_command */
extern const unsigned short params_hash[PARAMS_HASH_SIZE];	/* a power of two */

/* params_note_owner - decide once, while rights are still whole, what params_is_private says */
void	params_note_owner(void);

/*
 * params_store - convert an expanded text, check it, and put it into p
 *
 * name		as messages have it; that of a service differs from the row's
 * unit		of a time without one
 *
 * Strings are not copied. Returns 0, or -1 with ERR_CONFIG.
 */
int	params_store(struct params *p, const struct params_row *row,
	    const char *name, const char *text, char unit, struct err *err);

/*
 * params_raw - text of name in the current load, as written; NULL: not set
 * params_expanded - raw, the text of name, expanded once a load; NULL: it cannot be
 * params_convert - params_store, with the unit that the current load gives row
 */
const char *params_raw(const char *name);
const char *params_expanded(const char *name, const char *raw);
int	params_convert(struct params *p, const struct params_row *row,
	    const char *name, const char *text, struct err *err);

/* params_check_log_json - 0, or -1 when posthorn_log_json names no place for events; params_log.c */
int	params_check_log_json(struct err *err);

/* params_file - "DIR/main.cf" of the current load, for messages */
const char	*params_file(void);

#endif
