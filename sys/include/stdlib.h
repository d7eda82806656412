/* BearSSL wants nothing from this header on a target without a C library. */
#ifndef BEARCUB_STDLIB_H
#define BEARCUB_STDLIB_H

#include <stddef.h>

#endif
