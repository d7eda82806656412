#![no_std]
#![no_main]
use embassy_executor::Spawner;
use esp_backtrace as _;
esp_bootloader_esp_idf::esp_app_desc!();
#[esp_rtos::main]
async fn main(_spawner: Spawner) {
    esp_println::logger::init_logger_from_env();
    let p = esp_hal::init(esp_hal::Config::default());
    esp_alloc::heap_allocator!(#[esp_hal::ram(reclaimed)] size: 64 * 1024);
    esp_alloc::heap_allocator!(size: 36 * 1024);
    let timg0 = esp_hal::timer::timg::TimerGroup::new(p.TIMG0);
    esp_rtos::start(timg0.timer0, p.FROM_CPU_INTR0);
    let wifi = esp_radio::wifi::WifiController::new(p.WIFI, Default::default()).unwrap();
    log::info!("{}", wifi.is_connected());
    loop { embassy_time::Timer::after_secs(1).await }
}
