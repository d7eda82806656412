/* The parts of a C library that the firmware and the compiler call; the chip has them in its ROM. */
#include <stddef.h>
#include <stdint.h>

typedef uint32_t __attribute__((may_alias)) word;

static int is_aligned(const void *a, const void *b)
{
    return (((uintptr_t)a | (uintptr_t)b) & 3) == 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
    unsigned char *into = to;
    const unsigned char *out_of = from;
    if (is_aligned(to, from)) {
        for (; length >= 4; length -= 4, into += 4, out_of += 4) {
            *(word *)into = *(const word *)out_of;
        }
    }
    while (length-- > 0) {
        *into++ = *out_of++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t length)
{
    unsigned char *into = to;
    const unsigned char *out_of = from;
    if (into <= out_of) {
        while (length-- > 0) {
            *into++ = *out_of++;
        }
    } else {
        while (length-- > 0) {
            into[length] = out_of[length];
        }
    }
    return to;
}

void *memset(void *to, int value, size_t length)
{
    unsigned char *into = to;
    if (is_aligned(to, to)) {
        word four = (unsigned char)value * 0x01010101u;
        for (; length >= 4; length -= 4, into += 4) {
            *(word *)into = four;
        }
    }
    while (length-- > 0) {
        *into++ = (unsigned char)value;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t length)
{
    const unsigned char *left = a, *right = b;
    for (; length > 0; length--, left++, right++) {
        if (*left != *right) {
            return *left - *right;
        }
    }
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length] != 0) {
        length++;
    }
    return length;
}
