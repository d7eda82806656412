//! The structures that C fills and reads, and the numbers of the header.

use core::ffi::{c_char, c_void};

use crate::choice::{Attempt, Chosen};

/// Bytes of a stored TLS session.
pub const SESSION_SIZE: usize = bearcub::tls::Session::LEN;
/// Bytes of a learned pin as text, its final NUL included.
pub const PIN_SIZE: usize = 65;
/// The most pins of a connection.
pub const PINS: usize = 4;
/// The most trust anchors of a connection.
pub const ANCHORS: usize = 8;
/// The most protocol names of a connection.
pub const ALPN: usize = 4;
/// Messages of QoS 1 and 2 that can be under way in each direction.
pub const MQTT_SLOTS: usize = 4;
/// Subscriptions that a session remembers.
pub const MQTT_SUBSCRIPTIONS: usize = 4;
/// Milliseconds until the next deadline, where there is none.
pub const NO_DEADLINE: u32 = u32::MAX;

/// A callback's answer: nothing came or went in the time that it waits.
pub const IO_TIMED_OUT: i32 = -1;
/// A callback's answer: the connection is lost.
pub const IO_LOST: i32 = -2;

/// The bound on what a connection takes beside its record buffers.
pub const TLS_SIZE: usize = if cfg!(target_pointer_width = "32") {
    3840
} else {
    4608
};
/// The bound on what a session takes beside its buffers and its store.
pub const MQTT_SIZE: usize = if cfg!(target_pointer_width = "32") {
    480
} else {
    768
};
/// Bytes that a record buffer has beyond the plaintext.
pub const RECORD_OVERHEAD: usize = bearcub::tls::RECORD_OVERHEAD;
/// Bytes of scratch for pins and for learning.
pub const SCRATCH_PINS: usize = if cfg!(target_pointer_width = "32") {
    1280
} else {
    1664
};
/// Bytes of scratch for trust anchors.
pub const SCRATCH_ANCHORS: usize = if cfg!(target_pointer_width = "32") {
    3520
} else {
    4096
};

const _: () = assert!(bearcub::tls::Scratch::FINGERPRINTS <= SCRATCH_PINS);
const _: () = assert!(bearcub::tls::Scratch::ANCHORS <= SCRATCH_ANCHORS);

/// Bytes somewhere.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    /// The first of them; null only if there are none.
    pub data: *const u8,
    /// How many.
    pub length: usize,
}

/// What the firmware does for the library.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Callbacks {
    /// Handed to every callback.
    pub user: *mut c_void,
    /// Receives bytes.
    pub read: Option<unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> i32>,
    /// Sends bytes.
    pub write: Option<unsafe extern "C" fn(*mut c_void, *const u8, usize) -> i32>,
    /// Milliseconds since some start.
    pub uptime: Option<unsafe extern "C" fn(*mut c_void) -> u64>,
    /// Unpredictable bytes.
    pub entropy: Option<unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> i32>,
    /// Seconds since 1970, or 0.
    pub time: Option<unsafe extern "C" fn(*mut c_void) -> i64>,
    /// Called between the steps of a handshake.
    pub step: Option<unsafe extern "C" fn(*mut c_void)>,
}

/// A way to trust: one of the functions of [`choice`](crate::choice).
pub type TrustChoice = unsafe extern "C" fn(*const TlsConfig, *mut Attempt<'_>) -> i32;
/// A kind of identity: one of the functions of [`choice`](crate::choice).
pub type IdentityChoice = unsafe extern "C" fn(*const TlsConfig, *mut Chosen<'_>) -> i32;

/// What a TLS connection is to be.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct TlsConfig {
    pub server_name: *const c_char,
    pub algorithms: *const c_void,
    pub trust: Option<TrustChoice>,
    pub pins: *const *const c_char,
    pub pin_count: usize,
    pub anchors: *const Bytes,
    pub anchor_count: usize,
    pub not_before: i64,
    pub identity: Option<IdentityChoice>,
    pub certificates: *const Bytes,
    pub certificate_count: usize,
    pub key: Bytes,
    pub image: *const u32,
    pub image_size: usize,
    pub alpn: *const *const c_char,
    pub alpn_count: usize,
    pub session: *const u8,
    pub input: usize,
    pub output: usize,
    pub timeout_ms: u32,
}

/// What was agreed on.
#[repr(C)]
#[derive(Clone, Copy, Default)]
#[allow(missing_docs)]
pub struct TlsInfo {
    pub suite: u16,
    pub group: u16,
    pub fragment_length: u16,
    pub alpn: u8,
    pub resumed: u8,
    pub certificate_requested: u8,
}

/// What an MQTT session is to be.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct MqttOptions {
    pub client_id: *const c_char,
    pub user_name: *const c_char,
    pub password: Bytes,
    pub will_topic: *const c_char,
    pub will_payload: Bytes,
    pub will_qos: u8,
    pub will_retain: u8,
    pub persistent: u8,
    pub aws_limits: u8,
    pub overflow: u8,
    pub keep_alive_s: u16,
    pub response_timeout_ms: u32,
    pub input: usize,
    pub output: usize,
    pub store: usize,
}

/// Something that has happened.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct MqttEvent {
    pub kind: i32,
    pub id: u16,
    pub qos: u8,
    pub retain: u8,
    pub duplicate: u8,
    pub last: u8,
    pub refused: u8,
    pub topic: Bytes,
    pub payload: Bytes,
    pub length: usize,
}

impl Bytes {
    /// None.
    pub const NONE: Bytes = Bytes {
        data: core::ptr::null(),
        length: 0,
    };

    /// Those of a slice.
    pub const fn of(bytes: &[u8]) -> Bytes {
        Bytes {
            data: bytes.as_ptr(),
            length: bytes.len(),
        }
    }
}

/// The numbers of the header, by the names that it gives them.
pub const NUMBERS: &[(&str, i64)] = &[
    ("BEARCUB_ERROR_NULL", crate::error::NULL as i64),
    ("BEARCUB_ERROR_SIZE", crate::error::SIZE as i64),
    ("BEARCUB_ERROR_TEXT", crate::error::TEXT as i64),
    ("BEARCUB_ERROR_VALUE", crate::error::VALUE as i64),
    ("BEARCUB_ERROR_HANDLE", crate::error::HANDLE as i64),
    ("BEARCUB_ERROR_BUSY", crate::error::BUSY as i64),
    ("BEARCUB_ERROR_NOTHING", crate::error::NOTHING as i64),
    ("BEARCUB_ERROR_TIMEOUT", crate::error::TIMEOUT as i64),
    ("BEARCUB_IO_TIMED_OUT", IO_TIMED_OUT as i64),
    ("BEARCUB_IO_LOST", IO_LOST as i64),
    ("BEARCUB_SESSION_SIZE", SESSION_SIZE as i64),
    ("BEARCUB_PIN_SIZE", PIN_SIZE as i64),
    ("BEARCUB_PINS", PINS as i64),
    ("BEARCUB_ANCHORS", ANCHORS as i64),
    ("BEARCUB_ALPN", ALPN as i64),
    ("BEARCUB_MQTT_SLOTS", MQTT_SLOTS as i64),
    ("BEARCUB_MQTT_SUBSCRIPTIONS", MQTT_SUBSCRIPTIONS as i64),
    ("BEARCUB_NO_DEADLINE", NO_DEADLINE as i64),
    ("BEARCUB_RECORD_OVERHEAD", RECORD_OVERHEAD as i64),
    ("BEARCUB_TLS_STATE", TLS_SIZE as i64),
    ("BEARCUB_MQTT_STATE", MQTT_SIZE as i64),
    ("BEARCUB_SCRATCH_PINS", SCRATCH_PINS as i64),
    ("BEARCUB_SCRATCH_ANCHORS", SCRATCH_ANCHORS as i64),
    ("BEARCUB_MQTT_NOTHING", crate::session::NOTHING as i64),
    ("BEARCUB_MQTT_MESSAGE", crate::session::MESSAGE as i64),
    ("BEARCUB_MQTT_BEGIN", crate::session::BEGIN as i64),
    ("BEARCUB_MQTT_PIECE", crate::session::PIECE as i64),
    ("BEARCUB_MQTT_PUBLISHED", crate::session::PUBLISHED as i64),
    ("BEARCUB_MQTT_SUBSCRIBED", crate::session::SUBSCRIBED as i64),
    (
        "BEARCUB_MQTT_UNSUBSCRIBED",
        crate::session::UNSUBSCRIBED as i64,
    ),
    ("BEARCUB_MQTT_NEW", crate::session::NEW as i64),
    ("BEARCUB_MQTT_RESUMED", crate::session::RESUMED as i64),
    ("BEARCUB_MQTT_LOST", crate::session::LOST as i64),
    ("BEARCUB_MQTT_REFUSE", crate::session::REFUSE as i64),
    (
        "BEARCUB_MQTT_DROP_OLDEST",
        crate::session::DROP_OLDEST as i64,
    ),
    (
        "BEARCUB_MQTT_DROP_NEWEST",
        crate::session::DROP_NEWEST as i64,
    ),
];
