//! When to connect again.

use core::time::Duration;

use crate::clock::Instant;
use crate::error::{Error, NetworkError, PeerError, Who};

/// Connections in a row that the broker ended early, after which somebody else seems to have the client identifier.
const CONTESTED_AFTER: u8 = 3;

/// How long to wait before connecting again: a random part of a time that doubles with every failure, so that a thousand
/// devices do not come back at once.
///
/// The doubling starts anew only when a connection has lasted: a broker that accepts and closes at once is not a success.
///
/// ```
/// use core::time::Duration;
/// use bearcub::clock::Instant;
/// use bearcub::error::NetworkError;
/// use bearcub::mqtt::Backoff;
///
/// let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(300));
/// let now = Instant::from_millis(0);
/// let retry = backoff.failed(&NetworkError::Connect.into(), now, u32::MAX); // a random number
/// assert!(retry.after <= Duration::from_secs(1));
/// let retry = backoff.failed(&NetworkError::Connect.into(), now, u32::MAX);
/// assert!(retry.after > Duration::from_secs(1) && retry.after <= Duration::from_secs(2));
/// ```
#[derive(Clone, Debug)]
pub struct Backoff {
    first: u32,
    ceiling: u32,
    least: u32,
    stable: u32,
    failures: u8,
    /// Connections in a row that were accepted and then ended by the broker before they were stable.
    ended_early: u8,
    connected_at: Option<Instant>,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retry {
    /// How long to wait before the next attempt.
    pub after: Duration,
    /// Whether another device seems to connect with the same client identifier: a broker that is told of a second one ends
    /// the connection of the first, and each throws the other out for ever.
    pub contested: bool,
}

impl Backoff {
    /// Waits up to `first` after the first failure, twice that after the second, and never more than `ceiling`; at once where
    /// chance has it. A connection is stable after a minute. Durations count in milliseconds, up to 49 days.
    #[must_use]
    pub const fn new(first: Duration, ceiling: Duration) -> Self {
        Backoff {
            first: milliseconds(first),
            ceiling: milliseconds(ceiling),
            least: 0,
            stable: 60_000,
            failures: 0,
            ended_early: 0,
            connected_at: None,
        }
    }

    /// Waits at least that long in any case. AWS IoT Core accepts one connection a second for a client identifier.
    #[must_use]
    pub const fn at_least(mut self, least: Duration) -> Self {
        self.least = milliseconds(least);
        self
    }

    /// How long a connection must have lasted to count as a success.
    #[must_use]
    pub const fn stable_after(mut self, stable: Duration) -> Self {
        self.stable = milliseconds(stable);
        self
    }

    /// Says that the broker has accepted a connection.
    pub fn connected(&mut self, now: Instant) {
        self.connected_at = Some(now);
    }

    /// Says that connecting failed, or that a connection was lost, and why. `random` is any evenly distributed number, not
    /// secret: `rng.next_u32()`.
    ///
    /// What trying again cannot mend (an error of the configuration, refused credentials, a server that is not the right
    /// one) waits for the ceiling at once, for somebody may mend it elsewhere.
    pub fn failed(&mut self, error: &Error, now: Instant, random: u32) -> Retry {
        let connected_at = self.connected_at.take();
        let is_stable = connected_at.is_some_and(|at| now.since(at) >= u64::from(self.stable));
        if is_stable {
            (self.failures, self.ended_early) = (0, 0);
        } else if connected_at.is_some() && is_end(error) {
            self.ended_early = self.ended_early.saturating_add(1);
        } else if connected_at.is_some() || !is_passing(error) {
            self.ended_early = 0;
        }
        let doubled = self.first.saturating_mul(1 << self.failures.min(31));
        let longest = if is_passing(error) {
            doubled.min(self.ceiling)
        } else {
            self.ceiling
        };
        self.failures = self.failures.saturating_add(1);
        let part = (u64::from(longest) * (u64::from(random) + 1)) >> 32;
        let least = self.least.min(self.ceiling);
        Retry {
            after: Duration::from_millis(part.max(u64::from(least))),
            contested: self.ended_early >= CONTESTED_AFTER,
        }
    }
}

const fn milliseconds(duration: Duration) -> u32 {
    let milliseconds = duration.as_millis();
    if milliseconds > u32::MAX as u128 {
        u32::MAX
    } else {
        milliseconds as u32
    }
}

/// Whether the broker, or something on the way, ended the connection.
fn is_end(error: &Error) -> bool {
    matches!(
        error,
        Error::Network(NetworkError::Closed | NetworkError::Truncated | NetworkError::Transport(_))
    )
}

/// Whether trying again may help by itself.
fn is_passing(error: &Error) -> bool {
    match error {
        Error::Peer(PeerError::Refused(refusal)) => {
            matches!(refusal, crate::error::Refusal::ServerUnavailable)
        }
        other => matches!(other.who(), Who::Network | Who::Device),
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::error::{ConfigError, Refusal};

    const CLOSED: Error = Error::Network(NetworkError::Closed);
    const CONNECT: Error = Error::Network(NetworkError::Connect);

    fn backoff() -> Backoff {
        Backoff::new(Duration::from_secs(1), Duration::from_secs(60))
    }

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    #[test]
    fn the_wait_doubles_up_to_the_ceiling_and_chance_spreads_it_from_zero() {
        let mut longest = backoff();
        let waits: Vec<u64> = (0..40)
            .map(|_| longest.failed(&CONNECT, at(0), u32::MAX).after.as_secs())
            .collect();
        assert_eq!(waits[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(waits[39], 60);
        let mut shortest = backoff();
        assert_eq!(shortest.failed(&CONNECT, at(0), 0).after, Duration::ZERO);
        let mut middle = backoff();
        middle.failed(&CONNECT, at(0), 0);
        let half = middle.failed(&CONNECT, at(0), u32::MAX / 2).after;
        assert_eq!(half, Duration::from_secs(1));
    }

    #[test]
    fn only_a_connection_that_lasted_starts_the_doubling_anew() {
        let mut backoff = backoff();
        for _ in 0..3 {
            backoff.connected(at(0));
            backoff.failed(&CLOSED, at(59), u32::MAX);
        }
        backoff.connected(at(100));
        let wait = backoff.failed(&CLOSED, at(160), u32::MAX).after;
        assert_eq!(wait, Duration::from_secs(1));
    }

    #[test]
    fn three_early_ends_in_a_row_are_a_fight_over_the_client_identifier() {
        let mut backoff = backoff();
        for round in 1..=4 {
            backoff.connected(at(0));
            let retry = backoff.failed(&CLOSED, at(5), 0);
            assert_eq!(retry.contested, round >= 3, "{round}");
            // That the network is away in between does not change it.
            assert_eq!(backoff.failed(&CONNECT, at(5), 0).contested, round >= 3);
        }
        backoff.connected(at(10));
        assert!(!backoff.failed(&CLOSED, at(80), 0).contested);
    }

    #[test]
    fn what_trying_again_cannot_mend_waits_for_the_ceiling() {
        for error in [
            Refusal::BadCredentials.into(),
            Refusal::NotAuthorised.into(),
            ConfigError::ClockNotSet.into(),
            PeerError::FingerprintMismatch.into(),
        ] {
            let wait = backoff().failed(&error, at(0), u32::MAX).after;
            assert_eq!(wait, Duration::from_secs(60), "{error}");
        }
        let busy = Refusal::ServerUnavailable.into();
        assert_eq!(
            backoff().failed(&busy, at(0), u32::MAX).after,
            Duration::from_secs(1)
        );
    }

    #[test]
    fn the_least_wait_holds_and_never_exceeds_the_ceiling() {
        let mut careful = backoff().at_least(Duration::from_secs(1));
        assert_eq!(
            careful.failed(&CONNECT, at(0), 0).after,
            Duration::from_secs(1)
        );
        let mut odd = backoff().at_least(Duration::from_secs(100));
        assert_eq!(
            odd.failed(&CONNECT, at(0), 0).after,
            Duration::from_secs(60)
        );
    }
}
