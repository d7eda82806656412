//! Ten thousand messages through links that delay, cut and swallow, counted at their end.

mod support;

use std::sync::mpsc;

use bearcub::error::{Error, MqttResource};
use bearcub::mqtt::{ClientError, Event, Filter, Options, QoS};
use bearcub_lab::server::{Mosquitto, MosquittoConfig};
use rand_core::TryRng as _;
use support::Seeded;
use support::mqtt::{Cutter, TestSession, clock, connect, session};

/// Messages of each QoS.
const COUNT: u16 = 5_000;

/// Milliseconds for all of it.
const PATIENCE: u32 = 120_000;

/// Faults of each link that nobody is told of: they cost a keep-alive and a time-out each.
const SWALLOWED: usize = 3;

/// Links that fail at random, but the same ones in every run.
struct Trouble {
    cutter: Cutter,
    random: Seeded,
    faults: usize,
    swallowed: usize,
}

impl Trouble {
    fn new(server: std::net::SocketAddr, seed: u64) -> Self {
        let cutter = Cutter::new(server);
        cutter.delay_every(97);
        Trouble {
            cutter,
            random: Seeded(seed),
            faults: 0,
            swallowed: 0,
        }
    }

    /// Sets the next fault, if the one before has happened.
    fn brew(&mut self) {
        if !self.cutter.has_cut() {
            return;
        }
        let Ok(number) = self.random.try_next_u32();
        let count = 20 + number as usize % 800;
        self.faults += 1;
        if self.swallowed < SWALLOWED && number.is_multiple_of(7) {
            self.swallowed += 1;
            self.cutter.swallow_after(count);
        } else {
            self.cutter.cut_after(count);
        }
    }
}

fn device<const N: usize>(name: &'static str) -> TestSession<N> {
    let options = Options::new(name).persistent().keep_alive(1);
    session(options.response_timeout(500), 256)
}

/// Mosquitto 2.0 sends far more messages of QoS 2 at a time than its limit says; what no slot is left for comes on the next
/// connection.
fn is_passing(error: ClientError<std::io::Error>) {
    let error = error.into_error();
    let is_overflow = error == MqttResource::Incoming.into();
    assert!(is_overflow || matches!(error, Error::Network(_)), "{error}");
}

/// Publishes all messages; returns how many it was told arrived.
fn publish(mut trouble: Trouble, deadline: bearcub::clock::Instant) -> (usize, usize) {
    let mut session: TestSession = device("publisher");
    let (mut next, mut arrived) = (0, 0);
    while arrived < 2 * usize::from(COUNT) {
        assert!(clock() < deadline, "{next} published, {arrived} arrived");
        trouble.brew();
        let Ok((mut client, _)) = connect(&mut session, trouble.cutter.addr) else {
            continue;
        };
        while arrived < 2 * usize::from(COUNT) {
            if client.session().in_flight() < 8 && next < 2 * COUNT {
                let qos = [QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(next % 2)];
                if let Err(error) =
                    client.publish(&format!("soak/{next}"), &next.to_be_bytes(), qos)
                {
                    is_passing(error);
                    break;
                }
                next += 1;
                continue;
            }
            match client.poll(clock().after(50)) {
                Ok(Some(Event::Published(_))) => arrived += 1,
                Ok(_) => {}
                Err(error) => {
                    is_passing(error);
                    break;
                }
            }
        }
    }
    (arrived, trouble.faults)
}

/// Counts how often each message comes, until all have and `is_done` says that no more will.
fn listen(
    mut trouble: Trouble,
    ready: mpsc::Sender<()>,
    done: mpsc::Receiver<()>,
    deadline: bearcub::clock::Instant,
) -> (Vec<usize>, usize) {
    let mut session: TestSession<32> = device("listener");
    let mut counts = vec![0; 2 * usize::from(COUNT)];
    session
        .subscribe(&[Filter::new("soak/#", QoS::ExactlyOnce)])
        .unwrap();
    let mut is_published = false;
    loop {
        assert!(
            clock() < deadline,
            "{} came",
            counts.iter().filter(|count| **count > 0).count()
        );
        trouble.brew();
        let Ok((mut client, _)) = connect(&mut session, trouble.cutter.addr) else {
            continue;
        };
        loop {
            match client.poll(clock().after(100)) {
                Ok(Some(Event::Message(message))) => {
                    let number = u16::from_be_bytes(message.payload.try_into().unwrap());
                    counts[usize::from(number)] += 1;
                }
                Ok(Some(Event::Subscribed { .. })) => drop(ready.send(())),
                Ok(Some(_)) => {}
                Ok(None) => {
                    is_published = is_published || done.try_recv().is_ok();
                    if is_published && counts.iter().all(|count| *count > 0) {
                        return (counts, trouble.faults);
                    }
                }
                Err(error) => {
                    is_passing(error);
                    break;
                }
            }
        }
    }
}

#[test]
fn ten_thousand_messages_arrive_through_bad_links() {
    // The broker keeps whatever comes while the listener is away.
    let config = MosquittoConfig::plain()
        .line("max_queued_messages 0")
        .line("max_inflight_messages 8");
    let broker = Mosquitto::start(&config).unwrap();
    let addr = broker.addr();
    let deadline = clock().after(PATIENCE);
    let (ready_sender, ready) = mpsc::channel();
    let (done_sender, done) = mpsc::channel();
    let listener =
        std::thread::spawn(move || listen(Trouble::new(addr, 1), ready_sender, done, deadline));
    ready.recv().unwrap();
    let (arrived, publisher_faults) = publish(Trouble::new(addr, 2), deadline);
    done_sender.send(()).unwrap();
    let (counts, listener_faults) = listener.join().unwrap();
    assert_eq!(arrived, counts.len());
    let (log, mut by_broker) = (broker.log(), 0);
    for (number, count) in counts.iter().enumerate() {
        if number % 2 == 0 {
            assert!(*count >= 1, "message {number} of QoS 1");
            continue;
        }
        let allowed = match count {
            1 => 1,
            _ => 1 + sent_after_release(&log, number),
        };
        assert!(
            (1..=allowed).contains(count),
            "message {number} of QoS 2: {count} times"
        );
        by_broker += count - 1;
    }
    let twice: usize = counts.iter().step_by(2).map(|count| count - 1).sum();
    println!(
        "{publisher_faults} and {listener_faults} faults, {twice} messages of QoS 1 twice, {by_broker} of QoS 2 by the broker's fault"
    );
    assert!(publisher_faults > 20 && listener_faults > 20);
}

/// How often the broker sent a message of QoS 2 to the listener again although it had sent PUBREL for it, by its own log.
///
/// Mosquitto 2.0 does that when a connection breaks while it sends its PUBRELs again (MQTT-4.3.3-1 forbids it). The listener has
/// answered the PUBREL by then, if it got it, and cannot tell this from a message that it has never seen.
fn sent_after_release(log: &str, number: usize) -> usize {
    let topic = format!("'soak/{number}'");
    let (mut release, mut is_released, mut times) = (None, false, 0);
    for line in log.lines() {
        if line.starts_with("Sending PUBLISH to listener") && line.contains(&topic) {
            let id = line.split(", ").find_map(|part| part.strip_prefix('m'));
            release = id.map(|id| format!("Sending PUBREL to listener (m{id})"));
            times += usize::from(is_released);
        } else if release.as_deref() == Some(line) {
            is_released = true;
        }
    }
    times
}
