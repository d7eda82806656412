/*
 * bearcub: TLS 1.2 and MQTT 3.1.1 for small devices; the C interface.
 *
 * CONVENTIONS
 *
 * Return value. A function of type int32_t returns 0 if all went well, and an error number otherwise. The numbers are those of
 * the Rust library (its module `error` lists them: negative ones are the program's, the network's and MQTT's, 1 to 767 those of
 * TLS as BearSSL counts them), and the BEARCUB_ERROR_... below. `bearcub_error_text` says any of them in a sentence. Null
 * pointers, sizes that are too small and numbers out of range are such errors; no function ends the program for them.
 *
 * Memory. Nothing is allocated: every byte is handed in. Memory for handles and for scratch is aligned to 8 bytes, which
 * BEARCUB_MEMORY sees to. It belongs to the library until the handle is closed; what a closed handle was made of may be used
 * again. A handle that is closed, or was never opened, is refused as long as its memory is not used for something else.
 *
 * Pointers are valid during the call and may be forgotten after it, where it is not said otherwise. Strings are UTF-8 and end
 * with a NUL. On an ESP8266 everything that a pointer names is in RAM, as its flash is read in words only; the one exception is
 * the image of an identity.
 *
 * Threads. A connection and the session over it are used by one thread at a time. A callback may not call a function for the
 * connection that it serves (BEARCUB_ERROR_BUSY).
 *
 * Time is milliseconds where a name ends with _ms, seconds where it ends with _s.
 *
 * A BOARD'S PROGRAM, in this order: fill a `bearcub_board`; `bearcub_mqtt_open` once; then, as often as it takes: connect TCP,
 * `bearcub_tls_connect`, `bearcub_mqtt_connect`, publish, subscribe and `bearcub_mqtt_poll`; after an error
 * `bearcub_mqtt_lost`, `bearcub_tls_drop`, close TCP, and wait as `bearcub_backoff_failed` says.
 */
#ifndef BEARCUB_H
#define BEARCUB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Errors of this interface's own. */

/* A pointer that must not be null is null. */
#define BEARCUB_ERROR_NULL (-1600)
/* A piece of memory is smaller than it must be. */
#define BEARCUB_ERROR_SIZE (-1601)
/* A string is not UTF-8. */
#define BEARCUB_ERROR_TEXT (-1602)
/* A number is out of its range: a QoS above 2, too many pins. */
#define BEARCUB_ERROR_VALUE (-1603)
/* The handle is not open, or memory is not aligned to 8 bytes (an image: to 4). */
#define BEARCUB_ERROR_HANDLE (-1604)
/* The function was called from a callback of the same connection. */
#define BEARCUB_ERROR_BUSY (-1605)
/* What was asked for is not there. */
#define BEARCUB_ERROR_NOTHING (-1606)
/* The Rust library's number for a deadline that has passed; of `bearcub_tls_read`, `_write` and `_flush`: nothing came or went in
   the time that the callback waits, and the call may be repeated. */
#define BEARCUB_ERROR_TIMEOUT (-1005)

/* Answers of the callbacks `read` and `write`. */

/* Nothing came or went in the time that the callback waits. */
#define BEARCUB_IO_TIMED_OUT (-1)
/* The connection is lost; so is any other negative number. */
#define BEARCUB_IO_LOST (-2)

/* Limits and sizes, in bytes where they are sizes. */

/* Bytes of a stored session. */
#define BEARCUB_SESSION_SIZE 92
/* Bytes of a learned pin as text, with its NUL. */
#define BEARCUB_PIN_SIZE 65
/* The most pins, trust anchors and protocol names of a connection. */
#define BEARCUB_PINS 4
#define BEARCUB_ANCHORS 8
#define BEARCUB_ALPN 4
/* Messages of QoS 1 and 2 that can be under way in each direction, and subscriptions that are remembered. */
#define BEARCUB_MQTT_SLOTS 4
#define BEARCUB_MQTT_SUBSCRIPTIONS 4
/* What a record buffer has beyond the plaintext. */
#define BEARCUB_RECORD_OVERHEAD 34

#if UINTPTR_MAX > 0xffffffffu
#define BEARCUB_TLS_STATE 4608
#define BEARCUB_MQTT_STATE 768
#define BEARCUB_SCRATCH_PINS 1664
#define BEARCUB_SCRATCH_ANCHORS 4096
#else
#define BEARCUB_TLS_STATE 3840
#define BEARCUB_MQTT_STATE 480
/* Scratch of a handshake with pins, or one that learns. An identity in an image takes the larger of its whole chain and its key
   more. */
#define BEARCUB_SCRATCH_PINS 1280
/* The same with trust anchors. */
#define BEARCUB_SCRATCH_ANCHORS 3520
#endif

/* Bytes of a connection with records of that much plaintext, as bearcub_tls_size says. */
#define BEARCUB_TLS_SIZE(input, output) (BEARCUB_TLS_STATE + (input) + (output) + 2 * (BEARCUB_RECORD_OVERHEAD + 8))
/* Bytes of a session with buffers and a store of these sizes, as bearcub_mqtt_size says. */
#define BEARCUB_MQTT_SIZE(input, output, store) (BEARCUB_MQTT_STATE + (input) + (output) + (store) + 3 * 8)
/* Defines memory that is aligned: static BEARCUB_MEMORY(memory, BEARCUB_TLS_SIZE(1024, 512)); */
#define BEARCUB_MEMORY(name, size) uint64_t name[((size) + 7) / 8]

typedef struct bearcub_tls bearcub_tls;
typedef struct bearcub_mqtt bearcub_mqtt;
typedef struct bearcub_algorithms bearcub_algorithms;
typedef struct bearcub_attempt bearcub_attempt;
typedef struct bearcub_chosen bearcub_chosen;
typedef struct bearcub_tls_config bearcub_tls_config;

/* Bytes somewhere; `data` may be null if `length` is 0. */
typedef struct bearcub_bytes {
    const uint8_t *data;
    size_t length;
} bearcub_bytes;

/* What the firmware does for the library. It is copied when a connection is made. */
typedef struct bearcub_board {
    /* Handed to every callback. */
    void *user;
    /* Puts up to `size` bytes that came over TCP into `into`, and returns how many; 0 when the other side has ended the
       connection. Waits for them a while (half a second, say), then returns BEARCUB_IO_TIMED_OUT. BEARCUB_IO_LOST if the
       connection is lost. */
    int32_t (*read)(void *user, uint8_t *into, size_t size);
    /* Sends up to `size` bytes over TCP, and returns how many: 1 at least, or as `read` does. */
    int32_t (*write)(void *user, const uint8_t *data, size_t size);
    /* Milliseconds since some start; never goes back, and does not wrap around. */
    uint64_t (*uptime)(void *user);
    /* Fills `into` with `size` bytes that nobody can predict, and returns 0; anything else if there are none, and then nothing is
       sent (error 8). On an ESP8266 the hardware's generator is random only while the radio is on. */
    int32_t (*entropy)(void *user, uint8_t *into, size_t size);
    /* Seconds since 1970-01-01 in UTC; 0 or less if the firmware does not know, and then trust anchors refuse (error -1114). May
       be null, which is the same. */
    int64_t (*time)(void *user);
    /* Called between the steps of a handshake: the moment to feed a watchdog. May be null. */
    void (*step)(void *user);
} bearcub_board;

/* Whom to trust, and who the device is: the address of one of the functions below. Only those that a program names are linked. The
   library calls them; a program does not. */
typedef int32_t bearcub_trust(const bearcub_tls_config *config, bearcub_attempt *attempt);
typedef int32_t bearcub_identity(const bearcub_tls_config *config, bearcub_chosen *chosen);

/* What a connection is to be. Fill it with 0 first; everything that may be 0 or null says so. */
struct bearcub_tls_config {
    /* The server's name: a DNS name, or an IP address in its usual form. */
    const char *server_name;
    /* bearcub_algorithms_default() or one of its kind. */
    const bearcub_algorithms *algorithms;
    /* bearcub_trust_pins or one of its kind. There is no default. */
    bearcub_trust *trust;
    /* Up to BEARCUB_PINS texts: 64 hexadecimal digits (SHA-256 of the SubjectPublicKeyInfo), "sha256//" and base64, or 40
       digits as Tasmota has them. For trust with pins; else null and 0. */
    const char *const *pins;
    size_t pin_count;
    /* Up to BEARCUB_ANCHORS authorities: each a certificate, or a SubjectPublicKeyInfo, in DER. For trust with anchors; else null
       and 0. */
    const bearcub_bytes *anchors;
    size_t anchor_count;
    /* Seconds since 1970 that have certainly passed, such as the firmware's date; a clock that says less is not believed (error
       -1115). May be 0. */
    int64_t not_before;
    /* bearcub_identity_ec or one of its kind; null for none. */
    bearcub_identity *identity;
    /* 1 to 3 certificates in DER, the device's own first, and its private key in DER (SEC1, PKCS#1 or PKCS#8). For an identity
       in memory; else null and 0. */
    const bearcub_bytes *certificates;
    size_t certificate_count;
    bearcub_bytes key;
    /* An image that `bearcub identity --image` wrote, aligned to 4 bytes; may be in an ESP8266's flash. `image_size` is how many
       bytes are there for it. For an identity in an image; else null and 0. */
    const uint32_t *image;
    size_t image_size;
    /* Up to BEARCUB_ALPN names to offer by ALPN (RFC 7301), the preferred one first; null and 0 for none. */
    const char *const *alpn;
    size_t alpn_count;
    /* BEARCUB_SESSION_SIZE bytes from bearcub_tls_session, to resume that session; null for a full handshake. */
    const uint8_t *session;
    /* Bytes of plaintext in a record, in and out: 512 to 16384 each. `input` picks the fragment length that is offered. */
    size_t input;
    size_t output;
    /* Milliseconds that the handshake may take. */
    uint32_t timeout_ms;
};

/* What client and server agreed on. */
typedef struct bearcub_tls_info {
    /* The number of the cipher suite. */
    uint16_t suite;
    /* The number of the key exchange's group; 0 where a session was resumed. */
    uint16_t group;
    /* Bytes of the fragment length; 0 if the server ignored the offer. */
    uint16_t fragment_length;
    /* Index of the protocol name that the server chose; 255 for none. */
    uint8_t alpn;
    /* 1 if the session that was offered has been resumed. */
    uint8_t resumed;
    /* 1 if the server asked for a client certificate. */
    uint8_t certificate_requested;
} bearcub_tls_info;

/* TRUST */

/* The server has one of the pinned keys. Its name and its certificate's dates are not looked at. */
int32_t bearcub_trust_pins(const bearcub_tls_config *config, bearcub_attempt *attempt);
/* The server's certificate is for its name, valid now, and from one of the authorities. Needs the time. */
int32_t bearcub_trust_anchors(const bearcub_tls_config *config, bearcub_attempt *attempt);
/* Both. */
int32_t bearcub_trust_anchors_and_pins(const bearcub_tls_config *config, bearcub_attempt *attempt);
/* Whoever answers, once: bearcub_tls_learned then has the pin to store and to demand from then on. MQTT refuses such a connection
   (error -2020), so that no password goes to a server that is not known. */
int32_t bearcub_trust_learn(const bearcub_tls_config *config, bearcub_attempt *attempt);

/* IDENTITY */

/* An EC key on P-256 and its certificates, in memory. */
int32_t bearcub_identity_ec(const bearcub_tls_config *config, bearcub_chosen *chosen);
/* The same, in an image; read into the scratch when it is used. */
int32_t bearcub_identity_ec_image(const bearcub_tls_config *config, bearcub_chosen *chosen);
/* An RSA key and its certificates, in memory. */
int32_t bearcub_identity_rsa(const bearcub_tls_config *config, bearcub_chosen *chosen);
/* The same, in an image. */
int32_t bearcub_identity_rsa_image(const bearcub_tls_config *config, bearcub_chosen *chosen);

/* ALGORITHMS */

/* ECDHE with AES-128-GCM over x25519, P-256 or P-384, for servers with ECDSA or RSA certificates. */
const bearcub_algorithms *bearcub_algorithms_default(void);
/* The same over P-256 alone, and for servers whose own key is on that curve or RSA: less code. */
const bearcub_algorithms *bearcub_algorithms_p256(void);

/* TLS */

/* Bytes of memory for a connection with records of that much plaintext. */
size_t bearcub_tls_size(size_t input, size_t output);

/* Connects over a TCP connection that the firmware has made.
 *
 * `memory` has bearcub_tls_size(config->input, config->output) bytes and belongs to the connection until it is closed; `scratch`
 * has BEARCUB_SCRATCH_PINS or BEARCUB_SCRATCH_ANCHORS bytes, and is the program's again when this returns. `*tls` is the
 * connection; null after an error.
 *
 * Returns BEARCUB_ERROR_NULL, _SIZE, _TEXT, _VALUE, _HANDLE; what is wrong with the configuration (-1003, -1004, -1100 to -1299);
 * 8 without entropy; -1114 without the time; 1 for a server whose key is not pinned, 33 to 62 for a certificate that is not
 * acceptable; 256 + the alert for a refusal by the server; -1005 when the time is up; 31, -1400 for the network; any other number of
 * TLS. Nothing that the program has to say was sent then. */
int32_t bearcub_tls_connect(bearcub_tls **tls, void *memory, size_t memory_size, void *scratch, size_t scratch_size,
                            const bearcub_board *board, const bearcub_tls_config *config);

/* Reads up to `size` bytes; `*length` is how many. 0 of them with the return value 0 is the server's orderly end.
 * Returns BEARCUB_ERROR_TIMEOUT if nothing has come, -1400 if the connection was cut, any number of TLS. */
int32_t bearcub_tls_read(bearcub_tls *tls, uint8_t *into, size_t size, size_t *length);

/* Takes up to `size` bytes to send; `*length` is how many. They go out when a record is full, or with bearcub_tls_flush.
 * Returns BEARCUB_ERROR_TIMEOUT if nothing could be taken, -1401 after the end, any number of TLS. */
int32_t bearcub_tls_write(bearcub_tls *tls, const uint8_t *data, size_t size, size_t *length);

/* Sends what was written. Returns BEARCUB_ERROR_TIMEOUT if not all of it could be sent: call it again. */
int32_t bearcub_tls_flush(bearcub_tls *tls);

/* Sends what was written and says goodbye, then wipes the memory; the handle is closed, whatever is returned. */
int32_t bearcub_tls_close(bearcub_tls *tls);

/* Wipes the memory without a word to the server; the handle is closed. */
int32_t bearcub_tls_drop(bearcub_tls *tls);

/* Puts what it takes to resume the session into `into`, BEARCUB_SESSION_SIZE bytes. They are a secret. BEARCUB_ERROR_NOTHING if the
 * server does not offer it. */
int32_t bearcub_tls_session(bearcub_tls *tls, uint8_t *into);

/* Puts the pin that was learned into `into`, BEARCUB_PIN_SIZE bytes: 64 digits and a NUL. BEARCUB_ERROR_NOTHING if the trust was
 * another one, or a session was resumed. */
int32_t bearcub_tls_learned(bearcub_tls *tls, char *into);

/* Says what was agreed on. */
int32_t bearcub_tls_about(bearcub_tls *tls, bearcub_tls_info *into);

/* MQTT */

/* Events. */
#define BEARCUB_MQTT_NOTHING 0
/* A message, whole. */
#define BEARCUB_MQTT_MESSAGE 1
/* A message that is larger than the input buffer begins; its pieces follow. */
#define BEARCUB_MQTT_BEGIN 2
/* The next piece of its payload; `last` says whether it is the last one. */
#define BEARCUB_MQTT_PIECE 3
/* A message of QoS 1 or 2 has arrived at the broker: `id` is what bearcub_mqtt_publish said. */
#define BEARCUB_MQTT_PUBLISHED 4
/* The broker has answered a subscription: `id`, `qos` granted, `refused` the number of filters that it refuses. */
#define BEARCUB_MQTT_SUBSCRIBED 5
/* The broker has ended a subscription: `id`. */
#define BEARCUB_MQTT_UNSUBSCRIBED 6

/* What a broker has of the session from before. */
/* Nothing, as was to be expected. */
#define BEARCUB_MQTT_NEW 0
/* All of it. */
#define BEARCUB_MQTT_RESUMED 1
/* Nothing any more; subscriptions are renewed. */
#define BEARCUB_MQTT_LOST 2

/* What happens to a message for which there is no room. */
/* bearcub_mqtt_publish says so. */
#define BEARCUB_MQTT_REFUSE 0
/* The oldest messages that were never sent make room; which ones is not told. */
#define BEARCUB_MQTT_DROP_OLDEST 1
/* It is dropped: its identifier is 0. */
#define BEARCUB_MQTT_DROP_NEWEST 2

/* The milliseconds of bearcub_mqtt_deadline if there is no deadline. */
#define BEARCUB_NO_DEADLINE 0xffffffffu

/* What a session is to be. Fill it with 0 first. All strings and bytes stay until the session is closed. */
typedef struct bearcub_mqtt_options {
    /* The device's own name: a broker ends the connection of whoever had it before. */
    const char *client_id;
    /* User name and password; null for none. */
    const char *user_name;
    bearcub_bytes password;
    /* The message that the broker publishes when the device vanishes; a null topic for none. */
    const char *will_topic;
    bearcub_bytes will_payload;
    /* 0, 1 or 2. */
    uint8_t will_qos;
    /* 1 if the broker keeps the message. */
    uint8_t will_retain;
    /* 1 if the broker keeps the session while the device is away. */
    uint8_t persistent;
    /* 1 if AWS IoT Core's limits are checked before anything is sent. */
    uint8_t aws_limits;
    /* BEARCUB_MQTT_REFUSE, _DROP_OLDEST or _DROP_NEWEST. */
    uint8_t overflow;
    /* Seconds after which a silent connection is pinged, 1 to 65535; 0 for never. */
    uint16_t keep_alive_s;
    /* Milliseconds that the broker has for its answers. */
    uint32_t response_timeout_ms;
    /* Bytes of the buffers, at least 16 each: `input` holds the longest topic and 8 bytes, and messages that are to come whole;
       `output` holds messages of QoS 0. */
    size_t input;
    size_t output;
    /* Bytes for messages of QoS 1 and 2 until they are acknowledged: topic, payload and 12 bytes for each. */
    size_t store;
} bearcub_mqtt_options;

/* Something that has happened. What it points at is valid until the next call for the session. */
typedef struct bearcub_mqtt_event {
    /* BEARCUB_MQTT_... */
    int32_t kind;
    /* Packet identifier, where there is one. */
    uint16_t id;
    /* 0, 1 or 2. */
    uint8_t qos;
    /* 1 if the broker had kept the message. */
    uint8_t retain;
    /* 1 if it may have been delivered before; with QoS 2 it has not. */
    uint8_t duplicate;
    /* 1 if the payload ends here. */
    uint8_t last;
    /* Filters that the broker refused. */
    uint8_t refused;
    /* UTF-8 without a NUL. */
    bearcub_bytes topic;
    bearcub_bytes payload;
    /* Bytes of the whole payload; of a piece, its own. */
    size_t length;
} bearcub_mqtt_event;

/* Bytes of memory for a session with buffers and a store of these sizes. */
size_t bearcub_mqtt_size(size_t input, size_t output, size_t store);

/* Opens a session, which outlives connections. `memory` has bearcub_mqtt_size(options->input, options->output, options->store)
 * bytes. Returns BEARCUB_ERROR_..., or what MQTT does not allow (-2257 to -2200). */
int32_t bearcub_mqtt_open(bearcub_mqtt **mqtt, void *memory, size_t memory_size, const bearcub_mqtt_options *options);

/* Connects the session over a TLS connection, which it uses until bearcub_mqtt_disconnect, bearcub_mqtt_lost, or an error of
 * another function of the session's than a refusal of its own arguments. `*kept` (which may be null) is BEARCUB_MQTT_NEW,
 * _RESUMED or _LOST. Nothing is sent to a server that is not known (error -2020).
 * Returns why the broker refuses (-2007 to -2001), -2010 or -2012 if it does not answer, any number of TLS. */
int32_t bearcub_mqtt_connect(bearcub_mqtt *mqtt, bearcub_tls *tls, uint8_t *kept);

/* Publishes `length` bytes with QoS 0, 1 or 2; `retain` is 1 if the broker is to keep them. Without a connection the message waits.
 * `*id` (which may be null) is what BEARCUB_MQTT_PUBLISHED names; 0 with QoS 0. That the connection is lost is told by the next
 * bearcub_mqtt_poll. Returns -2307 to -2300 if there is no room. */
int32_t bearcub_mqtt_publish(bearcub_mqtt *mqtt, const char *topic, const uint8_t *payload, size_t length, uint8_t qos,
                             uint8_t retain, uint16_t *id);

/* Subscribes; `filter` stays until the session is closed. `*id` (which may be null) is what BEARCUB_MQTT_SUBSCRIBED names. The
 * session remembers it, and subscribes again where the broker has forgotten. */
int32_t bearcub_mqtt_subscribe(bearcub_mqtt *mqtt, const char *filter, uint8_t qos, uint16_t *id);

/* Unsubscribes. `*id` (which may be null) is what BEARCUB_MQTT_UNSUBSCRIBED names. */
int32_t bearcub_mqtt_unsubscribe(bearcub_mqtt *mqtt, const char *filter, uint16_t *id);

/* Sends and receives until something has happened, or for `wait_ms` milliseconds and the time that the callback `read` waits; then
 * `event->kind` is BEARCUB_MQTT_NOTHING. Asking for the next event acknowledges the one before. The connection is kept alive only
 * while this is called. Returns why the connection is over: -2011 for a broker that does not answer a ping, any number of TLS. */
int32_t bearcub_mqtt_poll(bearcub_mqtt *mqtt, uint32_t wait_ms, bearcub_mqtt_event *event);

/* `*wait_ms` is the milliseconds until bearcub_mqtt_poll must be called again, even if nothing comes: for the keep-alive, or for an
 * answer that is due. BEARCUB_NO_DEADLINE if it need not. */
int32_t bearcub_mqtt_deadline(bearcub_mqtt *mqtt, uint32_t *wait_ms);

/* `*settled` is 1 if nothing is under way: the moment to disconnect and sleep. */
int32_t bearcub_mqtt_is_settled(bearcub_mqtt *mqtt, uint8_t *settled);

/* Ends the connection in order, so that the broker drops the will; close TLS then. -1401 if there is none. */
int32_t bearcub_mqtt_disconnect(bearcub_mqtt *mqtt);

/* Says that the connection is gone; messages that are not acknowledged are sent again over the next. */
int32_t bearcub_mqtt_lost(bearcub_mqtt *mqtt);

/* Closes the session and forgets all of it. */
int32_t bearcub_mqtt_close(bearcub_mqtt *mqtt);

/* WHEN TO CONNECT AGAIN */

/* A random part of a time that doubles with every failure. Its content is the library's. */
typedef struct bearcub_backoff {
    uint64_t opaque[6];
} bearcub_backoff;

/* Fills it: `first_ms` is the longest wait after the first failure, `ceiling_ms` the longest of all. */
int32_t bearcub_backoff_init(bearcub_backoff *backoff, uint32_t first_ms, uint32_t ceiling_ms);

/* Says that the broker has accepted a connection. */
int32_t bearcub_backoff_connected(bearcub_backoff *backoff, uint64_t uptime_ms);

/* Says that something failed with that error; `random` is any evenly distributed number. `*wait_ms` is how long to wait: the
 * ceiling for what trying again cannot mend. `*contested` is 1 if another device seems to have the same client identifier. Both may
 * be null. */
int32_t bearcub_backoff_failed(bearcub_backoff *backoff, int32_t error, uint64_t uptime_ms, uint32_t random,
                               uint32_t *wait_ms, uint8_t *contested);

/* ERRORS */

/* Puts a sentence that says what the error is into `into`, as much as fits in `size` bytes with a NUL behind it, and returns how many
 * bytes the whole sentence has without the NUL. `into` may be null if `size` is 0. All sentences are linked into a program that calls
 * this: 10 KB, on an ESP8266 of RAM. */
size_t bearcub_error_text(int32_t error, char *into, size_t size);

/* The same for the likely cause, and what to do. Its texts have 30 KB, on an ESP8266 of RAM. */
size_t bearcub_error_explain(int32_t error, char *into, size_t size);

#ifdef __cplusplus
}
#endif

#endif
