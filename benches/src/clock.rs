//! Time that leaves out what is not the client's.
//!
//! [`measured`] and [`aside`] are never inlined, so that callgrind can switch its counting on and off where they begin and
//! end.

use std::cell::Cell;
use std::time::{Duration, Instant};

thread_local! {
    static MEASURING: Cell<bool> = const { Cell::new(false) };
    static ASIDE: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The time that `work` takes, without what it does [`apart`]; and its result. Not to be nested.
pub fn time<R>(work: impl FnOnce() -> R) -> (Duration, R) {
    let mut duration = Duration::ZERO;
    let result = through(work, |work| duration = measured(work));
    (duration, result)
}

/// Does what is not measured: the server's part, above all.
pub fn apart<R>(work: impl FnOnce() -> R) -> R {
    if !MEASURING.get() {
        return work();
    }
    through(work, aside)
}

#[inline(never)]
fn measured(work: &mut dyn FnMut()) -> Duration {
    let before = ASIDE.get();
    MEASURING.set(true);
    let start = Instant::now();
    work();
    let whole = start.elapsed();
    MEASURING.set(false);
    whole.saturating_sub(ASIDE.get() - before)
}

#[inline(never)]
fn aside(work: &mut dyn FnMut()) {
    let start = Instant::now();
    MEASURING.set(false);
    work();
    MEASURING.set(true);
    ASIDE.set(ASIDE.get() + start.elapsed());
}

/// Gets the result of `work` out through a function that takes a closure without one.
fn through<R>(work: impl FnOnce() -> R, run: impl FnOnce(&mut dyn FnMut())) -> R {
    let (mut work, mut result) = (Some(work), None);
    run(&mut || result = work.take().map(|work| work()));
    match result {
        Some(result) => result,
        None => unreachable!("both callers run it once"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_aside_is_not_counted() {
        let pause = Duration::from_millis(50);
        let (duration, ()) = time(|| apart(|| std::thread::sleep(pause)));
        assert!(duration < pause, "{duration:?}");
        let (duration, ()) = time(|| std::thread::sleep(pause));
        assert!(duration >= pause, "{duration:?}");
    }
}
