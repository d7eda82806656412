//! The recordings of the simulator: what a server once said, and everything that makes the client do the same again.

use std::path::Path;
use std::sync::LazyLock;

use bearcub_sim::recording::Recording;
use bearcub_sim::tape::Direction;

use crate::framing;

/// A recording, ready to be played.
pub struct Track {
    /// The file's name without its ending.
    pub name: String,
    /// The whole.
    pub recording: Recording,
    /// What the client's randomness comes from.
    pub seed: [u8; 32],
    /// All that the server sent.
    pub server: Vec<u8>,
    /// Its handshake messages before it encrypted.
    pub handshake: Vec<u8>,
    /// What it said when it was encrypted, deciphered.
    pub answers: Vec<u8>,
    /// What the client said.
    pub questions: Vec<u8>,
}

/// All of them, by name; the numbers of the corpus are places in this list.
pub static TRACKS: LazyLock<Vec<Track>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sim/recordings");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("sim/recordings")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "pcapng"))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let recording = Recording::load(path).expect("a recording");
            let server = recording.tape.stream(Direction::ToClient);
            let join = |pick: fn(&bearcub_sim::client::Turn) -> &[u8]| {
                recording
                    .header
                    .turns
                    .iter()
                    .flat_map(pick)
                    .copied()
                    .collect()
            };
            Track {
                name: path
                    .file_stem()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned(),
                seed: recording.header.seed.0[..].try_into().expect("32 bytes"),
                handshake: framing::plain_handshake(&framing::records(&server).0),
                answers: join(|turn| &turn.receive.0),
                questions: join(|turn| &turn.send.0),
                server,
                recording,
            }
        })
        .collect()
});
