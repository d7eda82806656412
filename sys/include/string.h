/*
 * The string functions that BearSSL calls, for targets without a C library. They are declared here and come from
 * whatever the firmware is linked with: Rust's compiler_builtins provides all of them.
 */
#ifndef BEARCUB_STRING_H
#define BEARCUB_STRING_H

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *string);

#endif
