/*
 * What the RTOS SDK project uses of ESP8266_RTOS_SDK, declared anew from its documentation, so that its source can be compiled
 * where the SDK is not. Sockets and time are this computer's. It shows that the source is C and calls bearcub as the header
 * says; that the SDK has these functions it cannot show.
 */
#pragma once
#include <netdb.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>

typedef int esp_err_t;
typedef void *EventGroupHandle_t;
typedef struct { int unused; } wifi_init_config_t;
typedef union { struct { uint8_t ssid[32], password[64]; } sta; } wifi_config_t;
typedef struct { int event_id; } system_event_t;
enum { SYSTEM_EVENT_STA_START, SYSTEM_EVENT_STA_GOT_IP, SYSTEM_EVENT_STA_DISCONNECTED };
#define ESP_OK 0
#define ESP_ERR_NVS_NO_FREE_PAGES 1
#define WIFI_INIT_CONFIG_DEFAULT() {0}
#define WIFI_STORAGE_RAM 1
#define WIFI_MODE_STA 1
#define ESP_IF_WIFI_STA 0
#define SNTP_OPMODE_POLL 0
#define BIT0 1
#define pdTRUE 1
#define pdFALSE 0
#define portMAX_DELAY 0xffffffffu
#define portTICK_PERIOD_MS 10
#define ESP_ERROR_CHECK(call) do { if ((call) != ESP_OK) { } } while (0)
#define ESP_LOGI(tag, ...) esp_log(tag, __VA_ARGS__)
void esp_log(const char *tag, const char *format, ...) __attribute__((format(printf, 2, 3)));
EventGroupHandle_t xEventGroupCreate(void);
uint32_t xEventGroupSetBits(EventGroupHandle_t, uint32_t);
uint32_t xEventGroupClearBits(EventGroupHandle_t, uint32_t);
uint32_t xEventGroupGetBits(EventGroupHandle_t);
uint32_t xEventGroupWaitBits(EventGroupHandle_t, uint32_t, int, int, uint32_t);
void vTaskDelay(uint32_t ticks);
void vTaskDelete(void *task);
int xTaskCreate(void (*)(void *), const char *, uint16_t, void *, unsigned, void *);
esp_err_t esp_wifi_connect(void), esp_wifi_start(void), esp_wifi_set_mode(int), esp_wifi_set_storage(int);
esp_err_t esp_wifi_init(const wifi_init_config_t *), esp_wifi_set_config(int, wifi_config_t *);
esp_err_t esp_event_loop_init(esp_err_t (*)(void *, system_event_t *), void *);
esp_err_t nvs_flash_init(void), nvs_flash_erase(void);
void tcpip_adapter_init(void);
int64_t esp_timer_get_time(void);
void esp_fill_random(void *, size_t);
uint32_t esp_get_free_heap_size(void);
void sntp_setoperatingmode(uint8_t), sntp_setservername(uint8_t, char *), sntp_init(void);
void app_main(void);
