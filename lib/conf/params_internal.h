/*
 * params_internal.h - what the files behind params.h share
 */
#ifndef LIB_CONF_PARAMS_INTERNAL_H
#define LIB_CONF_PARAMS_INTERNAL_H

/* params_note_owner - decide once, while rights are still whole, what params_is_private says */
void	params_note_owner(void);

/* params_file - "DIR/main.cf" of the current load, for messages */
const char	*params_file(void);

#endif
