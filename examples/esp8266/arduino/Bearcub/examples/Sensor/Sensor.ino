// A sensor on Arduino's core for the ESP8266. Copy settings.example.h to settings.h beside this sketch, and fill it in.
#include <Bearcub.h>
#include <ESP8266WiFi.h>
#include <time.h>

#include "settings.h"
#include <fill.h>

// The core's loop has a stack of 4 KB, of which a handshake takes more: the firmware gets its own.
static uint8_t stack[FIRMWARE_STACK] __attribute__((aligned(16)));
static WiFiClient tcp;

static const unsigned long READ_WAITS_MS = 500;
// Seconds since 1970 that a clock which was set certainly shows.
static const time_t ANY_RECENT_TIME = 1600000000;

static int32_t dial(void *, const char *host, uint16_t port)
{
    IPAddress address;
    while (WiFi.status() != WL_CONNECTED) {
        delay(100);
    }
    if (!WiFi.hostByName(host, address)) {
        return -1001;
    }
    return tcp.connect(address, port) ? 0 : -1002;
}

static void hang_up(void *)
{
    tcp.stop();
}

static int32_t receive(void *, uint8_t *into, size_t size)
{
    const unsigned long start = millis();
    while (tcp.available() == 0) {
        if (!tcp.connected()) {
            return WiFi.status() == WL_CONNECTED ? 0 : BEARCUB_IO_LOST;
        }
        if (millis() - start >= READ_WAITS_MS) {
            return BEARCUB_IO_TIMED_OUT;
        }
        delay(1);
    }
    const int length = tcp.read(into, size);
    return length > 0 ? length : BEARCUB_IO_LOST;
}

static int32_t transmit(void *, const uint8_t *data, size_t size)
{
    const size_t sent = tcp.write(data, size);
    if (sent > 0) {
        return (int32_t)sent;
    }
    return tcp.connected() ? BEARCUB_IO_TIMED_OUT : BEARCUB_IO_LOST;
}

static uint64_t uptime(void *)
{
    return micros64() / 1000;
}

// Random while Wi-Fi is on, which `dial` has waited for.
static int32_t entropy(void *, uint8_t *into, size_t size)
{
    if (WiFi.status() != WL_CONNECTED) {
        return -1;
    }
    ESP.random(into, size);
    return 0;
}

static int64_t date(void *)
{
    const time_t now = time(nullptr);
    return now > ANY_RECENT_TIME ? now : 0;
}

// Feeds the watchdog, and lets Wi-Fi work.
static void step(void *)
{
    delay(0);
}

static void sleep_ms(void *, uint32_t ms)
{
    delay(ms);
}

static void log_line(void *, const char *line)
{
    Serial.println(line);
}

static void reading(void *, char *into, size_t size)
{
    // A sensor's; here the free memory.
    snprintf(into, size, "%u", (unsigned)ESP.getFreeHeap());
}

static void command(void *, const uint8_t *payload, size_t length)
{
    Serial.print("command: ");
    Serial.write(payload, length);
    Serial.println();
}

static void work(void *)
{
    static firmware_settings settings;
    static firmware_platform platform;
    fill(&settings);
    platform.board.read = receive;
    platform.board.write = transmit;
    platform.board.uptime = uptime;
    platform.board.entropy = entropy;
    platform.board.time = date;
    platform.board.step = step;
    platform.dial = dial;
    platform.hang_up = hang_up;
    platform.sleep = sleep_ms;
    platform.log = log_line;
    platform.reading = reading;
    platform.command = command;
    firmware_run(&settings, &platform);
}

void setup()
{
    Serial.begin(115200);
    WiFi.mode(WIFI_STA);
    WiFi.begin(WIFI_NAME, WIFI_PASSWORD);
    configTime(0, 0, "pool.ntp.org");
}

void loop()
{
    on_stack(stack + sizeof stack, work, nullptr);
    // Only without settings: it has said which.
    delay(60000);
}
