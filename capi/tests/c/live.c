/*
 * A program in C at a real broker, over sockets: live HOST PORT PIN. Learns the pin, speaks through TLS by itself, then MQTT with
 * QoS 2. Ends with 0 if all is as the header says.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "bearcub.h"

#define CHECK(condition)                                       \
    do {                                                       \
        if (!(condition)) {                                    \
            printf("line %d: %s\n", __LINE__, #condition);     \
            exit(1);                                           \
        }                                                      \
    } while (0)

static int tcp = -1;
static unsigned steps;
static bearcub_mqtt *busy;

static int32_t moved(ssize_t length)
{
    if (length >= 0) {
        return (int32_t)length;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK ? BEARCUB_IO_TIMED_OUT : BEARCUB_IO_LOST;
}

static int32_t receive(void *user, uint8_t *into, size_t size)
{
    uint32_t wait;
    (void)user;
    if (busy != NULL) {
        CHECK(bearcub_mqtt_deadline(busy, &wait) == BEARCUB_ERROR_BUSY);
    }
    return moved(recv(tcp, into, size, 0));
}

static int32_t transmit(void *user, const uint8_t *data, size_t size)
{
    (void)user;
    return moved(send(tcp, data, size, MSG_NOSIGNAL));
}

static uint64_t uptime(void *user)
{
    struct timespec now;
    (void)user;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int32_t entropy(void *user, uint8_t *into, size_t size)
{
    FILE *file = fopen("/dev/urandom", "rb");
    size_t got = file == NULL ? 0 : fread(into, 1, size, file);
    (void)user;
    if (file != NULL) {
        fclose(file);
    }
    return got == size ? 0 : -1;
}

static void step(void *user)
{
    (void)user;
    steps++;
}

static const bearcub_board board = {NULL, receive, transmit, uptime, entropy, NULL, step};
static BEARCUB_MEMORY(memory, BEARCUB_TLS_SIZE(1024, 512));
static BEARCUB_MEMORY(scratch, BEARCUB_SCRATCH_PINS);
static BEARCUB_MEMORY(session_memory, BEARCUB_MQTT_SIZE(128, 64, 512));

static bearcub_tls *connect_with(const char *host, int port, bearcub_trust *trust, const char *pin)
{
    struct timeval wait = {0, 200000};
    struct sockaddr_in address;
    const char *pins[] = {pin};
    bearcub_tls_config config;
    bearcub_tls *tls;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    tcp = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(tcp, (struct sockaddr *)&address, sizeof address) == 0);
    setsockopt(tcp, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    memset(&config, 0, sizeof config);
    config.server_name = host;
    config.algorithms = bearcub_algorithms_default();
    config.trust = trust;
    config.pins = pins;
    config.pin_count = pin != NULL;
    config.input = 1024;
    config.output = 512;
    config.timeout_ms = 20000;
    steps = 0;
    CHECK(bearcub_tls_connect(&tls, memory, sizeof memory, scratch, sizeof scratch, &board, &config) == 0);
    CHECK(tls != NULL && steps > 5);
    return tls;
}

static bearcub_mqtt *open_session(void)
{
    bearcub_mqtt_options options;
    bearcub_mqtt *mqtt;

    memset(&options, 0, sizeof options);
    options.client_id = "live";
    options.keep_alive_s = 60;
    options.response_timeout_ms = 10000;
    options.input = 128;
    options.output = 64;
    options.store = 512;
    CHECK(bearcub_mqtt_open(&mqtt, session_memory, sizeof session_memory, &options) == 0);
    return mqtt;
}

static void learn(const char *host, int port, const char *pin)
{
    bearcub_tls *tls = connect_with(host, port, bearcub_trust_learn, NULL);
    bearcub_mqtt *mqtt = open_session();
    char learned[BEARCUB_PIN_SIZE];
    bearcub_tls_info about;

    CHECK(bearcub_tls_learned(tls, learned) == 0 && strcmp(learned, pin) == 0);
    CHECK(bearcub_tls_learned(tls, NULL) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_tls_about(tls, &about) == 0 && about.suite != 0 && about.fragment_length == 1024 && !about.resumed);
    CHECK(about.alpn == 255);
    /* Nothing is told to a server that is not known. */
    CHECK(bearcub_mqtt_connect(mqtt, tls, NULL) == -2020);
    CHECK(bearcub_mqtt_close(mqtt) == 0);
    CHECK(bearcub_tls_drop(tls) == 0);
    CHECK(bearcub_tls_drop(tls) == BEARCUB_ERROR_HANDLE);
    close(tcp);
}

static void speak(const char *host, int port, const char *pin)
{
    static const uint8_t hello[] = "\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04" "raw!";
    bearcub_tls *tls = connect_with(host, port, bearcub_trust_pins, pin);
    uint8_t answer[8], session[BEARCUB_SESSION_SIZE];
    char learned[BEARCUB_PIN_SIZE];
    size_t length = 0, whole = 0;
    int32_t error;

    CHECK(bearcub_tls_learned(tls, learned) == BEARCUB_ERROR_NOTHING);
    CHECK(bearcub_tls_session(tls, session) == 0 && session[0] == 1);
    CHECK(bearcub_tls_session(tls, NULL) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_tls_read(tls, answer, sizeof answer, &length) == BEARCUB_ERROR_TIMEOUT && length == 0);
    CHECK(bearcub_tls_read(tls, NULL, 1, &length) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_tls_write(tls, hello, sizeof hello - 1, NULL) == BEARCUB_ERROR_NULL);
    CHECK(bearcub_tls_write(tls, hello, sizeof hello - 1, &length) == 0 && length == sizeof hello - 1);
    CHECK(bearcub_tls_flush(tls) == 0);
    while (whole < 4) {
        error = bearcub_tls_read(tls, answer + whole, sizeof answer - whole, &length);
        CHECK(error == 0 || error == BEARCUB_ERROR_TIMEOUT);
        whole += length;
    }
    CHECK(whole == 4 && memcmp(answer, "\x20\x02\x00\x00", 4) == 0);
    CHECK(bearcub_tls_close(tls) == 0);
    CHECK(bearcub_tls_flush(tls) == BEARCUB_ERROR_HANDLE);
    close(tcp);
}

static void mqtt(const char *host, int port, const char *pin)
{
    static uint8_t payload[200];
    bearcub_mqtt *mqtt = open_session();
    bearcub_mqtt_event event;
    unsigned messages = 0, published = 0, subscribed = 0, unsubscribed = 0;
    size_t pieces = 0;
    uint16_t small, large;
    uint8_t kept = 7, settled = 0;
    uint32_t wait;
    bearcub_tls *tls = connect_with(host, port, bearcub_trust_pins, pin);

    CHECK(bearcub_mqtt_connect(mqtt, tls, &kept) == 0 && kept == BEARCUB_MQTT_NEW);
    CHECK(bearcub_mqtt_deadline(mqtt, &wait) == 0 && wait > 30000 && wait <= 60000);
    CHECK(bearcub_mqtt_subscribe(mqtt, "live/#", 2, NULL) == 0);
    busy = mqtt;
    while (subscribed == 0) {
        CHECK(bearcub_mqtt_poll(mqtt, 5000, &event) == 0 && event.kind == BEARCUB_MQTT_SUBSCRIBED);
        CHECK(event.qos == 2 && event.refused == 0);
        subscribed++;
    }
    /* Larger than either buffer, and one that fits. */
    CHECK(bearcub_mqtt_publish(mqtt, "live/large", payload, sizeof payload, 1, 0, &large) == 0);
    CHECK(bearcub_mqtt_publish(mqtt, "live/small", (const uint8_t *)"21.5", 4, 2, 0, &small) == 0);
    CHECK(small != 0 && large != 0 && small != large);
    while (published < 2 || messages < 2) {
        CHECK(bearcub_mqtt_poll(mqtt, 5000, &event) == 0 && event.kind != BEARCUB_MQTT_NOTHING);
        if (event.kind == BEARCUB_MQTT_PUBLISHED) {
            CHECK(event.id == small || event.id == large);
            published++;
        } else if (event.kind == BEARCUB_MQTT_MESSAGE) {
            CHECK(event.topic.length == 10 && memcmp(event.topic.data, "live/small", 10) == 0);
            CHECK(event.payload.length == 4 && memcmp(event.payload.data, "21.5", 4) == 0 && event.qos == 2);
            messages++;
        } else if (event.kind == BEARCUB_MQTT_BEGIN) {
            CHECK(event.length == sizeof payload && event.qos == 1);
        } else {
            CHECK(event.kind == BEARCUB_MQTT_PIECE);
            pieces += event.payload.length;
            messages += event.last;
        }
    }
    CHECK(pieces == sizeof payload);
    CHECK(bearcub_mqtt_unsubscribe(mqtt, "live/#", NULL) == 0);
    while (unsubscribed == 0) {
        CHECK(bearcub_mqtt_poll(mqtt, 5000, &event) == 0);
        unsubscribed += event.kind == BEARCUB_MQTT_UNSUBSCRIBED;
    }
    while (!settled) {
        CHECK(bearcub_mqtt_poll(mqtt, 0, &event) == 0);
        CHECK(bearcub_mqtt_is_settled(mqtt, &settled) == 0);
    }
    busy = NULL;
    CHECK(bearcub_mqtt_disconnect(mqtt) == 0);
    CHECK(bearcub_mqtt_poll(mqtt, 0, &event) == -1401);
    bearcub_tls_close(tls);
    close(tcp);

    /* The connection goes away below the session. */
    tls = connect_with(host, port, bearcub_trust_pins, pin);
    CHECK(bearcub_mqtt_connect(mqtt, tls, NULL) == 0);
    CHECK(bearcub_tls_drop(tls) == 0);
    CHECK(bearcub_mqtt_poll(mqtt, 0, &event) == BEARCUB_ERROR_HANDLE);
    CHECK(bearcub_mqtt_poll(mqtt, 0, &event) == -1401);
    CHECK(bearcub_mqtt_close(mqtt) == 0);
    close(tcp);
}

int main(int count, char **arguments)
{
    CHECK(count == 4);
    learn(arguments[1], atoi(arguments[2]), arguments[3]);
    speak(arguments[1], atoi(arguments[2]), arguments[3]);
    mqtt(arguments[1], atoi(arguments[2]), arguments[3]);
    printf("all is well\n");
    return 0;
}
