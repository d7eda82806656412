//! SNTP: what is sent, what is accepted, and what is refused.

use std::time::Duration;

use bearcub::sntp::{Advice, Kiss, PACKET_SIZE, Request, SntpError, Timestamp};
use proptest::prelude::*;

const NONCE: u64 = 0x0123_4567_89ab_cdef;

/// 2024-01-01 00:00:00 UTC in NTP seconds.
const NEW_YEAR_2024_NTP: u32 = 3_913_056_000;
const NEW_YEAR_2024_UNIX: i64 = 1_704_067_200;

/// A sound answer: stratum 2, received and sent at the same moment.
fn answer(nonce: u64, seconds: u32, fraction: u32) -> [u8; PACKET_SIZE] {
    let mut packet = [0; PACKET_SIZE];
    packet[0] = 0x24; // no leap, version 4, server
    packet[1] = 2;
    packet[24..32].copy_from_slice(&nonce.to_be_bytes());
    for at in [32, 40] {
        packet[at..at + 4].copy_from_slice(&seconds.to_be_bytes());
        packet[at + 4..at + 8].copy_from_slice(&fraction.to_be_bytes());
    }
    packet
}

fn sound() -> [u8; PACKET_SIZE] {
    answer(NONCE, NEW_YEAR_2024_NTP, 0)
}

fn read(packet: &[u8]) -> Result<Timestamp, SntpError> {
    Request::new(NONCE).read(packet, None)
}

fn changed(change: impl Fn(&mut [u8; PACKET_SIZE])) -> Result<Timestamp, SntpError> {
    let mut packet = sound();
    change(&mut packet);
    read(&packet)
}

#[test]
fn a_request_tells_nothing_but_version_mode_and_the_random_number() {
    let packet = Request::new(NONCE).packet();
    assert_eq!(packet[0], 0b00_100_011);
    assert!(packet[1..40].iter().all(|&byte| byte == 0));
    assert_eq!(packet[40..], NONCE.to_be_bytes());
}

#[test]
fn a_sound_answer_is_the_time() {
    assert_eq!(
        read(&sound()),
        Ok(Timestamp {
            seconds: NEW_YEAR_2024_UNIX,
            nanoseconds: 0
        })
    );
}

#[test]
fn fractions_become_nanoseconds() {
    let nanoseconds = |fraction| {
        read(&answer(NONCE, NEW_YEAR_2024_NTP, fraction))
            .unwrap()
            .nanoseconds
    };
    assert_eq!(nanoseconds(0x8000_0000), 500_000_000);
    assert_eq!(nanoseconds(0x4000_0000), 250_000_000);
    assert_eq!(nanoseconds(0xffff_ffff), 999_999_999);
    assert_eq!(nanoseconds(4), 0);
    assert_eq!(nanoseconds(5), 1);
}

#[test]
fn the_era_changes_in_2036() {
    let seconds = |ntp| read(&answer(NONCE, ntp, 1)).unwrap().seconds;
    assert_eq!(seconds(0xffff_ffff), 2_085_978_495); // 2036-02-07 06:28:15
    assert_eq!(seconds(0), 2_085_978_496);
    assert_eq!(seconds(1), 2_085_978_497);
    assert_eq!(seconds(0x7fff_ffff), 4_233_462_143); // 2104-02-26
    assert_eq!(seconds(0x8000_0000), -61_505_152); // 1968-01-20
}

#[test]
fn an_answer_received_before_the_era_changed_and_sent_after_is_sound() {
    let mut packet = answer(NONCE, 0, 0x4000_0000);
    packet[32..40].copy_from_slice(&0xffff_ffff_c000_0000u64.to_be_bytes());
    let time = Request::new(NONCE)
        .read(&packet, Some(Duration::from_millis(700)))
        .unwrap();
    // Half a second in the server, 100 ms each way.
    assert_eq!(
        (time.seconds, time.nanoseconds),
        (2_085_978_496, 350_000_000)
    );
}

#[test]
fn half_of_the_way_is_added() {
    let with = |elapsed| {
        Request::new(NONCE)
            .read(
                &answer(NONCE, NEW_YEAR_2024_NTP, 0xc000_0000),
                Some(elapsed),
            )
            .unwrap()
    };
    let time = with(Duration::from_millis(100));
    assert_eq!(
        (time.seconds, time.nanoseconds),
        (NEW_YEAR_2024_UNIX, 800_000_000)
    );
    let time = with(Duration::from_millis(600));
    assert_eq!(
        (time.seconds, time.nanoseconds),
        (NEW_YEAR_2024_UNIX + 1, 50_000_000)
    );
    with(Duration::MAX);
}

#[test]
fn time_spent_in_the_server_is_no_part_of_the_way() {
    let mut packet = answer(NONCE, NEW_YEAR_2024_NTP, 0);
    packet[32..36].copy_from_slice(&(NEW_YEAR_2024_NTP - 2).to_be_bytes());
    let read = |elapsed| Request::new(NONCE).read(&packet, Some(elapsed)).unwrap();
    assert_eq!(read(Duration::from_secs(4)).seconds, NEW_YEAR_2024_UNIX + 1);
    assert_eq!(read(Duration::from_secs(1)).seconds, NEW_YEAR_2024_UNIX);
}

#[test]
fn every_length_below_48_is_too_short() {
    for length in 0..PACKET_SIZE {
        assert_eq!(read(&sound()[..length]), Err(SntpError::TooShort(length)));
    }
}

#[test]
fn what_follows_the_48_bytes_is_not_looked_at() {
    let mut long = sound().to_vec();
    long.extend([0xff; 20]);
    assert!(read(&long).is_ok());
}

#[test]
fn only_a_server_of_version_4_is_heard() {
    for first in 0..=255u8 {
        let result = changed(|packet| packet[0] = first);
        let (leap, version, mode) = (first >> 6, first >> 3 & 7, first & 7);
        let expected = match (mode, version, leap) {
            (4, 4, 0..=2) => None,
            (4, 4, _) => Some(SntpError::Unsynchronised),
            (4, _, _) => Some(SntpError::Version(version)),
            _ => Some(SntpError::Mode(mode)),
        };
        assert_eq!(result.err(), expected);
    }
}

#[test]
fn an_answer_to_another_question_is_refused_and_the_true_one_still_counts() {
    let mut request = Request::new(NONCE);
    for bit in 0..64 {
        let packet = answer(NONCE ^ 1 << bit, NEW_YEAR_2024_NTP, 0);
        assert_eq!(request.read(&packet, None), Err(SntpError::Forged));
    }
    assert!(request.read(&sound(), None).is_ok());
}

#[test]
fn a_forged_refusal_is_not_believed() {
    let mut packet = answer(NONCE ^ 1, NEW_YEAR_2024_NTP, 0);
    packet[1] = 0;
    packet[12..16].copy_from_slice(b"DENY");
    assert_eq!(read(&packet), Err(SntpError::Forged));
}

#[test]
fn a_request_has_one_answer() {
    let mut request = Request::new(NONCE);
    assert!(request.read(&sound(), None).is_ok());
    assert_eq!(request.read(&sound(), None), Err(SntpError::Replayed));

    let mut request = Request::new(NONCE);
    let mut refusal = sound();
    refusal[1] = 0;
    assert!(request.read(&refusal, None).is_err());
    assert_eq!(request.read(&sound(), None), Err(SntpError::Replayed));
}

#[test]
fn no_answer_is_accepted_for_a_dead_random_number() {
    let mut request = Request::new(0);
    let packet = answer(0, NEW_YEAR_2024_NTP, 0);
    assert_eq!(request.read(&packet, None), Err(SntpError::Forged));
}

#[test]
fn kisses_of_death_are_told_apart() {
    let kiss = |code: &[u8; 4]| {
        changed(|packet| {
            packet[1] = 0;
            packet[12..16].copy_from_slice(code);
        })
        .unwrap_err()
    };
    assert_eq!(kiss(b"RATE"), SntpError::KissOfDeath(Kiss::Rate));
    assert_eq!(kiss(b"DENY"), SntpError::KissOfDeath(Kiss::Deny));
    assert_eq!(kiss(b"RSTR"), SntpError::KissOfDeath(Kiss::Restricted));
    assert_eq!(kiss(b"INIT"), SntpError::KissOfDeath(Kiss::Other(*b"INIT")));
    assert!(kiss(b"INIT").to_string().contains("INIT"));
    assert_eq!(kiss(b"RATE").advice(), Advice::AskAgain);
    assert_eq!(kiss(b"DENY").advice(), Advice::Leave);
}

#[test]
fn a_kiss_counts_although_its_sender_is_unsynchronised() {
    let result = changed(|packet| {
        packet[0] |= 0xc0;
        packet[1] = 0;
        packet[12..16].copy_from_slice(b"RATE");
    });
    assert_eq!(result, Err(SntpError::KissOfDeath(Kiss::Rate)));
}

#[test]
fn strata_1_to_15_know_the_time() {
    for stratum in 1..=255 {
        let result = changed(|packet| packet[1] = stratum);
        if stratum <= 15 {
            assert!(result.is_ok());
        } else {
            assert_eq!(result, Err(SntpError::Stratum(stratum)));
        }
    }
}

#[test]
fn an_answer_without_time_is_refused() {
    let result = changed(|packet| packet[40..48].fill(0));
    assert_eq!(result, Err(SntpError::NoTime));
}

#[test]
fn an_uncertain_server_is_refused() {
    let with = |delay: u32, dispersion: u32| {
        changed(|packet| {
            packet[4..8].copy_from_slice(&delay.to_be_bytes());
            packet[8..12].copy_from_slice(&dispersion.to_be_bytes());
        })
    };
    assert!(with(0, (16 << 16) - 1).is_ok());
    assert_eq!(with(0, 16 << 16), Err(SntpError::RootDistance));
    assert_eq!(with(20 << 16, 6 << 16), Err(SntpError::RootDistance));
    assert_eq!(with(u32::MAX, u32::MAX), Err(SntpError::RootDistance));
}

#[test]
fn an_answer_sent_before_it_was_asked_for_is_refused() {
    let result = changed(|packet| packet[39] += 1);
    assert_eq!(result, Err(SntpError::Inconsistent));
}

#[test]
fn what_a_stranger_can_send_is_waited_out() {
    for error in [
        SntpError::TooShort(3),
        SntpError::Mode(1),
        SntpError::Version(3),
        SntpError::Forged,
        SntpError::Replayed,
    ] {
        assert_eq!(error.advice(), Advice::Wait);
    }
}

#[test]
fn debug_does_not_show_the_random_number() {
    let shown = format!("{:?}", Request::new(NONCE));
    assert!(!shown.contains(&NONCE.to_string()), "{shown}");
    assert!(!shown.contains("cdef"), "{shown}");
}

proptest! {
    /// No datagram makes the reader panic.
    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..80),
        elapsed in proptest::option::of(any::<Duration>()),
    ) {
        let _ = Request::new(NONCE).read(&bytes, elapsed);
    }

    /// What passes the checks is a time within the two eras, with nanoseconds below a second.
    #[test]
    fn any_answer_to_the_question_gives_a_time_in_range(
        mut bytes in any::<[u8; PACKET_SIZE]>(),
        elapsed in 0..3_600_000u64,
    ) {
        bytes[0] = 0x24;
        bytes[1] = 1;
        bytes[4..12].fill(0);
        bytes[24..32].copy_from_slice(&NONCE.to_be_bytes());
        if let Ok(time) = Request::new(NONCE).read(&bytes, Some(Duration::from_millis(elapsed))) {
            prop_assert!((-61_505_152..=4_233_462_143 + 3600).contains(&time.seconds));
            prop_assert!(time.nanoseconds < 1_000_000_000);
        }
    }
}
