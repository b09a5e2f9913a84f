/*
 * tls_level.h - how much TLS a server of ours wants, as main.cf says
 */
#ifndef DAEMON_SERVE_TLS_LEVEL_H
#define DAEMON_SERVE_TLS_LEVEL_H

#include <stdbool.h>

#include "lib/net/tls_grammar.h"

/*
 * tls_level_of_server - none, may or encrypt
 *
 * name		the parameter with the level, for messages
 * text		its value; empty: the old switches count
 *
 * A word that is no level is fatal; more than a server can ask for is encrypt.
 */
enum tls_level	tls_level_of_server(const char *name, const char *text,
		    bool enforce, bool use);

#endif
