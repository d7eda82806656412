/* The firmware on ESP8266_RTOS_SDK: Wi-Fi, lwIP sockets, SNTP. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "freertos/FreeRTOS.h"
#include "freertos/event_groups.h"
#include "freertos/task.h"

#include "esp_event_loop.h"
#include "esp_log.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "esp_wifi.h"
#include "lwip/apps/sntp.h"
#include "lwip/netdb.h"
#include "lwip/sockets.h"
#include "nvs_flash.h"

#include "firmware.h"
#include "settings.h"

#include "fill.h"

#define CONNECTED BIT0
#define READ_WAITS_MS 500
#define SEND_WAITS_MS 5000
/* Seconds since 1970 that a clock which was set certainly shows. */
#define ANY_RECENT_TIME 1600000000

static const char *const tag = "sensor";
static EventGroupHandle_t network;
static int tcp = -1;

static esp_err_t on_event(void *context, system_event_t *event)
{
    (void)context;
    switch (event->event_id) {
    case SYSTEM_EVENT_STA_START:
        esp_wifi_connect();
        break;
    case SYSTEM_EVENT_STA_GOT_IP:
        xEventGroupSetBits(network, CONNECTED);
        break;
    case SYSTEM_EVENT_STA_DISCONNECTED:
        xEventGroupClearBits(network, CONNECTED);
        esp_wifi_connect();
        break;
    default:
        break;
    }
    return ESP_OK;
}

static void join_wifi(void)
{
    wifi_init_config_t start = WIFI_INIT_CONFIG_DEFAULT();
    wifi_config_t station;

    memset(&station, 0, sizeof station);
    strncpy((char *)station.sta.ssid, WIFI_NAME, sizeof station.sta.ssid);
    strncpy((char *)station.sta.password, WIFI_PASSWORD, sizeof station.sta.password);
    tcpip_adapter_init();
    network = xEventGroupCreate();
    ESP_ERROR_CHECK(esp_event_loop_init(on_event, NULL));
    ESP_ERROR_CHECK(esp_wifi_init(&start));
    ESP_ERROR_CHECK(esp_wifi_set_storage(WIFI_STORAGE_RAM));
    ESP_ERROR_CHECK(esp_wifi_set_mode(WIFI_MODE_STA));
    ESP_ERROR_CHECK(esp_wifi_set_config(ESP_IF_WIFI_STA, &station));
    ESP_ERROR_CHECK(esp_wifi_start());
}

static int32_t dial(void *user, const char *host, uint16_t port)
{
    struct addrinfo wanted, *found = NULL;
    struct timeval wait = {READ_WAITS_MS / 1000, READ_WAITS_MS % 1000 * 1000};
    struct timeval send_wait = {SEND_WAITS_MS / 1000, 0};
    char service[6];

    (void)user;
    xEventGroupWaitBits(network, CONNECTED, pdFALSE, pdTRUE, portMAX_DELAY);
    memset(&wanted, 0, sizeof wanted);
    wanted.ai_family = AF_INET;
    wanted.ai_socktype = SOCK_STREAM;
    snprintf(service, sizeof service, "%u", (unsigned)port);
    if (getaddrinfo(host, service, &wanted, &found) != 0 || found == NULL) {
        return -1001;
    }
    tcp = socket(found->ai_family, found->ai_socktype, 0);
    if (tcp >= 0 && connect(tcp, found->ai_addr, found->ai_addrlen) != 0) {
        close(tcp);
        tcp = -1;
    }
    freeaddrinfo(found);
    if (tcp < 0) {
        return -1002;
    }
    setsockopt(tcp, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(tcp, SOL_SOCKET, SO_SNDTIMEO, &send_wait, sizeof send_wait);
    return 0;
}

static void hang_up(void *user)
{
    (void)user;
    if (tcp >= 0) {
        close(tcp);
        tcp = -1;
    }
}

static int32_t moved(int length)
{
    if (length >= 0) {
        return length;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK ? BEARCUB_IO_TIMED_OUT : BEARCUB_IO_LOST;
}

static int32_t receive(void *user, uint8_t *into, size_t size)
{
    (void)user;
    return moved(recv(tcp, into, size, 0));
}

static int32_t transmit(void *user, const uint8_t *data, size_t size)
{
    (void)user;
    return moved(send(tcp, data, size, 0));
}

static uint64_t uptime(void *user)
{
    (void)user;
    return (uint64_t)esp_timer_get_time() / 1000;
}

/* Random while Wi-Fi is on, which `dial` has waited for. */
static int32_t entropy(void *user, uint8_t *into, size_t size)
{
    (void)user;
    if ((xEventGroupGetBits(network) & CONNECTED) == 0) {
        return -1;
    }
    esp_fill_random(into, size);
    return 0;
}

static int64_t date(void *user)
{
    time_t now = time(NULL);
    (void)user;
    return now > ANY_RECENT_TIME ? now : 0;
}

/* The idle task feeds the watchdog as soon as this task sleeps for a moment. */
static void step(void *user)
{
    (void)user;
    vTaskDelay(1);
}

static void sleep_ms(void *user, uint32_t ms)
{
    (void)user;
    vTaskDelay(ms / portTICK_PERIOD_MS + 1);
}

static void log_line(void *user, const char *line)
{
    (void)user;
    ESP_LOGI(tag, "%s", line);
}

static void reading(void *user, char *into, size_t size)
{
    (void)user;
    /* A sensor's; here the free memory. */
    snprintf(into, size, "%u", (unsigned)esp_get_free_heap_size());
}

static void command(void *user, const uint8_t *payload, size_t length)
{
    (void)user;
    ESP_LOGI(tag, "command: %.*s", (int)length, (const char *)payload);
}

static void run(void *argument)
{
    static struct firmware_settings settings;
    static struct firmware_platform platform;

    (void)argument;
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
    vTaskDelete(NULL);
}

void app_main(void)
{
    esp_err_t error = nvs_flash_init();
    if (error == ESP_ERR_NVS_NO_FREE_PAGES) {
        ESP_ERROR_CHECK(nvs_flash_erase());
        error = nvs_flash_init();
    }
    ESP_ERROR_CHECK(error);
    join_wifi();
    sntp_setoperatingmode(SNTP_OPMODE_POLL);
    sntp_setservername(0, "pool.ntp.org");
    sntp_init();
    xTaskCreate(run, "sensor", FIRMWARE_STACK, NULL, 5, NULL);
}
