/* Copy this to settings.h beside main.c or the sketch, and fill it in. It is not committed. */

#define WIFI_NAME "my network"
#define WIFI_PASSWORD "its password"

#define BROKER_HOST "mqtt.example.org"
#define BROKER_PORT 8883

/* The device's own name at the broker. */
#define CLIENT_ID "sensor-7"
#define READING_TOPIC "plant/7/temp"
#define COMMAND_TOPIC "plant/7/cmd"
#define STATE_TOPIC "plant/7/state"

/* The pin of the broker's key: `cargo sim fingerprint HOST:PORT`. Leave it out to trust an authority alone. */
#define BROKER_PIN "0000000000000000000000000000000000000000000000000000000000000000"

/* The authority that signs the broker's certificate, in DER, as numbers: `xxd -i < ca.der`. Leave it out to trust the pin alone. */
/* #define AUTHORITY_DER 0x30, 0x82, ... */

/* The date of this firmware, in seconds since 1970: `date +%s`. */
#define BUILT 1700000000

/* Where the image of key and certificate is: `cargo sim identity --cert device.pem --key device-key.pem --image identity.bin`, then
   `esptool.py write_flash 0xf0000 identity.bin`. The chip shows the first megabyte of its flash from 0x40200000 on. */
#define IMAGE_ADDRESS 0x402f0000
#define IMAGE_SIZE 4096
