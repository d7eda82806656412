/*
 * The firmware on an emulated ESP8266. The host gives it a file `tape.bin` with lines NAME=VALUE, and a wire: for connection
 * number N two named pipes, PATH.N.up and PATH.N.down, whose other ends a test connects to a broker. What happens is printed as
 * lines of JSON. The start-up code is that of the simulator's images.
 */
#include <string.h>

#include "firmware.h"

/* The emulator's calls to the host. */
enum { HOST_EXIT = 1, HOST_READ = 3, HOST_WRITE = 4, HOST_OPEN = 5, HOST_CLOSE = 6, HOST_SELECT = 29 };
enum { READ_ONLY = 0, WRITE_ONLY = 1, SELECT_READ = 1 };
int32_t simcall(int32_t number, uintptr_t a, uintptr_t b, uintptr_t c);
uint32_t ccount(void);

/* The counter ticks once in 25 instructions; a millisecond has 80000 at 80 MHz. */
#define TICKS_A_MS 3200
#define READ_WAITS_MS 500

#define PAINT 0xb0a75eedu
extern uint32_t _stack_bottom[], _stack_top[];

/* Where the image of the identity is: in the flash window, behind the program. */
#define FLASH_IMAGE ((const uint32_t *)0x402f0000)
#define FLASH_IMAGE_SIZE 4096

/* Memory that is the host's, not the chip's. */
static char tape[8192] __attribute__((section(".tape"), nocommon));
static uint8_t anchor[1024];
static struct {
    int32_t up, down;
    uint32_t connections;
    uint64_t uptime_ms;
    uint32_t last_count, ticks, instructions;
    uint32_t published, commands, failures;
    /* How often the network is lost, after a message and a command each; how often the device wakes up; how many failures
       are seen. */
    uint32_t cuts, rounds, attempts;
    uint32_t awake_connections;
    int has_entropy;
    int64_t time;
    const char *wire;
    uint8_t session[BEARCUB_SESSION_SIZE];
} machine;

static void print(const char *text)
{
    simcall(HOST_WRITE, 1, (uintptr_t)text, strlen(text));
}

/* Without a division, for which this toolchain has no function. */
static void print_number(uint32_t number)
{
    static const uint32_t powers[] = {1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};
    char digits[11];
    size_t length = 0;
    for (size_t power = 0; power < sizeof powers / sizeof *powers; power++) {
        char digit = '0';
        for (; number >= powers[power]; number -= powers[power]) {
            digit++;
        }
        if (digit > '0' || length > 0 || powers[power] == 1) {
            digits[length++] = digit;
        }
    }
    digits[length] = 0;
    print(digits);
}

static void end(int32_t status)
{
    simcall(HOST_EXIT, (uintptr_t)status, 0, 0);
    for (;;) {
    }
}

static void trouble(const char *what)
{
    print("{\"event\":\"trouble\",\"what\":\"");
    print(what);
    print("\"}\n");
    end(1);
}

void abort(void)
{
    trouble("abort");
    for (;;) {
    }
}

void on_exception(uint32_t cause, uint32_t at)
{
    print("{\"event\":\"trouble\",\"what\":\"exception ");
    print_number(cause);
    print(" at ");
    print_number(at);
    print("\"}\n");
    end(1);
}

/* Instructions since the last dialling; the time passes with them. */
static uint32_t instructions(void)
{
    uint32_t now = ccount();
    uint32_t ticks = now - machine.last_count;
    machine.last_count = now;
    machine.instructions += (ticks << 4) + (ticks << 3) + ticks;
    for (machine.ticks += ticks; machine.ticks >= TICKS_A_MS; machine.ticks -= TICKS_A_MS) {
        machine.uptime_ms++;
    }
    return machine.instructions;
}

/* The firmware has a stack of its own, as long as it says. It is painted: what has lost its paint was used. */
static void paint(void)
{
    for (uint32_t *at = _stack_bottom; at < _stack_bottom + FIRMWARE_STACK / 4; at++) {
        *(volatile uint32_t *)at = PAINT;
    }
}

static uint32_t stack_used(void)
{
    uint32_t left = 0;
    while (left < FIRMWARE_STACK && *(volatile uint32_t *)((uintptr_t)_stack_bottom + left) == PAINT) {
        left += 4;
    }
    return FIRMWARE_STACK - left;
}

static void report(const char *what, int32_t number)
{
    uint32_t count = instructions();
    print("{\"event\":\"firmware\",\"what\":\"");
    print(what);
    print("\",\"number\":");
    if (number < 0) {
        print("-");
    }
    print_number(number < 0 ? -(uint32_t)number : (uint32_t)number);
    print(",\"instructions\":");
    print_number(count);
    print(",\"stack\":");
    print_number(stack_used());
    print("}\n");
}

/* The value of a setting on the tape, which ends with a NUL; null if it is not there. */
static char *setting(const char *name)
{
    size_t length = strlen(name);
    for (char *line = tape; *line != 0; line += strlen(line) + 1) {
        if (memcmp(line, name, length) == 0 && line[length] == '=') {
            return line + length + 1;
        }
    }
    return NULL;
}

static uint32_t number_of(const char *name)
{
    const char *text = setting(name);
    uint32_t number = 0;
    for (; text != NULL && *text != 0; text++) {
        number = number * 10 + (uint32_t)(*text - '0');
    }
    return number;
}

static uint8_t digit(char letter)
{
    return (uint8_t)(letter <= '9' ? letter - '0' : letter - 'a' + 10);
}

static size_t bytes_of(const char *name, uint8_t *into, size_t size)
{
    const char *text = setting(name);
    size_t length = 0;
    for (; text != NULL && text[0] != 0 && text[1] != 0 && length < size; text += 2) {
        into[length++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
    }
    return length;
}

static int32_t open_host(const char *path, uint32_t flags)
{
    return simcall(HOST_OPEN, (uintptr_t)path, flags, 0);
}

/* Lines become strings, one behind the other, with an empty one behind the last. */
static void read_tape(void)
{
    int32_t file = open_host("tape.bin", READ_ONLY);
    size_t length = 0;
    while (file >= 0 && length < sizeof tape - 2) {
        int32_t got = simcall(HOST_READ, (uintptr_t)file, (uintptr_t)(tape + length), sizeof tape - 2 - length);
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
    }
    simcall(HOST_CLOSE, (uintptr_t)file, 0, 0);
    for (size_t at = 0; at < length; at++) {
        if (tape[at] == '\n') {
            tape[at] = 0;
        }
    }
}

/* The host itself writes to the flash, as a programmer does. */
static void program_flash(const char *path)
{
    int32_t file = open_host(path, READ_ONLY);
    if (file < 0 || simcall(HOST_READ, (uintptr_t)file, (uintptr_t)FLASH_IMAGE, FLASH_IMAGE_SIZE) <= 0) {
        trouble("the image of the identity is not there");
    }
    simcall(HOST_CLOSE, (uintptr_t)file, 0, 0);
}

static int32_t end_of_wire(const char *name, uint32_t flags)
{
    char path[200];
    size_t length = strlen(machine.wire);
    memcpy(path, machine.wire, length);
    path[length++] = '.';
    path[length++] = (char)('0' + machine.connections);
    memcpy(path + length, name, strlen(name) + 1);
    return open_host(path, flags);
}

static void hang_up(void *user)
{
    (void)user;
    simcall(HOST_CLOSE, (uintptr_t)machine.up, 0, 0);
    simcall(HOST_CLOSE, (uintptr_t)machine.down, 0, 0);
}

static int32_t dial(void *user, const char *host, uint16_t port)
{
    (void)user, (void)host, (void)port;
    machine.up = end_of_wire(".up", WRITE_ONLY);
    if (machine.up < 0) {
        return -1002;
    }
    machine.down = end_of_wire(".down", READ_ONLY);
    machine.connections++;
    machine.awake_connections++;
    return machine.down < 0 ? -1002 : 0;
}

/* Whether so many messages were acknowledged and commands obeyed since the device woke up. */
static int has_done(uint32_t times)
{
    return machine.commands >= times && machine.published >= times;
}

static int32_t receive(void *user, uint8_t *into, size_t size)
{
    uint32_t wait[2] = {0, READ_WAITS_MS * 1000};
    int32_t got;
    (void)user;
    if (machine.awake_connections <= machine.cuts && has_done(machine.awake_connections)) {
        return BEARCUB_IO_LOST;
    }
    if (simcall(HOST_SELECT, (uintptr_t)machine.down, SELECT_READ, (uintptr_t)wait) == 0) {
        machine.uptime_ms += READ_WAITS_MS;
        return BEARCUB_IO_TIMED_OUT;
    }
    got = simcall(HOST_READ, (uintptr_t)machine.down, (uintptr_t)into, size);
    return got < 0 ? BEARCUB_IO_LOST : got;
}

static int32_t send(void *user, const uint8_t *data, size_t size)
{
    int32_t sent = simcall(HOST_WRITE, (uintptr_t)machine.up, (uintptr_t)data, size);
    (void)user;
    return sent <= 0 ? BEARCUB_IO_LOST : sent;
}

static uint64_t uptime(void *user)
{
    (void)user;
    instructions();
    return machine.uptime_ms;
}

static void sleep_ms(void *user, uint32_t ms)
{
    (void)user;
    report("sleep", (int32_t)ms);
    machine.uptime_ms += ms;
}

static int32_t entropy(void *user, uint8_t *into, size_t size)
{
    int32_t file, got;
    (void)user;
    if (!machine.has_entropy) {
        return -1;
    }
    file = open_host("/dev/urandom", READ_ONLY);
    got = simcall(HOST_READ, (uintptr_t)file, (uintptr_t)into, size);
    simcall(HOST_CLOSE, (uintptr_t)file, 0, 0);
    return got == (int32_t)size ? 0 : -1;
}

static int64_t date(void *user)
{
    (void)user;
    return machine.time;
}

static void log_line(void *user, const char *line)
{
    (void)user;
    report(line, 0);
}

static void reading(void *user, char *into, size_t size)
{
    (void)user, (void)size;
    memcpy(into, "21.5", 5);
}

static void command(void *user, const uint8_t *payload, size_t length)
{
    (void)user, (void)payload;
    machine.commands++;
    report("command", (int32_t)length);
}

static void progress(void *user, enum firmware_step step, int32_t error)
{
    static const char *const names[] = {"dialling", "secured", "resumed", "connected", "published", "failed"};
    (void)user;
    if (step == FIRMWARE_DIALLING) {
        instructions();
        machine.instructions = 0;
    }
    report(names[step], error);
    if (step == FIRMWARE_PUBLISHED) {
        machine.published++;
    } else if (step == FIRMWARE_FAILED) {
        machine.failures++;
    }
}

static int running(void *user)
{
    (void)user;
    return !has_done(machine.cuts + 1) && machine.failures < machine.attempts;
}

static void work(void *argument)
{
    static const char *pins[1];
    static bearcub_bytes anchors[1];
    static struct firmware_settings settings;
    static struct firmware_platform platform;
    int32_t error;

    (void)argument;
    machine.last_count = ccount();
    read_tape();
    machine.wire = setting("wire");
    machine.rounds = number_of("rounds");
    machine.cuts = number_of("cuts");
    machine.attempts = number_of("attempts");
    machine.time = number_of("time");
    machine.has_entropy = number_of("entropy") != 0;

    settings.host = setting("host");
    settings.port = 8883;
    settings.client_id = setting("client_id");
    settings.reading_topic = "plant/7/temp";
    settings.command_topic = "plant/7/cmd";
    settings.state_topic = "plant/7/state";
    pins[0] = setting("pin");
    settings.pins = pins;
    settings.pin_count = pins[0] != NULL;
    anchors[0].data = anchor;
    anchors[0].length = bytes_of("anchor", anchor, sizeof anchor);
    settings.anchors = anchors;
    settings.anchor_count = anchors[0].length > 0;
    settings.built = 1700000000;
    if (setting("image") != NULL) {
        program_flash(setting("image"));
    }
    settings.image = FLASH_IMAGE;
    settings.image_size = FLASH_IMAGE_SIZE;

    platform.board.read = receive;
    platform.board.write = send;
    platform.board.uptime = uptime;
    platform.board.entropy = entropy;
    platform.board.time = date;
    platform.dial = dial;
    platform.hang_up = hang_up;
    platform.sleep = sleep_ms;
    platform.log = log_line;
    platform.reading = reading;
    platform.command = command;
    platform.progress = progress;
    platform.running = running;
    platform.session = machine.session;
    for (uint32_t round = 0; round < machine.rounds; round++) {
        /* As after a deep sleep, over which RTC memory keeps the session. */
        machine.commands = machine.published = machine.awake_connections = 0;
        error = firmware_run(&settings, &platform);
        report("end", error);
        machine.cuts = 0;
    }
    print("{\"event\":\"done\"}\n");
}

/* Where the start-up code goes. */
void rust_main(void)
{
    paint();
    on_stack(_stack_bottom + FIRMWARE_STACK / 4, work, NULL);
    end(0);
}
