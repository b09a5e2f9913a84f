/*
 * cyrus.h - the Cyrus SASL library, loaded when it is needed
 *
 * Few processes log anybody in, and none of the others pays for it. So its
 * functions are called by way of a table. Used by the back ends of sasl.h.
 */
#ifndef LIB_NET_CYRUS_H
#define LIB_NET_CYRUS_H

#include <sasl/sasl.h>
#include <sasl/saslutil.h>

struct buf;
struct err;

#define CYRUS_FUNCTIONS(X) \
	X(sasl_client_init) X(sasl_client_new) X(sasl_client_start) \
	X(sasl_client_step) X(sasl_decode64) X(sasl_dispose) \
	X(sasl_errstring) X(sasl_getprop) X(sasl_listmech) X(sasl_server_init) \
	X(sasl_server_new) X(sasl_server_start) X(sasl_server_step) \
	X(sasl_set_path) X(sasl_setprop)

struct cyrus {
#define CYRUS_MEMBER(name)	__typeof__(name) *name;
	CYRUS_FUNCTIONS(CYRUS_MEMBER)
#undef CYRUS_MEMBER
};

/*
 * cyrus_load - the library, which then logs through us
 *
 * config_path	directories for its files, ':' between them, before those of
 *		the system; "" for these alone
 *
 * Returns the functions, valid until the process ends; NULL with err.
 */
const struct cyrus	*cyrus_load(const char *config_path, struct err *err);

/* A callback of any kind as the library's lists have it. */
#define CYRUS_PROC(fn)	((int (*)(void))(void (*)(void))(fn))

/* cyrus_callbacks - for sasl_server_init and sasl_client_init */
const sasl_callback_t	*cyrus_callbacks(void);
/* cyrus_secure - tell conn which mechanisms will do, SASL_* bits of sasl.h; a code of the library */
int	cyrus_secure(const struct cyrus *lib, sasl_conn_t *conn,
	    unsigned security);
/* cyrus_decode - base64 of the other side, in place of out; a code of the library */
int	cyrus_decode(const struct cyrus *lib, struct buf *out,
	    const char *base64);
/* cyrus_explain - text is what code means */
void	cyrus_explain(const struct cyrus *lib, struct buf *text, int code);

#endif
