//! The time as a value: calendar, X.509 forms, and clocks that are not set.

use bearcub::clock::{Civil, Clock, Time};
use bearcub::error::{CertificateError, ConfigError};
use bearcub::trust::Validity;
use proptest::prelude::*;

fn time(unix: i64) -> Time {
    Time::from_unix(unix).unwrap()
}

#[test]
fn calendar_dates_agree_with_known_unix_times() {
    // From `date -u -d ... +%s`.
    for (civil, unix) in [
        ((1950, 1, 1, 0, 0, 0), -631_152_000),
        ((1969, 12, 31, 23, 59, 58), -2),
        ((1970, 1, 1, 0, 0, 0), 0),
        ((2024, 2, 29, 23, 59, 59), 1_709_251_199),
        ((2049, 12, 31, 23, 59, 59), 2_524_607_999),
        ((9999, 12, 31, 23, 59, 59), 253_402_300_799),
    ] {
        let (year, month, day, hour, minute, second) = civil;
        let from_civil = Time::from_civil(year, month, day, hour, minute, second).unwrap();
        assert_eq!(from_civil.unix(), unix, "{civil:?}");
        let expected = Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
        };
        assert_eq!(time(unix).civil(), expected);
    }
}

#[test]
fn dates_that_do_not_exist_are_refused() {
    for (year, month, day, hour, minute, second) in [
        (1949, 12, 31, 23, 59, 59),
        (10000, 1, 1, 0, 0, 0),
        (u16::MAX, 1, 1, 0, 0, 0),
        (2026, 0, 1, 0, 0, 0),
        (2026, 13, 1, 0, 0, 0),
        (2026, u8::MAX, 1, 0, 0, 0),
        (2026, 1, 0, 0, 0, 0),
        (2026, 4, 31, 0, 0, 0),
        (2026, 2, 29, 0, 0, 0),
        (2100, 2, 29, 0, 0, 0),
        (2026, 1, 1, 24, 0, 0),
        (2026, 1, 1, 0, 60, 0),
        (2026, 1, 1, 0, 0, 60),
    ] {
        assert_eq!(
            Time::from_civil(year, month, day, hour, minute, second),
            None,
            "{year}-{month}-{day}"
        );
    }
    // A century that is divisible by 400 has its leap day.
    assert!(Time::from_civil(2000, 2, 29, 0, 0, 0).is_some());
    assert_eq!(Time::from_unix(Time::MIN.unix() - 1), None);
    assert_eq!(Time::from_unix(Time::MAX.unix() + 1), None);
    assert_eq!(Time::from_unix(i64::MIN), None);
    assert_eq!(Time::from_unix(i64::MAX), None);
}

#[test]
fn the_unix_epoch_is_day_719528_of_the_year_zero() {
    assert_eq!(time(0).days_since_year_zero(), 719_528);
    assert_eq!(time(0).seconds_of_day(), 0);
    assert_eq!(time(-1).days_since_year_zero(), 719_527);
    assert_eq!(time(-1).seconds_of_day(), 86_399);
    assert_eq!(time(86_400 * 3 + 5).days_since_year_zero(), 719_531);
    assert_eq!(time(86_400 * 3 + 5).seconds_of_day(), 5);
    // 0000-01-01 to 9999-12-31, as counted by Python's `date.toordinal`, whose day 366 is 0001-12-31 + ... + 1.
    assert_eq!(Time::MAX.days_since_year_zero(), 3_652_059 + 365);
}

#[test]
fn times_print_as_in_rfc_3339() {
    assert_eq!(time(1_709_251_199).to_string(), "2024-02-29T23:59:59Z");
    assert_eq!(Time::MIN.to_string(), "1950-01-01T00:00:00Z");
}

#[test]
fn a_utc_time_with_year_50_is_in_1950_and_with_year_49_in_2049() {
    assert_eq!(Time::from_utc_time(b"500101000000Z"), Some(Time::MIN));
    assert_eq!(
        Time::from_utc_time(b"491231235959Z"),
        Some(time(2_524_607_999))
    );
    assert_eq!(
        Time::from_utc_time(b"240229235959Z"),
        Some(time(1_709_251_199))
    );
}

#[test]
fn x509_times_in_any_other_form_are_refused() {
    for bad in [
        &b""[..],
        b"2402292359Z",
        b"240229235959",
        b"240229235959+",
        b"240229235959z",
        b"240229235959+0000",
        b"2402292359590Z",
        b"230229235959Z",
        b"240229235960Z",
        b"24022923595 Z",
        b"24022\xff235959Z",
        b"-40229235959Z",
    ] {
        assert_eq!(Time::from_utc_time(bad), None, "{bad:?}");
    }
    for bad in [
        &b""[..],
        b"20240229235959",
        b"20240229235959.5Z",
        b"20240229235959+",
        b"202402292359Z",
        b"20230229235959Z",
        b"19491231235959Z",
        b"00000101000000Z",
        b"20240229235960Z",
    ] {
        assert_eq!(Time::from_generalized_time(bad), None, "{bad:?}");
    }
}

#[test]
fn a_clock_that_is_not_set_has_an_answer_of_its_own() {
    let floor = time(1_000);
    assert_eq!(Clock::not_set().now(), Err(ConfigError::ClockNotSet));
    assert_eq!(
        Clock::not_set().not_before(floor).now(),
        Err(ConfigError::ClockNotSet)
    );
}

#[test]
fn a_clock_before_its_latest_floor_is_not_believed() {
    let clock = Clock::at(time(1_000));
    assert_eq!(clock.now(), Ok(time(1_000)));
    assert_eq!(clock.not_before(time(1_000)).now(), Ok(time(1_000)));
    assert_eq!(
        clock.not_before(time(1_001)).now(),
        Err(ConfigError::ClockBeforeFloor)
    );
    let two_floors = clock.not_before(time(1_001)).not_before(time(5));
    assert_eq!(two_floors.now(), Err(ConfigError::ClockBeforeFloor));
}

#[test]
fn both_ends_of_the_validity_belong_to_it() {
    let validity = Validity {
        not_before: time(10),
        not_after: time(20),
    };
    assert_eq!(validity.check(time(9)), Err(CertificateError::NotYetValid));
    assert_eq!(validity.check(time(10)), Ok(()));
    assert_eq!(validity.check(time(20)), Ok(()));
    assert_eq!(validity.check(time(21)), Err(CertificateError::Expired));
}

fn any_time() -> impl Strategy<Value = Time> {
    (Time::MIN.unix()..=Time::MAX.unix()).prop_map(time)
}

proptest! {
    /// Property: the calendar form and both ways of counting give the same moment back.
    #[test]
    fn every_time_survives_the_calendar(time in any_time()) {
        let Civil { year, month, day, hour, minute, second } = time.civil();
        prop_assert_eq!(Time::from_civil(year, month, day, hour, minute, second), Some(time));
        let days = i64::from(time.days_since_year_zero()) - 719_528;
        prop_assert_eq!(days * 86_400 + i64::from(time.seconds_of_day()), time.unix());
    }

    /// Property: reading a GeneralizedTime undoes writing it.
    #[test]
    fn every_time_survives_generalized_time(time in any_time()) {
        let text: String = time.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let text = text.replace('T', "");
        prop_assert_eq!(Time::from_generalized_time(text.as_bytes()), Some(time));
        let utc = Time::from_utc_time(&text.as_bytes()[2..]);
        let in_range = (1950..2050).contains(&time.civil().year);
        prop_assert_eq!(utc == Some(time), in_range);
    }

    /// Property: any bytes are read or refused.
    #[test]
    fn no_bytes_make_the_time_parsers_panic(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
        let _ = Time::from_utc_time(&bytes);
        let _ = Time::from_generalized_time(&bytes);
    }
}
