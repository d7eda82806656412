/* TLS and MQTT for the ESP8266: bearcub.h is the reference, firmware.h a whole sensor on top of it. */
#pragma once

#include "bearcub.h"
#include "firmware.h"
