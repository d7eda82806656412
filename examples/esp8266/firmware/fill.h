/* The settings of settings.h as the firmware wants them; included by main.c and by the sketch. */

#ifdef BROKER_PIN
static const char *const pins[] = {BROKER_PIN};
#endif
#ifdef AUTHORITY_DER
static const uint8_t authority[] = {AUTHORITY_DER};
static const bearcub_bytes anchors[] = {{authority, sizeof authority}};
#endif

static void fill(struct firmware_settings *settings)
{
    memset(settings, 0, sizeof *settings);
    settings->host = BROKER_HOST;
    settings->port = BROKER_PORT;
    settings->client_id = CLIENT_ID;
    settings->reading_topic = READING_TOPIC;
    settings->command_topic = COMMAND_TOPIC;
    settings->state_topic = STATE_TOPIC;
#ifdef BROKER_PIN
    settings->pins = pins;
    settings->pin_count = 1;
#endif
#ifdef AUTHORITY_DER
    settings->anchors = anchors;
    settings->anchor_count = 1;
#endif
    settings->built = BUILT;
    settings->image = (const uint32_t *)IMAGE_ADDRESS;
    settings->image_size = IMAGE_SIZE;
}
