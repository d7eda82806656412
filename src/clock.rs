//! The time as a value, and a clock that may not be set.
//!
//! A microcontroller starts without knowing the time, so the library never reads a clock: the program hands
//! in a [`Clock`], which is a [`Time`] or the honest answer "not set". Only validation against a certificate
//! authority needs it; a fingerprint does not.
//!
//! [`Time`] comes first, then [`Civil`] (its calendar form) and [`Clock`].

use core::fmt;

use crate::error::ConfigError;

const SECONDS_PER_DAY: i64 = 86_400;

/// Days from 0000-01-01 to 1970-01-01 in the proleptic Gregorian calendar.
const UNIX_EPOCH_DAYS: i64 = 719_528;

/// A moment, in whole seconds of UTC.
///
/// ```
/// use bearcub::clock::Time;
///
/// let time = Time::from_civil(2026, 5, 13, 12, 0, 0).unwrap();
/// assert_eq!(time.unix(), 1_778_673_600);
/// assert_eq!(Time::from_utc_time(b"260513120000Z"), Some(time));
/// assert_eq!(time.to_string(), "2026-05-13T12:00:00Z");
/// ```
///
/// The range is that of X.509 (RFC 5280 section 4.1.2.5): [`Time::MIN`] to [`Time::MAX`]. There are no leap
/// seconds, as in Unix time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// A moment of a clock that only runs forward, in milliseconds since whenever it was started.
///
/// Deadlines are such moments: they need no date, and no setting of the clock moves them.
///
/// ```
/// use bearcub::clock::Instant;
///
/// let now = Instant::from_millis(1_000);
/// assert_eq!(now.after(500).since(now), 500);
/// assert_eq!(now.since(now.after(500)), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// That many milliseconds after the start.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the start.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// That many milliseconds later.
    #[must_use]
    pub const fn after(self, milliseconds: u32) -> Self {
        Self(self.0.saturating_add(milliseconds as u64))
    }

    /// Milliseconds from `earlier` until this moment; 0 if it is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A moment in calendar form, as [`Time::civil`] returns it.
///
/// ```
/// use bearcub::clock::Time;
///
/// let civil = Time::from_unix(0).unwrap().civil();
/// assert_eq!((civil.year, civil.month, civil.day), (1970, 1, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// 1950 to 9999.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

impl Time {
    /// 1950-01-01T00:00:00Z, the earliest time that a `UTCTime` can hold.
    pub const MIN: Self = Self(-631_152_000);

    /// 9999-12-31T23:59:59Z, which certificates without an end carry as their end.
    pub const MAX: Self = Self(253_402_300_799);

    /// Seconds since 1970-01-01T00:00:00Z; `None` outside of [`Time::MIN`] to [`Time::MAX`].
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Option<Self> {
        if seconds < Self::MIN.0 || seconds > Self::MAX.0 {
            return None;
        }
        Some(Self(seconds))
    }

    /// A date of the Gregorian calendar and a time of day in UTC; `None` if there is no such moment, or if
    /// it lies outside of the range.
    ///
    /// Useful as a constant, for the floor of a [`Clock`]:
    ///
    /// ```
    /// use bearcub::clock::Time;
    ///
    /// const BUILT: Time = Time::from_civil(2026, 5, 13, 0, 0, 0).unwrap();
    /// assert_eq!(Time::from_civil(2026, 2, 29, 0, 0, 0), None);
    /// # let _ = BUILT;
    /// ```
    #[must_use]
    pub const fn from_civil(
        year: u16,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
    ) -> Option<Self> {
        if month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 59 || year > 9999 {
            return None;
        }
        let days = days_before_year(year) + days_before_month(year, month) + (day - 1) as i64;
        let seconds = hour as i64 * 3600 + minute as i64 * 60 + second as i64;
        Self::from_unix((days - UNIX_EPOCH_DAYS) * SECONDS_PER_DAY + seconds)
    }

    /// The content octets of an ASN.1 `UTCTime`, as DER has it in certificates: `YYMMDDHHMMSSZ`, where `YY`
    /// from 50 means 1950 to 1999 and below 50 means 2000 to 2049 (RFC 5280 section 4.1.2.5.1).
    ///
    /// `None` for any other form (no seconds, an offset from UTC) and for a moment that does not exist.
    #[must_use]
    pub const fn from_utc_time(content: &[u8]) -> Option<Self> {
        let &[y1, y2, ref rest @ ..] = content else {
            return None;
        };
        let Some(year) = two_digits(y1, y2) else {
            return None;
        };
        let century = if year < 50 { 2000 } else { 1900 };
        Self::from_month_on(century + year as u16, rest)
    }

    /// The content octets of an ASN.1 `GeneralizedTime`, as DER has it in certificates: `YYYYMMDDHHMMSSZ`
    /// (RFC 5280 section 4.1.2.5.2).
    ///
    /// `None` for any other form (fractions of a second, no seconds, an offset from UTC), for a moment that
    /// does not exist, and for years before 1950.
    #[must_use]
    pub const fn from_generalized_time(content: &[u8]) -> Option<Self> {
        let &[c1, c2, y1, y2, ref rest @ ..] = content else {
            return None;
        };
        let (Some(century), Some(year)) = (two_digits(c1, c2), two_digits(y1, y2)) else {
            return None;
        };
        Self::from_month_on(century as u16 * 100 + year as u16, rest)
    }

    /// Reads `MMDDHHMMSSZ`.
    const fn from_month_on(year: u16, content: &[u8]) -> Option<Self> {
        let &[mo1, mo2, d1, d2, h1, h2, mi1, mi2, s1, s2, b'Z'] = content else {
            return None;
        };
        let (Some(month), Some(day), Some(hour), Some(minute), Some(second)) = (
            two_digits(mo1, mo2),
            two_digits(d1, d2),
            two_digits(h1, h2),
            two_digits(mi1, mi2),
            two_digits(s1, s2),
        ) else {
            return None;
        };
        Self::from_civil(year, month, day, hour, minute, second)
    }

    /// Seconds since 1970-01-01T00:00:00Z; negative before.
    #[must_use]
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// Days since January 1st of the year 0 in the proleptic Gregorian calendar, where 1970-01-01 is day
    /// 719528. The TLS engine counts days this way.
    #[must_use]
    pub const fn days_since_year_zero(self) -> u32 {
        // From 712,223 to 3,652,424 for the whole range of a `Time`.
        (self.0.div_euclid(SECONDS_PER_DAY) + UNIX_EPOCH_DAYS) as u32
    }

    /// Seconds since the last midnight, 0 to 86399.
    #[must_use]
    pub const fn seconds_of_day(self) -> u32 {
        self.0.rem_euclid(SECONDS_PER_DAY) as u32
    }

    /// Calendar date and time of day in UTC.
    #[must_use]
    pub const fn civil(self) -> Civil {
        let day = self.days_since_year_zero() as i64;
        // Years are a little longer than 365 days, so this guess is right or up to 7 years too late.
        let mut year = (day / 365) as u16;
        while days_before_year(year) > day {
            year -= 1;
        }
        let mut left = (day - days_before_year(year)) as u16;
        let mut month = 1;
        while left >= days_in_month(year, month) as u16 {
            left -= days_in_month(year, month) as u16;
            month += 1;
        }
        let seconds = self.seconds_of_day();
        Civil {
            year,
            month,
            day: left as u8 + 1,
            hour: (seconds / 3600) as u8,
            minute: (seconds / 60 % 60) as u8,
            second: (seconds % 60) as u8,
        }
    }
}

/// Prints the form of RFC 3339, such as `2026-05-13T12:00:00Z`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self.civil();
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

/// What the device knows about the time at this moment.
///
/// ```
/// use bearcub::clock::{Clock, Time};
/// use bearcub::error::ConfigError;
///
/// const BUILT: Time = Time::from_civil(2026, 5, 13, 0, 0, 0).unwrap();
///
/// // Before the first answer from a time server:
/// assert_eq!(Clock::not_set().now(), Err(ConfigError::ClockNotSet));
///
/// // A real-time clock that fell back to its first day:
/// let reset = Time::from_civil(2000, 1, 1, 0, 0, 7).unwrap();
/// assert_eq!(Clock::at(reset).not_before(BUILT).now(), Err(ConfigError::ClockBeforeFloor));
///
/// let now = Time::from_unix(1_790_000_000).unwrap();
/// assert_eq!(Clock::at(now).not_before(BUILT).now(), Ok(now));
/// ```
///
/// It is a snapshot, not a running clock: make a new one for each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    time: Option<Time>,
    floor: Time,
}

impl Clock {
    /// The device does not know the time.
    #[must_use]
    pub const fn not_set() -> Self {
        Self {
            time: None,
            floor: Time::MIN,
        }
    }

    /// It is `time` now.
    #[must_use]
    pub const fn at(time: Time) -> Self {
        Self {
            time: Some(time),
            floor: Time::MIN,
        }
    }

    /// Adds a time that has certainly passed: the date of the firmware's build, or the last time that was
    /// stored. A clock that says less than this is wrong, and is not believed.
    ///
    /// Of several floors, the latest counts.
    #[must_use]
    pub const fn not_before(mut self, floor: Time) -> Self {
        if floor.0 > self.floor.0 {
            self.floor = floor;
        }
        self
    }

    /// The time, if the clock is set and not before its floor.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ClockNotSet`] and [`ConfigError::ClockBeforeFloor`].
    pub const fn now(&self) -> Result<Time, ConfigError> {
        match self.time {
            None => Err(ConfigError::ClockNotSet),
            Some(time) if time.0 < self.floor.0 => Err(ConfigError::ClockBeforeFloor),
            Some(time) => Ok(time),
        }
    }
}

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Days of a month; 0 for a month that does not exist.
const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 0,
    }
}

/// Days of a year that lie before its `month`.
const fn days_before_month(year: u16, month: u8) -> i64 {
    let mut days = 0;
    let mut earlier = 1;
    while earlier < month {
        days += days_in_month(year, earlier) as i64;
        earlier += 1;
    }
    days
}

/// Days from 0000-01-01 to January 1st of `year`; the year 0 is a leap year.
const fn days_before_year(year: u16) -> i64 {
    let year = year as i64;
    let leap_days = (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
    year * 365 + leap_days
}

/// The number of two decimal digits.
const fn two_digits(tens: u8, ones: u8) -> Option<u8> {
    if tens.is_ascii_digit() && ones.is_ascii_digit() {
        Some((tens - b'0') * 10 + (ones - b'0'))
    } else {
        None
    }
}
