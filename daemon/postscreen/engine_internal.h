/*
 * engine_internal.h - between engine.c, which reads lines, and engine_verbs.c, which answers them
 */
#ifndef DAEMON_POSTSCREEN_ENGINE_INTERNAL_H
#define DAEMON_POSTSCREEN_ENGINE_INTERNAL_H

struct engine;

#define ENGINE_VERB_CLEAR	1	/* also where TLS is required */
#define ENGINE_VERB_RCPT	2	/* names a recipient: the tests end here */

struct engine_verb {
	const char	*name;
	unsigned	 flags;
	void		(*run)(struct engine *e, const char *args);
};

/* engine_verb_find - by name in any case; NULL when it is not known */
const struct engine_verb *engine_verb_find(const char *name);

/* engine_say - a reply, as soft_bounce and footers leave it */
void	engine_say(struct engine *e, const char *text);
/* engine_close - a reply, then hang up */
void	engine_close(struct engine *e, const char *text);
/* engine_forget_mail - the sender, that is: RSET and all that implies it */
void	engine_forget_mail(struct engine *e);

#endif
