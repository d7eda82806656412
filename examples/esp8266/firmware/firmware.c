#include "firmware.h"

#include <string.h>

#define READING_EVERY_MS 10000
#define HANDSHAKE_MS 20000
#define FIRST_RETRY_MS 1000
#define LONGEST_RETRY_MS 300000

#define BUFFER 256
#define STORE 512

/* The program's memory: what a connection keeps, and what the handshake borrows. */
static BEARCUB_MEMORY(tls_memory, BEARCUB_TLS_SIZE(FIRMWARE_RECORD_IN, FIRMWARE_RECORD_OUT));
static BEARCUB_MEMORY(mqtt_memory, BEARCUB_MQTT_SIZE(BUFFER, BUFFER, STORE));
static BEARCUB_MEMORY(scratch, BEARCUB_SCRATCH_ANCHORS + FIRMWARE_IDENTITY_SIZE);

struct firmware {
    const struct firmware_settings *settings;
    const struct firmware_platform *platform;
    bearcub_tls *tls;
    bearcub_mqtt *mqtt;
    bearcub_backoff backoff;
    /* Whether `session` holds one. */
    int can_resume;
    uint8_t session[BEARCUB_SESSION_SIZE];
};

static void say(const struct firmware *device, const char *line)
{
    device->platform->log(device->platform->board.user, line);
}

static void tell(const struct firmware *device, enum firmware_step step, int32_t error)
{
    if (device->platform->progress != NULL) {
        device->platform->progress(device->platform->board.user, step, error);
    }
}

static uint64_t uptime(const struct firmware *device)
{
    return device->platform->board.uptime(device->platform->board.user);
}

/* What to do about the errors that a device in the field meets. */
static const char *remedy(int32_t error)
{
    switch (error) {
    case 1:
        return "Is it the right server? If its key was changed on purpose, flash the new pin.";
    case 8:
        return "Start Wi-Fi before connecting: without the radio the chip's generator is no random one.";
    case 54:
    case -1310:
        return "Renew the server's certificate, or set the device's clock.";
    case 56:
        return "The certificate is for another name: check the host in the settings.";
    case 62:
        return "The server's authority is none of those in the settings: flash the right one.";
    case 296:
    case 298:
    case 302:
    case 304:
    case 305:
        return "The server does not accept the device's certificate: have it issued by the server's authority.";
    case -1001:
        return "Check the host in the settings, and the network's name server.";
    case -1002:
        return "Check the port, and whether the broker runs.";
    case -1003:
        return "Write the image of key and certificate to its place in flash: bearcub identity --image.";
    case -1114:
    case -1115:
        return "Wait for the time from SNTP: certificates cannot be checked without it.";
    case -1112:
        return "Key and certificate do not belong together: make the image anew.";
    case -2003:
        return "The broker is full or starting; it is tried again.";
    case -2004:
    case -2005:
        return "Check user name, password and permissions at the broker.";
    default:
        return "It is tried again.";
    }
}

/* Logs what failed, why, and what to do. */
static void complain(const struct firmware *device, const char *what, int32_t error)
{
    char line[200];
    size_t length = strlen(what);
    memcpy(line, what, length);
    memcpy(line + length, ": ", 2);
    length += 2;
    bearcub_error_text(error, line + length, sizeof line - length);
    say(device, line);
    say(device, remedy(error));
}

/* What the settings lack, or null. Nothing is trusted by default, and nothing is left out silently. */
static const char *lacking(const struct firmware_settings *settings)
{
    if (settings->host == NULL || settings->host[0] == 0) {
        return "settings: no host";
    }
    if (settings->port == 0) {
        return "settings: no port";
    }
    if (settings->client_id == NULL || settings->client_id[0] == 0) {
        return "settings: no client_id";
    }
    if (settings->reading_topic == NULL || settings->command_topic == NULL || settings->state_topic == NULL) {
        return "settings: a topic is missing";
    }
    if (settings->pin_count == 0 && settings->anchor_count == 0) {
        return "settings: neither a pin nor an authority; nobody would be trusted";
    }
    if (settings->image == NULL) {
        return "settings: no image of the device's key and certificate";
    }
    return NULL;
}

static bearcub_trust *trust_of(const struct firmware_settings *settings)
{
    if (settings->anchor_count == 0) {
        return bearcub_trust_pins;
    }
    return settings->pin_count == 0 ? bearcub_trust_anchors : bearcub_trust_anchors_and_pins;
}

/* Whether what was kept is no session, as after a loss of power, or one of other settings. */
static int is_no_session(int32_t error)
{
    return error == -1116 || (error <= -1250 && error > -1260);
}

/* TLS over a connection that stands. */
static int32_t secure(struct firmware *device)
{
    const struct firmware_settings *settings = device->settings;
    bearcub_tls_config config;
    bearcub_tls_info about;
    int32_t error;

    memset(&config, 0, sizeof config);
    config.server_name = settings->host;
    config.algorithms = bearcub_algorithms_default();
    config.trust = trust_of(settings);
    config.pins = settings->pins;
    config.pin_count = settings->pin_count;
    config.anchors = settings->anchors;
    config.anchor_count = settings->anchor_count;
    config.not_before = settings->built;
    config.identity = bearcub_identity_ec_image;
    config.image = settings->image;
    config.image_size = settings->image_size;
    config.session = device->can_resume ? device->session : NULL;
    config.input = FIRMWARE_RECORD_IN;
    config.output = FIRMWARE_RECORD_OUT;
    config.timeout_ms = HANDSHAKE_MS;
    error = bearcub_tls_connect(&device->tls, tls_memory, sizeof tls_memory, scratch, sizeof scratch,
                                &device->platform->board, &config);
    if (config.session != NULL && is_no_session(error)) {
        /* Nothing was sent yet. */
        config.session = NULL;
        error = bearcub_tls_connect(&device->tls, tls_memory, sizeof tls_memory, scratch, sizeof scratch,
                                    &device->platform->board, &config);
    }
    if (error != 0) {
        /* Whatever it was: the next handshake is a full one. */
        device->can_resume = 0;
        return error;
    }
    device->can_resume = bearcub_tls_session(device->tls, device->session) == 0;
    if (device->platform->session != NULL) {
        memcpy(device->platform->session, device->session, sizeof device->session);
    }
    error = bearcub_tls_about(device->tls, &about);
    tell(device, error == 0 && about.resumed ? FIRMWARE_RESUMED : FIRMWARE_SECURED, 0);
    return error;
}

static int32_t publish_reading(struct firmware *device)
{
    const struct firmware_platform *platform = device->platform;
    char reading[32];

    platform->reading(platform->board.user, reading, sizeof reading);
    return bearcub_mqtt_publish(device->mqtt, device->settings->reading_topic, (const uint8_t *)reading,
                                strlen(reading), 1, 0, NULL);
}

/* Publishes and obeys until something fails. */
static int32_t serve(struct firmware *device)
{
    const struct firmware_platform *platform = device->platform;
    uint64_t next = uptime(device);

    while (platform->running == NULL || platform->running(platform->board.user)) {
        uint64_t now = uptime(device);
        bearcub_mqtt_event event;
        int32_t error;

        if (now >= next) {
            next = now + READING_EVERY_MS;
            error = publish_reading(device);
            if (error != 0) {
                /* The readings before are still under way: this one is left out. */
                complain(device, "reading", error);
            }
        }
        error = bearcub_mqtt_poll(device->mqtt, next > now ? (uint32_t)(next - now) : 0, &event);
        if (error != 0) {
            return error;
        }
        if (event.kind == BEARCUB_MQTT_MESSAGE) {
            platform->command(platform->board.user, event.payload.data, event.payload.length);
        } else if (event.kind == BEARCUB_MQTT_PUBLISHED) {
            tell(device, FIRMWARE_PUBLISHED, 0);
        } else if (event.kind == BEARCUB_MQTT_SUBSCRIBED && event.refused > 0) {
            say(device, "the broker refuses the subscription: check the device's permissions");
        }
    }
    return 0;
}

/* One connection, from its beginning to its end. */
static int32_t attempt(struct firmware *device)
{
    const struct firmware_settings *settings = device->settings;
    const struct firmware_platform *platform = device->platform;
    int32_t error;

    tell(device, FIRMWARE_DIALLING, 0);
    error = platform->dial(platform->board.user, settings->host, settings->port);
    if (error != 0) {
        return error;
    }
    error = secure(device);
    if (error == 0) {
        error = bearcub_mqtt_connect(device->mqtt, device->tls, NULL);
        if (error == 0) {
            bearcub_backoff_connected(&device->backoff, uptime(device));
            tell(device, FIRMWARE_CONNECTED, 0);
            error = bearcub_mqtt_publish(device->mqtt, settings->state_topic, (const uint8_t *)"on", 2, 0, 1, NULL);
        }
        if (error == 0) {
            error = serve(device);
        }
        if (error == 0) {
            bearcub_mqtt_disconnect(device->mqtt);
            bearcub_tls_close(device->tls);
        } else {
            bearcub_mqtt_lost(device->mqtt);
            bearcub_tls_drop(device->tls);
        }
    }
    platform->hang_up(platform->board.user);
    return error;
}

static int32_t open_session(struct firmware *device)
{
    const struct firmware_settings *settings = device->settings;
    bearcub_mqtt_options options;
    int32_t error;

    memset(&options, 0, sizeof options);
    options.client_id = settings->client_id;
    options.will_topic = settings->state_topic;
    options.will_payload.data = (const uint8_t *)"gone";
    options.will_payload.length = 4;
    options.will_retain = 1;
    /* An old reading is worth less than a new one. */
    options.overflow = BEARCUB_MQTT_DROP_OLDEST;
    options.keep_alive_s = 60;
    options.response_timeout_ms = 10000;
    options.input = BUFFER;
    options.output = BUFFER;
    options.store = STORE;
    error = bearcub_mqtt_open(&device->mqtt, mqtt_memory, sizeof mqtt_memory, &options);
    if (error == 0) {
        error = bearcub_mqtt_subscribe(device->mqtt, settings->command_topic, 1, NULL);
    }
    return error;
}

int32_t firmware_run(const struct firmware_settings *settings, const struct firmware_platform *platform)
{
    static struct firmware device;
    const char *missing = lacking(settings);
    int32_t error;

    memset(&device, 0, sizeof device);
    device.settings = settings;
    device.platform = platform;
    if (missing != NULL) {
        say(&device, missing);
        say(&device, "Fill in the settings and flash again.");
        return BEARCUB_ERROR_VALUE;
    }
    error = open_session(&device);
    if (error != 0) {
        complain(&device, "MQTT's options", error);
        return error;
    }
    if (platform->session != NULL) {
        memcpy(device.session, platform->session, sizeof device.session);
        device.can_resume = 1;
    }
    bearcub_backoff_init(&device.backoff, FIRST_RETRY_MS, LONGEST_RETRY_MS);
    while (platform->running == NULL || platform->running(platform->board.user)) {
        uint32_t wait = FIRST_RETRY_MS;
        uint32_t random = 0;
        uint8_t contested = 0;

        error = attempt(&device);
        if (error == 0) {
            break;
        }
        complain(&device, "connection", error);
        tell(&device, FIRMWARE_FAILED, error);
        /* Not secret: without entropy every wait is as short as it may be. */
        platform->board.entropy(platform->board.user, (uint8_t *)&random, sizeof random);
        bearcub_backoff_failed(&device.backoff, error, uptime(&device), random, &wait, &contested);
        if (contested) {
            say(&device, "another device seems to have this client_id");
        }
        platform->sleep(platform->board.user, wait < FIRST_RETRY_MS ? FIRST_RETRY_MS : wait);
    }
    bearcub_mqtt_close(device.mqtt);
    return 0;
}
