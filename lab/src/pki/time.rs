//! Points in time, without a clock.

use super::der;

/// A point in time, in seconds since 1970-01-01 00:00:00 UTC.
///
/// ```
/// use bearcub_lab::pki::Time;
///
/// let start = Time::utc(2025, 1, 1);
/// assert_eq!(start.unix(), 1_735_689_600);
/// assert_eq!(start.plus_days(31), Time::utc(2025, 2, 1));
/// assert_eq!(start.to_string(), "2025-01-01 00:00:00 UTC");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// Midnight UTC at the start of a day of the Gregorian calendar, from 1970 on.
    pub const fn utc(year: u32, month: u32, day: u32) -> Time {
        assert!(year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= 31);
        // Years are counted from March, so that the leap day is a year's last day.
        let year = if month <= 2 { year - 1 } else { year };
        let month = (month + 9) % 12;
        let leap_days = year / 4 - year / 100 + year / 400;
        let days = 365 * year + leap_days + (153 * month + 2) / 5 + day - 1;
        // Days from 0000-03-01 to 1970-01-01.
        Time((days - 719_468) as u64 * 86_400)
    }

    /// The point in time that many seconds after the epoch.
    pub const fn from_unix(seconds: u64) -> Time {
        Time(seconds)
    }

    /// Seconds since the epoch.
    pub const fn unix(self) -> u64 {
        self.0
    }

    /// The same time of day, `days` later.
    pub const fn plus_days(self, days: u64) -> Time {
        Time(self.0 + days * 86_400)
    }

    /// Year, month, day, hour, minute, second.
    const fn civil(self) -> [u64; 6] {
        let (days, seconds) = (self.0 / 86_400 + 719_468, self.0 % 86_400);
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
        [
            year,
            month,
            day,
            seconds / 3_600,
            seconds / 60 % 60,
            seconds % 60,
        ]
    }

    /// A `Time` of RFC 5280, section 4.1.2.5: UTCTime until 2049, GeneralizedTime from then on.
    pub(crate) fn to_der(self) -> Vec<u8> {
        let [year, month, day, hour, minute, second] = self.civil();
        let rest = format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
        if year < 2050 {
            der::element(der::UTC_TIME, format!("{:02}{rest}", year % 100).as_bytes())
        } else {
            der::element(der::GENERALIZED_TIME, format!("{year:04}{rest}").as_bytes())
        }
    }
}

impl core::fmt::Display for Time {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let [year, month, day, hour, minute, second] = self.civil();
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC"
        )
    }
}

/// The first and the last moment at which a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub not_before: Time,
    /// The last moment, itself included.
    pub not_after: Time,
}

impl Validity {
    /// 2025-01-01 to 2035-01-01: what every chain of the lab has unless it says otherwise.
    pub const DEFAULT: Validity = Validity::days_from(Time::utc(2025, 1, 1), 3_652);

    /// From `not_before` on, for that many days.
    pub const fn days_from(not_before: Time, days: u64) -> Validity {
        Validity {
            not_before,
            not_after: not_before.plus_days(days),
        }
    }
}

impl Default for Validity {
    fn default() -> Self {
        Validity::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_survive_the_way_to_a_date_and_back() {
        for day in 0..60_000 {
            let time = Time::from_unix(day * 86_400);
            let [year, month, day, ..] = time.civil();
            assert_eq!(Time::utc(year as u32, month as u32, day as u32), time);
        }
    }

    #[test]
    fn the_encoding_changes_in_2050() {
        assert_eq!(&Time::utc(2049, 12, 31).to_der()[2..], b"491231000000Z");
        assert_eq!(&Time::utc(2050, 1, 1).to_der()[2..], b"20500101000000Z");
        let leap = Time::from_unix(Time::utc(2024, 2, 29).unix() + 86_399);
        assert_eq!(&leap.to_der()[2..], b"240229235959Z");
    }

    #[test]
    fn the_default_validity_ends_on_new_year_2035() {
        assert_eq!(Validity::DEFAULT.not_after, Time::utc(2035, 1, 1));
    }
}
