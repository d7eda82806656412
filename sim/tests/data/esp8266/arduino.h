/*
 * What the sketch uses of Arduino's core for the ESP8266, declared anew from its documentation: as with sdk.h.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct IPAddress { uint32_t address; };
struct WiFiClient {
    int connect(IPAddress, uint16_t);
    int available();
    int read(uint8_t *, size_t);
    size_t write(const uint8_t *, size_t);
    uint8_t connected();
    bool stop(unsigned = 0);
};
enum { WL_CONNECTED = 3, WIFI_STA = 1 };
struct ESP8266WiFiClass {
    int status();
    int hostByName(const char *, IPAddress &);
    bool mode(int);
    int begin(const char *, const char *);
};
extern ESP8266WiFiClass WiFi;
struct HardwareSerial {
    void begin(unsigned long);
    size_t print(const char *);
    size_t println(const char * = "");
    size_t write(const uint8_t *, size_t);
};
extern HardwareSerial Serial;
struct EspClass {
    uint8_t *random(uint8_t *, size_t);
    uint32_t getFreeHeap();
};
extern EspClass ESP;
unsigned long millis();
uint64_t micros64();
void delay(unsigned long);
void configTime(int, int, const char *);
void setup();
void loop();
