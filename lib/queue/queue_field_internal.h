/*
 * queue_field_internal.h - the table of fields, for who looks them up
 */
#ifndef LIB_QUEUE_QUEUE_FIELD_INTERNAL_H
#define LIB_QUEUE_QUEUE_FIELD_INTERNAL_H

#include <stddef.h>

#include "lib/queue/queue_field.h"

extern const struct queue_field queue_fields[];
extern const size_t queue_field_count;

#endif
