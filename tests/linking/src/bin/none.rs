//! No TLS at all: what the others are held against.

fn main() {
    use embedded_io::Read;
    let _ = std::hint::black_box(linking::Nowhere.read(&mut [0]));
}
