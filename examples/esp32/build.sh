#!/usr/bin/env bash
# Builds the firmware, makes an image that can be flashed, and says what it takes.
#   build.sh [CHIP] [--check]    CHIP: esp32c3 (without one), esp32c6, esp32s3, esp32
# The settings are those of cfg.toml, or of the file that BEARCUB_CFG names. With --check it fails if the README's figures for
# this chip are off by more than 2 %.
set -euo pipefail
cd "$(dirname "$0")"

chip=esp32c3 check=
for argument in "$@"; do
    case $argument in
        esp32 | esp32c3 | esp32c6 | esp32s3) chip=$argument ;;
        --check) check=yes ;;
        *) sed -n '2,5s/^# //p' "$0" >&2; exit 2 ;;
    esac
done
export BEARCUB_CFG="${BEARCUB_CFG:-cfg.toml}"
target_dir="${CARGO_TARGET_DIR:-target}"

toolchain=() std=() tools=riscv64-unknown-elf
case $chip in
    esp32c3) target=riscv32imc-unknown-none-elf ;;
    esp32c6) target=riscv32imac-unknown-none-elf ;;
    # Espressif's compilers, from `espup install` and `. ~/export-esp.sh`.
    *) target=xtensa-$chip-none-elf toolchain=(+esp) tools=xtensa-$chip-elf
        std=(-Zbuild-std=core,alloc)
        export "CC_${target//-/_}=$tools-gcc" ;;
esac
command -v "$tools-gcc" >/dev/null || { echo "$tools-gcc is missing; README.md says where it comes from" >&2; exit 1; }
if [ "${#std[@]}" = 0 ] && [ ! -d "$(rustc --print sysroot)/lib/rustlib/$target" ] \
    && ! timeout 120 rustup target add "$target"; then
    # From the source of `core`, where rustup cannot be reached.
    std=(-Zbuild-std=core,alloc)
    export RUSTC_BOOTSTRAP=1
fi

cargo "${toolchain[@]}" build --release --locked --no-default-features --features "$chip" --target "$target" "${std[@]}"
program="$target_dir/$target/release/bearcub-esp32"
image="$program-$chip.bin"
if command -v espflash >/dev/null; then
    espflash save-image --skip-update-check --chip "$chip" --partition-table partitions.csv "$program" "$image" >/dev/null
    flash=$(stat -c %s "$image")
else
    echo "no image: espflash is not installed (cargo install --locked espflash)" >&2
    flash=
fi

# Sections that take RAM: data, zeros, code that runs from RAM, and the heap's part in the memory that was the bootloader's.
sections=$("$tools-size" -A "$program")
sum() { awk -v names="^($1)$" '$1 ~ names { total += $2 } END { print total + 0 }' <<<"$sections"; }
data=$(sum '\.data.*|\.bss|\.noinit|\.rtc_.*')
code=$(sum '\.trap|\.rwtext.*|\.vectors|\.iram.*')
heap=$((80 * 1024)) reclaimed=$((64 * 1024))
symbol() { echo "$((16#$("$tools-nm" -S -C "$program" | awk -v name="bearcub_esp32::$1" '$4 == name { print $2 }')))"; }
tls=$(symbol TLS) mqtt=$(symbol MQTT)
static=$((data - (heap - reclaimed)))
row=("${flash:-?}" "$((static + code + heap))" "$static" "$code" "$heap" "$tls" "$mqtt")
echo "| example | chip | flash, image B | RAM B | data | code in RAM | the radio's heap | TLS's part | MQTT's part |"
echo "|---|---|---:|---:|---:|---:|---:|---:|---:|"
line="| \`esp32\` | $chip |$(printf ' %s |' "${row[@]}" | sed ':a; s/\B[0-9]\{3\}\>/,&/; ta')"
echo "$line"

if [ -n "$check" ]; then
    told=$(grep -F "| \`esp32\` | $chip |" ../../README.md || true)
    awk -v told="${told//,/}" -v line="${line//,/}" 'BEGIN {
        count = split(told, a, "|"); split(line, b, "|")
        if (count < 10) { print "README.md has no figures for this chip"; exit 1 }
        for (at = 4; at <= 10; at++) if ((a[at] - b[at]) ^ 2 > (b[at] * 0.02) ^ 2) {
            print "README.md is stale: " a[at] " is " b[at]; exit 1
        }
    }' >&2
fi
