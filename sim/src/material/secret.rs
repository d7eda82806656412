//! A password, which is shown nowhere.

use std::convert::Infallible;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::files;

/// A password that was given or read.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Its bytes, to be sent.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The first line of a file.
    ///
    /// # Errors
    /// If it cannot be read, is no text, or is too long.
    pub fn first_line_of(path: &Path) -> std::io::Result<Secret> {
        let text = Zeroizing::new(files::text_at_most(path, files::TEXT_MAX)?);
        Ok(text.lines().next().unwrap_or_default().into())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Secret(Zeroizing::new(text.to_owned()))
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn it_is_not_shown() {
        assert_eq!(format!("{:?}", Secret::from("open sesame")), "Secret");
    }
}
