/*
 * What a sensor does with bearcub, on whatever board: connects, publishes a reading every ten seconds, obeys a command, comes
 * back after every failure. Three programs give it a network, a clock and the rest: rtos/main/main.c, arduino/…/Sensor.ino and
 * emulator/main.c.
 */
#ifndef FIRMWARE_H
#define FIRMWARE_H

#include "bearcub.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of plaintext in a record; a server that agrees to the fragment length sends no larger ones. */
#define FIRMWARE_RECORD_IN 1024
#define FIRMWARE_RECORD_OUT 512
/* Bytes of the longest certificate of the device and of its key, which go through the scratch. */
#define FIRMWARE_IDENTITY_SIZE 1024

/* Where to connect to, whom to trust, who the device is. Everything in it is in RAM but for the image, which is in flash. */
struct firmware_settings {
    const char *host;
    uint16_t port;
    /* The device's own name, and the topics of its readings, of commands for it, and of its state ("on", "gone"). */
    const char *client_id;
    const char *reading_topic;
    const char *command_topic;
    const char *state_topic;
    /* Pins, authorities, or both. */
    const char *const *pins;
    size_t pin_count;
    const bearcub_bytes *anchors;
    size_t anchor_count;
    /* The date of the firmware, in seconds since 1970. */
    int64_t built;
    /* What `bearcub identity --image` wrote, in flash. */
    const uint32_t *image;
    size_t image_size;
};

enum firmware_step {
    FIRMWARE_DIALLING,
    FIRMWARE_SECURED,
    FIRMWARE_RESUMED,
    FIRMWARE_CONNECTED,
    FIRMWARE_PUBLISHED,
    FIRMWARE_FAILED
};

/* What a board does for it; `board.user` is handed to all of them. */
struct firmware_platform {
    bearcub_board board;
    /* A TCP connection: 0, -1001 (no such name) or -1002 (not reached). */
    int32_t (*dial)(void *user, const char *host, uint16_t port);
    void (*hang_up)(void *user);
    void (*sleep)(void *user, uint32_t ms);
    void (*log)(void *user, const char *line);
    /* The reading as text with a NUL. */
    void (*reading)(void *user, char *into, size_t size);
    void (*command)(void *user, const uint8_t *payload, size_t length);
    /* BEARCUB_SESSION_SIZE bytes that outlive a restart or a deep sleep, such as RTC memory; null for none. */
    uint8_t *session;
    /* May be null. */
    void (*progress)(void *user, enum firmware_step step, int32_t error);
    /* 0 to end; null for never. */
    int (*running)(void *user);
};

/* Runs; returns 0 when `running` says so, or at once an error that no retry mends because the settings lack something: it has been
   logged. */
int32_t firmware_run(const struct firmware_settings *settings, const struct firmware_platform *platform);

/* Bytes of stack that firmware_run takes, with what a network callback takes above it. */
#define FIRMWARE_STACK 8192

/* Calls `work` on another stack, which ends below `top` (aligned to 16 bytes). */
void on_stack(void *top, void (*work)(void *argument), void *argument);

#ifdef __cplusplus
}
#endif

#endif
