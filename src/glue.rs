use crate::error::*;
impl Error {
    pub(crate) fn from_engine(c: i32) -> Error {
        if c >= 256 && c < 512 {
            PeerError::AlertReceived((c - 256) as u8).into()
        } else {
            std::println!("engine {c}");
            PeerError::Protocol(ProtocolError::BadState).into()
        }
    }
    pub fn from_code(_: i32) -> Option<Error> {
        None
    }
}
impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{self:?}")
    }
}
impl core::error::Error for Error {}
impl embedded_io::Error for Error {
    fn kind(&self) -> embedded_io::ErrorKind {
        embedded_io::ErrorKind::Other
    }
}
