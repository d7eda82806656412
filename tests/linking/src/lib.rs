//! A transport and an entropy source that lead nowhere: these programs are linked, not run.

/// Neither reads nor writes.
pub struct Nowhere;

impl embedded_io::ErrorType for Nowhere {
    type Error = embedded_io::ErrorKind;
}
impl embedded_io::Read for Nowhere {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, Self::Error> {
        Err(core::hint::black_box(embedded_io::ErrorKind::NotConnected))
    }
}
impl embedded_io::Write for Nowhere {
    fn write(&mut self, _: &[u8]) -> Result<usize, Self::Error> {
        Err(core::hint::black_box(embedded_io::ErrorKind::NotConnected))
    }
    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}
impl rand_core::TryRng for Nowhere {
    type Error = embedded_io::ErrorKind;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Err(core::hint::black_box(embedded_io::ErrorKind::NotConnected))
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Err(core::hint::black_box(embedded_io::ErrorKind::NotConnected))
    }
    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
        core::hint::black_box(Ok(()))
    }
}
impl rand_core::TryCryptoRng for Nowhere {}
