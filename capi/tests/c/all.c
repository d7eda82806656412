/*
 * Calls every function of the header, as a program in C does, over a loopback of its own: what can be known without a server,
 * bad input first of all. Connections are tried on the emulated board. Ends with 0 if all is as the header says.
 */
#include <stdio.h>
#include <string.h>

#include "bearcub.h"

static int failures;

#define CHECK(condition)                                          \
    do {                                                          \
        if (!(condition)) {                                       \
            printf("line %d: %s\n", __LINE__, #condition);        \
            failures++;                                           \
        }                                                         \
    } while (0)

static int32_t write_answer = BEARCUB_IO_TIMED_OUT, read_answer = BEARCUB_IO_TIMED_OUT, entropy_answer = 0;
static uint64_t clock_ms;
static int64_t date;
static size_t written;

static int32_t receive(void *user, uint8_t *into, size_t size)
{
    CHECK(user == &failures);
    clock_ms += 100;
    if (read_answer > 0) {
        memset(into, 0xff, size);
        return read_answer > (int32_t)size ? read_answer : (int32_t)size;
    }
    return read_answer;
}

static int32_t send(void *user, const uint8_t *data, size_t size)
{
    (void)user, (void)data;
    clock_ms += 100;
    if (write_answer > 0) {
        written += size;
        return (int32_t)size;
    }
    return write_answer;
}

static uint64_t uptime(void *user)
{
    (void)user;
    return clock_ms;
}

static int32_t entropy(void *user, uint8_t *into, size_t size)
{
    (void)user;
    for (size_t at = 0; at < size; at++) {
        into[at] = (uint8_t)(at * 37 + 11);
    }
    return entropy_answer;
}

static int64_t now(void *user)
{
    (void)user;
    return date;
}

static void step(void *user)
{
    (void)user;
}

static BEARCUB_MEMORY(memory, BEARCUB_TLS_SIZE(1024, 512));
static BEARCUB_MEMORY(scratch, BEARCUB_SCRATCH_ANCHORS);
static BEARCUB_MEMORY(session_memory, BEARCUB_MQTT_SIZE(128, 128, 256));

static const bearcub_board board = {&failures, receive, send, uptime, entropy, now, step};
static bearcub_tls_config config;

static int32_t connect(void)
{
    bearcub_tls *tls = (bearcub_tls *)&failures;
    int32_t error = bearcub_tls_connect(&tls, memory, sizeof memory, scratch, sizeof scratch, &board, &config);
    CHECK(tls == NULL);
    return error;
}

static void usual(void)
{
    static const char *const pins[] = {"25b41b506e4930952823a6eb9f1d31def645ea38a5c6c6a96d71957e384df058"};
    memset(&config, 0, sizeof config);
    config.server_name = "mqtt.example.org";
    config.algorithms = bearcub_algorithms_default();
    config.trust = bearcub_trust_pins;
    config.pins = pins;
    config.pin_count = 1;
    config.input = 1024;
    config.output = 512;
    config.timeout_ms = 5000;
    written = 0;
}

static void tls_configurations(void)
{
    static const char *const names[] = {"mqtt", "x-amzn-mqtt-ca", "a", "b", "c"};
    static const uint8_t rubbish[BEARCUB_SESSION_SIZE] = {0xff};
    static const bearcub_bytes certificates[4] = {{rubbish, 92}, {rubbish, 92}, {rubbish, 92}, {rubbish, 92}};
    static const uint32_t erased[16] = {0xffffffff};
    static const char latin[] = "caf\xe9";
    static const char *const bad_pins[] = {"1234"};
    static const char *const null_pins[] = {NULL};
    bearcub_tls *tls;

    /* The server does not answer: the time is up. It was told something, and only because all else was right. */
    usual();
    write_answer = 1;
    CHECK(connect() == BEARCUB_ERROR_TIMEOUT);
    CHECK(written > 100);
    usual();
    config.algorithms = bearcub_algorithms_p256();
    config.trust = bearcub_trust_learn;
    config.alpn = names;
    config.alpn_count = 2;
    CHECK(connect() == BEARCUB_ERROR_TIMEOUT);

    /* The network's answers. */
    usual();
    write_answer = BEARCUB_IO_LOST;
    CHECK(connect() == 31);
    write_answer = 0;
    CHECK(connect() == 31);
    write_answer = 1;
    read_answer = 0;
    CHECK(connect() == -1400);
    read_answer = 100000;
    CHECK(connect() == 31);
    read_answer = 1;
    CHECK(connect() != 0);
    read_answer = BEARCUB_IO_TIMED_OUT;

    /* What is known before anything is sent. */
#define REFUSED(change, number)                \
    do {                                       \
        usual();                               \
        change;                                \
        CHECK(connect() == (number));          \
        CHECK(written == 0);                   \
    } while (0)
    REFUSED(config.server_name = NULL, BEARCUB_ERROR_NULL);
    REFUSED(config.server_name = latin, BEARCUB_ERROR_TEXT);
    REFUSED(config.server_name = "", -1260);
    REFUSED(config.algorithms = NULL, BEARCUB_ERROR_NULL);
    REFUSED(config.trust = NULL, BEARCUB_ERROR_NULL);
    REFUSED(config.pins = NULL, BEARCUB_ERROR_NULL);
    REFUSED(config.pin_count = 0, -1004);
    REFUSED(config.pin_count = BEARCUB_PINS + 1, BEARCUB_ERROR_VALUE);
    REFUSED(config.pin_count = SIZE_MAX, BEARCUB_ERROR_SIZE);
    REFUSED(config.pins = bad_pins, -1240);
    REFUSED(config.pins = null_pins, BEARCUB_ERROR_NULL);
    REFUSED(config.input = 100, -1100);
    REFUSED(config.output = 100, -1101);
    REFUSED(config.input = 2048, BEARCUB_ERROR_SIZE);
    REFUSED(config.input = SIZE_MAX, BEARCUB_ERROR_VALUE);
    REFUSED((config.alpn = names, config.alpn_count = 5), BEARCUB_ERROR_VALUE);
    REFUSED(config.alpn_count = 1, BEARCUB_ERROR_NULL);
    REFUSED((config.alpn = null_pins, config.alpn_count = 1), BEARCUB_ERROR_NULL);
    REFUSED(config.session = rubbish, -1254);
    REFUSED(config.trust = bearcub_trust_anchors, -1004);
    date = 0;
    REFUSED((config.trust = bearcub_trust_anchors, config.anchor_count = 1, config.anchors = NULL), BEARCUB_ERROR_NULL);
    REFUSED((config.trust = bearcub_trust_anchors, config.anchor_count = 9, config.anchors = certificates),
            BEARCUB_ERROR_VALUE);
    REFUSED((config.trust = bearcub_trust_anchors, config.anchor_count = 1, config.anchors = certificates), -1213);
    REFUSED((config.trust = bearcub_trust_anchors_and_pins, config.anchor_count = 0), -1004);
    REFUSED(config.identity = bearcub_identity_ec, -1003);
    REFUSED((config.identity = bearcub_identity_rsa, config.key = certificates[0]), -1111);
    REFUSED((config.identity = bearcub_identity_ec, config.key = certificates[0], config.certificate_count = 4,
             config.certificates = certificates), -1111);
    REFUSED(config.identity = bearcub_identity_ec_image, -1003);
    REFUSED((config.identity = bearcub_identity_ec_image, config.image = erased, config.image_size = sizeof erased), -1003);
    REFUSED((config.identity = bearcub_identity_rsa_image, config.image = (const uint32_t *)((uintptr_t)erased + 1)),
            BEARCUB_ERROR_HANDLE);
    entropy_answer = -1;
    REFUSED(config.timeout_ms = 1, 8);
    entropy_answer = 0;

    /* The call's own arguments. */
    usual();
    CHECK(bearcub_tls_connect(NULL, memory, sizeof memory, scratch, sizeof scratch, &board, &config) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_tls_connect(&tls, NULL, sizeof memory, scratch, sizeof scratch, &board, &config) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_tls_connect(&tls, memory, 64, scratch, sizeof scratch, &board, &config) == BEARCUB_ERROR_SIZE);
    CHECK(bearcub_tls_connect(&tls, memory, sizeof memory, NULL, sizeof scratch, &board, &config) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_tls_connect(&tls, memory, sizeof memory, scratch, 64, &board, &config) == -1102);
    CHECK(bearcub_tls_connect(&tls, memory, sizeof memory, scratch, sizeof scratch, NULL, &config) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_tls_connect(&tls, memory, sizeof memory, scratch, sizeof scratch, &board, NULL) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_tls_connect(&tls, (uint8_t *)memory + 1, sizeof memory - 8, scratch, sizeof scratch, &board, &config) ==
          BEARCUB_ERROR_HANDLE);
    for (size_t missing = 0; missing < 4; missing++) {
        bearcub_board lacking = board;
        switch (missing) {
        case 0:
            lacking.read = NULL;
            break;
        case 1:
            lacking.write = NULL;
            break;
        case 2:
            lacking.uptime = NULL;
            break;
        default:
            lacking.entropy = NULL;
        }
        CHECK(bearcub_tls_connect(&tls, memory, sizeof memory, scratch, sizeof scratch, &lacking, &config) ==
              BEARCUB_ERROR_NULL);
        CHECK(tls == NULL);
    }
    CHECK(bearcub_tls_size(1024, 512) == BEARCUB_TLS_SIZE(1024, 512));
    CHECK(bearcub_tls_size(SIZE_MAX, 512) == SIZE_MAX);
}

static void handles(void)
{
    static uint64_t zeros[64];
    uint8_t bytes[BEARCUB_SESSION_SIZE];
    char pin[BEARCUB_PIN_SIZE];
    bearcub_tls_info info;
    size_t length = 7;
    bearcub_tls *bad[] = {NULL, (bearcub_tls *)zeros, (bearcub_tls *)((uintptr_t)zeros + 1)};
    int32_t expected[] = {BEARCUB_ERROR_NULL, BEARCUB_ERROR_HANDLE, BEARCUB_ERROR_HANDLE};

    for (size_t at = 0; at < 3; at++) {
        CHECK(bearcub_tls_read(bad[at], bytes, 1, &length) == expected[at]);
        CHECK(bearcub_tls_write(bad[at], bytes, 1, &length) == expected[at]);
        CHECK(bearcub_tls_flush(bad[at]) == expected[at]);
        CHECK(bearcub_tls_close(bad[at]) == expected[at]);
        CHECK(bearcub_tls_drop(bad[at]) == expected[at]);
        CHECK(bearcub_tls_session(bad[at], bytes) == expected[at]);
        CHECK(bearcub_tls_learned(bad[at], pin) == expected[at]);
        CHECK(bearcub_tls_about(bad[at], &info) == expected[at]);
        CHECK(bearcub_mqtt_close((bearcub_mqtt *)bad[at]) == expected[at]);
    }
}

static void mqtt(void)
{
    static const char latin[] = "caf\xe9";
    bearcub_mqtt_options options;
    bearcub_mqtt *session = NULL;
    bearcub_mqtt_event event;
    uint16_t id = 7;
    uint32_t wait = 7;
    uint8_t settled = 7, kept = 7;

    memset(&options, 0, sizeof options);
    options.client_id = "sensor-7";
    options.user_name = "plant";
    options.password.data = (const uint8_t *)"a password";
    options.password.length = 10;
    options.will_topic = "plant/7/state";
    options.will_payload.data = (const uint8_t *)"gone";
    options.will_payload.length = 4;
    options.keep_alive_s = 60;
    options.response_timeout_ms = 1000;
    options.input = options.output = 128;
    options.store = 256;
#define OPENED(change, number)                                                                            \
    do {                                                                                                  \
        bearcub_mqtt_options changed = options;                                                           \
        change;                                                                                           \
        CHECK(bearcub_mqtt_open(&session, session_memory, sizeof session_memory, &changed) == (number));  \
        CHECK((session == NULL) == ((number) != 0));                                                      \
    } while (0)
    OPENED(changed.client_id = NULL, BEARCUB_ERROR_NULL);
    OPENED(changed.client_id = latin, BEARCUB_ERROR_TEXT);
    OPENED(changed.will_qos = 3, BEARCUB_ERROR_VALUE);
    OPENED(changed.overflow = 3, BEARCUB_ERROR_VALUE);
    OPENED(changed.input = 1024, BEARCUB_ERROR_SIZE);
    OPENED(changed.input = 8, -1100);
    OPENED(changed.user_name = NULL, -2209);
    OPENED(changed.will_topic = "a/#", -2203);
    CHECK(bearcub_mqtt_open(NULL, session_memory, sizeof session_memory, &options) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_mqtt_open(&session, NULL, sizeof session_memory, &options) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_mqtt_open(&session, session_memory, sizeof session_memory, NULL) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_mqtt_size(128, 128, 256) == BEARCUB_MQTT_SIZE(128, 128, 256));
    OPENED(changed.persistent = 1, 0);

    /* Without a connection messages wait, and the rest says so. */
    CHECK(bearcub_mqtt_subscribe(session, "plant/7/cmd", 1, &id) == 0 && id != 0);
    CHECK(bearcub_mqtt_subscribe(session, "plant/7/cmd", 3, &id) == BEARCUB_ERROR_VALUE && id == 0);
    CHECK(bearcub_mqtt_subscribe(session, NULL, 1, NULL) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_mqtt_subscribe(session, "a/#/b", 1, NULL) < -2199);
    CHECK(bearcub_mqtt_unsubscribe(session, "plant/7/cmd", &id) == 0);
    CHECK(bearcub_mqtt_unsubscribe(session, "other", NULL) < -2199);
    CHECK(bearcub_mqtt_publish(session, "plant/7/temp", (const uint8_t *)"21.5", 4, 1, 0, &id) == 0 && id != 0);
    CHECK(bearcub_mqtt_publish(session, "plant/7/temp", NULL, 4, 1, 0, &id) == BEARCUB_ERROR_NULL && id == 0);
    CHECK(bearcub_mqtt_publish(session, "plant/+", NULL, 0, 1, 0, NULL) < -2199);
    CHECK(bearcub_mqtt_publish(session, "plant/7/temp", NULL, 0, 9, 0, NULL) == BEARCUB_ERROR_VALUE);
    CHECK(bearcub_mqtt_is_settled(session, &settled) == 0 && settled == 0);
    CHECK(bearcub_mqtt_is_settled(session, NULL) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_mqtt_deadline(session, &wait) == 0 && wait == BEARCUB_NO_DEADLINE);
    CHECK(bearcub_mqtt_deadline(session, NULL) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_mqtt_poll(session, 10, &event) == -1401 && event.kind == BEARCUB_MQTT_NOTHING);
    CHECK(bearcub_mqtt_poll(session, 10, NULL) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_mqtt_connect(session, NULL, &kept) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_mqtt_disconnect(session) == -1401);
    CHECK(bearcub_mqtt_lost(session) == 0);
    CHECK(bearcub_mqtt_close(session) == 0);
    CHECK(bearcub_mqtt_close(session) == BEARCUB_ERROR_HANDLE);
    CHECK(bearcub_mqtt_lost(session) == BEARCUB_ERROR_HANDLE);
}

static void backoff(void)
{
    bearcub_backoff backoff;
    uint32_t wait = 0;
    uint8_t contested = 7;

    CHECK(bearcub_backoff_init(NULL, 1000, 60000) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_backoff_init(&backoff, 1000, 60000) == 0);
    CHECK(bearcub_backoff_connected(&backoff, 5) == 0);
    CHECK(bearcub_backoff_connected(NULL, 5) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_backoff_failed(&backoff, -1002, 10, 0xffffffff, &wait, &contested) == 0);
    CHECK(wait == 1000 && contested == 0);
    CHECK(bearcub_backoff_failed(&backoff, 1, 10, 0xffffffff, &wait, NULL) == 0 && wait == 60000);
    CHECK(bearcub_backoff_failed(&backoff, 123456, 10, 0xffffffff, &wait, NULL) == 0 && wait == 60000);
    CHECK(bearcub_backoff_failed(&backoff, -1002, 10, 0, NULL, NULL) == 0);
    CHECK(bearcub_backoff_failed(NULL, -1002, 10, 0, &wait, NULL) == BEARCUB_ERROR_NULL);
}

static void errors(void)
{
    char text[400];
    char small[8];
    size_t whole = bearcub_error_text(1, text, sizeof text);
    CHECK(strcmp(text, "the server's key is none of the pinned ones") == 0 && whole == strlen(text));
    CHECK(bearcub_error_text(1, small, sizeof small) == whole && strcmp(small, "the ser") == 0);
    CHECK(bearcub_error_text(1, NULL, 0) == whole && bearcub_error_text(1, NULL, 9) == whole);
    CHECK(bearcub_error_text(BEARCUB_ERROR_BUSY, text, sizeof text) > 0 && strstr(text, "callback") != NULL);
    CHECK(bearcub_error_text(-123456, text, sizeof text) > 0 && strstr(text, "-123456") != NULL);
    CHECK(bearcub_error_text(0, text, sizeof text) > 0);
    CHECK(bearcub_error_explain(-1114, text, sizeof text) > 0 && strstr(text, "sntp") != NULL);
    CHECK(bearcub_error_explain(BEARCUB_ERROR_SIZE, text, sizeof text) > 0);
    CHECK(bearcub_error_explain(-123456, text, sizeof text) > 0);
}

int main(void)
{
    tls_configurations();
    handles();
    mqtt();
    backoff();
    errors();
    if (failures == 0) {
        printf("all is well\n");
    }
    return failures != 0;
}
